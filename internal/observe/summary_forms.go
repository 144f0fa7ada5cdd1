package observe

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/plain"
)

// JSON is the summary as one line of JSON.
func (m *Summary) JSON(o *Outcome) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, err := json.Marshal(struct {
		Status   int           `json:"status"`
		Reason   event.Reason  `json:"reason,omitzero"`
		Message  string        `json:"message,omitzero"`
		Wall     event.Seconds `json:"wall_s"`
		Counts   *event.Counts `json:"counts"`
		Failures []string      `json:"failures,omitzero"`
		Unshown  int64         `json:"failures_unshown,omitzero"`
		Warnings []string      `json:"warnings,omitzero"`
	}{o.Status, o.Reason, o.Why, event.Seconds(o.Took), &o.Counts, m.listed(), m.unshown, m.warnings})
	if err != nil {
		return err.Error() + "\n"
	}
	return string(plain.JSON(b)) + "\n"
}

// listed are the failures as lines for any screen.
func (m *Summary) listed() (lines []string) {
	for _, f := range m.failures {
		lines = append(lines, f.in(0, UTF8Marks))
	}
	return lines
}

// Markdown is the summary as a page for people who read it in a browser. What comes from items
// is code there, and no markup.
func (m *Summary) Markdown(o *Outcome) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := &o.Counts
	var b strings.Builder
	fmt.Fprintf(&b, "### eph: %s in %s\n\n", count(c.Read, "item"), span(o.Took))
	b.WriteString("| succeeded | failed | skipped | ended before done | not started | left out | retried | done before |\n|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	fmt.Fprintf(&b, "| %d | %d | %d | %d | %d | %d | %d | %d |\n",
		c.Succeeded, c.Failed, c.Skipped, c.Interrupted, c.Cancelled-c.Interrupted, c.Rejected, c.Retried, c.Resumed)
	if o.Why != "" || len(m.failures)+len(m.warnings) > 0 {
		b.WriteString("\n")
	}
	if o.Why != "" {
		b.WriteString("- ended early: " + code(plain.Text(o.Why)) + "\n")
	}
	for _, f := range m.listed() {
		b.WriteString("- " + code(f) + "\n")
	}
	if m.unshown > 0 {
		fmt.Fprintf(&b, "- and %d more\n", m.unshown)
	}
	for _, w := range m.warnings {
		b.WriteString("- warning: " + code(plain.Text(w)) + "\n")
	}
	return b.String()
}

// code is a text between more backquotes than it holds.
func code(s string) string {
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	return fence + " " + s + " " + fence
}
