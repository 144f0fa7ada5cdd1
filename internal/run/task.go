package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/internal/output"
	"github.com/mostlylucid/eph/internal/rule"
	"github.com/mostlylucid/eph/internal/template"
	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/patterns"
	"golang.org/x/sys/unix"
)

// task is one item on its way through the run.
type task struct {
	item     item.Item
	key      string
	lane     string
	priority int
	read     time.Time
	held     int           // bytes, of the budget
	digest   event.Digest  // with a journal
	was      event.Was     // there
	delivery *delivery     // there, from the end on
	circuit  *circuit      // nil without --breaker
	pass     patterns.Pass // of the circuit, which waits to be told how the attempt went

	// Of the last attempt.
	attempt int
	slot    int
	argv    []string
	result  job.Result
	failure *failure // why it did not succeed; nil if it did
	out     *output.Job
	files   *files // with --results DIR or --files
	excess  excess // with --max-output
}

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

// classify fills in what orders a task, and says how it is to be put.
func (r *Run) classify(t *task) ([]coord.PutOption, error) {
	v := r.values(t, 1, 0)
	var opts []coord.PutOption
	var err error
	if r.commands.key != nil {
		if t.key, err = r.commands.key.Expand(v); err != nil {
			return nil, err
		}
	}
	if r.commands.lane != nil {
		if t.lane, err = r.commands.lane.Expand(v); err != nil {
			return nil, err
		}
		lane := -1
		var known []string
		for i, l := range r.plan.Lanes {
			known = append(known, l.Name)
			if l.Name == t.lane {
				lane = i
			}
		}
		if lane < 0 {
			return nil, fail.Own("item %d belongs to lane %q, which --lanes does not have", t.item.Seq, t.lane).
				Advise("--lanes %s", strings.Join(append(known, t.lane), ","))
		}
		opts = append(opts, coord.InLane(lane))
	}
	if r.commands.priority != nil {
		text, err := r.commands.priority.Expand(v)
		if err != nil {
			return nil, err
		}
		if t.priority, err = strconv.Atoi(strings.TrimSpace(text)); err != nil {
			return nil, fail.Own("item %d: the priority %q is not a whole number", t.item.Seq, text)
		}
		opts = append(opts, coord.Priority(t.priority))
	}
	return opts, nil
}

// values are what the templates are expanded with.
func (r *Run) values(t *task, attempt, slot int) *template.Values {
	return &template.Values{Item: t.item, Slot: slot, Attempt: attempt, Key: t.key, Lane: t.lane, Total: r.total}
}

// attempt runs a task once. It is the function of the coordinator.
func (r *Run) attempt(ctx context.Context, op coord.Op[string], t *task) (err error) {
	defer func() { t.pass.Cancel(); t.pass = patterns.Pass{} }() // if no job was run
	if r.commands.key != nil && r.books.keyFailed(t.key) {
		return coord.Permanent(errSkipped{event.ReasonKey})
	}
	if t.circuit != nil && r.plan.Breaker.Action != BreakerHold {
		if t.pass, err = t.circuit.Allow(); err != nil {
			return coord.Permanent(errSkipped{event.ReasonBreaker})
		}
	}
	t.attempt = op.Attempt
	t.slot = r.slots.Take()
	defer r.slots.Give(t.slot)
	c, err := r.command(t)
	if err != nil {
		if errors.Is(err, template.ErrSkip) {
			return coord.Permanent(errSkipped{event.ReasonMissing})
		}
		why := event.ReasonTemplate
		if s := fail.StatusOf(err); s == fail.NotFound || s == fail.CannotExec { // it was the item that named the program
			why = event.ReasonStart
			t.result = job.Result{End: job.NotStarted, Err: err}
		}
		return coord.Permanent(&failure{reason: why, text: err.Error()})
	}
	if t.out == nil {
		tag, err := r.tag(t)
		if err != nil {
			return coord.Permanent(&failure{reason: event.ReasonTemplate, text: err.Error()})
		}
		t.out = r.out.Job(t.item.Seq, tag)
	} else if err := t.out.Reset(); err != nil {
		return coord.Permanent(&failure{reason: event.ReasonOutput, text: err.Error()})
	}
	if err := r.results.begin(t); err != nil {
		r.undelivered(err)
		return coord.Permanent(&failure{reason: event.ReasonOutput, text: err.Error()})
	}
	asks := r.plan.Ask && t.attempt == 1
	if asks {
		r.terminal.wait(ctx, t) // without a token, which those before it need
	}
	give, err := r.tokens.take(ctx)
	if err != nil {
		t.result = job.Result{End: job.NotStarted, Err: err}
		return r.judge(ctx, t)
	}
	defer give()
	if asks {
		yes := r.ask(ctx, r.commands.display(t, r))
		r.terminal.leave(t)
		if !yes {
			return coord.Permanent(errSkipped{event.ReasonDeclined})
		}
	}
	if r.plan.Trace {
		_ = r.out.Note(r.commands.display(t, r)) // a broken stderr ends no run
	}
	r.started(t)
	if err := r.journal.err(); err != nil { // it does not know of this start
		t.result = job.Result{End: job.Cancelled}
		return coord.Permanent(&failure{reason: event.ReasonJournal, text: err.Error(), result: &t.result})
	}
	t.failure = nil
	r.live.enter(t)
	out, end := r.listenTo(t)
	if r.plan.Echo {
		_, _ = io.WriteString(out.Stdout, r.commands.display(t, r)+"\n") // an error stays with the writer
	}
	t.result = r.runner.Run(ctx, c, out)
	matched := end()
	r.live.leave(t)
	if !r.plan.OpenTTY {
		closeInput(c.Stdin, r.streams.In)
	}
	r.results.end(t)
	err = r.judge(ctx, t)
	if err != nil && r.plan.RetryIfStderr != nil && !matched {
		err = coord.Permanent(err)
	}
	r.raise(t)
	r.tell(t)
	r.scale.learn(t)
	if err == nil {
		r.well(t)
	}
	return err
}

