package template

import (
	"errors"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/mostlylucid/eph/internal/fail"
)

// Shell compiles shell text. shell is the shell's command line, "" for /bin/sh; its name says
// how the text is parsed. Text that is plain words, and whose first word is a program, is run
// without a shell.
//
// Without a placeholder the item is appended, where the text ends in a simple command; text
// that reads the positional parameters needs none.
func Shell(text, shell string, o Options) (*Command, error) {
	words, langs, err := shellCommand(shell)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(text) == "" {
		return nil, fail.Usage("the command is empty")
	}
	o.Xargs = false
	parts, err := scan(text, &o)
	if err != nil {
		return nil, err
	}
	if d := o.Parallel; d != nil {
		return d.shell(text, parts, words, langs, &o)
	}
	m := newMarked(text, parts)
	m.held, m.stdin = o.Held, o.Stdin
	file, err := m.parse(langs[0])
	if err != nil {
		return nil, err
	}
	positional := readsPositional(file) && o.NoItem == ""
	if !holds(parts) && !positional && !o.NoAppend && o.NoItem == "" {
		if m, file, err = appendItem(text, parts, &o, langs[0]); err != nil {
			return nil, err
		}
	}
	c := &Command{text: text, fill: o.Fill}
	places, err := m.examine(file, langs)
	if err != nil {
		return nil, err
	}
	if c.warnings, err = m.warnings(file); err != nil {
		return nil, err
	}
	if c.words = plainWords(m, file, o.Functions); c.words != nil {
		if o.GuardDash {
			guardWords(c.words)
		}
		return c, nil
	}
	c.script = newScript(m, places)
	c.script.shell, c.script.fill, c.script.positional = words, o.Fill, positional
	if o.GuardDash {
		c.script.guard = m.guardOf(file, c.script.values)
	}
	if err := c.script.verify(langs[0]); err != nil {
		return nil, unverified(text, err)
	}
	return c, nil
}

// appendItem adds the item as the last argument of the command that ends the text.
func appendItem(text string, parts []part, o *Options, lang syntax.LangVariant) (*marked, *syntax.File, error) {
	refused := fail.Usage("the command has no placeholder, and the item cannot be appended to it").
		Place(text, len(text)-1, 1).
		Advise("write {} where the item belongs, or --stdin=item to send it there")
	lit := strings.TrimRight(parts[0].text, " \t\n")
	ph := &placeholder{text: "{}", at: len(text), missing: o.Missing}
	m := newMarked(text, []part{{text: lit + " "}, {ph: ph}})
	m.held, m.stdin = o.Held, o.Stdin
	file, err := m.parse(lang)
	if err != nil {
		return nil, nil, refused
	}
	places, err := m.places(file, lang)
	if err != nil || len(places) != 1 || !places[0].argument {
		return nil, nil, refused
	}
	return m, file, nil
}

// examine is the place of each placeholder, or the error that says why one is unsafe there. It looks at
// the text in the dialect that file was parsed in, the first of langs, and in the others.
func (m *marked) examine(file *syntax.File, langs []syntax.LangVariant) ([]place, error) {
	if len(m.markers) > 0 && strings.Contains(m.text, variable) {
		return nil, fail.Usage("names that begin with %s are eph's own", variable).
			Place(m.text, max(strings.Index(m.text, variable), 0), len(variable)).Advise("choose another name")
	}
	m.evaluates = evaluatesNumbers(langs)
	var places []place
	for i, lang := range langs {
		if i > 0 {
			other, err := parseShell(m.source, lang)
			if errors.Is(err, errLost) {
				return nil, m.unparsed(err, lang)
			}
			if err != nil {
				continue // no shell of that dialect would run it either
			}
			file = other
		}
		if err := m.refuseInterpreted(file, lang); err != nil {
			return nil, err
		}
		found, err := m.places(file, lang)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			places = found
			continue
		}
		for j := range found {
			if found[j] != places[j] {
				return nil, m.refuse(m.markers[j].at, ambiguous)
			}
		}
	}
	return places, nil
}

// readsPositional reports whether a script can see the positional parameters, which are then the records
// of the item.
func readsPositional(file *syntax.File) bool {
	found := false
	for n := range syntax.Preorder(file) {
		switch n := n.(type) {
		case *syntax.ParamExp:
			found = found || n.Param != nil && isPositional(n.Param.Value)
		case *syntax.WordIter:
			found = found || !n.InPos.IsValid()
		case *syntax.CallExpr:
			if len(n.Args) > 0 {
				switch name, _ := literal(n.Args[0]); name {
				case "eval", ".", "source", "shift", "getopts":
					found = true
				}
			}
		}
	}
	return found
}

// isPositional reports whether a variable is a positional parameter, or tells of all of them.
func isPositional(name string) bool {
	if name == "@" || name == "*" || name == "#" || name == "argv" {
		return true
	}
	n, err := strconv.Atoi(name)
	return err == nil && n > 0
}
