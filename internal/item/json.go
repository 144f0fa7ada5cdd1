package item

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
)

const byteOrderMark = "\ufeff"

// jsonValues yields the JSON values of an input.
type jsonValues struct {
	scan *scanner

	begun    bool // the byte order mark, if there is one, has been passed
	decided  bool // the first value has told what arrays are
	elements bool // arrays stand for their elements

	array  bool // within such an array
	comma  bool // a comma must come before the next element
	repair bool // an element was malformed: a comma may come or not
}

func (j *jsonValues) next(ctx context.Context, rec *Record) error {
	s := j.scan
	s.ctx, s.err = ctx, nil
	if !j.begun {
		j.begun = true
		j.skipMark()
	}
	err := j.find()
	if err == nil {
		return s.decode(rec)
	}
	if unusable(err) && !s.whole {
		s.recover()
		j.repair = true
	}
	return err
}

// skipMark skips a byte order mark.
func (j *jsonValues) skipMark() {
	s := j.scan
	if s.peek() != byteOrderMark[0] {
		return
	}
	for s.err == nil && len(s.in.rest()) < len(byteOrderMark) {
		s.more()
	}
	s.err = nil
	if bytes.HasPrefix(s.in.rest(), []byte(byteOrderMark)) {
		s.in.at += len(byteOrderMark)
	}
}

// find moves the scanner over the next item.
func (j *jsonValues) find() error {
	s := j.scan
	for {
		s.space()
		s.begin()
		c := s.peek()
		if s.err != nil {
			return j.end()
		}
		s.ctx = calm(s.ctx) // a value is read whole
		if !j.decided {
			if err := j.decide(); err != nil {
				return err
			}
		}
		switch {
		case j.array && c == ']':
			s.skip(1)
			j.array = false
		case j.array:
			if err := j.separator(); err != nil {
				return err
			}
			if s.peek() != ']' {
				return j.value(",] \t\r\n")
			}
		case c == '[' && j.elements:
			s.skip(1)
			j.array, j.comma, j.repair = true, false, false
		default:
			return j.value("{[\" \t\r\n")
		}
	}
}

// end returns what ended the input, which must not happen within an array.
func (j *jsonValues) end() error {
	if j.scan.err == errDue {
		return errDue
	}
	if j.array && !j.repair {
		j.array = false
		return j.scan.fail("the end of the array")
	}
	return j.scan.err
}

// separator goes to the next element of the array.
func (j *jsonValues) separator() error {
	s := j.scan
	must, may := j.comma && !j.repair, j.comma || j.repair
	j.comma, j.repair = true, false
	if s.peek() != ',' || !may {
		if must {
			return s.fail("a comma or ']'")
		}
		return nil
	}
	s.skip(1)
	s.space()
	s.begin()
	if s.peek() == ']' && must {
		return s.fail("another element")
	}
	return nil
}

// value skips the value at the cursor. What comes after a number or a word must be one of
// the bytes in after: a part of a typing error must not be taken for a value.
func (j *jsonValues) value(after string) error {
	s := j.scan
	first := s.peek()
	if err := s.value(0); err != nil {
		return err
	}
	if strings.IndexByte(`{["`, first) < 0 {
		if c := s.peek(); s.err == nil && strings.IndexByte(after, c) < 0 {
			return s.fail("a blank")
		}
		if err := s.cut(); err != nil {
			return err
		}
	}
	s.whole = true
	if s.lost || s.off > s.max {
		return &RecordError{
			Source: s.in.name, Line: s.start.line, Column: int64(s.start.column) + 1, Reason: tooLong(s.max),
		}
	}
	return nil
}

// decide finds out from the value at the cursor whether arrays stand for their elements:
// it is an array and goes over the end of its line, or nothing comes after it. It moves nothing.
//
// A malformed array decides for nothing but itself being malformed, or a part of a broken
// line would be taken for an item.
func (j *jsonValues) decide() error {
	s := j.scan
	opened := s.cursor
	j.decided = true
	if s.peek() != '[' {
		return nil
	}
	s.hold, s.oneLine = true, true
	err := s.value(0)
	if err == nil {
		s.oneLine = false
		s.space()
		err = s.err
	}
	s.hold, s.oneLine = false, false
	if s.off > s.max {
		err = errHeld // although there was room for it
	}
	switch {
	case err == io.EOF || err == errHeld:
		j.elements = true
	case err != nil && !unusable(err):
		return err
	}
	s.rewind(opened)
	s.spaced, s.escaped = false, false
	return nil
}

// decode stores the value that was skipped in rec.
func (s *scanner) decode(rec *Record) error {
	raw := string(s.text())
	*rec = Record{Text: raw, Source: s.in.name, Line: s.start.line}
	var err error
	switch raw[0] {
	case 'n':
	case 't', 'f':
		rec.Value = raw == "true"
	case '"':
		rec.Raw, rec.Text = raw, raw[1:len(raw)-1]
		if s.escaped {
			err = json.Unmarshal([]byte(raw), &rec.Text)
		}
		rec.Value = rec.Text
	case '{', '[':
		d := json.NewDecoder(strings.NewReader(raw))
		d.UseNumber()
		err = d.Decode(&rec.Value)
		if s.spaced {
			rec.Raw, rec.Text = raw, compact(raw)
		}
	default:
		rec.Value = json.Number(raw)
	}
	if err != nil {
		return s.bad(s.start, err.Error())
	}
	return nil
}

// compact removes the blanks between the parts of a value, and changes nothing else.
func compact(raw string) string {
	var b bytes.Buffer
	if json.Compact(&b, []byte(raw)) != nil {
		return raw
	}
	return b.String()
}

// parseValue decodes a text that is one JSON value, the nth of source. Lines in it count on
// from n.
func parseValue(text, source string, n int64, rec *Record) error {
	s := newScanner(memory(source, text), len(text))
	s.line = n
	s.space()
	s.begin()
	err := s.value(0)
	behind, spaced := s.cursor, s.spaced
	if err == nil {
		if s.space(); s.err == nil {
			err = s.fail("the end of the argument")
		}
	}
	if err != nil {
		return err
	}
	s.rewind(behind)
	s.spaced = spaced
	return s.decode(rec)
}
