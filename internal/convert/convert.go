// Package convert turns xargs and GNU parallel command lines into eph command lines, and notes what
// differs. It runs nothing.
package convert

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/template"
)

// Note is something in which the new line differs from the old one.
type Note struct {
	Line int // of the script, from 1
	Text string
}

// ErrNothing says that a script has no line to convert.
var ErrNothing error = fail.Usage("there is no xargs or parallel command here").
	Advise("eph convert 'find . -print0 | xargs -0 -n1 gzip'")

// Options are what a conversion depends on beside the script.
type Options struct {
	// Accept says why eph refuses a line with these arguments, or nil: it is asked about every
	// line before it is printed. A nil Accept takes all.
	Accept func([]Arg) error

	// Shell is the name of the shell that parallel gives commands to, and Sh that of the shell
	// which sh is. "" is one that is not known.
	Shell, Sh string
}

// Script converts every call of xargs and of parallel in a script of a shell, and leaves all else
// as it is, to the byte. What cannot be converted is an error, and so is a script without such a
// call.
func Script(text string, o Options) (converted string, notes []Note, err error) {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	if err != nil {
		return "", nil, unreadable(text, err)
	}
	var calls []*call
	syntax.Walk(file, func(n syntax.Node) bool {
		if s, ok := n.(*syntax.Stmt); ok {
			if c := find(text, s); c != nil {
				calls = append(calls, c)
			}
		}
		return true
	})
	if len(calls) == 0 {
		return "", nil, ErrNothing
	}
	var b strings.Builder
	at := 0
	for _, c := range calls {
		if c.from < at {
			continue // within one that has been converted
		}
		l, err := c.translate(o)
		if err == nil {
			err = l.settle(o.Accept)
		}
		if err != nil {
			return "", nil, c.place(text, err)
		}
		b.WriteString(text[at:c.from])
		b.WriteString(l.String())
		for _, r := range c.between {
			b.WriteString(" " + r)
		}
		at = c.to
		for _, n := range l.notes {
			notes = append(notes, Note{c.line, n})
		}
	}
	b.WriteString(text[at:])
	return b.String(), notes, nil
}

func unreadable(text string, err error) error {
	if e, ok := err.(syntax.ParseError); ok {
		if line := lineOf(text, e.Pos.Line()); line != "" {
			return fail.Usage("this is not a shell command: %s", e.Text).Place(line, int(e.Pos.Col())-1, 1)
		}
	}
	return fail.Usage("this is not a shell command: %v", err)
}

func lineOf(text string, n uint) string {
	lines := strings.Split(text, "\n")
	if n < 1 || n > uint(len(lines)) {
		return ""
	}
	return lines[n-1]
}

// call is a call of xargs or parallel in a script.
type call struct {
	program string // xargs or parallel
	words   []word // that follow
	dynamic []string
	mark    rune // the first of those that stand for dynamic text

	from, to int // its bytes in the script
	line     int
	between  []string // redirections between its words
}

// word is one word of a call.
type word struct {
	source string
	value  string // with a mark for each part that only the shell knows
	split  bool   // the shell may make several words of it, or none
}

// find looks for a call in a statement, behind sudo, nice and the like too.
func find(text string, s *syntax.Stmt) *call {
	x, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || len(x.Args) == 0 {
		return nil
	}
	words := make([]string, len(x.Args))
	for i, w := range x.Args {
		words[i] = w.Lit()
	}
	at, program := 0, ""
	for at, program = range template.Unwrap(words) {
		if known(program) {
			break
		}
	}
	if !known(program) {
		return nil
	}
	c := &call{program: program, mark: '\ue000'}
	parts := rune(0)
	for _, w := range x.Args {
		parts += rune(len(w.Parts))
	}
	for strings.ContainsFunc(text, func(r rune) bool { return c.mark <= r && r < c.mark+parts }) {
		c.mark += parts
	}
	first, last := x.Args[at], x.Args[len(x.Args)-1]
	c.from, c.to, c.line = offset(first.Pos()), offset(last.End()), int(first.Pos().Line())
	for _, w := range x.Args[at+1:] {
		c.words = append(c.words, c.word(text, w))
	}
	for _, r := range s.Redirs {
		if p := offset(r.Pos()); c.from < p && p < c.to {
			c.between = append(c.between, text[p:offset(r.Word.End())]) // what follows <<EOF stays where it is
		}
	}
	return c
}

func known(program string) bool {
	return program == "xargs" || program == "gxargs" || program == "parallel"
}

func offset(p syntax.Pos) int { return int(p.Offset()) }

// word reads a word: what it is for whoever gets it, as far as that can be known.
func (c *call) word(text string, w *syntax.Word) word {
	got := word{source: text[offset(w.Pos()):offset(w.End())]}
	for _, part := range w.Parts {
		source := text[offset(part.Pos()):offset(part.End())]
		value, ok := static(part)
		if !ok {
			value = string(c.mark + rune(len(c.dynamic)))
			c.dynamic = append(c.dynamic, source)
			_, quoted := part.(*syntax.DblQuoted)
			got.split = got.split || !quoted
		}
		got.value += value
	}
	return got
}

