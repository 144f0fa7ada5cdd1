package template

import (
	"slices"

	"mvdan.cc/sh/v3/syntax"
)

// Calls reports whether a shell text runs one of these functions by name. Text that bash does
// not understand runs none.
func Calls(text string, functions []string) bool {
	if len(functions) == 0 {
		return false
	}
	file, err := parseShell(text, syntax.LangBash)
	if err != nil {
		return false
	}
	found := false
	syntax.Walk(file, func(n syntax.Node) bool {
		if c, ok := n.(*syntax.CallExpr); ok && len(c.Args) > 0 {
			found = found || slices.Contains(functions, c.Args[0].Lit())
		}
		return !found
	})
	return found
}
