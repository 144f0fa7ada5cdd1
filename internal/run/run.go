// Package run performs one run: items come in, a coordinator decides when each may start, a runner
// runs it, a writer puts its output in order, and every step is a signal.
//
// This file follows the run from the first item to the last; attempt.go and finish.go
// follow a single item.
package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
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

// report closes the books.
func (r *Run) report(err error) Report {
	ending := r.ends()
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
	come := observe.Outcome{Counts: counts, Took: time.Since(r.began), Status: status}
	if ending != nil {
		come.Reason, come.Why = ending.reason, ending.why(r.plan.Deadline)
		if r.books.leftInput() {
			come.Why += ", and the input was not read to its end"
		}
	}
	finished := &event.Fields{Status: &status, Reason: come.Reason, Counts: &counts, Wall: event.Seconds(come.Took)}
	r.sayLast(event.RunFinished, finished)
	for _, err := range r.closeWatchers() {
		if err != nil && rep.DieBy != syscall.SIGPIPE {
			rep.Status = fail.Worse(rep.Status, fail.Broken)
			rep.Err = errors.Join(rep.Err, err)
		}
	}
	r.summarise(&come, r.wantsSummary(&counts, ending, rep.DieBy), &rep)
	return rep
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

// heard reports whether anybody listens to a name, so that it pays to say it.
func (r *Run) heard(name string) bool { return r.sink.Topic(name).Live() }

// besides runs do beside the run, until stop is called, which waits for it.
func (r *Run) besides(do func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { do(ctx) })
	return func() {
		cancel()
		wg.Wait()
	}
}
