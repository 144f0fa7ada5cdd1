package parallel

import (
	"errors"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/internal/output"
	"github.com/mostlylucid/eph/internal/record"
	"github.com/mostlylucid/eph/internal/run"
	"github.com/mostlylucid/eph/internal/sensor"
	"github.com/mostlylucid/eph/internal/template"
	"github.com/mostlylucid/eph/pkg/signals"
)

// resolver makes values of texts. It keeps the first error and goes on, so that a plan is one
// list of fields.
type resolver struct {
	given
	err error
	say func(format string, args ...any)
}

func (r *resolver) nul() {
	r.say(`the input has a NUL byte, which no argument can have, and which is written as \0; with -0 NUL bytes end items`)
}

func (r *resolver) refuse(err error) {
	if r.err == nil {
		r.err = err
	}
}

// parsed is what parse makes of the value of an option, and the zero value where it was not given.
func parsed[T any](r *resolver, key string, parse func(string) (T, error)) (x T) {
	if !r.has(key) {
		return x
	}
	s := r.last(key)
	x, err := parse(s)
	if e, ok := errors.AsType[*fail.Error](err); ok {
		r.refuse(e)
	} else if err != nil {
		r.refuse(fail.Usage("%s: %s", spelled(key), err).Place(spelled(key)+" "+s, len(spelled(key))+1, len(s)))
	}
	return x
}

func (r *resolver) number(key string) int { return parsed(r, key, number) }

// many are the numbers that say how many items a job gets.
type many struct {
	most    int  // 0 is any number
	fill    bool // as many as fit
	context bool // a word with a placeholder is repeated for each
	nothing bool // -n0: none, but a job for each
}

func (r *resolver) many() many {
	n, lines, exactly := r.number("max-args"), r.number("L"), r.number("max-replace-args")
	if r.has("max-lines") {
		lines = max(1, parsed(r, "max-lines", func(s string) (int, error) {
			if s == "" {
				return 1, nil
			}
			return number(s)
		}))
	}
	m := many{most: n, fill: r.has("X") || r.has("m") || r.has("xargs")}
	if n == 0 && !r.has("max-args") {
		m.most = lines
	}
	if r.has("max-replace-args") {
		m.most = exactly
	}
	within := r.has("m") || r.has("xargs")
	m.context = r.has("X") || r.has("max-replace-args") || r.has("L") && !within
	m.nothing = m.most == 0 && (r.has("max-args") || r.has("max-replace-args"))
	if m.nothing || m.most == 0 && !m.fill {
		m.most = 1
	}
	return m
}

