//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// recorded is a job that says in the file "ran" that it has come to its end. From item 5 on it
// waits until there is a file "go" before it does.
const recorded = begun + "[ $1 -lt 5 ] || while [ ! -e go ]; do sleep .02; done\necho $1 >> ran"

// journals are faults of a run that is killed and resumed.
var journals = []fault{
	{"KILL and resume", []string{resume}, func(_ *lab, b *bench) []string {
		return b.interrupted(syscall.SIGKILL, 4, nil)
	}},
	{"KILL in full flight, and resume", []string{resume}, func(_ *lab, b *bench) []string {
		s := setup{jobs: 4, with: []string{resume}, items: numbers(100), script: begun + "sleep .02; echo $1 >> ran"}
		for n := range 3 {
			t := b.start(s)
			b.await("ran", 20*(n+1))
			_ = t.cmd.Process.Kill()
			t.join(patience)
			t.left()
		}
		t := b.start(s).wait(patience)
		t.undone(b.missing(100), false)
		t.findIf(b.countTwice() > 0, twice)
		return t.found
	}},
	{"KILL of all its processes, and resume at once", []string{resume}, func(_ *lab, b *bench) []string {
		s := setup{with: []string{resume}, items: numbers(4), script: "mkdir at$1 || echo $1 >> beside\n" + begun + "while [ ! -e go ]; do sleep .02; done; rmdir at$1"}
		t := b.start(s)
		b.await("started", 2)
		t.killAll()
		t.join(patience)
		again := b.start(s)
		again.ends(4 * time.Second)
		b.write("go", "")
		again.wait(patience)
		again.findIf(len(b.lines("beside")) > 0, twice)
		return again.found
	}},
	{"TERM and resume", []string{resume}, func(_ *lab, b *bench) []string {
		return b.interrupted(syscall.SIGTERM, 4, nil)
	}},
	{"KILL, a torn journal, and resume", []string{resume}, func(_ *lab, b *bench) []string {
		return b.interrupted(syscall.SIGKILL, 1, func(text string) string { return text[:len(text)-5] })
	}},
	{"KILL, zeros behind the journal, and resume", []string{resume}, func(_ *lab, b *bench) []string {
		return b.interrupted(syscall.SIGKILL, 1, func(text string) string { return text + strings.Repeat("\x00", 4096) })
	}},
	{"KILL, a bit of the journal flipped, and resume", []string{resume}, func(_ *lab, b *bench) []string {
		return b.interrupted(syscall.SIGKILL, 1, func(text string) string {
			// The record of item 4 becomes one of item 5, which has not run.
			for _, of := range []string{`"seq":4,`, "\n4\t"} {
				if i := strings.LastIndex(text, of); i >= 0 {
					i += strings.Index(of, "4")
					return text[:i] + "5" + text[i+1:]
				}
			}
			return text
		})
	}},
	{"two runs with one journal", []string{resume}, func(_ *lab, b *bench) []string {
		s := setup{with: []string{resume}, items: numbers(20), script: begun + "sleep .05; echo $1 >> ran"}
		first := b.start(s)
		b.await("started", 2)
		second := b.start(s)
		second.join(patience)
		first.wait(patience)
		first.undone(b.missing(20), false)
		first.findIf(b.repeated(), twice)
		return append(first.found, second.found...)
	}},
	{"resume with another input", []string{resume}, func(_ *lab, b *bench) []string {
		s := setup{with: []string{resume}, items: numbers(4), script: recorded}
		b.start(s).wait(patience)
		s.items = strings.Fields("3 2 b a")
		b.write("go", "")
		t := b.start(s).wait(patience)
		got := b.lines("ran")
		t.undone(!slices.Contains(got, "a") || !slices.Contains(got, "b"), true)
		return t.found
	}},
	{"resume after a failure", []string{resume}, func(_ *lab, b *bench) []string {
		s := setup{with: []string{resume}, items: numbers(4), script: "[ $1 != 3 ]"}
		b.start(s).wait(patience)
		t := b.start(s).wait(patience)
		t.undone(true, true)
		return t.found
	}},
}

