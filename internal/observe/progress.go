package observe

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/plain"
)

// Progress is how far a run has come.
type Progress struct {
	Counts  event.Counts
	Total   int64 // items there will be; 0 while that is not known
	Took    time.Duration
	Running []Running
	Waiting int
	Delayed int // of them, for a retry or a gate
	Slots   int
	Held    string  // why nothing starts; "" if that needs no word
	Ends    bool    // that is because the run ends early
	Rate    float64 // items that were done in a second, lately
}

// Running is an attempt that is under way.
type Running struct {
	Seq       int64
	Key, Item string
	For       time.Duration
}

// Marks are what a line of progress begins with, for terminals and logs of one alphabet.
type Marks struct{ ok, failed, again, run, full, half, empty, rest string }

// The marks. Half is the end of the full part of a bar.
var (
	UTF8Marks  = Marks{"✓", "✗", "↻", "▶", "━", "╸", "─", "…"}
	ASCIIMarks = Marks{"ok", "FAIL", "retry", ">", "=", ">", "-", "..."}
)

// The measures of a screen of progress.
const (
	mostRunning = 5  // lines of attempts
	mostBar     = 40 // cells of a bar
	leastBar    = 10 // beside everything else on one line
	barStep     = 5  // by which it grows, so that it does not twitch as figures do
	narrow      = 60 // from so few cells on, only the last two lines are shown
)

// Frame is the progress as lines for a screen with so many columns, at most eight, none of
// which reaches its edge or holds anything but text.
func (p *Progress) Frame(columns int, m Marks) []string {
	var lines []string
	add := func(left, right string) {
		room := columns - 1
		if right != "" {
			room -= Cells(right) + 2
		}
		left = cut(left, room, m.rest)
		if right != "" {
			left += strings.Repeat(" ", max(2, columns-1-Cells(left)-Cells(right))) + right
		}
		lines = append(lines, cut(left, columns-1, ""))
	}
	if columns >= narrow {
		slices.SortFunc(p.Running, func(a, b Running) int { return cmp.Compare(b.For, a.For) })
		shown := p.Running[:min(mostRunning, len(p.Running))]
		for _, r := range shown {
			what := fmt.Sprintf("#%d  %s", r.Seq, plain.CutTo(r.Item, columns, m.rest))
			if r.Key != "" && r.Key != r.Item {
				what = plain.CutTo(r.Key, 20, m.rest) + "  " + what
			}
			add(m.run+" "+what, clock(r.For))
		}
		var more []string
		for _, x := range []struct {
			n    int
			what string
		}{{len(p.Running) - len(shown), "+%d running"}, {p.Waiting, "%d waiting"}, {p.Delayed, "%d in back-off"}} {
			if x.n > 0 {
				more = append(more, fmt.Sprintf(x.what, x.n))
			}
		}
		if p.Held != "" {
			more = append(more, plain.CutTo(p.Held, columns, m.rest))
		}
		if more != nil {
			add("  "+strings.Join(more, "   "), "")
		}
	}
	counts := p.counts(m) + fmt.Sprintf("   %d/%d slots", len(p.Running), p.Slots)
	pace := p.pace()
	if whole := counts + "   " + pace; p.fits(whole, columns) {
		add(p.withBar(whole, columns, m), "")
	} else {
		add(p.withBar(counts, columns, m), "")
		add(pace, "")
	}
	return lines
}

// fits reports whether text is short enough for one line, with a bar if there is one.
func (p *Progress) fits(text string, columns int) bool {
	if p.hasBar() {
		text += " " + strings.Repeat(" ", leastBar)
	}
	return Cells(text) < columns
}

// withBar is text behind the bar for which it leaves room.
func (p *Progress) withBar(text string, columns int, m Marks) string {
	if bar := p.bar(min(mostBar, columns-2-Cells(text)), m); bar != "" {
		return bar + " " + text
	}
	return text
}

// Line is the progress as one line for a log.
func (p *Progress) Line(m Marks) string {
	line := "eph: " + p.counts(m)
	if pace := p.pace(); pace != "" {
		line += "  " + pace
	}
	if p.Held != "" {
		line += "  " + plain.Text(p.Held)
	}
	return line
}

