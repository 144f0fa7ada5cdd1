package item

import (
	"context"
	"io"
	"regexp"
	"strings"
)

// feed yields records, one after the other. next stores one in rec, or returns io.EOF at
// the end, a *RecordError for a record that cannot be used, or what ended the input.
type feed interface {
	next(ctx context.Context, rec *Record) error
}

// values yields the records that stand on the command line.
type values struct {
	texts []string
	json  bool
	comma byte // of CSV; 0 is none
	at    int64
}

func (v *values) next(_ context.Context, rec *Record) error {
	if len(v.texts) == 0 {
		return io.EOF
	}
	text := v.texts[0]
	v.texts = v.texts[1:]
	v.at++
	if v.json {
		return parseValue(text, argument, v.at, rec)
	}
	if v.comma != 0 {
		return parseRow(text, v.comma, argument, v.at, rec)
	}
	*rec = Record{Text: text, Source: argument, Line: v.at}
	return nil
}

// split yields the records of a feed with their columns.
type split struct {
	feed
	sep *regexp.Regexp
}

func (s split) next(ctx context.Context, rec *Record) error {
	err := s.feed.next(ctx, rec)
	if err == nil {
		rec.Fields = s.sep.Split(rec.Text, -1)
	}
	return err
}

// blankless yields the records of a feed that are not blank.
type blankless struct{ feed }

func (b blankless) next(ctx context.Context, rec *Record) error {
	for {
		if err := b.feed.next(ctx, rec); err != nil || strings.Trim(rec.Text, blanks) != "" {
			return err
		}
	}
}

// continued joins the records of a feed that end with white space with those after them.
type continued struct{ feed }

func (c continued) next(ctx context.Context, rec *Record) error {
	ctx = calm(ctx) // a record is read whole
	if err := c.feed.next(ctx, rec); err != nil {
		return err
	}
	for rec.Text != "" && strings.IndexByte(blanks, rec.Text[len(rec.Text)-1]) >= 0 {
		var more Record
		if err := c.feed.next(ctx, &more); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		rec.Text += more.Text
	}
	return nil
}

// until yields the records of a feed up to one with this text.
type until struct {
	feed
	text string
	met  bool
}

func (u *until) next(ctx context.Context, rec *Record) error {
	if u.met {
		return io.EOF
	}
	err := u.feed.next(ctx, rec)
	if u.met = err == nil && rec.Text == u.text; u.met {
		return io.EOF
	}
	return err
}
