package sched

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// doorman is a Hooks.Admit that gives a gate of its own to each key that is shut out.
type doorman struct {
	mu    sync.Mutex
	gates map[int]*Gate
}

func (d *doorman) admit(o Info[int], _ int) *Gate {
	d.mu.Lock()
	defer d.mu.Unlock()
	if g := d.gates[o.Key]; g != nil {
		if open, _ := g.State(); !open {
			return g
		}
	}
	return nil
}

func (d *doorman) gate(key int) *Gate {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gates == nil {
		d.gates = make(map[int]*Gate)
	}
	if d.gates[key] == nil {
		d.gates[key] = new(Gate)
	}
	return d.gates[key]
}

func TestAdmitHoldsOneKeyAndNoSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d doorman
		var starts []string
		began := time.Now()
		s := New(func(_ context.Context, o Op[int], v int) error {
			starts = append(starts, fmt.Sprintf("%d:%d#%d@%s", o.Key, v, o.Attempt, time.Since(began)))
			time.Sleep(time.Second)
			return nil
		}, func(v int) int { return v / 10 }, Options{Limit: 1, NoClock: true})
		s.Notify(Hooks[int, int]{Admit: d.admit})
		d.gate(1).Shut()
		for _, v := range []int{10, 11, 20, 21} {
			if _, err := s.Put(t.Context(), v, Submit{}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if st := s.Stats(); st.Delayed != 1 || st.Pending != 1 || st.Running != 0 || st.Done != 2 {
			t.Errorf("while the gate is shut: %+v", st)
		}
		if len(s.holds) != 1 {
			t.Errorf("%d gates are watched, want 1", len(s.holds))
		}
		d.gate(1).Open()
		if err := s.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := "[2:20#1@0s 2:21#1@1s 1:10#1@10s 1:11#1@11s]"
		if got := fmt.Sprint(starts); got != want {
			t.Errorf("starts %s, want %s", got, want)
		}
		if len(s.holds) != 0 || len(d.gate(1).watch) != 0 {
			t.Errorf("%d gates are watched, by %d", len(s.holds), len(d.gate(1).watch))
		}
	})
}

// TestAdmitKeepsOrder: ops without a key that were held go on in the order in which they came,
// and before those that came after them.
func TestAdmitKeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d doorman
		var order []int
		s := New(func(_ context.Context, _ Op[int], v int) error {
			order = append(order, v)
			return nil
		}, nil, Options{Limit: 1, NoClock: true})
		s.Notify(Hooks[int, int]{Admit: d.admit})
		d.gate(0).Shut()
		put := func(from, to int) {
			for v := from; v < to; v++ {
				if _, err := s.Put(t.Context(), v, Submit{}); err != nil {
					t.Fatal(err)
				}
			}
		}
		put(0, 50)
		synctest.Wait()
		s.Pause()
		put(50, 60)
		d.gate(0).Open()
		s.Resume()
		if err := s.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !slices.IsSorted(order) || len(order) != 60 {
			t.Errorf("order %v", order)
		}
	})
}

// TestAdmitIsNoStart: a lane is charged for what starts, and not for what was asked about and
// held. A held op leaves nothing behind in the lane.
func TestAdmitIsNoStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shut := new(Gate)
		shut.Shut()
		var lanes []int
		s := New(func(_ context.Context, _ Op[int], v int) error {
			lanes = append(lanes, v)
			return nil
		}, nil, Options{Limit: 1, NoClock: true, Lanes: []Lane{{Weight: 1}, {Weight: 1}}})
		s.Notify(Hooks[int, int]{Admit: func(Info[int], int) *Gate {
			if open, _ := shut.State(); !open {
				return shut
			}
			return nil
		}})
		put := func(lane int) {
			if _, err := s.Put(t.Context(), lane, Submit{Lane: lane}); err != nil {
				t.Fatal(err)
			}
		}
		for range 4 {
			put(1)
		}
		synctest.Wait()
		if len(s.loose) != 0 {
			t.Errorf("%d queues are kept for ops that are held", len(s.loose))
		}
		s.Pause()
		for range 4 {
			put(0)
		}
		shut.Open()
		s.Resume()
		if err := s.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if want := []int{0, 1, 0, 1, 0, 1, 0, 1}; !slices.Equal(lanes, want) {
			t.Errorf("lanes %v, want %v", lanes, want)
		}
	})
}

