package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// xargsWords is how many words the filling of command lines is measured with.
const xargsWords = 10_000_000

// standIn compares eph xargs with the program that it stands in for.
func (b *bench) standIn() error {
	path, ok := installed("xargs")
	if !ok || b.eph == "" {
		return nil
	}
	rows := [][]string{{"what", "xargs", "eph xargs", "ratio", "promise"}}
	for _, c := range []struct {
		what    string
		words   int
		args    []string
		rounds  int
		promise string
	}{
		{fmt.Sprintf("-n1 -P2 /bin/true, %d jobs", b.jobs), b.jobs, []string{"-n1", "-P2", "/bin/true"}, b.rounds, ">= 1.2"},
		{fmt.Sprintf("-n1000 true, %d words", xargsWords), xargsWords, []string{"-n1000", "true"}, min(b.rounds, 3), ">= 1.0"},
	} {
		input, err := b.count(c.words)
		if err != nil {
			return err
		}
		var theirs, ours, ratios []float64
		for range c.rounds {
			their, err := timed(input, path, c.args...)
			if err != nil {
				return err
			}
			our, err := timed(input, b.eph, append([]string{"xargs"}, c.args...)...)
			if err != nil {
				return err
			}
			theirs, ours, ratios = append(theirs, their), append(ours, our), append(ratios, their/our)
		}
		rows = append(rows, []string{
			c.what, fmt.Sprintf("%.2f s", median(theirs)), fmt.Sprintf("%.2f s", median(ours)), fmt.Sprintf("%.2f", median(ratios)), c.promise,
		})
	}
	table("eph xargs and the real one, median of the rounds", rows)
	return nil
}

// count writes the numbers from 1 to n into a file, a line each.
func (b *bench) count(n int) (name string, err error) {
	name = filepath.Join(b.dir, "numbers")
	f, err := os.Create(name)
	if err != nil {
		return "", err
	}
	w := bufio.NewWriter(f)
	for i := range n {
		fmt.Fprintln(w, i+1)
	}
	if err := w.Flush(); err != nil {
		return "", err
	}
	return name, f.Close()
}

// timed runs a program with a file as its input, and returns the seconds it took.
func timed(input, program string, args ...string) (float64, error) {
	f, err := os.Open(input)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	cmd := exec.Command(program, args...)
	cmd.Stdin = f
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("%s %q: %w", program, args, err)
	}
	return time.Since(start).Seconds(), nil
}