// static is the value of a part of a word that is the same whenever the line is run.
func static(part syntax.WordPart) (value string, ok bool) {
	switch x := part.(type) {
	case *syntax.Lit:
		return unescape(x.Value, ""), !strings.ContainsAny(x.Value, "*?[~")
	case *syntax.SglQuoted:
		return x.Value, !x.Dollar
	case *syntax.DblQuoted:
		var b strings.Builder
		for _, p := range x.Parts {
			lit, ok := p.(*syntax.Lit)
			if !ok {
				return "", false
			}
			b.WriteString(unescape(lit.Value, "$`\"\\\n"))
		}
		return b.String(), !x.Dollar
	}
	return "", false
}

// unescape takes the backslashes away that a shell takes away, before those characters only if
// there are any.
func unescape(s, only string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && (only == "" || strings.IndexByte(only, s[i+1]) >= 0) {
			if i++; s[i] == '\n' {
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// text is a value as the shell has to read it, with the parts in it that only the shell knows.
func (c *call) text(value string) string {
	var b strings.Builder
	for value != "" {
		at := strings.IndexFunc(value, c.marks)
		switch {
		case at < 0:
			b.WriteString(template.Quote(value))
			return b.String()
		case at > 0:
			b.WriteString(template.Quote(value[:at]))
			value = value[at:]
		default:
			r := []rune(value)[0]
			b.WriteString(c.dynamic[r-c.mark])
			value = value[len(string(r)):]
		}
	}
	if b.Len() == 0 {
		return "''"
	}
	return b.String()
}

func (c *call) marks(r rune) bool { return r >= c.mark && r < c.mark+rune(len(c.dynamic)) }

// known reports whether a value is the same whenever the line is run.
func (c *call) known(value string) bool { return strings.IndexFunc(value, c.marks) < 0 }

// unknown refuses a command whose first word may be any number of words.
func (c *call) unknown(first word) error {
	if first.split && first.value != "" && !c.known(first.value) {
		return fail.Usage("the value of %s is not known here: it may hold options of %s, or the command", first.source, c.program).
			Advise("replace it with its value, then convert")
	}
	return nil
}

func (c *call) values() []string {
	all := make([]string, len(c.words))
	for i, w := range c.words {
		all[i] = w.value
	}
	return all
}

func (c *call) translate(o Options) (*line, error) {
	if c.program == "parallel" {
		return fromParallel(c, o.Shell)
	}
	return fromXargs(c, o.Sh)
}

// place says where in the script an error is.
func (c *call) place(text string, err error) error {
	e, ok := err.(*fail.Error)
	if !ok {
		e = fail.Usage("%s: %v", c.program, err)
	}
	if e.Text == "" {
		line := lineOf(text, uint(c.line))
		begins := strings.LastIndexByte(text[:c.from], '\n') + 1
		e = e.Place(line, c.from-begins, min(c.to-c.from, len(line)-(c.from-begins)))
	}
	return e
}

// line is a line of eph.
type line struct {
	flags   []string // as a shell reads them
	command []string // likewise
	notes   []string

	script string // the shell template among them, where it is known; "" there is none
	shell  string // the shell that has run it so far; "" is the one that eph runs it with
}

func (l *line) flag(texts ...string) { l.flags = append(l.flags, strings.Join(texts, " ")) }

// reserved are the words that, as the first operand, are eph's own.
var reserved = strings.Fields("completion convert ctl help man parallel run version worker xargs")

// run sets the command. Its words as they stand in the script, sources, are not always what eph
// is given: what it would take for its own is kept from it, or refused.
func (l *line) run(c *call, words []word, sources []string) error {
	first := words[0].value
	if strings.HasPrefix(first, "-") || strings.IndexFunc(first, c.marks) == 0 || slices.Contains(reserved, first) {
		l.command = []string{"--"}
	}
	l.command = append(l.command, sources...)
	for _, w := range words {
		if slices.Contains([]string{":::", ":::+", "::::", "::::+"}, w.value) {
			return fail.Usage("%s is an argument here, but would begin eph's items", w.value)
		}
	}
	return nil
}

// oneWord keeps a command that is one word, and no text for a shell, from being taken for such.
func (l *line) oneWord(c *call, w word, appended bool) error {
	switch {
	case c.known(w.value) && template.Quote(w.value) == w.value:
	case appended:
		l.command = append(l.command, "{}")
	default:
		return fail.Usage("%s is the name of a program here, but would be a shell template to eph", w.source)
	}
	return nil
}

// jobs is -j with its value, which must not be empty where they are one word.
func (l *line) jobs(c *call, value string) {
	if text := c.text(value); text == value {
		l.flag("-j" + text)
	} else {
		l.flag("-j", text)
	}
}

func (l *line) note(text string) { l.notes = append(l.notes, text) }

func (l *line) String() string {
	return strings.Join(slices.Concat([]string{"eph"}, l.flags, l.command), " ")
}