// TestAdmitReleasesBehindOlder: an op whose gate opens last stands behind an older one that
// was released before it and has not started.
func TestAdmitReleasesBehindOlder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gates := []*Gate{new(Gate), new(Gate)}
		busy := make(chan struct{})
		var order []int
		s := New(func(_ context.Context, _ Op[int], v int) error {
			if order = append(order, v); v == 2 {
				<-busy
			}
			return nil
		}, nil, Options{Limit: 1, NoClock: true})
		s.Notify(Hooks[int, int]{Admit: func(_ Info[int], v int) *Gate {
			if v < len(gates) {
				if open, _ := gates[v].State(); !open {
					return gates[v]
				}
			}
			return nil
		}})
		for v, g := range gates {
			g.Shut()
			if _, err := s.Put(t.Context(), v, Submit{}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Put(t.Context(), 2, Submit{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		gates[0].Open()
		synctest.Wait()
		gates[1].Open()
		synctest.Wait()
		close(busy)
		if err := s.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if want := []int{2, 0, 1}; !slices.Equal(order, want) {
			t.Errorf("order %v, want %v", order, want)
		}
	})
}

// TestAdmitDoesNotAge: an op that was held ages from the moment its gate opens.
func TestAdmitDoesNotAge(t *testing.T) {
	for _, keyed := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			var d doorman
			d.gate(0).Shut()
			var keyOf func(int) int
			if keyed {
				keyOf = itself
			}
			began := time.Now()
			var s *Scheduler[int, int]
			s = New(func(_ context.Context, _ Op[int], v int) error {
				if v == 0 {
					if at := time.Since(began); at != 15*time.Second {
						t.Errorf("keyed %v: the op that was held started at %v, want 15s", keyed, at)
					}
					return nil
				}
				if v < 30 {
					put(t, s, v+1, Submit{})
				}
				time.Sleep(time.Second)
				return nil
			}, keyOf, Options{Limit: 1, Lanes: []Lane{{}, {}}, Aging: 10 * time.Second})
			s.Notify(Hooks[int, int]{Admit: func(i Info[int], v int) *Gate {
				if v == 0 {
					return d.admit(i, v)
				}
				return nil
			}})
			put(t, s, 0, Submit{Lane: 1})
			put(t, s, 1, Submit{})
			time.Sleep(4500 * time.Millisecond)
			d.gate(0).Open() // it is old enough at 14.5s
			if err := s.Idle(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestAdmitSpendsNoPermit: an op that is held leaves the permit of the rate to another.
func TestAdmitSpendsNoPermit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d doorman
		rate := &metronome{every: time.Second}
		began := time.Now()
		var starts []time.Duration
		s := New(func(context.Context, Op[int], int) error {
			starts = append(starts, time.Since(began))
			return nil
		}, func(v int) int { return v }, Options{Limit: 1, Rate: rate, NoClock: true})
		s.Notify(Hooks[int, int]{Admit: d.admit})
		for key := range 10 {
			d.gate(key).Shut()
		}
		for v := range 12 {
			if _, err := s.Put(t.Context(), v, Submit{}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := fmt.Sprint(starts); got != "[0s 1s]" {
			t.Errorf("starts at %s, want the two that may at 0s and 1s", got)
		}
		s.Cancel(nil)
		if err := s.Idle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if rate.taken > 3 {
			t.Errorf("%d permits were taken for 2 starts", rate.taken)
		}
	})
}

// A permit that was taken for an op that is held then goes back at once if no other op could use it.
func TestAdmitGivesThePermitBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d doorman
		d.gate(1).Shut()
		rate := &metronome{every: time.Second}
		s := New(func(context.Context, Op[int], int) error { return nil }, itself, Options{Rate: rate})
		s.Notify(Hooks[int, int]{Admit: d.admit})
		put(t, s, 1, Submit{})
		if rate.taken != 0 {
			t.Errorf("%d permits are taken, and nothing could start", rate.taken)
		}
		d.gate(1).Open()
		drain(t, s)
		if rate.taken != 1 {
			t.Errorf("%d permits were taken for 1 start", rate.taken)
		}
	})
}

// metronome is a limiter without memory of pauses.
type metronome struct {
	every time.Duration
	next  time.Time
	taken int
}

