package fail

// Status is an exit status of eph.
type Status int

// The exit statuses. A run that is stopped by signal N dies by it, which a shell shows as
// 128+N; that is no Status.
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

// Statuses is the table that the help, the documentation and the tests are made from.
// Where several could apply to one run, the run exits with the one that Worse prefers.
var Statuses = []struct {
	Status  Status
	Code    string // as it is printed
	Meaning string
}{
	{Succeeded, "0", "every item ran and succeeded, or there was none, or the goal of --halt was met"},
	{Broken, "1", "eph could not do its own work: unreadable input, malformed JSON, a template that does not fit an item, a write that failed"},
	{BadUsage, "2", "usage: nothing was run"},
	{Unrun, "121", "nothing failed, but items were left unrun"},
	{NoItem, "122", "no item, and --empty=fail"},
	{JobsFailed, "123", "at least one item failed after its last try"},
	{CannotExec, "126", "the command cannot be executed"},
	{NotFound, "127", "the command was not found"},
	{BySignal, "128+N", "eph was stopped by signal N, and dies by it"},
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
