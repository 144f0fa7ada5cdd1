package item

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep the arrays and objects of a value may lie in each other.
const maxDepth = 1000

// errHeld ends an attempt to read an array that lies on one line: it does not, or it is too
// long to be held.
var errHeld = errors.New("not an array on one line")

// scanner finds where JSON values end, and whether they are values, while they come in. What
// they mean is left to encoding/json, whose decoder can neither go on after an error nor
// bound what it holds, and takes lone surrogates and broken UTF-8 for U+FFFD.
type scanner struct {
	cursor
	in  *input
	ctx context.Context // of the call at hand
	max int
	err error // what ended the bytes; peek returns 0 from then on

	start   cursor // of the value at hand
	opener  byte   // its first byte
	lost    bool   // it is over the limit and no longer held
	whole   bool   // the cursor is at its end
	spaced  bool   // it has blanks between its parts
	escaped bool   // a string of it has escapes

	hold    bool // fail with errHeld rather than let go of the value
	oneLine bool // fail with errHeld at the end of the line
}

// cursor is a place in the input. It is valid until the input is let go of up to it.
type cursor struct {
	off    int   // from the first byte that is held
	line   int64 // 1-based
	column int   // 0-based byte of the line
	indent int   // blanks at the beginning of the line
}

func newScanner(in *input, limit int) *scanner {
	return &scanner{in: in, max: limit, cursor: cursor{line: 1}}
}

// peek returns the byte at the cursor, or 0 if there is none and err says why. It is the
// only thing that reads. No byte of a value is 0, so few have to look at err.
func (s *scanner) peek() byte {
	for s.err == nil {
		if rest := s.in.rest(); s.off < len(rest) {
			return rest[s.off]
		}
		s.more()
	}
	return 0
}

// more reads on, and lets go of a value that is over the limit.
func (s *scanner) more() {
	if s.off > s.max {
		if s.hold {
			s.err = errHeld
			return
		}
		s.lost = true
		s.letGo()
	}
	s.err = s.in.fill(s.ctx)
}

// letGo makes the cursor the first byte that is held.
func (s *scanner) letGo() {
	s.in.at += s.off
	s.off = 0
}

// skip moves the cursor over n bytes of the line.
func (s *scanner) skip(n int) {
	s.off += n
	s.column += n
}

// begin makes the cursor the start of a value.
func (s *scanner) begin() {
	s.letGo()
	s.start, s.opener = s.cursor, s.peek()
	s.lost, s.whole, s.spaced, s.escaped = false, false, false, false
}

// rewind goes back to a place that is still held.
func (s *scanner) rewind(to cursor) {
	s.cursor, s.err = to, nil
}

// text is the value from its start to the cursor. It is overwritten by peek.
func (s *scanner) text() []byte { return s.in.rest()[:s.off] }

// fail says that what stands at the cursor is not what must come there.
func (s *scanner) fail(want string) error {
	if s.err != nil && s.err != io.EOF {
		return s.err
	}
	found := "the input ends"
	if s.err == nil {
		found = fmt.Sprintf("there is %q", rune(s.peek()))
	}
	return s.bad(s.cursor, want+" expected here, but "+found)
}

// bad says that a value cannot be used.
func (s *scanner) bad(at cursor, reason string) error {
	return &RecordError{Source: s.in.name, Line: at.line, Column: int64(at.column) + 1, Reason: "malformed JSON: " + reason}
}

// space skips blanks and the ends of lines.
func (s *scanner) space() {
	for {
		switch s.peek() {
		case '\n':
			if s.oneLine {
				s.err = errHeld
				return
			}
			s.newline()
		case ' ', '\t', '\r':
			if s.column == s.indent {
				s.indent++
			}
			s.skip(1)
		default:
			return
		}
		s.spaced = true
	}
}

// newline moves the cursor from the end of a line to the next.
func (s *scanner) newline() {
	s.off++
	s.line++
	s.column, s.indent = 0, 0
}

// value skips one value, which lies in depth others.
func (s *scanner) value(depth int) error {
	switch c := s.peek(); {
	case (c == '{' || c == '[') && depth == maxDepth:
		return s.bad(s.cursor, fmt.Sprintf("more than %d arrays and objects are nested", maxDepth))
	case c == '{':
		return s.members('}', depth, s.member)
	case c == '[':
		return s.members(']', depth, s.value)
	case c == '"':
		return s.str()
	case c == '-' || isDigit(c):
		return s.number()
	case c == 't':
		return s.word("true")
	case c == 'f':
		return s.word("false")
	case c == 'n':
		return s.word("null")
	}
	return s.fail("a value")
}

// members skips an object or an array up to the byte that closes it.
func (s *scanner) members(closer byte, depth int, member func(int) error) error {
	s.skip(1)
	s.space()
	if s.peek() == closer {
		s.skip(1)
		return nil
	}
	for {
		if err := member(depth + 1); err != nil {
			return err
		}
		s.space()
		switch s.peek() {
		case closer:
			s.skip(1)
			return nil
		case ',':
			s.skip(1)
			s.space()
		default:
			return s.fail(fmt.Sprintf("a comma or %q", rune(closer)))
		}
	}
}

