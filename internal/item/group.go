package item

import (
	"context"
	"io"
	"slices"
	"strings"
)

// group is sources that are linked: a row takes one record of each.
type group struct {
	feeds []feed
	errs  []error // to be returned before anything else
}

// next returns a row. A row with a record that cannot be used is lost as a whole, so that
// the records after it still meet their partners.
func (g *group) next(ctx context.Context) ([]Record, error) {
	if len(g.errs) > 0 {
		err := g.errs[0]
		g.errs = g.errs[1:]
		return nil, err
	}
	ctx = calm(ctx) // a row is read whole
	row := make([]Record, len(g.feeds))
	for i, f := range g.feeds {
		err := f.next(ctx, &row[i])
		if unusable(err) {
			g.errs = append(g.errs, err)
		} else if err != nil {
			return nil, err
		}
	}
	if len(g.errs) > 0 {
		return g.next(ctx)
	}
	return row, nil
}

// hold reads all rows of g. It returns the records that cannot be used as errs.
func (g *group) hold(ctx context.Context) (rows [][]Record, errs []error, err error) {
	for {
		row, err := g.next(ctx)
		switch {
		case err == nil:
			rows = append(rows, row)
		case unusable(err):
			errs = append(errs, err)
		case err == io.EOF:
			return rows, errs, nil
		default:
			return nil, nil, err
		}
	}
}

// product yields every combination of the rows of its groups as one record. The first
// group is read as it goes along.
type product struct {
	first *group
	held  [][][]Record // the rows of the other groups
	json  bool

	sources []*atLeastOne // all of them, where an empty one is one empty record beside others

	row []Record // of first; nil: to be read
	at  []int    // which row of each other group comes next
}

func (p *product) next(ctx context.Context, rec *Record) error {
	if p.row == nil {
		row, err := p.first.next(ctx)
		if err != nil {
			return err
		}
		if len(p.sources) > 0 && !slices.ContainsFunc(p.sources, func(s *atLeastOne) bool { return !s.empty }) {
			return io.EOF
		}
		p.row = row
	}
	if slices.ContainsFunc(p.held, func(rows [][]Record) bool { return len(rows) == 0 }) {
		return io.EOF
	}
	parts := slices.Clone(p.row)
	for i, rows := range p.held {
		parts = append(parts, rows[p.at[i]]...)
	}
	*rec = join(parts, p.json)
	p.step()
	return nil
}

// atLeastOne yields an empty record where a feed has none.
type atLeastOne struct {
	feed
	began, empty bool
}

func (a *atLeastOne) next(ctx context.Context, rec *Record) error {
	err := a.feed.next(ctx, rec)
	if err == io.EOF && !a.began {
		a.empty, err = true, nil
		*rec = Record{Source: argument}
	}
	a.began = a.began || err == nil
	return err
}

// step goes on to the next combination, the last group varying fastest.
func (p *product) step() {
	for i := len(p.at) - 1; i >= 0; i-- {
		p.at[i]++
		if p.at[i] < len(p.held[i]) {
			return
		}
		p.at[i] = 0
	}
	p.row = nil
}

// join makes one record of several. Its place is that of the first, its Value an array.
func join(parts []Record, json bool) Record {
	whole := Record{Source: parts[0].Source, Line: parts[0].Line}
	texts := make([]string, len(parts))
	var decoded []any
	for i, part := range parts {
		texts[i] = part.Text
		decoded = append(decoded, part.Value)
		whole.Fields = append(whole.Fields, part.columns()...)
	}
	whole.Text = strings.Join(texts, " ")
	if json {
		whole.Value = decoded
	}
	return whole
}
