package signals

import (
	"sync"
	"sync/atomic"
	"time"
)

// Options configure a [Sink]. The zero value keeps no window and takes no clock reading.
type Options struct {
	// Window is how many events are kept for look-ups; 0 or less keeps none. The memory
	// is taken as events arrive. SetWindow changes it, and MaxAge.
	Window int
	// MaxAge hides older events from look-ups; 0 or less means no age limit. It implies
	// Stamp.
	MaxAge time.Duration
	// Stamp reads the clock at every raise that somebody sees.
	Stamp bool
	// Guard limits chains of caused events.
	Guard Guard
	// OnPanic is called for a panic in a subscriber, with the event it was given, or in an
	// OnChange function, with an event named after its pattern. If it is nil, panics are only
	// counted by [Sink.Panics]. A panic of OnPanic itself reaches the raiser.
	OnPanic func(e Event, v any)
}

// Sink is where signals meet their listeners. All methods are safe for concurrent use and
// may be called from subscribers. The zero value is ready and equals New(Options{}).
//
// A sink owns no goroutine and needs no closing; while a condition with a time to live
// holds it owns one timer.
type Sink struct {
	// heard is an immutable snapshot, nil when nobody listens: raising takes no lock.
	heard  atomic.Pointer[[]*subscription]
	window atomic.Pointer[window] // nil without one
	stamp  bool
	guard  Guard

	onPanic func(e Event, v any)
	panics  atomic.Uint64

	mu         sync.Mutex // guards changes of heard, and what follows
	conditions conditions
}

// New returns a sink.
func New(o Options) *Sink {
	s := &Sink{stamp: o.Stamp || o.MaxAge > 0, guard: o.Guard, onPanic: o.OnPanic}
	if o.Window > 0 {
		s.window.Store(newWindow(o.Window, o.MaxAge, s.stamp))
	}
	return s
}

// ID distinguishes sinks that have a window, even across processes: together with its Seq it
// identifies an event permanently. It is a random number, drawn when the window is made, and 0
// without a window.
func (s *Sink) ID() uint64 {
	if w := s.window.Load(); w != nil {
		return w.id
	}
	return 0
}

// Raise publishes an event. Subscribers run on this goroutine, in subscription order,
// before Raise returns. With neither subscriber nor window it costs two loads.
//
// A subscriber that raises what it hears itself, such as "job.seen" from "job.*", goes round until
// the stack overflows, which ends the program. In a subscriber use [Sink.Follow]: a [Guard] sees
// the chain.
func (s *Sink) Raise(name, key string) {
	if s.audible() {
		s.raise(&Event{Name: name, Key: key})
	}
}

// Emit is like Raise, but the caller sets every field except Seq and the time, which the sink
// sets. It reports false if the guard stopped the event, and true otherwise, whether or not anybody
// saw it.
func (s *Sink) Emit(e Event) bool {
	if e.Cause != nil && !s.guard.admit(&e) {
		return false
	}
	if s.audible() {
		e.Seq, e.at = 0, 0
		s.raise(&e)
	}
	return true
}

// Follow emits an event caused by another one: its chain is that event's chain plus that event's
// name. It reports false if the guard stopped it.
func (s *Sink) Follow(cause Event, name, key string) bool {
	return s.Emit(Event{Name: name, Key: key, Cause: &Cause{Name: cause.Name, Parent: cause.Cause}})
}

// Panics counts the panics of subscribers and OnChange functions that were contained.
func (s *Sink) Panics() uint64 { return s.panics.Load() }

// audible reports whether an event raised now could be seen by anybody.
func (s *Sink) audible() bool { return s.heard.Load() != nil || s.window.Load() != nil }

// raise records and delivers. The listeners are read after the event is in the window, so
// that whoever subscribes first and looks into the window then misses nothing.
func (s *Sink) raise(e *Event) {
	s.record(e)
	if heard := s.heard.Load(); heard != nil {
		s.deliver(e, *heard, true)
	}
}

// record gives a new event its time and its place in the window.
func (s *Sink) record(e *Event) {
	if w := s.window.Load(); w != nil {
		w.add(e)
	} else if s.stamp {
		e.at = time.Now().UnixNano()
	}
}

// deliver calls those of to that match, or all of them if it is known that they do. A panic ends
// one call, and delivery goes on behind it.
func (s *Sink) deliver(e *Event, to []*subscription, match bool) {
	for next := 0; next < len(to); {
		next = s.deliverFrom(next, e, to, match)
	}
}

// deliverFrom delivers until the end or until a panic, with one deferred function for all, since
// one for each would cost more than most subscribers do. It returns where to go on.
func (s *Sink) deliverFrom(next int, e *Event, to []*subscription, match bool) (after int) {
	after = len(to)
	calling := -1
	defer func() {
		if calling >= 0 {
			after = calling + 1
			s.contain(e, recover())
		}
	}()
	event := *e // once: fn(*e) would copy it twice for each call
	for i, sub := range to[next:] {
		if !match || sub.pattern.Match(event.Name) {
			calling = next + i
			sub.fn(event)
			calling = -1
		}
	}
	return after
}

// contain is told of what code that is not ours panicked with.
func (s *Sink) contain(e *Event, v any) {
	if v == nil { // runtime.Goexit
		return
	}
	s.panics.Add(1)
	if s.onPanic != nil {
		s.onPanic(*e, v)
	}
}
