// Package run performs one run: items come in, a coordinator decides when each may start, a runner
// runs it, a writer puts its output in order, and every step is a signal.
//
// This file follows the run from the first item to the last; task.go follows a single item.
package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/internal/observe"
	"github.com/mostlylucid/eph/internal/output"
	"github.com/mostlylucid/eph/internal/record"
	"github.com/mostlylucid/eph/internal/template"
	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/signals"
)

// Run is a run that is ready to start: its input is open, its templates are compiled and its
// command was found.
type Run struct {
	plan     Plan
	streams  Streams
	id       string
	began    time.Time
	input    *item.Reader
	commands commands
	runner   job.Runner
	environ  environ
	out      *output.Writer
	results  results
	pool     *coord.Keyed[string, *task]
	gate     coord.Gate // drops what waits once the run is to end
	slots    job.Slots
	memory   budget          // for items
	wanted   Jobs            // jobs at once, before limits of the system
	tally    *template.Tally // of the item that -X fills
	shown    int             // the length of its line, in the dialect of GNU parallel
	total    atomic.Int64    // number of items, once the whole input was read where a template asks for it

	// What holds a start back, in the order in which it is asked.
	signalled *coord.Gate // shut or dropping while signals of --defer-on or --cancel-on hold
	limited   limited     // after rate-limit:D
	circuits  *circuits   // nil without --breaker
	keyPaces  *paces      // nil without --rate-by key
	pace      pace
	scale     *scale
	tokens    tokens
	live      live
	hearing   hearing

	sink    signals.Sink
	saying  sync.RWMutex // held alone to say the last word
	silent  bool         // it was said
	log     *observe.Log
	journal journal
	summary *observe.Summary
	ci      *observe.CI
	records []io.Closer    // what the run leaves behind
	failed  *record.Failed // of those, the list of what failed; or nil

	books books
	read  atomic.Bool // the input has ended

	suspended atomic.Bool
	terminal  terminal

	intake     context.Context // ends when no more items are to be read
	stopIntake context.CancelCauseFunc

	mu     sync.Mutex
	ending *ending // why the run ends early; nil while it does not

	steering sync.Mutex // held while the coordinator is told of paused
	paused   atomic.Bool
}

// Report is how a run ended.
type Report struct {
	Status fail.Status
	DieBy  syscall.Signal // the signal by which eph has to die, or 0
	Err    error          // why eph could not do its work, to be printed; nil if it could

	Counts event.Counts
	Halted *Halted // nil unless --halt has ended the run
}

// Prepare opens the input, compiles the templates and looks the command up. The end of ctx
// calls off what blocks in that. Its errors are *fail.Error; nothing was run.
func Prepare(ctx context.Context, p Plan, s Streams) (*Run, error) {
	r := &Run{plan: p, streams: s, id: newID(), runner: new(job.Local)}
	r.intake, r.stopIntake = context.WithCancelCause(ctx)
	if err := r.journal.prepare(r); err != nil {
		return nil, err
	}
	input := r.plan.Input
	if p.Fill || p.MaxChars > 0 {
		input.Fill = r.fits
	}
	var err error
	if r.input, err = item.Open(ctx, input, s.In); err != nil {
		r.journal.close()
		return nil, err
	}
	if err = r.writesInput(); err == nil {
		r.commands, err = compile(p, r.input.Columns())
	}
	if err == nil {
		err = r.open()
	}
	if err == nil {
		err = r.journal.open()
	}
	if err != nil {
		_ = r.input.Close()
		r.journal.close()
		return nil, err
	}
	return r, nil
}

