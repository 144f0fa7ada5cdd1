package run

import (
	"bufio"
	"context"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/mostlylucid/eph/internal/fail"
)

// terminal is the one that eph was started from, for --interactive and --open-tty.
type terminal struct {
	mu     sync.Mutex // one question at a time
	file   *os.File
	answer func(context.Context) (string, error) // reads a line
}

// open opens it on behalf of a flag, unless whoever started the run has it open.
func (t *terminal) open(flag string, s Streams) error {
	if s.Terminal != nil {
		t.file, t.answer = s.Terminal, s.Answer
		return nil
	}
	f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return fail.Usage("%s needs a terminal, and there is none", flag).Advise("run eph from a terminal, or leave %s away", flag)
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
// more once ctx has ended; the next key goes nowhere.
func (r *Run) ask(ctx context.Context, command string) bool {
	t := &r.terminal
	t.mu.Lock()
	defer t.mu.Unlock()
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
