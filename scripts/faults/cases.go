//go:build linux

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mostlylucid/eph/internal/hostile"
)

// fault is one thing that goes wrong.
type fault struct {
	name  string
	needs []string // features, without which the program is left out
	run   func(*lab, *bench) (found []string)
}

// patience is how long a program may take for what takes a second, on a busy machine.
const patience = 15 * time.Second

// Jobs that do not want to end. Each says that it runs with a line in the file "started".
const (
	begun    = "echo $1 >> started\n"
	parent   = "sleep 1001 &\n" + begun + "wait"
	stubborn = "trap '' TERM INT HUP\n" + begun + "while :; do sleep 1; done"
	session  = "setsid sh -c 'echo 1 >> started; exec sleep 1001' &\nwait"
	daemon   = "(env -i setsid sh -c 'echo 1 >> started; exec sleep 1001' > /dev/null 2>&1 < /dev/null &)\nsleep 1001"
	forking  = begun + "while :; do sleep .05 & wait; done"
)

var cases = slices.Concat(signals, ends, outputs, limits, inputs, journals)

// signals end the program while two of six jobs run.
var signals = []fault{
	{"TERM, jobs with children", nil, signalled(syscall.SIGTERM, parent)},
	{"TERM, jobs that ignore it", nil, signalled(syscall.SIGTERM, stubborn)},
	{"TERM, jobs with a session of their own", nil, signalled(syscall.SIGTERM, session)},
	{"TERM, jobs with a daemon", nil, signalled(syscall.SIGTERM, daemon)},
	{"TERM, jobs that fork all the time", nil, signalled(syscall.SIGTERM, forking)},
	{"INT, jobs that ignore it", nil, signalled(syscall.SIGINT, stubborn)},
	{"QUIT, jobs with children", nil, signalled(syscall.SIGQUIT, parent)},
	{"HUP, jobs with children", nil, hungUp},
	{"KILL, jobs with children", nil, signalled(syscall.SIGKILL, parent)},
	{"KILL, jobs that ignore signals", nil, signalled(syscall.SIGKILL, stubborn)},
	{"KILL, jobs with a session of their own", nil, signalled(syscall.SIGKILL, session)},
	{"KILL, jobs with a daemon", nil, signalled(syscall.SIGKILL, daemon)},
	{"KILL of the parent of the jobs", nil, killedByJob},
	{"TERM twice, jobs that ignore it", nil, func(l *lab, b *bench) []string {
		t := b.start(setup{items: numbers(6), script: stubborn})
		b.await("started", 2)
		_ = t.cmd.Process.Signal(syscall.SIGTERM)
		_ = t.cmd.Process.Signal(syscall.SIGTERM)
		t.wait(patience).undone(true, true)
		return t.found
	}},
	{"TERM twice, nobody reads the output", nil, func(l *lab, b *bench) []string {
		r, w, err := os.Pipe()
		must(err)
		defer r.Close()
		t := b.start(setup{items: numbers(6), stdout: w, script: begun + "head -c 1000000 /dev/zero"})
		_ = w.Close()
		b.await("started", 2)
		_ = t.cmd.Process.Signal(syscall.SIGTERM)
		t.ends(time.Second) // what was written so far is still printed, if somebody reads
		_ = t.cmd.Process.Signal(syscall.SIGTERM)
		t.wait(patience).undone(true, true)
		return t.found
	}},
	{"TERM, no input comes", []string{stream}, func(l *lab, b *bench) []string {
		r, w, err := os.Pipe()
		must(err)
		defer w.Close()
		t := b.start(setup{stdin: r, script: begun})
		_ = r.Close()
		_, _ = io.WriteString(w, "1\n")
		t.ends(300 * time.Millisecond) // some read the first line when there is a second
		_ = t.cmd.Process.Signal(syscall.SIGTERM)
		return t.wait(patience).found
	}},
}

