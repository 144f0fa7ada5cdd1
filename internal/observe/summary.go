package observe

import (
	"cmp"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/plain"
	"github.com/mostlylucid/eph/pkg/signals"
)

// mostFailures is how many failed items a summary shows.
const mostFailures = 10

// Summary collects what there is to say at the end of a run. It holds a few lines, however
// many items fail.
type Summary struct {
	mu       sync.Mutex
	failures []told
	unshown  int64
	warnings []string
	warns    bool
	cancel   []func()
}

// NewSummary watches the events of a sink until Close.
func NewSummary(s *signals.Sink) *Summary {
	m := &Summary{}
	m.cancel = []func(){
		s.Subscribe(signals.MustCompile(event.JobFailed+","+event.InputRejected), m.failed),
		s.Subscribe(signals.MustCompile(event.Warning+","+event.JournalRead+","+event.InputChanged), m.warned),
	}
	return m
}

// Close ends the watching.
func (m *Summary) Close() {
	for _, cancel := range m.cancel {
		cancel()
	}
}

func (m *Summary) failed(e signals.Event) {
	f, ok := e.Value.(*event.Fields)
	if !ok {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.failures) == mostFailures {
		m.unshown++
		return
	}
	m.failures = append(m.failures, describe(e.Name, f))
}

func (m *Summary) warned(e signals.Event) {
	f, ok := e.Value.(*event.Fields)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.warns = m.warns || e.Name == event.Warning
	if ok && f.Message != "" && len(m.warnings) < mostFailures {
		m.warnings = append(m.warnings, f.Message)
	}
}

// Warned reports whether there was a warning.
func (m *Summary) Warned() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.warns
}

// How much of what was run a line shows.
const (
	mostCommand  = 120 // characters, where nobody knows how wide the screen is
	leastCommand = 20  // cells, however narrow it is
	keptCommand  = 2 << 10
)

// told is one failure on one line: what was run, which is cut to the room for it, between texts
// that are not. It holds no byte that could steer a terminal once it is written.
type told struct{ before, shown, after string }

// in is the line for a screen with so many columns, or for none that is known with 0.
func (l told) in(columns int, m Marks) string {
	if columns <= 0 {
		return l.before + plain.CutTo(l.shown, mostCommand, m.rest) + l.after
	}
	room := max(columns-1-Cells(l.before)-Cells(l.after), leastCommand)
	return l.before + cut(plain.Text(l.shown), room, m.rest) + l.after
}

// describe tells of one failure.
func describe(name string, f *event.Fields) told {
	if name == event.InputRejected {
		place := fmt.Sprintf("%s:%d", plain.Text(f.Source), f.Line)
		if f.Column > 0 {
			place += fmt.Sprintf(":%d", f.Column)
		}
		return told{before: fmt.Sprintf("left out  %s: %s", place, plain.Text(f.Error))}
	}
	var what string
	switch f.Reason {
	case event.ReasonExit:
		what = fmt.Sprintf("exit %d", *f.Exit)
	case event.ReasonSignal:
		what = f.Signal
	case event.ReasonTimeout:
		wall := time.Duration(f.Wall)
		what = "timed out after " + span(min(wall, cmp.Or(f.Limit, wall)))
		if wall-f.Limit > max(f.Limit/10, 100*time.Millisecond) && f.Limit > 0 { // the term sequence took its time
			what += fmt.Sprintf(" (ended after %s)", span(wall))
		}
	default:
		what = plain.Text(f.Error)
	}
	if f.Attempt > 1 {
		what += fmt.Sprintf(", attempt %d", f.Attempt)
	}
	shown := f.Display
	if shown == "" && f.Item != nil {
		shown = string(*f.Item)
	}
	if len(shown) > keptCommand {
		shown = plain.Whole(shown[:keptCommand])
	}
	return told{fmt.Sprintf("#%d  ", f.Seq), strings.Clone(shown), "  " + what}
}

// Outcome is what a run has come to.
type Outcome struct {
	Counts event.Counts
	Took   time.Duration
	Status int
	Reason event.Reason // why it ended early; "" if it did not
	Why    string       // the same, for people
}

// Text is the summary: one line of counts and a line for each failure, for a screen with so many
// columns, or 0 for none that is known.
func (m *Summary) Text(o *Outcome, columns int, marks Marks) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := &o.Counts
	var b strings.Builder
	fmt.Fprintf(&b, "eph: %s in %s", count(c.Read, "item"), span(o.Took))
	for _, part := range []struct {
		n    int64
		name string
	}{
		{c.Succeeded, "succeeded"},
		{c.Failed, "failed"},
		{c.Skipped, "skipped"},
		{c.Interrupted, "ended before " + map[bool]string{true: "it was", false: "they were"}[c.Interrupted == 1] + " done"},
		{c.Cancelled - c.Interrupted, "not started"},
		{c.Rejected, "left out"},
		{c.Retried, "retried"},
		{c.Resumed, "done before"},
	} {
		if part.n > 0 {
			fmt.Fprintf(&b, ", %d %s", part.n, part.name)
		}
	}
	if o.Why != "" {
		why := plain.Text(o.Why)
		if columns > 0 && Cells(b.String()+"; "+why) >= columns {
			b.WriteString(";\n  " + why)
		} else {
			b.WriteString("; " + why)
		}
	}
	b.WriteByte('\n')
	for _, f := range m.failures {
		fmt.Fprintf(&b, "  %s\n", f.in(columns-2, marks))
	}
	if m.unshown > 0 {
		fmt.Fprintf(&b, "  and %d more\n", m.unshown)
	}
	for _, w := range m.warnings {
		fmt.Fprintf(&b, "  warning: %s\n", plain.Text(w))
	}
	return b.String()
}

func count(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// span is a duration with about three digits.
func span(d time.Duration) string {
	switch {
	case d > time.Minute:
		d = d.Round(time.Second)
	case d > time.Second:
		d = d.Round(10 * time.Millisecond)
	case d > 100*time.Millisecond:
		d = d.Round(time.Millisecond)
	case d >= time.Millisecond:
		d = d.Round(10 * time.Microsecond)
	default:
		return "<1ms"
	}
	return d.String()
}
