package sched

import (
	"container/list"
	"context"
	"fmt"
	"hash/maphash"
	"math"
	"time"
)

// Submit is what may be said of one op. The zero value is an op in the first lane, of
// priority 0, that may start at once.
type Submit struct {
	Lane     int
	LaneName string // instead of Lane
	Priority int    // within the lane, higher first; clamped to 32 bits
	After    time.Duration
	Bound    context.Context // drops the op, or cancels its context, when it ends
	Done     chan error      // capacity 1; receives the op's error once it has ended
}

// offer is an op that a producer would like to have accepted.
type offer[K comparable, T any] struct {
	Submit
	value T
	key   K
	hash  uint64 // of key
	rank  rank
}

// producer waits for room.
type producer[K comparable, T any] struct {
	offer[K, T]
	id    ID
	err   error
	ready chan struct{} // closed when id or err is set
}

// describe fills an offer in.
func (s *Scheduler[K, T]) describe(of *offer[K, T], v T, o *Submit) error {
	of.Submit, of.value = *o, v
	if o.LaneName != "" {
		of.Lane = -1
		for i := range s.lanes {
			if s.lanes[i].Name == o.LaneName {
				of.Lane = i
			}
		}
		if of.Lane < 0 {
			return fmt.Errorf("%w: %q", ErrNoLane, o.LaneName)
		}
	}
	if of.Lane < 0 || of.Lane >= len(s.lanes) {
		return fmt.Errorf("%w: %d of %d", ErrNoLane, of.Lane, len(s.lanes))
	}
	of.rank = rank{
		lane:     uint8(of.Lane),
		priority: int32(min(max(o.Priority, math.MinInt32), math.MaxInt32)),
	}
	if s.keyOf != nil {
		of.key = s.keyOf(v)
		of.hash = maphash.Comparable(s.seed, of.key)
	}
	return nil
}

// Put accepts v, and waits for room first if need be; ctx bounds that wait. Producers that
// wait are served in order, as far as the limits of their lanes and keys let them. A Put
// whose op was accepted at the moment its context ended reports the op.
func (s *Scheduler[K, T]) Put(ctx context.Context, v T, o Submit) (ID, error) {
	var of offer[K, T]
	if err := s.describe(&of, v, &o); err != nil {
		return 0, err
	}
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return 0, ErrClosed
	}
	room := s.room(&of)
	if room == roomy {
		id := s.accept(&of)
		s.spawn()
		s.unlockPut()
		return id, nil
	}
	s.choked = room == full
	p := &producer[K, T]{offer: of, ready: make(chan struct{})}
	place := s.parked.PushBack(p)
	s.mu.Unlock()
	return s.await(ctx, p, place)
}

// await waits until a parked producer was served.
func (s *Scheduler[K, T]) await(ctx context.Context, p *producer[K, T], place *list.Element) (ID, error) {
	select {
	case <-p.ready:
		return p.id, p.err
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-p.ready:
		return p.id, p.err
	default:
	}
	s.parked.Remove(place)
	return 0, context.Cause(ctx)
}

// TryPut is Put that returns ErrFull in place of waiting.
func (s *Scheduler[K, T]) TryPut(v T, o Submit) (ID, error) {
	var of offer[K, T]
	if err := s.describe(&of, v, &o); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.unlockPut()
	if s.closed {
		return 0, ErrClosed
	}
	if s.room(&of) != roomy {
		return 0, ErrFull
	}
	id := s.accept(&of)
	s.spawn()
	return id, nil
}

type room uint8

const (
	roomy    room = iota
	laneFull      // or the key: others may still fit
	full          // the window: nobody does
)

// room tells whether an op fits. Whoever is parked does not, or else admit would have taken
// it in, so a newcomer that fits overtakes nobody who could have gone first.
func (s *Scheduler[K, T]) room(o *offer[K, T]) room {
	if s.window > 0 && s.pending+s.delayed >= s.window || s.choked && s.parked.Len() > 0 {
		return full
	}
	if l := &s.lanes[o.rank.lane]; l.Depth > 0 && l.waiting >= l.Depth {
		return laneFull
	}
	if s.o.KeyWindow > 0 && s.keyOf != nil {
		if q := s.keys.find(o.key, o.hash); q != nil && int(q.waiting) >= s.o.KeyWindow {
			return laneFull
		}
	}
	return roomy
}

// admit accepts the ops of parked producers, in order. Once the window was full it waits
// until a quarter of it is free, so that producers wake in batches, or until relieve.
func (s *Scheduler[K, T]) admit() {
	if s.parked.Len() == 0 || s.admitting || s.choked && s.pending+s.delayed > s.window*3/4 {
		return
	}
	s.choked, s.admitting = false, true
	defer func() { s.admitting = false }()
	for e := s.parked.Front(); e != nil; {
		p := e.Value.(*producer[K, T])
		place := e
		e = e.Next()
		switch s.room(&p.offer) {
		case full:
			s.choked = true
			return
		case laneFull:
			continue
		}
		s.parked.Remove(place)
		p.id = s.accept(&p.offer)
		close(p.ready)
	}
}