func (m *metronome) Reserve() time.Duration {
	m.taken++
	now := time.Now()
	if m.next.Before(now) {
		m.next = now
	}
	at := m.next
	m.next = m.next.Add(m.every)
	return at.Sub(now)
}

func (m *metronome) Unreserve() { m.taken--; m.next = m.next.Add(-m.every) }

func TestReconsider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rate := &metronome{every: time.Hour}
		began := time.Now()
		var starts []time.Duration
		s := New(func(context.Context, Op[int], int) error {
			starts = append(starts, time.Since(began))
			return nil
		}, nil, Options{Limit: 1, Rate: rate, NoClock: true})
		for v := range 3 {
			if _, err := s.Put(t.Context(), v, Submit{}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		rate.next, rate.every = time.Now().Add(2*time.Second), time.Second
		s.Reconsider()
		if err := s.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		// The permit that was given back moved the next one one second up.
		if got := fmt.Sprint(starts); got != "[0s 1m1s 1m2s]" {
			t.Errorf("starts at %s", got)
		}
	})
}

// teller is a metronome that tells of changes.
type teller struct {
	metronome
	heard map[int]func()
	asked int
}

func (l *teller) OnChange(fn func()) (stop func()) {
	l.asked++
	id := l.asked
	l.heard[id] = fn
	return func() { delete(l.heard, id) }
}

// A limiter that tells of changes need not be reconsidered by hand, and is watched no longer than
// a permit is awaited.
func TestRateThatTellsOfChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rate := &teller{metronome: metronome{every: time.Hour}, heard: make(map[int]func())}
		began := time.Now()
		s := New(func(context.Context, Op[int], int) error { return nil }, nil, Options{Limit: 1, Rate: rate, NoClock: true})
		put(t, s, 1, Submit{})
		put(t, s, 2, Submit{})
		synctest.Wait()
		if len(rate.heard) != 1 {
			t.Fatalf("%d listen to the limiter, want 1", len(rate.heard))
		}
		rate.next, rate.every = time.Now().Add(2*time.Second), time.Second
		for _, changed := range rate.heard {
			changed()
		}
		if err := s.Idle(t.Context()); err != nil || time.Since(began) != time.Second {
			t.Errorf("Idle = %v after %v, want 1s", err, time.Since(began))
		}
		id := put(t, s, 3, Submit{})
		if len(rate.heard) != 1 {
			t.Errorf("%d listen to the limiter, want 1", len(rate.heard))
		}
		s.Drop(id, nil)
		if len(rate.heard) != 0 {
			t.Error("who has nothing to start listens to the limiter")
		}
	})
}

func TestHeldOpsCanBeDropped(t *testing.T) {
	boom := errors.New("boom")
	for _, c := range []struct {
		name string
		end  func(*Scheduler[int, int], *Gate)
	}{
		{"cancel", func(s *Scheduler[int, int], _ *Gate) { s.Cancel(boom) }},
		{"gate", func(_ *Scheduler[int, int], g *Gate) { g.Drop(boom) }},
		{"drop", func(s *Scheduler[int, int], _ *Gate) {
			for v := range 4 {
				id, ok := s.FindFunc(func(x int) bool { return x == v })
				if !ok || !s.Drop(id, boom) {
					panic("it is not there")
				}
			}
		}},
	} {
		for _, keyed := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				var d doorman
				var whole Gate
				var dropped int
				var keyOf func(int) int
				if keyed {
					keyOf = func(v int) int { return v / 2 }
				}
				s := New(func(context.Context, Op[int], int) error { return nil }, keyOf, Options{Hold: []*Gate{&whole}, NoClock: true})
				s.Notify(Hooks[int, int]{Admit: d.admit, Finish: func(i Info[int], _ int) {
					if i.State == Dropped && errors.Is(i.Err, boom) {
						dropped++
					}
				}})
				d.gate(0).Shut()
				d.gate(1).Shut()
				for v := range 4 {
					if _, err := s.Put(t.Context(), v, Submit{}); err != nil {
						t.Fatal(err)
					}
				}
				synctest.Wait()
				c.end(s, &whole)
				if err := s.Drain(t.Context()); err != nil {
					t.Fatal(err)
				}
				if dropped != 4 || len(s.holds) != 0 || len(d.gate(0).watch) != 0 {
					t.Errorf("%s, keyed %v: %d dropped, %d gates watched", c.name, keyed, dropped, len(s.holds))
				}
			})
		}
	}
}