// interrupted runs eight items, ends the program when the first four have run and some others are
// in the middle, does something to the journal, and resumes.
func (b *bench) interrupted(s syscall.Signal, jobs int, damage func(string) string) []string {
	how := setup{jobs: jobs, with: []string{journal}, items: numbers(8), script: recorded}
	t := b.start(how)
	b.await("ran", 4)
	b.await("started", min(4+jobs, 8))
	if !b.awaitRecord(4) {
		return []string{none}
	}
	_ = t.cmd.Process.Signal(s)
	t.join(patience)
	t.left() // resume a second later, or when nothing is left of it
	if damage != nil {
		b.sweep()
		b.write("journal", damage(b.read("journal")))
	}
	how.with = []string{resume}
	again := b.start(how)
	again.ends(300 * time.Millisecond) // its first jobs are in the middle, beside those that are left
	b.write("go", "")
	again.wait(patience)
	again.undone(b.missing(8), damage != nil)
	again.findIf(b.repeated() && damage == nil, twice)
	return again.found
}

// awaitRecord waits until the journal knows of the ends of so many items.
func (b *bench) awaitRecord(n int) bool {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		text := b.read("journal")
		if strings.Count(text, "job.succeeded") >= n || strings.HasPrefix(text, "Seq") && strings.Count(text, "\n") > n {
			return true
		}
	}
	return false
}

// missing reports whether an item of n has never come to its end.
func (b *bench) missing(n int) bool {
	got := b.lines("ran")
	return slices.ContainsFunc(numbers(n), func(s string) bool { return !slices.Contains(got, s) })
}

// repeated reports whether an item has come to its end more than once.
func (b *bench) repeated() bool {
	got := b.lines("ran")
	slices.Sort(got)
	return len(slices.Compact(slices.Clone(got))) < len(got)
}

// soak kills runs of eph at random and resumes them, until the time is over.
func (l *lab) soak(p *program, d time.Duration) (ok bool, err error) {
	if p.features[resume] == nil {
		return false, fmt.Errorf("this eph has no --resume")
	}
	const items = 120
	var runs, kills, refused, unfinished, lostItems, twiceItems, orphans int
	for end := time.Now().Add(d); time.Now().Before(end); runs++ {
		dir, err := os.MkdirTemp(l.dir, "soak-")
		if err != nil {
			return false, err
		}
		b := &bench{lab: l, program: p, dir: dir, of: "soak"}
		// A job can be killed behind its last line and before its end: that it runs again is right.
		// What counts is an end in the journal, behind which there is another.
		s := setup{jobs: 4, with: []string{resume}, items: numbers(items), script: begun + "sleep .02; echo $1 >> ran"}
		for again := false; ; {
			t := b.start(s)
			if t.ends(time.Duration(rand.IntN(700)) * time.Millisecond) {
				t.join(patience)
				if t.status != 0 && !again { // a person would try a second time, and no more
					fmt.Printf("status %d: %s\n", t.status, t.tail("err"))
					refused, again = refused+1, true
					continue
				}
				if t.status != 0 {
					unfinished++
				}
				break
			}
			_ = t.cmd.Process.Kill()
			kills, again = kills+1, false
			t.join(patience)
			orphans += t.left()
			l.sweep()
		}
		lostItems += b.countMissing(items)
		twiceItems += b.countTwice()
		_ = os.RemoveAll(dir)
	}
	fmt.Printf("%d runs of %d items, %d kills: %d items lost, %d run again after the journal had their end, %d processes left, %d refused at first, %d not whole in the end\n",
		runs, items, kills, lostItems, twiceItems, orphans, refused, unfinished)
	return lostItems+twiceItems+orphans+unfinished == 0 && runs > 0, nil
}

func (b *bench) countMissing(n int) (missing int) {
	got := b.lines("ran")
	for _, s := range numbers(n) {
		if !slices.Contains(got, s) {
			missing++
		}
	}
	return missing
}

// countTwice counts the items that have two ends in the journal.
func (b *bench) countTwice() (n int) {
	seen := map[string]bool{}
	for _, l := range b.lines("journal") {
		_, after, ok := strings.Cut(l, `"seq":`)
		if !ok || !strings.Contains(l, `"job.succeeded"`) {
			continue
		}
		seq, _, _ := strings.Cut(after, ",")
		if _, err := strconv.Atoi(seq); err == nil && seen[seq] {
			n++
		}
		seen[seq] = true
	}
	return n
}
