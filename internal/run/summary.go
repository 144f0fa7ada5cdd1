package run

import (
	"bufio"
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/observe"
)

// How much of the end of what a failed job wrote to each stream a CI service is told.
const (
	tailLines = 20
	tailBytes = 64 << 10 // of a line
)

// tail is the end of what a task wrote and is not printed yet, where a CI service or a report shows
// it.
func (r *Run) tail(t *task) (last [2][]string) {
	if r.ci == nil && r.plan.JUnit == "" || t.out == nil {
		return last
	}
	for i, stderr := range []bool{false, true} {
		in := bufio.NewScanner(t.out.Held(stderr))
		in.Buffer(nil, tailBytes)
		for in.Scan() {
			last[i] = append(last[i], in.Text())
			if len(last[i]) > tailLines {
				last[i] = last[i][1:]
			}
		}
	}
	return last
}

// summarise prints the summary in the form that was asked for.
func (r *Run) summarise(o *observe.Outcome, wanted bool, rep *Report) {
	if r.ci != nil {
		if r.plan.CI == observe.GitHub {
			settle(r.streams.Out, r.streams.Err)
		}
		_, _ = io.WriteString(r.streams.Err, r.ci.Close())
	}
	if file := r.plan.StepSummary; file != "" {
		if err := appendTo(file, r.summary.Markdown(o)); err != nil {
			rep.Status = fail.Worse(rep.Status, fail.Broken)
			rep.Err = errors.Join(rep.Err, fail.Own("GITHUB_STEP_SUMMARY: %w", err))
		}
	}
	if !wanted {
		return
	}
	text := r.summary.Text(o, r.plan.Progress.columns(), r.plan.Progress.marks())
	switch r.plan.Summary {
	case SummaryJSON:
		text = r.summary.JSON(o)
	case SummaryMarkdown:
		text = r.summary.Markdown(o)
	}
	_, _ = io.WriteString(r.streams.Err, text)
}

func appendTo(file, text string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// wantsSummary reports whether the summary is printed, of a run that e, if not nil, has ended
// early, and that dies by this signal or 0.
func (r *Run) wantsSummary(c *event.Counts, e *ending, dieBy syscall.Signal) bool {
	switch {
	case r.summary == nil || r.plan.Summary == SummaryNone || dieBy == syscall.SIGPIPE:
		return false
	case r.plan.Summary != SummaryAuto:
		return true
	}
	return c.Succeeded+c.Resumed != c.Read || r.journal.changed || c.Rejected > 0 || e != nil && !e.goal || dieBy != 0 || r.summary.Warned()
}
