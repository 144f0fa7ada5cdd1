package sched

import "slices"

// queue holds the waiting ops of one key, in the order in which they start.
type queue[K comparable, T any] struct {
	key        K
	hash       uint64
	chain      *queue[K, T] // the next one in its bucket of the table
	head, tail *node[K, T]
	ranks      []rankCount // of the waiting ops, best first; nil in a loose queue
	waiting    int32
	running    int32
	ticket     uint32 // of its entry in a lane; older entries are stale
	keyed      bool
	ready      bool // stands in a lane
	long       bool // stands among those that decide when all has ended
	left       bool // is not in the table of keys
	at         rank // where it stands; fixed in a loose queue
	stamped    ID   // the head that was stamped last; only with aging
}

type rankCount struct {
	rank rank
	n    int32
}

func (q *queue[K, T]) count(r rank, by int32) {
	q.waiting += by
	if !q.keyed {
		return
	}
	i := 0
	for i < len(q.ranks) && q.ranks[i].rank.before(r) {
		i++
	}
	switch {
	case i == len(q.ranks): // the usual case: the first op, or the last of a worse rank
		q.ranks = append(q.ranks, rankCount{rank: r})
	case q.ranks[i].rank != r:
		q.ranks = slices.Insert(q.ranks, i, rankCount{rank: r})
	}
	if q.ranks[i].n += by; q.ranks[i].n == 0 {
		q.ranks = append(q.ranks[:i], q.ranks[i+1:]...)
	}
}

func (q *queue[K, T]) append(n *node[K, T]) { q.insert(q.tail, n) }

// overtake puts n behind the last op of its own or a better lane, but never before one that
// was tried already: no op of a key starts between two attempts of another.
func (q *queue[K, T]) overtake(n *node[K, T]) {
	if q.tail == nil || q.tail.rank.lane <= n.rank.lane {
		q.append(n)
		return
	}
	var before *node[K, T]
	for m := q.head; m != nil && (m.attempt > 0 || m.rank.lane <= n.rank.lane); m = m.next {
		before = m
	}
	q.insert(before, n)
}

// giveBack returns an op that was tried to the head, behind those tried ones that were
// accepted before it.
func (q *queue[K, T]) giveBack(n *node[K, T]) {
	var before *node[K, T]
	for m := q.head; m != nil && m.attempt > 0 && m.id < n.id; m = m.next {
		before = m
	}
	q.insert(before, n)
}

// insert puts n behind an op of the queue, or at the head for nil.
func (q *queue[K, T]) insert(before, n *node[K, T]) {
	if before == nil {
		n.next, q.head = q.head, n
	} else {
		n.next, before.next = before.next, n
	}
	if n.next == nil {
		q.tail = n
	}
	q.count(n.rank, 1)
}

// remove takes n out. O(ops before it).
func (q *queue[K, T]) remove(n *node[K, T]) {
	var before *node[K, T]
	for m := q.head; m != n; m = m.next {
		before = m
	}
	if before == nil {
		q.head = n.next
	} else {
		before.next = n.next
	}
	if q.tail == n {
		q.tail = before
	}
	n.next = nil
	q.count(n.rank, -1)
}
