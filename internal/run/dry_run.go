package run

import (
	"fmt"
	"io"
	"time"

	"github.com/mostlylucid/eph/internal/plain"
)

// DryRun prints the command of every item on standard output, in a form that a shell can run,
// and runs none. The order is that of the input.
func (r *Run) DryRun() Report {
	r.began = time.Now()
	defer r.journal.close()
	rep := r.report(r.each(func(t *task) error {
		t.attempt, t.slot = 1, 1
		_, err := r.classify(t)
		if err == nil {
			_, err = r.command(t)
		}
		if err != nil {
			r.unfit(t, err) // or skips it
			return nil
		}
		tag, err := r.tag(t)
		if tag != "" {
			tag = plain.Text(tag) + "\t"
		}
		if err == nil {
			r.books.succeeded()
			line := t.text()
			if r.commands.command != nil {
				line = r.commands.display(t, r)
			}
			_, err = io.WriteString(r.streams.Out, tag+line+"\n")
		}
		return err
	}))
	if r.journal.resumes() {
		c := r.books.counts()
		_, _ = fmt.Fprintf(r.streams.Err, "eph: %d done before, %d failed before\n", c.Resumed, c.Skipped)
	}
	return rep
}
