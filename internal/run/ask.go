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
	mu   sync.Mutex // one question at a time
	file *os.File
	in   *bufio.Reader
}

// openTerminal opens it on behalf of a flag.
func (t *terminal) open(flag string) error {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return fail.Usage("%s needs a terminal, and there is none", flag).Advise("run eph from a terminal, or leave %s away", flag)
	}
	t.file, t.in = f, bufio.NewReader(f)
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
	stop := context.AfterFunc(ctx, func() { _ = t.file.SetReadDeadline(past) })
	defer stop()
	line, err := t.in.ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return err == nil
	}
	return false
}
