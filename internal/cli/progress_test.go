package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"github.com/mostlylucid/eph/internal/run"
)

// TestProgressBesides: nobody who did not ask for a bar gets one where the output goes to another
// program, which may print at the same terminal.
func TestProgressBesides(t *testing.T) {
	t.Setenv("TERM", "xterm")
	t.Setenv("CI", "")
	master, tty, err := pty.Open()
	if err != nil {
		t.Skip("no pseudo-terminal: ", err)
	}
	defer master.Close()
	defer tty.Close()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	r, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer pipe.Close()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	socket := os.NewFile(uintptr(fds[0]), "socket")
	defer socket.Close()
	defer unix.Close(fds[1])
	for _, tt := range []struct {
		name string
		out  *os.File
		way  string
		want run.ProgressKind
	}{
		{"a terminal", tty, "auto", run.ProgressBar},
		{"a file", file, "auto", run.ProgressBar},
		{"/dev/null", null, "auto", run.ProgressBar},
		{"a pipe", pipe, "auto", run.ProgressNone},
		{"a socket", socket, "auto", run.ProgressNone},
		{"a pipe", pipe, "bar", run.ProgressBar},
		{"a pipe", pipe, "plain", run.ProgressLines},
	} {
		p := newProgram(run.Streams{In: null, Out: tt.out, Err: tty}, 1)
		if got := p.progress(&run.Plan{}, tt.way).Kind; got != tt.want {
			t.Errorf("output to %s, --progress %s: kind %d, want %d", tt.name, tt.way, got, tt.want)
		}
	}
}
