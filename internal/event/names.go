package event

import (
	"slices"
	"strings"
)

// The names of what can happen in a run. A name that ends with ".*" stands for every name that
// begins with what precedes the star.
const (
	RunStarted         = "run.started"
	RunProgress        = "run.progress"
	RunDraining        = "run.draining"
	RunPaused          = "run.paused"
	RunResumed         = "run.resumed"
	RunFinished        = "run.finished"
	InputRejected      = "input.rejected"
	InputClosed        = "input.closed"
	InputChanged       = "input.changed"
	JobQueued          = "job.queued"
	JobStarted         = "job.started"
	JobSucceeded       = "job.succeeded"
	JobAttemptFailed   = "job.attempt_failed"
	JobFailed          = "job.failed"
	JobSkipped         = "job.skipped"
	JobCancelled       = "job.cancelled"
	JobDelivered       = "job.delivered"
	JournalRead        = "journal.read"
	KeyBlocked         = "key.blocked"
	KeyReleased        = "key.released"
	KeyFailed          = "key.failed"
	CircuitOpened      = "circuit.opened"
	CircuitHalfOpened  = "circuit.half_opened"
	CircuitClosed      = "circuit.closed"
	RateLimit          = "rate-limit"
	RateChanged        = "rate.changed"
	ConcurrencyUp      = "concurrency.up"
	ConcurrencyDown    = "concurrency.down"
	ConcurrencyChanged = "concurrency.changed"
	Backpressure       = "backpressure.*"
	HaltTriggered      = "halt.triggered"
	OSSignal           = "os.signal"
	CtlCommand         = "ctl.command"
	OutputSpilled      = "output.spilled"
	Warning            = "eph.warning"
	User               = "user.*"
)

// cleared is the suffix of a condition's name once it has ended.
const cleared = ".cleared"

// Level is how urgently a signal asks for attention.
type Level string

// The levels.
const (
	Debug Level = "debug"
	Info  Level = "info"
	Warn  Level = "warn"
	Error Level = "error"
)

// Levels are the levels, from least to most urgent.
var Levels = []Level{Debug, Info, Warn, Error}

// AtLeast reports whether l asks for as much attention as least, or more. The zero Level as
// least lets everything in.
func (l Level) AtLeast(least Level) bool {
	return slices.Index(Levels, l) >= slices.Index(Levels, least)
}

// Name is one entry of the vocabulary.
type Name struct {
	Name    string
	Level   Level
	Meaning string
	Fields  string // what it carries, by the names of the log
	Raised  bool   // people, jobs and rules may raise it too
}