// listenTo is where the streams of an attempt go: to the output, and to the rules that look at
// them on their way. end tells the rules that there is no more, and reports whether a line
// matched --retry-if-stderr.
func (r *Run) listenTo(t *task) (out job.Output, end func() (matched bool)) {
	out = r.outputOf(t)
	if !r.plan.SignalFD && len(r.plan.RaiseOn) == 0 && r.plan.RetryIfStderr == nil {
		return out, func() bool { return false }
	}
	m := &matching{run: r, task: t}
	s := &speech{run: r, task: t}
	var lines []*rule.Lines
	tee := func(to io.Writer, line func([]byte)) io.Writer {
		l := rule.NewLines(rule.MostOutput, line)
		lines = append(lines, l)
		return io.MultiWriter(to, l)
	}
	if r.plan.RetryIfStderr != nil || r.looksAt(rule.Stderr) {
		out.Stderr = tee(out.Stderr, m.stderr)
	}
	if r.looksAt(rule.Stdout) {
		out.Stdout = tee(out.Stdout, m.stdout)
	}
	if r.plan.SignalFD {
		l := rule.NewLines(rule.MostSpoken, s.line)
		lines = append(lines, l)
		out.Signals = l
	}
	return out, func() bool {
		for _, l := range lines {
			l.Close()
		}
		s.end()
		return m.retries
	}
}

// looksAt reports whether a rule looks at what jobs write to a stream.
func (r *Run) looksAt(s rule.Stream) bool {
	return slices.ContainsFunc(r.plan.RaiseOn, func(x rule.Rule) bool { return x.Stream() == s })
}

// command is the process of the next attempt.
func (r *Run) command(t *task) (c job.Command, err error) {
	v := r.values(t, t.attempt, t.slot)
	if t.argv, err = r.commands.expand(v); err != nil {
		return c, err
	}
	if err = r.short(t); err != nil {
		return c, err
	}
	c = job.Command{Argv: t.argv, Path: r.commands.path, Timeout: r.plan.Timeout, Term: r.plan.Term, Inherit: r.tokens.files(), Nice: r.plan.Nice, Detach: r.plan.Detach}
	if c.Path == "" || c.Argv[0] == bash && r.commands.command == nil { // the program depends on the item
		if c.Path, err = job.Lookup(t.argv[0], os.Getenv("PATH")); err != nil {
			return c, err
		}
	}
	if c.Env, err = r.environ.of(t, v, r.commands.env); err != nil {
		return c, err
	}
	if r.commands.workdir != nil {
		if c.Dir, err = r.commands.workdir.Expand(v); err != nil {
			return c, err
		}
		if r.plan.MakeWorkdir {
			if err := os.MkdirAll(c.Dir, 0o777); err != nil {
				return c, fail.Own("cannot make the directory of the job: %w", err)
			}
		}
	}
	if r.plan.OpenTTY {
		c.Stdin = r.terminal.file
		return c, nil
	}
	if block := t.item.Block.Bytes(); block != nil {
		c.Stdin = bytes.NewReader(block)
		return c, nil
	}
	switch r.plan.Stdin {
	case StdinItem:
		c.Stdin = strings.NewReader(t.text())
	case StdinInherit:
		c.Stdin = r.streams.In
	case StdinFile:
		name, err := r.commands.stdinFile.Expand(v)
		if err != nil {
			return c, err
		}
		f, err := os.Open(name)
		if err != nil {
			return c, fail.File("--stdin", err)
		}
		c.Stdin = f
	}
	return c, nil
}

// closeInput closes a file that was opened for one attempt.
func closeInput(in io.Reader, inherited *os.File) {
	if f, ok := in.(*os.File); ok && f != inherited {
		_ = f.Close()
	}
}

