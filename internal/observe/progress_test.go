package observe

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mostlylucid/eph/internal/event"
)

func some() *Progress {
	p := &Progress{
		Counts: event.Counts{Read: 900, Succeeded: 409, Failed: 1, Skipped: 2, Retried: 3}, Total: 900,
		Took: 2 * time.Minute, Waiting: 31, Delayed: 2, Slots: 8, Rate: 3.14, Held: "the circuit of \x1b[2Jx is open",
	}
	for i := range 7 {
		p.Running = append(p.Running, Running{Seq: int64(40 + i), Key: "tenant", Item: "./bill\x1b[31m\n日本", For: time.Duration(i) * time.Second})
	}
	return p
}

func TestFrame(t *testing.T) {
	want := `▶ tenant  #46  ./bill\x1b[31m\n日本                                       6.0 s
▶ tenant  #45  ./bill\x1b[31m\n日本                                       5.0 s
▶ tenant  #44  ./bill\x1b[31m\n日本                                       4.0 s
▶ tenant  #43  ./bill\x1b[31m\n日本                                       3.0 s
▶ tenant  #42  ./bill\x1b[31m\n日本                                       2.0 s
  +2 running   31 waiting   2 in back-off   the circuit of \x1b[2Jx is open
━━━━━━╸──────── 412/900   ✓ 409  ✗ 1  ↻ 3  - 2   7/8 slots   3.1/s  eta 2m35s`
	if got := strings.Join(some().Frame(80, UTF8Marks), "\n"); got != want {
		t.Errorf("frame =\n%s\nwant\n%s", got, want)
	}
	for columns := range 300 {
		for _, m := range []Marks{UTF8Marks, ASCIIMarks} {
			lines := some().Frame(columns, m)
			if len(lines) > 8 || columns < narrow && len(lines) > 2 {
				t.Errorf("%d columns: %d lines", columns, len(lines))
			}
			for _, l := range lines {
				if Cells(l) >= max(columns, 1) || strings.ContainsFunc(l, func(r rune) bool { return r < ' ' }) {
					t.Errorf("%d columns: a line of %d cells: %q", columns, Cells(l), l)
				}
			}
		}
	}
}

// TestLastLines: one line has it all wherever there is room for that, and what was not done is no
// progress.
func TestLastLines(t *testing.T) {
	ends := some()
	ends.Ends, ends.Held = true, "draining (eph ctl drain)"
	ends.Counts.Cancelled, ends.Counts.Interrupted = 488, 0
	stops := some()
	stops.Ends, stops.Held = true, "stopping: ^C again kills the jobs"
	stops.Counts.Cancelled, stops.Counts.Interrupted = 488, 3
	one := some()
	one.Counts.Cancelled = 1
	unknown := some()
	unknown.Total = 0
	for _, tt := range []struct {
		p       *Progress
		columns int
		marks   Marks
		want    []string
	}{
		{some(), 130, UTF8Marks, []string{"━━━━━━━━━━━━━━━━━━╸───────────────────── 412/900   ✓ 409  ✗ 1  ↻ 3  - 2   7/8 slots   3.1/s  eta 2m35s"}},
		{some(), 65, UTF8Marks, []string{"━━━━━━━━━╸────────── 412/900   ✓ 409  ✗ 1  ↻ 3  - 2   7/8 slots", "3.1/s  eta 2m35s"}},
		{some(), 50, UTF8Marks, []string{"412/900   ✓ 409  ✗ 1  ↻ 3  - 2   7/8 slots", "3.1/s  eta 2m35s"}},
		{one, 80, ASCIIMarks, []string{"===========>------------- 412/899   ok 409  FAIL 1  retry 3  - 3   7/8 slots", "3.1/s  eta 2m35s"}},
		{unknown, 80, UTF8Marks, []string{"412 done, 900+ read   ✓ 409  ✗ 1  ↻ 3  - 2   7/8 slots   3.1/s"}},
		{ends, 100, UTF8Marks, []string{"  +2 running   31 waiting   2 in back-off   draining (eph ctl drain)", "412 done, 488 not started   ✓ 409  ✗ 1  ↻ 3  - 2   7/8 slots   3.1/s"}},
		{stops, 100, UTF8Marks, []string{"412 done, 3 ended, 485 not started   ✓ 409  ✗ 1  ↻ 3  - 2   7/8 slots   3.1/s"}},
	} {
		got := tt.p.Frame(tt.columns, tt.marks)
		got = got[max(0, len(got)-len(tt.want)):]
		if !slices.Equal(got, tt.want) {
			t.Errorf("%d columns:\n%s\nwant\n%s", tt.columns, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
		}
	}
}

// TestASCII: a screen that has no other characters gets none from eph.
func TestASCII(t *testing.T) {
	long := strings.Repeat("x", 300)
	p := &Progress{Held: long, Slots: 1, Running: []Running{{Seq: 1, Key: long, Item: long}}}
	for _, l := range p.Frame(80, ASCIIMarks) {
		if strings.ContainsFunc(l, func(r rune) bool { return r > '~' }) {
			t.Errorf("%q", l)
		}
	}
}

func TestLine(t *testing.T) {
	p := some()
	p.Held = ""
	if got, want := p.Line(UTF8Marks), "eph: 412/900   ✓ 409  ✗ 1  ↻ 3  - 2  3.1/s  eta 2m35s"; got != want {
		t.Errorf("line = %q, want %q", got, want)
	}
	p.Total, p.Rate = 0, 0
	if got, want := p.Line(ASCIIMarks), "eph: 412 done, 900+ read   ok 409  FAIL 1  retry 3  - 2  running for 2m0s"; got != want {
		t.Errorf("line = %q, want %q", got, want)
	}
}

// TestPace: the rate is that of the last half minute, not of the whole run.
func TestPace(t *testing.T) {
	var p Pace
	ended := int64(0)
	for s := range 100 {
		if s < 50 {
			ended += 10
		} else {
			ended++
		}
		got := p.Take(time.Duration(s+1)*time.Second, ended)
		if s == 20 && (got < 9 || got > 11) || s == 95 && (got < 0.9 || got > 1.1) {
			t.Errorf("after %d s the rate is %g", s+1, got)
		}
	}
}

func TestEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 95*time.Second)
		defer cancel()
		n := 0
		Every(ctx, 30*time.Second, func() { n++ })
		if n != 3 {
			t.Errorf("done %d times, want 3", n)
		}
	})
}
