package sched

import (
	"context"
	"runtime"
	"testing"
	"time"
)

func BenchmarkUnkeyed(b *testing.B) {
	s := New(func(context.Context, Op[struct{}], int) error { return nil }, nil, Options{Limit: 2})
	ctx := context.Background()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.Put(ctx, i, Submit{})
	}
	s.Drain(ctx)
}

func BenchmarkKeyed(b *testing.B) {
	for _, bm := range []struct {
		name string
		keys int
	}{{"10", 10}, {"100", 100}, {"1e4", 10_000}} {
		b.Run(bm.name, func(b *testing.B) {
			s := New(func(context.Context, Op[int], int) error { return nil }, func(i int) int { return i % bm.keys }, Options{Limit: 2, Window: 20000})
			ctx := context.Background()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				s.Put(ctx, i, Submit{})
			}
			s.Drain(ctx)
		})
	}
}

// What many waiting ops cost that end, or are put, at once: the metric is how much more one of
// four times as many costs, so 1 is linear and 4 quadratic.
func BenchmarkGrowth(b *testing.B) {
	const few = 5000
	nothing := func(context.Context, Op[int], int) error { return nil }
	one := func(int) int { return 0 }
	paused := func(keyOf func(int) int, o Options) *Scheduler[int, int] {
		o.Limit, o.Window = 1, -1
		s := New(nothing, keyOf, o)
		s.Pause()
		return s
	}
	fill := func(s *Scheduler[int, int], n int, submit func(int) Submit) {
		for i := range n {
			s.Put(context.Background(), i, submit(i))
		}
	}
	lane := func(i int) func(int) Submit { return func(int) Submit { return Submit{Lane: i} } }
	for _, bm := range []struct {
		name string
		run  func(n int) time.Duration
	}{
		{"bound", func(n int) time.Duration {
			s := paused(nil, Options{})
			fill(s, n, lane(0))
			ctx, cancel := context.WithCancel(context.Background())
			fill(s, n, func(int) Submit { return Submit{Bound: ctx} })
			began := time.Now()
			cancel()
			for s.Stats().Dropped < uint64(n) {
				runtime.Gosched()
			}
			return time.Since(began)
		}},
		{"gate", func(n int) time.Duration {
			var g Gate
			s := paused(one, Options{Lanes: []Lane{{}, {Gate: &g}}})
			fill(s, n, lane(0))
			fill(s, n, lane(1))
			began := time.Now()
			g.Drop(nil)
			return time.Since(began)
		}},
		{"overtake", func(n int) time.Duration {
			s := paused(one, Options{Lanes: []Lane{{}, {}, {}}, Overtake: true})
			fill(s, n, lane(1))
			fill(s, n, lane(2))
			began := time.Now()
			fill(s, n, lane(1))
			return time.Since(began)
		}},
		{"priorities", func(n int) time.Duration {
			s := paused(one, Options{})
			began := time.Now()
			fill(s, n, func(i int) Submit { return Submit{Priority: -i} })
			s.Resume()
			s.Drain(context.Background())
			return time.Since(began)
		}},
		{"retries", func(n int) time.Duration {
			s := New(func(_ context.Context, op Op[int], _ int) error {
				if op.Attempt == 1 {
					return errDoom
				}
				return nil
			}, nil, Options{Limit: 1, Window: -1, Retry: retries(2, time.Millisecond)})
			began := time.Now()
			fill(s, n, lane(0))
			s.Drain(context.Background())
			return time.Since(began)
		}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			var at, atFour time.Duration
			for b.Loop() {
				at += bm.run(few)
				atFour += bm.run(4 * few)
			}
			b.ReportMetric(float64(atFour)/float64(at)/4, "growth")
		})
	}
}
