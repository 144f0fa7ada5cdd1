// Package job starts one command, captures what it writes, and sees it to its end.
//
// [Runner] is the seam of the whole program: tests drive a run with a fake one, and a
// [Local] process is one kind. What every kind must do is written as a test in package
// jobtest.
//
// Each local job leads its own session. It sees three descriptors, no terminal, and the signal
// dispositions that eph was started with. When it ends, what is left of its process group is killed
// before its process id is given back to the system, so that no signal can reach an unrelated
// process.
package job

import (
	"context"
	"io"
	"os"
	"slices"
	"syscall"
	"time"
)

// Runner runs commands. Run returns when the command has ended, its output has been
// delivered, and what it left behind in its process group has been killed; it never fails
// otherwise than through its Result. It is called from many goroutines at once.
//
// When ctx ends, the job is ended by the steps of Command.Term and the result says
// Cancelled, unless the job had ended by itself. When ctx has ended before the job was
// started, the result says NotStarted and Err is the cause of ctx.
type Runner interface {
	Run(ctx context.Context, c Command, out Output) Result

	KillAll() // kills every running job at once, and starts no other
	Suspend() // stops every running job, and the clocks of their timeouts
	Resume()  // continues what Suspend stopped
}

// Command is one process to run.
type Command struct {
	Path string   // the executable, already looked up
	Argv []string // Argv[0] is the name the process sees
	Env  []string // the whole environment
	Dir  string   // "" is the current directory

	// Stdin is read by the job. nil is /dev/null; an *os.File is inherited as it is;
	// anything else is copied through a pipe until the job ends. Run waits for a Read that
	// is under way, so Stdin must not block for ever. A job that reads no more is no
	// error; a Read that fails is, in Result.Err.
	Stdin io.Reader

	// Inherit are files beyond the standard streams that the job gets, under the descriptors
	// that they have here: those of a jobserver, which its environment names by number.
	Inherit []*os.File

	// Nice is added to the priority value that the job has from eph; that ends at 19.
	Nice int

	// Timeout ends the job after this much running time, the time that eph itself was
	// stopped not counted. 0 means no limit.
	Timeout time.Duration

	// Shared leaves the job in the session and the process group of this program, where it
	// has its terminal and gets the signals that are typed there. What it leaves behind lives
	// on; only the process itself is signalled.
	Shared bool

	// Detach lets live what the job leaves behind, if it ends by itself.
	Detach bool

	// Started, if it is not nil, is called once the program runs, before Run waits for it.
	Started func()

	// Reaped, if it is not nil, is called with what Run will return when the process was taken off
	// the system's table. Of all jobs that have one, it is called in the order in which that
	// happened: who sees that the process is gone is not reaped before Reaped has returned.
	Reaped func(Result)

	// Term says how to end the job. nil is DefaultTerm.
	Term []Step
}

// Step is one step of ending a job: send the signal to its process group, wake it if it is
// stopped, then give it Wait to end. The last step is always a KILL, whatever the sequence
// says.
type Step struct {
	Signal syscall.Signal
	Wait   time.Duration
}

// Output is where a job's streams go. nil is /dev/null. An *os.File is inherited by the job
// as it is; any other writer is fed from a pipe, each by one goroutine at a time, so that
// the two writers may be called at the same time but neither is called concurrently with
// itself. The same writer given twice is one pipe, which keeps the order between the
// streams; its bytes count as Stdout's.
//
// An error of a writer stops the capture of that stream: the job gets a SIGPIPE at its next
// write, and Result.Err holds the error. A writer that blocks holds the job back, and Run
// with it, for as long as it does.
//
// Signals, if it is not nil, is fed from a pipe too: what the job writes to the descriptor
// SignalFD(Command.Inherit).
type Output struct {
	Stdout, Stderr io.Writer
	Signals        io.Writer
}

// SignalFD is the descriptor on which a job that inherits these files can speak to eph: the
// first that is free, so that it has one digit, which is all that some shells can redirect.
func SignalFD(inherit []*os.File) int {
	fd := 3
	for slices.ContainsFunc(inherit, func(f *os.File) bool { return int(f.Fd()) == fd }) {
		fd++
	}
	return fd
}

// End says how a job ended.
type End uint8

// The ways a job can end: the whole of them.
const (
	Exited     End = iota + 1 // by itself, with Code
	Signalled                 // by Signal, that eph did not send
	TimedOut                  // eph ended it after Command.Timeout
	Cancelled                 // eph ended it because the context ended, or by KillAll
	NotStarted                // it never ran; Err says why
)

// Result is how a job went.
type Result struct {
	End    End
	Code   int            // exit code, if it exited, also when it was told to
	Signal syscall.Signal // that killed it, if one did
	Err    error          // why it was not started, or why its output could not be delivered
	PID    int

	// Wall is the time from Start to the exit, whatever its output took to deliver. MaxRSS
	// is in bytes; Linux counts from the size of eph itself at the start of the job, so
	// that small jobs look as large as eph.
	Start                    time.Time
	Wall, User, Sys          time.Duration
	MaxRSS                   int64
	StdoutBytes, StderrBytes int64 // delivered; 0 for an inherited file
	PipeHeld                 bool  // something outlived the job and held its output; it was cut off
}

// Succeeded reports whether the job exited with code 0 and its output was delivered.
func (r Result) Succeeded() bool { return r.End == Exited && r.Code == 0 && r.Err == nil }
