package main

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

var update = flag.Bool("update", false, "write what the scripts compare with")

func TestMain(m *testing.M) {
	asXargs()
	asParallel()
	// Under -race every process would wait for a second before it exits.
	_ = os.Setenv("GORACE", "atexit_sleep_ms=0")
	testscript.Main(m, map[string]func(){"eph": main, "job": jobMain})
}

// TestScript runs every script of testdata/script against the real program. A script tests
// one behaviour; the first word of its name is what it is about.
func TestScript(t *testing.T) {
	hearSignals()
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("..", "..", "testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Setup: func(e *testscript.Env) error {
			e.Values[started{}] = map[string]*background{}
			e.Setenv("GORACE", os.Getenv("GORACE"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "waitfile": waitFile, "waitlog": waitLog, "waitout": waitOut, "gone": gone, "stopped": stopped,
			"start": start, "signal": sendSignal, "ended": ended,
		},
	})
}

// hearSignals has the programs of a test hear the signals that this process was started to
// ignore, by nohup for example.
func hearSignals() {
	for _, s := range []os.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGPIPE, unix.SIGTERM, unix.SIGUSR1, unix.SIGUSR2, unix.SIGTSTP} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s) // a signal with a handler is at its default again after an exec
		}
	}
}

// exits CODE PROGRAM ARGUMENT... runs a program that has to exit with this status. 128+N is
// death by signal N.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code program [argument...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		ts.Fatalf("%v", err)
	}
	expect(ts, args[0], status(err))
}

func expect(ts *testscript.TestScript, want string, got int) {
	if strconv.Itoa(got) != want {
		ts.Fatalf("status = %d, want %s", got, want)
	}
}

// status is what a shell would show for a process that ended like this.
func status(err error) int {
	ended, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return 0
	}
	if w, ok := ended.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return 128 + int(w.Signal())
	}
	return ended.ExitCode()
}

// waitfile FILE... waits until the files are there. It looks again and again, since a file
// that appears tells nobody.
func waitFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: waitfile file...")
	}
	for _, name := range args {
		if !appears(ts.MkAbs(name)) {
			ts.Fatalf("%s is not there", name)
		}
	}
}

// patience is how long anything that should happen at once may take on a busy machine.
const patience = time.Minute

func appears(file string) bool {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if _, err := os.Stat(file); err == nil {
			return true
		}
	}
	return false
}

// waitlog FILE EVENT waits until an event log holds this event.
func waitLog(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waitlog file event")
	}
	event := []byte(`"event":"` + args[1] + `"`)
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if log, _ := os.ReadFile(ts.MkAbs(args[0])); bytes.Contains(log, event) {
			return
		}
	}
	ts.Fatalf("%s holds no %s", args[0], args[1])
}

// waitout PATTERN PROGRAM ARGUMENT... runs a program again and again until a line that it
// prints matches.
func waitOut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: waitout pattern program [argument...]")
	}
	pattern, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if ts.Exec(args[1], args[2:]...) == nil && pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
	}
	ts.Fatalf("%q prints no %s", args[1:], args[0])
}

// gone FILE waits until no process has the id that stands in a file. A zombie counts as gone:
// who has to reap it is no child of eph any more.
func gone(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: gone file")
	}
	await(ts, strings.TrimSpace(ts.ReadFile(args[0])), "", "Z")
}

// stopped NAME FILE waits until a program is stopped, and the process whose id stands in a file.
func stopped(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || backgrounds(ts)[args[0]] == nil {
		ts.Fatalf("usage: stopped name file")
	}
	await(ts, strconv.Itoa(backgrounds(ts)[args[0]].cmd.Process.Pid), "T")
	// A shell whose child was stopped between vfork and exec waits for it in state D.
	await(ts, strings.TrimSpace(ts.ReadFile(args[1])), "T", "D")
}

// await waits until a process is in one of these states.
func await(ts *testscript.TestScript, pid string, states ...string) {
	for end := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
		state := processState(pid)
		if slices.Contains(states, state[:min(1, len(state))]) {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("the state of process %s is %q, want one of %q", pid, state, states)
		}
	}
}

// processState is the state of a process as ps shows it, or "" if there is none.
func processState(pid string) string {
	out, _ := exec.Command("ps", "-o", "stat=", "-p", pid).Output()
	return strings.TrimSpace(string(out))
}

// started is the key under which a script keeps what it has started.
type started struct{}

// background is a program that was started and goes on beside the script.
type background struct {
	cmd      *exec.Cmd
	out, err bytes.Buffer
}

func backgrounds(ts *testscript.TestScript) map[string]*background {
	return ts.Value(started{}).(map[string]*background)
}

// start NAME PROGRAM ARGUMENT... starts a program, in a process group of its own.
func start(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start name program [argument...]")
	}
	b := &background{cmd: exec.Command("env", args[1:]...)}
	path, err := exec.LookPath("env")
	ts.Check(err)
	b.cmd.Path = path
	b.cmd.Dir = ts.MkAbs(".")
	b.cmd.Env = append(os.Environ(), "PATH="+ts.Getenv("PATH"), "TMPDIR="+ts.Getenv("TMPDIR"), "XDG_RUNTIME_DIR="+ts.Getenv("XDG_RUNTIME_DIR"))
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	b.cmd.Stdout, b.cmd.Stderr = &b.out, &b.err
	ts.Check(b.cmd.Start())
	backgrounds(ts)[args[0]] = b
	ts.Defer(func() {
		if b.cmd.ProcessState == nil {
			_ = b.cmd.Process.Kill()
			_ = b.cmd.Wait()
		}
	})
}

// signal SIGNAL NAME sends a signal to a program.
func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: signal signal name")
	}
	b := backgrounds(ts)[args[1]]
	number := unix.SignalNum("SIG" + args[0])
	if b == nil || number == 0 {
		ts.Fatalf("no program %s, or no signal %s", args[1], args[0])
	}
	ts.Check(b.cmd.Process.Signal(number))
}

// ended CODE NAME waits until a program has ended, with this status. What it wrote is then
// there for stdout, stderr and cmp.
func ended(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || backgrounds(ts)[args[1]] == nil {
		ts.Fatalf("usage: ended code name")
	}
	b := backgrounds(ts)[args[1]]
	late := time.AfterFunc(patience, func() { _ = b.cmd.Process.Kill() })
	err := b.cmd.Wait()
	late.Stop()
	_, _ = ts.Stdout().Write(b.out.Bytes())
	_, _ = ts.Stderr().Write(b.err.Bytes())
	expect(ts, args[0], status(err))
}
