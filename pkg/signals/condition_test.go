package signals_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mostlylucid/eph/pkg/signals"
)

func holding(s *signals.Sink) (all []string) {
	for c := range s.Conditions() {
		all = append(all, c.Name+"/"+c.Key)
	}
	return all
}

func TestConditions(t *testing.T) {
	var s signals.Sink
	seen := names(&s, all)
	pressure := signals.MustCompile("pressure.*")
	if s.Holds(pressure) || s.Clear("pressure.disk", "") {
		t.Error("a condition holds before it was set")
	}
	if !s.Set("pressure.disk", "b", 0) || s.Set("pressure.disk", "b", 0) {
		t.Error("Set is not true the first time alone")
	}
	s.Set("pressure.disk", "a", 0)
	s.Set("night", "", 0)
	if !s.Holds(pressure) || !s.Holds(signals.MustCompile("night")) || s.Holds(signals.MustCompile("day")) {
		t.Error("Holds does not know what was set")
	}
	expect(t, "Conditions", holding(&s), "night/", "pressure.disk/a", "pressure.disk/b")
	if !s.Clear("pressure.disk", "a") || s.Clear("pressure.disk", "a") {
		t.Error("Clear is not true the first time alone")
	}
	if !s.Holds(pressure) {
		t.Error("one key ended the condition of another")
	}
	s.Set("pressure.memory", "", 0)
	if got := s.ClearAll(pressure); got != 2 {
		t.Errorf("ClearAll = %d, want 2", got)
	}
	expect(t, "Conditions", holding(&s), "night/")
	expect(t, "events", *seen, "pressure.disk", "pressure.disk", "night", "pressure.disk.cleared",
		"pressure.memory", "pressure.disk.cleared", "pressure.memory.cleared")
}

func TestConditionSeenBySubscriber(t *testing.T) {
	var s signals.Sink
	p := signals.MustCompile("c")
	var log []string
	s.Subscribe(all, func(e signals.Event) { log = append(log, fmt.Sprint(e.Name, " ", s.Holds(p))) })
	s.OnChange(p, func(holds bool) { log = append(log, fmt.Sprint("change ", holds)) })
	s.Set("c", "", 0)
	s.Clear("c", "")
	expect(t, "log", log, "change true", "c true", "change false", "c.cleared false")
}

func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s signals.Sink
		start := time.Now()
		var log []string
		var mu sync.Mutex // each expiry has its own goroutine
		s.Subscribe(all, func(e signals.Event) {
			mu.Lock()
			defer mu.Unlock()
			log = append(log, fmt.Sprint(time.Since(start), " ", e.Name))
		})
		s.Set("long", "", 10*time.Second)
		s.Set("short", "", 2*time.Second)
		s.Set("moved", "", 3*time.Second)
		s.Set("moved", "", 5*time.Second)
		s.Set("kept", "", time.Second)
		s.Set("kept", "", 0)
		s.Set("sooner", "", time.Hour)
		s.Set("sooner", "", time.Second)
		s.Set("gone", "", 0)
		for _, name := range []string{"gone", "never"} {
			if s.Set(name, "", -time.Second) || s.Holds(signals.MustCompile(name)) {
				t.Errorf("%s holds though its time is over", name)
			}
		}
		for c := range s.Conditions() {
			if c.Name == "short" && !c.Expires.Equal(start.Add(2*time.Second)) || c.Name == "kept" && !c.Expires.IsZero() {
				t.Errorf("%s expires at %v", c.Name, c.Expires)
			}
		}
		time.Sleep(5*time.Second - 1)
		synctest.Wait()
		if !s.Holds(signals.MustCompile("moved")) {
			t.Error("a condition ended before its time")
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		expect(t, "held after 5s", holding(&s), "kept/", "long/")
		time.Sleep(time.Hour)
		synctest.Wait()
		expect(t, "held after an hour", holding(&s), "kept/")
		expect(t, "log", log, "0s long", "0s short", "0s moved", "0s kept", "0s sooner", "0s gone",
			"0s gone.cleared", "1s sooner.cleared", "2s short.cleared", "5s moved.cleared", "10s long.cleared")
	})
}

func TestExpiresTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s signals.Sink
		for _, key := range []string{"c", "a", "d", "b"} {
			s.Set("x", key, time.Second)
		}
		var keys []string
		s.Subscribe(all, func(e signals.Event) { keys = append(keys, e.Key) })
		time.Sleep(time.Second)
		synctest.Wait()
		expect(t, "cleared", keys, "a", "b", "c", "d")
	})
}

func TestNoTimerWhileNothingExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s signals.Sink
		for _, step := range []struct {
			what string
			do   func()
			want bool
		}{
			{"nothing", func() {}, false},
			{"set for good", func() { s.Set("a", "", 0) }, false},
			{"set for a time", func() { s.Set("b", "", time.Second) }, true},
			{"cleared", func() { s.Clear("b", "") }, false},
			{"set again", func() { s.Set("b", "", time.Second) }, true},
			{"now for good", func() { s.Set("b", "", 0) }, false},
			{"and for a time", func() { s.Set("b", "", time.Second) }, true},
			{"expired", func() { time.Sleep(time.Second); synctest.Wait() }, false},
			{"a new one", func() { s.Set("b", "", time.Second) }, true},
			{"all cleared", func() { s.ClearAll(all) }, false},
		} {
			step.do()
			if got := s.Alarmed(); got != step.want {
				t.Errorf("%s: has a timer: %v, want %v", step.what, got, step.want)
			}
		}
	})
}

func TestOnChange(t *testing.T) {
	var s signals.Sink
	s.Set("p.early", "", 0)
	var told []bool
	stop := s.OnChange(signals.MustCompile("p.*"), func(holds bool) { told = append(told, holds) })
	check := func(want ...bool) {
		t.Helper()
		if !slices.Equal(told, want) {
			t.Fatalf("told %v, want %v", told, want)
		}
	}
	check(true)
	s.Set("p.two", "", 0)
	s.Clear("p.early", "")
	s.Set("other", "", 0)
	check(true)
	s.Clear("p.two", "")
	check(true, false)
	s.Set("p.two", "", 0)
	check(true, false, true)
	stop()
	stop()
	s.Clear("p.two", "")
	check(true, false, true)
}

// TestOnChangeWithin changes the condition from the function that is told of it.
func TestOnChangeWithin(t *testing.T) {
	var s signals.Sink
	var told []bool
	depth := 0
	s.OnChange(all, func(holds bool) {
		if depth++; depth > 1 {
			t.Error("called within a call")
		}
		defer func() { depth-- }()
		told = append(told, holds)
		if holds && len(told) < 5 {
			s.Clear("a", "")
			s.Set("a", "", 0) // undone before it could be told
			s.Clear("a", "")
		} else if len(told) < 5 {
			s.Set("a", "", 0)
		}
	})
	s.Set("a", "", 0)
	if want := []bool{true, false, true, false, true}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

// TestOnChangeGoexit ends the goroutine of the change: the others must be told all the same.
func TestOnChangeGoexit(t *testing.T) {
	var s signals.Sink
	var told []bool
	s.OnChange(all, func(holds bool) {
		if holds {
			runtime.Goexit()
		}
	})
	s.OnChange(all, func(holds bool) { told = append(told, holds) })
	var wg sync.WaitGroup
	wg.Go(func() { s.Set("a", "", 0) })
	wg.Wait()
	s.Clear("a", "")
	if want := []bool{true, false}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

func TestOnChangeAlternates(t *testing.T) {
	for _, pattern := range []string{"*", "a", "b"} {
		var s signals.Sink
		p := signals.MustCompile(pattern)
		var told []bool // without a lock: calls never overlap, and -race would see it
		stop := s.OnChange(p, func(holds bool) { told = append(told, holds) })
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				random := rand.New(rand.NewPCG(2, uint64(g)))
				for range 500 {
					name, key := string('a'+rune(random.IntN(2))), string('0'+rune(random.IntN(2)))
					if random.IntN(2) == 0 {
						s.Set(name, key, 0)
					} else {
						s.Clear(name, key)
					}
				}
			})
		}
		wg.Wait()
		for i, holds := range told {
			if holds != (i%2 == 0) {
				t.Fatalf("%s: call %d told %v", pattern, i, holds)
			}
		}
		stop() // Holds then counts for itself
		if last := len(told) > 0 && told[len(told)-1]; last != s.Holds(p) {
			t.Errorf("%s: told %v last, but Holds = %v", pattern, last, s.Holds(p))
		}
	}
}

func TestWaitClear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s signals.Sink
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		p := signals.MustCompile("p.*")
		if err := s.WaitClear(ended, p); err != nil {
			t.Errorf("WaitClear with nothing set = %v, want nil", err)
		}
		s.Set("p.a", "", 3*time.Second)
		s.Set("p.b", "", 0)
		time.AfterFunc(time.Second, func() { s.Clear("p.b", "") })
		start := time.Now()
		if err := s.WaitClear(t.Context(), p); err != nil || time.Since(start) != 3*time.Second {
			t.Errorf("WaitClear = %v after %v, want nil after 3s", err, time.Since(start))
		}
		s.Set("p.a", "", 0)
		late := errors.New("too late")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, late)
		defer cancel()
		if err := s.WaitClear(ctx, p); err != late {
			t.Errorf("WaitClear = %v, want %v", err, late)
		}
		s.Clear("p.a", "") // nobody waits any more
	})
}

