package item

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// rows yields the records of a table whose fields may be quoted, as RFC 4180 has it. It finds
// where a record ends, which encoding/csv can neither bound nor be called off in, and leaves
// to it what the fields are.
type rows struct {
	in    *input
	comma byte
	max   int
	width int // the most columns, as the header has it; 0 is any number

	begun bool    // the byte order mark, if there is one, has been passed
	quote quoting // of the record at hand, of which seen bytes were looked at
	seen  int
	over  bool  // the record at hand is over the limit, and is being dropped
	line  int64 // lines before what is held
	first int64 // the line on which the record at hand begins

	parser bufio.Reader
}

// quoting is where in a record a byte stands.
type quoting uint8

const (
	atField  quoting = iota // the first byte of a field
	plainly                 // in a field without quotes
	inQuotes                // between quotes
	closing                 // behind a quote that ends the field, or is doubled
	broken                  // where only the end of the line can follow
)

// advance goes over the bytes of a record. It returns how many of them belong to it with its
// end of line, or -1 if it goes on.
func (q *quoting) advance(b []byte, comma byte) int {
	for i := 0; i < len(b); {
		switch *q {
		case atField:
			if b[i] == '"' {
				*q = inQuotes
				i++
			} else {
				*q = plainly
			}
		case plainly, broken:
			at := bytes.IndexByte(b[i:], '\n')
			end := i + at + 1
			if at < 0 {
				end = len(b)
			}
			if c := bytes.IndexByte(b[i:end], comma); c >= 0 && *q == plainly {
				i += c + 1
				*q = atField
				continue
			}
			if at >= 0 {
				return end
			}
			return -1
		case inQuotes:
			at := bytes.IndexByte(b[i:], '"')
			if at < 0 {
				return -1
			}
			i += at + 1
			*q = closing
		case closing:
			switch b[i] {
			case '"':
				*q = inQuotes
				i++
			case comma:
				*q = atField
				i++
			default:
				*q = broken
			}
		}
	}
	return -1
}

func (r *rows) next(ctx context.Context, rec *Record) error {
	if err := r.skipMark(ctx); err != nil {
		return err
	}
	for {
		n, err := r.find(ctx)
		if err != nil {
			return err
		}
		raw := string(r.in.rest()[:n])
		r.in.at += n
		unclosed := r.quote == inQuotes
		r.line += int64(strings.Count(raw, "\n"))
		text := strings.TrimSuffix(strings.TrimSuffix(raw, "\n"), "\r")
		if len(text) > r.max {
			return r.tooLong()
		}
		r.quote, r.seen = atField, 0
		if text != "" {
			return r.parse(text, unclosed, rec)
		}
	}
}

// skipMark skips a byte order mark.
func (r *rows) skipMark(ctx context.Context) error {
	for !r.begun {
		rest := r.in.rest()
		if len(rest) >= len(byteOrderMark) || !strings.HasPrefix(byteOrderMark, string(rest)) {
			r.begun = true
			r.in.at += len(rest) - len(bytes.TrimPrefix(rest, []byte(byteOrderMark)))
		} else if err := r.in.fill(ctx); err == io.EOF {
			r.begun = true
		} else if err != nil {
			return err
		}
	}
	return nil
}

// find reads until there is a whole record and returns its length. A record over the limit
// is dropped and rejected.
func (r *rows) find(ctx context.Context) (int, error) {
	for {
		rest := r.in.rest()
		if r.seen == 0 && !r.over {
			r.first = r.line + 1
		}
		n := r.quote.advance(rest[r.seen:], r.comma)
		if n >= 0 {
			n += r.seen
		}
		switch {
		case n >= 0 && r.over:
			r.drop(n)
			return 0, r.tooLong()
		case n >= 0:
			return n, nil
		}
		r.seen = len(rest)
		if r.over || len(rest) > r.max+len("\r\n") {
			r.over = true
			r.drop(len(rest))
		}
		if r.over || r.seen > 0 {
			ctx = calm(ctx) // a record is read whole
		}
		err := r.in.fill(ctx)
		switch {
		case err == io.EOF && r.over:
			return 0, r.tooLong()
		case err == io.EOF && r.seen > 0:
			return r.seen, nil
		case err != nil:
			return 0, err
		}
	}
}

