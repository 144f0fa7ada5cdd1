package main

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mostlylucid/eph/internal/control"
	"github.com/mostlylucid/eph/internal/hostile"
	"github.com/mostlylucid/eph/internal/plain"
)

// TestHostileItems gives the program itself every hostile item, without a shell and in each of the
// shells: every byte comes out as it went in, and nothing runs.
func TestHostileItems(t *testing.T) {
	items := hostile.Items()
	var want bytes.Buffer
	for _, s := range items {
		want.WriteString("[" + s + "]")
	}
	commands := map[string][]string{"": {"printf", "[%s]", "{}"}}
	for name, template := range map[string]string{
		"bare and quoted": `x='{}'; [ {} = "$x" ] && printf '[%s]' "{}"`,
		"inner":           `f() { printf '[%s' "$(printf '%s]' '{}'; printf x)"; }; y=$(f; printf x); printf %s "${y%xx}"`,
		"here-document":   "y=$(cat <<E\n[{}]x\nE\n); printf %s \"${y%x}\"",
	} {
		for _, shell := range []string{"dash", "bash", "busybox sh", "zsh", "mksh"} {
			commands[shell+", "+name] = []string{"--shell", shell, template}
		}
	}
	for name, args := range commands {
		t.Run(name, func(t *testing.T) {
			if len(args) > 1 && args[0] == "--shell" {
				if _, err := exec.LookPath(strings.Fields(args[1])[0]); err != nil {
					t.Skipf("%s is not installed", args[1])
				}
			}
			dir := t.TempDir()
			cmd := exec.Command("eph", append([]string{"-0", "-k", "-j4"}, args...)...)
			cmd.Dir, cmd.Stdin = dir, strings.NewReader(strings.Join(items, "\x00")+"\x00")
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Errorf("eph %q: %v: %s", args, err, plain.Cut(stderr.String(), 500))
			}
			if !bytes.Equal(out, want.Bytes()) {
				t.Errorf("eph %q printed %d bytes, want %d: %q", args, len(out), want.Len(), firstDifference(out, want.Bytes()))
			}
			holdsNothing(t, dir)
		})
	}
}

func firstDifference(got, want []byte) []byte {
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	return got[i:min(i+40, len(got))]
}

func holdsNothing(t *testing.T, dir string) {
	t.Helper()
	if files, _ := os.ReadDir(dir); len(files) > 0 {
		t.Errorf("an item ran, and left %s", files[0].Name())
	}
}

// TestHostileOnScreen has eph name every hostile item in tags, traces, progress, failures and the
// summary: none of them steers the terminal, none is a command to a CI service.
func TestHostileOnScreen(t *testing.T) {
	items := slices.DeleteFunc(hostile.Items(), func(s string) bool { return len(s) > 1000 })
	for _, args := range [][]string{
		{"--tag", "--progress", "plain", "--summary", "always", "sh", "-c", "echo out; exit 3", "sh"},
		{"-t", "--tagstring", "{} {#}", "--summary", "markdown", "sh", "-c", "echo err >&2; exit 3", "sh"},
		{"-t", "--ci", "gitlab", "echo x; exit 3; : {}"},
		{"--dry-run", "echo"},
		{"--guard-dash", "--summary", "json", "--log", "-", "--log-format", "text", "false"},
		{"--log", "-", "--log-level", "debug", "false"},
	} {
		dir := t.TempDir()
		cmd := exec.Command("eph", append([]string{"-0", "-j4"}, args...)...)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(strings.Join(items, "\x00")+"\x00")
		out, _ := cmd.CombinedOutput()
		if len(out) < len(items) {
			t.Errorf("eph %q printed %q", args, out)
		}
		for line := range strings.Lines(string(out)) {
			line = strings.NewReplacer("\t", " ", "\x1b[0K", "", "\r", "").Replace(strings.TrimSuffix(line, "\n")) // of the tag, and of GitLab's sections
			if shown := plain.Text(line); shown != line {
				t.Errorf("eph %q printed %q, which can steer", args, line)
			}
		}
		holdsNothing(t, dir)
	}
}

// TestHostileRun has eph ctl ask what is no run, behind the socket of one: nothing that it answers
// steers the terminal.
func TestHostileRun(t *testing.T) {
	const evil = "\x1b]0;OWNED\a\x1b[2J\u009b31m\u202e"
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Skipf("no socket at %s: %v", path, err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			var q control.Request
			_ = json.NewDecoder(conn).Decode(&q)
			a := control.Answer{OK: true, Text: evil}
			switch q.Do {
			case "status":
				a.Status = &control.Status{
					Run: evil, Command: evil, Dir: evil, Rate: evil, Held: []control.Held{{By: evil, What: evil}},
					Attempts: []control.Attempt{{Key: evil, Item: evil}},
				}
			case "tail":
				a.Line = evil + "\n"
			case "pause":
				a = control.Answer{Error: evil, Try: evil}
			}
			_ = json.NewEncoder(conn).Encode(a)
			_ = conn.Close()
		}
	}()
	for _, args := range [][]string{{"status"}, {"--json", "status"}, {"jobs", "3"}, {"tail"}, {"pause"}} {
		out, _ := exec.Command("eph", append([]string{"ctl", "--run", path}, args...)...).CombinedOutput()
		if len(out) == 0 {
			t.Errorf("eph ctl %q printed nothing", args)
		}
		for line := range strings.Lines(string(out)) {
			if line = strings.TrimSuffix(line, "\n"); plain.Text(line) != line {
				t.Errorf("eph ctl %q printed %q, which can steer", args, line)
			}
		}
	}
}
