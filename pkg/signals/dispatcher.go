package signals

import (
	"context"
	"errors"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/mostlylucid/eph/internal/sched"
)

// Overflow says what becomes of an event that meets a full [Dispatcher] queue.
type Overflow uint8

const (
	// DropNewest drops the arriving event.
	DropNewest Overflow = iota
	// DropOldest drops the event that has waited longest, whatever its key. It has to search
	// the queue.
	DropOldest
	// Block makes the raiser wait for room. Use it only where raisers may wait: a handler
	// that raises what its own dispatcher handles can wait for itself.
	Block
)

// DispatchOptions configure a [Dispatcher]; the zero value is usable.
type DispatchOptions struct {
	// Limit is how many events are handled at once; 0 or less means GOMAXPROCS.
	Limit int
	// Queue is how many events may wait; 0 means 1024, negative means no limit.
	Queue int
	// Overflow says what to do with an event that does not fit.
	Overflow Overflow
	// OrderBy names the key of an event; events with one key are handled one at a time,
	// in order. Nil means by Name. It is called on the raiser's goroutine.
	OrderBy func(Event) string
	// OnError is called for each event for which a handler failed, with the joined errors, on
	// the goroutine of the handlers.
	OnError func(Event, error)
}

// PanicError is the error of a handler that panicked. Extract it with errors.As.
//
//	type PanicError struct {
//		Value any    // what panic was called with
//		Stack []byte // as debug.Stack returned it where the panic was caught
//	}
//
//	func (e *PanicError) Error() string
//	func (e *PanicError) Unwrap() error // Value, if that is an error; else nil
type PanicError = sched.PanicError

var (
	errOverflow = errors.New("signals: the queue is full")
	errGoexit   = errors.New("signals: a handler ended its goroutine")
)

// Dispatcher handles events off the raiser's goroutine: a bounded queue, a bounded number
// of events handled at once, and order within a key. It owns no goroutine while it is idle. All
// methods are safe for concurrent use; make one with [NewDispatcher].
type Dispatcher struct {
	sink  *Sink
	o     DispatchOptions
	queue *sched.Scheduler[string, errand]

	mu       sync.Mutex
	closed   bool
	handlers []*eventHandler // replaced, never changed
	sub      *subscription   // what the handlers want; nil without any
	stats    DispatchStats
	now      *stretch   // counts the events that arrive
	before   []*stretch // sealed by Flush and not finished
}

type eventHandler struct {
	pattern Pattern
	fn      func(context.Context, Event) error
}

// errand is an event on its way to the handlers.
type errand struct {
	event Event
	of    *stretch
}

// stretch counts the unfinished events that arrived between two flushes. To flush is to
// wait for stretches, and not for a moment at which nothing waits, which may never come.
type stretch struct {
	left int
	done chan struct{} // closed when it is sealed and none is left
}

// NewDispatcher returns a dispatcher without handlers. Call Shutdown when done.
func NewDispatcher(s *Sink, o DispatchOptions) *Dispatcher {
	d := &Dispatcher{sink: s, o: o, now: newStretch()}
	key := func(e errand) string { return e.event.Name }
	if o.OrderBy != nil {
		key = func(e errand) string { return o.OrderBy(e.event) }
	}
	d.queue = sched.New(d.handle, key, sched.Options{
		Limit: o.Limit, Window: o.Queue, History: -1, NoClock: true,
	})
	d.queue.Notify(sched.Hooks[string, errand]{Finish: d.dropped})
	return d
}

func newStretch() *stretch { return &stretch{done: make(chan struct{})} }

// Handle adds a handler. For each event, every handler whose pattern matches is called, in the
// order added, whatever the earlier ones returned; a panic is a failure with a [*PanicError]. fn
// sees every event whose raise begins after Handle has returned, possibly some that are already
// waiting, and none whose turn comes after stop has returned. The context ends when Shutdown runs
// out of time. An error of fn goes only to OnError. After Shutdown nothing arrives, and Handle does
// nothing. A nil fn panics.
func (d *Dispatcher) Handle(p Pattern, fn func(context.Context, Event) error) (stop func()) {
	if fn == nil {
		panic("signals: Handle with a nil function")
	}
	h := &eventHandler{p, fn}
	d.setHandlers(func(all []*eventHandler) []*eventHandler { return append(all, h) })
	return func() {
		d.setHandlers(func(all []*eventHandler) []*eventHandler {
			return slices.DeleteFunc(all, func(other *eventHandler) bool { return other == h })
		})
	}
}