// Plan makes a run of the command line. It reads the --joblog that the run goes on from.
func (p *Program) Plan() (run.Plan, error) {
	r := &resolver{given: p.g, say: p.say}
	delimiter := r.delimiter()
	command, sources := r.split(p.operand, delimiter)
	shell, err := findShell(os.Getenv)
	if err != nil {
		return run.Plan{}, err
	}
	r.contradictions(command)
	m := r.many()
	dialect := r.dialect()
	jobs := r.jobs(p.cpus)
	plan := run.Plan{
		Shell: strings.Join(command, " "), ShellPath: shell, ShellAuto: true,
		Template: template.Options{
			Replace: r.tagOf("{}"), Parallel: dialect, Across: true, Fill: m.context, Missing: template.MissingOmit,
		},
		Args:        item.Columns,
		Complain:    func(err error) { p.say("%s", err) },
		TimedOut:    p.timedOut,
		SlotVar:     "PARALLEL_JOBSLOT0",
		Nice:        parsed(r, "nice", niceness),
		OpenTTY:     r.has("open-tty") || r.has("tty"),
		Ask:         r.has("interactive"),
		Workdir:     r.workdir(),
		MakeWorkdir: r.has("work-dir"),
		Variables:   []string{"PARALLEL_PID=" + strconv.Itoa(os.Getpid())},
		Env: []run.Assignment{
			{Name: "PARALLEL_SEQ", Value: r.tagOf("{#}")}, {Name: "PARALLEL_JOBSLOT", Value: r.tagOf("{%}")},
		},

		CPUs:     p.cpus,
		Jobs:     jobs,
		Delay:    parsed(r, "delay", duration),
		Pressure: sensor.Options{Load: parsed(r, "load", func(s string) (float64, error) { return sensor.ParseLoad(s, p.cpus) }), MemFree: int64(r.number("memfree"))},
		Window:   4096,
		Timeout:  parsed(r, "timeout", duration),
		Term:     parsed(r, "term-seq", func(s string) ([]job.Step, error) { return job.ParseSequence(TermSequence(s)) }),
		KeyJobs:  1,
		Attempts: 1,
		Halt:     parsed(r, "halt-on-error", parseHalt),
		DeferOn:  signals.MustCompile("backpressure.*"),
		Control:  run.ControlAuto,

		Output:  r.output(),
		Results: r.results(),
		Files:   r.has("output-as-files"),
		TagText: r.tagText(),
		Echo:    r.has("v") && !r.has("silent"),
		Trace:   r.has("verbose"),
		Summary: run.SummaryNone,
		Joblog:  r.last("joblog"),
	}
	if plan.Halt.What != run.CountNothing {
		plan.Ended = p.ended(plan.Halt)
	}
	if plan.Term == nil {
		plan.Term = parsed(&resolver{given: given{"term-seq": {"TERM,200,TERM,100,TERM,50,KILL,25"}}}, "term-seq",
			func(s string) ([]job.Step, error) { return job.ParseSequence(TermSequence(s)) })
	}
	if r.has("process-slot-var") {
		plan.SlotVar = r.last("process-slot-var")
	}
	if r.has("retries") {
		if plan.Attempts = r.number("retries"); plan.Attempts == 0 {
			plan.Attempts = math.MaxInt32
		}
	}
	if m.nothing {
		plan.Args = func([]item.Record) []item.Record { return nil }
	}
	if r.has("pipe") {
		r.blocks(&plan, sources, m)
	} else {
		r.items(&plan, sources, delimiter, m, jobs.Most)
		dialect.Many = m.fill || m.most > 1 || m.nothing || len(sources) > 1 || plan.Input.ColSep != nil || plan.Input.Comma != 0
	}
	dialect.Jobs = jobs.Most
	r.command(&plan, command)
	if r.err == nil {
		r.err = r.goOn(&plan)
	}
	return plan, r.err
}

// command says what is run.
func (r *resolver) command(plan *run.Plan, command []string) {
	plan.Template.Parallel.Words = r.has("quote")
	switch {
	case r.has("quote") && len(command) > 0:
		text, err := template.QuoteWords(command, plan.Template)
		if err != nil {
			r.refuse(err)
		}
		plan.Shell = text
	case len(command) == 0 && r.has("pipe"):
		r.refuse(fail.Usage("--pipe needs a command that reads the blocks").Advise("parallel --pipe wc -l"))
	case strings.TrimSpace(plan.Shell) == "":
		plan.Shell = r.tagOf("{}") // each item is a command line
	}
}

// dialect is how placeholders are written.
func (r *resolver) dialect() *template.Parallel {
	d := &template.Parallel{Plus: r.has("plus"), Tags: make(map[string]string)}
	for _, name := range []string{"{}", "{.}", "{/}", "{//}", "{/.}", "{#}", "{%}"} {
		d.Tags[name] = r.tagOf(name)
	}
	return d
}

// renames are the options that give a placeholder another form.
var renames = map[string][]string{
	"{}": {"I", "replace"}, "{.}": {"extensionreplace"}, "{/}": {"basenamereplace"}, "{//}": {"dirnamereplace"},
	"{/.}": {"basenameextensionreplace"}, "{#}": {"seqreplace"}, "{%}": {"slotreplace"},
}

// tagOf is how a placeholder is written.
func (r *resolver) tagOf(name string) string {
	for _, key := range renames[name] {
		if s := r.last(key); s != "" {
			return s
		}
	}
	return name
}

// delimiter ends an item.
func (r *resolver) delimiter() string {
	switch {
	case r.has("delimiter"):
		d := unescape(r.last("delimiter"))
		if d == "" {
			r.refuse(fail.Usage("-d: the delimiter is empty").Advise(`-d '\n'`))
		}
		return d
	case r.has("null"):
		return "\x00"
	}
	return "\n"
}

