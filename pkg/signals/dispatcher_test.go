package signals_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mostlylucid/eph/pkg/signals"
)

// handled collects the keys of handled events, safely.
type handled struct {
	mu   sync.Mutex
	keys []string
}

func (h *handled) note(_ context.Context, e signals.Event) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.keys = append(h.keys, e.Key)
	return nil
}

func mustClose(t *testing.T, d *signals.Dispatcher) {
	t.Helper()
	if err := d.Shutdown(t.Context()); err != nil {
		t.Errorf("Close = %v, want nil", err)
	}
}

func stats(t *testing.T, d *signals.Dispatcher, want signals.DispatchStats) {
	t.Helper()
	if got := d.Stats(); got != want {
		t.Errorf("Stats() = %+v, want %+v", got, want)
	}
}

func TestDispatcher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s signals.Sink
		d := signals.NewDispatcher(&s, signals.DispatchOptions{})
		if s.Topic("job.a").Live() {
			t.Error("a dispatcher without handlers listens")
		}
		var log []string // handlers of one name never overlap
		note := func(who string, err error) func(context.Context, signals.Event) error {
			return func(_ context.Context, e signals.Event) error {
				log = append(log, who+" "+e.Key)
				return err
			}
		}
		d.Handle(signals.MustCompile("job.*"), note("first", errors.New("failed")))
		stop := d.Handle(signals.MustCompile("*.a"), note("second", nil))
		d.Handle(signals.MustCompile("run.*"), note("other", nil))
		if !s.Topic("job.a").Live() || s.Topic("job").Live() {
			t.Error("a dispatcher listens to something else than its handlers")
		}
		s.Raise("job.a", "1")
		s.Raise("job.a", "2")
		s.Raise("unwanted", "3")
		synctest.Wait()
		stop()
		stop()
		s.Raise("job.a", "4")
		synctest.Wait()
		expect(t, "log", log, "first 1", "second 1", "first 2", "second 2", "first 4")
		mustPanic(t, "Handle", func() { d.Handle(all, nil) })
		mustClose(t, d)
		mustClose(t, d)
		s.Raise("job.a", "5")
		d.Handle(all, note("late", nil))
		s.Raise("job.a", "6")
		stats(t, d, signals.DispatchStats{Failed: 3})
	})
}

func TestDispatcherFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s signals.Sink
		one, two := errors.New("one"), errors.New("two")
		var failures []error
		d := signals.NewDispatcher(&s, signals.DispatchOptions{
			OnError: func(e signals.Event, err error) {
				if e.Name != "a" {
					t.Errorf("OnError of %q, want a", e.Name)
				}
				failures = append(failures, err)
			},
		})
		called := 0
		fail := func(err error) {
			stop := d.Handle(all, func(context.Context, signals.Event) error { return err })
			s.Raise("a", "")
			synctest.Wait()
			stop()
		}
		d.Handle(all, func(context.Context, signals.Event) error { called++; return nil })
		fail(nil)
		fail(one)
		cancelPanic := d.Handle(all, func(context.Context, signals.Event) error { panic(two) })
		fail(one)
		cancelPanic()
		cancelExit := d.Handle(all, func(context.Context, signals.Event) error { runtime.Goexit(); return nil })
		fail(nil)
		cancelExit()
		fail(nil)
		if called != 5 || len(failures) != 3 {
			t.Fatalf("%d calls and failures %v, want 5 and 3", called, failures)
		}
		if failures[0] != one {
			t.Errorf("OnError got %v, want %v as it is", failures[0], one)
		}
		if _, ok := errors.AsType[*signals.PanicError](failures[1]); !ok || !errors.Is(failures[1], one) || !errors.Is(failures[1], two) {
			t.Errorf("OnError got %v, want both errors", failures[1])
		}
		stats(t, d, signals.DispatchStats{Handled: 2, Failed: 3})
		mustClose(t, d)
	})
}

// TestOverflow fills a queue of two while the only handler is busy.
func TestOverflow(t *testing.T) {
	for _, tt := range []struct {
		overflow signals.Overflow
		want     []string
		dropped  uint64
	}{
		{signals.DropNewest, []string{"0", "1", "2"}, 3},
		{signals.DropOldest, []string{"0", "4", "5"}, 3},
		{signals.Block, []string{"0", "1", "2", "3", "4", "5"}, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			var s signals.Sink
			d := signals.NewDispatcher(&s, signals.DispatchOptions{
				Limit: 1, Queue: 2, Overflow: tt.overflow,
				OrderBy: func(e signals.Event) string { return e.Key },
			})
			var seen handled
			free := make(chan struct{})
			d.Handle(all, func(ctx context.Context, e signals.Event) error {
				<-free
				return seen.note(ctx, e)
			})
			s.Raise("a", "0")
			synctest.Wait()
			var raiser sync.WaitGroup
			raiser.Go(func() {
				for i := 1; i < 6; i++ {
					s.Raise("a", fmt.Sprint(i))
				}
			})
			synctest.Wait()
			if st := d.Stats(); st.Active != 1 || st.Dropped != tt.dropped {
				t.Errorf("overflow %d: Stats() = %+v, want 1 active, %d dropped", tt.overflow, st, tt.dropped)
			}
			close(free)
			raiser.Wait()
			mustClose(t, d)
			expect(t, fmt.Sprint("overflow ", tt.overflow), seen.keys, tt.want...)
			stats(t, d, signals.DispatchStats{Handled: uint64(len(tt.want)), Dropped: tt.dropped})
		})
	}
}

