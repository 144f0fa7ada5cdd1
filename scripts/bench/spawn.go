package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

//go:embed spawn/spawn.c
var spawnC []byte

// contender is a program that runs /bin/true in two slots, once for each line of its
// standard input or as often as its arguments say.
type contender struct {
	name  string
	args  []string                // of every round; the program first
	tail  func(jobs int) []string // and those that depend on the number of jobs
	share int                     // it gets one job in so many: slow ones need not run for minutes
	rates []float64               // jobs/s, one for each round; 0 is a failure
}

// spawn compares how fast the contenders start jobs.
func (b *bench) spawn() error {
	contenders := b.contenders()
	for range b.rounds {
		for _, c := range contenders {
			rate, err := b.race(c)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			c.rates = append(c.rates, rate)
		}
	}
	rows := [][]string{{"program", "jobs/s", "of the C loop", "of xargs", "promise"}}
	for _, c := range contenders {
		rows = append(rows, []string{
			c.name, fmt.Sprintf("%.0f", median(c.rates)),
			ratio(c, find(contenders, limit)), ratio(c, find(contenders, xargs)), promise(c.name),
		})
	}
	table(fmt.Sprintf("/bin/true in two slots, %d jobs a round, median of %d rounds; eph captures the output", b.jobs, b.rounds), rows)
	return nil
}

// The two that the others are measured against.
const (
	limit = "C loop"
	xargs = "xargs -P2 -n1"
)

func promise(name string) string {
	if strings.HasPrefix(name, "eph") {
		return ">= 0.85 of the C loop, >= 1.2 of xargs"
	}
	return ""
}

func (b *bench) contenders() []*contender {
	var all []*contender
	add := func(name string, share int, args ...string) *contender {
		c := &contender{name: name, args: args, share: share}
		all = append(all, c)
		return c
	}
	if loop, err := b.compile(); err != nil {
		skip(limit, err.Error())
	} else {
		add(limit, 1, loop, "2").tail = func(jobs int) []string {
			// With an argument, as all others give it one: with exactly one, true loads the locale
			// to see whether it is --help, and so costs twice as much as without.
			return []string{strconv.Itoa(jobs), "/bin/true", "1"}
		}
	}
	if b.eph != "" {
		add("eph -j2 -n1", 1, b.eph, "-j2", "-n1", "/bin/true")
	}
	if path, ok := installed("xargs"); ok {
		add(xargs, 1, path, "-P2", "-n1", "/bin/true")
	}
	if path, ok := installed("xjobs"); ok {
		add("xjobs -j2", 1, path, "-j2", "/bin/true")
	}
	gnu, moreutils := parallels()
	if moreutils != "" {
		add("moreutils parallel -j2", 1, moreutils, "-j2", "/bin/true", "--").tail = numbers
	}
	if gnu != "" {
		add("GNU parallel -j2", 10, gnu, "--will-cite", "-j2", "/bin/true")
	}
	return all
}

// parallels finds the two programs that share the name parallel.
func parallels() (gnu, moreutils string) {
	for _, name := range []string{"parallel", "parallel.moreutils"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		if out, _ := exec.Command(path, "--version").Output(); strings.Contains(string(out), "GNU") {
			gnu = path
		} else {
			moreutils = path
		}
	}
	if gnu == "" {
		skip("GNU parallel", "not installed")
	}
	if moreutils == "" {
		skip("moreutils parallel", "not installed")
	}
	return gnu, moreutils
}

func numbers(n int) []string {
	words := make([]string, n)
	for i := range words {
		words[i] = strconv.Itoa(i + 1)
	}
	return words
}

// compile makes the C loop.
func (b *bench) compile() (string, error) {
	source, loop := filepath.Join(b.dir, "spawn.c"), filepath.Join(b.dir, "spawn")
	if err := os.WriteFile(source, spawnC, 0o600); err != nil {
		return "", err
	}
	if out, err := exec.Command("cc", "-O2", "-pthread", "-o", loop, source).CombinedOutput(); err != nil {
		return "", fmt.Errorf("cc: %s", firstLine(string(out)+err.Error()))
	}
	return loop, nil
}

// race runs the contender once and returns its jobs per second. Its input is a file and its
// output nothing, so that the driver takes no part.
func (b *bench) race(c *contender) (float64, error) {
	jobs := max(b.jobs/c.share, 1)
	input := filepath.Join(b.dir, "input")
	if err := os.WriteFile(input, []byte(strings.Join(numbers(jobs), "\n")+"\n"), 0o600); err != nil {
		return 0, err
	}
	stdin, err := os.Open(input)
	if err != nil {
		return 0, err
	}
	defer stdin.Close()
	args := c.args
	if c.tail != nil {
		args = append(args[:len(args):len(args)], c.tail(jobs)...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin = stdin
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, err
	}
	return float64(jobs) / time.Since(start).Seconds(), nil
}

// ratio is how many times as fast as other c is: the median over the rounds, since two
// programs of one round have met the same weather.
func ratio(c, other *contender) string {
	if other == nil {
		return "-"
	}
	var ratios []float64
	for i, rate := range c.rates {
		ratios = append(ratios, rate/other.rates[i])
	}
	return fmt.Sprintf("%.2f", median(ratios))
}

func find(all []*contender, name string) *contender {
	for _, c := range all {
		if c.name == name {
			return c
		}
	}
	return nil
}
