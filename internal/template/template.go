package template

import (
	"errors"
	"slices"
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
)

// Options say how placeholders are written and what they may name.
type Options struct {
	// Replace is the text that stands for the item (-I R); "" means "{}". The other
	// placeholders keep their form, and {} is plain text once it is renamed.
	Replace string

	// Columns are the header names. {name}, {name/.} and so on are placeholders for these
	// alone, and plain text otherwise.
	Columns []string

	// JSON makes {.a.b[0]} a jq program that is run on the item's value.
	JSON bool

	// Across numbers the columns of all records of an item in one row, so that {1} to {N} are
	// its records where these have no columns (-N).
	Across bool

	// NoItem is why the command has no item (-n 0, --pipe): a placeholder that stands for
	// one is refused with this reason, and none is appended. "" is a command that has one.
	NoItem string

	// Fill repeats a word that holds a placeholder for each record of an item (-X),
	// instead of joining the records with a space within the word.
	Fill bool

	// Missing says what becomes of a placeholder that an item has nothing for.
	Missing Missing

	// GuardDash makes it an error of the item when its value begins with - where a program
	// would read it as an option: at the start of an argument with no -- before it.
	GuardDash bool

	// Functions are names of commands that the shell knows as functions, so that no program
	// is meant by them.
	Functions []string

	// Held are variables of the environment that hold an item, or a part of it.
	Held []string

	// Stdin is that a job reads an item, or a part of it, from its standard input.
	Stdin bool

	// NoAppend leaves a command without placeholders as it is. The zero value appends the
	// item as the last argument.
	NoAppend bool

	// Operators lets words through that look like operators of the shell. It applies to Words.
	Operators bool

	// Xargs does as xargs does, for the drop-in: Replace, if it is set, is the only
	// placeholder; it stands anywhere but in the command's name, in program text as well;
	// and a word that looks like a shell operator is a word. It applies to Words.
	Xargs bool

	// Parallel writes placeholders as GNU parallel does, for the drop-in. nil does not. It applies
	// to Shell and ParseText.
	Parallel *Parallel
}

// Missing says what becomes of a placeholder that an item has nothing for: a column that is
// not there, or a JSON path that leads to nothing or to null.
type Missing uint8

// The zero value is MissingError.
const (
	MissingError Missing = iota // the item is an error
	MissingEmpty                // the placeholder is empty text
	MissingSkip                 // Expand returns ErrSkip
	MissingOmit                 // MissingEmpty, and a word that is nothing else is left out; with Parallel
)

// ErrSkip means that the item lacks a value and is to be skipped, with MissingSkip.
var ErrSkip = errors.New("the item lacks a value that the command names")

// Values are what one attempt of one item fills in. Total is the number of items of the run;
// whoever compiled a template that Uses "@total" has to know it before the first item.
type Values struct {
	Item          item.Item
	Slot, Attempt int
	Key, Lane     string
	Total         int64
}

// Command is a compiled command. It is safe for concurrent use.
type Command struct {
	text     string  // as the user typed it, words joined with a space
	words    []word  // what is run without a shell
	script   *script // what a shell is run for, or nil
	shown    *script // as it is displayed, where that is not as it is run
	fill     bool
	warnings []*fail.Error
}

// Expand returns the arguments to execute for one attempt. The error is an [*fail.Error], or
// [ErrSkip] for an item that lacks a value under MissingSkip.
func (c *Command) Expand(v *Values) ([]string, error) {
	var argv []string
	var err error
	if c.script != nil {
		argv, err = c.script.argv(v)
	} else {
		argv, err = expandWords(c.words, v, c.fill)
	}
	if err != nil {
		return nil, err
	}
	for _, arg := range argv {
		if strings.IndexByte(arg, 0) >= 0 {
			return nil, fail.Own("item %d holds a NUL byte, and no argument of a program can", v.Item.Seq).
				Advise("send the item on standard input: --stdin=item")
		}
	}
	return argv, nil
}

// Program is the program that will be executed: the command's first word, or the shell.
// literal is false where that word depends on the item.
func (c *Command) Program() (name string, literal bool) {
	if c.script != nil {
		return c.script.shell[0], true
	}
	first := c.words[0]
	if len(first.parts) != 1 || first.parts[0].ph != nil {
		return "", false
	}
	return first.parts[0].text, true
}

// UsesShell reports whether a shell is started for each item.
func (c *Command) UsesShell() bool { return c.script != nil }

// Script is the constant text that the shell is given for an item of one record, or "" when no
// shell is used.
func (c *Command) Script() string {
	if c.script == nil {
		return ""
	}
	return c.script.render(shape{records: 1}).text
}

// Warnings are the places where an item becomes part of a program in another language, such
// as awk: accepted, for whether that is safe only the user can tell.
func (c *Command) Warnings() []*fail.Error { return c.warnings }

// Uses reports whether the command holds a placeholder of this name, written as in the
// template but without braces: "@total", "%".
func (c *Command) Uses(name string) bool {
	if c.script != nil {
		return slices.ContainsFunc(c.script.values, func(ph *placeholder) bool { return ph.uses(name) })
	}
	for _, w := range c.words {
		if uses(w.parts, name) {
			return true
		}
	}
	return false
}

// Text is a compiled flag value that takes placeholders. It is safe for concurrent use.
type Text struct {
	parts []part
}

// ParseText compiles the value of a flag, such as --key or --tagstring.
func ParseText(text string, o Options) (*Text, error) {
	parts, err := scan(text, &o)
	if err != nil {
		return nil, err
	}
	return &Text{parts: parts}, nil
}

// Expand fills the text in. Several records are joined with a space.
func (t *Text) Expand(v *Values) (string, error) { return join(t.parts, v, all) }

// ExpandEach is Expand with what each placeholder stands for changed by a function, so that no
// value means more than itself where the text is used.
func (t *Text) ExpandEach(v *Values, change func(string) string) (string, error) {
	var b strings.Builder
	for _, p := range t.parts {
		if p.ph == nil {
			b.WriteString(p.text)
			continue
		}
		s, err := p.ph.value(v, all)
		if err != nil {
			return "", err
		}
		b.WriteString(change(s))
	}
	return b.String(), nil
}

// Prefix is the text before the first placeholder.
func (t *Text) Prefix() string {
	if t.parts[0].ph != nil {
		return ""
	}
	return t.parts[0].text
}

// Varies reports whether an item can change the text, but for its number.
func (t *Text) Varies() bool {
	return slices.ContainsFunc(t.parts, func(p part) bool { return p.ph != nil && !p.ph.isNumber() })
}

// Uses is as for a [Command].
func (t *Text) Uses(name string) bool { return uses(t.parts, name) }
