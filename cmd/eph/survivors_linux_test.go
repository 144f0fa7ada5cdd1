package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// kinds are jobs that leave something behind which is hard to find. Each is a script that starts
// a process which says "up" on descriptor 9, and goes on for ever; then the job itself goes on
// until there is a file "go".
var kinds = []struct{ name, script string }{
	{"plain", `up`},
	{"ignores", `trap '' TERM INT HUP; sh -c "$child" &`},
	{"background", `sh -c "$child" >/dev/null 2>&1 &`},
	{"holder", `sh -c "$child" &`},
	{"setsid", `setsid sh -c "$child" >/dev/null 2>&1 &`},
	{"daemon", `( (sh -c "$child" >/dev/null 2>&1 &) )`},
	{"nameless", `( (env -i setsid sh -c "$child" >/dev/null 2>&1 &) )`},
	{"stopped", `sh -c 'echo up >&9; kill -STOP $$; sleep 1000' >/dev/null 2>&1 &`},
	{"comet", `sh "$dir/hop" 20000 >/dev/null 2>&1 &`},
}

// comet starts itself anew in a session of its own, again and again, and is never there when
// somebody looks.
const comet = `[ "$1" = 20000 ] && echo up >&9
[ "$1" -gt 0 ] && setsid sh "$0" $(($1 - 1)) &
`

// jobScript is a job of the kind $1.
const jobScript = `exec 9>"$fifos/$1"
child='echo up >&9; exec sleep 1000'
up() { echo up >&9; }
. "$dir/$1"
while ! [ -e "$dir/go" ]; do sleep 0.01; done
`

// holders is a fifo that all processes of a job have open: its end is theirs.
type holders struct {
	name        string
	read, write *os.File
	in          *bufio.Reader
}

func newHolders(t *testing.T, dir, name string) *holders {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	h := &holders{name: name}
	var err error
	if h.read, err = os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0); err != nil {
		t.Fatal(err)
	}
	if h.write, err = os.OpenFile(path, os.O_WRONLY, 0); err != nil {
		t.Fatal(err)
	}
	h.in = bufio.NewReader(h.read)
	t.Cleanup(func() { h.read.Close(); h.write.Close() })
	return h
}

// up waits until the process that is to be found is there.
func (h *holders) up(t *testing.T) {
	t.Helper()
	_ = h.read.SetReadDeadline(time.Now().Add(patience))
	if _, err := h.in.ReadString('\n'); err != nil {
		t.Fatalf("%s: %v", h.name, err)
	}
}

// workerOf is the only child of a front.
func workerOf(t *testing.T, front int) int {
	t.Helper()
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", front))
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Skip("this system does not list children: ", err)
	}
	return pid
}

// gone fails the test unless all of them end.
func (h *holders) gone(t *testing.T) {
	t.Helper()
	h.write.Close()
	_ = h.read.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.Copy(io.Discard, h.in); err != nil {
		t.Errorf("a process of the job %q is still alive: %v", h.name, err)
	}
}

