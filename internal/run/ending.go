package run

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/value"
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

// why says what has ended the run, as a summary has it. deadline is that of the run.
func (e *ending) why(deadline time.Duration) string {
	var why string
	switch e.reason {
	case event.ReasonStopped:
		return "stopped by " + value.SignalName(e.signal)
	case event.ReasonDeadline:
		why = fmt.Sprintf("the deadline of %s was over", deadline)
	case event.ReasonDrain:
		why = strings.TrimSpace("drained " + map[string]string{byCtl: "by eph ctl", byHangup: "by SIGHUP"}[e.detail])
	case event.ReasonOutput:
		why = "something could not be written"
	case event.ReasonJournal:
		why = "the journal could not be kept"
	default:
		why = e.detail
	}
	if e.signal != 0 {
		why += ", then stopped by " + value.SignalName(e.signal)
	}
	return why
}

// under says what is under way, to somebody who waits for the end. deadline is that of the run.
func (e *ending) under(deadline time.Duration) string {
	switch e.signal {
	case 0:
	case syscall.SIGINT:
		return "stopping: ^C again kills the jobs"
	case syscall.SIGPIPE:
		return "stopping: nobody reads the output any more"
	default:
		return "stopping: another " + value.SignalName(e.signal) + " kills the jobs"
	}
	how, why := "draining", ""
	if e.now {
		how = "stopping"
	}
	switch e.reason {
	case event.ReasonDrain:
		why = map[string]string{byCtl: "eph ctl drain", byHangup: "SIGHUP"}[e.detail]
	default:
		why = e.why(deadline)
	}
	if why == "" {
		return how
	}
	return how + " (" + why + ")"
}

// Who drains a run, as run.draining has it.
const (
	byCtl    = "ctl"
	byHangup = "hangup"
)

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

// ends is why the run ends early, as far as that has come; nil while it does not.
func (r *Run) ends() *ending {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ending == nil {
		return nil
	}
	now := *r.ending
	return &now
}

// reason is why the run ends; it is called when it does.
func (r *Run) reason() event.Reason {
	if e := r.ends(); e != nil {
		return e.reason
	}
	return event.ReasonDrain
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

// haltIfDue ends the run when what the user set as a limit or a goal is reached, and reports
// whether that is so of --halt. t is the task that has ended.
func (r *Run) haltIfDue(t *task) (halting bool) {
	c := r.books.counts()
	h := r.plan.Halt
	var n int64
	var how string
	switch h.What {
	case CountFail:
		n, how = c.Failed, "failed"
	case CountSuccess:
		n, how = c.Succeeded, "succeeded"
	case CountDone:
		n, how = c.Ended(), "ended"
	}
	total := c.Ended()
	if h.At.OfAll {
		total = r.total.Load()
	}
	switch {
	case h.What != CountNothing && n > 0 && h.At.reached(n, total):
		r.halt(ending{
			now: h.Now, goal: h.What == CountSuccess, detail: fmt.Sprintf("%s: %d of %d %s", cmp.Or(h.Flag, "--halt"), n, total, how),
			halted: &Halted{c, r.total.Load(), t.status()},
		})
		return true
	case r.plan.MaxFailsSet && r.plan.MaxFails.exceeded(c.Failed, c.Ended()):
		r.halt(ending{detail: fmt.Sprintf("--max-fails: %d of %d failed", c.Failed, c.Ended())})
	}
	return false
}

func (r *Run) halt(e ending) {
	e.reason = event.ReasonHalt
	if r.ends() != nil {
		return
	}
	r.say(event.HaltTriggered, &event.Fields{Reason: e.reason, Message: e.detail})
	r.end(e)
}