func TestCloseFreesABlockedRaiser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s signals.Sink
		d := signals.NewDispatcher(&s, signals.DispatchOptions{Limit: 1, Queue: 1, Overflow: signals.Block})
		free := make(chan struct{})
		d.Handle(all, func(context.Context, signals.Event) error { <-free; return nil })
		var wg sync.WaitGroup
		wg.Go(func() {
			for range 3 {
				s.Raise("a", "")
			}
		})
		synctest.Wait()
		stats(t, d, signals.DispatchStats{Active: 1, Waiting: 2})
		wg.Go(func() { mustClose(t, d) })
		synctest.Wait()
		stats(t, d, signals.DispatchStats{Active: 1, Waiting: 1, Dropped: 1})
		close(free)
		wg.Wait()
		stats(t, d, signals.DispatchStats{Handled: 2, Dropped: 1})
	})
}

func TestCloseGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s signals.Sink
		d := signals.NewDispatcher(&s, signals.DispatchOptions{Limit: 1})
		late := errors.New("too late")
		d.Handle(all, func(ctx context.Context, e signals.Event) error {
			<-ctx.Done()
			return context.Cause(ctx)
		})
		raiseAll(&s, "a", "b", "c")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, late)
		defer cancel()
		start := time.Now()
		if err := d.Shutdown(ctx); err != late || time.Since(start) != time.Second {
			t.Errorf("Close = %v after %v, want %v after 1s", err, time.Since(start), late)
		}
		stats(t, d, signals.DispatchStats{Failed: 1, Dropped: 2})
		if err := d.Flush(t.Context()); err != nil {
			t.Errorf("Flush = %v, want nil: what was dropped is not waited for", err)
		}
	})
}

// TestFlush waits for what came before it, and not for what comes after.
func TestFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s signals.Sink
		d := signals.NewDispatcher(&s, signals.DispatchOptions{Limit: 8})
		d.Handle(all, func(_ context.Context, e signals.Event) error {
			time.Sleep(e.Value.(time.Duration))
			return nil
		})
		raise := func(name string, takes time.Duration) { s.Emit(signals.Event{Name: name, Value: takes}) }
		start := time.Now()
		flushed := func(want time.Duration) {
			t.Helper()
			if err := d.Flush(t.Context()); err != nil || time.Since(start) != want {
				t.Errorf("Flush = %v after %v, want nil after %v", err, time.Since(start), want)
			}
		}
		flushed(0)
		raise("quick", 0)
		synctest.Wait()
		raise("slow", 5*time.Second)
		raise("quick", time.Second)
		var wg sync.WaitGroup
		wg.Go(func() { flushed(5 * time.Second) })
		synctest.Wait()
		raise("later", time.Hour)
		wg.Wait()
		flushed(time.Hour)

		raise("slow", time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := d.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Flush = %v, want a deadline exceeded", err)
		}
		raise("quick", time.Second)
		flushed(time.Hour + time.Minute) // also what an earlier flush gave up on
		mustClose(t, d)
	})
}

// TestOrderByPanic loses the event and nothing else.
func TestOrderByPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s signals.Sink
		d := signals.NewDispatcher(&s, signals.DispatchOptions{OrderBy: func(signals.Event) string { panic("no key") }})
		d.Handle(all, func(context.Context, signals.Event) error { return nil })
		s.Raise("a", "")
		if err := d.Flush(t.Context()); err != nil {
			t.Errorf("Flush = %v, want nil", err)
		}
		stats(t, d, signals.DispatchStats{Dropped: 1})
		mustClose(t, d)
	})
}

// TestDispatcherKeepsOrderWithinKey raises from several goroutines, each its own key.
func TestDispatcherKeepsOrderWithinKey(t *testing.T) {
	var s signals.Sink
	d := signals.NewDispatcher(&s, signals.DispatchOptions{
		Limit: 4, Queue: 8, Overflow: signals.Block,
		OrderBy: func(e signals.Event) string { return e.Key },
	})
	const raisers, each = 3, 500
	got := make([][]uint64, raisers) // without a lock: one key is never handled twice at once
	d.Handle(all, func(_ context.Context, e signals.Event) error {
		got[e.Value.(int)] = append(got[e.Value.(int)], e.Op)
		return nil
	})
	var wg sync.WaitGroup
	for r := range raisers {
		wg.Go(func() {
			for i := range each {
				s.Emit(signals.Event{Name: "a", Key: fmt.Sprint(r), Value: r, Op: uint64(i)})
			}
		})
	}
	wg.Wait()
	mustClose(t, d)
	for r := range raisers {
		if len(got[r]) != each || !slices.IsSorted(got[r]) {
			t.Errorf("key %d: %d events, sorted %v", r, len(got[r]), slices.IsSorted(got[r]))
		}
	}
	stats(t, d, signals.DispatchStats{Handled: raisers * each})
}
