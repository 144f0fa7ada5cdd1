package xargs

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"syscall"

	"github.com/mostlylucid/eph/internal/item"
)

// settings are what the options say.
type settings struct {
	limits    limits
	words     *item.Words
	delimiter string
	until     string // the word that ends the input
	file      string

	maxArgs, maxLines int
	replace           bool
	pattern           string
	replacements      int   // arguments in which the pattern is replaced: -R; negative is all
	replaceSize       int64 // bytes that such an argument may have: -S; 0 is any number
	insertAt          string

	jobs       int
	slotVar    string
	exact      bool
	noRunEmpty bool
	trace, ask bool
	openTTY    bool
	showLimits bool
}

// unlimited is more jobs at once than any machine runs: -P0.
const unlimited = 1 << 20

var (
	errHelp    = errors.New("help")
	errVersion = errors.New("version")
)

// plainError is one after which no help is offered.
type plainError struct{ what string }

func (e *plainError) Error() string { return e.what }

func plainly(format string, args ...any) error { return &plainError{fmt.Sprintf(format, args...)} }

// take stores one option. Of options that exclude one another the last counts.
func (p *Program) take(g given) (err error) {
	o := &p.o
	switch g.name {
	case "0":
		o.words.Ended, o.delimiter = true, "\x00"
	case "d":
		o.words.Ended = true
		o.delimiter, err = delimiter(g.value)
	case "E", "e":
		o.until = g.value
	case "I", "i":
		o.replace, o.pattern, o.replacements = true, "{}", -1
		if g.set {
			o.pattern = g.value
		}
		p.exclude("--replace/-I/-i", "--max-args", &o.maxArgs)
		p.exclude("--replace/-I/-i", "--max-lines", &o.maxLines)
	case "L", "l":
		name := "-L"
		if g.name == "l" {
			name = "--max-lines/-l"
		}
		o.maxLines = 1
		if g.set {
			if o.maxLines, err = p.number(g, 1, -1); err != nil {
				return err
			}
		}
		p.exclude(name, "--max-args", &o.maxArgs)
		p.excludeReplace(name)
	case "n":
		if o.maxArgs, err = p.number(g, 1, -1); err != nil {
			return err
		}
		p.exclude("--max-args/-n", "--max-lines", &o.maxLines)
		if o.replace && o.maxArgs == 1 {
			o.maxArgs = 0
		} else {
			p.excludeReplace("--max-args/-n")
		}
	case "s":
		var n int
		n, err = p.number(g, 1, o.limits.most)
		o.limits.max = int64(n)
	case "P":
		if o.jobs, err = p.number(g, 0, mostJobs); o.jobs == 0 || o.jobs > unlimited {
			o.jobs = unlimited
		}
	case "a":
		o.file = g.value
	case "J":
		o.insertAt = g.value
	case "R":
		o.replacements, err = p.number(g, math.MinInt64, -1)
	case "S":
		var n int
		n, err = p.number(g, 1, -1)
		o.replaceSize = int64(n)
	case "o":
		o.openTTY = true
	case "p":
		o.ask = true
	case "r":
		o.noRunEmpty = true
	case "t":
		o.trace = true
	case "x":
		o.exact = true
	case "show-limits":
		o.showLimits = true
	case "process-slot-var":
		return p.slotVariable(g.value)
	case "help":
		return errHelp
	case "version":
		return errVersion
	}
	return err
}

// exclude takes an option back that was given before another.
func (p *Program) exclude(now, before string, n *int) {
	if *n > 0 {
		p.excluded(now, before)
		*n = 0
	}
}

func (p *Program) excludeReplace(now string) {
	if p.o.replace {
		p.excluded(now, "--replace")
		p.o.replace = false
	}
}

func (p *Program) excluded(now, before string) {
	p.say("warning: options %s and %s are mutually exclusive, ignoring previous %s value", before, now, before)
}

func (p *Program) slotVariable(name string) error {
	switch {
	case strings.Contains(name, "="):
		return plainly("option --process-slot-var may not be set to a value which includes `='")
	case name == "":
		return plainly("failed to unset environment variable %s: %s", name, strerror(syscall.EINVAL))
	}
	p.o.slotVar = name
	return nil
}

// number reads a number between least and most, -1 being none. The one of -s is corrected
// where it is out of bounds.
func (p *Program) number(g given, least, most int64) (int, error) {
	text := strings.TrimLeft(g.value, " \t\n\v\f\r")
	n, err := strconv.ParseInt(text, 10, 64)
	if errors.Is(err, strconv.ErrSyntax) {
		return 0, fmt.Errorf("invalid number \"%s\" for -%s option", g.value, g.name)
	}
	bound, sign := least, ">="
	if n >= least {
		if most < 0 || n <= most {
			return int(n), nil
		}
		bound, sign = most, "<="
	}
	err = fmt.Errorf("value %s for -%s option should be %s %d", g.value, g.name, sign, bound)
	if g.name == "s" {
		p.say("%s", err)
		return int(bound), nil
	}
	return 0, err
}

// delimiter is the byte that a text stands for after -d.
func delimiter(s string) (string, error) {
	if len(s) == 1 {
		return s, nil
	}
	if len(s) < 2 || s[0] != '\\' {
		return "", plainly("Invalid input delimiter specification %s: the delimiter must be either a single character or an escape sequence starting with \\.", s)
	}
	if at := strings.IndexByte(`abfnrtv\`, s[1]); at >= 0 {
		return "\a\b\f\n\r\t\v\\"[at : at+1], nil
	}
	digits, base, most := s[1:], 8, "377"
	switch {
	case s[1] == 'x':
		digits, base, most = s[2:], 16, "ff"
	case s[1] < '0' || s[1] > '9':
		return "", plainly("Invalid escape sequence %s in input delimiter specification.", s)
	}
	n := 0
	for n < len(digits) && strings.IndexByte("0123456789abcdef"[:base], digits[n]|0x20) >= 0 {
		n++
	}
	v, err := strconv.ParseUint("0"+digits[:n], base, 64)
	switch {
	case err != nil || v > 255:
		return "", plainly("Invalid escape sequence %s in input delimiter specification; character values must not exceed %s.", s, most)
	case n < len(digits):
		return "", plainly("Invalid escape sequence %s in input delimiter specification; trailing characters %s not recognised.", s, digits[n:])
	}
	return string([]byte{byte(v)}), nil
}