// open makes everything that needs the templates.
func (r *Run) open() error {
	p := &r.plan
	for _, x := range []struct {
		wanted bool
		flag   string
	}{{p.Ask, "--interactive"}, {p.OpenTTY, "--open-tty"}} {
		if x.wanted && r.terminal.file == nil {
			if err := r.terminal.open(x.flag, r.streams); err != nil {
				return err
			}
		}
	}
	if dir := p.Output.TmpDir; dir != "" {
		if st, err := os.Stat(dir); err != nil {
			return fail.Usage("--tmpdir: %v", err)
		} else if !st.IsDir() {
			return fail.Usage("--tmpdir: %s is not a directory", dir)
		}
	}
	r.environ = newEnviron(p, r.id)
	if p.Jobs.File != "" {
		j, err := readJobs(p.Jobs.File, p.CPUs)
		if err != nil {
			return err
		}
		p.Jobs = j
	}
	r.wanted, p.Jobs.Most = p.Jobs, affordable(p.Jobs.Most)
	p.Jobs.Least = min(p.Jobs.Least, p.Jobs.Most)
	if err := r.join(); err != nil {
		return err
	}
	if p.SignalFD {
		r.environ.set("EPH_SIGNAL_FD", strconv.Itoa(job.SignalFD(r.tokens.files())))
	}
	p.Output.Window = int64(p.Window)
	p.Output.Screen = p.Progress.screen()
	p.Output.OnSpill, p.Output.OnStall = r.spilled, r.stalled
	r.out = output.New(r.results.init(r), r.streams.Err, p.Output)
	r.scale = newScale(r)
	r.circuits = newCircuits(&p.Breaker, r.circuitChanged)
	r.signalled, _ = coord.GateOn(&r.sink, p.DeferOn, signals.Pattern{}, p.CancelOn, 0)
	o := coord.Options{
		Limit: r.scale.limit(), PerKey: p.KeyJobs, Window: p.Window, Aging: p.Aging,
		Retry: retries(p), Gate: &r.gate, Hold: []*coord.Gate{r.signalled, &r.limited.gate},
		Rate: &r.pace, History: -1, NoClock: true,
	}
	for _, l := range p.Lanes {
		o.Lanes = append(o.Lanes, coord.Lane{Name: l.Name, Weight: l.Weight})
	}
	switch {
	case p.Delay > 0:
		r.pace.set(Rate{PerSecond: float64(time.Second) / float64(p.Delay), Burst: 1})
	case p.RateByKey:
		r.keyPaces = &paces{rate: p.Rate, keys: make(map[string]*keyPace)}
	default:
		r.pace.set(p.Rate)
	}
	var key func(*task) string
	if r.commands.key != nil {
		key = func(t *task) string { return t.key }
	}
	r.pool = coord.NewKeyed(key, r.attempt, o)
	hooks := coord.Hooks[string, *task]{Retry: r.retrying, Finish: r.finished}
	if r.circuits != nil || r.keyPaces != nil || p.Ask {
		hooks.Admit = r.admit
	}
	r.pool.Notify(hooks)
	return nil
}

// Execute runs everything and returns when nothing it started is alive. The end of ctx is a
// Drain.
func (r *Run) Execute(ctx context.Context) Report {
	r.began = time.Now()
	if err := r.watch(); err != nil {
		return Report{Status: fail.StatusOf(err), Err: err}
	}
	stopWatching := context.AfterFunc(ctx, func() { r.Drain("context") })
	defer stopWatching()
	if r.plan.Deadline > 0 {
		timer := time.AfterFunc(r.plan.Deadline, func() {
			r.end(ending{reason: event.ReasonDeadline, now: true})
		})
		defer timer.Stop()
	}
	r.say(event.RunStarted, &event.Fields{
		Version: r.plan.Version, Command: r.commands.typed, Dir: workingDir(), PID: os.Getpid(), Jobs: r.scale.limit(), Seed: r.seed(),
		Journal: r.journal.header(),
	})
	r.journal.tell()
	if most := r.plan.Jobs.Most; most < r.wanted.Most && r.wanted.Most != Unlimited {
		r.warn(fmt.Sprintf("the limit on open files allows only %d of the %d jobs asked for at once; ulimit -n raises it", most, r.wanted.Most))
	}
	stop, err := r.begin()
	defer stop()
	settle := r.progress()
	if err == nil {
		err = r.feed()
	}
	_ = r.pool.Drain(context.Background())
	for _, closing := range []func() error{r.out.Close, r.results.close} {
		if closeErr := closing(); err == nil {
			err = closeErr
		}
	}
	settle()
	return r.report(err)
}

