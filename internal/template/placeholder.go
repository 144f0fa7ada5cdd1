package template

import (
	"slices"
	"strconv"
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
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

// perRecord reports whether p has a value for each record of an item, rather than one for the
// whole item. {2} does when the records have columns; without columns it names a record.
func (p *placeholder) perRecord(s shape) bool {
	switch p.from {
	case fromItem, fromJSON:
		return true
	case fromColumn:
		return !p.across && (s.records == 1 || s.columned)
	default:
		return false
	}
}

// isNumber reports whether the value is always a number that eph counted: no item can change it, so
// that it may stand in arithmetic.
func (p *placeholder) isNumber() bool {
	return p.from == fromSeq || p.from == fromSlot || p.from == fromAttempt || p.from == fromTotal
}

// shape is what the form of a command depends on, of all that an item is.
type shape struct {
	records  int
	columned bool // the records have columns
}

// omitted reports whether p names a record that the item has not, and is left out for it.
func (p *placeholder) omitted(s shape) bool {
	if p.missing != MissingOmit || p.from != fromColumn {
		return false
	}
	_, ok := index(p.column, s.records)
	return !ok
}

func shapeOf(it *item.Item) shape {
	return shape{len(it.Records), slices.ContainsFunc(it.Records, func(r item.Record) bool { return r.Fields != nil })}
}

// all as a record number means the values of all records, joined with a space.
const all = -1

// value is the text that p stands for. record selects one record, and is ignored where p has
// one value for the item.
func (p *placeholder) value(v *Values, record int) (string, error) {
	if p.pick != nil && !p.pick(texts(v.Item.Records)) {
		return "", ErrSkip
	}
	switch p.from {
	case fromSeq:
		return p.padded(v.Item.Seq, v), nil
	case fromSlot:
		return p.padded(int64(v.Slot), v), nil
	case fromAttempt:
		return strconv.Itoa(v.Attempt), nil
	case fromTotal:
		return strconv.FormatInt(v.Total, 10), nil
	case fromKey:
		return v.Key, nil
	case fromLane:
		return v.Lane, nil
	}
	if p.across && p.from == fromColumn {
		return p.ofAll(v)
	}
	if p.from == fromColumn && !p.perRecord(shapeOf(&v.Item)) {
		records := v.Item.Records
		i, ok := index(p.column, len(records))
		if !ok {
			return p.lacks(v, nil)
		}
		return p.apply(records[i].Text), nil
	}
	if record != all {
		return p.ofRecord(v, &v.Item.Records[record])
	}
	if len(v.Item.Records) == 1 {
		return p.ofRecord(v, &v.Item.Records[0])
	}
	values := make([]string, len(v.Item.Records))
	for i := range v.Item.Records {
		var err error
		if values[i], err = p.ofRecord(v, &v.Item.Records[i]); err != nil {
			return "", err
		}
	}
	return strings.Join(values, " "), nil
}

// padded is a number with as many digits as it has to have.
func (p *placeholder) padded(n int64, v *Values) string {
	s := strconv.FormatInt(n, 10)
	to := int64(p.padTo)
	if p.padTo == padToTotal {
		to = v.Total
	}
	return strings.Repeat("0", max(0, len(strconv.FormatInt(to, 10))-len(s))) + s
}

func texts(records []item.Record) []string {
	all := make([]string, len(records))
	for i := range records {
		all[i] = records[i].Text
	}
	return all
}

// ofAll is the value of a column that is counted through all records.
func (p *placeholder) ofAll(v *Values) (string, error) {
	var fields []string
	for i := range v.Item.Records {
		r := &v.Item.Records[i]
		if r.Fields == nil {
			fields = append(fields, r.Text)
		}
		fields = append(fields, r.Fields...)
	}
	i, ok := index(p.column, len(fields))
	if !ok {
		return p.lacks(v, nil)
	}
	return p.apply(fields[i]), nil
}

// ofItem reports whether the value is a part of the item.
func (p *placeholder) ofItem() bool {
	return p.from == fromItem || p.from == fromColumn || p.from == fromJSON
}

func (p *placeholder) ofRecord(v *Values, r *item.Record) (string, error) {
	switch p.from {
	case fromColumn:
		fields := r.Fields
		if fields == nil {
			fields = []string{r.Text}
		}
		i, ok := index(p.column, len(fields))
		if !ok {
			return p.lacks(v, r)
		}
		return p.apply(fields[i]), nil
	case fromJSON:
		s, ok, err := p.query.text(r.Value)
		if err != nil {
			return "", p.broken(v, r, "%s: %v", p.text, err)
		}
		if !ok {
			return p.lacks(v, r)
		}
		return p.apply(s), nil
	default:
		return p.apply(r.Text), nil
	}
}

// apply is the part of a value that p stands for.
func (p *placeholder) apply(s string) string {
	if p.edit != nil {
		return p.edit(s)
	}
	return p.cut.apply(s)
}

// index turns a 1-based column, or one from the end, into an index below n.
func index(column, n int) (int, bool) {
	i := column - 1
	if column < 0 {
		i = n + column
	}
	return i, 0 <= i && i < n
}

// lacks is what becomes of a placeholder that the item has nothing for.
func (p *placeholder) lacks(v *Values, r *item.Record) (string, error) {
	switch p.missing {
	case MissingOmit:
		return "", nil
	case MissingEmpty:
		return p.apply(""), nil
	case MissingSkip:
		return "", ErrSkip
	}
	if p.from == fromJSON {
		return "", p.broken(v, r, "%s has no value", p.text).Advise("--missing=empty or --missing=skip")
	}
	return "", p.broken(v, r, "there is no column for %s", p.text).
		Advise("--missing=empty or --missing=skip; {%s stands for the text %s itself", p.text, p.text)
}

// broken is a failure of one item; r, which may be nil, says where the item came from.
func (p *placeholder) broken(v *Values, r *item.Record, format string, args ...any) *fail.Error {
	e := fail.Own("item %d%s: "+format, append([]any{v.Item.Seq, origin(r)}, args...)...)
	if r != nil {
		e.Place(r.Text, 0, len(r.Text))
	}
	if p.from == fromJSON {
		e.Advise("--missing=empty or --missing=skip, or give a default: {%s // \"none\"}", p.query.source)
	}
	return e
}

func origin(r *item.Record) string {
	if r == nil || r.Source == "" {
		return ""
	}
	return " (" + r.Source + ", line " + strconv.FormatInt(r.Line, 10) + ")"
}
