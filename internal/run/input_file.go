package run

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
)

// spare leaves a file as it was that the items came from and that the list of those that failed
// was to replace, unless every item in it has succeeded or is in that list: the others are nowhere
// else. err is the failure of eph itself, or nil.
func (r *Run) spare(c *event.Counts, err error) {
	in := &r.plan.Input
	if r.failed == nil || !r.readsFrom(r.plan.Failed) ||
		c.Succeeded+c.Resumed+r.failed.Listed() == c.Read && err == nil && !r.books.incomplete() && in.Skip == 0 && in.Limit == 0 && in.Until == "" {
		return
	}
	r.failed.Discard()
	r.records = slices.DeleteFunc(r.records, func(c io.Closer) bool { return c == r.failed })
	r.warn(fmt.Sprintf("--failed: %s is left as it was, because it holds items that were not run", r.plan.Failed))
}

// writesInput is the error of a run that would write over the file that its items come from before
// they are read. --failed alone may name it, for it is written at the end.
func (r *Run) writesInput() error {
	p := &r.plan
	for _, f := range []struct{ flag, name string }{
		{"--log", p.Log},
		{"--journal", p.Journal.File},
		{"--joblog", strings.TrimPrefix(p.Joblog, "+")},
		{"--junit", p.JUnit},
		{"--metrics", p.Metrics},
		{"--results", p.Results.Path},
	} {
		if r.readsFrom(f.name) {
			return fail.Usage("%s would overwrite %s, which the items are read from", f.flag, f.name).Advise("%s another file", f.flag)
		}
	}
	return nil
}

// readsFrom reports whether items come from this file, by whatever name.
func (r *Run) readsFrom(name string) bool {
	file, err := os.Stat(name)
	if err != nil || !file.Mode().IsRegular() {
		return false
	}
	stdin, err := r.streams.In.Stat()
	sources := r.plan.Input.Sources
	if len(sources) == 0 {
		return err == nil && os.SameFile(stdin, file)
	}
	return slices.ContainsFunc(sources, func(s item.Source) bool {
		from, err := stdin, err
		if s.File != "-" {
			from, err = os.Stat(s.File)
		}
		return err == nil && os.SameFile(from, file)
	})
}
