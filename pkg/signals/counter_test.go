package signals_test

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mostlylucid/eph/pkg/signals"
)

// TestCounterBounds compares with an exact count: never below that of the span, never above
// that of the span and one bucket.
func TestCounterBounds(t *testing.T) {
	for _, tt := range []struct {
		span    time.Duration
		buckets int
	}{{10 * time.Second, 10}, {time.Second, 3}, {time.Minute, 1}, {7, 10}, {time.Second, 0}} {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(3, uint64(tt.span)))
			c := signals.NewCounter(tt.span, tt.buckets)
			buckets := tt.buckets
			if buckets == 0 {
				buckets = 10
			}
			width := (tt.span + time.Duration(buckets) - 1) / time.Duration(buckets)
			var added []time.Time
			within := func(d time.Duration) (n int) {
				for _, at := range added {
					if time.Since(at) < d {
						n++
					}
				}
				return n
			}
			for range 2000 {
				switch random.IntN(20) {
				case 0:
					time.Sleep(time.Duration(random.Int64N(int64(3 * tt.span))))
				case 1, 2, 3, 4, 5:
					time.Sleep(time.Duration(random.Int64N(int64(width)) + 1))
				default:
					c.Add(1)
					added = append(added, time.Now())
				}
				got, least, most := c.Count(), within(tt.span), within(width*time.Duration(buckets+1))
				if got < least || got > most {
					t.Fatalf("span %v, %d buckets: Count() = %d, want %d to %d", tt.span, buckets, got, least, most)
				}
			}
		})
	}
}

func TestCounterNextDrop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := signals.NewCounter(10*time.Second, 10)
		if got := c.NextDrop(); got != 0 {
			t.Errorf("NextDrop() of nothing = %v, want 0", got)
		}
		for _, n := range []int{1, 2, 3} {
			time.Sleep(1500 * time.Millisecond)
			c.Add(n)
		}
		for _, left := range []int{5, 3, 0} {
			before := c.Count()
			d := c.NextDrop()
			time.Sleep(d - 1)
			if got := c.Count(); got != before {
				t.Errorf("Count() = %d a moment before the drop, want %d", got, before)
			}
			time.Sleep(time.Nanosecond)
			if got := c.Count(); got != left {
				t.Errorf("Count() = %d after %v, want %d", got, d, left)
			}
		}
		if got := c.NextDrop(); got != 0 {
			t.Errorf("NextDrop() of nothing left = %v, want 0", got)
		}
		c.Add(4)
		time.Sleep(time.Hour)
		if got, next := c.Count(), c.NextDrop(); got != 0 || next != 0 {
			t.Errorf("Count(), NextDrop() after an hour = %d, %v, want 0, 0", got, next)
		}
	})
}

func TestCounterOfSink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s signals.Sink
		s.Raise("job.failed", "")
		c := s.Counter(signals.MustCompile("*.failed"), time.Minute, 6)
		raiseAll(&s, "job.failed", "job.done", "run.failed")
		if got := c.Count(); got != 2 {
			t.Errorf("Count() = %d, want 2", got)
		}
		c.Close()
		c.Close()
		s.Raise("job.failed", "")
		if got := c.Count(); got != 2 {
			t.Errorf("Count() after Close = %d, want 2", got)
		}
		c.Reset()
		if got := c.Count(); got != 0 {
			t.Errorf("Count() after Reset = %d, want 0", got)
		}
		signals.NewCounter(time.Second, 1).Close()
	})
}

func TestCounterWithoutSpan(t *testing.T) {
	mustPanic(t, "NewCounter", func() { signals.NewCounter(0, 1) })
}