// Names is the vocabulary.
var Names = []Name{
	{Name: RunStarted, Level: Info, Meaning: "the run begins; always the first line", Fields: "version command cwd pid jobs journal"},
	{Name: RunProgress, Level: Info, Meaning: "how far the run has come, every ten seconds", Fields: "counts running waiting"},
	{Name: RunDraining, Level: Info, Meaning: "nothing more starts; running jobs may finish", Fields: "reason message"},
	{Name: RunPaused, Level: Info, Meaning: "eph ctl pause: nothing starts"},
	{Name: RunResumed, Level: Info, Meaning: "eph ctl resume: jobs start again"},
	{Name: RunFinished, Level: Info, Meaning: "the run has ended; always the last line", Fields: "status reason counts wall_s"},
	{Name: InputRejected, Level: Error, Meaning: "a record cannot be used and is left out", Fields: "source line column error"},
	{Name: InputClosed, Level: Info, Meaning: "the input has ended", Fields: "total"},
	{Name: InputChanged, Level: Warn, Meaning: "with --resume: the input has new items, or lacks some that are in the journal", Fields: "new gone message"},
	{Name: JobQueued, Level: Debug, Meaning: "an item was read and waits for its turn", Fields: "seq key lane priority item"},
	{Name: JobStarted, Level: Info, Meaning: "an attempt begins", Fields: "seq key lane priority attempt attempts_max slot item argv shell queued_s"},
	{Name: JobSucceeded, Level: Info, Meaning: "an item has succeeded", Fields: "seq key lane priority attempt attempts_max slot item exit signal wall_s user_s sys_s max_rss_bytes stdout_bytes stderr_bytes pipe_held"},
	{Name: JobAttemptFailed, Level: Warn, Meaning: "an attempt failed and the item will be retried", Fields: "seq key lane priority attempt attempts_max slot item exit signal reason error wall_s user_s sys_s max_rss_bytes stdout_bytes stderr_bytes pipe_held retry_in_s"},
	{Name: JobFailed, Level: Error, Meaning: "an item has failed for good", Fields: "seq key lane priority attempt attempts_max slot item exit signal reason error wall_s user_s sys_s max_rss_bytes stdout_bytes stderr_bytes pipe_held"},
	{Name: JobSkipped, Level: Warn, Meaning: "an item was skipped", Fields: "seq key lane priority item reason error"},
	{Name: JobCancelled, Level: Warn, Meaning: "an item was left unrun, or its job was ended by eph", Fields: "seq key lane priority item reason"},
	{Name: JobDelivered, Level: Info, Meaning: "output that had to wait for its turn has been printed; only in a journal, after an end with held", Fields: "seq digest"},
	{Name: JournalRead, Level: Info, Meaning: "with --resume: what the journal holds, and what was repaired in it", Fields: "done failed interrupted message"},
	{Name: KeyBlocked, Level: Info, Meaning: "a key waits for the next attempt of its first item", Fields: "seq key retry_in_s"},
	{Name: KeyReleased, Level: Info, Meaning: "a key that waited proceeds", Fields: "seq key"},
	{Name: KeyFailed, Level: Warn, Meaning: "an item failed, and the rest of its key is skipped", Fields: "seq key"},
	{Name: CircuitOpened, Level: Warn, Meaning: "a breaker lets nothing in its scope start", Fields: "scope cooldown_s by"},
	{Name: CircuitHalfOpened, Level: Info, Meaning: "a breaker lets a few jobs try", Fields: "scope by"},
	{Name: CircuitClosed, Level: Info, Meaning: "a breaker lets everything start again", Fields: "scope by"},
	{Name: RateLimit, Level: Warn, Meaning: "rate-limit:D asks to start nothing for D, and to start more slowly after that", Fields: "seq key by value ttl_s", Raised: true},
	{Name: RateChanged, Level: Info, Meaning: "the rate of starts was changed", Fields: "rate_from_per_s rate_to_per_s message"},
	{Name: ConcurrencyUp, Level: Info, Meaning: "asks for more jobs at once", Fields: "seq key by value ttl_s", Raised: true},
	{Name: ConcurrencyDown, Level: Info, Meaning: "asks for fewer jobs at once", Fields: "seq key by value ttl_s", Raised: true},
	{Name: ConcurrencyChanged, Level: Info, Meaning: "the number of jobs at once was changed", Fields: "from to message"},
	{Name: Backpressure, Level: Warn, Meaning: "holds until it is cleared: start nothing, with --defer-on; eph itself raises .downstream, .load, .memory, .cpu, .io and .disk", Fields: "seq key by value ttl_s message", Raised: true},
	{Name: HaltTriggered, Level: Warn, Meaning: "a limit or goal that ends the run was reached", Fields: "reason message"},
	{Name: OSSignal, Level: Warn, Meaning: "eph received a signal from the operating system", Fields: "signal"},
	{Name: CtlCommand, Level: Info, Meaning: "somebody used eph ctl on the run", Fields: "value argument"},
	{Name: OutputSpilled, Level: Info, Meaning: "waiting output exceeds what memory may hold, and goes to a file", Fields: "message"},
	{Name: Warning, Level: Warn, Meaning: "something is wrong, but the run continues", Fields: "message"},
	{Name: User, Level: Info, Meaning: "whatever people and jobs want to say", Fields: "seq key by value ttl_s", Raised: true},
}

// Lookup finds the entry of a name as it is raised: with a value, as in rate-limit:5s, or with
// ".cleared" at its end. A name outside the vocabulary has none.
func Lookup(name string) (Name, bool) {
	name, _, _ = strings.Cut(name, ":")
	name = strings.TrimSuffix(name, cleared)
	if n, ok := byName[name]; ok {
		return n, true
	}
	family, _, _ := strings.Cut(name, ".")
	n, ok := byName[family+".*"]
	return n, ok
}

// LevelOf is the level of a name as it is raised; a name outside the vocabulary, and the end
// of a condition, are Info.
func LevelOf(name string) Level {
	if n, ok := Lookup(name); ok && !strings.HasSuffix(name, cleared) {
		return n.Level
	}
	return Info
}

var byName = func() map[string]Name {
	m := make(map[string]Name, len(Names))
	for _, n := range Names {
		m[n.Name] = n
	}
	return m
}()
