// Package item is where items come from and what they are.
//
// A Record is one unit of input: a line, a NUL-terminated string, a row, a JSON value, or
// one combination of several sources. An Item is what one job gets: one record, or several
// with -n and -X. Reading is lazy: the first item is available as soon as its bytes are.
package item

// Record is one unit of input, byte for byte as it was read.
type Record struct {
	// Text is the record without its delimiter. With JSON it is what {} stands for: the
	// text of a string, number or boolean, and compact JSON for anything else.
	Text string

	// Fields are the columns of the record, or the values of the combined sources.
	// nil means one column that equals Text.
	Fields []string

	// Value is the decoded value with JSON: nil, bool, json.Number, string, []any or
	// map[string]any. It is set only when JSON is on.
	Value any

	// Raw is the record as the input had it where that differs from Text (a JSON string
	// with its quotes, a row with its separators), so that it can be written back to a
	// file of the same format. Empty means Text.
	Raw string

	// Source names where the record came from: "standard input", a file's name, or "argument".
	// Line is its 1-based place there: a line number, or a count of records where the
	// delimiter is not a newline.
	Source string
	Line   int64

	// Column is the number, from 1, of the column that this is, where Columns made records of
	// them, and else 0.
	Column int

	// EndsLine is set where words are read, for the last of a line that does not go on in the
	// next.
	EndsLine bool
}

// Original returns the record as a file of the same format would hold it, without its
// delimiter: an item that failed is written back with it, so that the file can be read again.
func (r Record) Original() string {
	if r.Raw != "" {
		return r.Raw
	}
	return r.Text
}

// columns returns the fields, of which a record that was not split has one.
func (r Record) columns() []string {
	if r.Fields == nil {
		return []string{r.Text}
	}
	return r.Fields
}

// Columns makes a record of each column of records.
func Columns(records []Record) []Record {
	var all []Record
	for i := range records {
		for n, text := range records[i].columns() {
			all = append(all, Record{Text: text, Source: records[i].Source, Line: records[i].Line, Column: n + 1})
		}
	}
	return all
}

// Item is what one job is run for.
type Item struct {
	Seq     int64 // 1-based, without gaps, in order of reading
	Records []Record
	Block   *Block // with Options.Blocks, in place of records
}
