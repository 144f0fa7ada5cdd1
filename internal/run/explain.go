package run

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/output"
	"github.com/mostlylucid/eph/internal/plain"
)

// DryRun prints the command of every item on standard output, in a form that a shell can run,
// and runs none. The order is that of the input.
func (r *Run) DryRun(context.Context) Report {
	r.began = time.Now()
	return r.report(r.each(func(t *task) error {
		t.attempt, t.slot = 1, 1
		_, err := r.classify(t)
		if err == nil {
			_, err = r.command(t)
		}
		if err != nil {
			r.unfit(t, err)
			return nil
		}
		r.books.succeeded()
		_, err = io.WriteString(r.streams.Out, r.commands.display(t, r)+"\n")
		return err
	}))
}

// Explain says in words what the run would do. It reads no item.
func (r *Run) Explain(w io.Writer) error {
	p := &r.plan
	var b strings.Builder
	say := func(what, format string, args ...any) {
		fmt.Fprintf(&b, "%-9s %s\n", what, fmt.Sprintf(format, args...))
	}
	say("items", "%s", describeInput(p))
	switch c := r.commands.command; {
	case c == nil:
		say("command", "each item is a command line, run by %s -c", r.commands.shell)
	case c.UsesShell():
		say("command", "a shell template, run by %s; the values of items come in as variables, never as text", r.commands.path)
		for line := range strings.Lines(c.Script()) {
			say("", "  %s", plain.Text(strings.TrimSuffix(line, "\n")))
		}
	default:
		say("command", "run without a shell: %s", strings.Join(append([]string{r.commands.path}, p.Words[min(1, len(p.Words)):]...), " "))
	}
	if c := r.commands.command; c != nil {
		for _, warning := range c.Warnings() {
			say("beware", "%s", warning.What)
		}
	}
	say("at once", "%d", p.Jobs)
	if p.Delay > 0 {
		say("", "and no two starts within %s", p.Delay)
	}
	say("order", "%s", describeOrder(p))
	if p.Attempts > 1 {
		say("failure", "up to %d attempts, after pauses of %s, doubling up to %s", p.Attempts, p.RetryDelay, p.RetryMaxDelay)
	} else {
		say("failure", "one attempt")
	}
	for _, l := range []struct {
		d    time.Duration
		what string
	}{{p.Timeout, "a job is ended after %s"}, {p.Deadline, "the run is ended after %s"}} {
		if l.d > 0 {
			say("", l.what, l.d)
		}
	}
	say("output", "%s", describeOutput(p))
	_, err := io.WriteString(w, b.String())
	if err != nil {
		return fail.Own("cannot explain: %w", err)
	}
	return nil
}

func describeInput(p *Plan) string {
	kind := "lines"
	switch {
	case p.Input.JSON:
		kind = "JSON values"
	case p.Input.Delimiter == "\x00":
		kind = "strings that end with NUL"
	case p.Input.Delimiter != "" && p.Input.Delimiter != "\n":
		kind = fmt.Sprintf("strings that end with %q", p.Input.Delimiter)
	}
	var from []string
	for _, s := range p.Input.Sources {
		switch {
		case s.File == "-":
			from = append(from, kind+" of standard input")
		case s.File != "":
			from = append(from, kind+" of "+plain.Text(s.File))
		default:
			from = append(from, fmt.Sprintf("%d arguments", len(s.Values)))
		}
	}
	if from == nil {
		from = []string{kind + " of standard input"}
	}
	text := strings.Join(from, ", combined with ")
	switch {
	case p.Fill:
		text += ", as many to a job as a command line holds"
	case p.Input.MaxArgs > 1:
		text += fmt.Sprintf(", %d to a job", p.Input.MaxArgs)
	}
	return text
}

func describeOrder(p *Plan) string {
	var parts []string
	if p.Key != "" {
		parts = append(parts, fmt.Sprintf("items with the same %s start in order, %d at once", p.Key, p.KeyJobs))
	}
	if p.Lane != "" {
		parts = append(parts, "lanes by "+p.Lane)
	}
	if p.Priority != "" {
		parts = append(parts, "higher "+p.Priority+" first")
	}
	if parts == nil {
		parts = []string{"first come, first served"}
	}
	return strings.Join(parts, "; ")
}

func describeOutput(p *Plan) string {
	text := "each job's, whole, when it has ended"
	switch p.Output.Mode {
	case output.Lines:
		text = "whole lines as they come"
	case output.Raw:
		text = "straight from the jobs, not kept apart"
	}
	if p.Output.KeepOrder {
		text += ", in the order of the items"
	}
	return text
}
