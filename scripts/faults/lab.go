//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// lab is where programs are tried, one at a time.
type lab struct {
	dir           string
	long, verbose bool
	helpers       map[int]bool // processes of the laboratory itself

	largest   int64 // most bytes that a process of eph held
	largestIn string
}

// bench is one program in one case.
type bench struct {
	*lab
	*program
	dir, of string // of the case
}

// setup says how a program is started. The zero value runs two jobs at once, with no items.
type setup struct {
	jobs    int
	with    []string // features
	items   []string
	script  string   // of the jobs, which have the item as $1
	command []string // in place of a script
	stdin   *os.File // in place of items
	stdout  *os.File // "out" in the directory if nil
	within  []string // a command that runs the program: env, sh -c 'ulimit ...; exec "$@"' sh
	env     []string
}

// trial is a program that was started.
type trial struct {
	*bench
	cmd    *exec.Cmd
	ended  chan error
	peak   atomic.Int64 // most bytes that its processes held, of those that run the same program
	status int
	found  []string
}

// start starts the program, with defaults for what s leaves out. An error here is the machine's
// fault, and ends the laboratory.
func (b *bench) start(s setup) *trial {
	if s.jobs == 0 {
		s.jobs = 2
	}
	command := s.command
	if s.script != "" {
		b.write("job", s.script)
		command = []string{"sh", "./job"}
	}
	argv := append(append([]string{}, s.within...), b.command(s.jobs, s.with, command, s.items)...)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = b.dir, append(os.Environ(), append([]string{"HOME=" + b.dir, "XDG_RUNTIME_DIR=" + b.dir, "CI="}, s.env...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if cmd.Stdin = s.stdin; s.stdin == nil {
		b.write("items", strings.Join(s.items, "\n")+"\n")
		in := b.open("items", os.O_RDONLY)
		defer in.Close()
		cmd.Stdin = in
	}
	if cmd.Stdout = s.stdout; s.stdout == nil {
		out := b.open("out", os.O_WRONLY|os.O_CREATE|os.O_APPEND)
		defer out.Close()
		cmd.Stdout = out
	}
	errs := b.open("err", os.O_WRONLY|os.O_CREATE|os.O_APPEND)
	defer errs.Close()
	cmd.Stderr = errs
	must(cmd.Start())
	t := &trial{bench: b, cmd: cmd, ended: make(chan error, 1)}
	go func() { t.ended <- cmd.Wait() }()
	return t
}

// wait waits for the end of the program, kills it if that is not within the limit, and looks for
// what it left.
func (t *trial) wait(limit time.Duration) *trial {
	t.join(limit)
	if t.left() > 0 {
		t.find(orphan)
	}
	if t.lab.verbose {
		fmt.Fprintf(os.Stderr, "  %s, %s: status %d, %v, %s\n", t.of, t.name, t.status, t.found, bytes.TrimSpace(t.tail("err")))
	}
	t.sweep()
	return t
}

// join waits without looking for what is left. A peer that does not end is not worth the time.
func (t *trial) join(limit time.Duration) {
	if t.name != "eph" {
		limit = limit * 2 / 3
	}
	end := time.After(limit)
	for {
		select {
		case err := <-t.ended:
			t.status = statusOf(err)
			return
		case <-end:
			t.find(hung)
			_ = t.cmd.Process.Kill()
			<-t.ended
			t.status = -1
			return
		case <-time.After(20 * time.Millisecond):
			t.measure()
		}
	}
}

// ends reports whether the program ends within d.
func (t *trial) ends(d time.Duration) bool {
	select {
	case err := <-t.ended:
		t.ended <- err
		return true
	case <-time.After(d):
		return false
	}
}

func (t *trial) find(what string) { t.found = append(t.found, what) }

// findIf notes something if it is so.
func (t *trial) findIf(so bool, what string) {
	if so {
		t.find(what)
	}
}

// undone judges work that was not done: a lie if the status is 0, a loss if the fault was no reason.
func (t *trial) undone(so, reason bool) {
	switch {
	case so && t.status == 0:
		t.find(lied)
	case so && !reason:
		t.find(lost)
	}
}

func statusOf(err error) int {
	e, ok := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		return 0
	case !ok:
		return -1
	}
	if w := e.Sys().(syscall.WaitStatus); w.Signaled() {
		return 128 + int(w.Signal())
	}
	return e.ExitCode()
}

// own are the processes of the program: the one that was started, and its children of the same
// executable.
func (t *trial) own() (pids []int) {
	root := t.cmd.Process.Pid
	exe, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", root))
	for pid, parent := range parents() {
		of, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
		if pid == root || parent == root && of == exe {
			pids = append(pids, pid)
		}
	}
	return pids
}

// killAll kills them in one go: none sees the end of another.
func (t *trial) killAll() {
	pids := t.own()
	for _, s := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGKILL} {
		for _, pid := range pids {
			_ = syscall.Kill(pid, s)
		}
	}
}