func signalled(s syscall.Signal, script string) func(*lab, *bench) []string {
	return func(_ *lab, b *bench) []string {
		t := b.start(setup{items: numbers(6), script: script})
		b.await("started", 2)
		_ = t.cmd.Process.Signal(s)
		t.wait(patience).undone(true, true)
		return t.found
	}
}

// hungUp lets the running jobs end after a while, for a program that waits for them.
func hungUp(_ *lab, b *bench) []string {
	t := b.start(setup{items: numbers(6), script: begun + "while [ ! -e go ]; do sleep .02; done; echo $1 >> done"})
	b.await("started", 2)
	_ = t.cmd.Process.Signal(syscall.SIGHUP)
	if !t.ends(time.Second) {
		b.write("go", "")
	}
	t.wait(patience).undone(len(b.lines("done")) < 6, true)
	return t.found
}

func killedByJob(_ *lab, b *bench) []string {
	t := b.start(setup{items: numbers(6), script: "setsid sleep 1001 &\n" + begun + "while [ ! -e go ]; do sleep .02; done; kill -9 $PPID; wait"})
	b.await("started", 2)
	b.write("go", "")
	t.wait(patience).undone(true, true)
	return t.found
}

// ends are jobs that do not end, or not alone.
var ends = []fault{
	{"timeout, a job that ignores TERM", []string{timeout}, timedOut("trap '' TERM\nwhile :; do sleep 1; done")},
	{"timeout, a job with children", []string{timeout}, timedOut("sleep 1001 & wait")},
	{"timeout, a job with a session of its own", []string{timeout}, timedOut("setsid sleep 1001 & wait")},
	{"timeout, a job that has stopped itself", []string{timeout}, timedOut("kill -STOP $$")},
	{"a job leaves a child that holds its output", nil, func(_ *lab, b *bench) []string {
		r, w, err := os.Pipe()
		must(err)
		t := b.start(setup{items: numbers(2), stdout: w, script: "sleep 1001 &\necho done $1"})
		_ = w.Close()
		got := make(chan string)
		go func() {
			text, _ := io.ReadAll(r)
			got <- string(text)
		}()
		t.join(patience)
		select {
		case text := <-got:
			t.undone(strings.Count(text, "done") < 2, false)
		case <-time.After(time.Second):
			t.find(hung)
		}
		t.findIf(t.left() > 0, orphan)
		b.sweep()
		_ = r.Close()
		return t.found
	}},
	{"a job leaves a daemon", nil, func(_ *lab, b *bench) []string {
		return b.start(setup{items: numbers(2), script: "(setsid sleep 1001 > /dev/null 2>&1 &)"}).wait(patience).found
	}},
	{"a job ends by a signal", nil, func(_ *lab, b *bench) []string {
		t := b.start(setup{items: numbers(4), script: "[ $1 != 2 ] || kill -9 $$"}).wait(patience)
		t.undone(true, true) // to stop there is a way to report it
		return t.found
	}},
	{"a job reads standard input", []string{stream}, func(_ *lab, b *bench) []string {
		t := b.start(setup{items: numbers(40), script: "cat > /dev/null; echo $1 >> done"}).wait(patience)
		t.undone(len(b.lines("done")) < 40, false)
		return t.found
	}},
	{"order of each of four keys", []string{keyed}, func(_ *lab, b *bench) []string {
		var items []string
		for i := range 200 {
			items = append(items, fmt.Sprintf("k%d %03d", i%4, i))
		}
		t := b.start(setup{jobs: 8, with: []string{keyed}, items: items, script: "set -- $1; echo $2 >> $1"}).wait(patience)
		for k := range 4 {
			got := b.lines(fmt.Sprintf("k%d", k))
			t.undone(len(got) != 50, false)
			t.findIf(!slices.IsSorted(got), torn)
		}
		return t.found
	}},
}

func timedOut(script string) func(*lab, *bench) []string {
	return func(_ *lab, b *bench) []string {
		t := b.start(setup{with: []string{timeout}, items: numbers(2), script: script}).wait(patience)
		t.undone(true, true)
		return t.found
	}
}

