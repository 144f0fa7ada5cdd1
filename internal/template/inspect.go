package template

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// inspect is the finding at one node of the syntax tree, without those below it; nil for none.
func (a *analysis) inspect(n syntax.Node) *finding {
	switch n := n.(type) {
	case *syntax.ArithmExp, *syntax.ArithmCmd, *syntax.LetClause, *syntax.CStyleLoop:
		return found(a.taint(n, asNumber), inArithmetic)
	case *syntax.Subshell:
		// ((...)) is arithmetic to some shells that are called sh, and two subshells to others.
		if a.m.source[min(int(n.Lparen.Offset())+1, len(a.m.source)-1)] == '(' {
			return found(a.taint(n, asNumber), inArithmetic)
		}
	case *syntax.ParamExp:
		return a.inspectExpansion(n)
	case *syntax.Assign:
		return a.inspectAssign(n)
	case *syntax.ArrayElem:
		if n.Index != nil {
			return found(a.taint(n.Index, asNumber), inSubscript)
		}
	case *syntax.BinaryTest:
		switch n.Op {
		case syntax.TsEql, syntax.TsNeq, syntax.TsLeq, syntax.TsGeq, syntax.TsLss, syntax.TsGtr:
			return found(a.taint(n, asNumber), numeric)
		}
	case *syntax.UnaryTest:
		switch n.Op {
		case syntax.TsVarSet, syntax.TsRefVar, syntax.TsFdTerm, syntax.TsOptSet:
			return found(a.taint(n, asNumber), testedName)
		}
	case *syntax.WordIter:
		for _, w := range n.Items {
			if f := a.inspectVariable(n.Name.Value, w); f != nil {
				return f
			}
		}
	case *syntax.DeclClause:
		return a.inspectDeclaration(n)
	case *syntax.Lit:
		if a.lang == syntax.LangZsh && len(a.m.markers) > 0 {
			return a.inspectZsh(n)
		}
	case *syntax.Redirect:
		if n.Op == syntax.DplIn || n.Op == syntax.DplOut {
			return found(a.taint(n.Word, asText), descriptor)
		}
	case *syntax.CallExpr:
		return a.inspectCall(n.Args)
	}
	return nil
}

// inspectZsh is for what the parser takes as text and zsh does not: $[...] is arithmetic, and a glob
// qualifier such as (e:...:) holds code.
func (a *analysis) inspectZsh(n *syntax.Lit) *finding {
	end := int(n.End().Offset())
	next := end < len(a.m.source) && a.m.source[end] == '['
	if strings.Contains(n.Value, "$[") || next && strings.HasSuffix(n.Value, "$") {
		return found(a.m.markers[0].at, inArithmetic)
	}
	if strings.ContainsAny(n.Value, "()") && strings.Contains(n.Value, "$") {
		return found(a.m.markers[0].at, globbing)
	}
	return nil
}

// inspectExpansion is for ${...}: subscripts and slices are arithmetic, and a value may not be expanded
// again.
func (a *analysis) inspectExpansion(p *syntax.ParamExp) *finding {
	if p.Index != nil {
		if at := a.taint(p.Index, asNumber); at != none {
			return found(at, inSubscript)
		}
	}
	if p.Slice != nil {
		for _, x := range []syntax.ArithmExpr{p.Slice.Offset, p.Slice.Length} {
			if x == nil {
				continue
			}
			if at := a.taint(x, asNumber); at != none {
				return found(at, inArithmetic)
			}
		}
	}
	if p.Flags != nil { // zsh
		if a.placeholderIn(p.Flags) != none || a.mentionsTainted(p.Flags.Value) {
			return found(offset(p), inArithmetic)
		}
		if p.Exp != nil && p.Exp.Word != nil {
			if at := a.taint(p.Exp.Word, asCode); at != none {
				return found(at, indirect)
			}
		}
	}
	if p.Param != nil && p.Excl && slices.ContainsFunc(a.constants[p.Param.Value], a.subscripted) {
		return found(offset(p), indirect)
	}
	if p.Param == nil || !a.isTainted(p.Param.Value, p) {
		if p.NestedParam != nil && (p.Flags != nil || p.GlobSubst != syntax.OptUnset) {
			return found(a.taint(p.NestedParam, asCode), indirect)
		}
		return nil
	}
	again := p.Excl && p.Names == 0 || p.Flags != nil || p.GlobSubst == syntax.OptOn ||
		p.Exp != nil && p.Exp.Op == syntax.OtherParamOps ||
		// An unquoted value becomes a pattern, and a pattern of zsh can hold code.
		a.lang == syntax.LangZsh && globsValues(a.m.source)
	if again {
		return found(offset(p), indirect)
	}
	return nil
}

// globsValues reports whether a script could set an option of zsh by which values become patterns.
func globsValues(source string) bool {
	flat := strings.ToLower(strings.ReplaceAll(source, "_", ""))
	return strings.Contains(flat, "globsubst") || strings.Contains(flat, "emulate")
}

// inspectAssign is for name=value and name[subscript]=value.
func (a *analysis) inspectAssign(n *syntax.Assign) *finding {
	if n.Index != nil {
		if at := a.taint(n.Index, asNumber); at != none {
			return found(at, inSubscript)
		}
	}
	if n.Name == nil || n.Naked {
		return nil
	}
	return a.inspectVariable(n.Name.Value, n)
}

// inspectDeclaration is inspectDeclarer where the grammar has declarations.
func (a *analysis) inspectDeclaration(d *syntax.DeclClause) *finding {
	typing := d.Variant.Value == "nameref" || strings.ContainsAny(declFlags(d), typingOptions)
	for _, arg := range d.Args {
		at := a.taint(arg, asText)
		switch {
		case at == none && arg.Value != nil && arg.Name == nil && a.subscripted(a.source(arg.Value)):
			return found(offset(arg), isName)
		case at == none:
		case arg.Naked || arg.Name == nil || arg.Index != nil || arg.Array != nil:
			return found(at, isName)
		case typing:
			return found(at, typedVar)
		}
	}
	return nil
}
