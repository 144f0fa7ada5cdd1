package sched

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// logging returns a scheduler whose ops, named by strings, are logged as they start; they take
// a millisecond. A name's key is its first letter.
func logging(o Options) (*Scheduler[byte, string], *log[string]) {
	starts := new(log[string])
	s := New(func(_ context.Context, _ Op[byte], name string) error {
		starts.add(name)
		time.Sleep(time.Millisecond)
		return nil
	}, func(name string) byte { return name[0] }, o)
	return s, starts
}

func TestGateServesTwoSchedulers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Gate
		g.Shut()
		a, aStarts := logging(Options{Gate: &g})
		b, bStarts := logging(Options{Lanes: []Lane{{}, {Gate: &g}}})
		put(t, a, "a", Submit{})
		put(t, b, "b", Submit{Lane: 1})
		put(t, b, "c", Submit{})
		time.Sleep(time.Hour)
		want(t, "started behind the gate", aStarts.got())
		want(t, "started beside the gate", bStarts.got(), "c")
		began := time.Now()
		g.Open()
		synctest.Wait()
		if time.Since(began) != 0 {
			t.Error("opening took time")
		}
		want(t, "started", aStarts.got(), "a")
		want(t, "started", bStarts.got(), "c", "b")

		g.Shut()
		put(t, a, "a", Submit{})
		put(t, b, "b", Submit{Lane: 1})
		synctest.Wait()
		want(t, "started behind the gate", aStarts.got(), "a")
		want(t, "started behind the gate", bStarts.got(), "c", "b")
		g.Open()
		drain(t, a)
		drain(t, b)
		if len(g.watch) != 0 {
			t.Errorf("the gate remembers %d schedulers that have ended", len(g.watch))
		}
	})
}

func TestGateShutFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Gate
		s, starts := logging(Options{Gate: &g, Limit: 8})
		g.ShutFor(time.Minute)
		put(t, s, "a", Submit{})
		time.Sleep(time.Minute - 1)
		want(t, "started before its time", starts.got())
		g.ShutFor(time.Minute) // again: the first one counts no more
		time.Sleep(time.Minute - 1)
		want(t, "started before the later time", starts.got())
		if isOpen, drops := g.State(); isOpen || drops {
			t.Errorf("State = %v, %v", isOpen, drops)
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		want(t, "started", starts.got(), "a")
		g.ShutFor(time.Minute)
		g.Shut()
		put(t, s, "b", Submit{})
		time.Sleep(time.Hour)
		want(t, "started though Shut has no end", starts.got(), "a")
		g.Open()
		drain(t, s)
	})
}

// Nothing starts after Shut has returned, also if another call of it is still telling of it.
func TestGateShutTwiceAtOnce(t *testing.T) {
	for range 30 { // in whatever order those who watch are told
		synctest.Test(t, func(t *testing.T) {
			var g Gate
			heard, goOn := false, make(chan struct{})
			slow := &watcher{changed: func() {
				if !heard {
					heard = true
					<-goOn
				}
			}}
			g.follow(slow) // first, for then it is more often told first
			s, starts := logging(Options{Gate: &g})
			go g.Shut()
			synctest.Wait()
			g.Shut()
			put(t, s, "a", Submit{})
			synctest.Wait()
			want(t, "started after Shut", starts.got())
			close(goOn)
			synctest.Wait()
			g.Open()
			drain(t, s)
		})
	}
}

// ShutFor no time, or less, does not shut for ever.
func TestGateShutForNoTime(t *testing.T) {
	for _, d := range []time.Duration{0, -time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			var g Gate
			s, starts := logging(Options{Gate: &g})
			g.ShutFor(d)
			put(t, s, "a", Submit{})
			time.Sleep(time.Second)
			want(t, "started", starts.got(), "a")
			drain(t, s)
		})
	}
}

// Each lane drops for the cause of its own gate.
func TestGatesDropForTheirCauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		causes := []error{errors.New("first"), errors.New("second")}
		var gates [2]Gate
		s, _ := logging(Options{Lanes: []Lane{{Gate: &gates[0]}, {Gate: &gates[1]}}})
		for lane, cause := range causes {
			gates[lane].Drop(cause)
		}
		for lane, cause := range causes {
			done := make(chan error, 1)
			put(t, s, "a", Submit{Lane: lane, Done: done})
			if err := <-done; !errors.Is(err, cause) {
				t.Errorf("lane %d dropped with %v, want %v", lane, err, cause)
			}
		}
		drain(t, s)
	})
}

