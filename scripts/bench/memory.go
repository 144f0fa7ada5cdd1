package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// lines is how many lines of input the memory cases have.
const lines = 3_000_000

// memory feeds eph an input far larger than it may hold, and prints the most memory that it
// took, the largest of its children included.
func (b *bench) memory() error {
	if b.eph == "" {
		skip("memory", "there is no eph")
		return nil
	}
	rows := [][]string{{"case", "MiB", "lines read", "promise"}}
	for _, c := range []struct {
		name string
		args []string
	}{
		{"1000 lines a job", []string{"-j2", "-n1000", "true"}},
		{"one line a job, the jobs blocked", []string{"-j2", "-n1", "sh", "-c", "sleep 1000"}},
	} {
		rss, read, err := peak(b.eph, c.args...)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		rows = append(rows, []string{c.name, strconv.FormatInt(rss>>20, 10), strconv.FormatInt(read, 10), "<= 64 MiB"})
	}
	table(fmt.Sprintf("memory, an input of %d lines", lines), rows)
	return nil
}

// peak runs a program on the input until it ends or has read nothing for a while, and
// returns its largest resident set in bytes and the number of lines it took.
func peak(name string, args ...string) (rss, read int64, err error) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 15 * time.Second
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return 0, 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	var taken atomic.Int64
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		defer stdin.Close()
		feed(stdin, &taken)
	}()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		stopWhenIdle(ctx, stop, fed, &taken)
	}()
	err = cmd.Wait()
	stalled := ctx.Err() != nil
	stop()
	<-fed
	<-watched
	var exit *exec.ExitError
	if stalled && errors.As(err, &exit) || errors.Is(err, context.Canceled) {
		err = nil // it was told to end
	}
	return maxRSS(cmd.ProcessState), taken.Load(), err
}

// feed writes the lines, and counts those that the reader has taken or the pipe holds.
func feed(to io.Writer, taken *atomic.Int64) {
	w := bufio.NewWriterSize(to, 4096)
	for i := range lines {
		if _, err := fmt.Fprintln(w, i); err != nil {
			return
		}
		taken.Store(int64(i) + 1)
	}
	_ = w.Flush()
}

// stopWhenIdle calls stop when no line has been taken for three seconds before the end of
// the input.
func stopWhenIdle(ctx context.Context, stop func(), fed <-chan struct{}, taken *atomic.Int64) {
	tick := time.NewTicker(3 * time.Second)
	defer tick.Stop()
	for last := int64(-1); ; {
		select {
		case <-ctx.Done():
			return
		case <-fed:
			fed = nil // the rest is up to the jobs
		case <-tick.C:
		}
		now := taken.Load()
		if now == last && (fed != nil || now < lines) {
			stop()
			return
		}
		last = now
	}
}

func maxRSS(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return usage.Maxrss
	}
	return usage.Maxrss << 10
}
