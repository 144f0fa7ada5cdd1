package control

import (
	"fmt"
	"strings"
	"time"

	"github.com/mostlylucid/eph/internal/plain"
)

// mostAttempts is how many running jobs the text of a status shows.
const mostAttempts = 20

// Text is the status for people, with nothing in it that a terminal would obey.
func (s *Status) Text(now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "run       %s, process %d, for %s\n", plain.Text(s.Run), s.PID, now.Sub(s.Began).Round(time.Second))
	fmt.Fprintf(&b, "command   %s\n", plain.Cut(s.Command, 100))
	fmt.Fprintf(&b, "items     %d read: %d succeeded, %d failed, %d skipped, %d cancelled, %d retries\n",
		s.Read, s.Succeeded, s.Failed, s.Skipped, s.Cancelled, s.Retried)
	fmt.Fprintf(&b, "jobs      %d of %d run, %d wait, %d are held\n", s.Running, s.Jobs, s.Waiting, s.Delayed)
	if s.Rate != "" {
		fmt.Fprintf(&b, "rate      %s\n", plain.Cut(s.Rate, 100))
	}
	for _, h := range s.Held {
		fmt.Fprintf(&b, "held      %s: %s", plain.Cut(h.By, 100), plain.Cut(h.What, 100))
		if h.Left > 0 {
			fmt.Fprintf(&b, ", for %s", time.Duration(h.Left*float64(time.Second)).Round(100*time.Millisecond))
		}
		b.WriteByte('\n')
	}
	for i, a := range s.Attempts {
		if i == mostAttempts {
			fmt.Fprintf(&b, "          and %d more\n", len(s.Attempts)-i)
			break
		}
		fmt.Fprintf(&b, "running   item %d, attempt %d, for %s: %s\n", a.Seq, a.Attempt,
			time.Duration(a.For*float64(time.Second)).Round(100*time.Millisecond), plain.Cut(a.Item, 60))
	}
	return b.String()
}

// Line is the run in one line, as one of several.
func (s *Status) Line(now time.Time) string {
	if s.PID == 0 {
		return plain.Text(s.Run) + "  does not answer"
	}
	return fmt.Sprintf("%s  process %d, for %s, in %s: %s", plain.Text(s.Run), s.PID,
		now.Sub(s.Began).Round(time.Second), plain.Cut(s.Dir, 60), plain.Cut(s.Command, 60))
}
