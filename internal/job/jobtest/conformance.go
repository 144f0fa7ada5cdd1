// Package jobtest holds what every job.Runner must do, as a test, and a Runner for the
// tests of those that use one.
package jobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mostlylucid/eph/internal/job"
)

// shell is a job that runs a script with /bin/sh.
func shell(script string) job.Command {
	return job.Command{
		Path: "/bin/sh",
		Argv: []string{"sh", "-c", script},
		Env:  []string{"PATH=/usr/bin:/bin", "GREETING=hello"},
		Dir:  "/",
	}
}

// way is a job and how it must go; Start, Wall and the like must only be there.
type way struct {
	name           string
	command        job.Command
	want           job.Result
	stdout, stderr string
}

// ways is made anew for each use, because a reader serves once.
func ways() []way {
	return []way{
		{"success", shell("exit 0"), job.Result{End: job.Exited}, "", ""},
		{"exit code", shell("exit 7"), job.Result{End: job.Exited, Code: 7}, "", ""},
		{"largest exit code", shell("exit 255"), job.Result{End: job.Exited, Code: 255}, "", ""},
		{"signal", shell("kill -USR1 $$"), job.Result{End: job.Signalled, Signal: syscall.SIGUSR1}, "", ""},
		{"kill", shell("kill -KILL $$"), job.Result{End: job.Signalled, Signal: syscall.SIGKILL}, "", ""},
		{"streams apart", shell("echo out; echo err >&2"), job.Result{End: job.Exited}, "out\n", "err\n"},
		{"no final newline", shell("printf 'a\\nb'"), job.Result{End: job.Exited}, "a\nb", ""},
		{"output of a failure", shell("echo before; exit 3"), job.Result{End: job.Exited, Code: 3}, "before\n", ""},
		{"environment", shell("echo $GREETING ${HOME-unset}"), job.Result{End: job.Exited}, "hello unset\n", ""},
		{"directory", shell("pwd"), job.Result{End: job.Exited}, "/\n", ""},
		{"no stdin", shell("cat"), job.Result{End: job.Exited}, "", ""},
		{"stdin", withStdin(shell("cat"), "to be read"), job.Result{End: job.Exited}, "to be read", ""},
		{"stdin not read", withStdin(shell("exec <&-; echo done"), strings.Repeat("x", 1<<20)), job.Result{End: job.Exited}, "done\n", ""},
		{"name", job.Command{Path: "/bin/sh", Argv: []string{"a name", "-c", "echo $0"}}, job.Result{End: job.Exited}, "a name\n", ""},
		{"arguments are data", job.Command{Path: "/bin/echo", Argv: []string{"echo", "$(id)", "a  b", "", "'"}}, job.Result{End: job.Exited}, "$(id) a  b  '\n", ""},
		{"timeout", timed(shell("echo early; exec sleep 1000")), job.Result{End: job.TimedOut, Signal: syscall.SIGTERM}, "early\n", ""},
		{"timeout that is answered", timed(shell("trap 'echo bye; exit 4' TERM; sleep 1000 & wait")), job.Result{End: job.TimedOut, Code: 4}, "bye\n", ""},
		{"timeout not reached", func() job.Command { c := shell("exit 5"); c.Timeout = time.Hour; return c }(), job.Result{End: job.Exited, Code: 5}, "", ""},
	}
}

// LongTimeout is enough for any job of a test to come as far as it has to before its timeout,
// on the busiest machine. A test begins with a shorter one, and again with a longer one when
// the job went wrong.
const LongTimeout = 10 * time.Second

// try runs the job once and tells what was wrong with it.
func (w *way) try(ctx context.Context, r job.Runner) error {
	var stdout, stderr bytes.Buffer
	before := time.Now()
	got := r.Run(ctx, w.command, job.Output{Stdout: &stdout, Stderr: &stderr})
	var wrong []error
	// Of a job that is ended, what it has started may die a little later than itself.
	if got.End != w.want.End || got.Code != w.want.Code || got.Signal != w.want.Signal || got.Err != nil || got.PipeHeld && got.End != job.TimedOut {
		wrong = append(wrong, fmt.Errorf("Run(%q) = %+v, want %+v", w.command.Argv, got, w.want))
	}
	if stdout.String() != w.stdout || stderr.String() != w.stderr {
		wrong = append(wrong, fmt.Errorf("Run(%q) wrote %q and %q, want %q and %q", w.command.Argv, &stdout, &stderr, w.stdout, w.stderr))
	}
	if got.StdoutBytes != int64(stdout.Len()) || got.StderrBytes != int64(stderr.Len()) {
		wrong = append(wrong, fmt.Errorf("Run(%q) counted %d and %d bytes, want %d and %d",
			w.command.Argv, got.StdoutBytes, got.StderrBytes, stdout.Len(), stderr.Len()))
	}
	if got.Start.Before(before) || got.Wall <= 0 || got.Wall > time.Since(before) || got.PID == 0 {
		wrong = append(wrong, fmt.Errorf("Run(%q) = %+v, want a start, a time and a process id", w.command.Argv, got))
	}
	return errors.Join(wrong...)
}

func withStdin(c job.Command, text string) job.Command {
	c.Stdin = onlyReader{strings.NewReader(text)}
	return c
}

type onlyReader struct{ io.Reader }

func timed(c job.Command) job.Command {
	c.Timeout = 200 * time.Millisecond
	return c
}