// outputs are faults of where output goes.
var outputs = []fault{
	{"standard output on a full disk", nil, func(_ *lab, b *bench) []string {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		must(err)
		defer full.Close()
		t := b.start(setup{items: numbers(3), stdout: full, script: "echo $1"}).wait(patience)
		t.undone(true, true)
		return t.found
	}},
	{"log on a full disk", []string{log}, func(_ *lab, b *bench) []string {
		t := b.start(setup{with: []string{log}, items: numbers(3), script: "echo $1"}).wait(patience)
		t.undone(true, true)
		return t.found
	}},
	{"temporary files on a full disk", []string{group}, func(_ *lab, b *bench) []string {
		s := setup{items: numbers(3), script: "head -c 4000000 /dev/zero", env: []string{"TMPDIR=" + b.file("tmp")}}
		must(os.Mkdir(b.file("tmp"), 0o777))
		if err := syscall.Mount("tmpfs", b.file("tmp"), "tmpfs", 0, "size=1m"); err == nil {
			defer func() { _ = syscall.Unmount(b.file("tmp"), syscall.MNT_DETACH) }()
		} else {
			return []string{none}
		}
		t := b.start(s).wait(patience)
		t.undone(len(b.read("out")) != 12_000_000, true)
		return t.found
	}},
	{"eight writers, half lines of 12 kB", []string{group}, func(_ *lab, b *bench) []string {
		script := `i=0; l=$(head -c 6000 /dev/zero | tr '\0' $1); while [ $i -lt 100 ]; do printf %s $l; printf '%s\n' $l; i=$((i + 1)); done`
		t := b.start(setup{jobs: 8, items: strings.Fields("a b c d e f g h"), script: script}).wait(4 * patience)
		return t.judgeLines(800, 12000)
	}},
	{"a reader that waits", nil, func(_ *lab, b *bench) []string {
		r, w, err := os.Pipe()
		must(err)
		t := b.start(setup{jobs: 4, items: numbers(40), stdout: w, script: begun + "head -c 5000000 /dev/zero"})
		_ = w.Close()
		b.await("started", 4)
		for range 50 { // let it run ahead, if it does
			time.Sleep(20 * time.Millisecond)
			t.measure()
		}
		var n int64
		read := make(chan struct{})
		go func() {
			n, _ = io.Copy(io.Discard, r)
			close(read)
		}()
		t.wait(4 * patience)
		_ = r.Close()
		<-read
		t.undone(n != 200_000_000, false)
		t.findIf(t.peak.Load() > most, grew)
		return t.found
	}},
	{"a reader that goes after a line", nil, func(_ *lab, b *bench) []string {
		r, w, err := os.Pipe()
		must(err)
		t := b.start(setup{items: numbers(5000), stdout: w, script: "echo $1"})
		_ = w.Close()
		_, _ = r.Read(make([]byte, 1))
		_ = r.Close()
		t.wait(patience).undone(true, true)
		return t.found
	}},
	{"much output without an end of line", nil, func(l *lab, b *bench) []string {
		size := int64(256 << 20)
		if l.long {
			size = 2 << 30
		}
		r, w, err := os.Pipe()
		must(err)
		t := b.start(setup{items: numbers(1), stdout: w, script: fmt.Sprintf("head -c %d /dev/zero", size)})
		_ = w.Close()
		var n int64
		read := make(chan struct{})
		go func() {
			n, _ = io.Copy(io.Discard, r)
			close(read)
		}()
		t.wait(time.Duration(size>>20) * time.Second)
		<-read
		_ = r.Close()
		t.undone(n != size, false)
		t.findIf(t.peak.Load() > most, grew)
		return t.found
	}},
	{"control bytes in a tag", []string{tag}, func(_ *lab, b *bench) []string {
		t := b.start(setup{with: []string{tag}, items: []string{"a\x1b]0;owned\x07\x1b[2J"}, script: "echo x; echo y >&2"}).wait(patience)
		t.undone(!strings.Contains(b.read("out"), "x"), false)
		t.findIf(strings.ContainsRune(b.read("out")+b.read("err"), '\x1b'), steered)
		return t.found
	}},
}