// TestSurvivors has jobs of all kinds, and ends eph in all ways: nothing may be left.
func TestSurvivors(t *testing.T) {
	hearSignals()
	signals := func(s syscall.Signal) func(t *testing.T, front, worker int, dir string) {
		return func(t *testing.T, front, _ int, _ string) { send(t, front, s) }
	}
	letEnd := func(t *testing.T, dir string) {
		if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	isolate := []string{"--isolate"}
	for _, ending := range []struct {
		name   string
		flags  []string
		end    func(t *testing.T, front, worker int, dir string)
		status int
	}{
		{"end", nil, func(t *testing.T, _, _ int, dir string) { letEnd(t, dir) }, 0},
		{"timeout", []string{"--timeout", "1"}, nil, 123},
		{"INT", nil, signals(unix.SIGINT), 130},
		{"TERM", nil, signals(unix.SIGTERM), 143},
		{"QUIT", nil, signals(unix.SIGQUIT), 131},
		{"HUP", nil, func(t *testing.T, front, _ int, dir string) { send(t, front, unix.SIGHUP); letEnd(t, dir) }, 0},
		{"KILL front", nil, signals(unix.SIGKILL), 137},
		{"KILL worker", nil, func(t *testing.T, _, worker int, _ string) { send(t, worker, unix.SIGKILL) }, 137},
		{"KILL group", nil, func(t *testing.T, front, _ int, _ string) { send(t, -front, unix.SIGKILL) }, 137},
		{"KILL stopped front", nil, func(t *testing.T, front, worker int, _ string) {
			send(t, front, unix.SIGTSTP)
			for _, pid := range []int{front, worker} {
				becomes(t, pid, "T")
			}
			send(t, front, unix.SIGKILL)
		}, 137},
		{"KILL stopped worker", nil, func(t *testing.T, front, worker int, _ string) {
			send(t, front, unix.SIGTSTP)
			becomes(t, front, "T")
			send(t, worker, unix.SIGKILL)
			send(t, front, unix.SIGCONT)
		}, 137},
		{"isolate, end", isolate, func(t *testing.T, _, _ int, dir string) { letEnd(t, dir) }, 0},
		{"isolate, TERM", isolate, signals(unix.SIGTERM), 143},
		{"isolate, KILL both", isolate, func(t *testing.T, front, worker int, _ string) {
			send(t, front, unix.SIGTSTP) // so that neither can do anything
			for _, pid := range []int{front, worker} {
				becomes(t, pid, "T")
			}
			send(t, worker, unix.SIGKILL)
			send(t, front, unix.SIGKILL)
		}, 137},
	} {
		t.Run(ending.name, func(t *testing.T) {
			t.Parallel()
			if ending.flags != nil && ending.flags[0] == isolate[0] {
				if out, err := exec.Command("eph", "--isolate", "true", ":::", "a").CombinedOutput(); err != nil {
					t.Skipf("%s", out)
				}
			}
			dir, fifos := t.TempDir(), t.TempDir()
			args := append([]string{"-j0", "--term-seq", "TERM,50ms,KILL"}, ending.flags...)
			args = append(args, "sh", filepath.Join(dir, "job"), ":::")
			var all []*holders
			for _, k := range kinds {
				if err := os.WriteFile(filepath.Join(dir, k.name), []byte(k.script), 0o600); err != nil {
					t.Fatal(err)
				}
				all = append(all, newHolders(t, fifos, k.name))
				args = append(args, k.name)
			}
			for name, text := range map[string]string{"job": jobScript, "hop": comet} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command("eph", args...)
			cmd.Env = append(os.Environ(), "dir="+dir, "fifos="+fifos)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			var out strings.Builder
			cmd.Stdout, cmd.Stderr = &out, &out // so that Wait waits for whoever has them
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if ending.end != nil {
				for _, h := range all {
					h.up(t)
				}
				ending.end(t, cmd.Process.Pid, workerOf(t, cmd.Process.Pid), dir)
			}
			late := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
			err := cmd.Wait()
			late.Stop()
			if got := status(err); got != ending.status {
				t.Errorf("status = %d, want %d\n%s", got, ending.status, &out)
			}
			for _, h := range all {
				h.gone(t)
			}
		})
	}
}

func send(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := unix.Kill(pid, s); err != nil {
		t.Errorf("kill(%d, %v): %v", pid, s, err)
	}
}

// becomes waits until a process is in a state.
func becomes(t *testing.T, pid int, want string) {
	t.Helper()
	state := ""
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if state = processState(strconv.Itoa(pid)); strings.HasPrefix(state, want) {
			return
		}
	}
	t.Fatalf("the state of process %d is %q, want %s", pid, state, want)
}

