package run

import (
	"bufio"
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mostlylucid/eph/internal/fail"
)

// terminal is the one that eph was started from, for --interactive and --open-tty.
type terminal struct {
	file   *os.File
	answer func(context.Context) (string, error) // reads a line

	mu    sync.Mutex
	turns []*task       // whose questions are to come, in the order in which they start
	moved chan struct{} // closed when one of them has left
}

// enqueue lets a task that starts have its turn behind those before it.
func (t *terminal) enqueue(of *task) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.turns = append(t.turns, of)
}

// leave ends the turn of a task, if it has one.
func (t *terminal) leave(of *task) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(t.turns, of); i >= 0 {
		t.turns = slices.Delete(t.turns, i, i+1)
		if t.moved != nil {
			close(t.moved)
			t.moved = nil
		}
	}
}

// wait returns when it is the turn of a task, or ctx ends.
func (t *terminal) wait(ctx context.Context, of *task) {
	for {
		t.mu.Lock()
		if t.turns[0] == of {
			t.mu.Unlock()
			return
		}
		if t.moved == nil {
			t.moved = make(chan struct{})
		}
		moved := t.moved
		t.mu.Unlock()
		select {
		case <-moved:
		case <-ctx.Done():
			return
		}
	}
}

// open opens it on behalf of a flag, unless whoever started the run has it open.
func (t *terminal) open(flag string, s Streams) error {
	if s.Terminal != nil {
		t.file, t.answer = s.Terminal, s.Answer
		return nil
	}
	f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return fail.Usage("%s needs a terminal, and there is none", flag).Advise("run eph from a terminal, or drop %s", flag)
	}
	in := bufio.NewReader(f)
	t.file, t.answer = f, func(ctx context.Context) (string, error) {
		stop := context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(past) })
		defer stop()
		return in.ReadString('\n')
	}
	return nil
}

// past is a deadline that wakes whoever waits.
var past = time.Unix(1, 0)

// ask shows a command and reports whether it is to run: y or yes, and nothing else. The end of
// the terminal, as of everything, is no. It does not wait for an answer that nobody needs any
// more once ctx has ended; the next key goes nowhere. It is for the task whose turn it is.
func (r *Run) ask(ctx context.Context, command string) bool {
	t := &r.terminal
	if ctx.Err() != nil {
		return false
	}
	if _, err := t.file.WriteString(command + " ?... "); err != nil {
		return false
	}
	line, err := t.answer(ctx)
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return err == nil
	}
	return false
}
