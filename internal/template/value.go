package template

import (
	"slices"
	"strconv"
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
)

// shape is what the form of a command depends on, of all that an item is.
type shape struct {
	records  int
	columned bool // the records have columns
}

func shapeOf(it *item.Item) shape {
	return shape{len(it.Records), slices.ContainsFunc(it.Records, func(r item.Record) bool { return r.Fields != nil })}
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

// omitted reports whether p names a record that the item has not, and is left out for it.
func (p *placeholder) omitted(s shape) bool {
	if p.missing != MissingOmit || p.from != fromColumn {
		return false
	}
	_, ok := index(p.column, s.records)
	return !ok
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

// join is the text of parts for one record, or for all of them.
func join(parts []part, v *Values, record int) (string, error) {
	if len(parts) == 1 && parts[0].ph == nil {
		return parts[0].text, nil
	}
	var b strings.Builder
	for _, p := range parts {
		if p.ph == nil {
			b.WriteString(p.text)
			continue
		}
		s, err := p.ph.value(v, record)
		if err != nil {
			return "", err
		}
		b.WriteString(s)
	}
	return b.String(), nil
}
