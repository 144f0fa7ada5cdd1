package sched

import (
	"cmp"
	"math"
	"slices"
)

// queue holds the waiting ops of one key, in the order in which they start.
type queue[K comparable, T any] struct {
	key        K
	hash       uint64
	chain      *queue[K, T] // the next one in its bucket of the table
	head, tail *node[K, T]
	tried      *node[K, T]  // the last of those at the head that were tried already, or nil
	mixed      *mixed[K, T] // may be nil
	waiting    int32
	running    int32
	ticket     uint32 // of its entry in a lane; older entries are stale
	keyed      bool
	ready      bool // stands in a lane
	long       bool // stands among those that decide when all has ended
	left       bool // is not in the table of keys
	unsorted   bool // the ops do not all stand in order of acceptance
	at         rank // where it stands; fixed in a loose queue
	stamped    ID   // the head that was stamped last; only with aging
}

// mixed is what a queue keeps while its ops are of several ranks, and for the next time.
type mixed[K comparable, T any] struct {
	ranks []rankCount   // of the waiting ops, best first; none while all are of one
	last  []*node[K, T] // the last op of each lane that was not tried; nil until asked for
}

type rankCount struct {
	rank rank
	n    int32
}

// find returns where a rank is, or belongs.
func (m *mixed[K, T]) find(r rank) (i int, found bool) {
	return slices.BinarySearchFunc(m.ranks, r, func(c rankCount, r rank) int {
		return cmp.Or(cmp.Compare(c.rank.lane, r.lane), cmp.Compare(r.priority, c.rank.priority))
	})
}

// count notes that an op came or went. O(log ranks), but for a rank that comes or goes between
// others.
func (q *queue[K, T]) count(n *node[K, T], by int32) {
	was := q.waiting
	q.waiting += by
	r := n.rank()
	switch {
	case !q.keyed || was == 0:
		return
	case q.mixed == nil || len(q.mixed.ranks) == 0: // all others are of one rank
		other := q.head
		if other == n {
			other = q.tail
		}
		if by < 0 || other.rank() == r {
			return
		}
		if q.mixed == nil {
			q.mixed = new(mixed[K, T])
		}
		q.mixed.ranks = append(q.mixed.ranks, rankCount{other.rank(), was})
	}
	m := q.mixed
	i, found := m.find(r)
	if !found {
		m.ranks = slices.Insert(m.ranks, i, rankCount{rank: r})
	}
	m.ranks[i].n += by
	switch {
	case m.ranks[i].n > 0:
		return
	case i == 0 && len(m.ranks) > 32: // not worth moving the others
		m.ranks = m.ranks[1:]
	default:
		m.ranks = slices.Delete(m.ranks, i, i+1)
	}
	if len(m.ranks) == 1 {
		m.ranks = m.ranks[:0]
	}
}

// best is the best rank of the waiting ops whose lane is not in a mask. There must be one.
// O(lanes × log ranks).
func (q *queue[K, T]) best(except uint64) rank {
	if q.mixed == nil || len(q.mixed.ranks) == 0 {
		return q.head.rank()
	}
	i := 0
	for {
		r := q.mixed.ranks[i].rank
		if except&(1<<r.lane) == 0 {
			return r
		}
		i, _ = q.mixed.find(rank{math.MaxInt32, r.lane + 1})
	}
}

func (q *queue[K, T]) append(n *node[K, T]) { q.insert(q.tail, n) }

// overtake puts n behind the last op of its own or a better lane, but never before one that
// was tried already: no op of a key starts between two attempts of another. O(lanes).
func (q *queue[K, T]) overtake(n *node[K, T], lanes int) {
	if q.tail == nil || q.tail.lane <= n.lane {
		q.append(n)
		return
	}
	if q.mixed == nil || q.mixed.last == nil {
		q.track(lanes)
	}
	before := q.tried
	for lane := int(n.lane); lane >= 0; lane-- {
		if last := q.mixed.last[lane]; last != nil {
			before = last
			break
		}
	}
	q.insert(before, n)
}

// track begins to keep the last op of each lane. O(waiting ops of the key), once.
func (q *queue[K, T]) track(lanes int) {
	if q.mixed == nil {
		q.mixed = new(mixed[K, T])
	}
	q.mixed.last = make([]*node[K, T], lanes)
	for n := q.head; n != nil; n = n.next {
		if n.attempt == 0 {
			q.mixed.last[n.lane] = n
		}
	}
}

// giveBack returns an op that was tried to the head, behind those tried ones that were
// accepted before it.
func (q *queue[K, T]) giveBack(n *node[K, T]) {
	before := q.tried
	for before != nil && before.id > n.id {
		before = before.prev
	}
	q.insert(before, n)
}

// insert puts n behind an op of the queue, or at the head for nil.
func (q *queue[K, T]) insert(before, n *node[K, T]) {
	n.prev = before
	if before == nil {
		n.next, q.head = q.head, n
	} else {
		n.next, before.next = before.next, n
		q.unsorted = q.unsorted || before.id > n.id
	}
	if n.next == nil {
		q.tail = n
	} else {
		n.next.prev = n
		q.unsorted = q.unsorted || n.id > n.next.id
	}
	if n.attempt > 0 {
		if q.tried == before {
			q.tried = n
		}
	} else if last := q.lastOf(n); last != nil && (*last == nil || *last == before) {
		*last = n
	}
	q.count(n, 1)
}

// lastOf is where the last op of n's lane is kept, or nil.
func (q *queue[K, T]) lastOf(n *node[K, T]) **node[K, T] {
	if q.mixed == nil || q.mixed.last == nil {
		return nil
	}
	return &q.mixed.last[n.lane]
}

// remove takes n out.
func (q *queue[K, T]) remove(n *node[K, T]) {
	before := n.prev
	if before == nil {
		q.head = n.next
	} else {
		before.next = n.next
	}
	if n.next == nil {
		q.tail = before
	} else {
		n.next.prev = before
	}
	if q.tried == n {
		q.tried = before
	}
	if last := q.lastOf(n); last != nil && *last == n {
		*last = nil
		if before != nil && before.attempt == 0 && before.lane == n.lane {
			*last = before
		}
	}
	if q.head == nil {
		q.unsorted = false
	}
	n.next, n.prev = nil, nil
	q.count(n, -1)
}