// items says where items come from and what they are.
func (r *resolver) items(plan *run.Plan, sources []item.Source, delimiter string, m many, jobs int) {
	in := item.Options{
		Sources: sources, Delimiter: delimiter, KeepEmpty: true, Alike: true, Exactly: true,
		SkipBlank: r.has("no-run-if-empty"),
		Continued: r.has("L") || r.has("max-lines"),
		NUL:       r.nul,
		Until:     r.until(),
		Link:      r.has("link"),
		Header:    r.header(),
		Trim:      r.trim(),
		Shuffle:   r.has("shuf"),
		MaxArgs:   m.most,
	}
	if in.Shuffle {
		in.Seed = seed()
	}
	switch sep := r.columns(); {
	case r.has("csv"):
		if sep == "" {
			sep = ","
		}
		if len(sep) != 1 || sep[0] >= 0x80 || strings.Contains("\"\r\n\x00", sep) {
			r.refuse(fail.Usage("--csv: %q is not a single character that can separate fields", sep).Advise("--colsep ';'"))
		} else {
			in.Comma = sep[0]
		}
	case sep != "":
		re, err := regexp.Compile(sep)
		if err != nil {
			r.refuse(fail.Usage("--colsep: %s", err).Place(sep, 0, len(sep)))
		}
		in.ColSep = re
	}
	if r.has("skip-first-line") {
		if len(sources) > 1 || in.Header {
			r.refuse(fail.Usage("--skip-first-line: eph skips the first line only of a single source without a header").Advise("tail -n +2"))
		}
		in.Skip = 1
	}
	if m.fill {
		plan.Fill = true
		if !r.has("xargs") {
			in.Share = jobs
		}
	}
	if r.has("max-chars") {
		plan.MaxChars = r.number("max-chars")
	}
	if m.fill && m.most == 0 || m.most > 1 {
		plan.Fill = true // there is always a limit
	}
	plan.Input = in
}

func (r *resolver) until() string {
	if r.has("E") {
		return r.last("E")
	}
	return r.last("eof")
}

// header reports whether the first line of a source names its columns.
func (r *resolver) header() bool {
	switch r.last("header") {
	case "":
	case ":", ".*\n", `.*\n`:
		return true
	default:
		r.refuse(fail.Usage("--header: eph supports only the first line, not other regular expressions").Advise("--header :"))
	}
	return false
}

// columns is the regular expression between columns, or "".
func (r *resolver) columns() string {
	switch {
	case r.has("col-sep"):
		return r.last("col-sep")
	case r.has("header") && !r.has("csv"):
		return "\t"
	}
	return ""
}

func (r *resolver) trim() item.Trim {
	how := "n"
	if r.has("col-sep") {
		how = "lr"
	}
	if r.has("trim") {
		how = r.last("trim")
	}
	t, ok := map[string]item.Trim{
		"n": 0, "l": item.TrimLeft, "r": item.TrimRight, "lr": item.TrimLeft | item.TrimRight, "rl": item.TrimLeft | item.TrimRight,
	}[how]
	if !ok {
		r.refuse(fail.Usage("--trim: %q is not one of n, l, r, lr", how).Advise("--trim lr"))
	}
	return t
}

// blocks says how --pipe cuts the input.
func (r *resolver) blocks(plan *run.Plan, sources []item.Source, m many) {
	if len(sources) > 0 {
		r.refuse(fail.Usage("--pipe reads standard input, but here other sources are given").
			Advise("cat FILE | parallel --pipe command; eph does not give a job both a block and an item"))
	}
	b := &item.Blocks{Size: 1 << 20, End: unescape(r.last("recend")), Start: unescape(r.last("recstart")), Later: true, Bare: r.has("remove-rec-sep")}
	if !r.has("recend") && !r.has("recstart") {
		b.End = "\n"
	}
	if r.has("block-size") {
		b.Size = r.number("block-size")
	}
	if r.has("max-replace-args") || r.has("max-args") {
		b.Records = m.most
	}
	if r.has("L") || r.has("max-lines") {
		b.Every = max(r.number("L"), 1)
		if r.has("max-lines") && r.last("max-lines") != "" {
			b.Every = r.number("max-lines")
		}
	}
	if h := r.last("header"); h != "" {
		n, err := strconv.Atoi(h)
		if h == ":" {
			n, err = 1, nil
		}
		if err != nil {
			r.refuse(fail.Usage("--header: with --pipe eph accepts a number of lines, or :").Advise("--header 1"))
		}
		b.Header = n
	}
	if r.err == nil && (b.Size < 1 || b.Size > 1<<30) {
		r.refuse(fail.Usage("--block: a block must have at least 1 byte and at most 1 GiB").Advise("--block 10M"))
	}
	plan.Input = item.Options{Blocks: b}
	plan.Args = nil
	plan.Template.NoItem = "--pipe gives jobs blocks on standard input, and there is no item to name"
}

