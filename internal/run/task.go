package run

import (
	"strconv"
	"strings"
	"time"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/internal/output"
	"github.com/mostlylucid/eph/internal/template"
	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/patterns"
)

// task is one item on its way through the run.
type task struct {
	item     item.Item
	key      string
	lane     string
	priority int
	read     time.Time
	held     int           // bytes, of the budget
	digest   event.Digest  // with a journal
	was      event.Was     // there
	delivery *delivery     // there, from the end on
	circuit  *circuit      // nil without --breaker
	pass     patterns.Pass // of the circuit, which waits to be told how the attempt went

	// Of the last attempt.
	attempt   int
	started   bool // a job of it was, in this attempt or before
	slot      int
	argv      []string
	stdinFile string // with --stdin file:
	result    job.Result
	failure   *failure // why it did not succeed; nil if it did
	out       *output.Job
	files     *files // with --results DIR or --files
	excess    excess // with --max-output
}

// classify fills in what orders a task, and says how it is to be put.
func (r *Run) classify(t *task) ([]coord.PutOption, error) {
	v := r.values(t, 1, 0)
	var opts []coord.PutOption
	var err error
	if r.commands.key != nil {
		if t.key, err = r.commands.key.Expand(v); err != nil {
			return nil, err
		}
	}
	if r.commands.lane != nil {
		if t.lane, err = r.commands.lane.Expand(v); err != nil {
			return nil, err
		}
		lane := -1
		var known []string
		for i, l := range r.plan.Lanes {
			known = append(known, l.Name)
			if l.Name == t.lane {
				lane = i
			}
		}
		if lane < 0 {
			return nil, fail.Own("item %d belongs to lane %q, which --lanes does not list", t.item.Seq, t.lane).
				Advise("--lanes %s", strings.Join(append(known, t.lane), ","))
		}
		opts = append(opts, coord.InLane(lane))
	}
	if r.commands.priority != nil {
		text, err := r.commands.priority.Expand(v)
		if err != nil {
			return nil, err
		}
		if t.priority, err = strconv.Atoi(strings.TrimSpace(text)); err != nil {
			return nil, fail.Own("item %d: the priority %q is not a whole number", t.item.Seq, text)
		}
		opts = append(opts, coord.Priority(t.priority))
	}
	return opts, nil
}

// values are what the templates are expanded with.
func (r *Run) values(t *task, attempt, slot int) *template.Values {
	return &template.Values{Item: t.item, Slot: slot, Attempt: attempt, Key: t.key, Lane: t.lane, Total: r.total.Load()}
}

// text is the item's text: what {} stands for.
func (t *task) text() string {
	if len(t.item.Records) == 1 {
		return t.item.Records[0].Text
	}
	texts := make([]string, len(t.item.Records))
	for i := range t.item.Records {
		texts[i] = t.item.Records[i].Text
	}
	return strings.Join(texts, "\n")
}

// original is the item as the input had it, for a file of failed items.
func (r *Run) original(t *task) string {
	delimiter := r.delimiter()
	if t.item.Block != nil {
		if r.plan.Failed == "" {
			return "" // a block is too much to be copied for nobody
		}
		return strings.TrimSuffix(string(t.item.Block.Bytes()), delimiter)
	}
	var all []string
	for i := range t.item.Records {
		all = append(all, t.item.Records[i].Original())
	}
	return strings.Join(all, delimiter)
}
