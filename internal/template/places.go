package template

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// place is how a marker has to be written where it stands.
type place struct {
	form     form
	word     extent // the word to repeat for several records; zero where one cannot be
	alone    bool   // the marker is the whole word, without quotes
	argument bool   // the word is an argument of a command, and the marker all of it
}

// extent is a range of bytes of the source.
type extent struct{ from, to int }

// places finds where each marker stands. A marker that the parser did not keep in a place known
// to be safe is an error: what is not understood is refused.
func (m *marked) places(file *syntax.File, lang syntax.LangVariant) ([]place, error) {
	places := make([]place, len(m.markers))
	var failed error
	walk(file, func(path []syntax.Node) {
		leaf := path[len(path)-1]
		if failed != nil || !isLeaf(leaf) {
			return
		}
		for i, k := range m.markers {
			if k.at < offset(leaf) || k.at+len(k.name) > int(leaf.End().Offset()) {
				continue
			}
			p, why := m.place(k, path, lang)
			if why.what != "" && failed == nil {
				failed = m.refuse(k.at, why)
			}
			places[i] = p
		}
	})
	for i, p := range places {
		if failed == nil && p.form == 0 {
			failed = m.refuse(m.markers[i].at, elsewhere)
		}
	}
	return places, failed
}

func isLeaf(n syntax.Node) bool {
	switch n.(type) {
	case *syntax.Lit, *syntax.SglQuoted, *syntax.Comment:
		return true
	}
	return false
}

// place tells how marker k, in the leaf that ends path, has to be written.
func (m *marked) place(k marker, path []syntax.Node, lang syntax.LangVariant) (p place, why refusal) {
	i := len(path) - 1
	if _, ok := path[i].(*syntax.Comment); ok {
		return place{form: comment}, why
	}
	for _, n := range path {
		if s, ok := n.(*syntax.CmdSubst); ok && (s.Backquotes || s.TempFile || s.ReplyVar) {
			return p, inBackquotes
		}
	}
	if i == 0 {
		return p, elsewhere
	}
	f, word, why := m.quoting(k, path)
	if why.what != "" {
		return p, why
	}
	// path[word] is the innermost word. Climb out of the expansions it stands in.
	for {
		pe, ok := path[word-1].(*syntax.ParamExp)
		if !ok {
			break
		}
		if f, why = expansion(pe, path, word, f, lang); why.what != "" {
			return p, why
		}
		if word -= 2; isQuoted(path[word]) {
			word--
		}
		if _, ok := path[word].(*syntax.Word); !ok {
			return p, nested
		}
		if _, again := path[word-1].(*syntax.ParamExp); again {
			return p, nested
		}
	}
	w := path[word].(*syntax.Word)
	if r, ok := path[word-1].(*syntax.Redirect); ok && r.Hdoc == w {
		return hereDocument(r, f)
	}
	if why := m.unquotedNear(k, w, f, lang); why.what != "" {
		return p, why
	}
	return m.usedAs(k, w, f, path[:word], lang)
}

// quoting is the form that the leaf asks for, and the index in path of the word it is in.
func (m *marked) quoting(k marker, path []syntax.Node) (form, int, refusal) {
	i := len(path) - 1
	if q, ok := path[i].(*syntax.SglQuoted); ok {
		if _, ok := path[i-1].(*syntax.Word); !ok {
			return 0, 0, elsewhere
		}
		switch {
		case q.Dollar && m.backslashed(k.at):
			return 0, 0, escaped
		case q.Dollar:
			return dollar, i - 1, refusal{}
		case int(q.Left.Offset()) > 0 && m.source[q.Left.Offset()-1] == '$' && !m.backslashed(int(q.Left.Offset())-1):
			return 0, 0, noDollar
		}
		return single, i - 1, refusal{}
	}
	switch parent := path[i-1].(type) {
	case *syntax.DblQuoted:
		if parent.Dollar || m.source[max(int(parent.Left.Offset())-1, 0)] == '$' && !m.backslashed(int(parent.Left.Offset())-1) {
			return 0, 0, translated
		}
		if m.backslashed(k.at) {
			return 0, 0, escaped
		}
		if _, ok := path[i-2].(*syntax.Word); !ok {
			return 0, 0, elsewhere
		}
		return double, i - 2, refusal{}
	case *syntax.Word:
		if m.backslashed(k.at) {
			return 0, 0, escaped
		}
		return bare, i - 1, refusal{}
	case *syntax.ParamExp:
		return 0, 0, inExpansion
	case *syntax.Assign, *syntax.FuncDecl, *syntax.WordIter, *syntax.DeclClause:
		return 0, 0, inName
	case *syntax.Redirect:
		return 0, 0, descriptor
	case *syntax.ExtGlob:
		return 0, 0, globbing
	}
	return 0, 0, elsewhere
}

