package coord

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/mostlylucid/eph/internal/sched"
	"github.com/mostlylucid/eph/pkg/signals"
)

// Gate holds back work. It may serve several coordinators and lanes. A change has reached all of
// them when the call returns, so nothing starts after Shut. Running ops continue in any case. The
// last call wins, whichever it is.
//
// The zero value is open. A Gate must not be copied after its first use, and its methods are safe
// for concurrent use. It keeps a reference to a coordinator until that is closed and has finished
// its work. To keep several reasons apart, give each its own gate, with Options.Hold, or use
// conditions of a sink, with [GateOn].
//
//	type Gate struct {
//		// unexported fields
//	}
//
//	func (g *Gate) Open()                   // lets work start
//	func (g *Gate) Shut()                   // lets nothing start
//	func (g *Gate) ShutFor(d time.Duration) // Shut, and Open after d
//
//	// Drop ends waiting ops, and those that come until the gate opens, as Dropped. Their error
//	// wraps ErrDropped and the cause, which may be nil. When Drop returns, Hooks.Finish has been
//	// called for the ops that were waiting. O(ops that wait).
//	func (g *Gate) Drop(cause error)
//
//	// State reports whether work may start, and if not, whether it is dropped or held.
//	func (g *Gate) State() (isOpen, drops bool)
type Gate = sched.Gate

// GateRules say which conditions [GateOn] follows. The zero Pattern matches none.
type GateRules struct {
	Hold signals.Pattern // shut while one of these holds
	Open signals.Pattern // but open while one of these does
	Drop signals.Pattern // and in any case dropping while one of these does

	// Max, if positive, lets work start again that long after the gate was shut, whatever
	// holds, until the conditions change.
	Max time.Duration
}

// GateOn returns a gate that follows conditions of a sink.
//
// When GateOn returns, the gate reflects the conditions that already hold; a change is in effect
// when the call that made it returns, unless another goroutine is just updating the gate: then that
// one applies it. stop ends this and leaves the gate open; a second call does nothing.
func GateOn(s *signals.Sink, r GateRules) (g *Gate, stop func()) {
	f := &follower{gate: new(Gate), most: r.Max}
	stops := []func(){
		s.OnChange(r.Drop, func(holds bool) { f.change(func() { f.drop = holds }) }),
		s.OnChange(r.Open, func(holds bool) { f.change(func() { f.open = holds }) }),
		s.OnChange(r.Hold, func(holds bool) { f.change(func() { f.hold = holds }) }),
	}
	var stopped atomic.Bool
	return f.gate, func() {
		if stopped.Swap(true) {
			return // the gate is the caller's
		}
		for _, stop := range stops {
			stop()
		}
		f.change(func() { f.ended = true })
	}
}

// follower turns three conditions into the state of a gate. The gate is changed outside the
// lock, by one goroutine at a time, because a gate that drops calls hooks, which may change
// conditions in turn.
type follower struct {
	gate *Gate
	most time.Duration

	mu               sync.Mutex
	hold, open, drop bool
	ended            bool
	changes, settled int  // changes made, and how many of them the gate has seen
	busy             bool // the gate is being changed
}

func (f *follower) change(set func()) {
	f.mu.Lock()
	set()
	f.changes++
	f.mu.Unlock()
	f.settle()
}

// settle applies pending changes to the gate, unless another goroutine is doing so, which then looks
// again when it is done.
func (f *follower) settle() {
	f.mu.Lock()
	if f.busy || f.settled == f.changes {
		f.mu.Unlock()
		return
	}
	f.busy, f.settled = true, f.changes
	set := f.state()
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.busy = false
		f.mu.Unlock()
		f.settle()
	}()
	set()
}

// state returns what to do with the gate.
func (f *follower) state() func() {
	switch {
	case f.ended:
		return f.gate.Open
	case f.drop:
		return func() { f.gate.Drop(nil) }
	case !f.hold || f.open:
		return f.gate.Open
	case f.most > 0:
		return func() { f.gate.ShutFor(f.most) }
	}
	return f.gate.Shut
}
