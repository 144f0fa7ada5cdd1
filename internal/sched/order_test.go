package sched

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestStrictLanesAndPriorities(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, starts := logging(Options{Limit: 1, Lanes: []Lane{{}, {}}})
		s.Pause()
		put(t, s, "a", Submit{Lane: 1, Priority: 9})
		put(t, s, "b", Submit{Priority: -1})
		put(t, s, "c", Submit{})
		put(t, s, "d", Submit{Priority: math.MaxInt})
		put(t, s, "e", Submit{Lane: 1, Priority: math.MinInt})
		put(t, s, "f", Submit{Lane: 1, Priority: 9})
		put(t, s, "g", Submit{})
		s.Resume()
		drain(t, s)
		want(t, "started", starts.got(), "d", "c", "g", "b", "a", "f", "e")
	})
}

func TestUrgencyLiftsItsKeyOrOvertakes(t *testing.T) {
	for overtake, order := range map[bool][]string{
		false: {"k1", "k2", "k3", "a", "b"},
		true:  {"k3", "a", "k1", "b", "k2"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, starts := logging(Options{Limit: 1, Lanes: []Lane{{}, {}}, Overtake: overtake})
			s.Pause()
			put(t, s, "a", Submit{Lane: 1})
			put(t, s, "k1", Submit{Lane: 1})
			put(t, s, "k2", Submit{Lane: 1})
			put(t, s, "b", Submit{Lane: 1})
			put(t, s, "k3", Submit{})
			s.Resume()
			drain(t, s)
			if overtake { // once the key has run it is behind the others again
				order = []string{"k3", "a", "b", "k1", "k2"}
			}
			want(t, fmt.Sprintf("started with Overtake %v", overtake), starts.got(), order...)
		})
	}
}

// A key stands where its best op belongs, however many priorities its ops are of, and whichever
// of them has started.
func TestManyPrioritiesOfOneKey(t *testing.T) {
	for name, tt := range map[string]struct {
		first, best, other int // priorities of the first op of the key, the best that stays, and another key
		lifted             bool
	}{
		"the best has started":  {first: 100, best: 40, other: 50},
		"the worst has started": {first: -1, best: 60, other: 50, lifted: true},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, starts := logging(Options{Limit: 1})
			s.Pause()
			put(t, s, "a-first", Submit{Priority: tt.first})
			for p := range 40 {
				put(t, s, "a", Submit{Priority: p})
			}
			put(t, s, "a", Submit{Priority: tt.best})
			put(t, s, "b", Submit{Priority: tt.other})
			s.Resume()
			drain(t, s)
			at, next := slices.Index(starts.got(), "b"), slices.Index(starts.got(), "a")
			if starts.got()[0] != "a-first" || (next < at) != tt.lifted {
				t.Errorf("%s: key b started as number %d, the second op of a as number %d", name, at, next)
			}
		})
	}
}

func TestWeightsShareTheStarts(t *testing.T) {
	for _, weights := range [][]int{{1, 1}, {3, 1}, {5, 2, 1}, {100, 1}} {
		synctest.Test(t, func(t *testing.T) {
			counts := make([]int, len(weights))
			total := 0
			var lanes []Lane
			for _, w := range weights {
				lanes = append(lanes, Lane{Weight: w})
			}
			s := New(func(_ context.Context, op Op[int], _ int) error {
				if total < 1000 {
					counts[op.Lane]++
				}
				total++
				return nil
			}, itself, Options{Limit: 1, Window: -1, Lanes: lanes})
			s.Pause()
			sum := 0
			for lane, w := range weights {
				sum += w
				for i := range 1100 {
					put(t, s, lane*10000+i, Submit{Lane: lane})
				}
			}
			s.Resume()
			drain(t, s)
			for lane, w := range weights {
				if share, want := float64(counts[lane])/1000, float64(w)/float64(sum); math.Abs(share-want) > 0.02 {
					t.Errorf("weights %v: lane %d got %.3f of the starts, want %.3f", weights, lane, share, want)
				}
			}
		})
	}
}