// backslashed reports whether an odd number of backslashes stands before byte at.
func (m *marked) backslashed(at int) bool {
	before := m.source[:max(at, 0)]
	return (len(before)-len(strings.TrimRight(before, `\`)))%2 == 1
}

// expansion adapts the form of a marker within ${name<op>...}: path[word] is the word behind
// the operator, and the quotes around the whole expansion decide what quotes mean in it.
func expansion(pe *syntax.ParamExp, path []syntax.Node, word int, f form, lang syntax.LangVariant) (form, refusal) {
	w := path[word].(*syntax.Word)
	if pe.Exp == nil || pe.Exp.Word != w {
		return 0, inExpansion
	}
	if inQuotes(path, word-2) {
		if f != bare || holdsQuotes(w) {
			return 0, innerQuotes
		}
		switch pe.Exp.Op {
		case syntax.DefaultUnset, syntax.DefaultUnsetOrNull, syntax.AlternateUnset, syntax.AlternateUnsetOrNull,
			syntax.ErrorUnset, syntax.ErrorUnsetOrNull, syntax.AssignUnset, syntax.AssignUnsetOrNull:
			return unquoted, refusal{}
		case syntax.RemSmallPrefix, syntax.RemLargePrefix, syntax.RemSmallSuffix, syntax.RemLargeSuffix:
			return bare, refusal{}
		}
		return 0, inExpansion
	}
	switch pe.Exp.Op {
	case syntax.DefaultUnset, syntax.DefaultUnsetOrNull, syntax.AlternateUnset, syntax.AlternateUnsetOrNull:
		if lang == syntax.LangZsh { // drops the word when it is empty
			return 0, splitDefault
		}
		return f, refusal{}
	case syntax.ErrorUnset, syntax.ErrorUnsetOrNull,
		syntax.RemSmallPrefix, syntax.RemLargePrefix, syntax.RemSmallSuffix, syntax.RemLargeSuffix:
		return f, refusal{}
	case syntax.AssignUnset, syntax.AssignUnsetOrNull:
		return 0, splitDefault
	}
	return 0, inExpansion
}

func isQuoted(n syntax.Node) bool {
	_, ok := n.(*syntax.DblQuoted)
	return ok
}

// inQuotes reports whether path[i], which holds an expansion, is "..." or a here-document.
func inQuotes(path []syntax.Node, i int) bool {
	switch n := path[i].(type) {
	case *syntax.DblQuoted:
		return true
	case *syntax.Word:
		r, ok := path[i-1].(*syntax.Redirect)
		return ok && r.Hdoc == n
	}
	return false
}

func holdsQuotes(w *syntax.Word) bool {
	for _, part := range w.Parts {
		lit, ok := part.(*syntax.Lit)
		if !ok || strings.ContainsAny(lit.Value, `'"`) {
			return true
		}
	}
	return false
}

func hereDocument(r *syntax.Redirect, f form) (place, refusal) {
	if lit := r.Word.Lit(); lit == "" || strings.Contains(lit, `\`) {
		return place{}, quotedHeredoc
	}
	if f == bare || f == unquoted {
		return place{form: unquoted}, refusal{}
	}
	return place{}, elsewhere
}

// unquotedNear looks at the unquoted text in the marker's word that could take it in.
func (m *marked) unquotedNear(k marker, w *syntax.Word, f form, lang syntax.LangVariant) refusal {
	if lang == syntax.LangZsh || lang == syntax.LangMirBSDKorn {
		for _, part := range w.Parts {
			if lit, ok := part.(*syntax.Lit); ok && strings.ContainsAny(lit.Value, "()") {
				return globbing
			}
		}
	}
	before := m.source[w.Pos().Offset():k.at]
	if lang == syntax.LangZsh && strings.HasPrefix(before, "=") {
		return equals
	}
	t := strings.LastIndexByte(before, '~')
	if f == bare && t >= 0 && !strings.Contains(before[t:], "/") && (t == 0 || strings.IndexByte(":=", before[t-1]) >= 0) {
		return tilde
	}
	return refusal{}
}

// usedAs checks that the word stands where a shell takes its value as text. path ends before
// the word.
func (m *marked) usedAs(k marker, w *syntax.Word, f form, path []syntax.Node, lang syntax.LangVariant) (place, refusal) {
	p := place{form: f}
	alone := f == bare && w.Lit() == k.name
	list := extent{offset(w), int(w.End().Offset())} // for words that are one of a list
	switch parent := path[len(path)-1].(type) {
	case *syntax.CallExpr:
		if len(parent.Args) == 0 || parent.Args[0] == w && !m.program {
			return p, commandWord
		}
		p.word, p.alone, p.argument = list, alone, alone
		if holdsAssignment(w, k, m) {
			p.word = extent{}
		}
		return p, refusal{}
	case *syntax.WordIter:
		p.word, p.alone = list, alone
		return p, refusal{}
	case *syntax.ArrayElem:
		if parent.Value != w {
			return p, inExpansion
		}
		if parent.Index == nil {
			p.word, p.alone = list, alone
		}
		return p, refusal{}
	case *syntax.Assign:
		if parent.Value != w || parent.Name == nil {
			return p, inName
		}
		return p, refusal{}
	case *syntax.Redirect:
		return p, redirection(parent)
	case *syntax.CaseClause, *syntax.CaseItem, *syntax.UnaryTest:
		return p, refusal{}
	case *syntax.BinaryTest:
		if parent.Op == syntax.TsReMatch && parent.Y == w && lang != syntax.LangBash {
			return p, inRegexp
		}
		return p, refusal{}
	case *syntax.TestClause, *syntax.ParenTest:
		return p, refusal{}
	case *syntax.ArithmExp, *syntax.ArithmCmd, *syntax.BinaryArithm, *syntax.UnaryArithm, *syntax.ParenArithm:
		if k.ph.isNumber() && alone {
			return place{form: number}, refusal{}
		}
	}
	return p, elsewhere
}

// holdsAssignment reports whether the word is name=... before the marker: an argument of
// export in a dialect that has no grammar for it, which is not to be repeated.
func holdsAssignment(w *syntax.Word, k marker, m *marked) bool {
	name, _, ok := strings.Cut(m.source[w.Pos().Offset():k.at], "=")
	return ok && syntax.ValidName(name)
}

func redirection(r *syntax.Redirect) refusal {
	switch r.Op {
	case syntax.RdrOut, syntax.AppOut, syntax.RdrIn, syntax.RdrInOut, syntax.RdrClob, syntax.RdrAll, syntax.AppAll, syntax.WordHdoc:
		return refusal{}
	case syntax.Hdoc, syntax.DashHdoc:
		return delimiter
	}
	return descriptor
}