// judgeLines looks at lines that each consist of one letter.
func (t *trial) judgeLines(n, length int) []string {
	got := t.lines("out")
	broken, size := 0, 0
	for _, l := range got {
		size += len(l)
		if len(l) != length || strings.Trim(l, l[:1]) != "" {
			broken++
		}
	}
	t.findIf(broken > 0, torn)
	t.undone(size != n*length, false)
	return t.found
}

// limits are those of the system.
var limits = []fault{
	{"64 open files, 100 jobs", nil, limited("ulimit -n 64")},
	{"256 open files, 200 jobs", nil, limited("ulimit -n 256")},
	{"few processes, 50 jobs", nil, func(l *lab, b *bench) []string {
		if _, err := exec.LookPath("setpriv"); err != nil || os.Getuid() != 0 {
			return []string{none}
		}
		for _, name := range []string{"done", "out", "err"} {
			b.write(name, "")
			must(os.Chmod(b.file(name), 0o666))
		}
		// A user of its own, whose processes are these alone.
		t := b.start(setup{jobs: 50, items: numbers(150), command: []string{"echo"}, within: []string{"setpriv", "--reuid", "54321", "--clear-groups", "prlimit", "--nproc=40"}, env: []string{"TMPDIR=/tmp"}})
		t.wait(4*patience).undone(len(b.lines("out")) < 150, false)
		return t.found
	}},
	{"an argument of 128 KiB among others", nil, func(_ *lab, b *bench) []string {
		if b.operands {
			return []string{none} // nobody could start it
		}
		t := b.start(setup{jobs: 1, items: []string{"a", strings.Repeat("x", 128<<10), "b"}, script: "echo ${#1} >> done"}).wait(patience)
		t.undone(true, true)
		t.findIf(strings.Count(b.read("done"), "1\n") < 2, lost)
		return t.found
	}},
}

func limited(how string) func(*lab, *bench) []string {
	return func(_ *lab, b *bench) []string {
		jobs := 100
		if strings.Contains(how, "256") {
			jobs = 200
		}
		t := b.start(setup{jobs: jobs, items: numbers(200), script: "echo $1 >> done; sleep .05", within: []string{"sh", "-c", how + `; exec "$@"`, "sh"}})
		t.wait(4*patience).undone(len(b.lines("done")) < 200, false)
		return t.found
	}
}

// keyedItems runs items of one key, or each of a key of its own: the first job waits, and what the
// program has read by then is counted; then it ends so that no other job is needed.
func keyedItems(key, feature string) func(*lab, *bench) []string {
	return func(l *lab, b *bench) []string {
		n := 100_000
		if l.long {
			n = 1_000_000
		}
		r, w, err := os.Pipe()
		must(err)
		var written atomic.Int64
		go func() {
			out := bufio.NewWriterSize(w, 4096)
			for i := range n {
				if _, err := fmt.Fprintf(out, strings.Replace(key, "N", "%d", 1)+" %[1]d\n", i); err != nil {
					break
				}
				written.Add(1)
			}
			_ = out.Flush()
			_ = w.Close()
		}()
		t := b.start(setup{jobs: 8, with: []string{keyed, feature}, stdin: r, script: begun + "while [ ! -e go ]; do sleep .02; done; exit 9"})
		_ = r.Close()
		b.await("started", 1)
		for ahead := int64(-1); ahead != written.Load(); time.Sleep(300 * time.Millisecond) {
			ahead = written.Load()
		}
		t.findIf(written.Load() > 50_000, grew) // the window, and what a pipe holds
		b.write("go", "")
		t.wait(10*patience).undone(true, true)
		t.findIf(t.peak.Load() > most, grew)
		return t.found
	}
}

