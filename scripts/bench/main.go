// Bench runs eph beside its peers, and prints what it measured and which promise each row is
// about. It asserts nothing: figures from one machine at one time are not a test.
//
//	go run ./scripts/bench [-jobs N] [-rounds N] spawn|startup|memory|log|pipe|xargs|all
//
// It builds eph from this tree, compiles the C loop that is the limit of the machine, and
// leaves out, with the reason, whatever is not installed. The programs take turns within
// each round, so that a busy moment meets them all; a figure is the median of the rounds.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
)

// bench is one invocation.
type bench struct {
	jobs   int    // a round has so many
	rounds int    // of them the median counts
	dir    string // for what is built and fed, removed at the end
	eph    string // the executable; "" if it could not be built
}

func main() {
	var b bench
	flag.IntVar(&b.jobs, "jobs", 2000, "jobs in a round")
	flag.IntVar(&b.rounds, "rounds", 7, "rounds, of which the median counts")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: go run ./scripts/bench [-jobs N] [-rounds N] spawn|startup|memory|log|pipe|xargs|all")
		flag.PrintDefaults()
	}
	flag.Parse()
	if err := b.run(flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) run(what string) (err error) {
	kinds := map[string][]func() error{
		"spawn": {b.spawn}, "startup": {b.startup}, "memory": {b.memory}, "log": {b.log}, "pipe": {b.pipe}, "xargs": {b.standIn},
		"all": {b.spawn, b.startup, b.memory, b.log, b.pipe, b.standIn},
	}
	if kinds[what] == nil {
		flag.Usage()
		return fmt.Errorf("no benchmark is called %q", what)
	}
	if b.dir, err = os.MkdirTemp("", "eph-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	b.build()
	fmt.Printf("%d processors, %s, %s/%s; load %s\n", runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, load())
	for _, run := range kinds[what] {
		if err := run(); err != nil {
			return err
		}
	}
	return nil
}

// build makes b.eph, or says why there is none.
func (b *bench) build() {
	eph := filepath.Join(b.dir, "eph")
	cmd := exec.Command("go", "build", "-o", eph, "github.com/mostlylucid/eph/cmd/eph")
	if out, err := cmd.CombinedOutput(); err != nil {
		skip("eph", firstLine(string(out)+err.Error()))
		return
	}
	b.eph = eph
}

// load is how busy the machine is with other things.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(text))[:3], " ")
}

// installed returns the path of a program, or says that it is missing.
func installed(name string) (path string, ok bool) {
	path, err := exec.LookPath(name)
	if err != nil {
		skip(name, "not installed")
	}
	return path, err == nil
}

func skip(name, reason string) { fmt.Printf("skipped %s: %s\n", name, reason) }

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

// table prints rows in columns, under a heading of its own.
func table(title string, rows [][]string) {
	fmt.Printf("\n%s\n", title)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	w.Flush()
}

// median of the figures; 0 of none.
func median(figures []float64) float64 {
	if len(figures) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(figures))
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}
