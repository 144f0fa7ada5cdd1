// Package xargs makes eph stand in for GNU xargs: it reads the options of xargs as xargs does,
// prints what xargs prints, and runs by the rules of xargs, which are those of Run. Where the manual
// of GNU xargs and the program differ, the program is right.
package xargs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/plain"
)

// Streams are the standard streams.
type Streams struct{ In, Out, Err *os.File }

// Program is one call of xargs.
type Program struct {
	name    string // of itself, for its messages
	streams Streams
	o       settings
	command []string
	utf8    bool
	tty     *terminal
}

// New reads the command line. version is what --version prints. Where there is nothing to run,
// ready is false, and status is the exit status.
func New(name string, args []string, version string, s Streams) (p *Program, status fail.Status, ready bool) {
	p = &Program{name: name, streams: s, utf8: plain.UTF8(os.Getenv), tty: new(terminal)}
	p.o = settings{limits: systemLimits(), words: new(item.Words), delimiter: "\n", jobs: 1}
	operands, err := getopt(args, p.take)
	switch {
	case errors.Is(err, errHelp):
		return nil, p.print(help(name)), false
	case errors.Is(err, errVersion):
		return nil, p.print(version), false
	case err != nil:
		p.say("%s", err)
		if fatal := (*plainError)(nil); !errors.As(err, &fatal) {
			fmt.Fprintf(s.Err, "Try '%s --help' for more information.\n", name)
		}
		return nil, fail.Broken, false
	}
	if p.o.until != "" && p.o.words.Ended {
		p.say("warning: the -E option has no effect if -0 or -d is used.\n")
	}
	if p.command = operands; len(operands) == 0 {
		p.command = []string{"echo"}
	}
	return p, 0, true
}

// say prints a message.
func (p *Program) say(format string, args ...any) {
	_, _ = io.WriteString(p.streams.Err, p.name+": "+fmt.Sprintf(format, args...)+"\n")
}

// fault says why the input could not be read to its end.
func (p *Program) fault(err error) {
	if q, ok := errors.AsType[*item.QuoteError](err); ok {
		kind := "single"
		if q.Quote == '"' {
			kind = "double"
		}
		p.say("unmatched %s quote; by default quotes are special to xargs unless you use the -0 option", kind)
		return
	}
	if err == item.ErrListTooLong {
		err = errListTooLong
	}
	p.say("%s", err)
}

func (p *Program) print(text string) fail.Status {
	if _, err := io.WriteString(p.streams.Out, text); err != nil {
		p.say("write error: %s", explain(err))
		return fail.Broken
	}
	return fail.Succeeded
}

// explain is the text that the C library has for the cause of err.
func explain(err error) string {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return strerror(errno)
	}
	return err.Error()
}

// strerror is what the C library calls an error: Go's text with a capital letter.
func strerror(err syscall.Errno) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:]
}

// Close closes what the program has opened.
func (p *Program) Close() { p.tty.close() }

func (p *Program) terminalNote() string {
	note := "\nReading from the terminal, and running commands as they are complete; ^D ends the input.\n"
	if !p.o.noRunEmpty {
		note += "Without any input, " + p.command[0] + " runs once all the same; ^C ends everything.\n"
	}
	return note
}

// size is how many bytes words have as arguments.
func size(words []string) int64 {
	n := 0
	for _, w := range words {
		n += len(w) + 1
	}
	return int64(n)
}

// input says how the input becomes command lines.
func (p *Program) input() item.Options {
	o := &p.o
	words := *o.words
	words.Cut = func() {
		p.say("WARNING: a NUL character occurred in the input.  It cannot be passed through in the argument list.  Did you mean to use the --null option?")
	}
	in := item.Options{
		Words: &words, Delimiter: o.delimiter, MaxArgs: o.maxArgs, MaxLines: o.maxLines,
		Until: o.until,
		Exact: o.exact || o.replace || o.maxLines > 0,
	}
	if o.replace {
		words.Whole = true
		in.MaxArgs = 1
		program := size(p.command[:1])
		words.Most = func(n int64) int {
			if n == 0 {
				return int(o.limits.max - 1)
			}
			return int(o.limits.max - program - 1)
		}
		return in
	}
	fixed := size(p.command)
	words.Most = func(int64) int { return int(o.limits.max - fixed - 1) }
	in.Fill = p.fill(fixed)
	return in
}

