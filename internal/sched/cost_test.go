package sched

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestMemoryAfterAMillionKeys(t *testing.T) {
	if raced {
		t.Skip("the race detector keeps memory of its own")
	}
	n := 1_000_000
	if testing.Short() {
		n = 100_000
	}
	before := heapInUse()
	s := New(func(context.Context, Op[int], int) error { return nil }, itself, Options{Limit: 2, Window: -1, Aging: time.Hour})
	s.Pause()
	for i := range n {
		put(t, s, i, Submit{})
	}
	s.Resume()
	if err := s.Idle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if kept := int64(heapInUse()) - int64(before); kept > 512<<10 {
		t.Errorf("%d KiB are kept after %d keys, want at most 512", kept>>10, n)
	}
	drain(t, s)
}

// What waits takes, on the heap, by how much it grows: size classes, rings and tables included.
func TestSizes(t *testing.T) {
	if raced {
		t.Skip("the race detector keeps memory of its own")
	}
	const n = 1 << 16 // rings and tables, whose sizes are powers of two, are just full
	for _, tt := range []struct {
		name  string
		keyOf func(int) int
		most  int64
	}{
		{"op without a key", nil, 72}, // with its value, an int: the next size class is 80
		{"op of one key", func(int) int { return 0 }, 72},
		{"op and its key", itself, 64 + 128},
	} {
		before := heapInUse()
		s := New(func(context.Context, Op[int], int) error { return nil }, tt.keyOf, Options{Window: -1})
		s.Pause()
		for i := range n {
			put(t, s, i, Submit{})
		}
		if each := (int64(heapInUse()) - int64(before)) / n; each > tt.most {
			t.Errorf("an %s takes %d bytes, want at most %d", tt.name, each, tt.most)
		}
		s.Cancel(nil)
	}
}

func TestNoAllocationsInSteadyState(t *testing.T) {
	if raced {
		t.Skip("the race detector allocates")
	}
	for name, s := range map[string]*Scheduler[int, int]{
		"unkeyed": New(func(context.Context, Op[int], int) error { return nil }, nil, Options{Limit: 2}),
		"keyed":   New(func(context.Context, Op[int], int) error { return nil }, func(n int) int { return n % 100 }, Options{Limit: 2}),
		"lanes":   New(func(context.Context, Op[int], int) error { return nil }, func(n int) int { return n % 100 }, Options{Limit: 2, Lanes: []Lane{{}, {Weight: 2}, {Weight: 1}}, Aging: time.Hour}),
	} {
		i := 0
		round := func() {
			for range 1000 {
				i++
				if _, err := s.Put(t.Context(), i, Submit{Lane: i % len(s.lanes)}); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range 5 {
			round()
		}
		if n := testing.AllocsPerRun(10, round) / 1000; n > 0.05 {
			t.Errorf("%s: %.2f allocations per op", name, n)
		}
		drain(t, s)
	}
}

func TestIdleOwnsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := runtime.NumGoroutine()
		s := New(func(_ context.Context, _ Op[int], n int) error {
			if n%3 == 0 {
				return errors.New("no")
			}
			return nil
		}, itself, Options{Limit: 8, Retry: retries(2, time.Second), Timeout: time.Minute, Rate: &meter{every: time.Millisecond}})
		for i := range 100 {
			put(t, s, i, Submit{After: time.Duration(i) * time.Millisecond})
		}
		if err := s.Idle(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for looks := 0; runtime.NumGoroutine() > before; looks++ { // one that has ended may be counted for a while
			if looks == 1e6 {
				t.Fatalf("%d goroutines, want %d", runtime.NumGoroutine(), before)
			}
			runtime.Gosched()
		}
		if s.timerAt != never || s.timer.Stop() {
			t.Error("a timer is set")
		}
		// The bubble would panic if anything were left, though the scheduler was not closed.
	})
}

