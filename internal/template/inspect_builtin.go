package template

import (
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

func (a *analysis) inspectDeclarer(name string, args []*syntax.Word) *finding {
	typing := name == "integer" || name == "float" || name == "nameref"
	for _, w := range args {
		text := a.source(w)
		typing = typing || strings.HasPrefix(text, "-") && strings.ContainsAny(text, "inEF")
		at := a.taint(w, asText)
		if at == none {
			continue
		}
		v, _, assigns := strings.Cut(text, "=")
		if !assigns || !syntax.ValidName(v) || int(w.Pos().Offset())+len(v) > at {
			return found(at, isName)
		}
		if typing {
			return found(at, typedVar)
		}
	}
	return nil
}

func (a *analysis) inspectNumber(_ string, args []*syntax.Word) *finding {
	if !a.m.evaluates {
		return nil
	}
	for _, w := range args {
		if at := a.taint(w, asNumber); at != none {
			return found(at, isName)
		}
	}
	return found(a.firstTaint(args, asCode), isName)
}

var (
	numericOperators = setOf("-eq -ne -lt -le -gt -ge")
	namingOperators  = setOf("-v -R -t -o")
)

// inspectTest is for the operands of [, and of [[ where the dialect takes it as a command.
func (a *analysis) inspectTest(_ string, args []*syntax.Word) *finding {
	carriers, numbers := make([]int, len(args)), make([]int, len(args))
	for i, w := range args {
		carriers[i], numbers[i] = a.taint(w, asText), a.taint(w, asNumber)
	}
	for i, w := range args {
		op, _ := literal(w)
		switch {
		case numericOperators[op] && !a.m.evaluates:
		case numericOperators[op]:
			if i > 0 && numbers[i-1] != none {
				return found(numbers[i-1], numeric)
			}
			if i+1 < len(args) && numbers[i+1] != none {
				return found(numbers[i+1], numeric)
			}
		case op == "-v" && i+1 < len(args) && a.subscripted(a.source(args[i+1])):
			return found(int(args[i+1].Pos().Offset()), testedName)
		case namingOperators[op] && i+1 < len(args) && carriers[i+1] != none:
			return found(carriers[i+1], testedName)
		case carriers[i] != none && i+1 < len(args) && carriers[i+1] != none && a.startsFree(w):
			return found(carriers[i+1], testOperator)
		}
	}
	return nil
}

// startsFree reports whether a word begins with something that is not literal text, so that its
// value could be an operator.
func (a *analysis) startsFree(w *syntax.Word) bool {
	text := strings.TrimLeft(a.source(w), `"'`)
	return strings.HasPrefix(text, "$") || strings.HasPrefix(text, "`") || strings.HasPrefix(text, a.m.prefix)
}

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

// textFormat is what a format may hold for zsh to take its arguments as text: its other
// conversions evaluate them as arithmetic.
var textFormat = regexp.MustCompile(`^([^%]|%%|%-?[0-9]*(\.[0-9]+)?[sbcq])*$`)

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