// relieve admits producers though less than a quarter of the window is free, since nothing
// that is in it may start. It reports whether it did.
func (s *Scheduler[K, T]) relieve() bool {
	if !s.choked || s.parked.Len() == 0 {
		return false
	}
	before := s.accepted
	s.choked = false
	s.admit()
	return s.accepted > before
}

// refuse wakes every parked producer with an error.
func (s *Scheduler[K, T]) refuse(err error) {
	for e := s.parked.Front(); e != nil; e = s.parked.Front() {
		p := s.parked.Remove(e).(*producer[K, T])
		p.err = err
		close(p.ready)
	}
}

// accept takes an op in; there is room for it.
func (s *Scheduler[K, T]) accept(o *offer[K, T]) ID {
	n := s.newNode()
	s.accepted++
	n.id, n.value, n.priority, n.lane = ID(s.accepted), o.value, o.rank.priority, o.rank.lane
	if s.keyOf != nil {
		n.queue = s.keyQueue(o.key, o.hash)
	}
	if o.Done != nil || o.Bound != nil {
		if n.extra == nil {
			n.extra = new(extra)
		}
		n.extra.done, n.extra.bound = o.Done, o.Bound
	}
	id := n.id
	if o.After > 0 {
		n.state = n.state.next(postpone)
		if n.queue != nil {
			s.enqueue(n)
		}
		s.postpone(n, o.After)
		s.arm()
	} else {
		n.state = n.state.next(accept)
		s.pending++
		s.lanes[n.lane].waiting++
		if n.queue == nil {
			n.queue = s.looseQueue(n.rank())
			s.stamp(n)
		}
		s.enqueue(n)
	}
	switch {
	case s.falling&(1<<n.lane) != 0:
		s.drop(n, s.gateCause(n.lane))
	case o.Bound == nil:
	case o.Bound.Err() != nil:
		s.drop(n, context.Cause(o.Bound))
	default:
		n.extra.stop = context.AfterFunc(o.Bound, func() { s.expire(n, id) })
	}
	return id
}

func (s *Scheduler[K, T]) enqueue(n *node[K, T]) {
	if s.o.Overtake {
		n.queue.overtake(n, len(s.lanes))
	} else {
		n.queue.append(n)
	}
	s.settle(n.queue)
}

// expire ends an op whose bound context ended.
func (s *Scheduler[K, T]) expire(n *node[K, T], id ID) {
	s.mu.Lock()
	defer s.unlock()
	if n.id != id {
		return
	}
	s.end(n, context.Cause(n.extra.bound))
}

// recycled is how many nodes, and how many queues, are kept for reuse.
const recycled = 1024

func (s *Scheduler[K, T]) newNode() *node[K, T] {
	n := s.freeNodes
	if n == nil {
		return &node[K, T]{}
	}
	s.freeNodes, n.next = n.next, nil
	s.nFreeNodes--
	return n
}

func (s *Scheduler[K, T]) freeNode(n *node[K, T]) {
	x := n.extra
	if x != nil {
		if x.stop != nil {
			x.stop()
		}
		*x = extra{}
	}
	*n = node[K, T]{extra: x}
	if s.nFreeNodes < recycled {
		n.next, s.freeNodes = s.freeNodes, n
		s.nFreeNodes++
	}
}

// keyQueue returns the queue of a key, made if need be.
func (s *Scheduler[K, T]) keyQueue(k K, hash uint64) *queue[K, T] {
	q := s.keys.find(k, hash)
	if q != nil {
		return q
	}
	if q = s.freeQueues; q != nil {
		s.freeQueues, q.chain = q.chain, nil
		s.nFreeQueues--
	} else {
		q = &queue[K, T]{keyed: true}
	}
	q.key, q.hash, q.left = k, hash, false
	s.keys.add(q)
	return q
}

// looseQueue returns the queue of the unkeyed ops of one rank, made if need be.
func (s *Scheduler[K, T]) looseQueue(r rank) *queue[K, T] {
	if r == s.plain.at {
		return &s.plain
	}
	q := s.loose[r]
	if q == nil {
		if s.loose == nil {
			s.loose = make(map[rank]*queue[K, T])
		}
		q = &queue[K, T]{at: r}
		s.loose[r] = q
	}
	return q
}

// leave forgets a queue that has nothing waiting and nothing running, unless it has left.
func (s *Scheduler[K, T]) leave(q *queue[K, T]) {
	switch {
	case q.head != nil || q.running > 0 || q == &s.plain:
	case !q.keyed:
		if s.loose[q.at] == q {
			delete(s.loose, q.at)
		}
	case !q.left:
		s.keys.remove(q)
		var zero K
		q.key, q.left = zero, true
		if s.nFreeQueues < recycled {
			q.chain, s.freeQueues = s.freeQueues, q
			s.nFreeQueues++
		}
	}
}
