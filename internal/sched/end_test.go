package sched

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// retries tries up to n times, with the same pause.
type policy struct {
	n     int
	pause time.Duration
}

func retries(n int, pause time.Duration) Retry { return policy{n, pause} }

func (p policy) Next(attempt int, _ error) (time.Duration, bool) { return p.pause, attempt < p.n }

// nextFunc is a retry policy made of a function.
type nextFunc func() bool

func (f nextFunc) Next(int, error) (time.Duration, bool) { return 0, f() }

// told runs one op to its end and returns what the hooks were told, and the op's error.
func told(t *testing.T, o Options, fn func(context.Context) error) (infos []Info[int], err error) {
	t.Helper()
	done := make(chan error, 1)
	s := New(func(ctx context.Context, _ Op[int], _ int) error { return fn(ctx) }, itself, o)
	s.Notify(Hooks[int, int]{
		Retry:  func(i Info[int], _ int, _ time.Duration) { infos = append(infos, i) },
		Finish: func(i Info[int], _ int) { infos = append(infos, i) },
	})
	put(t, s, 7, Submit{Done: done})
	drain(t, s)
	return infos, <-done
}

func TestEndOfAnAttempt(t *testing.T) {
	plain := errors.New("plain")
	for _, tt := range []struct {
		name   string
		retry  Retry
		fn     func(context.Context) error
		states []State
		err    error
	}{
		{"success", nil, func(context.Context) error { return nil }, []State{Done}, nil},
		{"error", nil, func(context.Context) error { return plain }, []State{Failed}, plain},
		{"error, retried", retries(3, 0), func(context.Context) error { return plain }, []State{Delayed, Delayed, Failed}, plain},
		{"permanent", retries(3, 0), func(context.Context) error { return fmt.Errorf("x: %w", Permanent(plain)) }, []State{Failed}, plain},
		{"panic", nil, func(context.Context) error { panic(plain) }, []State{Failed}, plain},
		{"panic, retried", retries(2, 0), func(context.Context) error { panic(plain) }, []State{Delayed, Failed}, plain},
		{"goexit", nil, func(context.Context) error { runtime.Goexit(); return nil }, []State{Failed}, ErrGoexit},
		{"goexit, retried", retries(2, 0), func(context.Context) error { runtime.Goexit(); return nil }, []State{Delayed, Failed}, ErrGoexit},
		{"panic in Next", nextFunc(func() bool { panic(errDoom) }), func(context.Context) error { return plain }, []State{Failed}, errDoom},
		{"goexit in Next", nextFunc(func() bool { runtime.Goexit(); return true }), func(context.Context) error { return plain }, []State{Failed}, ErrGoexit},
	} {
		synctest.Test(t, func(t *testing.T) {
			infos, err := told(t, Options{Retry: tt.retry}, tt.fn)
			var states []State
			for i, info := range infos {
				states = append(states, info.State)
				if info.Attempt != i+1 || info.ID != 1 || info.Key != 7 || !errors.Is(info.Err, err) && i == len(infos)-1 {
					t.Errorf("%s: told %+v", tt.name, info)
				}
			}
			want(t, tt.name+": states told", states, tt.states...)
			if !errors.Is(err, tt.err) {
				t.Errorf("%s: ended with %v, want %v", tt.name, err, tt.err)
			}
			if strings.Contains(tt.name, "Next") && !errors.Is(err, plain) {
				t.Errorf("%s: the failure itself was lost: %v", tt.name, err)
			}
		})
	}
}

func TestPanicErrorHasValueAndStack(t *testing.T) {
	_, err := told(t, Options{}, func(context.Context) error { panic("oops") })
	p, ok := errors.AsType[*PanicError](err)
	if !ok || p.Value != "oops" || !strings.Contains(string(p.Stack), "TestPanicErrorHasValueAndStack") || p.Error() != "panic: oops" || p.Unwrap() != nil {
		t.Errorf("error = %#v", err)
	}
}