// TestFreshGates: a gate may be new each time, and be shut for a while only.
func TestFreshGates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		asked := 0
		s := New(func(context.Context, Op[int], int) error { return nil }, nil, Options{Limit: 1, NoClock: true})
		s.Notify(Hooks[int, int]{Admit: func(Info[int], int) *Gate {
			if asked++; asked == 5 {
				return nil
			}
			g := new(Gate)
			if asked != 2 { // the second is open, though that makes no sense
				g.ShutFor(time.Second)
			}
			return g
		}})
		if _, err := s.Put(t.Context(), 1, Submit{}); err != nil {
			t.Fatal(err)
		}
		if err := s.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 3*time.Second+askAgain {
			t.Errorf("it took %v", took)
		}
	})
}

// TestAdmitAtRandom shuts and opens the gates of keys while ops come and fail: all end once, in
// the order of their key, and none starts while its gate is shut.
func TestAdmitAtRandom(t *testing.T) {
	for seed := range uint64(60) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			var d doorman
			var mu sync.Mutex
			var began, ended [6][]int
			var ran int
			keys := 1 + rnd.IntN(6)
			keyOf := func(v int) int { return v % keys }
			limit := 1 + rnd.IntN(4)
			s := New(func(_ context.Context, o Op[int], v int) error {
				mu.Lock()
				if open, _ := d.gate(o.Key).State(); !open {
					t.Errorf("seed %d: %d started while its gate was shut", seed, v)
				}
				if o.Attempt == 1 {
					began[o.Key] = append(began[o.Key], v)
				}
				ran++
				mu.Unlock()
				time.Sleep(time.Duration(1+v%7) * time.Millisecond)
				if v%5 == 0 && o.Attempt == 1 {
					return errors.New("once")
				}
				return nil
			}, keyOf, Options{Limit: limit, Window: 8, NoClock: true, Retry: twice{}})
			s.Notify(Hooks[int, int]{Admit: d.admit, Finish: func(i Info[int], v int) {
				mu.Lock()
				defer mu.Unlock()
				ended[keyOf(v)] = append(ended[keyOf(v)], v)
			}})
			const n = 200
			var all sync.WaitGroup
			all.Go(func() {
				for v := range n {
					if _, err := s.Put(context.Background(), v, Submit{}); err != nil {
						t.Error(err)
					}
					if v%20 == 0 {
						time.Sleep(5 * time.Millisecond)
					}
				}
			})
			// What happens here never falls on the moment of anything else.
			time.Sleep(500 * time.Microsecond)
			for range 100 {
				g := d.gate(rnd.IntN(keys))
				switch rnd.IntN(4) {
				case 0:
					g.Shut()
				case 1:
					g.ShutFor(time.Duration(rnd.IntN(20))*time.Millisecond + 250*time.Microsecond)
				default:
					g.Open()
				}
				time.Sleep(time.Duration(rnd.IntN(4)) * time.Millisecond)
				synctest.Wait()
				if st := s.Stats(); st.Running < limit && st.Pending > 0 && st.Keys > st.Running+st.Delayed {
					t.Errorf("seed %d: work waits and slots are free: %+v", seed, st)
				}
			}
			for key := range keys {
				d.gate(key).Open()
			}
			all.Wait()
			if err := s.Drain(context.Background()); err != nil {
				t.Fatal(err)
			}
			st := s.Stats()
			if st.Done != n || st.Pending+st.Delayed+st.Running+st.Keys != 0 || len(s.holds) != 0 {
				t.Errorf("seed %d: %+v", seed, st)
			}
			for key := range keys {
				if !slices.IsSorted(began[key]) || !slices.IsSorted(ended[key]) {
					t.Errorf("seed %d: key %d began %v", seed, key, began[key])
				}
			}
		})
	}
}

// twice tries everything again once, at once.
type twice struct{}

func (twice) Next(attempt int, _ error) (time.Duration, bool) { return time.Millisecond, attempt < 2 }

// slowStart is a limiter whose first permit has to be waited for.
type slowStart struct{ asked bool }

func (l *slowStart) Reserve() time.Duration {
	first := !l.asked
	l.asked = true
	if first {
		return time.Hour
	}
	return 0
}

