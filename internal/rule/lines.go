package rule

import "bytes"

// MostOutput is how much of a line of a job's output rules look at, in bytes.
const MostOutput = 64 << 10

// Lines is a writer that hands each line on, without its newline, in memory of one line. Of
// a line that is too long the first part is handed on, once, with one byte more than the
// bound so that it can be told.
type Lines struct {
	most int
	line func([]byte)
	rest []byte
	over bool // the line was handed on, and goes on
}

// NewLines returns a writer that hands lines of up to most bytes to line. What line is given
// is valid until it returns.
func NewLines(most int, line func([]byte)) *Lines { return &Lines{most: most, line: line} }

// Write never fails.
func (l *Lines) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		end := bytes.IndexByte(p, '\n')
		part := p
		if end >= 0 {
			part = p[:end]
		}
		l.add(part)
		if end < 0 {
			break
		}
		l.end()
		p = p[end+1:]
	}
	return n, nil
}

func (l *Lines) add(part []byte) {
	if l.over {
		return
	}
	if room := l.most + 1 - len(l.rest); len(part) >= room {
		l.rest = append(l.rest, part[:room]...)
		l.over = true
		l.line(l.rest)
		return
	}
	l.rest = append(l.rest, part...)
}

func (l *Lines) end() {
	if !l.over {
		l.line(l.rest)
	}
	l.rest, l.over = l.rest[:0], false
}

// Close hands on a last line that has no newline.
func (l *Lines) Close() {
	if len(l.rest) > 0 && !l.over {
		l.end()
	}
	l.rest, l.over = nil, false
}
