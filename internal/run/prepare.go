package run

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/mostlylucid/eph/internal/item"
)

// next reads items, as item.Reader.Next does.
type next func(context.Context) (item.Item, error)

// newID is a name for a run that sorts by time.
func newID() string {
	return time.Now().UTC().Format("20060102T150405Z-") + strings.ToLower(rand.Text()[:6])
}

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

// heard reports whether anybody listens to a name, so that it pays to say it.
func (r *Run) heard(name string) bool { return r.sink.Topic(name).Live() }

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
