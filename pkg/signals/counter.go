package signals

import (
	"sync"
	"time"
)

// defaultBuckets makes a count at most a tenth of its span late.
const defaultBuckets = 10

// Counter counts over a sliding span of time without keeping what it counted: the span is
// divided into buckets, and a whole bucket expires at once. What was counted stays for at least
// the span, and for less than the span plus one bucket. So the count is never below the exact
// number for the span, and never above that for span + span/buckets.
//
// Adding and counting are O(1), amortised over time that passes. All methods are safe for
// concurrent use.
type Counter struct {
	width time.Duration // of a bucket
	start time.Time
	stop  func() // ends the subscription; nil for none

	mu      sync.Mutex
	buckets []int // ring by tick; one more than asked for: the newest is partly future
	tick    int64 // of the newest bucket
	total   int
}

// NewCounter returns a counter that is fed only by [Counter.Add]. A number of buckets
// below 1 means 10. It panics if the span is not positive.
func NewCounter(span time.Duration, buckets int) *Counter {
	if span <= 0 {
		panic("signals: counter with a span that is not positive")
	}
	if buckets < 1 {
		buckets = defaultBuckets
	}
	n := time.Duration(buckets)
	width := span / n
	if span%n != 0 {
		width++
	}
	return &Counter{width: width, start: time.Now(), buckets: make([]int, buckets+1)}
}

// Counter returns a counter of the events that match, from now on, with the rules of
// [NewCounter]. Close it when done.
func (s *Sink) Counter(p Pattern, span time.Duration, buckets int) *Counter {
	c := NewCounter(span, buckets)
	c.stop = s.Subscribe(p, func(Event) { c.Add(1) })
	return c
}

// Add adds n to the count, now; n may be negative.
func (c *Counter) Add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slide()
	*c.bucket(c.tick) += n
	c.total += n
}

// Count returns the number for the span that ends now.
func (c *Counter) Count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slide()
	return c.total
}

// NextDrop returns how long it takes until the count falls if nothing is added; 0 if the count is
// 0. It looks through the buckets.
func (c *Counter) NextDrop() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.slide()
	span := int64(len(c.buckets))
	for tick := c.tick - span + 1; tick <= c.tick; tick++ {
		if tick >= 0 && *c.bucket(tick) != 0 {
			return time.Duration(tick+span)*c.width - now
		}
	}
	return 0
}

// Reset forgets what was counted.
func (c *Counter) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.buckets)
	c.total = 0
}

// Close detaches the counter from its sink; it can still be read. It is idempotent.
func (c *Counter) Close() {
	if c.stop != nil {
		c.stop()
	}
}

func (c *Counter) bucket(tick int64) *int { return &c.buckets[tick%int64(len(c.buckets))] }

// slide empties the buckets that time has left behind and returns the time since start.
func (c *Counter) slide() time.Duration {
	now := time.Since(c.start)
	tick := int64(now / c.width)
	if tick-c.tick >= int64(len(c.buckets)) {
		clear(c.buckets)
		c.total = 0
		c.tick = tick
	}
	for c.tick < tick {
		c.tick++
		b := c.bucket(c.tick)
		c.total -= *b
		*b = 0
	}
	return now
}
