package sched

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pool(Options{Limit: 2})
		if err := s.Idle(t.Context()); err != nil {
			t.Errorf("Idle of a new scheduler = %v", err)
		}
		began := time.Now()
		for range 4 {
			put(t, s, 1000, Submit{})
		}
		put(t, s, 1000, Submit{After: 5 * time.Second})
		if err := s.Idle(t.Context()); err != nil || time.Since(began) != 6*time.Second {
			t.Errorf("Idle = %v after %v, want nil after 6s", err, time.Since(began))
		}
		put(t, s, 1000, Submit{})
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errDoom)
		if err := s.Idle(ctx); err != errDoom || len(s.waiters) != 0 {
			t.Errorf("Idle with an ended context = %v, %d waiters", err, len(s.waiters))
		}
		drain(t, s)
		drain(t, s)
	})
}

// An op has ended when its hook has returned, be it done or dropped.
func TestIdleWaitsForHooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(func(context.Context, Op[int], int) error { return nil }, itself, Options{Limit: 1})
		var n atomic.Int32
		s.Notify(Hooks[int, int]{Finish: func(i Info[int], _ int) {
			time.Sleep(time.Duration(i.ID) * time.Second)
			n.Add(1)
		}})
		put(t, s, 1, Submit{})
		id := put(t, s, 2, Submit{})
		go s.Drop(id, nil)
		synctest.Wait()
		drain(t, s)
		if n.Load() != 2 {
			t.Errorf("Drain returned after %d of 2 hooks", n.Load())
		}
	})
}

func TestNotifyTooLate(t *testing.T) {
	s := pool(Options{})
	put(t, s, 0, Submit{})
	defer drain(t, s)
	defer func() {
		if recover() == nil {
			t.Error("Notify after the first op did not panic")
		}
	}()
	s.Notify(Hooks[struct{}, int]{})
}

func TestQuiesce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pool(Options{Limit: 3})
		for range 9 {
			put(t, s, 1000, Submit{})
		}
		synctest.Wait()
		inside := 0
		for range 2 { // two at once take turns
			go func() {
				err := s.Quiesce(t.Context(), func() error {
					inside++
					if got := s.Stats(); got.Running != 0 || inside != 1 {
						t.Errorf("within Quiesce: %d inside, %+v", inside, got)
					}
					time.Sleep(time.Second)
					inside--
					return errDoom
				})
				if err != errDoom {
					t.Errorf("Quiesce = %v, want the function's error", err)
				}
			}()
		}
		began := time.Now()
		drain(t, s)
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("it took %v, want 3 s of ops and 2 s of quiet", took)
		}
	})
}

func TestQuiesceThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pool(Options{Limit: 1})
		put(t, s, 1000, Submit{})
		put(t, s, 1000, Submit{})
		synctest.Wait()
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Millisecond, errDoom)
		defer cancel()
		never := func() error { t.Error("the function was called"); return nil }
		if err := s.Quiesce(ctx, never); err != errDoom {
			t.Errorf("Quiesce = %v, want the cause of the context", err)
		}
		if err := s.Quiesce(ctx, never); err != errDoom {
			t.Errorf("Quiesce = %v, want the cause of the context", err)
		}
		func() {
			defer func() { _ = recover() }()
			_ = s.Quiesce(t.Context(), func() error { panic(1) })
		}()
		drain(t, s)
		if s.paused != 0 {
			t.Errorf("paused %d times", s.paused)
		}
	})
}

func TestPausesNest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, starts := logging(Options{})
		s.Resume() // without a Pause: nothing
		s.Pause()
		s.Pause()
		put(t, s, "a", Submit{})
		s.Resume()
		time.Sleep(time.Second)
		want(t, "started while paused once", starts.got())
		s.Resume()
		drain(t, s)
		want(t, "started", starts.got(), "a")
	})
}

func TestDrainThatRunsOutOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pool(Options{Limit: 1})
		put(t, s, 1000, Submit{})
		put(t, s, 1000, Submit{})
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second/2, errDoom)
		defer cancel()
		if err := s.Drain(ctx); err != errDoom {
			t.Errorf("Drain = %v, want the cause of the context", err)
		}
		drain(t, s)
		if got := s.Stats(); got.Done != 2 {
			t.Errorf("%+v, want the rest to have gone on", got)
		}
	})
}

func TestShutdownAndCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var causes []error
		s := New(func(ctx context.Context, _ Op[int], _ int) error {
			<-ctx.Done()
			causes = append(causes, context.Cause(ctx))
			time.Sleep(time.Second)
			return ctx.Err()
		}, itself, Options{Limit: 1, Retry: retries(9, 0)})
		for i := range 3 {
			put(t, s, i, Submit{})
		}
		put(t, s, 3, Submit{After: time.Hour})
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errDoom)
		defer cancel()
		began := time.Now()
		if err := s.Shutdown(ctx); err != errDoom || time.Since(began) != 2*time.Second {
			t.Errorf("Shutdown = %v after %v", err, time.Since(began))
		}
		want(t, "causes", causes, errDoom)
		if got := s.Stats(); got.Failed != 1 || got.Dropped != 3 || got.Retries != 0 {
			t.Errorf("%+v, want 1 failed and 3 dropped", got)
		}
		s.Cancel(nil)
		if err := s.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown again = %v", err)
		}
	})
}

// An op that fails while it is cancelled is not tried again, whoever of the two is first.
func TestCancelWhileARetryIsDecided(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s *Scheduler[int, int]
		s = New(func(context.Context, Op[int], int) error { return errors.New("no") }, itself,
			Options{Retry: nextFunc(func() bool { s.Cancel(nil); return true })})
		put(t, s, 1, Submit{})
		drain(t, s)
		if got := s.Stats(); got.Dropped != 1 || got.Retries != 1 {
			t.Errorf("%+v, want 1 dropped", got)
		}
	})
}

// A producer that was served at the moment its context ended reports the op, or whoever put it would
// put it again.
func TestServedAtTheEndOfTheContext(t *testing.T) {
	s := New(func(context.Context, Op[int], int) error { return nil }, itself, Options{Limit: 1})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 { // of two cases that are ready select takes any
		p := &producer[int, int]{id: 7, ready: make(chan struct{})}
		place := s.parked.PushBack(p)
		s.parked.Remove(place)
		close(p.ready)
		if id, err := s.await(ctx, p, place); id != 7 || err != nil {
			t.Fatalf("op %d, %v; want the op that was accepted", id, err)
		}
	}
}
