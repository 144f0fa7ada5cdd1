package patterns

import (
	"container/list"
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Rate is a rate limiter with one word of state: the theoretical arrival time of the generic
// cell rate algorithm (ITU-T I.371). It implements coord.Limiter. Make one
// with NewRate; it needs no closing.
type Rate struct {
	epoch time.Time
	tat   atomic.Int64 // when all permits given out so far are due, after epoch
	shut  atomic.Int64 // no permit may be used before, after epoch

	pace atomic.Pointer[cadence]

	mu    sync.Mutex  // of changes, and of the line
	line  list.List   // of channels that are closed to serve those who Wait, in order
	due   []int64     // the permits reserved for the line: as many, and rising
	timer *time.Timer // for the first of them

	watch    sync.Mutex // held over nothing that calls out
	watchers []*func()
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
	every := max(time.Duration(min(float64(time.Second)/perSecond, float64(longest))), 1)
	ahead := min(float64(every)*float64(max(burst, 1)-1), far/2)
	return &cadence{every: every, slack: time.Duration(ahead)}
}

// far is a time far in the future. Anything later counts as this, so that no sum overflows.
const far = math.MaxInt64 / 4

// NewRate returns a limiter of perSecond permits a second, which may be a fraction, of which
// burst may be taken at once after a pause; less than 1 counts as 1. It panics unless perSecond
// is positive. More than 1e9 a second counts as that, and less than one a year as one.
func NewRate(perSecond float64, burst int) *Rate {
	r := &Rate{epoch: time.Now()}
	r.shut.Store(-far)
	r.pace.Store(cadenceOf(perSecond, burst))
	return r
}

// Set changes the rate, even for those already in Wait: they wait for as many permits as before, at
// the new rate. Its parameters are those of NewRate. What Reserve has returned stays as it is:
// OnChange tells who has asked already, such as a coordinator, to ask again.
func (r *Rate) Set(perSecond float64, burst int) {
	r.set(perSecond, burst)
	r.changed()
}

// set is Set without telling of it.
func (r *Rate) set(perSecond float64, burst int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	from, to := r.pace.Load(), cadenceOf(perSecond, burst)
	r.pace.Store(to)
	start := max(r.now(), r.shut.Load()) // from here on there is a rate
	moved := func(at int64) int64 {
		return start + int64(min(float64(at-start)/float64(from.every)*float64(to.every), far))
	}
	for tat := r.tat.Load(); tat > start && !r.tat.CompareAndSwap(tat, moved(tat)); {
		tat = r.tat.Load()
	}
	for i, at := range r.due {
		r.due[i] = moved(at)
	}
	r.heed()
}

// hold lets no permit be used for d, also by those in Wait, and keeps nothing saved up for a
// burst then. A longer time that was asked for stays.
func (r *Rate) hold(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shut.Store(max(r.shut.Load(), r.now()+int64(d)))
	r.heed()
}

// heed moves the line behind the time before which no permit may be used, and sets the timer.
func (r *Rate) heed() {
	if len(r.due) > 0 {
		if by := r.earliest(r.pace.Load()) - r.due[0]; by > 0 {
			for i, at := range r.due {
				r.due[i] = min(at+by, far)
			}
			r.tat.Add(by)
		}
	}
	r.arm()
}

// earliest is the first place in time for a permit once they may be used.
func (r *Rate) earliest(c *cadence) int64 { return r.shut.Load() + int64(c.slack) }

// OnChange calls fn after each Set, and after each Slow of an AdaptiveRate and each OK that has
// changed the rate, until stop: on the goroutine that made the change, outside all locks. fn must not
// change the rate. stop does not wait for a call that is under way. Coordinators whose Options.Rate
// this is make use of it.
func (r *Rate) OnChange(fn func()) (stop func()) {
	w := &fn
	r.watch.Lock()
	defer r.watch.Unlock()
	r.watchers = append(slices.Clip(r.watchers), w) // a copy: changed reads without the lock
	return func() {
		r.watch.Lock()
		defer r.watch.Unlock()
		r.watchers = slices.DeleteFunc(slices.Clone(r.watchers), func(other *func()) bool { return other == w })
	}
}

func (r *Rate) changed() {
	r.watch.Lock()
	watchers := r.watchers
	r.watch.Unlock()
	for _, fn := range watchers {
		(*fn)()
	}
}

// PerSecond is the rate, in permits a second.
func (r *Rate) PerSecond() float64 { return float64(time.Second) / float64(r.pace.Load().every) }

func (r *Rate) now() int64 { return int64(time.Since(r.epoch)) }

// Allow takes a permit if one is available now, and reports whether it did. It does not wait.
func (r *Rate) Allow() bool {
	c := r.pace.Load()
	for now := r.now(); ; {
		tat := r.tat.Load()
		at := max(tat, now, r.earliest(c))
		if at-now > int64(c.slack) {
			return false
		}
		if r.tat.CompareAndSwap(tat, min(at+int64(c.every), far)) {
			return true
		}
	}
}

// Reserve takes a permit and returns how long to wait until it may be used; 0 means at once. It
// implements coord.Limiter.
func (r *Rate) Reserve() time.Duration {
	_, wait := r.reserve()
	return wait
}

// reserve returns a permit's place in time too, which is the burst's slack later than its use.
func (r *Rate) reserve() (at int64, wait time.Duration) {
	c := r.pace.Load()
	for now := r.now(); ; {
		tat := r.tat.Load()
		at = max(tat, now, r.earliest(c))
		if r.tat.CompareAndSwap(tat, min(at+int64(c.every), far)) {
			return at, time.Duration(max(at-int64(c.slack)-now, 0))
		}
	}
}

// Unreserve gives back a permit that was reserved but not used: the last one, so that later
// reservations stay valid; the next permit may therefore be due at the same time as one of them.
func (r *Rate) Unreserve() { r.tat.Add(-int64(r.pace.Load().every)) }

// Next returns how long it takes until a permit is available; 0 means now.
func (r *Rate) Next() time.Duration {
	c := r.pace.Load()
	return time.Duration(max(max(r.tat.Load(), r.earliest(c))-int64(c.slack)-r.now(), 0))
}

// Wait takes a permit, and waits until it may be used. Waiters are served in order of arrival, and a
// new rate applies to them too. If the context ends first, Wait returns its cause, those behind it
// move up, and the last permit in the line is given back.
func (r *Rate) Wait(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	at, wait := r.reserve()
	if wait <= 0 && r.line.Len() == 0 {
		r.mu.Unlock()
		return nil
	}
	served := make(chan struct{})
	me := r.line.PushBack(served)
	r.due = append(r.due, at)
	r.arm()
	r.mu.Unlock()
	select {
	case <-served:
		return nil
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-served: // meanwhile
		return nil
	default:
	}
	r.line.Remove(me)
	r.due = r.due[:len(r.due)-1]
	r.Unreserve()
	r.arm()
	return context.Cause(ctx)
}

// serve lets those at the head of the line go whose permits are due.
func (r *Rate) serve() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.due) > 0 && r.left() <= 0 {
		close(r.line.Remove(r.line.Front()).(chan struct{}))
		r.due = r.due[1:]
	}
	r.arm()
}

// left is how long the head of the line has to wait.
func (r *Rate) left() time.Duration {
	return time.Duration(r.due[0] - int64(r.pace.Load().slack) - r.now())
}

// arm sets the timer of the head of the line. One that fires in vain does no harm.
func (r *Rate) arm() {
	switch {
	case len(r.due) == 0:
		r.due = nil
		if r.timer != nil {
			r.timer.Stop()
		}
	case r.timer == nil:
		r.timer = time.AfterFunc(r.left(), r.serve)
	default:
		r.timer.Reset(r.left())
	}
}
