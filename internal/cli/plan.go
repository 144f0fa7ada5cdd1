package cli

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/internal/output"
	"github.com/mostlylucid/eph/internal/run"
	"github.com/mostlylucid/eph/internal/value"
)

// resolver turns texts into values. It keeps the first error and goes on, so that a plan is
// one list of fields.
type resolver struct{ err error }

// plan makes of the command line what it asks for. cpus is how many processors this process
// may use. It opens nothing.
func (t *typed) plan(operands []string, cpus int) (run.Plan, error) {
	s, err := shapeOf(operands, bool(t.command))
	if err != nil {
		return run.Plan{}, err
	}
	files, err := filesOf("--arg-file", t.argFiles.all)
	if err != nil {
		return run.Plan{}, err
	}
	s.sources = append(files, s.sources...)
	if err := t.settle(); err != nil {
		return run.Plan{}, err
	}
	if err := t.conflict(s); err != nil {
		return run.Plan{}, err
	}

	var r resolver
	r.empty(t)
	p := run.Plan{
		Words:     s.words,
		Shell:     s.shell,
		ShellPath: t.shell.s,
		ShellOpts: parsed(&r, &t.shellOpts, run.ParseShellOpts),
		SlotVar:   r.variable(&t.slotVar),
		Nice:      r.niceness(&t.nice),
		Detach:    bool(t.detach),
		Isolate:   bool(t.isolate),
		OpenTTY:   bool(t.openTTY),
		Ask:       bool(t.ask),
		ShellAuto: !t.shell.set,
		Workdir:   t.workdir.s,
		Fill:      bool(t.fill || t.fillWithin),
		Empty:     chosen(&r, &t.empty, emptyChoices),

		CPUs:      cpus,
		Jobs:      r.jobs(t, cpus),
		Adaptive:  bool(t.adaptive),
		Delay:     r.duration(&t.delay),
		Rate:      parsed(&r, &t.rate, run.ParseRate),
		RateByKey: chosen(&r, &t.rateBy, rateByChoices),
		Pressure:  r.pressure(t, cpus),
		Jobserver: r.jobserver(&t.jobserver),
		Window:    int(r.count(&t.window, 1)),
		Timeout:   r.duration(&t.timeout),
		Deadline:  r.duration(&t.deadline),
		Term:      parsed(&r, &t.termSeq, job.ParseSequence),

		Key:      t.key.s,
		KeyJobs:  int(r.count(&t.keyJobs, 1)),
		KeyFail:  chosen(&r, &t.keyFail, keyFailChoices),
		Priority: t.priority.s,
		Lane:     t.lane.s,
		Lanes:    parsed(&r, &t.lanes, parseLanes),
		Aging:    r.duration(&t.aging),

		Attempts:      r.attempts(t),
		RetryDelay:    r.duration(&t.retryDelay),
		RetryMaxDelay: r.duration(&t.retryMaxDelay),
		RetryJitter:   parsed(&r, &t.retryJitter, parseShare),
		RetryOn:       r.ends(&t.retryOn),
		NoRetryOn:     r.ends(&t.noRetryOn),
		RetryIfStderr: parsed(&r, &t.retryIfStderr, regexp.Compile),
		OKOn:          r.ends(&t.okOn),
		FatalOn:       r.ends(&t.fatalOn),
		Halt:          r.halt(t),
		MaxFails:      parsed(&r, &t.maxFails, run.ParseAmount),
		MaxFailsSet:   t.maxFails.set,
		Breaker:       r.breaker(t),

		SignalFD: bool(t.signalFD),
		RaiseOn:  r.rules(&t.raiseOn),
		DeferOn:  r.glob(&t.deferOn),
		CancelOn: r.glob(&t.cancelOn),
		Control:  t.control.s,

		Output:  r.output(t),
		Tag:     bool(t.tag),
		TagText: t.tagText.s,
		Exit:    chosen(&r, &t.exitCode, exitChoices()),
		Results: r.results(t),
		Files:   bool(t.files),
		Quiet:   bool(t.onlyFailed),
		Merge:   bool(t.merge),
		MaxOut:  r.size(&t.maxOutput),
		Trace:   bool(t.trace),
		Summary: chosen(&r, &t.summary, summaryChoices),
		Joblog:  t.joblog.s,
		JUnit:   t.junit.s,
		Metrics: t.metrics.s,
		Failed:  t.failed.s,
		Log:     t.log.s,

		LogOptions: r.logging(t),
		Journal:    r.journal(t),
	}
	if p.Journal.Flag == "--log" {
		p.Log = ""
	}
	if t.retryFailed {
		s.sources = []item.Source{{}} // the journal
	}
	chosen(&r, &t.ci, ciChoices)
	chosen(&r, &t.progress, progressChoices)
	chosen(&r, &t.color, colorChoices)
	r.input(&p, t, s.sources)
	r.again(&p)
	r.stdin(&p, &t.stdin)
	for _, s := range t.env.all {
		a, err := parseAssignment(s)
		if err != nil {
			r.refuse(bad(t.env.name, t.env.example, s, err))
		}
		p.Env = append(p.Env, a)
	}
	return p, r.err
}

