package run

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/internal/output"
	"github.com/mostlylucid/eph/pkg/coord"
)

// Xargs are the rules of GNU xargs, for a run that stands in for it. They differ from those of
// every other run in what is said and when, and in how the run ends; the scheduler and the
// runner are the same.
//
//   - Input is read as far as the next command line and no further, which then waits for a slot.
//   - That jobs have ended is noticed when the next command line is complete, and at the end.
//   - A job that exits with 255, or dies by a signal, ends the run: the others are waited for,
//     and the status is 124 or 125, or 123 if another had failed by then. One that does so
//     while they are waited for settles the status.
//   - A command that cannot be started ends the run in the same way, with 126 or 127.
//   - Jobs share the session of eph, its descriptors and its environment, and what they leave
//     behind lives on.
type Xargs struct {
	// Argv is the command line for these records. Its first word is looked up in PATH.
	Argv func([]item.Record) []string

	// Before is told of a command line that is about to run, in order of input, and reports
	// whether it is to. nil runs all, and may then start several at once.
	Before func(argv []string) (bool, error)

	// Check says why there can be no command line for these records, which ends the run. nil
	// finds no fault.
	Check func([]item.Record) error

	// Stdin is what a job reads; nil is /dev/null. What it returns is closed unless it is the
	// input of eph. Its error, which it has told, ends the run.
	Stdin func() (*os.File, error)

	// Taken is how many bytes of arguments, and of pointers to them, the system surely takes. A
	// start with more is awaited, to be done again with fewer.
	Taken int

	SlotVar string // the variable with the number of the slot, from 0; "" is none

	// Fault says why the input could not be read to its end.
	Fault func(error)

	// Say prints a message.
	Say func(format string, args ...any)
}

// The exit statuses that only xargs has.
const (
	exited255 fail.Status = 124
	signalled fail.Status = 125
)

// byXargs is the state of a run that goes by the rules of xargs.
type byXargs struct {
	path   string
	found  sync.Once
	absent error
	env    []string
	proven atomic.Bool // the command could be started, so the next starts need not be awaited
	ran    bool

	mu     sync.Mutex
	ended  []*task // and were not noticed yet, in order of their ends
	failed bool    // one that was noticed has failed

	// How many words the system took, and how many it did not.
	took, refused int
}

// errTold refuses a start for a reason that was told.
var errTold = errors.New("told")

// entry is the way of a task into a job.
type entry struct {
	once     sync.Once
	entered  chan struct{} // closed when more may be read
	awaited  bool          // that is when it has started, or cannot be
	dropped  bool          // it will not start, because the run ends
	declined bool          // nor will it, because a person said so
	refused  error         // why it could not be started; nil where that is not awaited
}

func (e *entry) open() { e.once.Do(func() { close(e.entered) }) }

func prepareXargs(ctx context.Context, p Plan, s Streams) (*Run, error) {
	r := &Run{plan: p, streams: s, runner: new(job.Local)}
	r.intake, r.stopIntake = context.WithCancelCause(ctx)
	var err error
	if r.input, err = item.Open(ctx, p.Input, s.In); err != nil {
		return nil, err
	}
	r.xargs.env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return p.Xargs.SlotVar != "" && strings.HasPrefix(v, p.Xargs.SlotVar+"=")
	})
	r.out = output.New(s.Out, s.Err, output.Options{Mode: output.Raw})
	r.scale = newScale(r)
	r.pool = coord.NewKeyed(nil, r.attemptXargs, coord.Options{
		Limit: r.scale.limit(), Window: 1, Gate: &r.gate, History: -1, NoClock: true,
	})
	r.pool.Notify(coord.Hooks[string, *task]{Finish: r.finishedXargs})
	return r, nil
}

// executeXargs is Execute by the rules of xargs.
func (r *Run) executeXargs(ctx context.Context) Report {
	defer r.input.Close()
	status := r.feedXargs(ctx)
	_ = r.pool.Drain(context.WithoutCancel(ctx))
	if s := r.notice(); s != 0 {
		status = s
	} else if r.xargs.failed {
		status = fail.JobsFailed
	}
	return Report{Status: status}
}

