package item

import (
	"context"
	"strings"
)

// Trim says on which sides of a record, and of each of its columns, blanks are taken off.
type Trim uint8

// The sides, which can be combined.
const (
	TrimLeft Trim = 1 << iota
	TrimRight
)

// blanks are what the regular expressions of GNU parallel take for white space.
const blanks = " \t\n\v\f\r"

func (t Trim) cut(s string) string {
	if t&TrimLeft != 0 {
		s = strings.TrimLeft(s, blanks)
	}
	if t&TrimRight != 0 {
		s = strings.TrimRight(s, blanks)
	}
	return s
}

// trimmed yields the records of a feed without blanks around them. A record of a file that
// becomes empty by that is passed over unless it is to be kept.
type trimmed struct {
	feed
	sides     Trim
	keepEmpty bool
}

func (t trimmed) next(ctx context.Context, rec *Record) error {
	for {
		if err := t.feed.next(ctx, rec); err != nil {
			return err
		}
		original := rec.Original()
		if rec.Text = t.sides.cut(rec.Text); rec.Text != original {
			rec.Raw = original
		}
		for i := range rec.Fields {
			rec.Fields[i] = t.sides.cut(rec.Fields[i])
		}
		if rec.Text != "" || t.keepEmpty {
			return nil
		}
	}
}
