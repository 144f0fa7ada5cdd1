package patterns_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/patterns"
	"github.com/mostlylucid/eph/pkg/signals"
)

// TestGuarded: with several at once no op is lost to an open breaker, no attempt is spent on it,
// and there are as many probes as were asked for.
func TestGuarded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		breaker := patterns.NewBreaker(patterns.BreakerOptions{Failures: 1, Cooldown: 10 * time.Second})
		var up atomic.Bool
		var calls, failed atomic.Int32
		call, admit := patterns.Guarded(breaker, func(_ context.Context, _ coord.Op[coord.NoKey], _ int) error {
			calls.Add(1)
			time.Sleep(time.Second)
			if !up.Load() {
				return errDown
			}
			return nil
		})
		work := coord.NewKeyed(nil, call, coord.Options{Limit: 4, Retry: coord.Backoff{Attempts: 9, First: 1}})
		work.Notify(coord.Hooks[coord.NoKey, int]{Admit: admit, Finish: func(i coord.Info[coord.NoKey], _ int) {
			if i.State != coord.Done {
				failed.Add(1)
			}
		}})
		for i := range 100 {
			if _, err := work.Put(t.Context(), i); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range []int32{4, 5, 6} { // four before it opens, then a probe after each cooldown
			time.Sleep(9 * time.Second)
			if n := calls.Load(); n != want {
				t.Errorf("after %v: %d calls, want %d", time.Now().Format("05"), n, want)
			}
			time.Sleep(2 * time.Second)
		}
		up.Store(true)
		if err := work.Drain(t.Context()); err != nil || failed.Load() != 0 {
			t.Errorf("%v, %d ops failed", err, failed.Load())
		}
		if n := calls.Load(); n != 106 {
			t.Errorf("%d calls for 100 ops, four failures and two probes that failed", n)
		}
	})
}

// TestGuardedBy: each value has a breaker of its own, or none.
func TestGuardedBy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		breakers := map[string]*patterns.Breaker{
			"a": patterns.NewBreaker(patterns.BreakerOptions{Failures: 1, Cooldown: time.Hour}),
			"b": patterns.NewBreaker(patterns.BreakerOptions{Failures: 1, Cooldown: time.Hour}),
		}
		calls := make(map[string]int)
		call, admit := patterns.GuardedBy(func(host string) *patterns.Breaker { return breakers[host] },
			func(_ context.Context, _ coord.Op[string], host string) error {
				if calls[host]++; host == "a" {
					panic("a panic is a failure")
				}
				return nil
			})
		work := coord.NewKeyed(func(host string) string { return host }, call, coord.Options{Limit: 1})
		work.Notify(coord.Hooks[string, string]{Admit: admit})
		for _, host := range []string{"a", "b", "c", "a", "b", "c"} {
			if _, err := work.Put(t.Context(), host); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if fmt.Sprint(calls) != "map[a:1 b:2 c:2]" || work.Stats().Delayed != 1 {
			t.Error(calls, work.Stats())
		}
		work.Cancel(nil)
		if err := work.Drain(t.Context()); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Hour)
	})
}

// TestGuardedWithoutAdmit: who forgets the hook has a breaker all the same.
func TestGuardedWithoutAdmit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		breaker := patterns.NewBreaker(patterns.BreakerOptions{Failures: 1, Cooldown: time.Second})
		call, _ := patterns.Guarded(breaker, func(_ context.Context, _ coord.Op[coord.NoKey], err error) error { return err })
		work := coord.NewKeyed(nil, call, coord.Options{})
		if err := work.Do(t.Context(), errDown); !errors.Is(err, errDown) {
			t.Error(err)
		}
		if err := work.Do(t.Context(), nil); !errors.Is(err, patterns.ErrOpen) {
			t.Error(err)
		}
		time.Sleep(2 * time.Second)
		if err := work.Do(t.Context(), nil); err != nil {
			t.Error(err)
		}
	})
}

// TestBreakerConditionLetsProbesThrough: who gates on the condition waits, but not for ever.
func TestBreakerConditionLetsProbesThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink signals.Sink
		breaker := patterns.NewBreaker(patterns.BreakerOptions{Failures: 1, Cooldown: time.Second, Signals: &sink})
		gate, stop := coord.GateOn(&sink, coord.GateRules{Hold: signals.MustCompile(patterns.CircuitOpen)})
		defer stop()
		failures := 2
		work := coord.New(func(ctx context.Context, _ int) error {
			return breaker.Do(ctx, func(context.Context) error {
				if failures--; failures >= 0 {
					return errDown
				}
				return nil
			})
		}, coord.Options{Limit: 1, Gate: gate})
		for i := range 10 {
			if _, err := work.Put(t.Context(), i); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		time.Sleep(time.Hour)
		if s := work.Stats(); s.Done != 8 || s.Failed != 2 {
			t.Errorf("after %v: %+v", time.Since(began), s)
		}
		work.Cancel(nil)
	})
}

// What is behind an open breaker waits, whatever the limit, and costs no attempt. After the
// cooldown one probe goes ahead.
func ExampleGuarded() {
	breaker := patterns.NewBreaker(patterns.BreakerOptions{Failures: 4, Cooldown: time.Millisecond})
	var calls atomic.Int32
	call, admit := patterns.Guarded(breaker, func(_ context.Context, op coord.Op[coord.NoKey], n int) error {
		calls.Add(1)
		if n < 4 && op.Attempt == 1 {
			return errors.New("no answer")
		}
		return nil
	})
	pool := coord.NewKeyed(nil, call, coord.Options{Limit: 4, Retry: coord.Backoff{Attempts: 2}})
	pool.Notify(coord.Hooks[coord.NoKey, int]{Admit: admit})
	ctx := context.Background()
	for i := range 20 {
		_, _ = pool.Put(ctx, i)
	}
	_ = pool.Drain(ctx)
	fmt.Println(pool.Stats().Done, "done,", pool.Stats().Failed, "failed,", calls.Load(), "calls")
	// Output:
	// 20 done, 0 failed, 24 calls
}