// feedXargs runs everything. It returns why it ended before the input did, or 0.
func (r *Run) feedXargs(ctx context.Context) fail.Status {
	for {
		it, err := r.input.Next(ctx)
		switch {
		case err == io.EOF && r.plan.Empty == EmptyRun && !r.xargs.ran:
			s, _ := r.start(ctx, item.Item{})
			return s
		case err == io.EOF:
			return 0
		case err != nil:
			r.plan.Xargs.Fault(err)
			return fail.Broken
		}
		if check := r.plan.Xargs.Check; check != nil {
			if err := check(it.Records); err != nil {
				r.plan.Xargs.Fault(err)
				return fail.Broken
			}
		}
		last := r.input.Ended()
		if s := r.startAll(ctx, it); s != 0 || last {
			return s
		}
	}
}

// startAll starts the job of an item, or several where the system does not take so many
// arguments at once.
func (r *Run) startAll(ctx context.Context, it item.Item) fail.Status {
	s, tooLong := r.start(ctx, it)
	if !tooLong {
		return s
	}
	x := &r.xargs
	fixed := len(r.plan.Xargs.Argv(nil))
	limit := x.narrow(fixed+len(it.Records)+1, false)
	for rest := it.Records; len(rest) > 0; {
		n := min(max(limit-fixed, 1), len(rest))
		s, tooLong = r.start(ctx, item.Item{Seq: it.Seq, Records: rest[:n]})
		switch {
		case s != 0:
			return s
		case tooLong && limit <= fixed+1:
			r.plan.Xargs.Say("can't call exec() due to argument size restrictions")
			return fail.Broken
		case !tooLong:
			rest = rest[n:]
		}
		limit = max(x.narrow(limit, !tooLong), fixed+1)
	}
	return 0
}

// narrow is how many words to try next, after limit of them were taken or not: half of what
// was refused, and then by bisection.
func (x *byXargs) narrow(limit int, taken bool) int {
	if taken {
		x.took = max(x.took, limit)
	} else if x.refused == 0 || limit < x.refused {
		x.refused = limit
	}
	step := 0
	if x.took > 0 && x.refused > x.took {
		step = max((x.refused-x.took)/2, 1)
	}
	switch {
	case taken:
		return limit + max(step, 1)
	case step > 0:
		return limit - step
	}
	return limit / 2
}

// start starts the job of an item once there is a slot for it. It returns why nothing more is
// to be started, or 0, and whether the system found the command line too long.
func (r *Run) start(ctx context.Context, it item.Item) (s fail.Status, tooLong bool) {
	if s := r.notice(); s != 0 {
		return s, false
	}
	t := &task{item: it, entry: &entry{entered: make(chan struct{})}}
	if _, err := r.pool.Put(ctx, t); err != nil {
		return r.notice(), false
	}
	<-t.entry.entered
	switch err := t.entry.refused; {
	case t.entry.dropped:
		return r.notice(), false
	case err == nil:
		r.xargs.ran = r.xargs.ran || !t.entry.declined
		return 0, false
	case errors.Is(err, syscall.E2BIG):
		return 0, true
	default:
		return r.cannotStart(t, err), false
	}
}

// notice looks at the jobs that have ended since the last time. It returns the status with
// which one of them ends the run, or 0.
func (r *Run) notice() fail.Status {
	x := &r.xargs
	x.mu.Lock()
	defer x.mu.Unlock()
	for len(x.ended) > 0 {
		t := x.ended[0]
		x.ended = x.ended[1:]
		name := t.argv[0]
		switch res := &t.result; {
		case res.End == job.NotStarted:
			return r.cannotStart(t, res.Err)
		case res.End == job.Signalled:
			r.plan.Xargs.Say("%s: terminated by signal %d", name, int(res.Signal))
			return signalled
		case res.Code == 255:
			r.plan.Xargs.Say("%s: exited with status 255; aborting", name)
			return exited255
		case res.Code != 0:
			x.failed = true
		}
	}
	return 0
}

