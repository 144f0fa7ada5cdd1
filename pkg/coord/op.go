package coord

import (
	"github.com/mostlylucid/eph/internal/sched"
	"github.com/mostlylucid/eph/pkg/signals"
)

// The errors of a coordinator. Compare with errors.Is.
var (
	ErrClosed  = sched.ErrClosed  // work was offered after Close
	ErrFull    = sched.ErrFull    // TryPut found the window, the lane or the key full
	ErrDropped = sched.ErrDropped // the op was ended while it waited; the cause is wrapped beside it
	ErrTimeout = sched.ErrTimeout // the cause of a context that Options.Timeout ended; a context.DeadlineExceeded
	ErrGoexit  = sched.ErrGoexit  // the function ended its goroutine with runtime.Goexit
	ErrNoLane  = sched.ErrNoLane  // there is no lane of that index or name
)

// PanicError is the error of an op whose function panicked. Extract it with errors.As.
//
//	type PanicError struct {
//		Value any    // what panic was called with
//		Stack []byte // as debug.Stack returned it where the panic was caught
//	}
//
//	func (e *PanicError) Error() string
//	func (e *PanicError) Unwrap() error // Value, if that is an error; else nil
type PanicError = sched.PanicError

// ID names an op within its coordinator. IDs rise from 1 in order of acceptance; 0 names none.
//
//	type ID uint64
type ID = sched.ID

// Info describes an op. It is a copy: nothing in it changes later.
//
//	type Info[K comparable] struct {
//		ID      ID
//		Key     K             // the zero value without keys
//		Lane    int           // index in Options.Lanes
//		State   State
//		Attempt int           // attempts started so far: 0 before the first
//		Err     error         // of the last attempt, or why it was dropped; nil if it succeeded
//		Started time.Time     // start of the last attempt; zero if there was none, and with Options.NoClock
//		Took    time.Duration // how long the last attempt took; 0 while it runs, and with Options.NoClock
//	}
//
//	// Any is the same Info for code that does not know K, such as subscribers to signals.
//	func (i Info[K]) Any() Info[any]
type Info[K comparable] = sched.Info[K]

// Stats are the counters of a coordinator at one moment, for which
// Accepted == Done+Failed+Dropped+Pending+Delayed+Running.
type Stats struct {
	Limit     int    // how many may run at once now
	Pending   int    // ops that wait for their turn
	Delayed   int    // ops that wait for their time
	Running   int    // ops that run
	Keys      int    // keys that have waiting or running ops
	Producers int    // calls of Put that wait for room
	Lanes     []int  // waiting ops of each lane, delayed ones included; a copy
	Accepted  uint64 // ops ever accepted
	Done      uint64 // ops that ended as Done
	Failed    uint64 // ops that ended as Failed
	Dropped   uint64 // ops that ended as Dropped
	Retries   uint64 // attempts that failed and were to be repeated
}

// State is where an op is in its life. The table of all moves is in the package comment.
//
//	type State uint8
//
//	func (s State) Final() bool    // Done, Failed or Dropped: it has ended
//	func (s State) String() string // "pending", "delayed", "running", "done", "failed", "dropped"
type State = sched.State

// The states. Done, Failed and Dropped are final, and every accepted op reaches exactly one
// of them, once.
const (
	Pending State = sched.Pending // accepted, waits for its turn
	Delayed State = sched.Delayed // waits for its time: After, a retry, or the gate that Hooks.Admit gave
	Running State = sched.Running // holds a slot
	Done    State = sched.Done    // its function returned nil
	Failed  State = sched.Failed  // its last attempt returned an error, panicked or called Goexit
	Dropped State = sched.Dropped // ended while it waited: by Drop, Cancel, a gate or its bound context
)

// Op is what a running function knows about itself. It is a value and costs no allocation.
type Op[K comparable] struct {
	ID      ID
	Key     K   // the zero value without keys
	Lane    int // index in Options.Lanes
	Attempt int // 1 for the first

	sink *signals.Sink
}

// Raise raises an event that carries the op's ID. Subscribers have returned when it returns.
// Without Options.Signals it does nothing.
func (o Op[K]) Raise(name, key string) {
	if o.sink != nil {
		o.sink.Emit(signals.Event{Name: name, Key: key, Op: uint64(o.ID)})
	}
}

// Emit is like Raise, but the caller sets every field except Op, Seq and the time. It reports false
// if nothing was raised: without Options.Signals, or if the guard of the sink stopped it.
func (o Op[K]) Emit(e signals.Event) bool {
	if o.sink == nil {
		return false
	}
	e.Op = uint64(o.ID)
	return o.sink.Emit(e)
}