// Conformance checks that r does what the comments of package job promise of every Runner.
// It runs /bin/sh and the usual small commands.
func Conformance(t *testing.T, r job.Runner) {
	for _, way := range ways() {
		t.Run(way.name, func(t *testing.T) {
			err := way.try(t.Context(), r)
			for err != nil && way.command.Timeout > 0 && way.command.Timeout < LongTimeout {
				way.command.Timeout *= 4
				err = way.try(t.Context(), r)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("cancelled", func(t *testing.T) { cancelled(t, r) })
	t.Run("not started", func(t *testing.T) { notStarted(t, r) })
	t.Run("many at once", func(t *testing.T) { manyAtOnce(t, r) })
	t.Run("output size", func(t *testing.T) { outputSize(t, r) })
	t.Run("writer fails", func(t *testing.T) { writerFails(t, r) })
	t.Run("stdin fails", func(t *testing.T) { stdinFails(t, r) })
	t.Run("one writer", func(t *testing.T) { oneWriter(t, r) })
}

func cancelled(t *testing.T, r job.Runner) {
	ctx, cancel := context.WithCancel(t.Context())
	got := r.Run(ctx, shell("echo READY; exec sleep 1000"), job.Output{Stdout: &Trigger{Text: "READY\n", Do: cancel}})
	if got.End != job.Cancelled || got.Signal != syscall.SIGTERM || got.StdoutBytes != 6 {
		t.Errorf("Run, cancelled = %+v, want Cancelled by TERM with 6 bytes", got)
	}
}

func notStarted(t *testing.T, r job.Runner) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	cancel(cause)
	if got := r.Run(ctx, shell("exit 0"), job.Output{}); got.End != job.NotStarted || !errors.Is(got.Err, cause) {
		t.Errorf("Run after cancel = %+v, want NotStarted because of %q", got, cause)
	}
	c := job.Command{Path: "/no/such/file", Argv: []string{"file"}}
	if got := r.Run(t.Context(), c, job.Output{}); got.End != job.NotStarted || got.Err == nil {
		t.Errorf("Run(%q) = %+v, want NotStarted and an error", c.Path, got)
	}
}

func manyAtOnce(t *testing.T, r job.Runner) {
	var jobs sync.WaitGroup
	for i := range 50 {
		jobs.Go(func() {
			var out bytes.Buffer
			number := strconv.Itoa(i)
			got := r.Run(t.Context(), withStdin(shell("read n; echo $n; exit $n"), number+"\n"), job.Output{Stdout: &out})
			if got.End != job.Exited || got.Code != i || out.String() != number+"\n" {
				t.Errorf("job %d: Run = %+v with %q, want its own number", i, got, &out)
			}
		})
	}
	jobs.Wait()
}

// outputSize runs jobs whose output just fits a pipe, just does not, and is far larger.
func outputSize(t *testing.T, r job.Runner) {
	for _, script := range []string{
		"head -c 65535 /dev/zero", "head -c 65536 /dev/zero", "head -c 65537 /dev/zero", "head -c 50000000 /dev/zero",
	} {
		size := int64(0)
		count := writer(func(b []byte) (int, error) { size += int64(len(b)); return len(b), nil })
		got := r.Run(t.Context(), shell(script), job.Output{Stdout: count})
		want := strings.Fields(script)[2]
		if !got.Succeeded() || got.StdoutBytes != size || strconv.FormatInt(size, 10) != want {
			t.Errorf("Run(%q) = %+v with %d bytes, want %s", script, got, size, want)
		}
	}
}

func writerFails(t *testing.T, r job.Runner) {
	full := errors.New("disk full")
	got := r.Run(t.Context(), shell("exec yes"), job.Output{Stdout: writer(func([]byte) (int, error) { return 0, full })})
	if !errors.Is(got.Err, full) || got.Succeeded() || got.End != job.Signalled || got.Signal != syscall.SIGPIPE {
		t.Errorf("Run(yes) into a full disk = %+v, want Signalled by PIPE, and %q", got, full)
	}
}

func stdinFails(t *testing.T, r job.Runner) {
	c := shell("cat >/dev/null")
	broken := errors.New("broken input")
	c.Stdin = reader(func([]byte) (int, error) { return 0, broken })
	if got := r.Run(t.Context(), c, job.Output{}); !errors.Is(got.Err, broken) {
		t.Errorf("Run with broken stdin = %+v, want %q", got, broken)
	}
}

func oneWriter(t *testing.T, r job.Runner) {
	var both bytes.Buffer
	got := r.Run(t.Context(), shell("echo 1; echo 2 >&2; echo 3; echo 4 >&2"), job.Output{Stdout: &both, Stderr: &both})
	if want := "1\n2\n3\n4\n"; both.String() != want || got.StdoutBytes != 8 {
		t.Errorf("Run into one writer wrote %q and counted %d, want %q", &both, got.StdoutBytes, want)
	}
}

// Trigger is a writer that calls Do once when Text has been written, so that a test can act
// when the job says it is ready.
type Trigger struct {
	Text string
	Do   func()

	all bytes.Buffer
}

func (w *Trigger) Write(b []byte) (int, error) {
	w.all.Write(b)
	if w.Do != nil && bytes.Contains(w.all.Bytes(), []byte(w.Text)) {
		w.Do()
		w.Do = nil
	}
	return len(b), nil
}

// String returns what was written so far. It is for after the job.
func (w *Trigger) String() string { return w.all.String() }

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

type reader func([]byte) (int, error)

func (r reader) Read(b []byte) (int, error) { return r(b) }
