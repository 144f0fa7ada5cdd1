package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/internal/rule"
	"github.com/mostlylucid/eph/internal/template"
	"github.com/mostlylucid/eph/internal/value"
	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/patterns"
)

// attempt runs a task once. It is the function of the coordinator.
func (r *Run) attempt(ctx context.Context, op coord.Op[string], t *task) error {
	defer func() { t.pass.Cancel(); t.pass = patterns.Pass{} }() // if no job was run
	if why := r.passedOver(t); why != "" {
		return coord.Permanent(errSkipped{why})
	}
	t.attempt = op.Attempt
	t.slot = r.slots.Take()
	defer r.slots.Give(t.slot)
	c, err := r.command(t)
	if err != nil {
		return coord.Permanent(t.misfit(err))
	}
	if err := r.openOutput(t); err != nil {
		return coord.Permanent(err)
	}
	giveBack, err := r.turn(ctx, t)
	if err != nil {
		return err
	}
	defer giveBack()
	release, err := r.furnish(t, &c)
	if err != nil {
		return coord.Permanent(t.misfit(err))
	}
	defer release()
	return r.work(ctx, t, c)
}

// passedOver is why a task that may start has nothing to run any more, or "".
func (r *Run) passedOver(t *task) event.Reason {
	if r.commands.key != nil && r.books.keyFailed(t.key) {
		return event.ReasonKey
	}
	if t.circuit != nil && r.plan.Breaker.Action != BreakerHold {
		var err error
		if t.pass, err = t.circuit.Allow(); err != nil {
			return event.ReasonBreaker
		}
	}
	return ""
}

// misfit is what an error of the templates means for the task they do not fit.
func (t *task) misfit(err error) error {
	if errors.Is(err, template.ErrSkip) {
		return errSkipped{event.ReasonMissing}
	}
	why := event.ReasonTemplate
	if s := fail.StatusOf(err); s == fail.NotFound || s == fail.CannotExec { // it was the item that named the program
		why = event.ReasonStart
		t.result = job.Result{End: job.NotStarted, Err: err}
	}
	return &failure{reason: why, text: err.Error()}
}

// command is the process of the next attempt, as far as the templates and PATH say: nothing is
// opened or made for it.
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
	}
	if r.commands.stdinFile != nil {
		t.stdinFile, err = r.commands.stdinFile.Expand(v)
	}
	return c, err
}

// furnish makes and opens what a command needs to start: its directory and its input. release
// closes what was opened.
func (r *Run) furnish(t *task, c *job.Command) (release func(), err error) {
	if r.plan.MakeWorkdir && c.Dir != "" {
		if err := os.MkdirAll(c.Dir, 0o777); err != nil {
			return nil, fail.Own("cannot create the job's directory: %w", err)
		}
	}
	release = func() {}
	block := t.item.Block.Bytes()
	switch {
	case r.plan.OpenTTY:
		c.Stdin = r.terminal.file
	case block != nil:
		c.Stdin = bytes.NewReader(block)
	case r.plan.Stdin == StdinItem:
		c.Stdin = strings.NewReader(t.text())
	case r.plan.Stdin == StdinInherit:
		c.Stdin = r.streams.In
	case r.plan.Stdin == StdinFile:
		f, err := os.Open(t.stdinFile)
		if err != nil {
			return nil, fail.File("--stdin", err)
		}
		c.Stdin, release = f, func() { _ = f.Close() }
	}
	return release, nil
}

// openOutput makes room for what the job writes.
func (r *Run) openOutput(t *task) error {
	if t.out == nil {
		tag, err := r.tag(t)
		if err != nil {
			return &failure{reason: event.ReasonTemplate, text: err.Error()}
		}
		t.out = r.out.Job(t.item.Seq, tag)
	} else {
		t.out.Reset()
	}
	if err := r.results.begin(t); err != nil {
		r.undelivered(err)
		return &failure{reason: event.ReasonOutput, text: err.Error()}
	}
	return nil
}

// turn waits until a task may start: for a slot of make's jobserver and, with --interactive, for
// the answer of the user. giveBack is for when its job has ended.
func (r *Run) turn(ctx context.Context, t *task) (giveBack func(), err error) {
	asks := r.plan.Ask && t.attempt == 1
	if asks {
		r.terminal.wait(ctx, t) // without a token, which those before it need
	}
	giveBack, err = r.tokens.take(ctx)
	if err != nil {
		t.result = job.Result{End: job.NotStarted, Err: err}
		return nil, r.judge(ctx, t)
	}
	if !asks {
		return giveBack, nil
	}
	yes := r.ask(ctx, r.commands.display(t, r))
	r.terminal.leave(t)
	if yes {
		return giveBack, nil
	}
	giveBack()
	if ctx.Err() != nil { // nobody said no
		t.result = job.Result{End: job.NotStarted, Err: context.Cause(ctx)}
		return nil, r.judge(ctx, t)
	}
	return nil, coord.Permanent(errSkipped{event.ReasonDeclined})
}

// work runs the job of a task, and tells everybody how it went.
func (r *Run) work(ctx context.Context, t *task, c job.Command) error {
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
	t.started = t.started || t.result.End != job.NotStarted
	matched := end()
	r.live.leave(t)
	r.results.end(t)
	if r.plan.TimedOut != nil && t.result.End == job.TimedOut {
		r.plan.TimedOut(r.commands.display(t, r))
	}
	err := r.judge(ctx, t)
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

// judge says whether an attempt has failed, and whether it may be repeated.
func (r *Run) judge(ctx context.Context, t *task) error {
	res := &t.result
	p := &r.plan
	if res.Succeeded() || res.Err == nil && p.OKOn.Has(res) {
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
		f.reason, f.text = event.ReasonSignal, "killed by "+value.SignalName(res.Signal)
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
