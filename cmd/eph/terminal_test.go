package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

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

// atTerminal starts a program at a terminal of its own, of this size or any. reading ends when
// nobody has the terminal open any more, and at the end of the test at the latest.
func atTerminal(t *testing.T, cmd *exec.Cmd, size *pty.Winsize) (master *os.File, out *screen, reading *sync.WaitGroup) {
	t.Helper()
	master, err := pty.StartWithSize(cmd, size)
	if err != nil {
		t.Skip("no pseudo-terminal: ", err)
	}
	out, reading = new(screen), new(sync.WaitGroup)
	reading.Go(func() { _, _ = io.Copy(out, master) })
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		reading.Wait()
		_ = master.Close()
	})
	return master, out, reading
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
	master, out, reading := atTerminal(t, cmd, nil)

	for _, step := range []struct{ types, until string }{
		{"one\n", "ready-one"},
		{"\x03", "told"},
	} {
		if _, err := io.WriteString(master, step.types); err != nil {
			t.Fatal(err)
		}
		if !appears(filepath.Join(dir, step.until)) {
			t.Fatalf("after %q there is no %s\n%s", step.types, step.until, out)
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

// TestTerminalProgress: a live region shows what runs, and nothing of it is left at the end.
func TestTerminalProgress(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command("eph", "-j1", "--progress", "auto", "job until {}", ":::", "first", "second\x1b[31m")
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "TERM=xterm", "LC_ALL=C", "CI=")
	_, out, reading := atTerminal(t, cmd, &pty.Winsize{Rows: 24, Cols: 80})
	for _, step := range []struct{ shows, then string }{
		{"0/2   ok 0   1/1 slots", "first"},
		{`> #2  second\x1b[31m`, "second\x1b[31m"},
	} {
		for end := time.Now().Add(patience); !strings.Contains(out.String(), step.shows); time.Sleep(2 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("the terminal does not show %q:\n%q", step.shows, out)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, step.then), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := status(cmd.Wait()); got != 0 {
		t.Errorf("status = %d", got)
	}
	reading.Wait()
	if text := out.String(); !strings.HasSuffix(text, "\x1b[J") || strings.Contains(text, "\x1b[31m") {
		t.Errorf("the region is left, or the item steers the terminal: %q", text)
	}
}

// TestTerminalAsks: --interactive runs what was said yes to, the terminal can be the input by its
// name, and --open-tty lets a job read it.
func TestTerminalAsks(t *testing.T) {
	for _, tt := range []struct {
		args  []string
		types string
		want  []string
	}{
		{[]string{"-p", "-j1", "touch", ":::", "one", "two", "three"}, "y\nn\nyes\n", []string{"one", "three"}},
		{[]string{"-p", "-j4", "touch", ":::", "1", "2", "3", "4", "5", "6"}, "y\nn\nn\ny\nn\ny\n", []string{"1", "4", "6"}}, // in order
		{[]string{"-j1", "-a", "/dev/tty", "touch"}, "one\ntwo\n\x04", []string{"one", "two"}},
		{[]string{"-o", "-j1", `read -r x; touch "$x-"{}`, ":::", "a"}, "typed\n", []string{"typed-a"}},
	} {
		dir := t.TempDir()
		cmd := exec.Command("eph", tt.args...)
		cmd.Dir = dir
		cmd.Env = append(cmd.Environ(), "TERM=dumb")
		master, out, reading := atTerminal(t, cmd, nil)
		if _, err := io.WriteString(master, tt.types); err != nil {
			t.Fatal(err)
		}
		late := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		if got := status(cmd.Wait()); got != 0 {
			t.Errorf("%q: status = %d\n%s", tt.args, got, out)
		}
		late.Stop()
		reading.Wait()
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		var made []string
		for _, e := range entries {
			made = append(made, e.Name())
		}
		if strings.Join(made, " ") != strings.Join(tt.want, " ") {
			t.Errorf("%q makes %q, want %q\n%s", tt.args, made, tt.want, out)
		}
	}
}

// TestTerminalAsksInVain: who answers with ^C has not said no to the item.
func TestTerminalAsksInVain(t *testing.T) {
	cmd := exec.Command("eph", "-p", "touch", ":::", "one", "two", "three")
	cmd.Dir = t.TempDir()
	cmd.Env = append(cmd.Environ(), "TERM=dumb")
	master, out, reading := atTerminal(t, cmd, nil)
	for _, step := range []struct{ shows, then string }{{"one ?...", "n\n"}, {"two ?...", "\x03"}} {
		for end := time.Now().Add(patience); !strings.Contains(out.String(), step.shows); time.Sleep(2 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("the terminal does not show %q:\n%s", step.shows, out)
			}
		}
		if _, err := io.WriteString(master, step.then); err != nil {
			t.Fatal(err)
		}
	}
	if got := status(cmd.Wait()); got != 130 {
		t.Errorf("status = %d, want 130", got)
	}
	reading.Wait()
	if want := ", 1 skipped, 2 not started; stopped by SIGINT"; !strings.Contains(out.String(), want) {
		t.Errorf("the terminal does not show %q:\n%s", want, out)
	}
}

// TestTerminalJobControl: to the shell, and to whoever types, the two processes of eph are one job.
func TestTerminalJobControl(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("bash is not installed")
	}
	hearSignals()
	dir := t.TempDir()
	cmd := exec.Command("bash", "--norc", "-i")
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "TERM=dumb", "PS1=$ ")
	master, out, reading := atTerminal(t, cmd, nil)
	for _, step := range []struct{ types, shows, makes string }{
		{"eph 'touch up-{}; job until go; touch end-{}' ::: a\n", "", "up-a"},
		{"\x1a", "Stopped", ""},
		{"touch go; [ -e end-a ] || echo st''ill\n", "still", ""},
		{"fg\n", "", "end-a"},
		{"echo status=$?\n", "status=0", ""},
		{"eph 'touch up-{}; sleep 1000' ::: b\n", "", "up-b"},
		{"\x03", "1 ended before it was done; stopped by SIGINT", ""},
		{"echo status=$?\n", "status=130", ""},
		{"exit\n", "", ""},
	} {
		before := len(out.String())
		if _, err := io.WriteString(master, step.types); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(patience); !strings.Contains(out.String()[before:], step.shows); time.Sleep(2 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("after %q the terminal does not show %q:\n%s", step.types, step.shows, out)
			}
		}
		if step.makes != "" && !appears(filepath.Join(dir, step.makes)) {
			t.Fatalf("after %q there is no %s\n%s", step.types, step.makes, out)
		}
	}
	_ = cmd.Wait()
	reading.Wait()
}