// begin starts what lives beside the run: those who steer it, and the sensors. stop ends them.
func (r *Run) begin() (stop func(), err error) {
	var stops []func()
	stop = func() {
		for _, s := range slices.Backward(stops) {
			s()
		}
		r.tokens.close()
	}
	for _, start := range []func() (func(), error){
		r.listen,
		r.sense,
		func() (func(), error) { return r.tellProgress(), nil },
		func() (func(), error) { return r.scale.follow(r.plan.Jobs.File), nil },
	} {
		s, err := start()
		if err != nil {
			return stop, err
		}
		stops = append(stops, s)
	}
	return stop, nil
}

// watch attaches those who watch the signals of the run. After an error nothing is left behind.
func (r *Run) watch() (err error) {
	defer func() {
		if err != nil {
			r.discard()
		}
	}()
	r.journal.watch()
	if r.plan.Log != "" {
		if r.log, err = observe.OpenLog(r.plan.Log, r.id, r.streams.Err, &r.sink, r.plan.LogOptions); err != nil {
			return err
		}
	}
	for _, x := range []struct {
		name string
		open func(string) (io.Closer, error)
	}{
		{r.plan.Failed, func(f string) (_ io.Closer, err error) {
			r.failed, err = record.OpenFailed(f, r.delimiter(), r.header(), &r.sink)
			return r.failed, err
		}},
		{r.plan.Joblog, func(f string) (io.Closer, error) {
			name, add := strings.CutPrefix(f, "+")
			return record.OpenJoblog(name, add, &r.sink)
		}},
		{r.plan.JUnit, func(f string) (io.Closer, error) { return record.OpenJUnit(f, &r.sink) }},
		{r.plan.Metrics, func(f string) (io.Closer, error) { return record.OpenMetrics(f, &r.sink) }},
	} {
		if x.name == "" {
			continue
		}
		c, err := x.open(x.name)
		if err != nil {
			return err
		}
		r.records = append(r.records, c)
	}
	if err := r.results.open(); err != nil {
		return err
	}
	if r.plan.Summary != SummaryNone || r.plan.StepSummary != "" {
		r.summary = observe.NewSummary(&r.sink)
	}
	if r.plan.CI != observe.NoService {
		r.ci = observe.NewCI(r.plan.CI, &r.sink)
		_, _ = io.WriteString(r.streams.Err, r.ci.Begin()) // a broken stderr ends no run
	}
	return nil
}

// feed reads items until the input or the run ends, and hands them to the coordinator.
func (r *Run) feed() error {
	err := r.each(r.submit)
	r.read.Store(true)
	if err == nil && r.intake.Err() == nil {
		r.journal.compare()
		r.say(event.InputClosed, &event.Fields{Total: r.books.counts().Read})
	}
	return err
}

// each calls do for every item, until the input or the run ends.
func (r *Run) each(do func(*task) error) error {
	read, stop := r.journal.items(r.input.Next)
	defer stop()
	if r.commands.uses("@total") || r.plan.Halt.At.OfAll {
		read = r.readAll(read)
	}
	if r.plan.Empty == EmptyRun {
		read = orEmpty(read)
	}
	for {
		it, err := read(r.intake)
		if bad, ok := errors.AsType[*item.RecordError](err); ok {
			r.reject(bad)
			continue
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case r.intake.Err() != nil:
			r.books.unread()
			return nil
		case err != nil:
			return err
		}
		if r.plan.Args != nil {
			it.Records = r.plan.Args(it.Records)
		}
		if r.plan.Done != nil && r.plan.Done(it.Seq) {
			it.Block.Release()
			if err := r.out.Skip(it.Seq); err != nil {
				return err
			}
			continue
		}
		r.books.read()
		t := &task{item: it, read: time.Now()}
		if r.journal.passes(t) {
			continue
		}
		if err := do(t); err != nil {
			return err
		}
	}
}