func TestRetryAfterAndItsMarks(t *testing.T) {
	plain := errors.New("plain")
	if Permanent(nil) != nil || RetryAfter(nil, 1) != nil {
		t.Error("the mark of no error is an error")
	}
	if err := RetryAfter(plain, 1); err.Error() != "plain" || !errors.Is(err, plain) {
		t.Errorf("RetryAfter = %v", err)
	}
	for _, tt := range []struct{ pause, after, want time.Duration }{
		{time.Second, time.Minute, time.Minute}, {time.Minute, time.Second, time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			_, err := told(t, Options{Retry: retries(2, tt.pause)}, func(context.Context) error {
				return fmt.Errorf("busy: %w", RetryAfter(plain, tt.after))
			})
			if took := time.Since(began); took != tt.want || !errors.Is(err, plain) {
				t.Errorf("tried again after %v, want %v; error %v", took, tt.want, err)
			}
		})
	}
}

// Whatever a hook does, the op ends once and the scheduler goes on.
func TestHooksThatFail(t *testing.T) {
	plain := errors.New("plain")
	ways := map[string]struct {
		end func()
		err error
	}{
		"panic":  {func() { panic(errDoom) }, errDoom},
		"goexit": {runtime.Goexit, ErrGoexit},
	}
	for name, way := range ways {
		for _, hook := range []string{"Finish", "Retry"} {
			synctest.Test(t, func(t *testing.T) {
				var finals []State
				s := New(func(context.Context, Op[int], int) error { return plain }, itself, Options{Limit: 1, Retry: retries(2, time.Second)})
				s.Notify(Hooks[int, int]{
					Retry: func(Info[int], int, time.Duration) {
						if hook == "Retry" {
							way.end()
						}
					},
					Finish: func(i Info[int], _ int) {
						finals = append(finals, i.State)
						if hook == "Finish" {
							way.end()
						}
					},
				})
				for i := range 3 {
					done := make(chan error, 1)
					put(t, s, i, Submit{Done: done})
					if err := <-done; !errors.Is(err, way.err) || !errors.Is(err, plain) {
						t.Errorf("%s in %s: error = %v", name, hook, err)
					}
				}
				want(t, "told", finals, Failed, Failed, Failed)
				drain(t, s)
				if got := s.Stats(); got.Failed != 3 || got.Running != 0 {
					t.Errorf("%s in %s: %+v", name, hook, got)
				}
			})
		}
	}
}

// A hook that is told of drops and ends the goroutine must not leave the rest untold, nor
// Idle waiting, nor a waiter of Done alone.
func TestHookOfDropsThatFails(t *testing.T) {
	for name, end := range map[string]func(){"panic": func() { panic(1) }, "goexit": runtime.Goexit} {
		synctest.Test(t, func(t *testing.T) {
			s := New(func(context.Context, Op[int], int) error { return nil }, itself, Options{})
			n := 0
			s.Notify(Hooks[int, int]{Finish: func(Info[int], int) { n++; end() }})
			s.Pause()
			done := make(chan error, 5)
			for i := range 5 {
				put(t, s, i, Submit{Done: done})
			}
			go s.Cancel(nil)
			if err := s.Idle(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n != 5 || len(done) != 5 {
				t.Errorf("after a %s, %d drops were told of, and %d waiters, want 5", name, n, len(done))
			}
		})
	}
}

// The hook of one op ends the goroutine of a worker that has another in hand already.
func TestHookOfADropOnAWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s *Scheduler[int, int]
		ran := 0
		s = New(func(_ context.Context, op Op[int], n int) error {
			time.Sleep(time.Second)
			if n == 1 {
				return errors.New("no")
			}
			ran++
			return nil
		}, itself, Options{Limit: 1, Retry: nextFunc(func() bool { s.Drop(1, nil); return true })})
		s.Notify(Hooks[int, int]{Finish: func(i Info[int], _ int) {
			if i.State == Dropped {
				runtime.Goexit()
			}
		}})
		put(t, s, 1, Submit{})
		put(t, s, 2, Submit{})
		drain(t, s)
		if got := s.Stats(); ran != 1 || got.Done != 1 || got.Dropped != 1 {
			t.Errorf("ran %d times, %+v", ran, got)
		}
	})
}

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		began := time.Now()
		_, err := told(t, Options{Timeout: time.Second, Retry: retries(2, 0)}, func(ctx context.Context) error {
			tries++
			<-ctx.Done()
			return context.Cause(ctx)
		})
		if !errors.Is(err, ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) || tries != 2 || time.Since(began) != 2*time.Second {
			t.Errorf("%d attempts, %v, error %v", tries, time.Since(began), err)
		}
	})
}