// Many producers, changes and listings at once, outside a bubble, for the race detector.
func TestRaces(t *testing.T) {
	const producers, each, limit = 6, 300, 4
	var running, perKey [8]atomic.Int32
	var all, ended atomic.Int32
	var g Gate
	s := New(func(_ context.Context, op Op[int], n int) error {
		if now := all.Add(1); now > limit {
			t.Errorf("%d run", now)
		}
		defer all.Add(-1)
		if now := perKey[op.Key].Add(1); now > 1 {
			t.Errorf("%d run of key %d", now, op.Key)
		}
		defer perKey[op.Key].Add(-1)
		running[op.Key].Add(1)
		switch n % 16 {
		case 0:
			runtime.Goexit()
		case 1:
			panic(n)
		case 2, 3:
			return errors.New("no")
		case 4:
			runtime.Gosched()
		}
		return nil
	}, func(n int) int { return n % 8 }, Options{Limit: limit, Window: 32, Retry: retries(3, time.Microsecond), Lanes: []Lane{{}, {Weight: 2, Gate: &g}, {Weight: 1, Depth: 8}}, Aging: time.Millisecond, Timeout: time.Second})
	s.Notify(Hooks[int, int]{Finish: func(Info[int], int) { ended.Add(1) }})
	var wg sync.WaitGroup
	for p := range producers {
		wg.Go(func() {
			for i := range each {
				ctx, cancel := context.WithCancel(t.Context())
				t.Cleanup(cancel)
				n := p*each + i
				id, err := s.Put(ctx, n, Submit{Lane: n % 3, Priority: n % 2, Bound: ctx, After: time.Duration(n%4) * time.Microsecond})
				if err != nil {
					t.Error(err)
				}
				switch n % 5 {
				case 0:
					cancel()
				case 1:
					s.Drop(id, nil)
				}
			}
		})
	}
	stop := make(chan struct{})
	var others sync.WaitGroup
	for _, act := range []func(){
		func() { g.Shut(); g.Open(); g.Drop(nil); g.Open(); g.ShutFor(time.Microsecond) },
		func() { s.SetLimit(1); s.SetLimit(limit); s.Pause(); s.Resume() },
		func() {
			st := s.Stats()
			if st.Accepted != st.Done+st.Failed+st.Dropped+uint64(st.Pending+st.Delayed+st.Running) {
				t.Errorf("sums of %+v", st)
			}
			for i := range s.Running() {
				s.Find(i.ID)
			}
			for range s.Waiting(1) {
			}
			for i := range s.Recent() {
				s.Pin(i.ID, time.Microsecond)
			}
		},
		func() { _ = s.Quiesce(t.Context(), func() error { return nil }) },
	} {
		others.Go(func() {
			for range 200 { // not for ever: pauses without end would hold up the producers
				select {
				case <-stop:
					return
				default:
					act()
					runtime.Gosched()
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	others.Wait()
	g.Open()
	drain(t, s)
	st := s.Stats()
	if st.Accepted != producers*each || st.Accepted != st.Done+st.Failed+st.Dropped || int(ended.Load()) != producers*each || st.Keys != 0 {
		t.Errorf("%+v, told of %d ends", st, ended.Load())
	}
}

// Producers that give up race with the room that they get.
func TestProducersRace(t *testing.T) {
	s := New(func(context.Context, Op[struct{}], int) error { return nil }, nil, Options{Limit: 1, Window: 2})
	var accepted atomic.Uint64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				ctx, cancel := context.WithCancel(t.Context())
				go cancel()
				if _, err := s.Put(ctx, 0, Submit{}); err == nil {
					accepted.Add(1)
				}
			}
		})
	}
	wg.Wait()
	drain(t, s)
	if got := s.Stats(); got.Done != accepted.Load() || got.Accepted != got.Done || got.Producers != 0 {
		t.Errorf("%+v, and %d puts were accepted", got, accepted.Load())
	}
}
