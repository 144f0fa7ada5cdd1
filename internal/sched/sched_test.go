package sched

import (
	"context"
	"testing"
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