func TestGateDrops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("no more")
		var g Gate
		s, starts := logging(Options{Limit: 1, Lanes: []Lane{{}, {Gate: &g}}})
		ended := new(log[string])
		s.Notify(Hooks[byte, string]{Finish: func(i Info[byte], name string) {
			if i.State == Dropped && errors.Is(i.Err, ErrDropped) && errors.Is(i.Err, cause) {
				ended.add(name)
			}
		}})
		for _, name := range []string{"a1", "a2", "a3"} {
			put(t, s, name, Submit{Lane: 1})
		}
		put(t, s, "a4", Submit{})
		put(t, s, "b1", Submit{Lane: 1, After: time.Hour})
		synctest.Wait()
		g.Drop(cause)
		if isOpen, drops := g.State(); isOpen || !drops {
			t.Errorf("State = %v, %v", isOpen, drops)
		}
		if got := s.Stats(); got.Dropped != 3 || got.Pending != 1 || got.Delayed != 0 {
			t.Errorf("%+v, want 3 dropped and 1 pending", got)
		}
		ended.want(t, 3)
		put(t, s, "c1", Submit{Lane: 1})
		want(t, "dropped on arrival", ended.got()[3:], "c1")
		g.Open()
		put(t, s, "c2", Submit{Lane: 1})
		drain(t, s)
		want(t, "started", starts.got(), "a1", "a4", "c2")
	})
}

func TestGateDropsWithoutCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Gate
		g.Drop(nil)
		s, _ := logging(Options{Gate: &g})
		done := make(chan error, 1)
		put(t, s, "a", Submit{Done: done})
		if err := <-done; !errors.Is(err, ErrDropped) || !errors.Is(err, errGate) {
			t.Errorf("dropped with %v", err)
		}
		drain(t, s)
	})
}

// What would be tried again while its gate drops has come to wait, and is dropped.
func TestGateDropsRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Gate
		tries := 0
		s := New(func(context.Context, Op[int], int) error { tries++; time.Sleep(time.Second); return errors.New("no") },
			itself, Options{Gate: &g, Retry: retries(5, 0)})
		put(t, s, 1, Submit{})
		synctest.Wait()
		g.Drop(nil)
		drain(t, s)
		if got := s.Stats(); tries != 1 || got.Dropped != 1 || got.Retries != 1 {
			t.Errorf("%d attempts, %+v", tries, got)
		}
	})
}

// The head of a lifted key stands in a lane that is shut: the key waits with it. When the
// head's lane is open, a gate of the lane that the key could be lifted to must not hold it.
func TestGatesAndLiftedKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var gates [3]Gate
		s, starts := logging(Options{Limit: 1, Lanes: []Lane{{Gate: &gates[0]}, {Gate: &gates[1]}, {Gate: &gates[2]}}})
		started := func(names ...string) {
			t.Helper()
			time.Sleep(time.Second)
			want(t, "started", starts.got(), names...)
		}
		s.Pause()
		gates[2].Shut()
		put(t, s, "a1", Submit{Lane: 2})
		put(t, s, "a2", Submit{}) // lifts key a, but its head is shut in
		put(t, s, "b1", Submit{Lane: 1})
		s.Resume()
		started("b1")
		gates[0].Shut()
		gates[2].Open()
		started("b1", "a1") // a2 stands in the shut lane 0
		put(t, s, "c1", Submit{Lane: 1})
		put(t, s, "c2", Submit{})
		started("b1", "a1", "c1")
		gates[0].Open()
		started("b1", "a1", "c1", "a2", "c2")
		drain(t, s)
	})
}

// A gate that changes under a scheduler with nothing to do, or from within an op, must not
// lock up.
func TestGateWithinAnOp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Gate
		s := New(func(context.Context, Op[int], int) error { g.Drop(nil); g.Shut(); g.Open(); return nil }, itself, Options{Gate: &g})
		for i := range 10 {
			put(t, s, i, Submit{})
		}
		drain(t, s)
	})
}

// A hook that puts again what a gate drops does not call itself deeper and deeper.
func TestHookThatPutsWhatWasDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Gate
		s := New(func(context.Context, Op[struct{}], int) error { return nil }, nil, Options{Gate: &g})
		told := 0
		s.Notify(Hooks[struct{}, int]{Finish: func(i Info[struct{}], n int) {
			if pcs := make([]uintptr, 100); runtime.Callers(0, pcs) == len(pcs) {
				t.Errorf("a hook within a hook within a hook: %d were told of", n)
				return
			}
			if told++; n < 100 {
				put(t, s, n+1, Submit{})
			}
		}})
		g.Drop(nil)
		put(t, s, 0, Submit{})
		if err := s.Idle(t.Context()); err != nil || told != 101 {
			t.Errorf("Idle = %v; %d were told of, want 101", err, told)
		}
		drain(t, s)
	})
}