// judge says whether an attempt has failed, and whether it may be repeated.
func (r *Run) judge(ctx context.Context, t *task) error {
	res := &t.result
	p := &r.plan
	if res.Err == nil && (res.End == job.Exited && res.Code == 0 || p.OKOn.Has(res)) {
		return nil
	}
	if _, ended := errors.AsType[stopped](res.Err); res.End == job.NotStarted && (ended || errors.Is(res.Err, job.ErrKilled)) {
		res.End, res.Err = job.Cancelled, nil
	}
	f := &failure{result: res}
	t.failure = f
	switch res.End {
	case job.Exited:
		f.reason, f.text = event.ReasonExit, fmt.Sprintf("exit %d", res.Code)
	case job.Signalled:
		f.reason, f.text = event.ReasonSignal, "killed by "+signalName(res.Signal)
	case job.TimedOut:
		f.reason, f.text = event.ReasonTimeout, "timed out after "+p.Timeout.String()
	case job.NotStarted:
		f.reason, f.text = event.ReasonStart, res.Err.Error()
	case job.Cancelled:
		f.reason, f.text = dropReason(context.Cause(ctx), r.reason), "ended by eph"
	}
	if res.Err != nil && res.End != job.NotStarted {
		f.reason, f.text = event.ReasonOutput, res.Err.Error()
		r.undelivered(res.Err)
		return coord.Permanent(f)
	}
	if p.FatalOn.Has(res) {
		r.halt(ending{detail: fmt.Sprintf("--fatal-on: item %d: %s", t.item.Seq, f.text)})
		return coord.Permanent(f)
	}
	if res.End == job.Cancelled || p.NoRetryOn.Has(res) || !p.RetryOn.Empty() && !p.RetryOn.Has(res) {
		return coord.Permanent(f)
	}
	return f
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
	state, err := i.State, i.Err
	if state == coord.Dropped && t.failure != nil { // it failed, and there is no time for another attempt
		r.results.settle(t, t.failure)
	} else {
		r.results.settle(t, err)
	}
	if err != nil {
		r.tailOf(t)
		defer r.tails.Delete(t.item.Seq)
	}
	r.journal.deliver(t)
	defer func() { t.delivery.said() }()
	if e := r.print(t); e != nil && state == coord.Done {
		state, err = coord.Failed, &failure{reason: event.ReasonOutput, text: e.Error(), result: &t.result}
	}
	f, _ := errors.AsType[*failure](err)
	skip, isSkip := errors.AsType[errSkipped](err)
	switch {
	case state == coord.Done:
		r.books.succeeded()
		r.say(event.JobSucceeded, r.ended(t, nil))
	case isSkip:
		r.skip(t, skip.reason)
	case state == coord.Dropped && t.attempt == 0:
		r.cancel(t, dropReason(err, r.reason))
	case f != nil && f.result != nil && f.result.End == job.Cancelled:
		r.cancel(t, f.reason)
	default:
		if state == coord.Dropped { // it failed, and there is no time for another attempt
			err = t.failure
		}
		if f != nil && f.reason == event.ReasonTemplate {
			r.books.unfit()
			r.complain(f)
		} else {
			r.books.failed(t.status())
		}
		f := r.ended(t, err)
		f.Records = r.journal.records(t)
		r.say(event.JobFailed, f)
		r.afterFailure(t)
	}
	r.haltIfDue(t)
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
	r.books.skipped()
	if why == event.ReasonBreaker {
		r.books.unread() // it would have run
	}
	r.say(event.JobSkipped, r.lost(t, why))
}

func (r *Run) cancel(t *task, why event.Reason) {
	r.books.cancelled()
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

// text is the item's text: what {} stands for.
func (t *task) text() string {
	if len(t.item.Records) == 1 {
		return t.item.Records[0].Text
	}
	texts := make([]string, len(t.item.Records))
	for i := range t.item.Records {
		texts[i] = t.item.Records[i].Text
	}
	return strings.Join(texts, "\n")
}

// original is the item as the input had it, for a file of failed items.
func (r *Run) original(t *task) string {
	delimiter := r.delimiter()
	if t.item.Block != nil {
		if r.plan.Failed == "" {
			return "" // a block is too much to be copied for nobody
		}
		return strings.TrimSuffix(string(t.item.Block.Bytes()), delimiter)
	}
	var all []string
	for i := range t.item.Records {
		all = append(all, t.item.Records[i].Original())
	}
	return strings.Join(all, delimiter)
}

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
	if res.End == job.Exited {
		f.Exit = &res.Code
	}
	if res.Signal != 0 {
		f.Signal = signalName(res.Signal)
	}
	f.Wall, f.User, f.Sys = event.Seconds(res.Wall), event.Seconds(res.User), event.Seconds(res.Sys)
	f.Sent = int64(len(t.item.Block.Bytes()))
	f.MaxRSS, f.Stdout, f.Stderr, f.PipeHeld = res.MaxRSS, res.StdoutBytes, res.StderrBytes, res.PipeHeld
	return f
}

func signalName(s syscall.Signal) string {
	if name := unix.SignalName(s); name != "" {
		return name
	}
	return fmt.Sprintf("signal %d", int(s))
}

// retries is the retry policy of a plan; nil when every item has one attempt.
func retries(p *Plan) coord.Retry {
	if p.Attempts <= 1 {
		return nil
	}
	b := coord.Backoff{Attempts: p.Attempts, First: max(p.RetryDelay, 1), Max: max(p.RetryMaxDelay, 1), Jitter: p.RetryJitter}
	if b.Jitter == 0 {
		b.Jitter = -1
	}
	return b
}
