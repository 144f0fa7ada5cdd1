package sched

import (
	"slices"
	"time"
)

// holding is the ops that wait behind one gate, because Hooks.Admit gave it for them. It
// exists while there are any. They stand among the delayed ones, due at no time.
type holding[K comparable, T any] struct {
	watch watcher
	ops   map[*node[K, T]]struct{}
}

// askAgain is when an op is asked about again whose gate had opened by the time it was to
// wait behind it. Asking at once could go on for ever.
const askAgain = time.Millisecond

// admitted asks about an op that was taken out of its queue to start. One that may not is put
// back, to wait behind a gate. One that makes the hook panic starts, and fails.
func (s *Scheduler[K, T]) admitted(n *node[K, T]) bool {
	if s.hooks.Admit == nil {
		return true
	}
	g, err := s.askAdmit(n)
	if err != nil {
		n.spoil(err)
	}
	if g == nil {
		return true
	}
	s.lanes[n.queue.at.lane].count(-1)
	n.state = n.state.next(hold)
	s.pending--
	s.delayed++
	q := n.queue
	if q.keyed {
		q.insert(nil, n)
	} else {
		n.queue = nil
	}
	if at, waits := int64(never), s.behind(n, g); waits {
		s.delays.push(delayed[K, T]{at, n})
	} else {
		s.delays.push(delayed[K, T]{s.now() + int64(askAgain), n})
		s.arm()
	}
	s.settle(q)
	s.leave(q)
	return false
}

func (s *Scheduler[K, T]) askAdmit(n *node[K, T]) (g *Gate, err error) {
	defer recovered(&err)
	return s.hooks.Admit(s.info(n, time.Time{}, Pending, &outcome{}), n.value), nil
}

// behind lets an op wait for a gate, and reports false if the gate is open.
func (s *Scheduler[K, T]) behind(n *node[K, T], g *Gate) bool {
	h := s.holds[g]
	if h == nil {
		h = &holding[K, T]{ops: make(map[*node[K, T]]struct{})}
		h.watch.changed = func() { s.letGo(g) }
		g.follow(&h.watch)
	}
	if isOpen, _ := g.State(); isOpen { // asked after the watch began, so that no change is missed
		if len(h.ops) == 0 {
			g.unfollow(&h.watch)
		}
		return false
	}
	if s.holds == nil {
		s.holds = make(map[*Gate]*holding[K, T])
	}
	s.holds[g] = h
	if n.extra == nil {
		n.extra = new(extra)
	}
	n.extra.gate = g
	h.ops[n] = struct{}{}
	return true
}

// forgo ends the waiting of an op for a gate, if it does.
func (s *Scheduler[K, T]) forgo(n *node[K, T]) {
	if n.extra == nil || n.extra.gate == nil {
		return
	}
	g := n.extra.gate
	n.extra.gate = nil
	h := s.holds[g]
	delete(h.ops, n)
	if len(h.ops) == 0 {
		delete(s.holds, g)
		g.unfollow(&h.watch)
	}
}

// letGo lets the ops go on that wait for a gate, if it is open.
func (s *Scheduler[K, T]) letGo(g *Gate) {
	s.mu.Lock()
	defer s.unlock()
	h := s.holds[g]
	if isOpen, _ := g.State(); h == nil || !isOpen {
		return
	}
	delete(s.holds, g)
	g.unfollow(&h.watch)
	ops := make([]*node[K, T], 0, len(h.ops))
	for n := range h.ops {
		ops = append(ops, n)
	}
	slices.SortFunc(ops, byID)
	before := make(map[*queue[K, T]]*node[K, T])
	for _, n := range ops {
		s.delays.remove(int(n.place))
		n.extra.gate = nil
		n.state = n.state.next(due)
		s.delayed--
		s.pending++
		if n.queue == nil {
			q := s.looseQueue(n.rank())
			n.queue = q
			at := before[q]
			for m := q.after(at); m != nil && m.id < n.id; m = m.next {
				at = m
			}
			q.insert(at, n)
			before[q] = n
			s.stamp(n)
		}
		s.settle(n.queue)
	}
	s.spawn()
}

// after is the op behind n, or the first one for nil.
func (q *queue[K, T]) after(n *node[K, T]) *node[K, T] {
	if n == nil {
		return q.head
	}
	return n.next
}

// Reconsider asks the limiter of Options.Rate again about a permit whose time has not come,
// because the rate has changed. The permit goes back if the limiter has an Unreserve.
func (s *Scheduler[K, T]) Reconsider() {
	s.mu.Lock()
	defer s.unlock()
	if s.hasPermit && s.permitAt > s.now() {
		s.unreserve()
		s.hasPermit = false
	}
	s.spawn()
	s.arm()
}