// member skips a name and its value.
func (s *scanner) member(depth int) error {
	if s.peek() != '"' {
		return s.fail("a name in double quotes")
	}
	if err := s.str(); err != nil {
		return err
	}
	s.space()
	if s.peek() != ':' {
		return s.fail("a colon")
	}
	s.skip(1)
	s.space()
	return s.value(depth)
}

func (s *scanner) word(w string) error {
	for i := range len(w) {
		if s.peek() != w[i] {
			return s.fail("the rest of " + w)
		}
		s.skip(1)
	}
	return nil
}

func (s *scanner) number() error {
	if s.peek() == '-' {
		s.skip(1)
	}
	if s.peek() == '0' {
		s.skip(1)
	} else if err := s.digits(); err != nil {
		return err
	}
	if s.peek() == '.' {
		s.skip(1)
		if err := s.digits(); err != nil {
			return err
		}
	}
	if s.peek()|0x20 != 'e' {
		return s.cut()
	}
	s.skip(1)
	if c := s.peek(); c == '+' || c == '-' {
		s.skip(1)
	}
	return s.digits()
}

// digits skips at least one digit.
func (s *scanner) digits() error {
	if !isDigit(s.peek()) {
		return s.fail("a digit")
	}
	for isDigit(s.peek()) {
		s.skip(1)
	}
	return s.cut()
}

// cut returns what cut the bytes off other than their end: more of a number may have come.
func (s *scanner) cut() error {
	if s.err == io.EOF {
		return nil
	}
	return s.err
}

func (s *scanner) str() error {
	s.skip(1)
	for {
		switch c := s.peek(); {
		case c == '"':
			s.skip(1)
			return nil
		case c == '\\':
			if err := s.escape(); err != nil {
				return err
			}
		case c < ' ':
			return s.fail("the rest of a string")
		case c < utf8.RuneSelf:
			s.skip(plain(s.in.rest()[s.off:]))
		default:
			if err := s.rune(); err != nil {
				return err
			}
		}
	}
}

// plain counts the bytes at the front of p that stand for themselves in a string.
func plain(p []byte) int {
	for i, c := range p {
		if c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return i
		}
	}
	return len(p)
}

// rune skips a character of several bytes.
func (s *scanner) rune() error {
	for s.err == nil && !utf8.FullRune(s.in.rest()[s.off:]) {
		s.more()
	}
	if err := s.cut(); err != nil {
		return err
	}
	r, n := utf8.DecodeRune(s.in.rest()[s.off:])
	if r == utf8.RuneError && n == 1 {
		return s.bad(s.cursor, "the string is not UTF-8")
	}
	s.skip(n)
	return nil
}

// escape skips an escape, or both of a surrogate pair.
func (s *scanner) escape() error {
	at := s.cursor
	s.escaped = true
	s.skip(1)
	c := s.peek()
	if c != 'u' {
		if c == 0 || strings.IndexByte(`"\/bfnrt`, c) < 0 {
			return s.fail("a valid escape")
		}
		s.skip(1)
		return nil
	}
	unit, err := s.hex()
	if err != nil || unit < 0xd800 || unit > 0xdfff {
		return err
	}
	if unit < 0xdc00 && s.peek() == '\\' {
		s.skip(1)
		if s.peek() == 'u' {
			low, err := s.hex()
			if err != nil || low >= 0xdc00 && low <= 0xdfff {
				return err
			}
		}
	}
	if err := s.cut(); err != nil {
		return err
	}
	return s.bad(at, fmt.Sprintf(`\u%04x is half of a surrogate pair`, unit))
}

// hex skips the u of an escape and its digits.
func (s *scanner) hex() (unit int, err error) {
	s.skip(1)
	for range 4 {
		c := s.peek()
		digit, err := strconv.ParseUint(string(rune(c)), 16, 8)
		if err != nil {
			return 0, s.fail("four hexadecimal digits")
		}
		unit = unit<<4 | int(digit)
		s.skip(1)
	}
	return unit, nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// recover goes on after a value that is malformed at the cursor: to the end of the line,
// and over the lines that belong to the same value, which are those indented deeper than
// the line it begins on. No part of a broken value must be taken for a value.
func (s *scanner) recover() {
	s.err = nil
	first := s.line > s.start.line && s.column == s.indent
	for {
		if !first {
			s.endOfLine()
		}
		first = false
		s.space()
		s.letGo()
		c := s.peek()
		if s.err != nil || s.indent < s.start.indent {
			return
		}
		if s.indent == s.start.indent {
			// The brace or bracket under the one that opened the value closes it.
			if s.opener == '{' && c == '}' || s.opener == '[' && c == ']' {
				s.skip(1)
			}
			return
		}
	}
}

// endOfLine skips the rest of the line, but not its end.
func (s *scanner) endOfLine() {
	for s.peek() != '\n' && s.err == nil {
		s.skip(1)
		s.letGo()
	}
}
