package run

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/internal/output"
	"github.com/mostlylucid/eph/internal/plain"
	"github.com/mostlylucid/eph/internal/template"
	"github.com/mostlylucid/eph/internal/value"
)

// Explain says in words what the run would do. It reads no item.
func (r *Run) Explain(w io.Writer) error {
	p := &r.plan
	var b strings.Builder
	for _, part := range []struct {
		heading string
		each    bool // before each line, and not the first alone
		lines   []string
	}{
		{"items", false, append([]string{describeInput(p)}, describeReading(p)...)},
		{"command", false, append(r.describeCommand(), describeProcess(p)...)},
		{"guard", false, said([]fact{{p.Template.GuardDash, "an item fails where a value that begins with - would be an option"}})},
		{"beware", true, r.beware()},
		{"at once", false, append([]string{describeJobs(p)}, describeRestraint(p)...)},
		{"order", false, describeOrder(p)},
		{"failure", false, describeFailure(p)},
		{"end", false, describeEnd(p)},
		{"signals", true, describeSignals(p)},
		{"output", false, describeOutput(p)},
		{"writes", true, describeFiles(p)},
	} {
		for i, line := range part.lines {
			heading := part.heading
			if i > 0 && !part.each {
				heading = ""
			}
			fmt.Fprintf(&b, "%-9s %s\n", heading, line)
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fail.Own("cannot explain: %w", err)
	}
	return nil
}

// fact is a line of Explain, which is said if it holds.
type fact struct {
	holds bool
	text  string
}

func said(facts []fact) (lines []string) {
	for _, f := range facts {
		if f.holds {
			lines = append(lines, f.text)
		}
	}
	return lines
}

// named is the words of a format with values that come from the user.
func named(format string, values ...any) string { return plain.Text(fmt.Sprintf(format, values...)) }

func (r *Run) describeCommand() (lines []string) {
	switch c := r.commands.command; {
	case c == nil:
		return []string{fmt.Sprintf("each item is a command line, run by %s -c", r.commands.shell)}
	case c.UsesShell():
		lines = []string{fmt.Sprintf("a shell template, run by %s; the values of items are passed as variables, never as text", r.commands.path)}
		for line := range strings.Lines(c.Script()) {
			lines = append(lines, "  "+plain.Text(strings.TrimSuffix(line, "\n")))
		}
		return lines
	}
	words := r.plan.Words
	return []string{named("run without a shell: %s", strings.Join(append([]string{r.commands.path}, words[min(1, len(words)):]...), " "))}
}

// beware is where an item becomes part of a program.
func (r *Run) beware() (lines []string) {
	for _, w := range r.Warnings() {
		lines = append(lines, w.What)
	}
	return lines
}

// describeProcess says what jobs have, and what is done before they start.
func describeProcess(p *Plan) []string {
	facts := []fact{
		{len(p.ShellOpts) > 0, "the shell gets " + strings.Join(p.ShellOpts, " ")},
		{p.Template.Replace != "" && p.Template.Replace != "{}", named("%s stands for the item", p.Template.Replace)},
		{p.Workdir != "", named("in directory %s", p.Workdir)},
		{p.SlotVar != "", named("with the number of the slot in %s", p.SlotVar)},
		{p.Nice > 0, fmt.Sprintf("at a priority that is lower by %d", p.Nice)},
		{p.Stdin == StdinItem, "which reads the item"},
		{p.Stdin == StdinInherit, "which reads the standard input of eph"},
		{p.Stdin == StdinFile, named("which reads %s", p.StdinFile)},
		{p.OpenTTY, "which reads the terminal"},
		{p.Ask, "you are asked before each job"},
		{p.Trace, "each command is shown on standard error when it starts"},
	}
	for _, a := range p.Env {
		facts = append(facts, fact{true, named("with %s=%s in its environment", a.Name, a.Value)})
	}
	return said(facts)
}

// describeReading says what becomes of what is read.
func describeReading(p *Plan) []string {
	in := &p.Input
	records := in.Blocks
	if records == nil {
		records = new(item.Blocks)
	}
	return said([]fact{
		{records.End != "" && records.End != "\n", fmt.Sprintf("records end with %q", records.End)},
		{records.Start != "", fmt.Sprintf("records begin with %q", records.Start)},
		{in.Header, "the first item of each source names the columns"},
		{in.ColSep != nil, named("split into columns at %s", in.ColSep)},
		{in.Trim != 0, "blanks are trimmed " + [...]string{"", "on the left", "on the right", "on both sides"}[in.Trim]},
		{in.KeepEmpty && in.Delimiter == "", "an empty line is an item too"},
		{in.Until != "", named("the item %s ends a source", in.Until)},
		{in.Skip > 0, fmt.Sprintf("the first %d are skipped", in.Skip)},
		{in.Limit > 0, fmt.Sprintf("no more than %d are read", in.Limit)},
		{in.Batch > 0, fmt.Sprintf("a job gets those that came within %s of the first", in.Batch)},
		{in.Exact, "the run ends where a command line has no room for the items it should have"},
		{p.Empty == EmptyFail, "without any item the status is 122"},
		{p.Empty == EmptyRun, "without any item the command runs once"},
		{p.Template.Missing == template.MissingEmpty, "what a placeholder names and an item lacks is empty text"},
		{p.Template.Missing == template.MissingSkip, "an item that lacks what a placeholder names is skipped"},
	})
}

func describeFailure(p *Plan) []string {
	tries := "one attempt"
	if p.Attempts > 1 {
		tries = fmt.Sprintf("up to %d attempts, after pauses of %s, doubling up to %s, of which %g%% are random",
			p.Attempts, p.RetryDelay, p.RetryMaxDelay, p.RetryJitter*100)
	}
	return append([]string{tries}, said([]fact{
		{!p.RetryOn.Empty(), "another attempt only after " + p.RetryOn.String()},
		{!p.NoRetryOn.Empty(), "no other attempt after " + p.NoRetryOn.String()},
		{p.RetryIfStderr != nil, named("another attempt only if a line on standard error matches %s", p.RetryIfStderr)},
		{!p.OKOn.Empty(), p.OKOn.String() + " is a success"},
		{p.Timeout > 0, fmt.Sprintf("a job is ended after %s, by %s", p.Timeout, describeSteps(p.Term))},
		{p.Timeout == 0, "a job that has to end is ended by " + describeSteps(p.Term)},
		{p.Deadline > 0, fmt.Sprintf("the run is ended after %s", p.Deadline)},
		{p.Halt.What != CountNothing, describeHalt(p.Halt)},
		{p.MaxFailsSet, fmt.Sprintf("nothing more starts once more than %s have failed", p.MaxFails)},
		{!p.FatalOn.Empty(), "nothing more starts after " + p.FatalOn.String()},
		{p.KeyFail == KeySkip, "the later items of the key are skipped"},
		{p.KeyFail == KeyHalt, "nothing more starts once an item of a key has failed"},
		{p.Exit != fail.RuleXargs, "the status is " + fail.Rules[p.Exit].Meaning},
	})...)
}

// describeSteps is how a job is ended: TERM, after 5s KILL.
func describeSteps(steps []job.Step) string {
	var all []string
	wait := ""
	for _, s := range steps {
		all = append(all, wait+value.SignalName(s.Signal))
		if wait = ""; s.Wait > 0 {
			wait = fmt.Sprintf("after %s ", s.Wait)
		}
	}
	return strings.Join(all, ", ")
}

func describeHalt(h Halt) string {
	what := map[Count]string{CountFail: "failed", CountSuccess: "succeeded", CountDone: "ended"}[h.What]
	then := "nothing more starts"
	if h.Now {
		then = "the run ends, running jobs too,"
	}
	if h.At == (Amount{N: 1}) {
		return fmt.Sprintf("%s once an item has %s", then, what)
	}
	return fmt.Sprintf("%s once %s have %s", then, h.At, what)
}

// String is a number of items, or a share of those that have ended.
func (a Amount) String() string {
	switch {
	case a.OfAll:
		return fmt.Sprintf("%g%% of all items", a.Percent)
	case a.Percent > 0:
		return fmt.Sprintf("%g%% of the items that have ended", a.Percent)
	}
	return strconv.Itoa(a.N)
}

func describeEnd(p *Plan) []string {
	switch {
	case p.Detach:
		return []string{"what jobs leave running lives on"}
	case p.Isolate:
		return []string{"nothing is left alive, whatever is killed: the jobs run in a process namespace"}
	}
	return []string{"nothing that jobs leave running is still alive once eph has ended"}
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
	case p.Template.NoItem != "" && p.Input.Blocks == nil:
		text += ", none of it for the job"
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

func describeOrder(p *Plan) []string {
	var parts []string
	if p.Key != "" {
		parts = append(parts, fmt.Sprintf("items with the same %s start in order, %d at once", p.Key, p.KeyJobs))
	}
	if p.Lane != "" {
		var lanes []string
		for _, l := range p.Lanes {
			if l.Weight == 0 {
				lanes = append(lanes, l.Name+" strictly")
			} else {
				lanes = append(lanes, fmt.Sprintf("%s with weight %d", l.Name, l.Weight))
			}
		}
		parts = append(parts, named("lanes by %s: %s", p.Lane, strings.Join(lanes, ", ")))
	}
	if p.Priority != "" {
		parts = append(parts, "higher "+p.Priority+" first")
	}
	if parts == nil {
		parts = []string{"first come, first served"}
	}
	return append([]string{strings.Join(parts, "; ")}, said([]fact{
		{p.Aging > 0, fmt.Sprintf("an item that could have started for %s goes next", p.Aging)},
	})...)
}

func describeOutput(p *Plan) []string {
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
		text += ", up to " + value.SizeText(p.MaxOut)
	}
	return append([]string{text}, said([]fact{
		{p.Tag, "the item before each line"},
		{p.TagText != "", named("%s before each line", p.TagText)},
		{p.Files, "the name of the file that holds it, in its place"},
	})...)
}

// describeFiles names what a run would write beside its output.
func describeFiles(p *Plan) (lines []string) {
	log, journal := p.Log, p.Journal.File
	if log == journal {
		log = ""
	}
	for _, f := range []struct{ name, what string }{
		{journal, "the journal, for --resume" + describeResume(&p.Journal)},
		{log, "the event log"},
		{p.Results.Path + p.Results.Template, "the output of each job"},
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

// describeResume says what runs of what an earlier run has left.
func describeResume(j *Journal) string {
	text := [...]string{
		ResumeNone: "", ResumeUnfinished: "; items that have their end there do not run",
		ResumeFailed:     "; items that have succeeded there do not run",
		ResumeOnlyFailed: "; the items that have failed there run, and no other",
	}[j.Resume]
	if j.AnyCommand {
		text += ", whatever their command was"
	}
	return text
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
	on := ""
	if !b.On.Empty() {
		on = " by " + b.On.String()
	}
	text := fmt.Sprintf("after failures%s of %s%s, %s", on, when, of, then)
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
	switch p.Control {
	case ControlAuto:
	case ControlNone:
		lines = append(lines, "eph ctl does not reach the run")
	default:
		lines = append(lines, "eph ctl reaches the run at "+plain.Text(p.Control))
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
