package run

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/pkg/coord"
)

// ending is why, and how, a run ends before its input does.
type ending struct {
	reason event.Reason
	now    bool           // end the running jobs too
	goal   bool           // a goal was met: what is left unrun is no failure
	signal syscall.Signal // by which eph has to die, or 0
	err    error          // a failure of eph itself, or nil
	detail string         // for people
	halted *Halted        // with --halt
}

// stopped is the cause with which work that was not done is dropped.
type stopped struct{ reason event.Reason }

func (s stopped) Error() string { return "the run ends: " + string(s.reason) }

// end begins the end of the run, or hastens it. The first reason stays; what a later one adds
// is its urgency and its signal.
func (r *Run) end(e ending) {
	r.mu.Lock()
	first := r.ending == nil
	hasten := e.now && (first || !r.ending.now)
	if first {
		kept := e
		r.ending = &kept
	} else {
		r.ending.now = r.ending.now || e.now
		if r.ending.signal == 0 {
			r.ending.signal = e.signal
		}
		if r.ending.err == nil {
			r.ending.err = e.err
		}
	}
	r.mu.Unlock()
	cause := stopped{e.reason}
	if first {
		r.say(event.RunDraining, &event.Fields{Reason: e.reason, Message: e.detail})
		r.stopIntake(cause)
		if !e.now {
			r.gate.Drop(cause)
		}
	}
	if hasten {
		r.pool.Cancel(cause)
	}
}

// reason is why the run ends; it is called when it does.
func (r *Run) reason() event.Reason {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ending == nil {
		return event.ReasonDrain
	}
	return r.ending.reason
}

// dropReason is why an item was left unrun: what the cause says, or, where it says nothing,
// because a signal of --cancel-on holds. whole is why the run ends, if it does.
func dropReason(cause error, whole func() event.Reason) event.Reason {
	if s, ok := errors.AsType[stopped](cause); ok {
		return s.reason
	}
	if errors.Is(cause, coord.ErrDropped) {
		return event.ReasonCancelOn
	}
	return whole()
}

// Drain starts nothing more and lets the running jobs end.
func (r *Run) Drain(why string) {
	r.end(ending{reason: event.ReasonDrain, detail: why})
}

// haltIfDue ends the run when what the user set as a limit or a goal is reached.
// t is the task that has ended.
func (r *Run) haltIfDue(t *task) {
	c := r.books.counts()
	h := r.plan.Halt
	var n int64
	switch h.What {
	case CountFail:
		n = c.Failed
	case CountSuccess:
		n = c.Succeeded
	case CountDone:
		n = c.Ended()
	}
	total := c.Ended()
	if h.At.OfAll {
		total = r.total.Load()
	}
	switch {
	case h.What != CountNothing && n > 0 && h.At.reached(n, total):
		r.halt(ending{
			now: h.Now, goal: h.What == CountSuccess, detail: fmt.Sprintf("--halt: %d of %d", n, total),
			halted: &Halted{c, r.total.Load(), t.status(), r.commands.display(t, r)},
		})
	case r.plan.MaxFailsSet && r.plan.MaxFails.exceeded(c.Failed, c.Ended()):
		r.halt(ending{detail: fmt.Sprintf("--max-fails: %d of %d failed", c.Failed, c.Ended())})
	}
}

func (r *Run) halt(e ending) {
	e.reason = event.ReasonHalt
	r.mu.Lock()
	ends := r.ending != nil
	r.mu.Unlock()
	if ends {
		return
	}
	r.say(event.HaltTriggered, &event.Fields{Reason: e.reason, Message: e.detail})
	r.end(e)
}
