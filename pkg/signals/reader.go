package signals

import (
	"context"
	"iter"
	"sync"
)

// defaultHeld is how many events a Reader holds if not told.
const defaultHeld = 256

// Reader is a pull view of a sink: a bounded queue of events that waits for a loop. All methods
// are safe for concurrent use. Make one with [Sink.Events].
type Reader struct {
	mu     sync.Mutex
	held   []Event // ring of n events from head
	head   int
	n      int
	lost   uint64
	closed bool
	wake   chan struct{} // one token while something may be held; closed by Close
	detach func()
	unbind func() bool // takes Close off the context
}

// Events subscribes and holds at most buf matching events, 0 or less meaning 256, until a
// loop over [Reader.All] takes them. If the loop lags, the oldest are dropped and counted by
// [Reader.Lost]: the raiser never waits. The reader ends with the context, with its loop,
// or by [Reader.Close].
func (s *Sink) Events(ctx context.Context, p Pattern, buf int) *Reader {
	if buf <= 0 {
		buf = defaultHeld
	}
	r := &Reader{held: make([]Event, buf), wake: make(chan struct{}, 1)}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.detach = s.Subscribe(p, r.put)
	r.unbind = context.AfterFunc(ctx, r.Close)
	return r
}

// All yields events in the order they arrived and waits for more. When the context ends or
// the reader is closed, nothing new comes in; All yields what is still held and returns.
// Breaking the loop closes the reader. Run one loop at a time.
func (r *Reader) All() iter.Seq[Event] {
	return func(yield func(Event) bool) {
		defer r.Close()
		for {
			e, ok, closed := r.take()
			switch {
			case ok:
				if !yield(e) {
					return
				}
			case closed:
				return
			default:
				<-r.wake
			}
		}
	}
}

// Lost counts the events that were dropped because the loop was slow.
func (r *Reader) Lost() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lost
}

// Close detaches the reader from its sink. What it holds can still be read. It is
// idempotent and does not wait.
func (r *Reader) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.closed = true
	r.detach()
	r.unbind()
	close(r.wake)
}

func (r *Reader) put(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	if r.n == len(r.held) {
		r.head = (r.head + 1) % len(r.held)
		r.n--
		r.lost++
	}
	r.held[(r.head+r.n)%len(r.held)] = e
	r.n++
	select {
	case r.wake <- struct{}{}:
	default: // a token waits already
	}
}

func (r *Reader) take() (e Event, ok, closed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n == 0 {
		return Event{}, false, r.closed
	}
	e, r.held[r.head] = r.held[r.head], Event{}
	r.head = (r.head + 1) % len(r.held)
	r.n--
	return e, true, r.closed
}