// A lane that was empty, or shut, for long has saved nothing up.
func TestNoCreditIsSavedUp(t *testing.T) {
	for name, wait := range map[string]func(*Gate) (restart func()){
		"empty": func(*Gate) func() { return func() {} },
		"shut":  func(g *Gate) func() { g.Shut(); return g.Open },
	} {
		synctest.Test(t, func(t *testing.T) {
			var g Gate
			lanes := []int{}
			s := New(func(_ context.Context, op Op[struct{}], n int) error {
				lanes = append(lanes, op.Lane)
				time.Sleep(time.Millisecond)
				return nil
			}, nil, Options{Limit: 1, Window: -1, Lanes: []Lane{{Weight: 1}, {Weight: 1, Gate: &g}}})
			restart := wait(&g)
			for range 1000 {
				put(t, s, 0, Submit{})
			}
			if name == "shut" {
				put(t, s, 0, Submit{Lane: 1})
			}
			time.Sleep(500*time.Millisecond + 1)
			restart()
			for range 100 {
				put(t, s, 0, Submit{Lane: 1})
			}
			s.Resume()
			drain(t, s)
			of := 0
			for _, lane := range lanes[501:601] {
				of += lane
			}
			if of < 49 || of > 51 {
				t.Errorf("after it was %s, lane 1 got %d of 100 starts, want half", name, of)
			}
		})
	}
}

func TestKeysTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, starts := logging(Options{Limit: 1})
		s.Pause()
		for _, name := range []string{"a1", "a2", "a3", "a4", "b1", "b2", "c1"} {
			put(t, s, name, Submit{})
		}
		s.Resume()
		drain(t, s)
		want(t, "started", starts.got(), "a1", "b1", "c1", "a2", "b2", "a3", "a4")
	})
}

func TestAging(t *testing.T) {
	for _, keyed := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			starts := new(log[int])
			var keyOf func(int) int
			if keyed {
				keyOf = itself
			}
			s := New(func(_ context.Context, _ Op[int], n int) error { starts.add(n); time.Sleep(time.Second); return nil },
				keyOf, Options{Limit: 1, Window: -1, Lanes: []Lane{{}, {}}, Aging: 10 * time.Second})
			for i := range 30 {
				put(t, s, i, Submit{})
			}
			for i := range 3 {
				put(t, s, 100+i, Submit{Lane: 1})
			}
			time.Sleep(5 * time.Second)
			put(t, s, 200, Submit{Lane: 1, Priority: -5})
			drain(t, s)
			// From 10 s on all that were put at first go in the order they came in.
			wantStarts := make([]int, 0, 34)
			for i := range 30 {
				wantStarts = append(wantStarts, i)
			}
			wantStarts = append(wantStarts, 100, 101, 102, 200)
			want(t, fmt.Sprintf("started, keyed %v", keyed), starts.got(), wantStarts...)
		})
	}
}

// A steady stream of urgent ops lets the others through once they are old enough, and the
// time behind a gate does not count.
func TestAgingEndsStarvation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		old := new(log[time.Duration])
		var s *Scheduler[struct{}, int]
		s = New(func(_ context.Context, op Op[struct{}], n int) error {
			if op.Lane == 1 {
				old.add(time.Since(began).Truncate(time.Second))
			} else if time.Since(began) < time.Minute {
				put(t, s, 0, Submit{})
			}
			time.Sleep(time.Second)
			return nil
		}, nil, Options{Limit: 1, Lanes: []Lane{{}, {Gate: new(Gate)}}, Aging: 10 * time.Second})
		put(t, s, 0, Submit{})
		put(t, s, 0, Submit{Lane: 1})
		put(t, s, 0, Submit{Lane: 1})
		time.Sleep(20 * time.Second)
		want(t, "old ops started after", old.got(), 10*time.Second, 11*time.Second)
		s.lanes[1].Gate.Shut()
		put(t, s, 0, Submit{Lane: 1})
		time.Sleep(20 * time.Second)
		s.lanes[1].Gate.Open()
		time.Sleep(time.Minute)
		drain(t, s)
		want(t, "started after the gate opened", old.got()[2:], 50*time.Second)
	})
}

func TestRetryHoldsItsKeyAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		starts := new(log[string])
		s := New(func(_ context.Context, op Op[byte], name string) error {
			starts.add(fmt.Sprint(time.Since(began), " ", name, op.Attempt))
			if name == "a" && op.Attempt == 1 {
				return fmt.Errorf("first")
			}
			return nil
		}, func(name string) byte { return name[0] }, Options{Limit: 1, Retry: retries(2, time.Second)})
		for _, name := range []string{"a", "ab", "b"} {
			put(t, s, name, Submit{})
		}
		drain(t, s)
		want(t, "started", starts.got(), "0s a1", "0s b1", "1s a2", "1s ab1")
	})
}

