package event

// The names of what can happen in a run.
const (
	RunStarted         = "run.started"
	RunDraining        = "run.draining"
	RunFinished        = "run.finished"
	InputRejected      = "input.rejected"
	InputClosed        = "input.closed"
	JobQueued          = "job.queued"
	JobStarted         = "job.started"
	JobSucceeded       = "job.succeeded"
	JobAttemptFailed   = "job.attempt_failed"
	JobFailed          = "job.failed"
	JobSkipped         = "job.skipped"
	JobCancelled       = "job.cancelled"
	KeyBlocked         = "key.blocked"
	KeyReleased        = "key.released"
	KeyFailed          = "key.failed"
	ConcurrencyChanged = "concurrency.changed"
	HaltTriggered      = "halt.triggered"
	OSSignal           = "os.signal"
	Warning            = "eph.warning"
)

// Level is how much a signal asks for attention.
type Level string

// The levels.
const (
	Debug Level = "debug"
	Info  Level = "info"
	Warn  Level = "warn"
	Error Level = "error"
)

// Name is one entry of the vocabulary.
type Name struct {
	Name    string
	Level   Level
	Meaning string
	Fields  string // what it carries, by the names of the log
}

// Names is the vocabulary.
var Names = []Name{
	{RunStarted, Info, "the run begins; always the first line", "version command cwd pid jobs"},
	{RunDraining, Info, "nothing more starts, what runs may end", "reason"},
	{RunFinished, Info, "the run has ended; always the last line", "status reason counts wall_s"},
	{InputRejected, Error, "a record cannot be used and is left out", "source line column error"},
	{InputClosed, Debug, "the input has ended", "total"},
	{JobQueued, Debug, "an item was read and waits for its turn", "seq key lane priority item"},
	{JobStarted, Info, "an attempt begins", "seq key attempt attempts_max slot item argv shell queued_s"},
	{JobSucceeded, Info, "an item has ended well", "seq key attempt slot exit wall_s user_s sys_s max_rss_bytes stdout_bytes stderr_bytes pipe_held"},
	{JobAttemptFailed, Warn, "an attempt failed and will be repeated", "seq key attempt attempts_max slot exit signal reason error wall_s user_s sys_s max_rss_bytes stdout_bytes stderr_bytes retry_in_s"},
	{JobFailed, Error, "an item has failed for good", "seq key attempt slot item exit signal reason error wall_s user_s sys_s max_rss_bytes stdout_bytes stderr_bytes"},
	{JobSkipped, Warn, "an item was passed over", "seq key item reason error"},
	{JobCancelled, Warn, "an item was left unrun, or its job was ended because the run ends", "seq key item reason"},
	{KeyBlocked, Info, "a key waits for the next attempt of its first item", "seq key retry_in_s"},
	{KeyReleased, Info, "a key that waited goes on", "seq key"},
	{KeyFailed, Warn, "an item failed, and the rest of its key is skipped", "seq key"},
	{ConcurrencyChanged, Info, "the number of jobs at once was changed", "from to reason"},
	{HaltTriggered, Warn, "a limit or a goal was reached that ends the run", "reason message"},
	{OSSignal, Warn, "eph got a signal of the operating system", "signal"},
	{Warning, Warn, "something is not as it should be, but the run goes on", "message"},
}

// LevelOf is the level of a name; a name outside the vocabulary is Info.
func LevelOf(name string) Level {
	if n, ok := byName[name]; ok {
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
