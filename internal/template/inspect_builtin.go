package template

import (
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// inspectDeclarer is for export, typeset and the like where the grammar has them as commands: the value
// behind = may be an item.
func (a *analysis) inspectDeclarer(name string, args []*syntax.Word) *finding {
	typing := name == "integer" || name == "float" || name == "nameref"
	for _, w := range args {
		text := a.source(w)
		typing = typing || strings.HasPrefix(text, "-") && strings.ContainsAny(text, typingOptions)
		at := a.taint(w, asText)
		if at == none {
			continue
		}
		v, _, assigns := strings.Cut(text, "=")
		if !assigns || !syntax.ValidName(v) || offset(w)+len(v) > at {
			return found(at, isName)
		}
		if typing {
			return found(at, typedVar)
		}
	}
	return nil
}

// inspectNumber is for commands whose arguments some shells evaluate.
func (a *analysis) inspectNumber(_ string, args []*syntax.Word) *finding {
	if !a.m.evaluates {
		return nil
	}
	for _, w := range args {
		if at := a.taint(w, asNumber); at != none {
			return found(at, evaluated)
		}
	}
	return found(a.firstTaint(args, asCode), evaluated)
}

var (
	numericOperators = setOf("-eq -ne -lt -le -gt -ge")
	namingOperators  = setOf("-v -R -t -o")
)

// inspectTest is for the operands of [, and of [[ where the dialect takes it as a command.
func (a *analysis) inspectTest(_ string, args []*syntax.Word) *finding {
	for i, w := range args {
		op, _ := literal(w)
		before, after := args[max(i-1, 0):i], args[i+1:min(i+2, len(args))]
		next := a.firstTaint(after, asText)
		switch {
		case numericOperators[op] && a.m.evaluates:
			if at := or(a.firstTaint(before, asNumber), a.firstTaint(after, asNumber)); at != none {
				return found(at, numeric)
			}
		case numericOperators[op]:
		case op == "-v" && len(after) > 0 && a.subscripted(a.source(after[0])):
			return found(offset(after[0]), testedName)
		case next != none && namingOperators[op]:
			return found(next, testedName)
		case next != none && a.taint(w, asText) != none && a.startsFree(w):
			return found(next, testOperator)
		}
	}
	return nil
}

// startsFree reports whether a word begins with a placeholder or an expansion, so that its value can be
// an operator or an option.
func (a *analysis) startsFree(w *syntax.Word) bool {
	text := strings.TrimLeft(a.source(w), `"'`)
	return strings.HasPrefix(text, "$") || strings.HasPrefix(text, "`") || strings.HasPrefix(text, a.m.prefix)
}

// inspectPrint is for printf and print: an item may not be the first thing of all, and in zsh it may be
// formatted as text alone.
func (a *analysis) inspectPrint(_ string, args []*syntax.Word) *finding {
	for i, w := range args {
		text, fixed := a.constantText(w)
		switch {
		case !fixed:
			if at := a.taint(w, asText); at != none && a.startsFree(w) {
				return found(at, option)
			}
			if f := a.inspectFormat("", args[i+1:]); f != nil || !canVanish(w) {
				return f
			}
		case text == "--" || text == "-":
			return a.inspectFormat("%d", args[i+1:])
		case !strings.HasPrefix(text, "-"):
			return a.inspectFormat(text, args[i+1:])
		case strings.Contains(text, "f"):
			return a.inspectFormat("%d", args[i+1:])
		case strings.ContainsAny(text, "vAPzsS"):
			if i+1 < len(args) && strings.HasSuffix(text, "v") {
				if f := takesAll(isName)(a, "", args[i+1:i+2]); f != nil {
					return f
				}
			}
			if strings.ContainsAny(text, "APzS") {
				return found(a.firstTaint(args, asText), isCode)
			}
		}
	}
	return nil
}

// textFormat matches the formats whose arguments zsh takes as text. All other conversions evaluate theirs
// as arithmetic.
var textFormat = regexp.MustCompile(`^([^%]|%%|%-?[0-9]*(\.[0-9]+)?[sbcq])*$`)

// inspectFormat is for the arguments behind a format; "" is one that is not known.
func (a *analysis) inspectFormat(format string, args []*syntax.Word) *finding {
	if a.lang != syntax.LangZsh || format != "" && textFormat.MatchString(format) {
		return nil
	}
	for _, w := range args {
		if at := a.taint(w, asNumber); at != none {
			return found(at, inArithmetic)
		}
	}
	return nil
}

// inspectSet is for set, whose options end at --.
func (a *analysis) inspectSet(_ string, args []*syntax.Word) *finding {
	for _, w := range args {
		if text, ok := a.constantText(w); ok && (text == "--" || text == "-") {
			return nil
		}
		if at := a.taint(w, asText); at != none {
			return found(at, setter)
		}
	}
	return nil
}
