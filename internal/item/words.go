package item

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
)

// Words are the rules by which xargs splits its input.
//
// Blanks and newlines separate words. Quotes of either kind keep what stands between them on
// one line together, a backslash keeps the byte after it, and none of the three is part of
// the word. A line that ends in a blank goes on in the next.
type Words struct {
	Whole bool // a record is a whole line, without the blanks before it: xargs -I

	// Ended splits at Delimiter instead, which is one byte, and knows no quotes: xargs -0, -d.
	Ended bool

	// Cut takes a record up to its first NUL byte, as xargs does, and is called for the first
	// that has one, unless Ended is set. nil rejects such records.
	Cut func()

	// Most is how many bytes the nth record may have, counted from 0, where Options.MaxRecord
	// is too coarse; a longer one ends the input with ErrLineTooLong. nil is no such limit.
	Most func(n int64) int
}

// The errors that end an input which is split into words. Where records were read that make
// no whole item yet, they come first, unless Options.Exact is set.
var (
	ErrLineTooLong = errors.New("argument line too long")
	ErrListTooLong = fail.Own("a job's items do not fit on its command line").Advise("a larger -s, or no -x")
)

// QuoteError says that a quote has no partner on its line. It ends the input.
type QuoteError struct {
	Source string
	Line   int64
	Quote  byte
}

func (e *QuoteError) Error() string {
	return fmt.Sprintf("%s:%d: the line has a quote %c without its partner", e.Source, e.Line, e.Quote)
}

// Unwrap returns the same as the one kind of error that eph prints.
func (e *QuoteError) Unwrap() error {
	return &fail.Error{Status: fail.Broken, What: e.Error(), Try: "--split lines, where a quote is like any other character"}
}

// where the reading of a word has got to.
type where uint8

const (
	between where = iota // before a word
	within
	quoted
	escaped // after a backslash
)

// words yields the words of an input.
type words struct {
	in    *input
	o     Words
	until string // the word that ends the input; at its very end only if it is alone on its line
	delim byte   // with o.Ended
	max   int    // a record over it is rejected

	block string // bytes that were read and not yet split: block[at:]
	at    int
	end   error

	count int64 // records
	line  int64 // newlines that were read
	later bool  // a word of the same line came before

	// Of a word that is not whole yet.
	where where
	quote byte
	prev  byte // the byte before, as it stands in the input
	begun bool // it has a byte or a quote
	text  []byte
	told  bool // Cut was called
}

func newWords(in *input, o Words, until, delim string, max int) *words {
	return &words{in: in, o: o, until: until, delim: delim[0], max: max}
}

// stops are the bytes at which a stretch of plain ones ends.
var stops = func() (t [256]bool) {
	for _, c := range " \t\n'\"\\\x00" {
		t[c] = true
	}
	return t
}()

func (w *words) next(ctx context.Context, rec *Record) error {
	for {
		if w.at == len(w.block) {
			if err := w.advance(ctx); err == io.EOF {
				return w.last(rec)
			} else if err != nil {
				return err
			}
		}
		done, err := w.step(rec)
		if err != nil && !unusable(err) {
			w.end = err
		}
		if done || err != nil {
			return err
		}
	}
}

// advance makes the next block.
func (w *words) advance(ctx context.Context) error {
	if w.end != nil {
		return w.end
	}
	if len(w.in.rest()) == 0 {
		if err := w.in.fill(ctx); err != nil {
			return err
		}
	}
	n := min(len(w.in.rest()), blockSize)
	w.block, w.at = string(w.in.rest()[:n]), 0
	w.in.at += n
	return nil
}

