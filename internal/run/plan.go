package run

import (
	"context"
	"os"
	"regexp"
	"time"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/internal/observe"
	"github.com/mostlylucid/eph/internal/output"
	"github.com/mostlylucid/eph/internal/rule"
	"github.com/mostlylucid/eph/internal/sensor"
	"github.com/mostlylucid/eph/internal/template"
	"github.com/mostlylucid/eph/pkg/signals"
)

// Plan is a run as the command line asked for it: every flag parsed, every default filled
// in, every contradiction refused. It still holds templates as text, because what a template
// may name can depend on the header of the input; Prepare compiles them.
type Plan struct {
	Version string // of eph, for the log

	// Input says where items come from. Its Fill is set by Prepare.
	Input item.Options
	Fill  bool // -X: as many records per job as the command line holds
	Empty Empty

	MaxChars int // bytes that a command line may have, a NUL for each argument included; 0 is no limit

	// Command is what is run for each item. Exactly one of Words and Shell is set, or
	// neither: then each item is a command line of its own.
	Words     []string
	Shell     string
	ShellPath string           // the shell of Shell and of items that are commands
	ShellAuto bool             // nobody asked for ShellPath: bash runs what uses its functions
	Template  template.Options // Columns and Functions are set by Prepare; NoItem is for the command alone, but with blocks
	ShellOpts []string         // for the shell's command line
	SlotVar   string           // a variable with the slot, from 0 as xargs counts; "" none
	Nice      int              // added to the priority value of jobs
	Detach    bool             // what jobs leave running lives on
	Isolate   bool             // in a namespace of processes, for whoever starts the run
	OpenTTY   bool             // jobs read the terminal
	Ask       bool             // before each job
	Env       []Assignment     // --env
	Workdir   string           // template; "" is the current directory
	Stdin     Stdin
	StdinFile string // template, with StdinFile

	// When.
	CPUs      int           // that this process may use
	Jobs      Jobs          // at once
	Adaptive  bool          // find the number between Jobs.Least and Jobs.Most
	Delay     time.Duration // between two starts
	Rate      Rate
	RateByKey bool
	Pressure  sensor.Options // while what the machine has to do is above these, nothing starts
	Jobserver Jobserver
	Window    int           // items held at once
	Timeout   time.Duration // of one attempt
	Deadline  time.Duration // of the whole run
	Term      []job.Step

	// In which order. Key, Priority and Lane are templates; "" is unset.
	Key      string
	KeyJobs  int
	KeyFail  KeyFail
	Priority string
	Lane     string
	Lanes    []Lane
	Aging    time.Duration // a start is put off no longer than this for more urgent items; 0 is no limit

	// On failure.
	Attempts      int // in all; at least 1
	RetryDelay    time.Duration
	RetryMaxDelay time.Duration
	RetryJitter   float64 // 0 to 1
	RetryOn       Ends    // empty: any
	NoRetryOn     Ends
	RetryIfStderr *regexp.Regexp // nil: whatever it writes
	OKOn          Ends           // count as success
	FatalOn       Ends           // end the run like a --halt soon
	Halt          Halt
	MaxFails      Amount // more failures than this end the run; zero Amount with MaxFailsSet false: no limit
	MaxFailsSet   bool
	Breaker       Breaker

	// Signals.
	SignalFD bool        // jobs have a descriptor to raise signals on
	RaiseOn  []rule.Rule // what else raises signals
	DeferOn  signals.Pattern
	CancelOn signals.Pattern
	Control  string // the socket; ControlAuto, ControlNone or a path

	// What is said.
	Output      output.Options
	Results     Results
	Files       bool   // print the name of the file that holds a job's output in place of it
	Quiet       bool   // print only what failed jobs wrote
	Merge       bool   // standard error of jobs into their standard output
	MaxOut      int64  // bytes of output of a job that are kept; 0 is no limit
	Tag         bool   // tag lines with the item
	TagText     string // or with this template
	Trace       bool
	Progress    Progress
	Summary     Summary
	Exit        fail.Rule
	CI          observe.Service
	StepSummary string // the file of GitHub's summary of a step; "" none
	Joblog      string // file, behind a + to continue it; "" none
	JUnit       string // file; "" none
	Metrics     string // file; "" none
	Failed      string // file for the failed items; "" none
	Log         string // file, "-" or "fd:N"; "" none

	LogOptions observe.LogOptions
	Journal    Journal

	// For standing in for GNU parallel; the zero values do nothing.

	// Args makes of the records of an item those that its job gets.
	Args func([]item.Record) []item.Record

	// Done reports whether an item was done by an earlier run, by its number.
	Done func(seq int64) bool

	// Complain is told why an item, or a part of the input, could not become a job.
	Complain func(error)

	// TimedOut is told of each attempt that was ended for its time, and Ended of each job that has
	// succeeded or failed for good, after what it wrote was printed.
	TimedOut func(command string)
	Ended    func(JobEnd)

	Echo        bool     // the command goes before what its job writes
	MakeWorkdir bool     // the directory of a job is made if it is not there
	Variables   []string // NAME=VALUE for all jobs
}

// JobEnd is what Plan.Ended is told.
type JobEnd struct {
	Command string // as a person would type it
	Failed  bool
	Halting bool // the goal or the limit of Halt is reached
	Running int  // jobs that are still under way
}

// Where the socket of eph ctl is.
const (
	ControlAuto = "auto" // in a directory of the user's, where eph ctl finds it
	ControlNone = "none"
)

// Jobserver says what a run has to do with the jobserver of GNU make.
type Jobserver uint8

// The parts that a run can take.
const (
	JobserverNone Jobserver = iota
	JobserverAuto           // share the slots of the one that is there, or serve one
	JobserverFifo           // serve one as a fifo, as make 4.4 does
	JobserverPipe           // serve one as a pipe, for any make
)

// Unlimited is more jobs at once than any machine runs: the limits of the system decide.
const Unlimited = 1 << 20

// Assignment is a variable of the jobs' environment; Value is a template.
type Assignment struct{ Name, Value string }

// Lane is a class of urgency. A Weight of 0 is strict.
type Lane struct {
	Name   string
	Weight int
}

// Empty says what becomes of a run without any item.
type Empty uint8

// The ways to take an empty input.
const (
	EmptyOK   Empty = iota // nothing runs, status 0
	EmptyFail              // nothing runs, status 122
	EmptyRun               // the command runs once, without an item
)

// Stdin says what jobs read.
type Stdin uint8

// The kinds of standard input of a job.
const (
	StdinNone    Stdin = iota // /dev/null
	StdinItem                 // the item's text
	StdinInherit              // that of eph
	StdinFile                 // a file
)

// KeyFail says what a failed item means for the later ones of its key.
type KeyFail uint8

// The answers to a failed item of a key.
const (
	KeyContinue KeyFail = iota // nothing
	KeySkip                    // they are skipped
	KeyHalt                    // the run ends, like a --halt soon
)

// Summary says when the summary is printed.
type Summary uint8

// When to print the summary.
const (
	SummaryAuto Summary = iota // when something did not succeed, or there was a warning
	SummaryAlways
	SummaryNone
	SummaryJSON     // always, as a line of JSON
	SummaryMarkdown // always, as a page
)

// Streams are the standard streams of eph.
type Streams struct {
	In, Out, Err *os.File

	// Terminal is that of the user, and Answer returns the next line that is typed there. nil:
	// the run opens and reads it itself.
	Terminal *os.File
	Answer   func(context.Context) (string, error)
}