// setHandlers keeps one subscription for all handlers: an event that none wants is not
// even heard, and one that several want is queued once.
func (d *Dispatcher) setHandlers(edit func([]*eventHandler) []*eventHandler) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.handlers = edit(slices.Clone(d.handlers))
	if d.closed {
		return
	}
	patterns := make([]Pattern, len(d.handlers))
	for i, h := range d.handlers {
		patterns[i] = h.pattern
	}
	var sub *subscription
	if len(patterns) > 0 {
		sub = &subscription{anyOf(patterns...), d.take}
	}
	d.sink.replace(d.sub, sub)
	d.sub = sub
}

// Flush waits until every event that has arrived so far is handled or dropped, and returns nil,
// whatever the handlers returned; if the context ends first, it returns the cause. The dispatcher
// stays open, and Flush does not wait for events that arrive meanwhile. Called by a handler, it
// would wait for itself.
func (d *Dispatcher) Flush(ctx context.Context) error {
	for _, s := range d.seal() {
		select {
		case <-s.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// Shutdown ends intake and waits until all accepted events are handled. If the context ends
// first, waiting events are dropped, the handlers' contexts are cancelled, and Shutdown returns
// the cause once the handlers have returned. It never returns errors of handlers: those go to
// OnError. It is idempotent. Called by a handler, it would wait for itself.
func (d *Dispatcher) Shutdown(ctx context.Context) error {
	d.mu.Lock()
	if d.sub != nil {
		d.sink.replace(d.sub, nil)
	}
	d.closed = true
	d.mu.Unlock()
	return d.queue.Shutdown(ctx)
}

// DispatchStats counts the events of a dispatcher that matched some handler; each is counted in
// exactly one field.
type DispatchStats struct {
	Waiting int    // for room, or for their turn
	Active  int    // with the handlers
	Handled uint64 // every handler returned nil
	Failed  uint64 // a handler did not
	Dropped uint64 // let go for want of room, or by Shutdown
}

// Stats returns a consistent copy of the counters.
func (d *Dispatcher) Stats() DispatchStats {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stats
}

// take is what the sink calls.
func (d *Dispatcher) take(e Event) {
	d.mu.Lock()
	d.stats.Waiting++
	d.now.left++
	errand := errand{e, d.now}
	d.mu.Unlock()
	accepted := false
	defer func() { // also if OrderBy panics
		if !accepted {
			d.leave(errand.of, func(st *DispatchStats) { st.Waiting--; st.Dropped++ })
		}
	}()
	accepted = d.put(errand) == nil
}

func (d *Dispatcher) put(e errand) error {
	if d.o.Overflow == Block {
		_, err := d.queue.Put(context.Background(), e, sched.Submit{})
		return err
	}
	_, err := d.queue.TryPut(e, sched.Submit{})
	for d.o.Overflow == DropOldest && errors.Is(err, sched.ErrFull) {
		d.queue.DropOldest(errOverflow)
		_, err = d.queue.TryPut(e, sched.Submit{})
	}
	return err
}

func (d *Dispatcher) handle(ctx context.Context, _ sched.Op[string], e errand) error {
	d.mu.Lock()
	d.stats.Waiting--
	d.stats.Active++
	handlers := d.handlers
	d.mu.Unlock()
	err := errGoexit
	defer func() { // also if a handler ends its goroutine
		defer d.leave(e.of, func(st *DispatchStats) {
			st.Active--
			if err == nil {
				st.Handled++
			} else {
				st.Failed++
			}
		})
		if err != nil && d.o.OnError != nil {
			d.o.OnError(e.event, err)
		}
	}()
	err = d.callAll(ctx, e.event, handlers)
	return err
}

func (d *Dispatcher) callAll(ctx context.Context, e Event, handlers []*eventHandler) error {
	var failed []error
	for _, h := range handlers {
		if !h.pattern.Match(e.Name) {
			continue
		}
		if err := h.call(ctx, e); err != nil {
			failed = append(failed, err)
		}
	}
	if len(failed) == 1 {
		return failed[0]
	}
	return errors.Join(failed...)
}

func (h *eventHandler) call(ctx context.Context, e Event) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return h.fn(ctx, e)
}

// dropped is told of every end; those that were handled are counted already.
func (d *Dispatcher) dropped(i sched.Info[string], e errand) {
	if i.State == sched.Dropped {
		d.leave(e.of, func(st *DispatchStats) { st.Waiting--; st.Dropped++ })
	}
}

// leave counts an event out.
func (d *Dispatcher) leave(s *stretch, count func(*DispatchStats)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	count(&d.stats)
	s.left--
	if s.left == 0 && s != d.now {
		close(s.done)
		d.before = slices.DeleteFunc(d.before, func(other *stretch) bool { return other == s })
	}
}

// seal ends the current stretch and returns every one that is not finished.
func (d *Dispatcher) seal() []*stretch {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now.left > 0 {
		d.before = append(d.before, d.now)
		d.now = newStretch()
	}
	return slices.Clone(d.before)
}
