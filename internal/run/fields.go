package run

import (
	"errors"
	"time"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/internal/value"
)

// fields are what a signal says of a task.
func (t *task) fields() *event.Fields {
	f := &event.Fields{Seq: t.item.Seq, Digest: t.digest, Was: t.was, Lane: t.lane, Priority: t.priority}
	if t.item.Block == nil {
		f.Item = event.TextOf(t.text())
	}
	if t.key != "" {
		f.Key = event.TextOf(t.key)
	}
	return f
}

// lost is what a signal says of a task that did not succeed, so that another run can do it.
func (r *Run) lost(t *task, why event.Reason) *event.Fields {
	f := t.fields()
	f.Reason, f.Original = why, r.original(t)
	return f
}

// started says that an attempt begins.
func (r *Run) started(t *task) {
	if !r.heard(event.JobStarted) {
		return
	}
	f := t.fields()
	f.Attempt, f.AttemptsMax, f.Slot = t.attempt, r.plan.Attempts, t.slot
	f.Argv, f.Shell = event.Texts(t.argv), r.commands.usesShell()
	f.Queued = event.Seconds(time.Since(t.read))
	if t.attempt > 1 && t.key != "" {
		r.say(event.KeyReleased, &event.Fields{Seq: t.item.Seq, Key: f.Key})
	}
	r.say(event.JobStarted, f)
}

// ended is what a signal says of an attempt that has ended, with err unless it succeeded.
func (r *Run) ended(t *task, err error) *event.Fields {
	f := t.fields()
	f.Attempt, f.AttemptsMax, f.Slot = t.attempt, r.plan.Attempts, t.slot
	res := &t.result
	f.Start, f.Held = res.Start, t.delivery.holds()
	if r.plan.Joblog != "" {
		f.Display = r.commands.display(t, r)
	}
	if err != nil {
		f.Original = r.original(t)
		f.Error = err.Error()
		f.Display = r.commands.display(t, r)
		if why, ok := errors.AsType[*failure](err); ok {
			f.Reason = why.reason
			if why.result == nil {
				return f
			}
		}
	}
	if res.End == job.TimedOut {
		f.Limit = r.plan.Timeout
	}
	if res.End == job.Exited {
		f.Exit = &res.Code
	}
	if res.Signal != 0 {
		f.Signal = value.SignalName(res.Signal)
	}
	f.Wall, f.User, f.Sys = event.Seconds(res.Wall), event.Seconds(res.User), event.Seconds(res.Sys)
	f.Sent = int64(len(t.item.Block.Bytes()))
	f.MaxRSS, f.Stdout, f.Stderr, f.PipeHeld = res.MaxRSS, res.StdoutBytes, res.StderrBytes, res.PipeHeld
	return f
}
