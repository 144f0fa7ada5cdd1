package run

import (
	"context"
	"errors"
	"os"
	"sync/atomic"

	"github.com/mostlylucid/eph/internal/jobserver"
)

// tokens are the slots of GNU make's jobserver that the run shares, as one that takes them or
// as the one that serves them. The zero value has as many as anybody wants.
type tokens struct {
	client *jobserver.Client
	server *jobserver.Server
	short  atomic.Int64 // jobs that wait for one
}

// join finds the jobserver that the plan asks for, or serves one.
func (r *Run) join() error {
	style := jobserver.Fifo
	switch r.plan.Jobserver {
	case JobserverNone:
		return nil
	case JobserverAuto:
		c, err := jobserver.FromEnv(os.Getenv("MAKEFLAGS"))
		if err == nil {
			r.tokens.client = c
			return nil
		}
		if !errors.Is(err, jobserver.ErrNone) {
			return err
		}
	case JobserverPipe:
		style = jobserver.Pipe
	}
	s, err := jobserver.Serve(r.plan.Jobs.Most, style)
	if err != nil {
		return err
	}
	r.tokens.server, r.tokens.client = s, s.Client()
	r.environ.set("MAKEFLAGS", s.MakeFlags(os.Getenv("MAKEFLAGS")))
	return nil
}

// files are what the jobs have to inherit to use the jobserver themselves.
func (t *tokens) files() []*os.File {
	if t.client == nil {
		return nil
	}
	return t.client.Files()
}

// take waits for a slot. It fails only when ctx ends.
func (t *tokens) take(ctx context.Context) (give func(), err error) {
	if t.client == nil {
		return func() {}, nil
	}
	t.short.Add(1)
	token, err := t.client.Acquire(ctx)
	t.short.Add(-1)
	if err != nil {
		return nil, err
	}
	return func() { t.client.Release(token) }, nil
}

// waiting is how many jobs wait for a slot.
func (t *tokens) waiting() int { return int(t.short.Load()) }

// close ends the serving.
func (t *tokens) close() {
	if t.server != nil {
		_ = t.server.Close()
	}
}
