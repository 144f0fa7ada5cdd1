package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// streamed is how many bytes the stream of the pipe benchmark has.
const streamed = 300 << 20

// pipe compares how fast a stream is cut into blocks that jobs read.
func (b *bench) pipe() error {
	type contender struct {
		name  string
		args  []string
		rates []float64 // MiB/s
	}
	const job = "cat > /dev/null"
	var all []*contender
	for _, block := range []string{"1M", "10M"} {
		args := []string{"-j2", "--pipe", "--block", block}
		if b.eph != "" {
			all = append(all, &contender{name: "eph --pipe --block " + block, args: append(append([]string{b.eph}, args...), job)})
		}
		if path, ok := installed("parallel"); ok {
			all = append(all, &contender{name: "parallel --pipe --block " + block, args: append(append([]string{path, "--will-cite"}, args...), job)})
		}
	}
	stream, err := b.stream()
	if err != nil {
		return err
	}
	for range b.rounds {
		for _, c := range all {
			rate, err := through(stream, c.args)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			c.rates = append(c.rates, rate)
		}
	}
	rows := [][]string{{"program", "MiB/s", "of parallel", "promise"}}
	for i, c := range all {
		row := []string{c.name, fmt.Sprintf("%.0f", median(c.rates)), "", ""}
		if i+1 < len(all) && i%2 == 0 && len(all) == 4 {
			row[2], row[3] = fmt.Sprintf("%.1f", median(c.rates)/median(all[i+1].rates)), ">= 3"
		}
		rows = append(rows, row)
	}
	table(fmt.Sprintf("a stream of %d MiB through `%s` in two slots, median of %d rounds", streamed>>20, job, b.rounds), rows)
	return nil
}

// stream makes the file that is streamed: lines of about 70 bytes.
func (b *bench) stream() (name string, err error) {
	name = filepath.Join(b.dir, "stream")
	f, err := os.Create(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	for n, i := 0, 0; n < streamed; i++ {
		k, err := fmt.Fprintf(w, "%d some words of a line that is about seventy bytes long, as logs are\n", i)
		if err != nil {
			return "", err
		}
		n += k
	}
	return name, w.Flush()
}

// through runs a program on the stream, which comes through a pipe, and returns MiB/s.
func through(stream string, args []string) (float64, error) {
	cat := exec.Command("cat", stream)
	cmd := exec.Command(args[0], args[1:]...)
	var err error
	if cmd.Stdin, err = cat.StdoutPipe(); err != nil {
		return 0, err
	}
	start := time.Now()
	if err := cat.Start(); err != nil {
		return 0, err
	}
	out, err := cmd.CombinedOutput()
	took := time.Since(start)
	if waitErr := cat.Wait(); err == nil {
		err = waitErr
	}
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, firstLine(string(out)))
	}
	return streamed / (1 << 20) / took.Seconds(), nil
}