// empty refuses a value that is there and empty: most likely it is a variable of the shell
// that should have been set.
func (r *resolver) empty(t *typed) {
	for _, g := range t.groups() {
		for _, f := range g.flags {
			if v, ok := f.value.(*text); ok && v.set && v.s == "" {
				r.refuse(fail.Usage("%s: the value is empty", v.name).Advise("%s %s", v.name, v.example))
			}
		}
	}
}

func (r *resolver) stdin(p *run.Plan, v *text) {
	if file, ok := strings.CutPrefix(v.s, "file:"); ok && file != "" {
		p.Stdin, p.StdinFile = run.StdinFile, file
		return
	}
	p.Stdin = chosen(r, v, stdinChoices)
	p.Template.NoAppend = p.Stdin == run.StdinItem
}

func (r *resolver) output(t *typed) output.Options {
	o := output.Options{
		KeepOrder: bool(t.keepOrder),
		SpoolMem:  parsed(r, &t.spoolMem, value.Size),
		SpoolMax:  r.size(&t.spoolMax),
		TmpDir:    t.tmpdir.s,
	}
	switch {
	case bool(t.lineBuffer):
		o.Mode = output.Lines
	case bool(t.ungroup):
		o.Mode = output.Raw
	}
	if o.SpoolMem == 0 {
		o.SpoolMem = -1 // no memory at all, where 0 is the default
	}
	return o
}

// attempts is how often an item is tried in all.
func (r *resolver) attempts(t *typed) int {
	if t.attempts.set {
		return int(r.count(&t.attempts, 1))
	}
	return int(r.count(&t.retries, 0)) + 1
}

// jobs is how many run at once. Who is asked about each item sees what one does before the next
// question, unless -j says otherwise.
func (r *resolver) jobs(t *typed, cpus int) run.Jobs {
	if bool(t.ask) && !t.jobs.set {
		return run.Jobs{Least: 1, Most: 1}
	}
	return parsed(r, &t.jobs, func(s string) (run.Jobs, error) { return run.ParseJobs(s, cpus) })
}

func (r *resolver) halt(t *typed) run.Halt {
	if t.failFast {
		return run.Halt{What: run.CountFail, At: run.Amount{N: 1}, Flag: "-F"}
	}
	return parsed(r, &t.halt, run.ParseHalt)
}

func (r *resolver) duration(v *text) time.Duration { return parsed(r, v, value.Duration) }

func (r *resolver) results(t *typed) run.Results {
	if t.results.s == "-" {
		r.refuse(fail.Usage("--results: standard output takes a table, but - does not say in which format").Advise("--results -.json"))
	}
	return run.ParseResults(t.results.s, t.replace.s)
}

// variable is a name that a variable of the environment can have.
func (r *resolver) variable(v *text) string {
	return parsed(r, v, func(s string) (string, error) {
		if strings.ContainsAny(s, "=\x00") {
			return "", fmt.Errorf("%q is not a variable name", s)
		}
		return s, nil
	})
}

func (r *resolver) niceness(v *text) int {
	return int(parsed(r, v, func(s string) (int64, error) { return value.Count(s, 1, 19) }))
}

// size is a number of bytes that is not nothing.
func (r *resolver) size(v *text) int64 {
	return parsed(r, v, func(s string) (int64, error) { return value.Positive(value.Size(s)) })
}

func (r *resolver) count(v *text, least int64) int64 {
	return parsed(r, v, func(s string) (int64, error) { return value.Count(s, least, math.MaxInt) })
}

func (r *resolver) ends(v *text) run.Ends {
	return parsed(r, v, func(s string) (run.Ends, error) { return run.ParseEnds(v.name, s) })
}

// parsed is what parse makes of the text, and the zero value for a flag that was neither
// typed nor has a default.
func parsed[T any](r *resolver, v *text, parse func(string) (T, error)) T {
	var zero T
	if v.s == "" && !v.set {
		return zero
	}
	x, err := parse(v.s)
	if err != nil {
		r.refuse(bad(v.name, v.example, v.s, err))
		return zero
	}
	return x
}

func (r *resolver) refuse(err error) {
	if r.err == nil {
		r.err = err
	}
}

// bad is the error for a value that a flag cannot have. One that has its place already gets an
// advice where it has none.
func bad(flag, example, s string, err error) error {
	e, ok := errors.AsType[*fail.Error](err)
	if !ok {
		e = fail.Usage("%s: %s", flag, err).Place(flag+" "+s, len(flag)+1, len(s))
	}
	if e.Try == "" {
		e.Advise("%s %s", flag, example)
	}
	return e
}
