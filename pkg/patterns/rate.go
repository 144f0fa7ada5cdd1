package patterns

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Rate is a rate limiter with one word of state: the theoretical arrival time of the generic
// cell rate algorithm (ITU-T I.371). It implements coord.Limiter, and its methods may be called
// at the same time. Make one with NewRate.
type Rate struct {
	epoch time.Time
	tat   atomic.Int64 // when all permits given out so far are due, after epoch

	mu    sync.Mutex // of changes, and of the line of waiters
	pace  atomic.Pointer[cadence]
	moved chan struct{} // closed when the rate changes
}

// cadence is a rate in the form that the algorithm uses.
type cadence struct {
	every time.Duration // between two permits
	slack time.Duration // how far permits may be ahead of that: every for each of the burst but one
}

func cadenceOf(perSecond float64, burst int) *cadence {
	if !(perSecond > 0) {
		panic("patterns: a rate has to be positive")
	}
	const longest = 365 * 24 * time.Hour
	every := time.Duration(min(float64(time.Second)/perSecond, float64(longest)))
	return &cadence{every: every, slack: every * time.Duration(max(burst, 1)-1)}
}

// NewRate returns a limiter of perSecond permits a second, which may be a fraction, of which
// burst may be taken at once after a pause; less than 1 counts as 1. It panics unless perSecond
// is positive.
func NewRate(perSecond float64, burst int) *Rate {
	r := &Rate{epoch: time.Now(), moved: make(chan struct{})}
	r.pace.Store(cadenceOf(perSecond, burst))
	return r
}

// Set changes the rate, also for those who wait: what they wait for takes as many permits'
// time as before, at the new rate.
func (r *Rate) Set(perSecond float64, burst int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	from, to := r.pace.Load(), cadenceOf(perSecond, burst)
	r.pace.Store(to)
	for {
		now, tat := r.now(), r.tat.Load()
		if tat <= now || from.every == 0 {
			break
		}
		ahead := float64(tat-now) / float64(from.every) * float64(to.every)
		if r.tat.CompareAndSwap(tat, now+int64(ahead)) {
			break
		}
	}
	close(r.moved)
	r.moved = make(chan struct{})
}

// PerSecond is the rate.
func (r *Rate) PerSecond() float64 { return float64(time.Second) / float64(r.pace.Load().every) }

func (r *Rate) now() int64 { return int64(time.Since(r.epoch)) }

// Allow takes a permit if there is one now.
func (r *Rate) Allow() bool {
	c := r.pace.Load()
	for now := r.now(); ; {
		tat := r.tat.Load()
		if tat-now > int64(c.slack) {
			return false
		}
		if r.tat.CompareAndSwap(tat, max(tat, now)+int64(c.every)) {
			return true
		}
	}
}

// Reserve takes a permit and returns how long to wait until it may be used; 0 is at once. It
// implements coord.Limiter.
func (r *Rate) Reserve() time.Duration {
	c := r.pace.Load()
	for now := r.now(); ; {
		tat := r.tat.Load()
		if r.tat.CompareAndSwap(tat, max(tat, now)+int64(c.every)) {
			return time.Duration(max(tat-int64(c.slack)-now, 0))
		}
	}
}

// Unreserve gives back a permit that was reserved and not used.
func (r *Rate) Unreserve() { r.tat.Add(-int64(r.pace.Load().every)) }

// Next is how long it is until there is a permit; 0 is now.
func (r *Rate) Next() time.Duration {
	return time.Duration(max(r.tat.Load()-int64(r.pace.Load().slack)-r.now(), 0))
}

// Wait takes a permit, and waits until it may be used. Those who wait are served in the order
// in which they came, and a new rate counts for them too. When the context ends first, Wait
// returns its cause and the permit goes back.
func (r *Rate) Wait(ctx context.Context) error {
	r.mu.Lock()
	before, moved, pace := r.tat.Load(), r.moved, r.pace.Load()
	wait := r.Reserve()
	at := max(before, r.now()) // the permit's place in line
	r.mu.Unlock()
	for wait > 0 {
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			timer.Stop()
			r.Unreserve()
			return context.Cause(ctx)
		case <-moved:
			timer.Stop()
		}
		r.mu.Lock()
		now, next := r.now(), r.pace.Load()
		ahead := float64(at-now) / float64(pace.every) * float64(next.every)
		at, pace, moved = now+int64(ahead), next, r.moved
		r.mu.Unlock()
		wait = time.Duration(at - int64(pace.slack) - now)
	}
	return ctx.Err()
}
