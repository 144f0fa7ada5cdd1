package run

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/mostlylucid/eph/internal/item"
)

// next reads items, as item.Reader.Next does.
type next func(context.Context) (item.Item, error)

// orEmpty gives an input without items one that has no record.
func orEmpty(read next) next {
	any := false
	return func(ctx context.Context) (item.Item, error) {
		it, err := read(ctx)
		if errors.Is(err, io.EOF) && !any {
			any = true
			return item.Item{Seq: 1}, nil
		}
		any = true
		return it, err
	}
}

// readAll reads the whole input, which it takes to know how many items there are, and
// returns it anew. Records that cannot be used come in their places.
func (r *Run) readAll(read next) next {
	type result struct {
		it  item.Item
		err error
	}
	var all []result
	var total int64
	for {
		it, err := read(r.intake)
		_, bad := errors.AsType[*item.RecordError](err)
		if err != nil && !bad {
			all = append(all, result{err: err})
			break
		}
		if !bad {
			total++
		}
		all = append(all, result{it, err})
	}
	r.total.Store(total)
	return func(ctx context.Context) (item.Item, error) {
		first := all[0]
		if len(all) > 1 {
			all = all[1:]
		}
		if ctx.Err() != nil {
			return item.Item{}, context.Cause(ctx)
		}
		return first.it, first.err
	}
}

// delimiter is what ends a record in the format of the input.
func (r *Run) delimiter() string {
	if b := r.plan.Input.Blocks; b != nil {
		return b.End
	}
	if d := r.plan.Input.Delimiter; d != "" && !r.plan.Input.JSON {
		return d
	}
	return "\n"
}

// header is the first line of the input, if it names the columns.
func (r *Run) header() string {
	if h := r.input.Header(); h != "" {
		return h
	}
	return strings.Join(r.input.Columns(), " ")
}

// each calls do for every item, until the input or the run ends.
func (r *Run) each(do func(*task) error) error {
	read, stop := r.journal.items(r.input.Next)
	defer stop()
	if r.commands.uses("@total") || r.plan.Halt.At.OfAll {
		read = r.readAll(read)
	}
	if r.plan.Empty == EmptyRun {
		read = orEmpty(read)
	}
	for {
		it, err := read(r.intake)
		if bad, ok := errors.AsType[*item.RecordError](err); ok {
			r.reject(bad)
			continue
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case r.intake.Err() != nil:
			r.books.unread()
			return nil
		case err != nil:
			return err
		}
		if r.plan.Args != nil {
			it.Records = r.plan.Args(it.Records)
		}
		if r.plan.Done != nil && r.plan.Done(it.Seq) {
			it.Block.Release()
			if err := r.out.Skip(it.Seq); err != nil {
				return err
			}
			continue
		}
		r.books.read()
		t := &task{item: it, read: time.Now()}
		if r.journal.passes(t) {
			continue
		}
		if err := do(t); err != nil {
			return err
		}
	}
}

// seed is what the order of the items can be had again with, or nil.
func (r *Run) seed() *uint64 {
	if !r.plan.Input.Shuffle {
		return nil
	}
	return &r.plan.Input.Seed
}
