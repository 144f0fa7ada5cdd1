package item

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
)

// blockSize is how many bytes of whole records become a string at once. The records share
// it: one of them that is kept keeps no more than this of the others.
const blockSize = 4 << 10

// lines yields what stands between the delimiters of an input.
type lines struct {
	in        *input
	delim     string
	keepEmpty bool
	tellNUL   func() // see Options.NUL
	exact     bool   // the newline behind the last delimiter is data
	max       int

	count int64  // records read, used or not
	block string // whole records that were read, each with its delimiter
	nul   bool   // block has a NUL byte that is not a delimiter
	end   error  // what next returns when block is used up
	told  bool   // tellNUL was called
	over  bool   // the record at hand is too long, and is being dropped
}

func (l *lines) next(ctx context.Context, rec *Record) error {
	for {
		if l.block == "" {
			if err := l.advance(ctx); err != nil {
				return err
			}
		}
		text, rest, _ := strings.Cut(l.block, l.delim)
		l.block = rest
		l.count++
		if l.nul && l.tellNUL != nil && strings.IndexByte(text, 0) >= 0 {
			text = strings.ReplaceAll(text, "\x00", `\0`)
			if !l.told {
				l.tellNUL()
			}
			l.told = true
		} else if l.nul && strings.IndexByte(text, 0) >= 0 {
			return l.reject("the record has a NUL byte, which no argument can have", "-0, if NUL bytes end the records")
		}
		if text != "" || l.keepEmpty {
			*rec = Record{Text: text, Source: l.in.name, Line: l.count}
			return nil
		}
	}
}

func (l *lines) reject(reason, try string) error {
	return &RecordError{Source: l.in.name, Line: l.count, Reason: reason, Try: try}
}

// advance makes the next block.
func (l *lines) advance(ctx context.Context) error {
	if l.end != nil {
		return l.end
	}
	n, err := l.find(ctx)
	if err == io.EOF {
		return l.last()
	}
	if err != nil {
		return err
	}
	// Only a delimiter of one byte is found at the same places from either end.
	rest := l.in.rest()
	if whole := min(len(rest), blockSize, l.max+1); len(l.delim) == 1 && n < whole {
		n = 1 + bytes.LastIndexByte(rest[:whole], l.delim[0])
	}
	l.take(n)
	return nil
}

// take makes a block of the next n bytes of the input.
func (l *lines) take(n int) {
	l.block = string(l.in.rest()[:n])
	l.in.at += n
	l.nul = l.delim != "\x00" && strings.IndexByte(l.block, 0) >= 0
}

// find reads until there is a whole record and returns its length with the delimiter. It
// looks at each byte once. A record over the limit is discarded and rejected.
func (l *lines) find(ctx context.Context) (int, error) {
	if l.over {
		return 0, l.discard(ctx)
	}
	for seen := 0; ; {
		rest := l.in.rest()
		at := bytes.Index(rest[seen:], []byte(l.delim))
		if at >= 0 && seen+at <= l.max {
			return seen + at + len(l.delim), nil
		}
		if at >= 0 || len(rest) > l.max+len(l.delim) {
			return 0, l.discard(ctx)
		}
		seen = max(0, len(rest)-len(l.delim)+1)
		if err := l.in.fill(ctx); err != nil {
			return 0, err
		}
	}
}

// discard drops the record at hand, which is too long.
func (l *lines) discard(ctx context.Context) error {
	l.over = true
	for {
		rest := l.in.rest()
		if at := bytes.Index(rest, []byte(l.delim)); at >= 0 {
			l.in.at += at + len(l.delim)
			break
		}
		l.in.at += max(0, len(rest)-len(l.delim)+1)
		if err := l.in.fill(ctx); err == io.EOF {
			l.end = io.EOF
			break
		} else if err != nil {
			return err
		}
	}
	l.over = false
	l.count++
	return l.reject(tooLong(l.max), "")
}

// last makes a block of the record that no delimiter ends, if there is one.
func (l *lines) last() error {
	l.end = io.EOF
	l.take(len(l.in.rest()))
	if l.delim != "\n" && l.delim != "\x00" && !l.exact {
		l.block = strings.TrimSuffix(l.block, "\n")
	}
	if l.block == "" {
		return io.EOF
	}
	if len(l.block) > l.max {
		l.block = ""
		l.count++
		return l.reject(tooLong(l.max), "")
	}
	return nil
}

func tooLong(limit int) string {
	return fmt.Sprintf("the record is longer than %d bytes", limit)
}
