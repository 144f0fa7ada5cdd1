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

// reading is how the text that a taint is looked for in will be taken.
type reading uint8

const (
	asText   reading = iota
	asCode           // a command substitution gives whatever its commands were given
	asNumber         // arithmetic, where a bare name is a variable too
)

// taint is the first taint in root.
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
				at = int(n.Pos().Offset())
			}
		case *syntax.SglQuoted:
			if at = a.placeholderIn(n); at == none && as == asNumber && a.mentionsTainted(n.Value) {
				at = int(n.Pos().Offset())
			}
		case *syntax.Lit:
			if at = a.placeholderIn(n); at == none && as == asNumber && a.mentionsTainted(n.Value) {
				at = int(n.Pos().Offset())
			}
		}
		return at == none
	})
	return at
}

// firstTaint is the first taint in a list of words.
func (a *analysis) firstTaint(ws []*syntax.Word, as reading) int {
	for _, w := range ws {
		if at := a.taint(w, as); at != none {
			return at
		}
	}
	return none
}

func (a *analysis) placeholderIn(n syntax.Node) int {
	for _, k := range a.m.markers {
		if !k.ph.isNumber() && int(n.Pos().Offset()) <= k.at && k.at < int(n.End().Offset()) {
			return k.at
		}
	}
	return none
}

// isTainted reports whether a variable holds an item where n expands it. The positional parameters
// are those of the function that n is in; outside of one they are the records, until set replaces
// them.
func (a *analysis) isTainted(name string, n syntax.Node) bool {
	if !isPositional(name) {
		return a.tainted[name]
	}
	return a.tainted[a.positionalKey(name)] || a.inFunction == "" && a.records && int(n.Pos().Offset()) < a.replaced
}

// positionalKey is the key in holding of a positional parameter of the function that is looked at.
func (a *analysis) positionalKey(name string) string {
	if name == "#" {
		return ""
	}
	return a.inFunction + " " + name
}

var identifier = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)

// mentionsTainted reports whether an expression names a variable that holds an item, or one whose text does.
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

// refersToTainted reports whether the text of a variable names one that holds an item.
func (a *analysis) refersToTainted(name string) bool {
	return slices.ContainsFunc(a.constants[a.constantKey(name)], a.mentionsTainted)
}

// subscripted reports whether text is a name with a subscript in which a variable holds an item.
func (a *analysis) subscripted(text string) bool {
	_, subscript, ok := strings.Cut(text, "[")
	return ok && a.mentionsTainted(subscript)
}
