package template

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/mostlylucid/eph/internal/fail"
)

// guard says which values of a script must not begin with -.
type guard struct {
	values     map[int]bool // by their index in script.values
	positional bool         // the records
}

// guardValue is the error of an item whose value a program would read as an option. A lone -
// counts: to many programs it is a name of standard input.
func guardValue(name, value string, v *Values) error {
	if !strings.HasPrefix(value, "-") {
		return nil
	}
	return fail.Own("item %d: %s is %.60q where it would be read as an option (--guard-dash); write -- before it", v.Item.Seq, name, value)
}

// guardWords marks the arguments that begin with a value and have no -- before them. For a wrapper
// such as sudo or timeout it is the -- of the command within that counts.
func guardWords(words []word) {
	for i := 1; i < optionsEnd(asTyped(words)); i++ {
		ph := words[i].parts[0].ph
		words[i].guarded = ph != nil && !ph.isNumber()
	}
}

func (w word) guard(value string, v *Values) error {
	if !w.guarded {
		return nil
	}
	return guardValue(w.parts[0].ph.text, value, v)
}

// optionsEnd is the index of the -- that ends the options of a command, or the number of words.
func optionsEnd(words []string) int {
	for i := innermost(words) + 1; i < len(words); i++ {
		if words[i] == "--" {
			return i
		}
	}
	return len(words)
}

// guardOf finds the values that begin a word which is, or by way of a variable can become, an
// argument with no -- before it. The targets of redirections, the text of here-documents and what
// is only compared are none.
func (m *marked) guardOf(file *syntax.File, values []*placeholder) guard {
	g := guard{values: map[int]bool{}}
	a := &analysis{m: m}
	walk(file, func(path []syntax.Node) {
		w, ok := path[len(path)-1].(*syntax.Word)
		if !ok || len(path) < 2 || !canBeOption(a, path[len(path)-2], w) {
			return
		}
		g.positional = g.positional || beginsPositional(w.Parts)
		for i, ph := range values {
			for _, k := range m.markers {
				if k.ph.text == ph.text && !ph.isNumber() && m.begins(k, w.Parts) {
					g.values[i] = true
				}
			}
		}
	})
	return g
}

// canBeOption reports whether the program that gets w in the end could take it for an option.
func canBeOption(a *analysis, parent syntax.Node, w *syntax.Word) bool {
	switch parent := parent.(type) {
	case *syntax.CallExpr:
		end := optionsEnd(a.sources(parent.Args))
		for i, arg := range parent.Args {
			if arg == w {
				return 0 < i && i < end
			}
		}
	case *syntax.Assign, *syntax.ArrayElem, *syntax.WordIter:
		return true
	}
	return false
}

// begins reports whether a marker can be the first text of a word: nothing stands before it but
// quotes, other markers, and expansions, which may be empty.
func (m *marked) begins(k marker, parts []syntax.WordPart) bool {
	found, _ := m.lead(k, parts)
	return found
}

// lead is begins for some parts of a word; open is that they may be empty.
func (m *marked) lead(k marker, parts []syntax.WordPart) (found, open bool) {
	for _, part := range parts {
		switch p := part.(type) {
		case *syntax.Lit:
			found, open = m.leadText(k, p.Value)
		case *syntax.SglQuoted:
			found, open = m.leadText(k, p.Value)
		case *syntax.DblQuoted:
			found, open = m.lead(k, p.Parts)
		case *syntax.ParamExp:
			open = true
			if p.Exp != nil && p.Exp.Word != nil {
				found, _ = m.lead(k, p.Exp.Word.Parts)
			}
		default:
			open = true
		}
		if found || !open {
			return found, open
		}
	}
	return false, true
}

func (m *marked) leadText(k marker, text string) (found, open bool) {
	for {
		if strings.HasPrefix(text, k.name) {
			return true, false
		}
		if !strings.HasPrefix(text, m.prefix) {
			return false, text == ""
		}
		_, text, _ = strings.Cut(text[len(m.prefix):], "_")
	}
}

// beginsPositional reports whether "$1", "$@" and the like are the first text of a word.
func beginsPositional(parts []syntax.WordPart) bool {
	if len(parts) == 0 {
		return false
	}
	switch p := parts[0].(type) {
	case *syntax.DblQuoted:
		return beginsPositional(p.Parts)
	case *syntax.ParamExp:
		return p.Param != nil && isPositional(p.Param.Value) && p.Param.Value != "#" && !p.Length
	}
	return false
}
