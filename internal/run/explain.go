package run

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/output"
	"github.com/mostlylucid/eph/internal/plain"
)

// DryRun prints the command of every item on standard output, in a form that a shell can run,
// and runs none. The order is that of the input.
func (r *Run) DryRun() Report {
	r.began = time.Now()
	defer r.journal.close()
	rep := r.report(r.each(func(t *task) error {
		t.attempt, t.slot = 1, 1
		_, err := r.classify(t)
		if err == nil {
			_, err = r.command(t)
		}
		if err != nil {
			r.unfit(t, err) // or skips it
			return nil
		}
		tag, err := r.tag(t)
		if tag != "" {
			tag = plain.Text(tag) + "\t"
		}
		if err == nil {
			r.books.succeeded()
			line := t.text()
			if r.commands.command != nil {
				line = r.commands.display(t, r)
			}
			_, err = io.WriteString(r.streams.Out, tag+line+"\n")
		}
		return err
	}))
	if r.journal.resumes() {
		c := r.books.counts()
		_, _ = fmt.Fprintf(r.streams.Err, "eph: %d done before, %d failed before\n", c.Resumed, c.Skipped)
	}
	return rep
}

// Warnings are the places of the command where an item becomes part of a program in another
// language.
func (r *Run) Warnings() []*fail.Error {
	if r.commands.command == nil {
		return nil
	}
	return r.commands.command.Warnings()
}

// Explain says in words what the run would do. It reads no item.
func (r *Run) Explain(w io.Writer) error {
	p := &r.plan
	var b strings.Builder
	say := func(what, format string, args ...any) {
		fmt.Fprintf(&b, "%-9s %s\n", what, fmt.Sprintf(format, args...))
	}
	say("items", "%s", describeInput(p))
	switch c := r.commands.command; {
	case c == nil:
		say("command", "each item is a command line, run by %s -c", r.commands.shell)
	case c.UsesShell():
		say("command", "a shell template, run by %s; the values of items are passed as variables, never as text", r.commands.path)
		for line := range strings.Lines(c.Script()) {
			say("", "  %s", plain.Text(strings.TrimSuffix(line, "\n")))
		}
	default:
		say("command", "run without a shell: %s", strings.Join(append([]string{r.commands.path}, p.Words[min(1, len(p.Words)):]...), " "))
	}
	if p.Template.GuardDash {
		say("guard", "an item fails where a value that begins with - would be an option")
	}
	if c := r.commands.command; c != nil {
		for _, warning := range c.Warnings() {
			say("beware", "%s", warning.What)
		}
	}
	say("at once", "%s", describeJobs(p))
	for _, line := range describeRestraint(p) {
		say("", "%s", line)
	}
	say("order", "%s", describeOrder(p))
	if p.Attempts > 1 {
		say("failure", "up to %d attempts, after pauses of %s, doubling up to %s", p.Attempts, p.RetryDelay, p.RetryMaxDelay)
	} else {
		say("failure", "one attempt")
	}
	for _, l := range []struct {
		d    time.Duration
		what string
	}{{p.Timeout, "a job is ended after %s"}, {p.Deadline, "the run is ended after %s"}} {
		if l.d > 0 {
			say("", l.what, l.d)
		}
	}
	switch {
	case p.Detach:
		say("end", "what jobs leave running lives on")
	case p.Isolate:
		say("end", "nothing is left alive, whatever is killed: the jobs run in a process namespace")
	default:
		say("end", "nothing that jobs leave running is still alive once eph has ended")
	}
	for _, line := range describeSignals(p) {
		say("signals", "%s", line)
	}
	say("output", "%s", describeOutput(p))
	for _, line := range describeFiles(p) {
		say("writes", "%s", line)
	}
	_, err := io.WriteString(w, b.String())
	if err != nil {
		return fail.Own("cannot explain: %w", err)
	}
	return nil
}

func describeInput(p *Plan) string {
	kind := "lines"
	switch {
	case p.Input.JSON:
		kind = "JSON values"
	case p.Input.Comma == ',':
		kind = "CSV records"
	case p.Input.Comma == '\t':
		kind = "TSV records"
	case p.Input.Comma != 0:
		kind = fmt.Sprintf("CSV records with %q between fields", p.Input.Comma)
	case p.Input.Words != nil:
		kind = "words"
	case p.Input.Delimiter == "\x00":
		kind = "strings that end with NUL"
	case p.Input.Delimiter != "" && p.Input.Delimiter != "\n":
		kind = fmt.Sprintf("strings that end with %q", p.Input.Delimiter)
	}
	var from []string
	for _, s := range p.Input.Sources {
		switch {
		case s.File == "-":
			from = append(from, kind+" of standard input")
		case s.File != "":
			from = append(from, kind+" of "+plain.Text(s.File))
		case len(s.Values) == 1:
			from = append(from, "1 argument")
		default:
			from = append(from, fmt.Sprintf("%d arguments", len(s.Values)))
		}
	}
	if b := p.Input.Blocks; b != nil {
		return b.String() + " of " + fileName(p.Input.Sources) + ", each the standard input of a job"
	}
	if from == nil {
		from = []string{kind + " of standard input"}
	}
	how := ", combined with "
	if p.Input.Link {
		how = ", linked with "
	}
	text := strings.Join(from, how)
	switch {
	case p.Template.Across:
		text += fmt.Sprintf(", %d to a job, as {1} to {%d}", p.Input.MaxArgs, p.Input.MaxArgs)
	case p.Fill:
		text += ", as many to a job as fit on a command line"
	case p.Input.MaxArgs > 1:
		text += fmt.Sprintf(", %d to a job", p.Input.MaxArgs)
	}
	if p.Input.Shuffle {
		text += fmt.Sprintf(", all read and shuffled first (--shuf=%d)", p.Input.Seed)
	}
	if p.Input.MaxLines > 0 {
		text += fmt.Sprintf(", those of up to %d lines to a job", p.Input.MaxLines)
	}
	if p.MaxChars > 0 {
		text += fmt.Sprintf(", command lines of up to %d bytes", p.MaxChars)
	}
	return text
}