// jobs is how many run at once.
func (r *resolver) jobs(cpus int) run.Jobs {
	text := "100%"
	switch {
	case r.has("jobs"):
		text = r.last("jobs")
		if _, err := run.ParseJobs(text, cpus); err != nil {
			if _, err := os.Stat(text); err == nil {
				text = "@" + text
			}
		}
	case r.has("tty"):
		text = "1"
	}
	j, err := run.ParseJobs(text, cpus)
	if err != nil {
		r.refuse(err)
	}
	return j
}

func niceness(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 19 {
		return 0, errors.New("eph can lower the priority by 0 to 19")
	}
	return n, nil
}

func (r *resolver) workdir() string {
	switch dir := r.last("work-dir"); dir {
	case ".":
		return ""
	case "...":
		r.refuse(fail.Usage("--wd ...: eph creates no temporary directory for a job").Advise(`'cd "$(mktemp -d)" && command'`))
		return ""
	default:
		return dir
	}
}

func (r *resolver) output() output.Options {
	o := output.Options{
		KeepOrder: r.has("keep-order") && !r.has("no-keep-order"),
		SpoolMem:  64 << 20,
		TmpDir:    r.last("tmpdir"),
	}
	switch {
	case r.has("line-buffer"):
		o.Mode = output.Lines
	case r.has("ungroup"), r.has("tty") && !r.has("group"):
		o.Mode = output.Raw
	}
	return o
}

// tagText is the template of what stands before each line, or "".
func (r *resolver) tagText() string {
	if r.has("tag-string") {
		return unescape(r.last("tag-string"))
	}
	if r.has("tag") {
		return r.tagOf("{}")
	}
	return ""
}

// tables are the endings of --results that make a table of it.
var tables = map[string]record.TableFormat{".csv": record.ParallelCSV, ".tsv": record.ParallelTSV, ".json": record.ParallelJSON}

func (r *resolver) results() run.Results {
	s := r.last("results")
	if s == "" {
		return run.Results{}
	}
	for ending, format := range tables {
		name, ok := strings.CutSuffix(strings.ToLower(s), ending)
		switch {
		case ok && name == "-":
			return run.Results{Kind: run.ResultsTable, Path: "-", Format: format}
		case ok:
			return run.Results{Kind: run.ResultsTable, Path: s, Format: format}
		}
	}
	res := run.Results{Kind: run.ResultsTree, Path: s}
	if strings.Contains(s, "{") || slices.ContainsFunc([]string{"{}", "{.}", "{/}", "{//}", "{/.}", "{#}", "{%}"}, func(name string) bool { return strings.Contains(s, r.tagOf(name)) }) {
		res.Path, res.Template = "", s
	}
	return res
}

// contradictions refuses options that cannot be meant together.
func (r *resolver) contradictions(command []string) {
	resumes := r.has("resume") || r.has("resume-failed") || r.has("retry-failed")
	for _, c := range []struct {
		both      bool
		what, try string
	}{
		{r.has("group") && r.has("ungroup"), "--group and --ungroup are opposites", "only one of them"},
		{r.has("group") && r.has("line-buffer"), "--group and --line-buffer are opposites", "only one of them"},
		{r.has("ungroup") && r.has("line-buffer"), "--ungroup and --line-buffer are opposites", "only one of them"},
		{resumes && !r.has("joblog"), "to resume a run eph needs its --joblog", "--joblog F --resume"},
		{r.last("joblog") == "-", "the --joblog has to be a file, not standard output", "--joblog /tmp/log"},
		{r.has("pipe") && r.has("shuf"), "--shuf shuffles items, but --pipe gives blocks", "shuf FILE | parallel --pipe command"},
		{r.has("pipe") && r.has("no-run-if-empty"), "-r skips items, but --pipe gives blocks", "grep . FILE | parallel --pipe command"},
		{r.has("pipe") && r.has("csv"), "--csv splits items, but --pipe gives blocks", "--pipe, if no field holds a newline"},
		{r.has("pipe") && (r.has("X") || r.has("m") || r.has("xargs")), "-X, -m and --xargs combine items, but --pipe gives blocks", "--block 10M"},
		{r.has("pipe") && len(command) > 0 && r.has("retry-failed"), "--retry-failed runs command lines, but --pipe gives blocks", "--resume-failed"},
	} {
		if c.both {
			r.refuse(fail.Usage("%s", c.what).Advise("%s", c.try))
		}
	}
}
