package xargs

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
	"github.com/mostlylucid/eph/pkg/coord"
)

// Run is a call of xargs whose input is open. It differs from every other run of eph in what is
// said and when, and in how it ends; the scheduler and the runner are the same.
//
//   - Input is read as far as the next command line and no further, which then waits for a slot.
//   - That jobs have ended is noticed when the next command line is complete, and at the end.
//   - A job that exits with 255, or dies by a signal, ends the run: the others are waited for,
//     and the status is 124 or 125, or 123 if another had failed by then. One that does so
//     while they are waited for settles the status.
//   - A command that cannot be started ends the run in the same way, with 126 or 127.
//   - Jobs share the session of eph, its descriptors and its environment, and what they leave
//     behind lives on.
type Run struct {
	p     *Program
	input *item.Reader
	env   []string

	jobs  job.Local
	pool  *coord.Pool[*call]
	gate  coord.Gate // drops what waits once the run is to end
	slots job.Slots

	found  sync.Once
	path   string
	absent error // why path cannot be run

	proven atomic.Bool // the command could be started, so the next starts need not be awaited
	ran    bool

	mu     sync.Mutex
	limit  int     // of jobs at once
	ended  []*call // and were not noticed yet, in the order in which the system gave them back
	failed bool    // one that was noticed has failed

	took, refused int // how many words the system took, and how many it did not
}

// call is a command line on its way to its end.
type call struct {
	records []item.Record
	argv    []string
	result  job.Result

	once     sync.Once
	entered  chan struct{} // closed when more may be read
	awaited  bool          // that is when the job has started, or cannot be
	dropped  bool          // it will not start, because the run ends
	declined bool          // nor will it, because a person said so
	refused  error         // why it could not be started; nil where that is not awaited
}

func (c *call) enter() { c.once.Do(func() { close(c.entered) }) }

// errTold refuses a start for a reason that was told.
var errTold = errors.New("told")

// Prepare opens the input. Where there is nothing to run, the run is nil, and status is the
// exit status.
func (p *Program) Prepare(ctx context.Context) (r *Run, status fail.Status) {
	in := p.input()
	if p.o.file != "" && p.o.file != "-" {
		// Before anything is said of the limits.
		f, err := os.Open(p.o.file)
		if err != nil {
			p.say("Cannot open input file %s: %s", named(p.o.file), explain(err))
			return nil, fail.Broken
		}
		_ = f.Close()
		in.Sources = []item.Source{{File: p.o.file}}
	}
	if p.o.showLimits {
		_, _ = io.WriteString(p.streams.Err, p.o.limits.show())
		if isTerminal(p.streams.In) {
			_, _ = io.WriteString(p.streams.Err, p.terminalNote())
		}
	}
	if !p.o.replace && size(p.command) > p.o.limits.max {
		p.say("cannot fit single argument within argument list size limit")
		return nil, fail.Broken
	}
	input, err := item.Open(ctx, in, p.streams.In)
	if err != nil {
		p.say("%s", err)
		return nil, fail.Broken
	}
	r = &Run{p: p, input: input, limit: p.o.jobs, env: slices.DeleteFunc(os.Environ(), func(v string) bool {
		return p.o.slotVar != "" && strings.HasPrefix(v, p.o.slotVar+"=")
	})}
	r.pool = coord.New(r.attempt, coord.Options{Limit: r.limit, Window: 1, Gate: &r.gate, History: -1, NoClock: true})
	r.pool.Notify(coord.Hooks[coord.NoKey, *call]{Finish: r.finished})
	return r, 0
}

// Execute runs everything, and returns the exit status. The end of ctx ends the input.
func (r *Run) Execute(ctx context.Context) fail.Status {
	defer r.input.Close()
	status := r.feed(ctx)
	_ = r.pool.Drain(context.WithoutCancel(ctx))
	if s := r.notice(); s != 0 {
		return s
	}
	if r.failed {
		return fail.JobsFailed
	}
	return status
}

