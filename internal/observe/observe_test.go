package observe

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/pkg/signals"
)

// TestLogLines: whatever happens at once, each line is one JSON object, and n has no gap.
func TestLogLines(t *testing.T) {
	var sink signals.Sink
	name := filepath.Join(t.TempDir(), "log")
	l, err := OpenLog(name, "run-1", os.Stderr, &sink, LogOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const writers, each = 8, 200
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				event.Raise(&sink, event.JobStarted, &event.Fields{Seq: int64(w*each + i + 1), Item: event.TextOf("a\nb\xff")})
			}
		})
	}
	all.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if st, _ := f.Stat(); st.Mode().Perm() != 0o600 {
		t.Errorf("the log has mode %o, want 600", st.Mode().Perm())
	}
	n := 0
	for in := bufio.NewScanner(f); in.Scan(); n++ {
		var line struct {
			V     int
			N     int
			Run   string
			Event string
			Level string
			Ts    time.Time
			Seq   int
		}
		if err := json.Unmarshal(in.Bytes(), &line); err != nil {
			t.Fatalf("line %d: %v: %s", n, err, in.Text())
		}
		if line.V != 1 || line.N != n || line.Run != "run-1" || line.Event != event.JobStarted || line.Level != "info" || line.Ts.IsZero() || line.Seq == 0 {
			t.Fatalf("line %d is %s", n, in.Text())
		}
	}
	if n != writers*each {
		t.Errorf("%d lines, want %d", n, writers*each)
	}
}

func TestLogRefusals(t *testing.T) {
	var sink signals.Sink
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "target"), link); err != nil {
		t.Fatal(err)
	}
	for dest, want := range map[string]fail.Status{
		"fd:x":                          fail.BadUsage,
		"fd:250":                        fail.BadUsage,
		filepath.Join(dir, "no", "dir"): fail.Broken,
		link:                            fail.Broken, // a planted link is not followed
	} {
		if _, err := OpenLog(dest, "", os.Stderr, &sink, LogOptions{}); fail.StatusOf(err) != want {
			t.Errorf("OpenLog(%s) = %v, want status %d", dest, err, want)
		}
	}
}

func TestLogSaysWhenItCannotWrite(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("/dev/full is not here")
	}
	defer full.Close()
	var sink signals.Sink
	l, err := OpenLog("-", "", full, &sink, LogOptions{})
	if err != nil {
		t.Fatal(err)
	}
	event.Raise(&sink, event.RunStarted, &event.Fields{})
	if l.Err() == nil {
		t.Error("Err is nil after a write that failed")
	}
	if err := l.Close(); fail.StatusOf(err) != fail.Broken {
		t.Errorf("Close = %v, want an error of status 1", err)
	}
}

func TestSummary(t *testing.T) {
	var sink signals.Sink
	m := NewSummary(&sink)
	three := 3
	event.Raise(&sink, event.JobFailed, &event.Fields{Seq: 4, Display: "./bill\x1b[2J 4", Reason: event.ReasonExit, Exit: &three, Attempt: 2})
	event.Raise(&sink, event.JobFailed, &event.Fields{Seq: 5, Item: event.TextOf("five"), Reason: event.ReasonTimeout, Wall: event.Seconds(2 * time.Second)})
	event.Raise(&sink, event.InputRejected, &event.Fields{Source: "f", Line: 7, Error: "not JSON"})
	event.Raise(&sink, event.Warning, &event.Fields{Message: "careful"})
	m.Close()
	got := m.Text(&Outcome{
		Counts: event.Counts{Read: 12, Succeeded: 6, Failed: 2, Cancelled: 4, Interrupted: 1, Rejected: 1, Retried: 1},
		Took:   1234 * time.Millisecond, Why: "the circuit of \x1b[2J is open",
	}, 0, UTF8Marks)
	want := `eph: 12 items in 1.23s, 6 succeeded, 2 failed, 1 ended before it was done, 3 not started, 1 left out, 1 retried; the circuit of \x1b[2J is open
  #4  ./bill\x1b[2J 4  exit 3, attempt 2
  #5  five  timed out after 2s
  left out  f:7: not JSON
  warning: careful
`
	if got != want {
		t.Errorf("Text =\n%swant\n%s", got, want)
	}
}

func TestSummaryIsBounded(t *testing.T) {
	var sink signals.Sink
	m := NewSummary(&sink)
	defer m.Close()
	for i := range int64(1000) {
		event.Raise(&sink, event.JobFailed, &event.Fields{Seq: i, Error: "no"})
	}
	got := m.Text(&Outcome{Counts: event.Counts{Read: 1000, Failed: 1000}, Took: time.Second}, 0, UTF8Marks)
	if lines := strings.Count(got, "\n"); lines != mostFailures+2 || !strings.Contains(got, "and 990 more") {
		t.Errorf("%d lines:\n%s", lines, got)
	}
}

// TestSummaryFits: a summary says how an item failed in front of the edge of the terminal.
func TestSummaryFits(t *testing.T) {
	var sink signals.Sink
	m := NewSummary(&sink)
	one := 1
	long := "convert " + strings.Repeat("日本-x", 100)
	event.Raise(&sink, event.JobFailed, &event.Fields{Seq: 5, Display: long, Reason: event.ReasonExit, Exit: &one})
	m.Close()
	o := &Outcome{Counts: event.Counts{Read: 40, Failed: 1, Cancelled: 39}, Took: time.Second, Why: "stopped by SIGINT"}
	for columns := 40; columns < 250; columns++ {
		for _, marks := range []Marks{UTF8Marks, ASCIIMarks} {
			text := m.Text(o, columns, marks)
			for l := range strings.Lines(text) {
				if l = strings.TrimSuffix(l, "\n"); Cells(l) >= columns && !strings.HasPrefix(l, "eph:") {
					t.Errorf("%d columns: a line of %d cells: %q", columns, Cells(l), l)
				}
			}
			if !strings.HasSuffix(text, marks.rest+"  exit 1\n") {
				t.Errorf("%d columns: %q", columns, text)
			}
		}
	}
	if got, want := m.Text(o, 60, ASCIIMarks), "eph: 40 items in 1s, 1 failed, 39 not started;\n  stopped by SIGINT\n"; !strings.HasPrefix(got, want) {
		t.Errorf("60 columns: %q, want %q at the beginning", got, want)
	}
}

func TestTimedOut(t *testing.T) {
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	for _, tt := range []struct {
		limit, wall time.Duration
		want        string
	}{
		{ms(300), ms(302), "timed out after 300ms"},
		{ms(300), ms(602), "timed out after 300ms (ended after 602ms)"},
		{10 * time.Minute, 10*time.Minute + 5*time.Second, "timed out after 10m0s"},
		{0, ms(0), "timed out after <1ms"},
	} {
		got := describe(event.JobFailed, &event.Fields{Reason: event.ReasonTimeout, Limit: tt.limit, Wall: event.Seconds(tt.wall)})
		if got.after != "  "+tt.want {
			t.Errorf("limit %s, ended after %s: %q, want %q", tt.limit, tt.wall, got.after, tt.want)
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		611777: "<1ms", time.Millisecond: "1ms", 1234567: "1.23ms", 123456789: "123ms", 1234567890: "1.23s", 100*time.Second + 1: "1m40s",
	} {
		if got := span(d); got != want {
			t.Errorf("span(%d) = %q, want %q", d, got, want)
		}
	}
}
