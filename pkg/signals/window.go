package signals

import (
	"iter"
	"sync"
	"time"
)

// window keeps the last size events. The append under its lock is the moment an event
// happens, and Seq is the witness: the event with Seq n lies at (n-1) mod size.
type window struct {
	id     uint64
	size   int
	maxAge time.Duration
	stamp  bool

	mu     sync.Mutex
	events []Event
	last   uint64 // Seq of the newest
}

// add gives the event its Seq and, read under the lock so that it follows the order, its
// time.
func (w *window) add(e *Event) {
	w.mu.Lock()
	if w.stamp {
		e.at = time.Now().UnixNano()
	}
	w.last++
	e.Seq = w.last
	if len(w.events) < w.size {
		w.events = append(w.events, *e)
	} else {
		w.events[(e.Seq-1)%uint64(w.size)] = *e
	}
	w.mu.Unlock()
}

// after copies the events with a Seq above seq that are young enough, oldest first. lost
// counts those above seq that are kept no more.
func (w *window) after(seq uint64) (events []Event, lost uint64) {
	events, oldest := w.copyAfter(seq)
	fresh := events[w.aged(events):]
	return fresh, oldest + uint64(len(events)-len(fresh))
}

func (w *window) copyAfter(seq uint64) (events []Event, lost uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if seq >= w.last {
		return nil, 0
	}
	first := seq + 1
	if kept := w.last - uint64(len(w.events)) + 1; first < kept {
		lost = kept - first
		first = kept
	}
	from, to := (first-1)%uint64(w.size), (w.last-1)%uint64(w.size)+1
	if from < to {
		return append(events, w.events[from:to]...), lost
	}
	events = make([]Event, 0, w.last-first+1)
	events = append(events, w.events[from:]...)
	return append(events, w.events[:to]...), lost
}

// aged counts the leading events that are too old.
func (w *window) aged(events []Event) int {
	if w.maxAge <= 0 || len(events) == 0 {
		return 0
	}
	limit := time.Now().Add(-w.maxAge).UnixNano()
	for i := range events {
		if events[i].at >= limit {
			return i
		}
	}
	return len(events)
}

// Recent yields the matching events of the window, newest first. The window is copied
// when a loop begins: the loop may take its time and does not see what is raised
// meanwhile. Without a window it yields nothing.
func (s *Sink) Recent(p Pattern) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		events, _ := s.Since(0)
		for i := len(events) - 1; i >= 0; i-- {
			if p.Match(events[i].Name) && !yield(events[i]) {
				return
			}
		}
	}
}

// Since returns the events after a sequence number, oldest first and without a gap, and
// how many of those asked for had already left the window. To go on from there, ask for
// what is after the last one's Seq. Without a window it returns nothing.
func (s *Sink) Since(seq uint64) (events []Event, lost uint64) {
	if s.window == nil {
		return nil, 0
	}
	return s.window.after(seq)
}
