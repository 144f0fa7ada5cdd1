package template

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// walk calls visit for each node with the path that leads to it.
func walk(root syntax.Node, visit func(path []syntax.Node)) {
	var path []syntax.Node
	syntax.Walk(root, func(n syntax.Node) bool {
		if n == nil {
			path = path[:len(path)-1]
			return true
		}
		path = append(path, n)
		visit(path)
		return true
	})
}

// children calls visit for the nodes right below n.
func children(n syntax.Node, visit func(syntax.Node)) {
	top := true
	syntax.Walk(n, func(n syntax.Node) bool {
		if top {
			top = false
			return true
		}
		if n != nil {
			visit(n)
		}
		return false
	})
}

// literal is the value of a word that is the same in every run.
func literal(w *syntax.Word) (string, bool) {
	text := outline(w)
	if strings.IndexByte(text, 0) >= 0 {
		return "", false
	}
	return text, true
}

// outline is a word without its quotes, and with NUL for each part that only the shell knows.
func outline(w *syntax.Word) string {
	var b strings.Builder
	add := func(part syntax.WordPart, escapes string) {
		if lit, ok := part.(*syntax.Lit); ok {
			b.WriteString(unescape(lit.Value, escapes))
		} else {
			b.WriteByte(0)
		}
	}
	for _, part := range w.Parts {
		switch p := part.(type) {
		case *syntax.SglQuoted:
			if p.Dollar && strings.Contains(p.Value, `\`) {
				b.WriteByte(0)
			} else {
				b.WriteString(p.Value)
			}
		case *syntax.DblQuoted:
			for _, q := range p.Parts {
				add(q, "$`\"\\")
			}
		default:
			add(part, "")
		}
	}
	return b.String()
}

// unescape removes the backslashes that quote: all of them, or those before a byte of only.
func unescape(s, only string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && (only == "" || strings.IndexByte(only, s[i+1]) >= 0) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// isPattern reports whether a word is matched against the names of files, or stands for several.
func isPattern(w *syntax.Word) bool {
	for _, part := range w.Parts {
		lit, ok := part.(*syntax.Lit)
		if !ok {
			continue
		}
		brackets := len(lit.Value) > len("[[") && strings.Contains(lit.Value, "[")
		braces := strings.Contains(lit.Value, "{") && (strings.Contains(lit.Value, ",") || strings.Contains(lit.Value, ".."))
		if brackets || braces || strings.ContainsAny(lit.Value, "*?") {
			return true
		}
	}
	return false
}

// canVanish reports whether a word can expand to no word at all, so that the next one takes its
// place.
func canVanish(w *syntax.Word) bool {
	for _, part := range w.Parts {
		switch p := part.(type) {
		case *syntax.ParamExp:
			if p.Exp == nil {
				continue
			}
			switch p.Exp.Op {
			case syntax.ErrorUnsetOrNull:
				return false
			case syntax.DefaultUnsetOrNull:
				if p.Exp.Word == nil {
					continue
				}
				if text, ok := literal(p.Exp.Word); ok && text != "" {
					return false
				}
			}
		case *syntax.CmdSubst:
		default:
			return false
		}
	}
	return true
}

// expansionOf is the ${...} that a word is, quoted or not; nil for any other word.
func expansionOf(w *syntax.Word) *syntax.ParamExp {
	parts := w.Parts
	if q, ok := parts[0].(*syntax.DblQuoted); ok && len(parts) == 1 {
		parts = q.Parts
	}
	if len(parts) != 1 {
		return nil
	}
	if p, ok := parts[0].(*syntax.ParamExp); ok && p.Param != nil {
		return p
	}
	return nil
}

// isArguments reports whether a word is "$@", or "$*".
func isArguments(w *syntax.Word) bool {
	p := expansionOf(w)
	return p != nil && (p.Param.Value == "@" || p.Param.Value == "*")
}

// isList reports whether a word is as many words as there are values: "$@", or "${a[@]}".
func isList(w *syntax.Word) bool {
	if p := expansionOf(w); p != nil && p.Index != nil {
		index, ok := p.Index.(*syntax.Word)
		return ok && (index.Lit() == "@" || index.Lit() == "*")
	}
	return isArguments(w)
}

// isSlice reports whether a word leaves the first of several values out.
func isSlice(w *syntax.Word) bool {
	for n := range syntax.Preorder(w) {
		if p, ok := n.(*syntax.ParamExp); ok && p.Slice != nil {
			return true
		}
	}
	return false
}

func isPipe(b *syntax.BinaryCmd) bool { return b.Op == syntax.Pipe || b.Op == syntax.PipeAll }

// isExec reports whether a statement changes the descriptors for all that follows.
func isExec(st *syntax.Stmt) bool {
	c, ok := st.Cmd.(*syntax.CallExpr)
	if !ok || len(c.Args) != 1 || len(st.Redirs) == 0 {
		return false
	}
	name, _ := literal(c.Args[0])
	return name == "exec"
}

// calls reports whether a command of this name is run in n.
func calls(n syntax.Node, name string) bool {
	for n := range syntax.Preorder(n) {
		if c, ok := n.(*syntax.CallExpr); ok && len(c.Args) > 0 {
			if text, _ := literal(c.Args[0]); text == name {
				return true
			}
		}
	}
	return false
}

// offset is the first byte of a node.
func offset(n syntax.Node) int { return int(n.Pos().Offset()) }

// fields are the words of text that stands in the place of w.
func fields(text string, w *syntax.Word) (ws []*syntax.Word) {
	for field := range strings.FieldsSeq(text) {
		ws = append(ws, &syntax.Word{Parts: []syntax.WordPart{&syntax.Lit{ValuePos: w.Pos(), ValueEnd: w.End(), Value: field}}})
	}
	return ws
}

// setOf is the set of the words of a text.
func setOf(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}
