package jobtest_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/internal/job/jobtest"
)

func ExampleFake() {
	fake := &jobtest.Fake{Play: func(ctx context.Context, c job.Command) (job.Result, string) {
		jobtest.Sleep(ctx, time.Millisecond)
		return job.Result{Code: 3}, "played " + c.Argv[0]
	}}
	var out bytes.Buffer
	r := fake.Run(context.Background(), job.Command{Argv: []string{"deploy"}}, job.Output{Stdout: &out})
	fmt.Println(r.End == job.Exited, r.Code, out.String())
	// Output: true 3 played deploy
}

func TestFakeEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &jobtest.Fake{Play: func(ctx context.Context, c job.Command) (job.Result, string) {
			jobtest.Sleep(ctx, time.Hour)
			return job.Result{}, ""
		}}
		soon, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for _, c := range []struct {
			ctx     context.Context
			timeout time.Duration
			want    job.End
			wall    time.Duration
		}{
			{t.Context(), 0, job.Exited, time.Hour},
			{t.Context(), time.Second, job.TimedOut, time.Second},
			{t.Context(), 2 * time.Hour, job.Exited, time.Hour},
		} {
			r := fake.Run(c.ctx, job.Command{Timeout: c.timeout}, job.Output{})
			if r.End != c.want || r.Wall != c.wall {
				t.Errorf("Run with timeout %v = %+v, want End %d after %v", c.timeout, r, c.want, c.wall)
			}
		}
		if r := fake.Run(soon, job.Command{}, job.Output{}); r.End != job.NotStarted {
			t.Errorf("Run after the end of its context = %+v, want NotStarted", r)
		}
		if n := len(fake.Commands()); n != 3 || fake.Most() != 1 {
			t.Errorf("%d commands, %d at once, want 3 and 1", n, fake.Most())
		}
	})
}

func TestFakeCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &jobtest.Fake{Play: func(ctx context.Context, c job.Command) (job.Result, string) {
			jobtest.Sleep(ctx, time.Hour)
			return job.Result{}, "what there was"
		}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var out bytes.Buffer
		r := fake.Run(ctx, job.Command{Timeout: 2 * time.Minute}, job.Output{Stdout: &out})
		if r.End != job.Cancelled || r.Wall != time.Minute || out.String() != "what there was" {
			t.Errorf("Run, cancelled = %+v with %q, want Cancelled after a minute", r, &out)
		}
	})
}