// cannotStart says why a job could not be started.
func (r *Run) cannotStart(t *task, err error) fail.Status {
	errno, ok := errors.AsType[syscall.Errno](err)
	switch {
	case err == errTold:
		return fail.Broken
	case !ok:
		r.plan.Xargs.Say("%s", err)
		return fail.Broken
	}
	r.plan.Xargs.Say("%s: %s", t.argv[0], Strerror(errno))
	if errno == syscall.ENOENT {
		return fail.NotFound
	}
	return fail.CannotExec
}

// Strerror is what the C library calls an error: Go's text with a capital letter.
func Strerror(err syscall.Errno) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:]
}

// attemptXargs runs a job.
func (r *Run) attemptXargs(ctx context.Context, _ coord.Op[string], t *task) error {
	defer t.entry.open()
	p := r.plan.Xargs
	t.argv = p.Argv(t.item.Records)
	t.entry.awaited = p.Before != nil || !r.xargs.proven.Load() || p.mayBeRefused(t.argv)
	if !t.entry.awaited {
		t.entry.open()
	}
	if p.Before != nil {
		run, err := p.Before(t.argv)
		if t.entry.declined, t.entry.refused = !run, err; !run {
			return err
		}
	}
	path, err := r.lookupXargs(t.argv[0])
	if err != nil {
		return r.refuse(t, err)
	}
	t.slot = r.slots.take()
	defer r.slots.give(t.slot)
	c := job.Command{Path: path, Argv: t.argv, Env: r.xargs.env, Shared: true}
	if p.SlotVar != "" {
		c.Env = append(slices.Clone(c.Env), p.SlotVar+"="+strconv.Itoa(t.slot-1))
	}
	if p.Stdin != nil {
		f, err := p.Stdin()
		if err != nil {
			return r.refuse(t, errTold)
		}
		c.Stdin = f
	}
	c.Started = func() {
		r.xargs.proven.Store(true)
		t.entry.open()
	}
	t.result = r.runner.Run(ctx, c, job.Output{Stdout: r.streams.Out, Stderr: r.streams.Err})
	closeInput(c.Stdin, r.streams.In)
	if t.result.End == job.NotStarted {
		return r.refuse(t, t.result.Err)
	}
	return nil
}

// refuse ends a task whose job could not be started.
func (r *Run) refuse(t *task, err error) error {
	t.result = job.Result{End: job.NotStarted, Err: err}
	if t.entry.awaited {
		t.entry.refused = err
	}
	return err
}

// mayBeRefused reports whether the system may find a command line too long.
func (p *Xargs) mayBeRefused(argv []string) bool {
	const pointer, longest = 8, 128 << 10
	n := 0
	for _, a := range argv {
		if len(a) >= longest {
			return true
		}
		n += len(a) + 1 + pointer
	}
	return n > p.Taken
}

// lookupXargs finds the program as execvp(3) does, once.
func (r *Run) lookupXargs(name string) (string, error) {
	x := &r.xargs
	x.found.Do(func() {
		x.path = name
		if name == "" {
			x.absent = syscall.ENOENT
		} else if !strings.Contains(name, "/") {
			path, ok := os.LookupEnv("PATH")
			if !ok {
				path = "/bin:/usr/bin"
			}
			var err error
			if x.path, err = job.Lookup(name, path); fail.StatusOf(err) == fail.CannotExec {
				x.absent = syscall.EACCES
			} else if err != nil {
				x.absent = syscall.ENOENT
			}
		}
	})
	return x.path, x.absent
}

// finishedXargs is the coordinator's word that a task has ended. One that ends the run lets
// nothing start after it.
func (r *Run) finishedXargs(i coord.Info[string], t *task) {
	if i.State == coord.Dropped && t.argv == nil {
		t.entry.dropped = true
		t.entry.open()
		return
	}
	if t.result.End == 0 || t.entry.awaited && t.entry.refused != nil {
		return // it was not to run, or start has been told
	}
	r.xargs.mu.Lock()
	r.xargs.ended = append(r.xargs.ended, t)
	r.xargs.mu.Unlock()
	if t.result.End != job.Exited || t.result.Code == 255 {
		r.gate.Drop(errors.New("a job ended the run"))
	}
}

// PassOn sends a signal to the jobs, and lets nothing start any more.
func (r *Run) PassOn(s syscall.Signal) {
	if l, ok := r.runner.(*job.Local); ok {
		l.PassOn(s)
	}
}
