package observe

import (
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
	failures []string
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

// describe is one failure on one line, without a byte that could steer a terminal.
func describe(name string, f *event.Fields) string {
	if name == event.InputRejected {
		place := fmt.Sprintf("%s:%d", plain.Text(f.Source), f.Line)
		if f.Column > 0 {
			place += fmt.Sprintf(":%d", f.Column)
		}
		return fmt.Sprintf("left out  %s: %s", place, plain.Text(f.Error))
	}
	var what string
	switch f.Reason {
	case event.ReasonExit:
		what = fmt.Sprintf("exit %d", *f.Exit)
	case event.ReasonSignal:
		what = f.Signal
	case event.ReasonTimeout:
		what = fmt.Sprintf("timeout after %s", round(time.Duration(f.Wall)))
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
	return fmt.Sprintf("#%d  %s  %s", f.Seq, plain.Cut(shown, 120), what)
}

// Outcome is what a run has come to.
type Outcome struct {
	Counts event.Counts
	Took   time.Duration
	Status int
	Reason event.Reason // why it ended early; "" if it did not
	Why    string       // the same, for people
}

// Text is the summary: one line of counts and a line for each failure.
func (m *Summary) Text(o *Outcome) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := &o.Counts
	var b strings.Builder
	fmt.Fprintf(&b, "eph: %s in %s", count(c.Read, "item"), round(o.Took))
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
		b.WriteString("; " + plain.Text(o.Why))
	}
	b.WriteByte('\n')
	for _, f := range m.failures {
		fmt.Fprintf(&b, "  %s\n", f)
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

// round keeps about three digits of a duration.
func round(d time.Duration) time.Duration {
	switch {
	case d > time.Minute:
		return d.Round(time.Second)
	case d > time.Second:
		return d.Round(10 * time.Millisecond)
	case d > 100*time.Millisecond:
		return d.Round(time.Millisecond)
	case d > time.Millisecond:
		return d.Round(10 * time.Microsecond)
	}
	return d
}