// Above one per key a retry goes back to the head and holds new starts of its key.
func TestRetryWithManyPerKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		starts := new(log[string])
		s := New(func(_ context.Context, op Op[int], n int) error {
			starts.add(fmt.Sprint(time.Since(began), " ", n, op.Attempt))
			time.Sleep(time.Duration(n) * time.Second)
			if op.Attempt == 1 && n < 3 {
				return fmt.Errorf("first")
			}
			return nil
		}, func(int) int { return 0 }, Options{Limit: 8, PerKey: 2, Retry: retries(2, 10*time.Second)})
		for n := range 4 {
			put(t, s, n+1, Submit{})
			synctest.Wait()
		}
		drain(t, s)
		slices.Sort(starts.all) // within an instant
		want(t, "started", starts.got(), "0s 1 1", "0s 2 1", "11s 1 2", "12s 2 2", "12s 3 1", "14s 4 1")
	})
}

// An op that overtakes stays behind all that were tried, though one of its own lane is among them
// and the one it stood behind has been dropped.
func TestOvertakingNoRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(func(_ context.Context, _ Op[int], n int) error {
			time.Sleep(time.Duration(n) * time.Second)
			return errDoom
		}, func(int) int { return 0 }, Options{Limit: 8, PerKey: 2, Lanes: []Lane{{}, {}}, Overtake: true, Retry: retries(2, time.Hour)})
		put(t, s, 1, Submit{})
		put(t, s, 2, Submit{})
		put(t, s, 3, Submit{Lane: 1})
		dropped := put(t, s, 4, Submit{})
		time.Sleep(1500 * time.Millisecond)
		s.Drop(dropped, nil) // it was the last of its lane, behind op 1, which was tried
		time.Sleep(time.Second)
		put(t, s, 5, Submit{})
		want(t, "waiting", ids(s.Waiting(0)), 1, 2, 5, 3)
		drain(t, s)
	})
}

// The entries of queues that have moved must not pile up in a lane that is not served.
func TestStaleEntriesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Gate
		g.Shut()
		s, _ := logging(Options{Limit: 1, Lanes: []Lane{{}, {Gate: &g}}, Aging: time.Hour})
		for range 10_000 {
			s.Drop(put(t, s, "a", Submit{Lane: 1}), nil)
		}
		if n := len(s.lanes[1].levels[0].ready.buf) + len(s.byAge.buf); n > 64 {
			t.Errorf("room for %d entries, and nothing waits", n)
		}
		drain(t, s)
	})
}

// Nothing is kept of priorities that are not in use.
func TestLevelsAreForgotten(t *testing.T) {
	s := pool(Options{})
	for p := range 1000 {
		put(t, s, 0, Submit{Priority: p - 500})
	}
	drain(t, s)
	s.lanes[0].top()
	if n := len(s.lanes[0].levels); n > 1 || len(s.lanes[0].byPrio) != n || len(s.loose) != 0 {
		t.Errorf("%d levels, %d by priority, %d queues", n, len(s.lanes[0].byPrio), len(s.loose))
	}
}

func TestAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		starts := new(log[string])
		s := New(func(_ context.Context, _ Op[byte], name string) error {
			starts.add(fmt.Sprint(time.Since(began), " ", name))
			return nil
		}, func(name string) byte { return name[0] }, Options{Limit: 1})
		time.Sleep(time.Nanosecond) // so that a sum with the clock could wrap around
		began = time.Now()
		put(t, s, "a1", Submit{After: 2 * time.Second})
		put(t, s, "a2", Submit{})
		put(t, s, "b", Submit{After: time.Second})
		put(t, s, "e", Submit{After: time.Second + 1})
		never := put(t, s, "c", Submit{After: math.MaxInt64})
		put(t, s, "d", Submit{After: -time.Second})
		time.Sleep(time.Hour)
		want(t, "started", starts.got(), "0s d", "1s b", "1.000000001s e", "2s a1", "2s a2")
		if !s.Drop(never, nil) {
			t.Error("an op that is delayed for ever was not found")
		}
		drain(t, s)
	})
}
