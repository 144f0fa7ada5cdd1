package job_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/internal/job/jobtest"
)

// patience is far longer than anything here takes: a test that reaches it hangs visibly.
const patience = 30 * time.Second

// ownGroup is the argument that makes the test binary start a process in a group of its
// own, which a shell without a terminal cannot, and leave it behind.
const ownGroup = "leave-own-group"

// TestMain fails if the tests leave a goroutine or a descriptor behind.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == ownGroup {
		_, err := syscall.ForkExec("/bin/sleep", []string{"sleep", "1000"},
			&syscall.ProcAttr{Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{Setpgid: true}})
		if err != nil {
			panic(err)
		}
		os.Exit(0)
	}
	flag.Parse()
	if fuzzing := flag.Lookup("test.fuzz"); fuzzing.Value.String() != "" {
		os.Exit(m.Run()) // package testing leaves a goroutine itself
	}
	job.SealDescriptors()
	goroutines, files := runtime.NumGoroutine(), openFiles()
	status := m.Run()
	limit := time.Now().Add(patience)
	for runtime.NumGoroutine() > goroutines {
		if time.Now().After(limit) {
			stacks := make([]byte, 1<<20)
			fmt.Printf("goroutines left: %d, want %d\n%s\n", runtime.NumGoroutine(), goroutines, stacks[:runtime.Stack(stacks, true)])
			status = 1
			break
		}
		runtime.Gosched()
	}
	// epoll, its eventfd, and a cpu quota or two are the Go runtime's
	for files += 6; status == 0 && openFiles() > files; {
		if time.Now().After(limit) {
			fmt.Printf("descriptors left: %d, want at most %d\n", openFiles(), files)
			status = 1
		}
		runtime.GC() // has the /dev/null of each Local closed, in a while
	}
	os.Exit(status)
}

func openFiles() int {
	entries, _ := os.ReadDir("/proc/self/fd")
	return len(entries)
}

func TestConformance(t *testing.T) { jobtest.Conformance(t, new(job.Local)) }

func TestConformanceWithoutPidfd(t *testing.T) { jobtest.Conformance(t, job.WithoutPidfd()) }

// shell is a job that runs a script, in which $0 is this binary.
func shell(script string) job.Command {
	return job.Command{Path: "/bin/sh", Argv: []string{"sh", "-c", script, os.Args[0]}, Env: []string{"PATH=/usr/bin:/bin"}}
}

// impatient is a termination sequence that is soon over.
var impatient = []job.Step{{Signal: syscall.SIGTERM, Wait: 50 * time.Millisecond}}

// witness is a file for a job to inherit. Its end is the end of all that inherited it.
type witness struct {
	read, write *os.File
}

func newWitness(t *testing.T) *witness {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return &witness{r, w}
}

// gone fails the test unless everything that inherited the witness ends, and returns what
// was written to it.
func (w *witness) gone(t *testing.T) string {
	t.Helper()
	w.write.Close()
	w.read.SetReadDeadline(time.Now().Add(patience))
	text, err := io.ReadAll(w.read)
	if err != nil {
		t.Error("a process of the job is still alive")
	}
	return string(text)
}

// TestSurvivors leaves processes of all kinds behind in the session of a job. Its own group
// is always cleared; other groups of its session are, where eph ended the job.
func TestSurvivors(t *testing.T) {
	kinds := []struct{ name, script string }{
		{"background", "sleep 1000 &"},
		{"ignores TERM", "(trap '' TERM; exec sleep 1000) &"},
		{"nohup", "nohup sleep 1000 2>/dev/null &"},
		{"double fork", "( (sleep 1000 &) )"},
		{"empty environment", "env -i /bin/sleep 1000 &"},
		{"stopped", "sleep 1000 & kill -STOP $!"},
		{"fork chain", "hop() { sleep 0.01; hop & }; hop &"},
		{"own group", "$0 " + ownGroup},
	}
	ends := []struct {
		name, script string
		timeout      time.Duration
		want         job.End
	}{
		{"exit", "exit 0", 0, job.Exited},
		{"timeout", "wait; sleep 1000", 200 * time.Millisecond, job.TimedOut},
		{"ignored timeout", "trap '' TERM; wait; sleep 1000; sleep 1000", 200 * time.Millisecond, job.TimedOut},
	}
	for _, kind := range kinds {
		for _, end := range ends {
			if kind.name == "own group" && end.want == job.Exited {
				continue // left to whoever adopts orphans, unless it holds the output
			}
			t.Run(kind.name+"/"+end.name, func(t *testing.T) {
				t.Parallel()
				w := newWitness(t)
				c := shell(kind.script + "\n" + end.script)
				c.Timeout, c.Term = end.timeout, impatient
				var local job.Local
				r := local.Run(t.Context(), c, job.Output{Stdout: w.write})
				if r.End != end.want {
					t.Errorf("Run(%q) = %+v, want End %d", c.Argv[2], r, end.want)
				}
				w.gone(t)
			})
		}
	}
}

