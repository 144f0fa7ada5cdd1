package sched

import (
	"cmp"
	"hash/maphash"
	"iter"
	"maps"
	"slices"
	"time"
)

// past is a finished op and when it ended.
type past[K comparable] struct {
	info  Info[K]
	ended time.Time // zero with NoClock
}

// history is a ring of the last finished ops, and those that were pinned.
type history[K comparable] struct {
	ring   []past[K]
	next   int
	pinned map[ID]pin[K]
}

type pin[K comparable] struct {
	past[K]
	until time.Time
}

func (h *history[K]) add(i *Info[K], ended time.Time, limit int) {
	if len(h.ring) < limit {
		h.ring = append(h.ring, past[K]{*i, ended})
		return
	}
	p := &h.ring[h.next]
	p.info, p.ended = *i, ended
	if h.next++; h.next == limit {
		h.next = 0
	}
}

// resize keeps the last limit ops, in a ring that may grow to that.
func (h *history[K]) resize(limit int) {
	all := slices.Concat(h.ring[h.next:], h.ring[:h.next])
	h.ring, h.next = slices.Clone(all[max(len(all)-limit, 0):]), 0
}

// newestFirst copies what is kept and not too old. Pinned ops that have left the ring come
// last, by their ids.
func (h *history[K]) newestFirst(maxAge time.Duration) []Info[K] {
	all := make([]Info[K], 0, len(h.ring)+len(h.pinned))
	var now time.Time
	if maxAge > 0 || len(h.pinned) > 0 {
		now = time.Now()
	}
	var inRing map[ID]bool
	if len(h.pinned) > 0 {
		inRing = make(map[ID]bool, len(h.pinned))
	}
	for i := range h.ring {
		p := &h.ring[(h.next+len(h.ring)-1-i)%len(h.ring)]
		if maxAge > 0 && !p.ended.IsZero() && now.Sub(p.ended) > maxAge {
			continue
		}
		all = append(all, p.info)
		if inRing != nil {
			inRing[p.info.ID] = true
		}
	}
	h.expire(now)
	rest := len(all)
	for id, p := range h.pinned {
		if !inRing[id] {
			all = append(all, p.info)
		}
	}
	slices.SortFunc(all[rest:], func(a, b Info[K]) int { return cmp.Compare(b.ID, a.ID) })
	return all
}

// expire forgets the pins whose time has run out.
func (h *history[K]) expire(now time.Time) {
	maps.DeleteFunc(h.pinned, func(_ ID, p pin[K]) bool { return !now.Before(p.until) })
}

// SetHistory changes Options.History and Options.MaxAge, with the same meaning of 0 and of less.
// An op that ended when no age was asked for has none, and is shown. O(n).
func (s *Scheduler[K, T]) SetHistory(n int, maxAge time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.historyCap, s.o.MaxAge = max(orDefault(n, 200), 0), maxAge
	s.history.resize(s.historyCap)
}

// Pin keeps a finished op among the recent ones for d, whatever ends after it. It reports
// whether the op was found there.
func (s *Scheduler[K, T]) Pin(id ID, d time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	until := now.Add(d)
	s.history.expire(now)
	if p, ok := s.history.pinned[id]; ok {
		p.until = until
		s.history.pinned[id] = p
		return true
	}
	for _, p := range s.history.ring {
		if p.info.ID == id {
			if s.history.pinned == nil {
				s.history.pinned = make(map[ID]pin[K])
			}
			s.history.pinned[id] = pin[K]{p, until}
			return true
		}
	}
	return false
}

// Unpin lets a pinned op go with the others of its age.
func (s *Scheduler[K, T]) Unpin(id ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.history.expire(time.Now())
	_, ok := s.history.pinned[id]
	delete(s.history.pinned, id)
	return ok
}

// Stats is a consistent copy of the counters.
// Accepted == Done+Failed+Dropped+Pending+Delayed+Running.
type Stats struct {
	Limit     int
	Pending   int // waiting for their turn
	Delayed   int // waiting for their time
	Running   int
	Keys      int   // that have waiting or running ops
	Producers int   // waiting for room
	Lanes     []int // waiting ops of each lane, delayed ones included
	Accepted  uint64
	Done      uint64
	Failed    uint64
	Dropped   uint64
	Retries   uint64
}

// Stats copies the counters. O(lanes).
func (s *Scheduler[K, T]) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Stats{
		Limit: s.limit, Pending: s.pending, Delayed: s.delayed, Running: len(s.running),
		Keys: s.keys.n, Producers: s.parked.Len(), Lanes: make([]int, len(s.lanes)),
		Accepted: s.accepted, Done: s.done, Failed: s.failed, Dropped: s.dropped, Retries: s.retries,
	}
	for i := range s.lanes {
		st.Lanes[i] = s.lanes[i].waiting
	}
	return st
}

// Running yields the ops that run, from a copy.
func (s *Scheduler[K, T]) Running() iter.Seq[Info[K]] {
	return func(yield func(Info[K]) bool) { each(s.runningInfos(), yield) }
}

func (s *Scheduler[K, T]) runningInfos() []Info[K] {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Info[K], len(s.running))
	for i, w := range s.running {
		all[i] = s.info(w.op, w.started, Running, &outcome{})
	}
	return all
}

// Recent yields the last finished ops, newest first, from a copy.
func (s *Scheduler[K, T]) Recent() iter.Seq[Info[K]] {
	return func(yield func(Info[K]) bool) {
		s.mu.Lock()
		all := s.history.newestFirst(s.o.MaxAge)
		s.mu.Unlock()
		each(all, yield)
	}
}

// Waiting yields the waiting ops of a key in the order in which they will start, from a copy.
func (s *Scheduler[K, T]) Waiting(key K) iter.Seq[Info[K]] {
	return func(yield func(Info[K]) bool) {
		var all []Info[K]
		hash := maphash.Comparable(s.seed, key)
		s.mu.Lock()
		if q := s.keys.find(key, hash); q != nil {
			for n := q.head; n != nil; n = n.next {
				all = append(all, s.info(n, time.Time{}, n.state, &outcome{}))
			}
		}
		s.mu.Unlock()
		each(all, yield)
	}
}

// Find looks for an op among the waiting, running and recent ones. O(their number).
func (s *Scheduler[K, T]) Find(id ID) (Info[K], bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.find(id); n != nil {
		var started time.Time
		if n.state == Running {
			started = s.running[n.place].started
		}
		return s.info(n, started, n.state, &outcome{}), true
	}
	for _, i := range s.history.newestFirst(s.o.MaxAge) {
		if i.ID == id {
			return i, true
		}
	}
	return Info[K]{}, false
}

func each[E any](all []E, yield func(E) bool) {
	for _, e := range all {
		if !yield(e) {
			return
		}
	}
}
