package coord

import (
	"github.com/mostlylucid/eph/internal/sched"
	"github.com/mostlylucid/eph/pkg/signals"
)

// The errors of a coordinator.
var (
	ErrClosed  = sched.ErrClosed  // work was offered after Close
	ErrFull    = sched.ErrFull    // TryPut found the window, the lane or the key full
	ErrDropped = sched.ErrDropped // the op ended without running; the cause is wrapped
	ErrTimeout = sched.ErrTimeout // the cause of a context that Options.Timeout ended
	ErrGoexit  = sched.ErrGoexit  // the function ended its goroutine with runtime.Goexit
	ErrNoLane  = sched.ErrNoLane  // there is no lane of that index or name
)

// PanicError is the failure of an op whose function panicked, with the stack of the panic.
type PanicError = sched.PanicError

// ID names an op within its coordinator. IDs rise from 1 in order of acceptance.
type ID = sched.ID

// Info describes an op; it is a copy.
type Info[K comparable] = sched.Info[K]

// Stats are the counters of a coordinator at one moment, for which
// Accepted == Done+Failed+Dropped+Pending+Delayed+Running.
type Stats = sched.Stats

// State is where an op is in its life. The table of all moves is in the package comment.
type State = sched.State

// The states. Done, Failed and Dropped are final, and every accepted op reaches exactly one
// of them, once.
const (
	Pending = sched.Pending // accepted, waits for its turn
	Delayed = sched.Delayed // waits for its time: After, or a retry
	Running = sched.Running // holds a slot
	Done    = sched.Done    // its function returned nil
	Failed  = sched.Failed  // its last attempt returned an error, panicked or called Goexit
	Dropped = sched.Dropped // ended by Drop, Cancel, a gate or its bound context
)

// Op is what a running function knows of itself: its ID, Key, Lane and Attempt. It is a
// value and costs no allocation.
type Op[K comparable] struct {
	sched.Op[K]
	sink *signals.Sink
}

// Raise raises an event that carries the op's id. Without Options.Signals it does nothing.
func (o Op[K]) Raise(name, key string) {
	if o.sink != nil {
		o.sink.Emit(signals.Event{Name: name, Key: key, Op: uint64(o.ID)})
	}
}

// Emit is Raise with all fields in the caller's hands but Op. It reports false when nothing
// was raised.
func (o Op[K]) Emit(e signals.Event) bool {
	if o.sink == nil {
		return false
	}
	e.Op = uint64(o.ID)
	return o.sink.Emit(e)
}