// measure notes what they hold.
func (t *trial) measure() {
	for _, pid := range t.own() {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		_, after, _ := strings.Cut(string(text), "VmHWM:")
		if fields := strings.Fields(after); len(fields) > 0 {
			kib, _ := strconv.ParseInt(fields[0], 10, 64)
			t.peak.Store(max(t.peak.Load(), kib<<10))
			if t.name == "eph" && kib<<10 > t.largest {
				t.largest, t.largestIn = kib<<10, t.of
			}
		}
	}
}

// most is what a program may hold.
const most = 64 << 20

// left is how many processes are alive of those the program left, at most a second later.
func (t *trial) left() (n int) {
	for end := time.Now().Add(time.Second); ; time.Sleep(10 * time.Millisecond) {
		if n = len(t.strays()); n == 0 || time.Now().After(end) {
			return n
		}
	}
}

// strays are the living descendants of the laboratory but for its helpers. Dead ones are reaped.
func (l *lab) strays() (pids []int) {
	all := parents()
	for pid := range all {
		for p := pid; p > 1; p = all[p] {
			if l.helpers[p] {
				break
			}
			if all[p] != os.Getpid() {
				continue
			}
			if state(pid) == "Z" {
				_, _ = syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
			} else {
				pids = append(pids, pid)
			}
			break
		}
	}
	return pids
}

// sweep kills what is left.
func (l *lab) sweep() {
	for pids := l.strays(); len(pids) > 0; pids = l.strays() {
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(time.Millisecond)
	}
}

// parents are all processes and their parents.
func parents() map[int]int {
	all := map[int]int{}
	names, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range names {
		if pid, _, parent := stat(name); pid > 0 {
			all[pid] = parent
		}
	}
	return all
}

func state(pid int) string {
	_, s, _ := stat(fmt.Sprintf("/proc/%d/stat", pid))
	return s
}

func stat(name string) (pid int, state string, parent int) {
	text, err := os.ReadFile(name)
	if err != nil {
		return 0, "", 0
	}
	number, _, _ := bytes.Cut(text, []byte(" "))
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 2 {
		return 0, "", 0
	}
	pid, _ = strconv.Atoi(string(number))
	parent, _ = strconv.Atoi(string(fields[1]))
	return pid, string(fields[0]), parent
}

// helper starts a program of the laboratory's own.
func (b *bench) helper(cmd *exec.Cmd) (stop func()) {
	cmd.Dir = b.dir
	must(cmd.Start())
	b.helpers[cmd.Process.Pid] = true
	return func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		delete(b.helpers, cmd.Process.Pid)
	}
}

func (b *bench) file(name string) string { return filepath.Join(b.dir, name) }

func (b *bench) open(name string, flags int) *os.File {
	f, err := os.OpenFile(b.file(name), flags, 0o666)
	must(err)
	return f
}

func (b *bench) write(name, text string) { must(os.WriteFile(b.file(name), []byte(text), 0o666)) }

func (b *bench) read(name string) string {
	text, _ := os.ReadFile(b.file(name))
	return string(text)
}

// tail is the end of a file, for a person.
func (b *bench) tail(name string) []byte {
	text := []byte(b.read(name))
	return text[max(0, len(text)-300):]
}

// lines are those of a file, without their ends.
func (b *bench) lines(name string) []string {
	return strings.FieldsFunc(b.read(name), func(r rune) bool { return r == '\n' })
}

// await waits until a file has so many lines, and reports whether that came true.
func (b *bench) await(name string, n int) bool {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if len(b.lines(name)) >= n {
			return true
		}
	}
	return false
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
}

// numbers are the items 1 to n.
func numbers(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = strconv.Itoa(i + 1)
	}
	return all
}
