package item

import (
	"context"
	"io"
)

// linked yields rows of one record of each feed. A feed that has ended begins anew, until all
// have ended; so what they yielded is held, except that of the last one that is left.
type linked struct {
	feeds []feed
	json  bool

	held  [][]held
	ended []bool
	left  int     // feeds that have not ended
	at    int     // rows so far
	errs  []error // of the row at hand, to be returned before anything else
}

// held is a record, or why it cannot be used. A row that comes round to it is lost again.
type held struct {
	rec Record
	err error
}

func newLinked(feeds []feed, json bool) *linked {
	n := len(feeds)
	return &linked{feeds: feeds, json: json, held: make([][]held, n), ended: make([]bool, n), left: n}
}

func (l *linked) next(ctx context.Context, rec *Record) error {
	ctx = calm(ctx) // a row is read whole
	for {
		if len(l.errs) > 0 {
			err := l.errs[0]
			l.errs = l.errs[1:]
			return err
		}
		row := make([]held, len(l.feeds))
		for i := range l.feeds {
			if err := l.take(ctx, i, &row[i]); err != nil {
				return err
			}
		}
		if l.left == 0 {
			return io.EOF
		}
		l.at++
		parts := make([]Record, 0, len(row))
		for _, h := range row {
			if h.err != nil {
				l.errs = append(l.errs, h.err)
			}
			parts = append(parts, h.rec)
		}
		if len(l.errs) == 0 {
			*rec = join(parts, l.json)
			return nil
		}
	}
}

// take stores what feed i has for the row at hand in h.
func (l *linked) take(ctx context.Context, i int, h *held) error {
	if !l.ended[i] {
		err := l.feeds[i].next(ctx, &h.rec)
		switch {
		case err == io.EOF:
			l.ended[i] = true
			l.left--
		case err != nil && !unusable(err):
			return err
		case l.left == 1:
			l.held[i] = nil
			h.err = err
			return nil
		default:
			h.err = err
			l.held[i] = append(l.held[i], *h)
			return nil
		}
	}
	if l.left == 0 || len(l.held[i]) == 0 {
		return io.EOF // there is nothing to begin anew with, of a source without a record
	}
	*h = l.held[i][l.at%len(l.held[i])]
	return nil
}
