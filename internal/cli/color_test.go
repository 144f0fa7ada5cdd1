package cli

import (
	"os"
	"strings"
	"testing"

	"github.com/creack/pty"
)

func TestColorful(t *testing.T) {
	pipe, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	master, terminal, err := pty.Open()
	if err != nil {
		t.Skip("no pseudo-terminal: ", err)
	}
	defer master.Close()
	defer terminal.Close()

	for _, tt := range []struct {
		flag     string
		env      string
		terminal bool
		want     bool
	}{
		{"auto", "TERM=xterm", true, true},
		{"auto", "TERM=xterm", false, false},
		{"auto", "TERM=dumb", true, false},
		{"auto", "", true, false},
		{"always", "TERM=dumb NO_COLOR=1", false, true},
		{"never", "TERM=xterm FORCE_COLOR=1", true, false},
		{"auto", "TERM=xterm NO_COLOR=yes", true, false},
		{"auto", "TERM=xterm NO_COLOR=0", true, false},
		{"auto", "TERM=xterm NO_COLOR=", true, true},
		{"auto", "NO_COLOR=1 FORCE_COLOR=1", true, false},
		{"auto", "FORCE_COLOR=1", false, true},
		{"auto", "CLICOLOR_FORCE=1 TERM=dumb", false, true},
		{"auto", "CLICOLOR_FORCE=0 TERM=xterm", false, false},
		{"auto", "CLICOLOR=0 TERM=xterm", true, false},
		{"auto", "CLICOLOR=1 TERM=xterm", false, false},
		{"auto", "GITHUB_ACTIONS=true TERM=xterm", false, true},
		{"auto", "GITHUB_ACTIONS=true TERM=dumb", false, false},
		{"auto", "GITLAB_CI=1 TERM=xterm CLICOLOR=0", false, false},
	} {
		f := pipe
		if tt.terminal {
			f = terminal
		}
		env := map[string]string{}
		for v := range strings.FieldsSeq(tt.env) {
			name, value, _ := strings.Cut(v, "=")
			env[name] = value
		}
		if got := colorful(tt.flag, func(name string) string { return env[name] }, f); got != tt.want {
			t.Errorf("colorful(%s) with %q on a terminal %v = %v, want %v", tt.flag, tt.env, tt.terminal, got, tt.want)
		}
	}
}

// TestStyle holds that colours are the sixteen of the terminal, and that there are none
// without colours, whatever the environment says.
func TestStyle(t *testing.T) {
	t.Setenv("COLORTERM", "truecolor")
	t.Setenv("CLICOLOR_FORCE", "1")
	off, on := newStyle(false), newStyle(true)
	if got := off.mark("a\tb") + off.title("c") + off.faint("d"); got != "a\tbcd" {
		t.Errorf("without colours: %q, want a\tbcd", got)
	}
	if got, want := on.flag("x"), "\x1b[36mx\x1b[0m"; got != want {
		t.Errorf("with colours: %q, want %q", got, want)
	}
}