// TestWaitClearSeesAMoment sets a condition again at once when it goes.
func TestWaitClearSeesAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s signals.Sink
		s.Set("a", "", 0)
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := s.WaitClear(t.Context(), all); err != nil {
				t.Errorf("WaitClear = %v, want nil", err)
			}
		})
		synctest.Wait()
		for range 3 {
			s.Clear("a", "")
			s.Set("a", "", 0)
		}
		wg.Wait()
	})
}

// TestConditionEventsInOrder checks that the window tells of a condition's changes as they
// happened.
func TestConditionEventsInOrder(t *testing.T) {
	s := signals.New(signals.Options{Window: 10000})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 300 {
				if (i+g)%2 == 0 {
					s.Set("a", "", 0)
				} else {
					s.Clear("a", "")
				}
			}
		})
	}
	wg.Wait()
	events, _ := s.Since(0)
	for i, e := range events {
		if strings.HasSuffix(e.Name, ".cleared") != (i%2 == 1) {
			t.Fatalf("event %d is %q", i, e.Name)
		}
	}
	if (len(events)%2 == 1) != s.Holds(all) {
		t.Errorf("%d events, but Holds = %v", len(events), s.Holds(all))
	}
}

// access is one call on a condition, seen as a register that holds or does not.
type access struct {
	interval
	do     string // set, clear or holds
	result bool
}

// apply returns the state after a call, if the call can give its result in that state.
func (a access) apply(held bool) (after, possible bool) {
	switch a.do {
	case "set":
		return true, a.result == !held
	case "clear":
		return false, a.result == held
	default:
		return held, a.result == held
	}
}

// linearizable looks for an order of the calls that respects their intervals and explains
// every result. done is the set of calls already placed.
func linearizable(calls []access, done uint, held bool, dead map[[2]uint]bool) bool {
	if done == 1<<len(calls)-1 {
		return true
	}
	state := [2]uint{done, 0}
	if held {
		state[1] = 1
	}
	if dead[state] {
		return false
	}
	soonest := int64(1 << 62) // return among those not placed: no later call may go first
	for i, a := range calls {
		if done&(1<<i) == 0 {
			soonest = min(soonest, a.ret)
		}
	}
	for i, a := range calls {
		if done&(1<<i) != 0 || a.call > soonest {
			continue
		}
		if after, possible := a.apply(held); possible && linearizable(calls, done|1<<i, after, dead) {
			return true
		}
	}
	dead[state] = true
	return false
}

func TestConditionIsARegister(t *testing.T) {
	for round := range 300 {
		var s signals.Sink
		var clock atomic.Int64
		if round%2 == 0 { // Holds has two ways to know
			s.OnChange(all, func(bool) {})
		}
		logs := make([][]access, 3)
		var wg sync.WaitGroup
		for g := range logs {
			wg.Go(func() {
				random := rand.New(rand.NewPCG(uint64(round), uint64(g)))
				for range 6 {
					a := access{do: []string{"set", "clear", "holds"}[random.IntN(3)]}
					a.call = clock.Add(1)
					switch a.do {
					case "set":
						a.result = s.Set("a", "", 0)
					case "clear":
						a.result = s.Clear("a", "")
					default:
						a.result = s.Holds(all)
					}
					a.ret = clock.Add(1)
					logs[g] = append(logs[g], a)
					runtime.Gosched()
				}
			})
		}
		wg.Wait()
		if calls := slices.Concat(logs...); !linearizable(calls, 0, false, map[[2]uint]bool{}) {
			t.Fatalf("no order explains %+v", calls)
		}
	}
}

func TestHoldCarriesItsEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := signals.New(signals.Options{Window: 8})
		raised := func() []signals.Event { got, _ := s.Since(0); return got }
		if !s.Hold(signals.Event{Name: "backpressure.api", Key: "k", Value: 7, Op: 3}, time.Second) {
			t.Error("it did not hold before")
		}
		if s.Hold(signals.Event{Name: "backpressure.api", Key: "k", Value: 8}, 2*time.Second) {
			t.Error("it held already")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		got := raised()
		if !s.Holds(signals.MustCompile("backpressure.*")) || len(got) != 1 || got[0].Value != 7 || got[0].Op != 3 {
			t.Errorf("after the first time to live: %+v", got)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		got = raised()
		if s.Holds(signals.MustCompile("backpressure.*")) || len(got) != 2 || got[1].Name != "backpressure.api.cleared" || got[1].Key != "k" {
			t.Errorf("after the second: %+v", got)
		}
	})
}
