package template

import (
	"slices"
	"strconv"
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
)

// part is a piece of a template: literal text, or a placeholder.
type part struct {
	text string
	ph   *placeholder // nil for literal text
}

// placeholder is one {...} of a template.
type placeholder struct {
	text    string // as written
	at      int    // its first byte in the template
	from    source
	column  int    // 1-based, from the end when negative; with fromColumn
	query   *query // with fromJSON
	cut     cut
	named   bool // the column is one of the header
	across  bool // columns are counted through all records
	missing Missing

	// Of GNU parallel's; nil and 0 mean none.
	edit  func(string) string      // in place of cut
	pick  func(args []string) bool // an item of which it is false is skipped
	padTo int                      // a number is filled up with zeros to the digits of this one
}

// source is what a placeholder takes its value from.
type source uint8

const (
	fromItem source = iota
	fromColumn
	fromJSON
	fromSeq
	fromSlot
	fromKey
	fromLane
	fromAttempt
	fromTotal
)

// byName are the placeholders that do not depend on the text of the item.
var byName = map[string]source{
	"#": fromSeq, "%": fromSlot,
	"@key": fromKey, "@lane": fromLane, "@attempt": fromAttempt, "@total": fromTotal,
}

// scan splits a template into literal text and placeholders. "{{" is a literal brace.
func scan(text string, o *Options) ([]part, error) {
	var parts []part
	var lit strings.Builder
	for i := 0; i < len(text); {
		ph, err := o.match(text, i)
		switch {
		case err != nil:
			return nil, err
		case ph != nil:
			if lit.Len() > 0 {
				parts = append(parts, part{text: lit.String()})
				lit.Reset()
			}
			if o.NoItem != "" && ph.ofItem() {
				return nil, fail.Usage("%s: %s stands for an item", o.NoItem, ph.text).Place(text, i, len(ph.text)).
					Advise("{#} is the number of the job; {%s stands for the text itself", ph.text)
			}
			ph.at, ph.missing, ph.across = i, o.Missing, o.Across
			parts = append(parts, part{ph: ph})
			i += len(ph.text)
		case !o.Xargs && o.Parallel == nil && strings.HasPrefix(text[i:], "{{"):
			lit.WriteByte('{')
			i += 2
		default:
			lit.WriteByte(text[i])
			i++
		}
	}
	if lit.Len() > 0 || len(parts) == 0 {
		parts = append(parts, part{text: lit.String()})
	}
	return parts, nil
}

// match returns the placeholder that starts at byte i of text, or nil.
func (o *Options) match(text string, i int) (*placeholder, error) {
	if o.Parallel != nil {
		return o.matchParallel(text, i)
	}
	replace := o.Replace
	if replace == "" && !o.Xargs {
		replace = "{}"
	}
	rest := text[i:]
	if replace != "" && strings.HasPrefix(rest, replace) {
		return &placeholder{text: replace}, nil
	}
	if o.Xargs || rest[0] != '{' || strings.HasPrefix(rest, "{{") {
		return nil, nil
	}
	end := strings.IndexByte(rest, '}')
	if end < 1 {
		return nil, nil
	}
	body := rest[1:end]
	ph := &placeholder{text: rest[:end+1]}
	if from, ok := byName[body]; ok {
		ph.from = from
		return ph, nil
	}
	if c, ok := cutNamed(body); ok && body != "" {
		ph.cut = c
		return ph, nil
	}
	if base, c := splitCut(body, true); isColumn(base) {
		n, err := strconv.Atoi(base)
		if err == nil {
			ph.from, ph.column, ph.cut = fromColumn, n, c
			return ph, nil
		}
	}
	if n, c, ok := o.header(body); ok {
		ph.from, ph.column, ph.cut, ph.named = fromColumn, n, c, true
		return ph, nil
	}
	if word, ok := strings.CutPrefix(body, "@"); ok && isWord(word) {
		return nil, unknownName(text, i, ph.text)
	}
	if near := fail.Nearest(body, o.Columns); near != "" && isWord(body) && len(body) > 2 {
		return nil, fail.Usage("the header has no column %q", body).Place(text, i, len(ph.text)).
			Advise("{%s}; {%s stands for the text itself", near, ph.text)
	}
	return o.matchJSON(text, i)
}

// header finds a header column. A column's whole name goes before a name with a path
// operation, so that a column called "a/" stays within reach.
func (o *Options) header(body string) (int, cut, bool) {
	if n := slices.Index(o.Columns, body); n >= 0 && body != "" {
		return n + 1, whole, true
	}
	base, c := splitCut(body, true)
	if n := slices.Index(o.Columns, base); n >= 0 && base != "" {
		return n + 1, c, true
	}
	return 0, whole, false
}

func unknownName(text string, at int, ph string) error {
	known := []string{"{@key}", "{@lane}", "{@attempt}", "{@total}"}
	e := fail.Usage("there is no placeholder %s", ph).Place(text, at, len(ph))
	if near := fail.Nearest(ph, known); near != "" {
		return e.Advise("did you mean %s? The others are %s; %s stands for the text itself", near,
			strings.Join(slices.DeleteFunc(known, func(s string) bool { return s == near }), " "), "{"+ph)
	}
	return e.Advise("there are %s; %s stands for the text itself", strings.Join(known, " "), "{"+ph)
}

// isColumn reports whether s is a column number: 1, 2, ... or -1, -2, ...
func isColumn(s string) bool {
	s = strings.TrimPrefix(s, "-")
	return s != "" && s[0] != '0' && len(s) < 7 && strings.Trim(s, "0123456789") == ""
}

func isWord(s string) bool {
	return s != "" && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz_-") == ""
}

// isNumber reports whether the value is always a number that eph counted: no item can change it, so
// that it may stand in arithmetic.
func (p *placeholder) isNumber() bool {
	return p.from == fromSeq || p.from == fromSlot || p.from == fromAttempt || p.from == fromTotal
}

// ofItem reports whether the value is a part of the item.
func (p *placeholder) ofItem() bool {
	return p.from == fromItem || p.from == fromColumn || p.from == fromJSON
}

func (p *placeholder) uses(name string) bool {
	if name == "@total" {
		return p.from == fromTotal || p.padTo == padToTotal
	}
	return p.text == "{"+name+"}"
}

func uses(parts []part, name string) bool {
	for _, p := range parts {
		if p.ph != nil && p.ph.uses(name) {
			return true
		}
	}
	return false
}
