package run

import (
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/item"
)

// spare leaves a file as it was that the items came from and that the list of those that failed
// was to replace, unless every item in it has succeeded or is in that list: the others are nowhere
// else. err is the failure of eph itself, or nil.
func (r *Run) spare(c *event.Counts, err error) {
	in := &r.plan.Input
	if r.failed == nil || !r.replacesInput() ||
		c.Succeeded+c.Resumed+r.failed.Listed() == c.Read && err == nil && !r.books.incomplete() && in.Skip == 0 && in.Limit == 0 && in.Until == "" {
		return
	}
	r.failed.Discard()
	r.records = slices.DeleteFunc(r.records, func(c io.Closer) bool { return c == r.failed })
	r.warn(fmt.Sprintf("--failed: %s stays as it was, for it holds items that were not run", r.plan.Failed))
}

// replacesInput reports whether items come from the file that gets those that failed.
func (r *Run) replacesInput() bool {
	list, err := os.Stat(r.plan.Failed)
	if err != nil || !list.Mode().IsRegular() {
		return false
	}
	typed, err := r.streams.In.Stat()
	sources := r.plan.Input.Sources
	if len(sources) == 0 {
		return err == nil && os.SameFile(typed, list)
	}
	return slices.ContainsFunc(sources, func(s item.Source) bool {
		from, err := typed, err
		if s.File != "-" {
			from, err = os.Stat(s.File)
		}
		return err == nil && os.SameFile(from, list)
	})
}