func describeOrder(p *Plan) string {
	var parts []string
	if p.Key != "" {
		parts = append(parts, fmt.Sprintf("items with the same %s start in order, %d at once", p.Key, p.KeyJobs))
	}
	if p.Lane != "" {
		parts = append(parts, "lanes by "+p.Lane)
	}
	if p.Priority != "" {
		parts = append(parts, "higher "+p.Priority+" first")
	}
	if parts == nil {
		parts = []string{"first come, first served"}
	}
	return strings.Join(parts, "; ")
}

func describeOutput(p *Plan) string {
	text := "each job's in one piece, once it has ended"
	switch p.Output.Mode {
	case output.Lines:
		text = "whole lines as they come"
	case output.Raw:
		text = "written directly by the jobs, not captured"
	}
	if p.Output.KeepOrder {
		text += ", in input order"
	}
	if p.Merge {
		text += ", standard error included"
	}
	if p.Quiet {
		text += ", if the job failed"
	}
	if p.MaxOut > 0 {
		text += fmt.Sprintf(", up to %d bytes", p.MaxOut)
	}
	return text
}

// describeFiles names what a run would write beside its output.
func describeFiles(p *Plan) (lines []string) {
	log, journal := p.Log, p.Journal.File
	if log == journal {
		log = ""
	}
	for _, f := range []struct{ name, what string }{
		{journal, "the journal, for --resume"},
		{log, "the event log"},
		{p.Results.Path, "the output of each job"},
		{p.Joblog, "a line for each job"},
		{p.Failed, "the items that failed"},
		{p.JUnit, "a report for CI"},
		{p.Metrics, "metrics"},
	} {
		if f.name != "" {
			lines = append(lines, plain.Text(f.name)+": "+f.what)
		}
	}
	return lines
}

func describeJobs(p *Plan) string {
	j := p.Jobs
	text := strconv.Itoa(j.Most)
	if j.Least < j.Most {
		text = fmt.Sprintf("%d to %d", j.Least, j.Most)
	}
	switch {
	case j.File != "":
		text += ", as " + plain.Text(j.File) + " says, and read again whenever it changes"
	case p.Adaptive:
		text += ", more while jobs are quick and succeed, fewer when they slow down or fail"
	case j.Least < j.Most:
		text += ", as signals concurrency.up and concurrency.down ask for"
	}
	return text
}

// describeRestraint says what else may put a start off.
func describeRestraint(p *Plan) (lines []string) {
	if p.Delay > 0 {
		lines = append(lines, fmt.Sprintf("and no two starts within %s", p.Delay))
	}
	if p.Rate != (Rate{}) {
		of := ""
		if p.RateByKey {
			of = " of each key"
		}
		lines = append(lines, fmt.Sprintf("and no more starts%s than %s, fewer after a rate-limit signal", of, p.Rate))
	}
	if b := &p.Breaker; b.Failures > 0 || b.Calls > 0 {
		lines = append(lines, describeBreaker(b))
	}
	for _, l := range p.Pressure.Describe() {
		lines = append(lines, "and nothing while "+l)
	}
	if p.Jobserver != JobserverNone {
		lines = append(lines, "and none without a slot of make's jobserver")
	}
	return lines
}

func describeBreaker(b *Breaker) string {
	var when string
	switch {
	case b.Calls > 0:
		when = fmt.Sprintf("%g%% of the last %d", b.Percent, b.Calls)
	case b.Span > 0:
		when = fmt.Sprintf("%d within %s", b.Failures, b.Span)
	default:
		when = fmt.Sprintf("%d in a row", b.Failures)
	}
	of := [...]string{BreakerByAll: "", BreakerByKey: " of a key", BreakerByTemplate: " of a " + b.Template}[b.By]
	then := [...]string{BreakerHold: "its items wait", BreakerSkip: "its items are skipped", BreakerHalt: "the run ends"}[b.Action]
	text := fmt.Sprintf("after failures of %s%s, %s", when, of, then)
	if b.Action != BreakerHalt {
		text += fmt.Sprintf(" for %s, then %d may try", b.Cooldown, b.Probes)
	}
	return text
}

func describeSignals(p *Plan) (lines []string) {
	if s := p.DeferOn.String(); s != "" {
		lines = append(lines, "nothing starts while "+s+" holds")
	}
	if s := p.CancelOn.String(); s != "" {
		lines = append(lines, "waiting items are cancelled while "+s+" holds")
	}
	if p.SignalFD {
		lines = append(lines, "jobs may raise them on the descriptor in EPH_SIGNAL_FD")
	}
	for i := range p.RaiseOn {
		lines = append(lines, "raised on "+plain.Text(p.RaiseOn[i].String()))
	}
	return lines
}

// fileName is the name of the one file that blocks are cut from.
func fileName(sources []item.Source) string {
	if len(sources) == 0 || sources[0].File == "-" {
		return "standard input"
	}
	return plain.Text(sources[0].File)
}
