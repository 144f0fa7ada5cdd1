package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestKill ends one of the two processes of eph, or both, by SIGKILL at random moments, a hundred
// times and more, and has it resume until all is done. Then
//
//   - no item whose end was in the journal had a job again, and none was left out;
//   - of those items the output was there, whole, when eph was killed;
//   - items of a key ran in their order, one after the other; with -k, where what has ended but
//     was not printed runs again, so did the last jobs of each.
//
// The moments are counted in what the run says, and what jobs did is taken from what they wrote
// themselves.
func TestKill(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc to wait for the jobs of an eph that was killed")
	}
	for name, of := range map[string]struct {
		kills int
		flags []string
	}{
		"group": {70, []string{"-j4"}},
		"keep":  {40, []string{"-j4", "-k"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := &killing{T: t, rng: rand.New(rand.NewPCG(1, uint64(len(name)))), flags: of.flags}
			for runs := 0; k.kills < of.kills; runs++ { // how much a killed run still does is up to the machine
				if runs > of.kills {
					t.Fatalf("killed only %d times in %d runs", k.kills, runs)
				}
				k.dir = t.TempDir()
				k.throughout()
			}
			k.Logf("killed %d times", k.kills)
		})
	}
}

// killing is a run that is killed again and again.
type killing struct {
	*testing.T
	dir   string
	rng   *rand.Rand
	flags []string
	kills int
}

const (
	killItems = 150
	killKeys  = 5
	killDups  = 10 // equal items, behind the others
)

// throughout kills a run from its first item to the last.
func (k *killing) throughout() {
	var input strings.Builder
	for i := range killItems {
		fmt.Fprintf(&input, "k%d %04d\n", i%killKeys, i)
	}
	input.WriteString(strings.Repeat("dup 0\n", killDups))
	k.write("input", input.String())
	k.write("history", "")
	k.write("out", "")
	known := map[string]int{}
	for round := 0; ; round++ {
		if round > 20*killItems {
			k.Fatalf("not done after %d rounds", round)
		}
		seen := len(k.read("history"))
		killed := k.run(round, 1+k.rng.IntN(9))
		again := jobsOf(k.read("history")[seen:])
		for item, n := range known {
			if item != "dup 0" && n > 0 && again[item] > 0 {
				k.Fatalf("round %d: %q runs again, and its end was in the journal", round, item)
			}
		}
		known = k.done()
		out := k.read("out")
		for item, n := range known {
			if got := strings.Count(out, "begin "+item+"\nend "+item+"\n"); got < n {
				k.Fatalf("round %d: the journal has %d ends of %q, and its output is there %d times", round, n, item, got)
			}
		}
		if !killed {
			break
		}
		k.kills++
	}
	if known["dup 0"] != killDups || len(known) != killItems+1 {
		k.Errorf("%d items and %d equal ones have their end, want %d and %d", len(known)-1, known["dup 0"], killItems, killDups)
	}
	k.order()
}

// run lets eph go on, and kills it when it has started and ended so many jobs. It reports
// whether it did, and returns when nothing of it is alive.
func (k *killing) run(round, after int) (killed bool) {
	events, tell, err := os.Pipe()
	k.check(err)
	defer events.Close()
	out, err := os.OpenFile(filepath.Join(k.dir, "out"), os.O_WRONLY|os.O_APPEND, 0)
	k.check(err)
	defer out.Close()
	cmd := exec.Command("eph", append(k.flags, "--journal", "run", "--resume", "--sync=none", "--summary=none", "--control=none", "--log=fd:3",
		"--window=16", "--key={1}", "-C ", "-a", "input", "sh", "-c",
		`echo "s $0" >> history; echo "begin $0"; echo "end $0"; echo "e $0" >> history`, "{}")...)
	mark := fmt.Sprintf("EPH_KILLED=%s.%d", k.dir, round)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.ExtraFiles = k.dir, append(os.Environ(), mark), out, []*os.File{tell}
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	k.check(cmd.Start())
	_ = tell.Close()
	for in := bufio.NewScanner(events); in.Scan(); {
		if line := in.Bytes(); !bytes.Contains(line, []byte(`"event":"job.`)) {
			continue
		}
		if after--; after == 0 {
			k.kill(cmd.Process)
		}
	}
	err = cmd.Wait()
	if err != nil && status(err) != 137 {
		k.Fatalf("round %d: %v: %s", round, err, complaint.Bytes())
	}
	for end := time.Now().Add(patience); marked(mark); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			k.Fatalf("round %d: jobs are alive a minute after eph was killed", round)
		}
	}
	return err != nil
}

