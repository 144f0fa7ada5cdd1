package sched

import (
	"math"
	"time"
)

// never is the time of a timer that is not set.
const never = math.MaxInt64

// delayed is an op that waits for its time.
type delayed[K comparable, T any] struct {
	due int64 // on the scheduler's clock
	op  *node[K, T]
}

// delayHeap has the earliest op first, by id where times are equal. Ops know their place, so
// that any one can be taken out.
type delayHeap[K comparable, T any] []delayed[K, T]

func (h delayHeap[K, T]) less(i, j int) bool {
	return h[i].due < h[j].due || h[i].due == h[j].due && h[i].op.id < h[j].op.id
}

func (h delayHeap[K, T]) swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].op.place, h[j].op.place = int32(i), int32(j)
}

func (h *delayHeap[K, T]) push(d delayed[K, T]) {
	d.op.place = int32(len(*h))
	*h = append(*h, d)
	h.up(len(*h) - 1)
}

func (h *delayHeap[K, T]) remove(i int) {
	last := len(*h) - 1
	h.swap(i, last)
	(*h)[last] = delayed[K, T]{}
	*h = (*h)[:last]
	if i < last {
		h.down(i)
		h.up(i)
	}
}

func (h delayHeap[K, T]) up(i int) {
	for parent := (i - 1) / 2; i > 0 && h.less(i, parent); parent = (i - 1) / 2 {
		h.swap(i, parent)
		i = parent
	}
}

func (h delayHeap[K, T]) down(i int) {
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(h); c++ {
			if h.less(c, least) {
				least = c
			}
		}
		if least == i {
			return
		}
		h.swap(i, least)
		i = least
	}
}

// now is the scheduler's clock: nanoseconds since it was made, monotonic.
func (s *Scheduler[K, T]) now() int64 { return int64(time.Since(s.epoch)) }

// postpone lets an op wait for d. A keyed one stands in its queue meanwhile and holds it
// when it is at the head; an unkeyed one holds nothing. The caller arms the timer.
func (s *Scheduler[K, T]) postpone(n *node[K, T], d time.Duration) {
	at := s.now()
	at += min(int64(max(d, 0)), never-at) // what would come after the end of time never comes
	s.delays.push(delayed[K, T]{at, n})
	s.delayed++
	s.lanes[n.lane].waiting++
}

// wake moves the ops whose time has come to where they may start.
func (s *Scheduler[K, T]) wake() {
	for now := s.now(); len(s.delays) > 0 && s.delays[0].due <= now; {
		n := s.delays[0].op
		s.delays.remove(0)
		n.state = n.state.next(due)
		s.delayed--
		s.pending++
		if n.queue == nil {
			n.queue = s.looseQueue(n.rank())
			if n.attempt > 0 {
				n.queue.giveBack(n)
			} else {
				n.queue.append(n)
			}
			s.stamp(n)
		}
		s.settle(n.queue)
	}
}

// permitted reports whether the rate lets an op start now. A permit is taken only for an op
// that could use it, for others may share the limiter. If that one goes away and no other could,
// the permit goes back, or waits for the next op if the limiter does not take it.
func (s *Scheduler[K, T]) permitted() bool {
	if s.o.Rate == nil {
		return true
	}
	if !s.startable() {
		s.unreserve()
		return false
	}
	if !s.hasPermit {
		s.hasPermit = true
		wait, err := s.reserve()
		s.permitAt, s.broken = s.now()+int64(wait), err
	}
	s.awaits = s.permitAt > s.now()
	if s.awaits {
		s.arm()
	}
	return !s.awaits
}

// reserve takes a permit, which is due at once and broken if the limiter panics.
func (s *Scheduler[K, T]) reserve() (wait time.Duration, err error) {
	defer recovered(&err)
	return s.o.Rate.Reserve(), nil
}

// unreserve gives a permit back that was not used, if the limiter takes it. One that panics has
// lost it.
func (s *Scheduler[K, T]) unreserve() {
	if l, ok := s.o.Rate.(interface{ Unreserve() }); ok && s.hasPermit {
		s.hasPermit = false
		defer func() { _ = recover() }()
		l.Unreserve()
	}
}

// watchRate begins or ends to hear of changes of the rate, if the limiter tells of them. It is
// watched only while a permit is awaited, so that it keeps no idle scheduler alive.
func (s *Scheduler[K, T]) watchRate(awaits bool) {
	switch {
	case awaits == (s.unwatch != nil):
	case awaits:
		if l, ok := s.o.Rate.(interface{ OnChange(func()) func() }); ok {
			s.unwatch = l.OnChange(s.Reconsider)
		}
	default:
		s.unwatch()
		s.unwatch = nil
	}
}

// arm sets the one timer to the earliest thing that waits for time, or stops it.
func (s *Scheduler[K, T]) arm() {
	at := int64(never)
	if len(s.delays) > 0 {
		at = s.delays[0].due
	}
	awaits := false
	switch {
	case !s.hasPermit:
	case s.paused > 0 || !s.startable():
		s.unreserve()
	case s.awaits: // the clock is not asked again: it may have gone on
		at, awaits = min(at, s.permitAt), true
	}
	s.watchRate(awaits)
	if at == s.timerAt {
		return
	}
	s.timerAt = at
	switch {
	case at == never:
		s.timer.Stop()
	case s.timer == nil:
		s.timer = time.AfterFunc(time.Duration(at-s.now()), s.fire)
	default:
		s.timer.Reset(time.Duration(at - s.now()))
	}
}

func (s *Scheduler[K, T]) fire() {
	s.mu.Lock()
	s.timerAt = never
	s.awaits = s.awaits && s.permitAt > s.now() // who cannot start now asks when it can
	s.wake()
	s.spawn()
	s.arm()
	s.unlock()
}