// inputs are items that are more than they seem.
var inputs = []fault{
	{"NUL in an item", []string{stream}, func(_ *lab, b *bench) []string {
		t := b.start(setup{items: []string{"a\x00b", "c"}, script: "echo $1 >> done"}).wait(patience)
		got := b.read("done")
		t.undone(true, true) // no argument can hold it
		t.findIf(!strings.Contains(got, "c\n"), lost)
		return t.found
	}},
	{"a long input without an end of line", []string{stream}, func(l *lab, b *bench) []string {
		size := int64(96 << 20)
		if l.long {
			size = 1 << 30
		}
		r, w, err := os.Pipe()
		must(err)
		go func() {
			chunk := bytes.Repeat([]byte("a"), 1<<20)
			for n := int64(0); n < size; n += int64(len(chunk)) {
				if _, err := w.Write(chunk); err != nil {
					break
				}
			}
			_, _ = io.WriteString(w, "\nb\n")
			_ = w.Close()
		}()
		t := b.start(setup{stdin: r, script: "echo $1 >> done"})
		_ = r.Close()
		t.wait(time.Duration(size>>20)*time.Second/2).undone(true, true)
		t.findIf(b.read("done") != "b\n", lost)
		t.findIf(t.peak.Load() > most, grew)
		return t.found
	}},
	{"an endless input, all jobs busy", []string{stream}, func(_ *lab, b *bench) []string {
		r, w, err := os.Pipe()
		must(err)
		yes := exec.Command("yes", strings.Repeat("x", 100))
		yes.Stdout = w
		stop := b.helper(yes)
		_ = w.Close()
		t := b.start(setup{stdin: r, script: begun + "sleep 1001"})
		_ = r.Close()
		for end := time.Now().Add(2 * time.Second); time.Now().Before(end) && t.peak.Load() <= most; time.Sleep(20 * time.Millisecond) {
			t.measure()
		}
		t.findIf(t.peak.Load() > most, grew)
		_ = t.cmd.Process.Kill()
		t.join(patience)
		stop()
		return t.found
	}},
	{"very many items of one key", []string{keyed, skip}, keyedItems("hot", skip)},
	{"very many keys", []string{keyed, enough}, keyedItems("kN", enough)},
	{"a signal that is raised 100000 times", []string{flood}, func(_ *lab, b *bench) []string {
		t := b.start(setup{with: []string{flood}, items: numbers(2), script: "yes x | head -n 100000; yes backpressure.job:1h | head -n 100000 >&$EPH_SIGNAL_FD; echo done $1"}).wait(patience)
		t.undone(strings.Count(b.read("out"), "done") < 2, false)
		t.findIf(t.peak.Load() > most, grew)
		return t.found
	}},
	{"hostile items, as arguments", nil, func(_ *lab, b *bench) []string {
		items := hostile.Lines()
		t := b.start(setup{items: items, script: `printf '%s\n' "$1" >> done`})
		return t.wait(4 * patience).judgeItems(items)
	}},
	{"hostile items, in a template", []string{shell}, func(_ *lab, b *bench) []string {
		items := hostile.Lines()
		command := []string{`printf '%s\n' '{}' >> done; :`}
		if b.name == "xargs" || b.operands {
			command = append([]string{"sh", "-c"}, command...)
		}
		t := b.start(setup{with: []string{shell}, items: items, command: command})
		return t.wait(4 * patience).judgeItems(items)
	}},
}

// judgeItems compares what ran with the items, in any order.
func (t *trial) judgeItems(items []string) []string {
	_, err := os.Stat(t.file(hostile.Proof))
	t.findIf(err == nil, ran)
	got := strings.Split(strings.TrimSuffix(t.read("done"), "\n"), "\n")
	want := slices.Clone(items)
	slices.Sort(got)
	slices.Sort(want)
	t.undone(!slices.Equal(got, want), false)
	return t.found
}
