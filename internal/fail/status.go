package fail

// Status is an exit status of eph.
type Status int

// The exit statuses. A run that is stopped by signal N dies from it, which a shell shows as
// 128+N; that is not a Status.
const (
	Succeeded  Status = 0
	Broken     Status = 1
	BadUsage   Status = 2
	Unrun      Status = 121
	NoItem     Status = 122
	JobsFailed Status = 123
	CannotExec Status = 126
	NotFound   Status = 127
	BySignal   Status = 128
)

// The exit statuses that eph has from the programs it stands in for, or whose jobs it counts as
// they would.
const (
	TimedOut       Status = 124 // of a job, as timeout(1) has it
	XargsAborted   Status = 124 // a job of eph xargs exited with 255
	XargsSignalled Status = 125 // a job of eph xargs was killed by a signal
	ParallelBroken Status = 255 // eph parallel could not do its own work
	MostCounted    Status = 101 // where failed jobs are counted: more than 100
)

// Statuses is the table that the help, the documentation and the tests are made from.
// Where several could apply to one run, the run exits with the one that Worse prefers.
var Statuses = []struct {
	Status  Status
	Code    string // as it is printed
	Meaning string
}{
	{Succeeded, "0", "every item ran and succeeded, or there were none, or the goal of --halt was met"},
	{Broken, "1", "eph could not do its own work: unreadable input, malformed JSON, a template that does not fit an item, a write that failed"},
	{BadUsage, "2", "usage error: nothing was run"},
	{Unrun, "121", "nothing failed, but items were not run, were ended before they were done, or the input was not read to its end"},
	{NoItem, "122", "there were no items, and --empty=fail was given"},
	{JobsFailed, "123", "at least one item failed after its last try"},
	{CannotExec, "126", "the command cannot be executed"},
	{NotFound, "127", "the command was not found"},
	{BySignal, "128+N", "eph was stopped by signal N, and dies from that signal"},
}

// Rule says what the exit status is when items failed, instead of JobsFailed.
type Rule uint8

// The rules.
const (
	RuleXargs Rule = iota
	RuleCount
	RuleFirst
	RuleMax
	RuleBool
)

// Rules is the table of rules, which the help and the documentation are made from.
var Rules = []struct {
	Rule    Rule
	Name    string
	Meaning string
}{
	{RuleXargs, "xargs", "123"},
	{RuleCount, "count", "how many items failed, up to 100; 101 for more"},
	{RuleFirst, "first", "the status of the job that failed first: 128+N if signal N killed it, 124 after a timeout, 126 or 127 if it could not be started"},
	{RuleMax, "max", "the highest status of all failed jobs"},
	{RuleBool, "bool", "1"},
}

// Failures is what the rules look at.
type Failures struct {
	Count      int64
	First, Max int // statuses of jobs; 0 where no job ran
}

// Add counts an item that failed, with the status of its job.
func (f *Failures) Add(status int) {
	f.Count++
	if f.First == 0 {
		f.First = status
	}
	f.Max = max(f.Max, status)
}

// Of is the exit status of a run in which items failed.
func (r Rule) Of(f Failures) Status {
	s := JobsFailed
	switch r {
	case RuleCount:
		s = min(Status(f.Count), MostCounted)
	case RuleFirst:
		s = Status(f.First)
	case RuleMax:
		s = Status(f.Max)
	case RuleBool:
		s = 1
	}
	if s == Succeeded {
		return JobsFailed // no job says more
	}
	return s
}

// Worse returns the status that tells more of the two: a failure of eph itself goes before
// failed items, and failed items go before items left unrun.
func Worse(a, b Status) Status {
	if rank(b) > rank(a) {
		return b
	}
	return a
}

func rank(s Status) int {
	switch s {
	case Succeeded:
		return 0
	case NoItem:
		return 1
	case Unrun:
		return 2
	case JobsFailed:
		return 3
	case Broken:
		return 4
	default:
		return 5
	}
}
