package template

import (
	"math"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// A taint is the byte of the source that an item's text comes from: of a placeholder, of a variable
// that was assigned one, of a command substitution that prints one. Or it is one of these.
const (
	none      = -1            // no item
	fromStdin = math.MaxInt32 // the standard input of the job, which is no byte of the source
)

// or is the first of two taints that is one.
func or(a, b int) int {
	if a != none {
		return a
	}
	return b
}

// reading is what the text in which a taint is looked for will be taken for.
type reading uint8

const (
	asText   reading = iota // a command substitution is what it is known to print
	asCode                  // and whatever its commands are given, to be on the safe side
	asNumber                // arithmetic: as text, and a bare name is a variable
)

// taint is the first taint in root, or none.
func (a *analysis) taint(root syntax.Node, as reading) int {
	at := none
	syntax.Walk(root, func(n syntax.Node) bool {
		if at != none {
			return false
		}
		switch n := n.(type) {
		case *syntax.Comment:
			return false
		case *syntax.Word:
			if given, ok := a.injected[n]; ok {
				at = given
			}
		case *syntax.CmdSubst, *syntax.ProcSubst:
			at = a.output(n)
			return as == asCode
		case *syntax.ParamExp:
			if n.Param == nil || n.Length {
				break
			}
			if a.isTainted(n.Param.Value, n) || (as == asNumber || n.Excl || n.Flags != nil) && a.refersToTainted(n.Param.Value) {
				at = offset(n)
			}
		case *syntax.SglQuoted:
			at = a.literalTaint(n, n.Value, as)
		case *syntax.Lit:
			at = a.literalTaint(n, n.Value, as)
		}
		return at == none
	})
	return at
}

// firstTaint is the first taint in a list of words, or none.
func (a *analysis) firstTaint(ws []*syntax.Word, as reading) int {
	for _, w := range ws {
		if at := a.taint(w, as); at != none {
			return at
		}
	}
	return none
}

// literalTaint is the taint in literal text: a placeholder, or the name of a variable in arithmetic.
func (a *analysis) literalTaint(n syntax.Node, text string, as reading) int {
	at := a.placeholderIn(n)
	if at == none && as == asNumber && a.mentionsTainted(text) {
		at = offset(n)
	}
	return at
}

// placeholderIn is the first placeholder in n. Numbers that eph counts are no items.
func (a *analysis) placeholderIn(n syntax.Node) int {
	for _, k := range a.m.markers {
		if !k.ph.isNumber() && offset(n) <= k.at && k.at < int(n.End().Offset()) {
			return k.at
		}
	}
	return none
}

// isTainted reports whether a variable holds an item where n expands it. Positional parameters are
// those of the function that n is in. Outside of one they are the records, until set replaces them.
func (a *analysis) isTainted(name string, n syntax.Node) bool {
	if !isPositional(name) {
		return a.tainted[name]
	}
	return a.tainted[a.positionalKey(name)] || a.inFunction == "" && a.records && offset(n) < a.replaced
}

// positionalKey is the key of a positional parameter of the function that the walk is in. $# is a number.
func (a *analysis) positionalKey(name string) string {
	if name == "#" {
		return ""
	}
	return a.inFunction + " " + name
}

var identifier = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)

// mentionsTainted reports whether an expression names a tainted variable, or one whose text does.
func (a *analysis) mentionsTainted(expression string) bool {
	return a.mentions(expression, map[string]bool{})
}

func (a *analysis) mentions(expression string, seen map[string]bool) bool {
	return slices.ContainsFunc(identifier.FindAllString(expression, -1), func(name string) bool {
		if a.tainted[name] || seen[name] {
			return a.tainted[name]
		}
		seen[name] = true
		return slices.ContainsFunc(a.constants[name], func(v string) bool { return a.mentions(v, seen) })
	})
}

// refersToTainted reports whether the text of a variable names a tainted one.
func (a *analysis) refersToTainted(name string) bool {
	return slices.ContainsFunc(a.constants[a.constantKey(name)], a.mentionsTainted)
}

// subscripted reports whether text is a name with a subscript that names a tainted variable.
func (a *analysis) subscripted(text string) bool {
	_, subscript, ok := strings.Cut(text, "[")
	return ok && a.mentionsTainted(subscript)
}
