// Package parallel makes eph stand in for GNU parallel: it reads the options as GNU parallel does,
// and turns them into a run. Jobs, output, retries and everything else work as in every run; what
// differs is how a command line is read, which is a dialect of internal/template, and the exit
// status.
//
// One thing deliberately differs from GNU parallel: an item is always data, unless it is the command
// itself.
package parallel

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"sync"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/plain"
	"github.com/mostlylucid/eph/internal/run"
)

// version is the one of GNU parallel that this stands in for.
const version = 20221122

// Program is one call of parallel.
type Program struct {
	name    string // of itself
	streams run.Streams
	cpus    int
	g       given
	operand []string
}

// New reads the command line, and the options that come from elsewhere. about is what --version
// says of this program. Where there is nothing to run, ready is false. Its errors are *fail.Error.
func New(name string, args []string, about string, cpus int, getenv func(string) string, s run.Streams) (p *Program, ready bool, err error) {
	p = &Program{name: name, streams: s, cpus: cpus, g: make(given)}
	if p.operand, err = p.g.everything(args, getenv); err != nil {
		return nil, false, err
	}
	text, ready := "", false
	switch g := p.g; {
	case g.has("help"):
		text = help()
	case g.has("version"):
		text = fmt.Sprintf("GNU parallel %d: this is %s, standing in for it\n", version, about)
	case g.has("min-version"):
		least, err := strconv.Atoi(g.last("min-version"))
		if err != nil {
			return nil, false, fail.Usage("--minversion: %q is not a version", g.last("min-version")).Advise("--minversion %d", version)
		}
		text = strconv.Itoa(version) + "\n"
		if least > version {
			_, _ = io.WriteString(s.Out, text)
			return nil, false, &fail.Error{Status: fail.ParallelBroken, What: fmt.Sprintf("this stands in for version %d of GNU parallel", version)}
		}
	case g.has("number-of-cpus"), g.has("number-of-cores"), g.has("number-of-threads"):
		text = strconv.Itoa(cpus) + "\n"
	case g.has("max-line-length-allowed"):
		text = strconv.Itoa(run.MostShown) + "\n"
	default:
		return p, true, nil
	}
	if _, err := io.WriteString(s.Out, text); err != nil {
		return nil, false, fail.Own("cannot write to standard output: %w", err)
	}
	return p, false, nil
}

// say prints a message, fit for a terminal.
func (p *Program) say(format string, args ...any) {
	_, _ = io.WriteString(p.streams.Err, p.name+": "+plain.Text(fmt.Sprintf(format, args...))+"\n") // a broken stderr ends no run
}

// DryRun reports whether the commands are to be printed and not run.
func (p *Program) DryRun() bool { return p.g.has("dry-run") }

// Progress is how the run shows how far it has come, as eph calls it.
func (p *Program) Progress() string {
	if p.g.has("bar") || p.g.has("eta") || p.g.has("progress") {
		return "bar"
	}
	return "none"
}

// Status is the exit status of a run that has ended so: the number of failed jobs, and with
// --halt what GNU parallel makes of it.
func Status(r run.Report, h run.Halt) fail.Status {
	failed := int(r.Counts.Failed)
	switch halted := r.Halted; {
	case r.Err != nil || r.Status == fail.Broken:
		return fail.ParallelBroken
	case halted != nil && h.What == run.CountSuccess:
		return fail.Succeeded
	case halted != nil && h.At.OfAll && h.At.Percent*float64(halted.Total) == 100, halted != nil && h.At.N == 1:
		return fail.Status(halted.Status)
	case halted != nil && h.At.OfAll:
		return percentage(halted.Counts.Failed, halted.Total)
	case halted != nil:
		return min(fail.Status(halted.Counts.Failed), fail.MostCounted)
	case h.What != run.CountNothing && h.At.OfAll:
		return percentage(r.Counts.Failed, r.Counts.Read)
	case r.Counts.Rejected > 0:
		return fail.ParallelBroken
	}
	return min(fail.Status(failed), fail.MostCounted)
}

func percentage(part, of int64) fail.Status {
	return fail.Status(math.Ceil(float64(part) / float64(max(of, 1)) * 100))
}

// timedOut tells of a job that has run too long.
func (p *Program) timedOut(command string) {
	p.say("Warning: This job was killed because it timed out:")
	p.say("Warning: %s", strings.TrimSuffix(command, "\n"))
}

// ended tells of the jobs that --halt counts, and that it waits for the others. After the end of a
// run that waits for none it tells of no more.
func (p *Program) ended(h run.Halt) func(run.JobEnd) {
	how := map[run.Count]string{run.CountFail: "failed", run.CountSuccess: "succeeded", run.CountDone: "finished"}[h.What]
	var mu sync.Mutex
	over := false
	return func(e run.JobEnd) {
		mu.Lock()
		defer mu.Unlock()
		if over || h.What == run.CountFail && !e.Failed || h.What == run.CountSuccess && e.Failed {
			return
		}
		over = e.Halting && h.Now
		text := p.name + ": This job " + how + ":\n" + strings.TrimSuffix(e.Command, "\n") + "\n"
		if e.Halting && !h.Now && e.Running > 0 {
			text += fmt.Sprintf("%s: Starting no more jobs. Waiting for %d jobs to finish.\n", p.name, e.Running)
		}
		_, _ = io.WriteString(p.streams.Err, text) // a broken stderr ends no run
	}
}
