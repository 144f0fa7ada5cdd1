package output

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// terminal is what a screen shows of what is written to it: enough of one for the region.
type terminal struct {
	lines    []string
	row, col int
}

func (s *terminal) Write(p []byte) (int, error) {
	text := string(p)
	for text != "" {
		switch {
		case strings.HasPrefix(text, "\x1b[J"):
			s.lines = s.lines[:s.row+1]
			s.lines[s.row] = s.lines[s.row][:s.col]
			text = text[3:]
		case strings.HasPrefix(text, "\x1b[?"):
			text = text[8:]
		case strings.HasPrefix(text, "\x1b["):
			var n int
			_, _ = fmt.Sscanf(text, "\x1b[%dA", &n)
			s.row -= n
			text = text[strings.Index(text, "A")+1:]
		case text[0] == '\r':
			s.col, text = 0, text[1:]
		case text[0] == '\n':
			s.row++
			s.col, text = 0, text[1:]
		default:
			for len(s.lines) <= s.row {
				s.lines = append(s.lines, "")
			}
			s.lines[s.row] = s.lines[s.row][:s.col] + text[:1]
			s.col, text = s.col+1, text[1:]
		}
		for len(s.lines) <= s.row {
			s.lines = append(s.lines, "")
		}
	}
	return len(p), nil
}

func (s *terminal) String() string { return strings.Join(s.lines, "\n") }

// TestRegion: what is printed stands above the region, whole, and nothing of the region is left.
func TestRegion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tty terminal
		w := New(&tty, &tty, Options{Screen: &Screen{Stdout: true}})
		print := func(seq int64, text string) {
			j := w.Job(seq, "")
			_, _ = j.Stdout().Write([]byte(text))
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
		}
		shows := func(want string) {
			t.Helper()
			if got := tty.String(); got != want {
				t.Errorf("the terminal shows\n%s\nwant\n%s", got, want)
			}
		}
		w.Draw([]string{"running", "1/3"})
		shows("running\n1/3")
		print(1, "one\n")
		shows("one\n") // the next frame comes with the next tick
		time.Sleep(frameTime)
		print(2, "two\n")
		shows("one\ntwo\nrunning\n1/3")
		print(3, "thr")
		shows("one\ntwo\nthr")
		w.Draw([]string{"2/3"})
		shows("one\ntwo\nthr") // it would tear the line
		time.Sleep(frameTime)
		print(4, "ee\n")
		shows("one\ntwo\nthree\n2/3")
		w.Interject("^C")
		shows("one\ntwo\nthree\n^C\n")
		w.Draw([]string{"a", "b", "c"})
		w.Draw(nil)
		shows("one\ntwo\nthree\n^C\n")
		w.Draw([]string{"a", "b"})
		w.Leave()
		_, _ = tty.Write([]byte("\n$ ls\n"))
		time.Sleep(frameTime)
		print(5, "five\n")
		shows("one\ntwo\nthree\n^C\na\nb\n$ ls\nfive\n")
	})
}