func TestPipeHeld(t *testing.T) {
	for _, script := range []string{
		"sleep 1000 & echo hi",
		"$0 " + ownGroup + "; echo hi",
		"yes >&2 & echo hi",
	} {
		t.Run(script, func(t *testing.T) {
			w := newWitness(t)
			var out bytes.Buffer
			c := shell(script)
			c.Stdin = w.write
			c.Argv[2] = "exec 9<&0; " + script // a background job of sh gets another stdin
			var local job.Local
			r := local.Run(t.Context(), c, job.Output{Stdout: &out, Stderr: io.Discard})
			if !r.PipeHeld || !r.Succeeded() || out.String() != "hi\n" {
				t.Errorf("Run(%q) = %+v with %q, want PipeHeld, and hi", script, r, &out)
			}
			w.gone(t)
		})
	}
}

// TestLateOutput has a child write after the job has ended, which is not lost.
func TestLateOutput(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "end")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	c := shell(`(cat "$1" >/dev/null; echo late) & exec 3>"$1"; echo early`)
	c.Argv = append(c.Argv, fifo)
	r := job.Patient(patience).Run(t.Context(), c, job.Output{Stdout: &out})
	if !r.Succeeded() || r.PipeHeld || out.String() != "early\nlate\n" {
		t.Errorf("Run = %+v with %q, want early and late", r, &out)
	}
}

