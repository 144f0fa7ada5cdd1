// Package cli is the user interface of eph: it turns the command line into a run.Plan, and the
// outcome of the run into an exit status and messages. Only this package knows cobra and colours.
//
// Reading the command line has two stages. The first stores every flag as it was typed. The second
// resolves the texts, fills in the defaults and rejects contradictions; it too touches nothing
// outside the program. One table of flags is the source of the parser, the help, the man page and
// the shell completion.
package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/front"
	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/internal/run"
)

// Main runs eph with these arguments, the first of which is the name by which it was called,
// and returns its exit status. It does not return when eph has to die by a signal.
func Main(args []string, s run.Streams) int {
	// A write to a pipe that nobody reads has to be an error, and not the end of eph while
	// its jobs run. Ignoring the signal would do as much, but what is ignored is inherited:
	// the yes of a job `yes | head` would never end.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	p := newProgram(s, useProcessors())
	p.worker = front.Join()
	report := p.call(args)
	if report.Err != nil {
		complain(s.Err, report.Err, newStyle(colorful(p.typed.color.s, os.Getenv, s.Err)))
	}
	if report.DieBy != 0 {
		return p.dieBy(report.DieBy)
	}
	if p.worker != nil {
		p.worker.DieBy(0)
	}
	return int(report.Status)
}

// call does what the arguments ask of the program that goes by the name they begin with. What
// eph stands in for has options of its own, and takes none from EPH_OPTS.
func (p *program) call(args []string) run.Report {
	if len(args) == 0 {
		args = []string{"eph"}
	}
	standIns := p.standIns()
	if do := standIns[filepath.Base(args[0])]; do != nil {
		return do(args[0], args[1:])
	}
	if len(args) > 1 && standIns[args[1]] != nil {
		return standIns[args[1]](args[1], args[2:])
	}
	return p.execute(args[1:])
}

// standIns are the programs that eph stands in for, when it is called by their name or the name is
// its first operand.
func (p *program) standIns() map[string]func(name string, args []string) run.Report {
	return map[string]func(string, []string) run.Report{
		"xargs":    p.xargs,
		"parallel": p.parallel,
	}
}

// useProcessors returns how many processors this process may use, by its affinity and the
// quota of its control group, and lets Go use one more: the start of a process blocks a
// processor of Go's until the new program has been loaded, and nothing that eph does
// meanwhile should wait for that.
func useProcessors() int {
	runtime.SetDefaultGOMAXPROCS() // GOMAXPROCS in the environment is meant for the jobs
	n := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(n + 1)
	return n
}

// program is one call of eph.
type program struct {
	streams run.Streams
	cpus    int
	typed   typed
	groups  []group
	flags   *pflag.FlagSet
	literal bool          // -- or run stands before the command: its words are meant as they are
	report  run.Report    // of the run, if there was one
	worker  *front.Worker // this process has a front; nil if it has none
	unsaid  error         // why a page could not be written, where cobra has no place for an error
}

func newProgram(s run.Streams, cpus int) *program {
	p := &program{streams: s, cpus: cpus}
	p.groups = p.typed.groups()
	p.flags = newFlags(p.groups)
	return p
}

// newFlags is a parser for the flags of the table.
func newFlags(groups []group) *pflag.FlagSet {
	fs := pflag.NewFlagSet("eph", pflag.ContinueOnError)
	for _, g := range groups {
		for i := range g.flags {
			g.flags[i].register(fs)
		}
	}
	fs.SetInterspersed(false)
	return fs
}

// execute does what the arguments ask for.
func (p *program) execute(args []string) run.Report {
	root := p.root()
	located, err := p.locate(root, args)
	if err == nil {
		root.SetArgs(located)
		err = root.Execute()
		p.perhapsWord(err, words(root))
		p.perhapsValue(err, args)
	}
	if err == nil {
		err = p.unsaid
	}
	switch {
	case errors.Is(err, syscall.EPIPE):
		return run.Report{DieBy: syscall.SIGPIPE}
	case err != nil:
		return run.Report{Status: fail.StatusOf(err), Err: err}
	}
	return p.report
}

// run runs a command for each item.
func (p *program) run(operands []string) error {
	if p.typed.version {
		return p.print(versionLine())
	}
	plan, err := p.typed.plan(operands, p.cpus)
	if err != nil {
		return err
	}
	if err := run.EnoughFiles(); err != nil {
		return err
	}
	if !bool(p.typed.explain || p.typed.dryRun) && !plan.Detach && p.worker == nil && p.lead(&plan) {
		return nil
	}
	if err := p.join(&plan); err != nil {
		return err
	}
	job.SealDescriptors()
	plan.Version = versionName()
	plan.Template.Operators = p.literal
	plan.Progress = p.progress(&plan, p.typed.progressWay())
	plan.CI, plan.StepSummary = p.ci(os.Getenv)
	if p.typed.dryRun { // there is no summary
		plan.Complain = func(err error) {
			complain(p.streams.Err, err, newStyle(colorful(p.typed.color.s, os.Getenv, p.streams.Err)))
		}
	}
	ctx := context.Background()
	r, err := run.Prepare(ctx, plan, p.streams)
	switch {
	case err != nil:
		return err
	case bool(p.typed.explain):
		return written(r.Explain(p.streams.Out))
	case bool(p.typed.dryRun):
		p.report = r.DryRun()
		return nil
	}
	if !p.typed.noLint {
		p.warn(r.Warnings())
	}
	p.report = p.conduct(ctx, &plan, r)
	return nil
}

// conduct does a run in this process, and leaves nothing behind.
func (p *program) conduct(ctx context.Context, plan *run.Plan, r *run.Run) run.Report {
	if p.itemsAreTyped(plan) {
		_, _ = io.WriteString(p.streams.Err, terminalNote(plan))
	}
	stop := p.watch(r)
	var report run.Report
	work(func() { report = r.Execute(ctx) })
	stop()
	if !plan.Detach {
		job.Sweep()
	}
	return report
}

// warn says where the template is accepted though an item may do more in it than be there.
func (p *program) warn(warnings []*fail.Error) {
	st := newStyle(colorful(p.typed.color.s, os.Getenv, p.streams.Err))
	for _, w := range warnings {
		shown := *w
		shown.What = "warning: " + w.What
		shown.Try += "; --no-lint suppresses this warning"
		complain(p.streams.Err, &shown, st)
	}
}

// readsInput reports whether items come from standard input.
func readsInput(p *run.Plan) bool {
	sources := p.Input.Sources
	return len(sources) == 0 || slices.ContainsFunc(sources, func(s item.Source) bool { return s.File == "-" })
}

// terminalNote tells someone who may wonder why nothing happens. The items run as they come,
// so a terminal is as good an input as any.
func terminalNote(p *run.Plan) string {
	what := "items"
	if len(p.Words) == 0 && p.Shell == "" {
		what = "commands"
	}
	return "eph: reading " + what + " from the terminal, ^D ends them; eph --help lists other sources\n"
}

// print writes to standard output.
func (p *program) print(text string) error {
	_, err := io.WriteString(p.streams.Out, text)
	return written(err)
}

func written(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*fail.Error](err); ok {
		return e
	}
	return fail.Own("cannot write to standard output: %w", err)
}