// TestStoppedWorker: who stops the worker, and not the front, has to wake that one alone.
func TestStoppedWorker(t *testing.T) {
	hearSignals()
	for _, tt := range []struct {
		name   string
		wake   func(t *testing.T, front, worker int)
		status int
	}{
		{"continued", func(t *testing.T, _, worker int) { send(t, worker, unix.SIGCONT) }, 0},
		{"told to end", func(t *testing.T, front, _ int) { send(t, front, unix.SIGTERM) }, 143},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			job := newHolders(t, dir, "job")
			let := filepath.Join(dir, "go")
			if err := unix.Mkfifo(let, 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("eph", "sh", "-c", `exec 9>"$0"; echo up >&9; read line <"$1"`, job.read.Name(), ":::", let)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			job.up(t)
			front, worker := cmd.Process.Pid, workerOf(t, cmd.Process.Pid)
			send(t, worker, unix.SIGSTOP)
			becomes(t, worker, "T")
			tt.wake(t, front, worker)
			if tt.status == 0 {
				if err := os.WriteFile(let, []byte("on\n"), 0); err != nil {
					t.Fatal(err)
				}
			}
			late := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
			err := cmd.Wait()
			late.Stop()
			if got := status(err); got != tt.status {
				t.Errorf("status = %d, want %d", got, tt.status)
			}
			job.gone(t)
		})
	}
}

// TestBrokenWorker: a worker that Go gives up, for want of memory or of threads, has not ended with
// status 2, which says that nothing was run.
func TestBrokenWorker(t *testing.T) {
	for _, tt := range []struct {
		name   string
		args   []string
		status int
	}{
		{"eph", nil, 1},
		{"parallel", []string{"parallel"}, 255},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, err := exec.Command("eph", append(tt.args, "kill -ABRT $PPID; sleep 1000; :", ":::", "a")...).CombinedOutput()
			if got := status(err); got != tt.status || !strings.Contains(string(out), "the worker of this run crashed") {
				t.Errorf("status = %d, want %d and a message\n%s", got, tt.status, out)
			}
		})
	}
}

// TestTerminalHangup: when the terminal goes nothing more starts, what runs may end, and nothing is
// left of it.
func TestTerminalHangup(t *testing.T) {
	hearSignals()
	dir := t.TempDir()
	job := newHolders(t, dir, "job")
	cmd := exec.Command("eph", "-j2", "--log", "log", "sh", "-c", `exec 9>job; sh -c 'echo up >&9; exec sleep 1000' & job until go; echo $0 >> ended`)
	cmd.Args = append(cmd.Args, ":::", "1", "2", "3", "4", "5", "6")
	cmd.Dir = dir
	master, _, _ := atTerminal(t, cmd, nil)
	for range 2 {
		job.up(t)
	}
	_ = master.Close()
	log := ""
	for end := time.Now().Add(patience); !strings.Contains(log, `"run.draining"`); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the run does not take notice:\n%s", log)
		}
		text, _ := os.ReadFile(filepath.Join(dir, "log"))
		log = string(text)
	}
	if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	err := cmd.Wait()
	late.Stop()
	if got := status(err); got != 121 {
		t.Errorf("status = %d, want 121", got)
	}
	job.gone(t)
	text, _ := os.ReadFile(filepath.Join(dir, "log"))
	last := string(text[bytes.LastIndexByte(bytes.TrimSpace(text), '\n')+1:])
	for _, want := range []string{`"succeeded":2`, `"cancelled":4`} {
		if !strings.Contains(last, want) {
			t.Errorf("the last line does not say %s: %s", want, last)
		}
	}
}

