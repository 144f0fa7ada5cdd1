package template

import (
	"errors"
	"fmt"
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
		return nil, fail.Usage("the template cannot be made safe: %v", err).Place(text, 0, len(text)).
			Advise("move the placeholders into simple arguments: x={}; ... \"$x\"")
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

// marked is a template with a marker in the place of each placeholder. A marker is a name
// that the text does not hold, so that it is one token to a shell wherever it stands.
type marked struct {
	text    string // the template as typed, for errors
	source  string // with markers
	markers []marker
	prefix  string
	held    []string // variables of the environment that hold an item

	stdin     bool // the job reads an item from standard input
	program   bool // an item may choose what runs
	evaluates bool // the shell can be one that evaluates a number that it is given
}

type marker struct {
	ph   *placeholder
	at   int // in source
	name string
}

func newMarked(text string, parts []part) *marked {
	m := &marked{text: text, prefix: "eph_mark"}
	for strings.Contains(text, m.prefix) {
		m.prefix += "_x"
	}
	var b strings.Builder
	for _, p := range parts {
		if p.ph == nil {
			b.WriteString(p.text)
			continue
		}
		name := fmt.Sprintf("%s%05d_", m.prefix, len(m.markers))
		m.markers = append(m.markers, marker{ph: p.ph, at: b.Len(), name: name})
		b.WriteString(name)
	}
	m.source = b.String()
	return m
}

// origin is the byte of the template that byte at of the source comes from. It is exact but
// behind a "{{", where it can be short by the braces since the last placeholder.
func (m *marked) origin(at int) int {
	shift := 0
	for _, k := range m.markers {
		if at < k.at {
			break
		}
		if at < k.at+len(k.name) {
			return min(k.ph.at, len(m.text))
		}
		shift = k.ph.at + len(k.ph.text) - (k.at + len(k.name))
	}
	return min(max(at+shift, 0), len(m.text))
}

// parse parses the marked source.
func (m *marked) parse(lang syntax.LangVariant) (*syntax.File, error) {
	file, err := parseShell(m.source, lang)
	if err == nil {
		return file, nil
	}
	at, what := len(m.source), err.Error()
	if e, ok := errors.AsType[syntax.ParseError](err); ok {
		at, what = int(e.Pos.Offset()), e.Text
	} else if e, ok := errors.AsType[syntax.LangError](err); ok {
		at, what = int(e.Pos.Offset()), strings.TrimPrefix(e.Error(), e.Pos.String()+": ")
	}
	for _, k := range m.markers {
		what = strings.ReplaceAll(what, k.name, k.ph.text)
	}
	return nil, fail.Usage("the template does not parse as %s: %s", lang, what).Place(m.text, m.origin(at), 1)
}

// errLost is the parser's end at a text that it does not even refuse. What a shell would make
// of the text is not known then, so that no template that holds it is safe.
var errLost = errors.New("the parser is lost in it")

func parseShell(source string, lang syntax.LangVariant) (file *syntax.File, err error) {
	defer func() {
		if recover() != nil {
			file, err = nil, errLost
		}
	}()
	return syntax.NewParser(syntax.Variant(lang), syntax.KeepComments(true)).Parse(strings.NewReader(source), "")
}

// examine finds where each placeholder stands, or says why one is unsafe there: in the dialect
// that file was parsed in, the first of langs, and in the others.
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
				return nil, fail.Usage("the template does not parse as %s: %s", lang, err)
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

// readsPositional reports whether a script can see the positional parameters, which are
// then the records of the item.
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

func isPositional(name string) bool {
	if name == "@" || name == "*" || name == "#" || name == "argv" {
		return true
	}
	n, err := strconv.Atoi(name)
	return err == nil && n > 0
}