// feed runs everything. It returns why it ended before the input did, or 0.
func (r *Run) feed(ctx context.Context) fail.Status {
	for {
		it, err := r.input.Next(ctx)
		switch {
		case err == io.EOF && !r.ran && !r.p.o.noRunEmpty && !r.p.o.replace:
			s, _ := r.start(ctx, nil)
			return s
		case err == io.EOF:
			return 0
		case err == nil && r.p.o.replace:
			err = r.p.check(it.Records)
		}
		if err != nil {
			r.p.fault(err)
			return fail.Broken
		}
		last := r.input.Ended()
		if s := r.startAll(ctx, it.Records); s != 0 || last {
			return s
		}
	}
}

// startAll starts the job of these records, or several where the system does not take so many
// arguments at once.
func (r *Run) startAll(ctx context.Context, records []item.Record) fail.Status {
	s, tooLong := r.start(ctx, records)
	if !tooLong {
		return s
	}
	fixed := len(r.p.argv(nil))
	limit := r.narrow(fixed+len(records)+1, false)
	for rest := records; len(rest) > 0; {
		n := min(max(limit-fixed, 1), len(rest))
		s, tooLong = r.start(ctx, rest[:n])
		switch {
		case s != 0:
			return s
		case tooLong && limit <= fixed+1:
			r.p.say("can't call exec() due to argument size restrictions")
			return fail.Broken
		case !tooLong:
			rest = rest[n:]
		}
		limit = max(r.narrow(limit, !tooLong), fixed+1)
	}
	return 0
}

// narrow is how many words to try next, after limit of them were taken or not: half of what
// was refused, and then by bisection.
func (r *Run) narrow(limit int, taken bool) int {
	if taken {
		r.took = max(r.took, limit)
	} else if r.refused == 0 || limit < r.refused {
		r.refused = limit
	}
	step := 0
	if r.took > 0 && r.refused > r.took {
		step = max((r.refused-r.took)/2, 1)
	}
	switch {
	case taken:
		return limit + max(step, 1)
	case step > 0:
		return limit - step
	}
	return limit / 2
}

// start starts a job once there is a slot for it. It returns why nothing more is to be started,
// or 0, and whether the system found the command line too long.
func (r *Run) start(ctx context.Context, records []item.Record) (s fail.Status, tooLong bool) {
	if s := r.notice(); s != 0 {
		return s, false
	}
	c := &call{records: records, entered: make(chan struct{})}
	if _, err := r.pool.Put(ctx, c); err != nil {
		return r.notice(), false
	}
	<-c.entered
	switch {
	case c.dropped:
		return r.notice(), false
	case c.refused == nil:
		r.ran = r.ran || !c.declined
		return 0, false
	case errors.Is(c.refused, syscall.E2BIG):
		return 0, true
	default:
		return r.cannotStart(c, c.refused), false
	}
}

// notice looks at the jobs that have ended since the last time. It returns the status with
// which one of them ends the run, or 0.
func (r *Run) notice() fail.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.ended) > 0 {
		c := r.ended[0]
		r.ended = r.ended[1:]
		name := c.argv[0]
		switch res := &c.result; {
		case res.End == job.NotStarted:
			return r.cannotStart(c, res.Err)
		case res.End == job.Signalled:
			r.p.say("%s: terminated by signal %d", name, int(res.Signal))
			return fail.XargsSignalled
		case res.Code == 255:
			r.p.say("%s: exited with status 255; aborting", name)
			return fail.XargsAborted
		case res.Code != 0:
			r.failed = true
		}
	}
	return 0
}

// cannotStart says why a job could not be started.
func (r *Run) cannotStart(c *call, err error) fail.Status {
	errno, ok := errors.AsType[syscall.Errno](err)
	switch {
	case err == errTold:
		return fail.Broken
	case !ok:
		r.p.say("%s", err)
		return fail.Broken
	}
	r.p.say("%s: %s", c.argv[0], strerror(errno))
	if errno == syscall.ENOENT {
		return fail.NotFound
	}
	return fail.CannotExec
}