// submit finds out what orders a task and gives it to the coordinator. It waits for room.
func (r *Run) submit(t *task) error {
	opts, err := r.classify(t)
	if err == nil {
		err = r.circuit(t)
	}
	if r.heard(event.JobQueued) {
		r.say(event.JobQueued, t.fields())
	}
	if err != nil {
		r.unfit(t, err)
		return nil
	}
	t.held = t.weight()
	if err = r.memory.take(r.intake, t.held, r.mostHeld()); err != nil {
		t.held = 0
	} else if err = r.out.Wait(r.intake, t.item.Seq); err == nil {
		_, err = r.pool.Put(r.intake, t, opts...)
	}
	if err != nil {
		r.unrun(t, r.reason())
		r.letGo(t)
	}
	return nil
}

// letGo gives back what a task that has ended held.
func (r *Run) letGo(t *task) {
	r.memory.give(t.held)
	t.item.Block.Release()
}

// seed is what the order of the items can be had again with, or nil.
func (r *Run) seed() *uint64 {
	if !r.plan.Input.Shuffle {
		return nil
	}
	return &r.plan.Input.Seed
}

// report closes the books.
func (r *Run) report(err error) Report {
	r.mu.Lock()
	ending := r.ending
	r.mu.Unlock()
	_ = r.input.Close()
	counts := r.books.counts()
	rep := Report{Err: err, Status: r.books.status(r.plan.Empty, ending, r.plan.Exit), Counts: counts}
	if ending != nil {
		rep.DieBy, rep.Halted = ending.signal, ending.halted
		if rep.Err == nil {
			rep.Err = ending.err
		}
	}
	if errors.Is(rep.Err, syscall.EPIPE) {
		rep.Err, rep.DieBy = nil, syscall.SIGPIPE
	}
	if rep.Err != nil {
		rep.Status = fail.Worse(rep.Status, fail.StatusOf(rep.Err))
	}
	r.spare(&counts, rep.Err)
	status := int(rep.Status)
	if rep.DieBy != 0 {
		status = int(fail.BySignal) + int(rep.DieBy)
	}
	finished := &event.Fields{Status: &status, Counts: &counts, Wall: event.Seconds(time.Since(r.began))}
	if ending != nil {
		finished.Reason = ending.reason
	}
	r.sayLast(event.RunFinished, finished)
	for _, err := range r.closeWatchers() {
		if err != nil && rep.DieBy != syscall.SIGPIPE {
			rep.Status = fail.Worse(rep.Status, fail.Broken)
			rep.Err = errors.Join(rep.Err, err)
		}
	}
	r.summarise(&counts, r.wantsSummary(&counts, rep.DieBy), &rep, status)
	return rep
}

// wantsSummary reports whether the summary is printed, of a run that dies by this signal or 0.
func (r *Run) wantsSummary(c *event.Counts, dieBy syscall.Signal) bool {
	switch {
	case r.summary == nil || r.plan.Summary == SummaryNone || dieBy == syscall.SIGPIPE:
		return false
	case r.plan.Summary != SummaryAuto:
		return true
	}
	return c.Succeeded+c.Resumed != c.Read || r.journal.changed || c.Rejected > 0 || dieBy != 0 || r.summary.Warned()
}

// discard takes away what a run that did not begin would leave behind.
func (r *Run) discard() {
	for _, c := range r.records {
		if d, ok := c.(interface{ Discard() }); ok {
			d.Discard()
		}
	}
}

func (r *Run) closeWatchers() (errs []error) {
	if r.summary != nil {
		r.summary.Close()
	}
	for _, c := range r.records {
		errs = append(errs, c.Close())
	}
	for _, l := range []*observe.Log{r.log, r.journal.log} {
		if l != nil {
			errs = append(errs, l.Close())
		}
	}
	return errs
}

// say raises a signal of the run. Once the last word is said it does nothing: a signal of the
// operating system can come at any time.
func (r *Run) say(name string, f *event.Fields) {
	r.saying.RLock()
	defer r.saying.RUnlock()
	if !r.silent {
		event.Raise(&r.sink, name, f)
	}
}

func (r *Run) sayLast(name string, f *event.Fields) {
	r.saying.Lock()
	defer r.saying.Unlock()
	r.silent = true
	event.Raise(&r.sink, name, f)
}

// warn tells of something that does not stop the run.
func (r *Run) warn(message string) {
	r.say(event.Warning, &event.Fields{Message: message})
}

func workingDir() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	return dir
}