// TestDeserted: when both processes of eph are killed at once their jobs live on. As long as they do
// nobody goes on with the journal, so that no item runs beside itself.
func TestDeserted(t *testing.T) {
	hearSignals()
	t.Parallel()
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	lines := func(name string) int {
		text, _ := os.ReadFile(file(name))
		return strings.Count(string(text), "\n")
	}
	eph := func(flags ...string) *exec.Cmd {
		cmd := exec.Command("eph", append(flags, "-j2", "--summary=none", "--journal=run", "sh", "-c", `echo $0 >> started; job until go`, ":::", "a", "b", "c")...)
		cmd.Dir = dir
		return cmd
	}
	cmd := eph()
	mark := "EPH_DESERTED=" + dir
	cmd.Env = append(os.Environ(), mark)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	front := cmd.Process.Pid
	for end := time.Now().Add(patience); lines("started") < 2; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the jobs do not start")
		}
	}
	worker := workerOf(t, front)
	send(t, front, unix.SIGSTOP) // so that it cannot do anything
	becomes(t, front, "T")
	send(t, worker, unix.SIGKILL)
	send(t, front, unix.SIGKILL)
	_ = cmd.Wait()

	for _, flags := range [][]string{{"--resume"}, nil, {"--isolate", "--resume"}} {
		out, err := eph(flags...).CombinedOutput()
		if got := status(err); got != 1 || !regexp.MustCompile(`run is the journal of run \S+, which was killed and left jobs alive: process \d+ of item [12], (?s:.*)try: kill -9 \d+`).Match(out) {
			t.Errorf("%q: status = %d, want 1 and the jobs that are alive\n%s", flags, got, out)
		}
	}
	if out, err := eph("--resume", "--dry-run").CombinedOutput(); err != nil {
		t.Errorf("--dry-run: %v\n%s", err, out)
	}
	if n := lines("started"); n != 2 {
		t.Errorf("%d jobs have started, want the first 2", n)
	}
	if err := os.WriteFile(file("go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); marked(mark); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the jobs do not end")
		}
	}
	if out, err := eph("--resume").CombinedOutput(); err != nil || lines("started") != 5 {
		t.Errorf("once they have ended: %v, and %d jobs have started, want 5\n%s", err, lines("started"), out)
	}
}

// reuse runs jobs in a namespace of processes, beside others that have nothing to do with them and
// take care to have the ids of jobs that have just ended, of their groups and of their sessions.
// It prints the status of eph, "hit" for each of the others that is ended by a signal, and "fine" for
// each of the loops that start them.
const reuse = `mount -t proc proc /proc && last=/proc/sys/kernel/ns_last_pid && echo 1000 > $last || exit 77
foreign() {
	while [ ! -e done ]; do
		read id < id && echo $((id - 1)) > $last
		setsid sh -c 'echo $$ >> others; sleep .02 & wait $!'
		[ $? -lt 128 ] || echo hit
	done
	echo fine
}
echo 1000 > id
for i in 1 2; do foreign & done
seq 600 | eph -j8 --timeout 100ms --term-seq TERM,20ms,KILL --summary none 'echo $$ >> jobs; echo $$ > id; case $(({#} % 4)) in
	0) trap "" TERM; sleep 100 & wait;;
	1) sleep 100 & ;;
	2) sleep 100 > /dev/null 2>&1 & kill -9 $$;;
esac; : {}'
echo $?
touch done
wait`

// TestReusedIDs: the system gives ids of processes again, and no process that eph has not started is
// ever signalled for one.
func TestReusedIDs(t *testing.T) {
	if _, err := exec.LookPath("unshare"); err != nil {
		t.Skip("unshare is not installed")
	}
	t.Parallel()
	args := []string{"--pid", "--mount", "--fork", "--kill-child", "sh", "-c", reuse}
	if os.Getuid() != 0 {
		args = append([]string{"--map-root-user"}, args...)
	}
	cmd := exec.Command("unshare", args...)
	cmd.Dir = t.TempDir()
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	late := time.AfterFunc(2*patience, func() { _ = cmd.Process.Kill() })
	out, err := cmd.Output()
	late.Stop()
	if got := status(err); got == 1 || got == 77 {
		t.Skipf("there is no namespace in which ids can be chosen: %s", &complaint)
	}
	if string(out) != "123\nfine\nfine\n" {
		t.Errorf("%v\n%s%s", err, out, &complaint)
	}
	jobs, _ := os.ReadFile(filepath.Join(cmd.Dir, "jobs"))
	others, _ := os.ReadFile(filepath.Join(cmd.Dir, "others"))
	again := 0
	for id := range strings.Lines(string(others)) {
		if strings.Contains("\n"+string(jobs), "\n"+id) {
			again++
		}
	}
	t.Logf("%d of %d others had the id of a job", again, strings.Count(string(others), "\n"))
	if again == 0 {
		t.Skip("so this has shown nothing")
	}
}