// TestTerminalBackground: the bar is drawn where eph has the terminal, and not over the prompt of a
// shell that has it.
func TestTerminalBackground(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("bash is not installed")
	}
	dir := t.TempDir()
	cmd := exec.Command("bash", "--norc", "-i")
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "TERM=xterm", "PS1=$ ", "LC_ALL=C", "CI=")
	master, out, reading := atTerminal(t, cmd, &pty.Winsize{Rows: 24, Cols: 80})
	const bar = "1/1 slots"
	for _, step := range []struct{ types, shows, hides string }{
		{"eph -j1 'sleep 1; echo en''ded {}; job until go-{}' ::: a b &\n", "", ""},
		{"touch go-a\n", "ended a", bar}, // a second is more than it takes to the first frame
		{"fg\n", bar, ""},
		{"\x1a", "Stopped", ""},
		{"bg\n", "", ""},
		{"touch go-b; wait; echo do''ne\n", "done", ""},
		{"exit\n", "exit", ""},
	} {
		before := len(out.String())
		if _, err := io.WriteString(master, step.types); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(patience); !strings.Contains(out.String()[before:], step.shows); time.Sleep(2 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("after %q the terminal does not show %q:\n%q", step.types, step.shows, out)
			}
		}
		if step.hides != "" && strings.Contains(out.String()[before:], step.hides) {
			t.Errorf("after %q the terminal shows %q:\n%q", step.types, step.hides, out)
		}
	}
	_ = cmd.Wait()
	reading.Wait()
}

// TestTerminalStops: ^Z gives the terminal back and fg goes on, however often, while jobs start as
// fast as they can: a stop must not meet a process half way between fork and exec and stay there.
func TestTerminalStops(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("bash is not installed")
	}
	hearSignals()
	cmd := exec.Command("bash", "--norc", "-i")
	cmd.Dir = t.TempDir()
	cmd.Env = append(cmd.Environ(), "TERM=dumb", "PS1=$ ")
	master, out, reading := atTerminal(t, cmd, nil)
	step := func(types, shows string) {
		t.Helper()
		before := len(out.String())
		if _, err := io.WriteString(master, types); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(patience); !strings.Contains(out.String()[before:], shows); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				text := out.String()
				t.Fatalf("after %q the terminal does not show %q:\n%s", types, shows, text[max(0, len(text)-2000):])
			}
		}
	}
	step("yes tick | eph -j8 echo\n", "\ntick\r\n")
	for range 150 {
		step("\x1a", "Stopped")
		step("fg\n", "\ntick\r\n")
	}
	step("\x03", "stopped by SIGINT")
	step("echo status=$?\n", "status=130")
	step("exit\n", "exit")
	_ = cmd.Wait()
	reading.Wait()
}
