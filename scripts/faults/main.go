//go:build linux

// Faults is a laboratory: it inflicts on eph, and on its peers, what goes wrong on a bad day, and
// prints what became of the work.
//
//	go run ./scripts/faults [-peers] [-long] [CASE...]
//	go run ./scripts/faults -soak 10m
//
// Each case runs in its own directory, for a bounded time, and is judged by code: bytes are
// counted, and what a program leaves behind is found because the laboratory is the sub-reaper of
// everything it starts, which requires Linux. CASE is part of a name. The words of the table:
//
//	survived  everything was done, or a non-zero status reported what was not done
//	lied      the status is 0, and something was not done
//	lost      items did not run or output is missing, and nothing in the fault asked for that
//	torn      lines of two jobs are mixed, one is broken, or those of a key are out of order
//	twice     an item ran to its end again, or twice at the same time
//	orphan    a process of a job is alive a second after the program has ended
//	hung      the program, or whatever reads from it, had to be killed
//	grew      it held more than 64 MiB
//	ran       an item ran as code
//	steered   control bytes of an item reached the terminal
//	-         the program lacks the feature, or the machine lacks what the case needs
//
// The status is 1 if eph did anything but survive. With -soak, runs of eph are killed at random
// and resumed until the time is up, and what was lost or done twice is counted.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

// legend explains the words that a table holds.
var legend = []struct{ word, meaning string }{
	{survived, "everything was done, or what was not done was told by a status that is not 0"},
	{lied, "the status is 0, and something was not done"},
	{lost, "items did not run or output is missing, and nothing in the fault asked for that"},
	{torn, "lines of two jobs are mixed, one is broken, or those of a key are out of order"},
	{twice, "an item ran to its end again, or beside itself"},
	{orphan, "a process of a job is alive a second after the program has ended"},
	{hung, "the program, or who reads from it, had to be killed"},
	{grew, "it held more than 64 MiB"},
	{ran, "an item ran as code"},
	{steered, "control bytes of an item reached the terminal"},
	{none, "the program has nothing of the kind, or the machine not what the case needs"},
}

// What becomes of the work.
const (
	survived = "survived"
	lied     = "lied"
	lost     = "lost"
	torn     = "torn"
	twice    = "twice"
	orphan   = "orphan"
	hung     = "hung"
	grew     = "grew"
	ran      = "ran"
	steered  = "steered"
	none     = "-"
)

func main() {
	peers := flag.Bool("peers", false, "beside eph, run each peer that is installed")
	long := flag.Bool("long", false, "the sizes that take minutes: 2 GiB of output, a line of 1 GiB, a million items")
	soakFor := flag.Duration("soak", 0, "kill and resume runs of eph at random for so long")
	verbose := flag.Bool("v", false, "say what each case saw")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: go run ./scripts/faults [-peers] [-long] [-v] [CASE...]\n       go run ./scripts/faults -soak D")
		flag.PrintDefaults()
	}
	flag.Parse()
	ok, err := laboratory(*peers, *long, *verbose, *soakFor, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// laboratory reports whether eph survived all of it.
func laboratory(peers, long, verbose bool, soakFor time.Duration, names []string) (ok bool, err error) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return false, err
	}
	dir, err := os.MkdirTemp("", "eph-faults-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // for the case that runs as another user
		return false, err
	}
	l := &lab{dir: dir, long: long, verbose: verbose, helpers: map[int]bool{}}
	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, os.Interrupt, unix.SIGTERM)
	go func() {
		<-stopped
		l.sweep()
		_ = os.RemoveAll(dir)
		os.Exit(1)
	}()
	eph := filepath.Join(dir, "eph")
	if out, err := exec.Command("go", "build", "-o", eph, "github.com/mostlylucid/eph/cmd/eph").CombinedOutput(); err != nil {
		return false, fmt.Errorf("cannot build eph: %s", out)
	}
	all := programs(eph)
	if soakFor > 0 {
		return l.soak(&all[0], soakFor)
	}
	if !peers {
		all = all[:1]
	}
	chosen := slices.DeleteFunc(slices.Clone(cases), func(c fault) bool {
		return len(names) > 0 && !slices.ContainsFunc(names, func(n string) bool { return strings.Contains(c.name, n) })
	})
	if len(chosen) == 0 {
		return false, fmt.Errorf("no case is called %q", names)
	}
	return l.table(chosen, all), nil
}

// table runs the cases, and prints what became of each.
func (l *lab) table(chosen []fault, all []program) (ok bool) {
	began := time.Now()
	rows := [][]string{{"case"}}
	for _, p := range all {
		rows[0] = append(rows[0], p.name)
	}
	ok = true
	seen := map[string]bool{}
	var took time.Duration
	for _, c := range chosen {
		row := []string{c.name}
		for i := range all {
			start := time.Now()
			found := l.try(&c, &all[i])
			row = append(row, strings.Join(found, "+"))
			for _, f := range found {
				seen[f] = true
				ok = ok && (i > 0 || f == survived || f == none)
			}
			if i == 0 {
				took += time.Since(start)
			}
		}
		rows = append(rows, row)
		if l.verbose {
			fmt.Fprintln(os.Stderr, strings.Join(row, "\t"), took.Round(time.Millisecond))
		}
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.TrimRight(strings.Join(row, "\t"), "\t"))
	}
	fmt.Fprintln(w)
	for _, x := range legend {
		if seen[x.word] {
			fmt.Fprintf(w, "%s\t%s\n", x.word, x.meaning)
		}
	}
	_ = w.Flush()
	fmt.Printf("\n%d cases in %s, of which eph took %s; %s, %s\n", len(chosen), time.Since(began).Round(time.Second), took.Round(time.Second), runtime.Version(), versions(all))
	fmt.Printf("a process of eph held at most %d MiB, in %q\n", l.largest>>20, l.largestIn)
	return ok
}

// try runs a case with a program, in a directory of its own.
func (l *lab) try(c *fault, p *program) []string {
	for _, f := range c.needs {
		if p.features[f] == nil {
			return []string{none}
		}
	}
	dir, err := os.MkdirTemp(l.dir, "case-")
	if err != nil {
		return []string{err.Error()}
	}
	defer os.RemoveAll(dir)
	_ = os.Chmod(dir, 0o777) // for the case that runs as another user
	defer l.sweep()
	found := c.run(l, &bench{lab: l, program: p, dir: dir, of: c.name})
	if p.name == "eph" && l.largest > most {
		found = append(found, grew)
	}
	slices.Sort(found)
	found = slices.Compact(found)
	if len(found) == 0 {
		return []string{survived}
	}
	return found
}

func versions(all []program) string {
	var names []string
	for _, p := range all[1:] {
		names = append(names, p.name+" "+p.version())
	}
	return strings.Join(names, ", ")
}
