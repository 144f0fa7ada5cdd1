package run

import (
	"errors"
	"strconv"
	"syscall"
	"time"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/internal/template"
	"github.com/mostlylucid/eph/pkg/coord"
)

// failure is the error of an attempt that did not succeed.
type failure struct {
	reason event.Reason
	text   string
	result *job.Result // nil when no job was run
}

func (f *failure) Error() string { return f.text }

// errSkipped ends a task that is passed over.
type errSkipped struct{ reason event.Reason }

func (e errSkipped) Error() string { return "skipped: " + string(e.reason) }

// retrying is the coordinator's word that a failed attempt will be repeated.
func (r *Run) retrying(i coord.Info[string], t *task, after time.Duration) {
	r.books.retried()
	f := r.ended(t, i.Err)
	f.RetryIn = event.Seconds(after)
	r.say(event.JobAttemptFailed, f)
	if r.commands.key != nil {
		r.say(event.KeyBlocked, &event.Fields{Seq: t.item.Seq, Key: event.TextOf(t.key), RetryIn: f.RetryIn})
	}
}

// finished is the coordinator's word that a task has ended. What its job wrote is printed
// before its slot and its key are free, so that the output of a key is in order.
func (r *Run) finished(i coord.Info[string], t *task) {
	defer r.letGo(t)
	r.terminal.leave(t) // if nobody was asked
	if t.circuit != nil {
		defer r.circuits.leave(t.circuit)
	}
	err := i.Err
	if i.State == coord.Dropped && t.failure != nil { // there is no time for another attempt
		err = t.failure
	}
	r.results.settle(t, err)
	var tail [2][]string
	if err != nil {
		tail = r.tail(t)
	}
	r.journal.deliver(t)
	defer func() { t.delivery.said() }()
	if e := r.print(t); e != nil && err == nil {
		err = &failure{reason: event.ReasonOutput, text: e.Error(), result: &t.result}
	}
	f, _ := errors.AsType[*failure](err)
	skip, isSkip := errors.AsType[errSkipped](err)
	ran := err == nil
	switch {
	case err == nil:
		r.books.succeeded()
		r.say(event.JobSucceeded, r.ended(t, nil))
	case isSkip:
		r.skip(t, skip.reason)
	case i.State == coord.Dropped && t.attempt == 0:
		r.cancel(t, dropReason(err, r.reason))
	case f != nil && f.result != nil && f.result.End == job.Cancelled:
		r.cancel(t, f.reason)
	default:
		if f != nil && f.reason == event.ReasonTemplate {
			r.books.unfit()
			r.complain(f)
		} else {
			r.books.failed(t.status())
			ran = true
		}
		fields := r.ended(t, err)
		fields.Records, fields.Tail = r.journal.records(t), tail
		r.say(event.JobFailed, fields)
		r.afterFailure(t)
	}
	if halting := r.haltIfDue(t); ran && r.plan.Ended != nil {
		r.plan.Ended(JobEnd{r.commands.display(t, r), err != nil, halting, r.live.count()})
	}
	if r.log != nil && r.log.Err() != nil {
		r.end(ending{reason: event.ReasonOutput})
	}
	if r.journal.err() != nil {
		r.end(ending{reason: event.ReasonJournal})
	}
}

// print hands what a task's job wrote to the writer, in its turn.
func (r *Run) print(t *task) (err error) {
	if t.out != nil {
		err = t.out.Close()
		t.out = nil
	} else {
		err = r.out.Skip(t.item.Seq)
	}
	if err != nil {
		r.undelivered(err)
	}
	return err
}

// status is that of a task's job, as a shell would show it.
func (t *task) status() int {
	switch res := &t.result; res.End {
	case job.Exited:
		return res.Code
	case job.Signalled, job.Cancelled:
		return int(fail.BySignal) + int(res.Signal)
	case job.TimedOut:
		return int(fail.TimedOut)
	case job.NotStarted:
		return int(fail.StatusOf(res.Err))
	}
	return 0
}

// afterFailure does what --key-fail says.
func (r *Run) afterFailure(t *task) {
	if r.commands.key == nil {
		return
	}
	switch r.plan.KeyFail {
	case KeySkip:
		r.books.failKey(t.key)
		r.say(event.KeyFailed, &event.Fields{Seq: t.item.Seq, Key: event.TextOf(t.key)})
	case KeyHalt:
		r.halt(ending{detail: "--key-fail: item " + strconv.FormatInt(t.item.Seq, 10) + " failed"})
	}
}

// unfit ends a task that a template does not fit, before the coordinator has it.
func (r *Run) unfit(t *task, err error) {
	defer r.letGo(t)
	if !errors.Is(err, template.ErrSkip) {
		r.results.settle(t, &failure{reason: event.ReasonTemplate, text: err.Error()})
	}
	_ = r.print(t)
	if errors.Is(err, template.ErrSkip) {
		r.skip(t, event.ReasonMissing)
		return
	}
	r.books.unfit()
	r.complain(err)
	f := r.lost(t, event.ReasonTemplate)
	f.Error, f.Records = err.Error(), r.journal.records(t)
	r.say(event.JobFailed, f)
	r.haltIfDue(t)
}

// unrun ends a task that the coordinator did not take any more.
func (r *Run) unrun(t *task, why event.Reason) {
	_ = r.print(t)
	if t.circuit != nil {
		r.circuits.leave(t.circuit)
	}
	r.cancel(t, why)
}

func (r *Run) skip(t *task, why event.Reason) {
	if why == event.ReasonBreaker {
		r.books.passedOver()
	} else {
		r.books.skipped()
	}
	r.say(event.JobSkipped, r.lost(t, why))
}

func (r *Run) cancel(t *task, why event.Reason) {
	r.books.cancelled(t.started)
	r.say(event.JobCancelled, r.lost(t, why))
}

// reject counts a record that could not become an item.
func (r *Run) reject(bad *item.RecordError) {
	r.books.rejected()
	r.complain(bad)
	why := bad.Reason
	if bad.Try != "" {
		why += "; try " + bad.Try
	}
	r.say(event.InputRejected, &event.Fields{Source: bad.Source, Line: bad.Line, Column: bad.Column, Error: why})
}

// complain tells of an error where no summary does.
func (r *Run) complain(err error) {
	if r.plan.Complain != nil {
		r.plan.Complain(err)
	}
}

// undelivered ends the run because what a job wrote could not be passed on: quietly if
// nobody reads any more, as a failure of eph if not.
func (r *Run) undelivered(err error) {
	if errors.Is(err, syscall.EPIPE) {
		r.end(ending{reason: event.ReasonStopped, now: true, signal: syscall.SIGPIPE})
		return
	}
	r.end(ending{reason: event.ReasonOutput, err: asFail(err)})
}

func asFail(err error) error {
	if f, ok := errors.AsType[*fail.Error](err); ok {
		return f
	}
	return fail.Own("cannot deliver output: %w", err)
}