// kill ends the front, the worker, or both.
func (k *killing) kill(front *os.Process) {
	which := k.rng.IntN(3)
	if which != 0 {
		children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", front.Pid))
		for pid := range strings.FieldsSeq(string(children)) {
			n, err := strconv.Atoi(pid)
			k.check(err)
			_ = syscall.Kill(n, syscall.SIGKILL)
		}
	}
	if which != 1 {
		_ = front.Kill()
	}
}

// marked reports whether a process has this in its environment.
func marked(mark string) bool {
	names, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, name := range names {
		if env, _ := os.ReadFile(name); bytes.Contains(env, []byte(mark+"\x00")) {
			return true
		}
	}
	return false
}

// done counts the ends of each item that the journal has, as jq would.
func (k *killing) done() map[string]int {
	all := make(map[string]int)
	held := make(map[string]string) // by run and number
	in := json.NewDecoder(strings.NewReader(whole(k.read("run"))))
	for {
		var line struct {
			Run, Event, Item string
			Seq              int64
			Held             bool
		}
		err := in.Decode(&line)
		if err == io.EOF {
			return all
		}
		k.check(err)
		id := fmt.Sprint(line.Run, line.Seq)
		switch {
		case line.Event == "job.succeeded" && line.Held:
			held[id] = line.Item
		case line.Event == "job.succeeded":
			all[line.Item]++
		case line.Event == "job.delivered":
			all[held[id]]++
		}
	}
}

// order holds that the items of a key ran in their order: one may begin again, but not once a
// later one has begun, which it does when this one has ended.
func (k *killing) order() {
	history := k.read("history")
	if slices.Contains(k.flags, "-k") {
		history = lastOfEach(history)
	}
	last, ended := map[string]string{}, map[string]bool{}
	for line := range strings.Lines(history) {
		what, item, _ := strings.Cut(strings.TrimSpace(line), " ")
		key, _, _ := strings.Cut(item, " ")
		switch {
		case key == "dup":
		case what == "e":
			ended[item] = true
		case item < last[key]:
			k.Errorf("%q began after %q", item, last[key])
		case item > last[key] && last[key] != "" && !ended[last[key]]:
			k.Errorf("%q began before %q had ended", item, last[key])
		default:
			last[key] = item
		}
	}
}

// lastOfEach is a text in which of equal lines only the last is left.
func lastOfEach(text string) string {
	lines, seen := strings.SplitAfter(text, "\n"), map[string]bool{}
	for i := range slices.Backward(lines) {
		if seen[lines[i]] {
			lines[i] = ""
		}
		seen[lines[i]] = true
	}
	return strings.Join(lines, "")
}

// jobsOf counts the jobs of each item.
func jobsOf(history string) map[string]int {
	all := make(map[string]int)
	for line := range strings.Lines(history) {
		if item, ok := strings.CutPrefix(strings.TrimSpace(line), "s "); ok {
			all[item]++
		}
	}
	return all
}

// whole is a text without a line that is not.
func whole(s string) string { return s[:strings.LastIndexByte(s, '\n')+1] }

func (k *killing) write(name, text string) {
	k.check(os.WriteFile(filepath.Join(k.dir, name), []byte(text), 0o600))
}

func (k *killing) read(name string) string {
	b, err := os.ReadFile(filepath.Join(k.dir, name))
	k.check(err)
	return string(b)
}

func (k *killing) check(err error) {
	k.Helper()
	if err != nil {
		k.Fatal(err)
	}
}