// length is how many bytes a record counts as: what comes after a NUL byte in it is cut off,
// and counts.
func length(r *item.Record) int64 { return int64(len(r.Original())) + 1 }

// fill says how many records fit beside the words of the command.
func (p *Program) fill(fixed int64) func([]item.Record, item.Record) bool {
	var total int64
	most := int(p.o.limits.words) - len(p.command)
	return func(records []item.Record, next item.Record) bool {
		if len(records) >= most {
			return false
		}
		if len(records) == 1 {
			total = fixed + length(&records[0])
		}
		total += length(&next)
		return total <= p.o.limits.max
	}
}

// argv is the command line for these records.
func (p *Program) argv(records []item.Record) []string {
	if p.o.replace {
		if len(records) == 0 {
			return p.command
		}
		argv, _ := p.insert(&records[0])
		return argv
	}
	at := len(p.command)
	rest := p.command[at:]
	if p.o.insertAt != "" {
		for i, w := range p.command[1:] {
			if w == p.o.insertAt {
				at, rest = i+1, p.command[i+2:]
				break
			}
		}
	}
	argv := make([]string, 0, len(p.command)+len(records))
	argv = append(argv, p.command[:at]...)
	for i := range records {
		argv = append(argv, records[i].Text)
	}
	return append(argv, rest...)
}

var (
	errCommandTooLong = errors.New("command too long")
	errListTooLong    = errors.New("argument list too long")
	errNoFit          = errors.New("cannot fit single argument within argument list size limit")
)

// check says why there can be no command line for a record, or nil.
func (p *Program) check(records []item.Record) error {
	_, err := p.insert(&records[0])
	return err
}

// insert puts a record in the place of the pattern, in each argument but the name of the
// command.
func (p *Program) insert(r *item.Record) (argv []string, err error) {
	o := &p.o
	argv = append(argv, p.command[0])
	total := size(argv)
	if total > o.limits.max {
		return nil, errNoFit
	}
	left := o.replacements
	for _, arg := range p.command[1:] {
		var text string
		n := int64(len(arg)) + 1
		if left != 0 && (o.pattern == "" || strings.Contains(arg, o.pattern)) {
			if text, n, err = p.replace(arg, r); err != nil {
				return nil, err
			}
			if o.replaceSize > 0 && int64(len(text)) > o.replaceSize {
				text, n = arg, int64(len(arg))+1
			}
			left--
		} else if text = arg; n >= o.limits.max {
			return nil, errCommandTooLong
		}
		if total += n; total > o.limits.max {
			return nil, errListTooLong
		}
		argv = append(argv, text)
	}
	return argv, nil
}

// replace puts a record in the place of each pattern in an argument, and counts the bytes.
func (p *Program) replace(arg string, r *item.Record) (text string, n int64, err error) {
	left := p.o.limits.max - 1
	whole := length(r) - 1
	var b strings.Builder
	cut := false
	for first := true; first || arg != ""; first = false {
		at := strings.Index(arg, p.o.pattern)
		fixed := at
		if at < 0 {
			fixed = len(arg)
		}
		if left <= int64(fixed) {
			return "", 0, errCommandTooLong
		}
		left -= int64(fixed)
		n += int64(fixed)
		if !cut {
			b.WriteString(arg[:fixed])
		}
		arg = arg[fixed:]
		if at < 0 {
			continue
		}
		if left <= whole {
			return "", 0, errCommandTooLong
		}
		left -= whole
		n += whole
		if !cut {
			b.WriteString(r.Text)
			cut = r.Raw != ""
		}
		arg = arg[len(p.o.pattern):]
		if p.o.pattern == "" && whole == 0 {
			return "", 0, errCommandTooLong // where xargs would never end
		}
	}
	return b.String(), n + 1, nil
}

// before shows a command line, and asks.
func (p *Program) before(argv []string) (bool, error) {
	words := make([]string, len(argv))
	for i, w := range argv {
		words[i] = shellWord(w, p.utf8)
	}
	line := strings.Join(words, " ")
	if !p.o.ask {
		_, _ = io.WriteString(p.streams.Err, line+"\n")
		return true, nil
	}
	_, _ = io.WriteString(p.streams.Err, line)
	if err := p.tty.open(); err != nil {
		return false, fmt.Errorf("failed to open /dev/tty for reading: %s", explain(err))
	}
	_, _ = io.WriteString(p.streams.Err, "?...")
	return p.tty.yes()
}