// TestSlowWriter holds the writer back for longer than survivors are waited for: nothing is
// lost, and nothing is said to hold the pipe.
func TestSlowWriter(t *testing.T) {
	var local job.Local
	slow := writer(func(b []byte) (int, error) {
		for local.Running() > 0 {
			runtime.Gosched() // until the job was reaped
		}
		return len(b), nil
	})
	r := local.Run(t.Context(), shell("head -c 40000 /dev/zero"), job.Output{Stdout: slow})
	if !r.Succeeded() || r.PipeHeld || r.StdoutBytes != 40000 {
		t.Errorf("Run into a slow writer = %+v, want 40000 bytes", r)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

func TestStoppedJob(t *testing.T) {
	var local job.Local
	c := shell("kill -STOP $$")
	c.Timeout = 50 * time.Millisecond
	if r := local.Run(t.Context(), c, job.Output{}); r.End != job.TimedOut || r.Signal != syscall.SIGTERM {
		t.Errorf("Run of a stopped job = %+v, want TimedOut by TERM", r)
	}
}

// TestTermSequence has a job answer one step of the sequence, and a wait that is in vain be
// short and any other long, so that nothing depends on how soon it answers.
func TestTermSequence(t *testing.T) {
	const short, long = 20 * time.Millisecond, time.Hour
	for _, c := range []struct {
		answers     string
		first, last time.Duration
		code        int
		signal      syscall.Signal
	}{
		{"trap 'exit 3' USR1; trap 'exit 4' TERM", long, long, 3, 0},
		{"trap '' USR1; trap 'exit 4' TERM", short, long, 4, 0},
		{"trap '' USR1 TERM", short, short, 0, syscall.SIGKILL},
	} {
		var local job.Local
		ctx, cancel := context.WithCancel(t.Context())
		command := shell(c.answers + "; echo READY; " + idling)
		command.Term = []job.Step{{Signal: syscall.SIGUSR1, Wait: c.first}, {Signal: syscall.SIGTERM, Wait: c.last}}
		r := local.Run(ctx, command, job.Output{Stdout: &jobtest.Trigger{Text: "READY", Do: cancel}})
		if r.End != job.Cancelled || r.Code != c.code || r.Signal != c.signal {
			t.Errorf("Run(%q) = %+v, want Cancelled with code %d, signal %d", c.answers, r, c.code, c.signal)
		}
		cancel()
	}
}

// idling is a script that goes on for ever and answers a signal soon. (A shell that waits for
// a background job can miss one that comes just before.)
const idling = "while :; do sleep 0.01; done"

// TestKillAll kills a job that is in the middle of its termination sequence, and one that is
// not.
func TestKillAll(t *testing.T) {
	for _, cancelFirst := range []bool{false, true} {
		var local job.Local
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		out := &jobtest.Trigger{Text: "READY", Do: local.KillAll}
		if cancelFirst {
			out = &jobtest.Trigger{Text: "READY", Do: cancel}
		}
		c := shell("trap 'echo got >&2' TERM; echo READY; " + idling)
		c.Term = []job.Step{{Signal: syscall.SIGTERM, Wait: time.Hour}}
		r := local.Run(ctx, c, job.Output{Stdout: out, Stderr: &jobtest.Trigger{Text: "got", Do: local.KillAll}})
		if r.End != job.Cancelled || r.Signal != syscall.SIGKILL {
			t.Errorf("Run, KillAll = %+v, want Cancelled by KILL", r)
		}
		if r := local.Run(t.Context(), shell("exit 0"), job.Output{}); r.End != job.NotStarted || !errors.Is(r.Err, job.ErrKilled) {
			t.Errorf("Run after KillAll = %+v, want NotStarted, %v", r, job.ErrKilled)
		}
	}
}

// TestPassOn: a signal reaches a job as well that is just being started.
func TestPassOn(t *testing.T) {
	passed := make(chan struct{})
	local := job.Starting(func(l *job.Local) {
		go func() {
			defer close(passed)
			l.PassOn(syscall.SIGTERM)
		}()
		for range 10_000 { // it could be over now
			runtime.Gosched()
		}
	})
	got := local.Run(t.Context(), job.Command{Path: "/bin/sleep", Argv: []string{"sleep", "1000"}, Shared: true}, job.Output{})
	<-passed
	if got.End != job.Signalled || got.Signal != syscall.SIGTERM {
		t.Errorf("%+v, want a job that has ended by TERM", got)
	}
}

// TestReaped: a job that ends because another is gone is told of after that one.
func TestReaped(t *testing.T) {
	var local job.Local
	shared := func(script string, reaped func(job.Result)) job.Command {
		c := shell(script)
		c.Shared, c.Reaped = true, reaped
		return c
	}
	second, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	var told []string
	var jobs sync.WaitGroup
	first, hold, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	pid := make(chan int)
	jobs.Go(func() {
		c := shared("echo $$; read go", func(job.Result) {
			if _, err := io.Copy(io.Discard, second); err != nil { // until the second has ended
				t.Error(err)
			}
			for range 10_000 { // it could be told of now
				runtime.Gosched()
			}
			told = append(told, "first")
		})
		c.Stdin = first
		local.Run(t.Context(), c, job.Output{Stdout: writer(func(p []byte) (int, error) {
			n, err := strconv.Atoi(strings.TrimSpace(string(p)))
			pid <- n
			return len(p), err
		})})
	})
	jobs.Go(func() {
		c := shared("echo; while kill -0 "+strconv.Itoa(<-pid)+" 2>/dev/null; do :; done", func(job.Result) { told = append(told, "second") })
		c.Started = func() {
			_ = out.Close()
			_ = hold.Close()
		}
		local.Run(t.Context(), c, job.Output{Stdout: out})
	})
	jobs.Wait()
	if !slices.Equal(told, []string{"first", "second"}) {
		t.Errorf("the ends were told in the order %q", told)
	}
}

// TestSuspend stops a job for longer than its timeout, and holds another one back.
func TestSuspend(t *testing.T) {
	t.Parallel()
	for _, local := range []*job.Local{new(job.Local), job.WithoutPidfd()} {
		timeout := 500 * time.Millisecond
		err := suspend(t, local, timeout)
		for err != nil && timeout < jobtest.LongTimeout {
			timeout *= 4
			err = suspend(t, local, timeout)
		}
		if err != nil {
			t.Error(err)
		}
	}
}

func suspend(t *testing.T, local *job.Local, timeout time.Duration) error {
	stdin, answer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	defer answer.Close()
	first, second := make(chan job.Result, 1), make(chan job.Result, 1)
	ready := make(chan struct{})
	c := shell("echo READY; read line; exit 3")
	c.Stdin, c.Timeout = stdin, timeout
	go func() {
		first <- local.Run(t.Context(), c, job.Output{Stdout: &jobtest.Trigger{Text: "READY", Do: func() { close(ready) }}})
	}()
	select {
	case <-ready:
	case r := <-first:
		return fmt.Errorf("Run = %+v before it was suspended", r)
	}
	local.Suspend()
	fmt.Fprintln(answer, "go on")
	go func() { second <- local.Run(t.Context(), shell("exit 4"), job.Output{}) }()
	time.Sleep(timeout * 5 / 4)
	running, ended := local.Running(), len(first)+len(second)
	local.Resume()
	a, b := <-first, <-second
	switch {
	case running != 1 || ended != 0:
		return fmt.Errorf("while suspended %d jobs ran and %d ended, want one that does not go on", running, ended)
	case a.End != job.Exited || a.Code != 3 || b.End != job.Exited || b.Code != 4:
		return fmt.Errorf("Run after Resume = %+v and %+v, want exit codes 3 and 4", a, b)
	}
	return nil
}

func TestCancelWhileSuspended(t *testing.T) {
	var local job.Local
	ctx, cancel := context.WithCancel(t.Context())
	out := &jobtest.Trigger{Text: "READY", Do: func() { local.Suspend(); cancel() }}
	r := local.Run(ctx, shell("echo READY; exec sleep 1000"), job.Output{Stdout: out})
	if r.End != job.Cancelled || r.Signal != syscall.SIGTERM {
		t.Errorf("Run, suspended and cancelled = %+v, want Cancelled by TERM", r)
	}
	if r := local.Run(ctx, shell("exit 0"), job.Output{}); r.End != job.NotStarted {
		t.Errorf("Run while suspended and cancelled = %+v, want NotStarted", r)
	}
}

// TestClean checks what a job inherits: nothing but what it must.
func TestClean(t *testing.T) {
	var local job.Local
	var jobs sync.WaitGroup
	for range 20 {
		jobs.Go(func() {
			var out bytes.Buffer
			c := shell("ls /proc/self/fd; cut -d' ' -f5,6 /proc/$$/stat; grep SigBlk /proc/self/status; (: </dev/tty) 2>/dev/null || echo no terminal")
			r := local.Run(t.Context(), c, job.Output{Stdout: &out, Stderr: io.Discard})
			want := fmt.Sprintf("0\n1\n2\n3\n%d %d\nSigBlk:\t0000000000000000\nno terminal\n", r.PID, r.PID) // 3 is what ls reads
			if out.String() != want {
				t.Errorf("a job sees %q, want %q", &out, want)
			}
		})
	}
	jobs.Wait()
}

// TestSignalState checks that no signal is ignored in a job that is not ignored here.
func TestSignalState(t *testing.T) {
	ignored := func(status string) uint64 {
		_, after, _ := strings.Cut(status, "SigIgn:\t")
		mask, _ := strconv.ParseUint(after[:16], 16, 64)
		return mask
	}
	own, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	var out bytes.Buffer
	var local job.Local
	local.Run(t.Context(), job.Command{Path: "/bin/cat", Argv: []string{"cat", "/proc/self/status"}}, job.Output{Stdout: &out})
	if got, want := ignored(out.String()), ignored(string(own)); got != want {
		t.Errorf("a job ignores the signals %x, want %x", got, want)
	}
}

// TestManyJobs has 500 jobs at once, which take no thread each.
func TestManyJobs(t *testing.T) {
	const jobs, most = 500, 50
	if files := rlimit(t, syscall.RLIMIT_NOFILE); files < 4*jobs {
		t.Skipf("no more than %d files may be open", files)
	}
	var local job.Local
	var all, ready sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	before := threads(t)
	ready.Add(jobs)
	for range jobs {
		all.Go(func() {
			r := local.Run(ctx, shell("echo READY; exec sleep 1000"), job.Output{Stdout: &jobtest.Trigger{Text: "READY", Do: ready.Done}, Stderr: io.Discard})
			if r.End != job.Cancelled {
				t.Errorf("Run = %+v, want Cancelled", r)
			}
		})
	}
	ready.Wait()
	if n := threads(t) - before; n > most {
		t.Errorf("%d jobs at once took %d threads, want at most %d", jobs, n, most)
	}
	if n := local.Running(); n != jobs {
		t.Errorf("Running = %d, want %d", n, jobs)
	}
	cancel()
	all.Wait()
	if n := local.Running(); n != 0 {
		t.Errorf("Running at the end = %d, want 0", n)
	}
}

func rlimit(t *testing.T, resource int) uint64 {
	t.Helper()
	var l syscall.Rlimit
	if err := syscall.Getrlimit(resource, &l); err != nil {
		t.Fatal(err)
	}
	return uint64(l.Cur)
}

func threads(t *testing.T) int {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Skip(err)
	}
	return len(tasks)
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestScriptWithoutInterpreter(t *testing.T) {
	path := writeFile(t, "script", "echo \"$0\" \"$@\"\n")
	var out bytes.Buffer
	var local job.Local
	r := local.Run(t.Context(), job.Command{Path: path, Argv: []string{"x", "a b", "c"}}, job.Output{Stdout: &out})
	if want := path + " a b c\n"; !r.Succeeded() || out.String() != want {
		t.Errorf("Run = %+v with %q, want %q", r, &out, want)
	}
}

// TestBeingWritten starts a program that is still open for writing.
func TestBeingWritten(t *testing.T) {
	program, err := os.ReadFile("/bin/true")
	if err != nil {
		t.Fatal(err)
	}
	path := writeFile(t, "program", string(program))
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var local job.Local
	c := job.Command{Path: path, Argv: []string{"program"}}

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if r := local.Run(ctx, c, job.Output{}); r.Succeeded() {
		t.Skip("this system runs a file that is open for writing")
	} else if r.End != job.NotStarted || !errors.Is(r.Err, context.DeadlineExceeded) {
		t.Errorf("Run of a busy file, cancelled = %+v, want NotStarted by the deadline", r)
	}
	closed := time.AfterFunc(20*time.Millisecond, func() { f.Close() })
	defer closed.Stop()
	if r := local.Run(t.Context(), c, job.Output{}); !r.Succeeded() {
		t.Errorf("Run of a file that is closed soon = %+v, want success", r)
	}
}

// TestNoRoom has a system without room for a second job for much longer than it is asked when
// nothing runs: the job waits for its turn.
func TestNoRoom(t *testing.T) {
	stdin, answer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	local := job.Short(100, func() { answer.Close() })
	first := make(chan job.Result, 1)
	ready := make(chan struct{})
	c := shell("echo READY; read line; exit 0")
	c.Stdin = stdin
	go func() {
		first <- local.Run(t.Context(), c, job.Output{Stdout: &jobtest.Trigger{Text: "READY", Do: func() { close(ready) }}})
	}()
	<-ready
	if r := local.Run(t.Context(), shell("exit 0"), job.Output{}); !r.Succeeded() {
		t.Errorf("Run without room at first = %+v, want success", r)
	}
	answer.Close()
	if r := <-first; !r.Succeeded() {
		t.Errorf("the job before it = %+v", r)
	}
}

func TestNotStarted(t *testing.T) {
	script := writeFile(t, "script", "#!/no/such/interpreter -x\n")
	plain := writeFile(t, "plain", "")
	if err := os.Chmod(plain, 0o644); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 200000)
	many := make([]string, 100000)
	for i := range many {
		many[i] = strings.Repeat("x", 100)
	}
	for _, c := range []struct {
		command job.Command
		status  fail.Status
		want    string
	}{
		{job.Command{Path: "/no/such"}, fail.NotFound, "not found"},
		{job.Command{Path: script}, fail.CannotExec, "/no/such/interpreter"},
		{job.Command{Path: plain}, fail.CannotExec, "not executable"},
		{job.Command{Path: "/bin"}, fail.CannotExec, "directory"},
		{job.Command{Path: "/bin/true", Dir: "/no/such/dir"}, fail.CannotExec, "in /no/such/dir"},
		{job.Command{Path: "/bin/true", Argv: []string{"true", long}}, fail.CannotExec, "200000 bytes"},
		{job.Command{Path: "/bin/true", Env: []string{"A=" + long}}, fail.CannotExec, "200002 bytes"},
		{job.Command{Path: "/bin/true", Argv: many}, fail.CannotExec, "10100000 bytes"},
		{job.Command{Path: "/bin/true", Argv: []string{"a\x00b"}}, fail.CannotExec, "NUL"},
	} {
		var local job.Local
		r := local.Run(t.Context(), c.command, job.Output{Stdout: io.Discard})
		if r.End != job.NotStarted || r.Err == nil || !strings.Contains(r.Err.Error(), c.want) || fail.StatusOf(r.Err) != c.status {
			t.Errorf("Run(%q) = %+v with status %d, want NotStarted, %q, status %d", c.command.Path, r, fail.StatusOf(r.Err), c.want, c.status)
		}
	}
}

func TestUsage(t *testing.T) {
	var local job.Local
	r := local.Run(t.Context(), shell("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"), job.Output{})
	if r.User+r.Sys <= 0 || r.User+r.Sys > r.Wall*2 || r.MaxRSS < 100<<10 {
		t.Errorf("Run = %+v, want processor time and memory", r)
	}
}