// drop lets go of n bytes of a record that is too long.
func (r *rows) drop(n int) {
	r.line += int64(bytes.Count(r.in.rest()[:n], []byte("\n")))
	r.in.at += n
	r.seen = 0
}

func (r *rows) tooLong() error {
	e := &RecordError{Source: r.in.name, Line: r.first, Column: 1, Reason: tooLong(r.max)}
	if r.quote == inQuotes {
		e.Reason += ", and a quote in it is never closed"
	}
	r.over, r.quote, r.seen = false, atField, 0
	return e
}

// parse stores the record that text is in rec.
func (r *rows) parse(text string, unclosed bool, rec *Record) error {
	if strings.IndexByte(text, 0) >= 0 {
		return &RecordError{Source: r.in.name, Line: r.first, Reason: "the record has a NUL byte, which no argument can have"}
	}
	// Of two carriage returns encoding/csv takes the first for a part of the field.
	r.parser.Reset(strings.NewReader(strings.ReplaceAll(text, "\r\n", "\r\r\n") + "\r\n"))
	p := csv.NewReader(&r.parser)
	p.Comma = rune(r.comma)
	fields, err := p.Read()
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		return r.malformed(text, e, unclosed)
	}
	if err != nil && err != io.EOF {
		return &RecordError{Source: r.in.name, Line: r.first, Reason: "malformed CSV: " + err.Error()}
	}
	if err == io.EOF { // an argument may be empty
		fields = []string{text}
	}
	if r.width > 0 && len(fields) > r.width {
		return &RecordError{Source: r.in.name, Line: r.first, Reason: fmt.Sprintf("the record has %d columns, but the header names %d", len(fields), r.width)}
	}
	*rec = Record{Text: text, Fields: fields, Source: r.in.name, Line: r.first}
	return nil
}

func (r *rows) malformed(text string, err *csv.ParseError, unclosed bool) error {
	e := &RecordError{Source: r.in.name, Line: r.first + int64(err.Line) - 1, Column: int64(err.Column)}
	switch {
	case unclosed:
		e.Line, e.Column = r.opening(text)
		e.Reason = "this quote is never closed"
	case errors.Is(err, csv.ErrBareQuote):
		e.Reason = "there is a quote inside a field that does not begin with one"
	case errors.Is(err, csv.ErrQuote):
		e.Reason = "the field must end after its closing quote; a quote inside it must be doubled"
	default:
		e.Reason = err.Err.Error()
	}
	e.Reason = "malformed CSV: " + e.Reason
	if r.comma == '\t' {
		e.Try = `-C '\t', if quotes are text`
	}
	return e
}

// opening is the place of the last quote that opens a field of text.
func (r *rows) opening(text string) (line, column int64) {
	var q quoting
	at := 0
	for i := range len(text) {
		if was := q; q.advance([]byte{text[i]}, r.comma) < 0 && was == atField && q == inQuotes {
			at = i
		}
	}
	before := text[:at]
	return r.first + int64(strings.Count(before, "\n")), int64(at - strings.LastIndexByte(before, '\n'))
}

// parseRow stores a text that is one record, the nth of source.
func parseRow(text string, comma byte, source string, n int64, rec *Record) error {
	r := rows{in: memory(source, ""), comma: comma, first: n}
	end := r.quote.advance([]byte(text), comma)
	if end >= 0 && end < len(text) {
		return &RecordError{Source: source, Line: n, Reason: "malformed CSV: there is text after the end of the record"}
	}
	return r.parse(text, r.quote == inQuotes, rec)
}