// counts are how many items have ended, of how many, and how.
func (p *Progress) counts(m Marks) string {
	c := &p.Counts
	passed := c.Skipped
	var s string
	switch {
	case p.Ends:
		s = fmt.Sprintf("%d done", c.Done())
		if c.Interrupted > 0 {
			s += fmt.Sprintf(", %d ended", c.Interrupted)
		}
		if n := c.Cancelled - c.Interrupted; n > 0 {
			s += fmt.Sprintf(", %d not started", n)
		}
	case p.Total > 0:
		s = fmt.Sprintf("%d/%d", c.Done(), p.toDo())
		passed += c.Cancelled
	default:
		s = fmt.Sprintf("%d done, %d+ read", c.Done(), c.Read)
		passed += c.Cancelled
	}
	s += fmt.Sprintf("   %s %d", m.ok, c.Succeeded)
	for _, x := range []struct {
		n    int64
		mark string
	}{{c.Failed, m.failed}, {c.Retried, m.again}, {passed, "-"}} {
		if x.n > 0 {
			s += fmt.Sprintf("  %s %d", x.mark, x.n)
		}
	}
	return s
}

// toDo is how many items there are to be done, or were.
func (p *Progress) toDo() int64 { return p.Total - p.Counts.Cancelled }

// pace is how fast it goes, and when it will be over if all is to be done.
func (p *Progress) pace() string {
	if p.Rate <= 0 {
		return "running for " + clock(p.Took)
	}
	s := fmt.Sprintf("%.1f/s", p.Rate)
	if p.Rate < 1 {
		s = fmt.Sprintf("%.1f/min", p.Rate*60)
	}
	if left := p.toDo() - p.Counts.Done(); p.Total > 0 && left > 0 && !p.Ends {
		if eta := float64(left) / p.Rate; eta < 365*24*3600 {
			s += "  eta " + clock(time.Duration(eta*float64(time.Second)))
		}
	}
	return s
}

// hasBar reports whether there is a share to be shown.
func (p *Progress) hasBar() bool { return p.toDo() > 0 && !p.Ends }

// bar is a line of n cells, or a few less, of which the share that is done is filled; "" where it
// says nothing.
func (p *Progress) bar(n int, m Marks) string {
	n -= n % barStep
	if !p.hasBar() || n < leastBar {
		return ""
	}
	full := int(int64(n) * min(p.Counts.Done(), p.toDo()) / p.toDo())
	if full == n {
		return strings.Repeat(m.full, n)
	}
	return strings.Repeat(m.full, full) + m.half + strings.Repeat(m.empty, n-full-1)
}

// Failure is one line about an attempt or an item that did not succeed, for a screen with so many
// columns.
func Failure(name string, f *event.Fields, columns int, m Marks) string {
	mark := m.failed
	if name == event.JobAttemptFailed {
		mark = m.again
	}
	l := describe(name, f)
	l.before = mark + " " + l.before
	if f.RetryIn > 0 {
		l.after += ", again in " + span(time.Duration(f.RetryIn))
	}
	return l.in(columns, m)
}

// clock is a time that people read as it passes.
func clock(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// Cells is how wide text is on a terminal.
func Cells(s string) int { return runewidth.StringWidth(s) }

// cut makes text no wider than n cells, of which the last is then tail.
func cut(s string, n int, tail string) string { return runewidth.Truncate(s, max(n, 0), tail) }

// Pace measures how fast items end, over the last half minute.
type Pace struct{ at, ended [30]float64 }

// Take adds what has ended since the beginning, and returns the rate.
func (p *Pace) Take(took time.Duration, ended int64) float64 {
	now := took.Seconds()
	i := int(now) % len(p.at)
	if int(now) != int(p.at[i]) {
		p.at[i], p.ended[i] = now, float64(ended)
	}
	from, before := 0.0, 0.0
	if now >= float64(len(p.at)) {
		oldest := now
		for j, at := range p.at {
			if at < oldest && now-at < float64(len(p.at)) {
				oldest, from, before = at, at, p.ended[j]
			}
		}
	}
	if now-from < 0.1 {
		return 0
	}
	return (float64(ended) - before) / (now - from)
}

// Every calls do each time a span has passed, until ctx ends.
func Every(ctx context.Context, span time.Duration, do func()) {
	t := time.NewTicker(span)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			do()
		}
	}
}
