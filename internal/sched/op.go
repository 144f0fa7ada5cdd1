package sched

import (
	"context"
	"time"
)

// ID names an op within its scheduler. IDs rise from 1 in order of acceptance.
type ID uint64

// Op is what a running function knows of itself.
type Op[K comparable] struct {
	ID      ID
	Key     K
	Lane    int
	Attempt int       // 1 for the first
	Started time.Time // of this attempt; zero with Options.NoClock
}

// Info describes an op; it is a copy.
type Info[K comparable] struct {
	ID      ID
	Key     K
	Lane    int
	State   State
	Attempt int           // attempts started so far
	Err     error         // of the last attempt, or why it was dropped
	Started time.Time     // of the last attempt; zero with Options.NoClock
	Took    time.Duration // of the last attempt; zero while it runs
}

// Any is the Info for those who know nothing of K, such as listeners to signals.
func (i Info[K]) Any() Info[any] {
	return Info[any]{
		ID: i.ID, Key: i.Key, Lane: i.Lane, State: i.State,
		Attempt: i.Attempt, Err: i.Err, Started: i.Started, Took: i.Took,
	}
}

// node is an op inside the scheduler. It is recycled, so nothing outside keeps a pointer to
// one without its id.
type node[K comparable, T any] struct {
	value T
	id    ID
	queue *queue[K, T]
	next  *node[K, T] // in its queue
	prev  *node[K, T]
	extra *extra // may be nil

	attempt  int32
	place    int32 // index in the running list or in the delay heap
	priority int32
	lane     uint8
	state    State
}

func (n *node[K, T]) rank() rank { return rank{n.priority, n.lane} }

// extra is what only some ops need. It stays with a node that is recycled.
type extra struct {
	bound context.Context
	stop  func() bool // ends the watch on bound
	done  chan error  // capacity 1; receives the op's error when it has ended
	stamp uint64      // of its entry in byAge; others are stale
	gate  *Gate       // that it waits for, after Hooks.Admit; else nil
	spoil error       // of its next attempt, which fails with it; the function is not called
}

// spoil lets the attempt that is to start fail.
func (n *node[K, T]) spoil(err error) {
	if n.extra == nil {
		n.extra = new(extra)
	}
	n.extra.spoil = err
}

// spoilt returns why the attempt fails that has started, or nil.
func (n *node[K, T]) spoilt() (err error) {
	if n.extra != nil {
		err, n.extra.spoil = n.extra.spoil, nil
	}
	return err
}

// rank is how urgent an op is: its lane, and its priority within the lane.
type rank struct {
	priority int32
	lane     uint8
}

// before reports whether r goes before other.
func (r rank) before(other rank) bool {
	return r.lane < other.lane || r.lane == other.lane && r.priority > other.priority
}