// attempt runs a job. It is the function of the coordinator.
func (r *Run) attempt(ctx context.Context, c *call) error {
	defer c.enter()
	o := &r.p.o
	asks := o.trace || o.ask // in the order of the input, one after the other
	c.argv = r.p.argv(c.records)
	c.awaited = asks || !r.proven.Load() || r.mayBeRefused(c.argv)
	if !c.awaited {
		c.enter()
	}
	if asks {
		run, err := r.p.before(c.argv)
		if c.declined, c.refused = !run, err; !run {
			return err
		}
	}
	path, err := r.lookup(c.argv[0])
	if err != nil {
		return r.refuse(c, err)
	}
	slot := r.slots.Take()
	defer r.slots.Give(slot)
	cmd := job.Command{Path: path, Argv: c.argv, Env: r.env, Shared: true}
	if o.slotVar != "" {
		cmd.Env = append(slices.Clone(cmd.Env), o.slotVar+"="+strconv.Itoa(slot-1))
	}
	switch {
	case o.openTTY:
		tty, err := r.p.openTTY()
		if err != nil {
			return r.refuse(c, errTold)
		}
		defer tty.Close()
		cmd.Stdin = tty
	case o.file != "" && o.file != "-":
		cmd.Stdin = r.p.streams.In
	}
	cmd.Started = func() {
		r.proven.Store(true)
		c.enter()
	}
	cmd.Reaped = func(res job.Result) { r.note(c, res) }
	if res := r.jobs.Run(ctx, cmd, job.Output{Stdout: r.p.streams.Out, Stderr: r.p.streams.Err}); res.End == job.NotStarted {
		return r.refuse(c, res.Err)
	}
	return nil
}

// refuse ends a call whose job could not be started.
func (r *Run) refuse(c *call, err error) error {
	if c.awaited {
		c.refused = err // start says so
	} else {
		r.note(c, job.Result{End: job.NotStarted, Err: err})
	}
	return err
}

// note keeps the end of a job until it is noticed. One that ends the run lets nothing start
// after it.
func (r *Run) note(c *call, res job.Result) {
	c.result = res
	r.mu.Lock()
	r.ended = append(r.ended, c)
	r.mu.Unlock()
	if res.End != job.Exited || res.Code == 255 {
		r.gate.Drop(errors.New("a job ended the run"))
	}
}

// finished is the coordinator's word that a call has ended.
func (r *Run) finished(i coord.Info[coord.NoKey], c *call) {
	if i.State == coord.Dropped && c.argv == nil {
		c.dropped = true
		c.enter()
	}
}

// mayBeRefused reports whether the system may find a command line too long.
func (r *Run) mayBeRefused(argv []string) bool {
	const longest = 128 << 10
	n := 0
	for _, a := range argv {
		if len(a) >= longest {
			return true
		}
		n += len(a) + 1 + pointer
	}
	return int64(n) > r.p.o.limits.taken()
}

// lookup finds the program as execvp(3) does, once.
func (r *Run) lookup(name string) (string, error) {
	r.found.Do(func() {
		r.path = name
		if name == "" {
			r.absent = syscall.ENOENT
		} else if !strings.Contains(name, "/") {
			path, ok := os.LookupEnv("PATH")
			if !ok {
				path = "/bin:/usr/bin"
			}
			var err error
			if r.path, err = job.Lookup(name, path); fail.StatusOf(err) == fail.CannotExec {
				r.absent = syscall.EACCES
			} else if err != nil {
				r.absent = syscall.ENOENT
			}
		}
	})
	return r.path, r.absent
}

// AddSlots changes how many jobs run at once by n; at least one is left.
func (r *Run) AddSlots(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.limit = max(r.limit+n, 1)
	r.pool.SetLimit(r.limit)
}

// PassOn sends a signal to the jobs, and lets nothing start any more.
func (r *Run) PassOn(s syscall.Signal) { r.jobs.PassOn(s) }

// KillAll kills the jobs, and lets nothing start any more.
func (r *Run) KillAll() { r.jobs.KillAll() }

// Suspend stops the jobs until Resume.
func (r *Run) Suspend() { r.jobs.Suspend() }

// Resume goes on with them.
func (r *Run) Resume() { r.jobs.Resume() }
