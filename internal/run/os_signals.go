package run

import (
	"syscall"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/value"
)

// Interrupt starts nothing more and ends the running jobs by the term sequence; Execute
// returns with DieBy set to s.
func (r *Run) Interrupt(s syscall.Signal) {
	r.say(event.OSSignal, &event.Fields{Signal: value.SignalName(s)})
	r.end(ending{reason: event.ReasonStopped, now: true, signal: s})
}

// Kill ends the running jobs at once, without the rest of the term sequence.
func (r *Run) Kill() {
	r.runner.KillAll()
}

// Hangup is Drain on behalf of SIGHUP.
func (r *Run) Hangup() {
	r.say(event.OSSignal, &event.Fields{Signal: value.SignalName(syscall.SIGHUP)})
	r.Drain(byHangup)
}

// AddSlots changes how many jobs run at once by n; at least one is left.
func (r *Run) AddSlots(n int) {
	r.scale.add(n, "signal")
}

// Say tells the person at the terminal something at once.
func (r *Run) Say(line string) { r.out.Interject(line) }

// Suspend stops the running jobs, and their timeouts.
func (r *Run) Suspend() {
	r.suspended.Store(true)
	r.out.Erase()
	r.runner.Suspend()
}

// Resume continues what Suspend stopped.
func (r *Run) Resume() {
	r.suspended.Store(false)
	r.runner.Resume()
}
