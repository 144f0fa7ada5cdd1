package jobtest

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/mostlylucid/eph/internal/job"
)

// Fake is a Runner that runs nothing: Play is the script of its jobs. It reads the clock of
// package time only, so that in a [testing/synctest] bubble a job of an hour takes no time.
// The zero value is ready; its jobs succeed at once.
type Fake struct {
	// Play plays one job and returns how it went and what it wrote to standard output. A
	// zero End is Exited. Its context ends when the job is to end, by Command.Timeout or by
	// cancellation; a job that then returns in haste, as one that sleeps with [Sleep] does,
	// is TimedOut or Cancelled. Play is called from many goroutines at once.
	Play func(ctx context.Context, c job.Command) (job.Result, string)

	mu       sync.Mutex
	commands []job.Command
	running  int
	most     int
}

var _ job.Runner = (*Fake)(nil)

// Run plays a job.
func (f *Fake) Run(ctx context.Context, c job.Command, out job.Output) job.Result {
	if ctx.Err() != nil {
		return job.Result{End: job.NotStarted, Err: context.Cause(ctx)}
	}
	pid := f.enter(c)
	defer f.leave()
	start := time.Now()
	r, text := f.play(ctx, c)
	if r.End == job.NotStarted {
		return r
	}
	r.PID, r.Start, r.Wall = pid, start, time.Since(start)
	if out.Stdout != nil && text != "" {
		n, err := io.WriteString(out.Stdout, text)
		r.StdoutBytes = int64(n)
		if err != nil {
			r.Err = err
		}
	}
	return r
}

// KillAll does nothing: a job of f has only its context.
func (f *Fake) KillAll() {}

// Suspend does nothing.
func (f *Fake) Suspend() {}

// Resume does nothing.
func (f *Fake) Resume() {}

// play calls Play with a context that ends with the job's time, and says how it ended.
func (f *Fake) play(ctx context.Context, c job.Command) (job.Result, string) {
	if f.Play == nil {
		return job.Result{End: job.Exited}, ""
	}
	limited := ctx
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	r, text := f.Play(limited, c)
	switch {
	case r.End != 0:
	case ctx.Err() != nil:
		r.End = job.Cancelled
	case limited.Err() != nil:
		r.End = job.TimedOut
	default:
		r.End = job.Exited
	}
	return r, text
}

func (f *Fake) enter(c job.Command) (pid int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.commands = append(f.commands, c)
	f.running++
	f.most = max(f.most, f.running)
	return len(f.commands)
}

func (f *Fake) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running--
}

// Commands returns what was run, in the order of the starts.
func (f *Fake) Commands() []job.Command {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]job.Command(nil), f.commands...)
}

// Most is the largest number of jobs that ran at once.
func (f *Fake) Most() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.most
}

// Sleep sleeps for d, or until ctx ends.
func Sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
