package coord_test

import (
	"context"
	"testing"

	"github.com/mostlylucid/eph/pkg/coord"
)

// What a coordinator adds to the scheduler under it: see the benchmarks of internal/sched.
func BenchmarkKeyed(b *testing.B) {
	c := coord.NewKeyed(func(n int) int { return n & 1023 }, func(context.Context, coord.Op[int], int) error { return nil },
		coord.Options{Limit: 2, NoClock: true})
	c.Notify(coord.Hooks[int, int]{Finish: func(coord.Info[int], int) {}})
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if _, err := c.Put(b.Context(), n); err != nil {
			b.Fatal(err)
		}
	}
	if err := c.Drain(b.Context()); err != nil {
		b.Fatal(err)
	}
}