// step goes on to the end of a record or of the block, whichever comes first, and reports
// whether it is that of a record.
func (w *words) step(rec *Record) (done bool, err error) {
	if w.o.Ended {
		return w.stepEnded(rec)
	}
	if w.where == between {
		w.skip()
		if text, ok := w.simple(); ok {
			return w.finish(rec, text)
		}
	}
	for w.at < len(w.block) {
		c := w.block[w.at]
		switch {
		case w.where == between:
			w.where = within
			continue
		case w.where == escaped:
			w.where = within
			err = w.add(w.block[w.at : w.at+1])
		case w.where == quoted && c == '\n':
			return false, &QuoteError{Source: w.in.name, Line: w.line + 1, Quote: w.quote}
		case w.where == quoted && c == w.quote:
			w.where = within
			w.at++
		case w.where == within && (c == '\n' || !w.o.Whole && isBlank(c)):
			return w.finish(rec, string(w.text))
		case w.where == within && c == '\\':
			w.where = escaped
			w.at++
		case w.where == within && (c == '\'' || c == '"'):
			w.where, w.quote, w.begun = quoted, c, true
			w.at++
		default:
			n := w.at + 1
			for n < len(w.block) && !stops[w.block[n]] {
				n++
			}
			err = w.add(w.block[w.at:n])
		}
		if err != nil {
			return false, err
		}
		w.prev = w.block[w.at-1]
	}
	return false, nil
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// skip goes on to the next word.
func (w *words) skip() {
	for ; w.at < len(w.block); w.at++ {
		c := w.block[w.at]
		if c != ' ' && (c < '\t' || c > '\r') {
			return
		}
		if c == '\n' {
			w.line++
		}
		w.prev = c
	}
}

// simple returns a word that lies in the block as it is, with what ends it.
func (w *words) simple() (text string, ok bool) {
	n := w.at
	for n < len(w.block) && !stops[w.block[n]] {
		n++
	}
	if n == w.at || n == len(w.block) || w.block[n] != '\n' && (w.o.Whole || !isBlank(w.block[n])) {
		return "", false
	}
	text = w.block[w.at:n]
	w.at, w.prev = n, text[len(text)-1]
	return text, true
}

// add makes the next bytes of the block part of the record.
func (w *words) add(part string) error {
	w.begun = true
	if part[0] == 0 && !w.told && w.o.Cut != nil {
		w.told = true
		w.o.Cut()
	}
	if len(w.text)+len(part) > w.most() {
		return w.tooLong()
	}
	w.text = append(w.text, part...)
	w.at += len(part)
	return nil
}

// most is how many bytes the record at hand may have.
func (w *words) most() int {
	if w.o.Most == nil {
		return w.max
	}
	return w.o.Most(w.count)
}

func (w *words) tooLong() error {
	if w.o.Most != nil {
		return ErrLineTooLong
	}
	return fail.Own("%s:%d: %s", w.in.name, w.line+1, tooLong(w.max)).Advise("--split lines, if a line is an item")
}

// finish ends a word at the byte at hand.
func (w *words) finish(rec *Record, text string) (done bool, err error) {
	if len(text) > w.most() {
		return false, w.tooLong()
	}
	c := w.block[w.at]
	line := w.line + 1
	w.at++
	w.where, w.later, w.text, w.begun = between, c != '\n', w.text[:0], false
	ends := c == '\n' && !isBlank(w.prev)
	w.prev = c
	if c == '\n' {
		w.line++
	}
	if w.isLast(text) {
		return false, io.EOF
	}
	return true, w.make(rec, text, line, ends)
}

func (w *words) isLast(text string) bool {
	before, _, _ := strings.Cut(text, "\x00")
	return w.until != "" && before == w.until
}

// make makes a record.
func (w *words) make(rec *Record, text string, line int64, ends bool) error {
	w.count++
	*rec = Record{Text: text, Source: w.in.name, Line: line, EndsLine: ends}
	before, _, cut := strings.Cut(text, "\x00")
	switch {
	case cut && w.o.Cut == nil:
		return &RecordError{Source: w.in.name, Line: line, Reason: "the word has a NUL byte, which no argument can have", Try: "-0, if NUL bytes end the records"}
	case cut:
		rec.Text, rec.Raw = before, text
	case w.o.Cut == nil && !w.o.Ended:
		if q := quoteWord(text); q != text {
			rec.Raw = q
		}
	}
	return nil
}

// quoteWord is a word as it can be read again.
func quoteWord(s string) string {
	if s == "" {
		return "''"
	}
	if !strings.ContainsAny(s, " \t\n\v\f\r'\"\\") {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(" \t\n\v\f\r'\"\\", s[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// last is the end of the input, which may end a word.
func (w *words) last(rec *Record) error {
	w.end = io.EOF
	text := string(w.text)
	w.text = nil
	switch {
	case !w.begun || text == "" && w.o.Cut != nil: // as xargs has it
		return io.EOF
	case w.where == quoted:
		return &QuoteError{Source: w.in.name, Line: w.line + 1, Quote: w.quote}
	case !w.o.Ended && !w.later && w.isLast(text):
		return io.EOF
	}
	w.begun = false
	return w.make(rec, text, w.line+1, false)
}

// stepEnded goes on to the delimiter or to the end of the block.
func (w *words) stepEnded(rec *Record) (done bool, err error) {
	n := strings.IndexByte(w.block[w.at:], w.delim)
	part := w.block[w.at:]
	if n >= 0 {
		part = part[:n]
	}
	if len(w.text)+len(part) > w.most() {
		return false, w.tooLong()
	}
	w.at += len(part)
	if n < 0 {
		w.begun = true
		w.text = append(w.text, part...)
		return false, nil
	}
	if len(w.text) > 0 {
		part = string(append(w.text, part...))
	}
	w.at++
	w.line++
	w.text, w.begun = w.text[:0], false
	return true, w.make(rec, part, w.line, true)
}
