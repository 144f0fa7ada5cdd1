package main

import (
	"bytes"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/creack/pty"
)

// screen is what has been written to a terminal.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// TestTerminal runs eph as someone at a terminal would: items typed, colours, and ^C twice,
// of which the job that takes no notice of the first sees neither by itself.
func TestTerminal(t *testing.T) {
	hearSignals()
	dir := t.TempDir()
	cmd := exec.Command("eph", "--term-seq", "TERM,1000s,KILL",
		`trap 'touch told' TERM; trap 'touch leaked' INT; touch ready-{}; while :; do sleep 0.01; done`)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "TERM=xterm", "NO_COLOR=", "CI=")
	master, err := pty.Start(cmd)
	if err != nil {
		t.Skip("no pseudo-terminal: ", err)
	}
	defer master.Close()
	var out screen
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = io.Copy(&out, master) })
	defer func() {
		_ = cmd.Process.Kill()
		reading.Wait()
	}()

	for _, step := range []struct{ types, until string }{
		{"one\n", "ready-one"},
		{"\x03", "told"},
	} {
		if _, err := io.WriteString(master, step.types); err != nil {
			t.Fatal(err)
		}
		if !appears(filepath.Join(dir, step.until)) {
			t.Fatalf("after %q there is no %s\n%s", step.types, step.until, &out)
		}
	}
	if _, err := io.WriteString(master, "\x03"); err != nil {
		t.Fatal(err)
	}
	if got := status(cmd.Wait()); got != 130 {
		t.Errorf("status after ^C twice = %d, want 130", got)
	}
	reading.Wait() // until nobody has the terminal open any more
	text := out.String()
	for _, want := range []string{"eph: reading items from the terminal", "^C again kills them", "1 item in"} {
		if !strings.Contains(text, want) {
			t.Errorf("the terminal does not show %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "\x1b]") || strings.Contains(text, "\x1b[6n") {
		t.Errorf("eph asked the terminal something: %q", text)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "leaked")); left != nil {
		t.Error("the ^C of the terminal reached the job")
	}
}
