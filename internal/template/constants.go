package template

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// addConstants learns values that a variable can have: as many, and as long, as names need.
func (a *analysis) addConstants(name string, values ...string) {
	for _, v := range values {
		if !slices.Contains(a.constants[name], v) && len(a.constants[name]) < 16 && len(v) < 200 {
			a.constants[name] = append(a.constants[name], v)
		}
	}
}

// constantsOf are the values that a word can have: its text, with the constants that variables are
// assigned. A variable that the template does not assign counts as empty.
func (a *analysis) constantsOf(w *syntax.Word) []string {
	values := []string{""}
	var add func(parts []syntax.WordPart)
	add = func(parts []syntax.WordPart) {
		for _, part := range parts {
			var more []string
			switch p := part.(type) {
			case *syntax.Lit:
				more = []string{unescape(p.Value, "")}
			case *syntax.SglQuoted:
				more = []string{p.Value}
			case *syntax.DblQuoted:
				add(p.Parts)
			case *syntax.ParamExp:
				if p.Param != nil {
					more = slices.Clone(a.constants[a.constantKey(p.Param.Value)])
				}
				if p.Exp != nil && p.Exp.Word != nil {
					more = append(more, a.constantsOf(p.Exp.Word)...)
				}
			case *syntax.CmdSubst: // of what prints text
				for n := range syntax.Preorder(p) {
					if c, ok := n.(*syntax.CallExpr); ok && len(c.Args) > 1 && printsArguments[c.Args[0].Lit()] {
						for _, w := range c.Args[1:] {
							more = append(more, a.constantsOf(w)...)
						}
					}
				}
			}
			if more == nil || len(values)*len(more) > 64 {
				continue
			}
			var longer []string
			for _, v := range values {
				for _, m := range more {
					longer = append(longer, v+m)
				}
			}
			values = longer
		}
	}
	add(w.Parts)
	return slices.DeleteFunc(values, func(v string) bool { return v == "" })
}

// joined is the text of a list of words, as far as it is constant; none where the first is not.
func (a *analysis) joined(ws []*syntax.Word) []string {
	var texts []string
	for _, w := range ws {
		values := a.constantsOf(w)
		if len(values) != 1 {
			break
		}
		texts = append(texts, values[0])
	}
	if texts == nil {
		return nil
	}
	return []string{strings.Join(texts, " ")}
}

// constantKey is the key of a variable in constants.
func (a *analysis) constantKey(name string) string {
	if isPositional(name) {
		return a.positionalKey(name)
	}
	return name
}
