package signals

import (
	"iter"
	"math/rand/v2"
	"sync"
	"time"
)

// window keeps the last size events. The append under its lock is the moment an event
// happens, and Seq is the witness: the event with Seq n lies at place(n).
type window struct {
	id uint64

	mu     sync.Mutex
	size   int
	maxAge time.Duration
	stamp  bool
	events []Event
	last   uint64 // Seq of the newest
	origin uint64 // Seq of an event that lies at 0
}

func newWindow(size int, maxAge time.Duration, stamp bool) *window {
	return &window{id: rand.Uint64() | 1, size: size, maxAge: maxAge, stamp: stamp || maxAge > 0, origin: 1}
}

func (w *window) place(seq uint64) int { return int((seq - w.origin) % uint64(w.size)) }

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
		w.events[w.place(e.Seq)] = *e
	}
	w.mu.Unlock()
}

// after copies the events with a Seq above seq that are young enough, oldest first. lost
// counts those above seq that are kept no more.
func (w *window) after(seq uint64) (events []Event, lost uint64) {
	w.mu.Lock()
	events, oldest := w.copyAfter(seq)
	maxAge := w.maxAge
	w.mu.Unlock()
	fresh := events[aged(events, maxAge):]
	return fresh, oldest + uint64(len(events)-len(fresh))
}

// copyAfter wants the lock.
func (w *window) copyAfter(seq uint64) (events []Event, lost uint64) {
	if seq >= w.last {
		return nil, 0
	}
	first := seq + 1
	if kept := w.last - uint64(len(w.events)) + 1; first < kept {
		lost = kept - first
		first = kept
	}
	from, to := w.place(first), w.place(w.last)+1
	if from < to {
		return append(events, w.events[from:to]...), lost
	}
	events = make([]Event, 0, w.last-first+1)
	events = append(events, w.events[from:]...)
	return append(events, w.events[:to]...), lost
}

// resize keeps the newest size events.
func (w *window) resize(size int, maxAge time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if size != w.size {
		var after uint64
		if w.last > uint64(size) {
			after = w.last - uint64(size)
		}
		w.events, _ = w.copyAfter(after)
		w.size, w.origin = size, w.last-uint64(len(w.events))+1
	}
	w.maxAge, w.stamp = maxAge, w.stamp || maxAge > 0
}

// aged counts the leading events that are older than maxAge.
func aged(events []Event, maxAge time.Duration) int {
	if maxAge <= 0 || len(events) == 0 {
		return 0
	}
	limit := time.Now().Add(-maxAge).UnixNano()
	for i := range events {
		if events[i].at >= limit {
			return i
		}
	}
	return len(events)
}

// Recent yields the matching events of the window, newest first. The window is copied when a loop
// begins: the loop may take its time, and does not see what is raised meanwhile. Without a window
// it yields nothing.
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

// Since returns the events after a sequence number, oldest first and without gaps, and how many of
// the requested ones had already left the window. To continue, pass the Seq of the last one.
// Without a window it returns nothing.
func (s *Sink) Since(seq uint64) (events []Event, lost uint64) {
	if w := s.window.Load(); w != nil {
		return w.after(seq)
	}
	return nil, 0
}

// SetWindow changes Options.Window and Options.MaxAge. The newest size events stay; events that
// were raised without a time are older than any age. A size of 0 or less removes the window: the
// next one begins with a Seq of 1 and another ID. O(size).
func (s *Sink) SetWindow(size int, maxAge time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch w := s.window.Load(); {
	case size <= 0:
		s.window.Store(nil)
	case w == nil:
		s.window.Store(newWindow(size, maxAge, s.stamp))
	default:
		w.resize(size, maxAge)
	}
}