// A permit is waited for although its time comes between the look that found it too early and the
// setting of the timer.
func TestPermitBetweenTwoLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(func(context.Context, Op[int], int) error { return nil }, itself, Options{Limit: 1, Rate: new(slowStart)})
		put(t, s, 1, Submit{})
		synctest.Wait()
		s.mu.Lock()
		s.timer.Stop()
		s.timerAt = never
		s.permitAt = s.now() // the clock has gone on
		s.arm()
		s.unlock()
		began := time.Now()
		if err := s.Idle(t.Context()); err != nil || time.Since(began) > 0 {
			t.Errorf("Idle = %v after %v; want the op to start at once", err, time.Since(began))
		}
	})
}

// A permit that nobody can use any more goes back to a limiter that others may share.
func TestUnusedPermitGoesBack(t *testing.T) {
	for name, end := range map[string]func(*Scheduler[int, int], *Gate){
		"cancel": func(s *Scheduler[int, int], _ *Gate) { s.Cancel(nil) },
		"drop":   func(s *Scheduler[int, int], _ *Gate) { s.Drop(1, nil) },
		"gate":   func(_ *Scheduler[int, int], g *Gate) { g.Shut() },
		"pause":  func(s *Scheduler[int, int], _ *Gate) { s.Pause() },
	} {
		synctest.Test(t, func(t *testing.T) {
			rate := &metronome{every: time.Hour}
			rate.Reserve()
			var g Gate
			s := New(func(context.Context, Op[int], int) error { return nil }, nil, Options{Rate: rate, Gate: &g})
			put(t, s, 1, Submit{})
			if rate.taken != 2 {
				t.Fatalf("%d permits were taken, want one for the op", rate.taken)
			}
			end(s, &g)
			if rate.taken != 1 || s.timerAt != never {
				t.Errorf("%s: %d permits are taken, want 1; timer %v", name, rate.taken, s.timerAt)
			}
			s.Cancel(nil)
		})
	}
}

type brokenLimiter struct{ asked *int }

func (l brokenLimiter) Reserve() time.Duration {
	if *l.asked++; *l.asked == 2 {
		panic("limiter")
	}
	return 0
}

func (brokenLimiter) Unreserve() { panic("unreserve") }

// A limiter, or a hook, that panics under the lock fails one op and nothing else.
func TestPanicsUnderTheLock(t *testing.T) {
	for name, build := range map[string]func() (Options, Hooks[int, int]){
		"limiter": func() (Options, Hooks[int, int]) {
			return Options{Limit: 1, Rate: brokenLimiter{new(int)}}, Hooks[int, int]{}
		},
		"admit": func() (Options, Hooks[int, int]) {
			return Options{Limit: 1}, Hooks[int, int]{Admit: func(i Info[int], _ int) *Gate {
				if i.ID == 2 {
					panic("admit")
				}
				return nil
			}}
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			o, hooks := build()
			ran := new(log[int])
			s := New(func(_ context.Context, _ Op[int], v int) error { ran.add(v); return nil }, nil, o)
			s.Notify(hooks)
			done := make(chan error, 1)
			for v := range 4 {
				o := Submit{}
				if v == 1 {
					o.Done = done
				}
				put(t, s, v, o)
			}
			drain(t, s)
			want(t, name+" let run", ran.got(), 0, 2, 3)
			if p, ok := errors.AsType[*PanicError](<-done); !ok || p.Value != name {
				t.Errorf("%s: the op ended with %v", name, p)
			}
		})
	}
}

// Such a panic fails one attempt: the next one runs.
func TestPanicUnderTheLockIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ran := new(log[int])
		s := New(func(_ context.Context, o Op[int], _ int) error { ran.add(o.Attempt); return nil }, nil, Options{Retry: retries(3, time.Second)})
		s.Notify(Hooks[int, int]{Admit: func(i Info[int], _ int) *Gate {
			if i.Attempt == 0 {
				panic("admit")
			}
			return nil
		}})
		put(t, s, 1, Submit{})
		drain(t, s)
		want(t, "attempts that ran", ran.got(), 2)
	})
}

// A permit that a limiter fails to take back is lost, and nothing else is.
func TestUnreserveThatPanics(t *testing.T) {
	s := New(func(context.Context, Op[int], int) error { return nil }, nil, Options{Rate: brokenLimiter{new(int)}})
	s.hasPermit = true
	s.Pause()
	if s.Stats(); s.hasPermit {
		t.Error("the permit is kept")
	}
}