// Each attempt has a live context, whatever became of the worker's last one.
func TestDropOfARunningOp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var causes []error
		s := New(func(ctx context.Context, _ Op[int], n int) error {
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
			causes = append(causes, context.Cause(ctx))
			return context.Cause(ctx)
		}, itself, Options{Limit: 1, Retry: retries(5, 0)})
		id := put(t, s, 1, Submit{})
		put(t, s, 2, Submit{})
		synctest.Wait()
		if !s.Drop(id, errDoom) {
			t.Error("a running op was not found")
		}
		drain(t, s)
		if got := s.Stats(); len(causes) != 2 || causes[0] != errDoom || causes[1] != nil || got.Failed != 1 || got.Done != 1 {
			t.Errorf("causes %v, %+v", causes, got)
		}
		if s.Drop(id, nil) || s.Drop(99, nil) || s.DropOldest(nil) {
			t.Error("an op that has ended was found")
		}
	})
}

func TestDropOfWaitingOps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, keyed := range []bool{true, false} {
			var keyOf func(string) byte
			if keyed {
				keyOf = func(name string) byte { return name[0] }
			}
			starts, ends := new(log[string]), new(log[string])
			s := New(func(_ context.Context, _ Op[byte], name string) error { starts.add(name); return nil }, keyOf,
				Options{Limit: 1, Lanes: []Lane{{}, {}}})
			s.Notify(Hooks[byte, string]{Finish: func(i Info[byte], name string) {
				if i.State == Dropped {
					ends.add(fmt.Sprint(name, ": ", i.Err))
				}
			}})
			s.Pause()
			ids := make(map[string]ID)
			for _, name := range []string{"a1", "a2", "a3", "b1", "b2", "c1"} {
				ids[name] = put(t, s, name, Submit{})
			}
			ids["d1"] = put(t, s, "d1", Submit{After: time.Hour})
			ids["e1"] = put(t, s, "e1", Submit{Lane: 1, Priority: 3})
			for _, name := range []string{"a2", "b2", "c1", "d1", "e1"} {
				if !s.Drop(ids[name], errDoom) {
					t.Errorf("%s was not found", name)
				}
			}
			if !s.DropOldest(nil) {
				t.Error("nothing was the oldest")
			}
			put(t, s, "b3", Submit{})
			s.Resume()
			drain(t, s)
			why := ": coord: dropped: doom"
			want(t, "told of", ends.got(), "a2"+why, "b2"+why, "c1"+why, "d1"+why, "e1"+why, "a1: coord: dropped")
			order := []string{"a3", "b1", "b3"}
			want(t, "started", starts.got(), order...)
		}
	})
}

func TestBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cause error
		s := New(func(ctx context.Context, _ Op[int], n int) error {
			select {
			case <-ctx.Done():
				cause = context.Cause(ctx)
			case <-time.After(time.Second):
			}
			return context.Cause(ctx)
		}, itself, Options{Limit: 1, Retry: retries(9, 0)})
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan error, 9)
		for i := range 3 {
			put(t, s, i, Submit{Bound: ctx, Done: done})
		}
		put(t, s, 3, Submit{})
		synctest.Wait()
		cancel(errDoom)
		synctest.Wait()
		if got := s.Stats(); cause != errDoom || got.Failed != 1 || got.Dropped != 2 || got.Running != 1 {
			t.Errorf("cause %v, %+v", cause, got)
		}
		put(t, s, 4, Submit{Bound: ctx, Done: done})
		for range 4 {
			if err := <-done; !errors.Is(err, errDoom) {
				t.Errorf("ended with %v", err)
			}
		}
		live, cancel2 := context.WithCancel(t.Context())
		put(t, s, 5, Submit{Bound: live})
		drain(t, s)
		cancel2() // too late for an op that has ended, and whose node may serve another
		if got := s.Stats(); got.Done != 2 || got.Dropped != 3 {
			t.Errorf("%+v", got)
		}
	})
}

// An op knows nothing of one that ended before it, though it may stand in its node.
func TestOpsHaveNothingOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pool(Options{Limit: 1, Retry: retries(9, 0)})
		bound, cancel := context.WithCancel(t.Context())
		done := make(chan error, 2)
		put(t, s, 1, Submit{Bound: bound, Done: done})
		if err := s.Idle(t.Context()); err != nil {
			t.Fatal(err)
		}
		cancel()
		put(t, s, 1, Submit{})
		drain(t, s)
		if got := s.Stats(); got.Done != 2 || len(done) != 1 {
			t.Errorf("%+v, and %d ops told the waiter of one", got, len(done))
		}
	})
}

// watchedContext counts who watches it.
type watchedContext struct {
	context.Context
	done     chan struct{}
	watchers atomic.Int32
}

func (c *watchedContext) Done() <-chan struct{} { return c.done }

func (c *watchedContext) AfterFunc(func()) (stop func() bool) {
	c.watchers.Add(1)
	return func() bool { c.watchers.Add(-1); return true }
}

// A bound that outlives many ops is not left with a watch on it for each of them.
func TestBoundIsWatchedNoLongerThanItsOp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := &watchedContext{Context: context.Background(), done: make(chan struct{})}
		s := pool(Options{Limit: 1})
		for range 10 {
			put(t, s, 1, Submit{Bound: ctx})
		}
		s.Drop(10, nil)
		if n := ctx.watchers.Load(); n != 9 {
			t.Errorf("%d watch the bound of 9 ops", n)
		}
		drain(t, s)
		if n := ctx.watchers.Load(); n != 0 {
			t.Errorf("%d watch the bound of ops that have ended", n)
		}
	})
}

// lateContext has ended, but tells nobody.
type lateContext struct {
	context.Context
	err error
}

func (c *lateContext) Done() <-chan struct{} { return nil }
func (c *lateContext) Err() error            { return c.err }

// An op does not start once its bound has ended, though the news of it may come later.
func TestBoundThatEndedUnheard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, starts := logging(Options{Limit: 1})
		s.Pause()
		ctx := &lateContext{Context: context.Background()}
		for _, name := range []string{"a1", "b1", "a2"} {
			o := Submit{Bound: ctx}
			if name == "b1" {
				o = Submit{}
			}
			put(t, s, name, o)
		}
		ctx.err = errDoom
		s.Resume()
		drain(t, s)
		want(t, "started", starts.got(), "b1")
		if got := s.Stats(); got.Dropped != 2 {
			t.Errorf("%+v, want 2 dropped", got)
		}
	})
}

// The context of an op ends with its bound also between two attempts.
func TestBoundBetweenAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		tries := 0
		s := New(func(context.Context, Op[int], int) error { tries++; return errors.New("no") }, nil, Options{Retry: retries(9, time.Hour)})
		put(t, s, 1, Submit{Bound: ctx})
		time.Sleep(time.Minute)
		cancel()
		drain(t, s)
		if got := s.Stats(); tries != 1 || got.Dropped != 1 || s.timerAt != never {
			t.Errorf("%d attempts, %+v", tries, got)
		}
	})
}
