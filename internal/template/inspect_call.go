package template

import (
	"iter"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// inspectCall is the finding in a simple command: in the command itself, or in one that it wraps.
func (a *analysis) inspectCall(args []*syntax.Word) *finding {
	if len(args) == 0 {
		return nil
	}
	if name, _ := literal(args[0]); name == "alias" && len(args) > 1 && len(a.m.markers) > 0 {
		return found(a.m.markers[0].at, alias)
	}
	for _, w := range args { // env PATH=... and the like
		if name, _, ok := strings.Cut(a.source(w), "="); ok && a.interprets(name) {
			if f := a.inspectVariable(name, w); f != nil {
				return f
			}
		}
	}
	if at := a.shellProgram(args); at != none {
		return found(at, isCode)
	}
	name, rest := a.command(args)
	if names, at := a.assignedBy(name, rest); at != none && slices.ContainsFunc(names, a.interprets) {
		return found(at, typedVar)
	}
	if f, rest := a.function(args); f != nil { // whatever else goes by that name
		if f := a.inspectForwarding(f, rest); f != nil {
			return f
		}
	}
	defer func(stdin int) { a.stdin = stdin }(a.stdin)
	for i, name := range a.commands(args) {
		if name == "" {
			return a.inspectUnknown(args[i:])
		}
		if name == "coproc" {
			a.stdin = a.anyPlaceholder()
		}
		if f := a.inspectCommand(name, args[i+1:]); f != nil {
			return f
		}
	}
	return nil
}

// inspectCommand is the finding in a command of this name and its arguments, wrappers aside.
func (a *analysis) inspectCommand(name string, args []*syntax.Word) *finding {
	if a.stdin != none && a.readsProgram(name, args) {
		return found(a.stdin, isProgram)
	}
	if a.stdinText != nil && a.readsProgram(name, args) {
		sees := seesVariables
		if remoteShells[name] {
			sees = seesNothing
		}
		if f := a.inspectScript(a.stdinText, shells["sh"], a.firstTaint(args, asText), sees); f != nil {
			return f
		}
	}
	if isShell(name) {
		return a.inspectShell(name, args)
	}
	if inspect := sinks[name]; inspect != nil {
		return inspect(a, name, args)
	}
	return nil
}

// commands are the commands of a call, the outermost first: see Unwrap. The name of one that is not
// fixed is "".
func (a *analysis) commands(args []*syntax.Word) iter.Seq2[int, string] {
	return unwrap(a.sources(args), func(i int) string {
		text, _ := a.constantText(args[i])
		return commandName(text)
	})
}

// command is the innermost of commands, and its arguments. Where its name is not fixed it is one of
// these, and name is "".
func (a *analysis) command(args []*syntax.Word) (name string, rest []*syntax.Word) {
	for i, inner := range a.commands(args) {
		if name = inner; name == "" {
			return "", args[i:]
		}
		rest = args[i+1:]
	}
	return name, rest
}

// function is the function of the text that a simple command calls, and its arguments; nil for none. As
// in a shell it goes before a command of its name, wrappers included.
func (a *analysis) function(args []*syntax.Word) (*syntax.FuncDecl, []*syntax.Word) {
	if len(args) > 0 {
		if name, ok := a.constantText(args[0]); ok && a.funcs[name] != nil {
			return a.funcs[name], args[1:]
		}
	}
	name, rest := a.command(args)
	return a.funcs[name], rest
}

// inspectForwarding is for a call of a function of the text: the commands in it that get "$@" are inspected
// with these arguments. Where the function shifts, "$@" can begin with any of them that is constant.
func (a *analysis) inspectForwarding(function *syntax.FuncDecl, args []*syntax.Word) *finding {
	if a.forwarding[function] {
		return nil
	}
	a.forwarding[function] = true
	defer delete(a.forwarding, function)
	given := make([]*syntax.Word, len(args)) // as they are within the function
	for i, w := range args {
		given[i] = w
		if at := a.taint(w, asText); at != none && !isArguments(w) {
			given[i] = a.tainting(w, at)
		}
	}
	shifts := calls(function, "shift")
	defer a.enter(function.Name.Value)()
	for n := range syntax.Preorder(function.Body) {
		call, ok := n.(*syntax.CallExpr)
		if !ok {
			continue
		}
		at := slices.IndexFunc(call.Args, isArguments)
		if at < 0 {
			continue
		}
		moved := shifts || isSlice(call.Args[at])
		for i := range len(given) + 1 {
			if moved && (i == len(given) || !a.isConstant(given[i])) || !moved && i > 0 {
				continue
			}
			if f := a.inspectCall(slices.Concat(call.Args[:at], given[i:], call.Args[at+1:])); f != nil {
				return f
			}
		}
	}
	return nil
}

// isConstant reports whether a word has a constantText.
func (a *analysis) isConstant(w *syntax.Word) bool {
	_, ok := a.constantText(w)
	return ok
}

// inspectUnknown is for a command whose name is not fixed. It is taken for each of the constants that it
// can be, and for the next word where it can be nothing.
func (a *analysis) inspectUnknown(args []*syntax.Word) *finding {
	if len(args) == 0 {
		return nil
	}
	if a.inFunction != "" && isArguments(args[0]) {
		return nil // see inspectForwarding
	}
	if at := a.taint(args[0], asCode); at != none {
		return found(at, commandWord)
	}
	at := a.firstTaint(args[1:], asCode)
	values := a.constantsOf(args[0])
	if q, ok := args[0].Parts[0].(*syntax.SglQuoted); ok && q.Dollar {
		values = []string{"eval"} // an escaped name: the worst that it can be
	}
	if _, fixed := literal(args[0]); fixed {
		values = nil // a pattern
	}
	for _, value := range values {
		if f := a.inspectCall(append(fields(value, args[0]), args[1:]...)); f != nil {
			return f
		}
	}
	switch {
	case at == none:
		return nil
	case isPattern(args[0]):
		return found(at, commandPattern)
	case canVanish(args[0]), isList(args[0]) && len(values) == 0:
		f := a.inspectCall(args[1:])
		if f != nil && f.why == commandWord {
			f.why = vanishing
		}
		return f
	}
	return nil
}

// inject replaces the words that hold some text, as xargs -I and find do, by words of this taint.
func (a *analysis) inject(ws []*syntax.Word, text string, at int) {
	for i, w := range ws {
		if has, _ := literal(w); strings.Contains(has, text) {
			ws[i] = a.tainting(w, at)
		}
	}
}

// tainting is a word of this taint in the place of w.
func (a *analysis) tainting(w *syntax.Word, at int) *syntax.Word {
	tainted := &syntax.Word{Parts: []syntax.WordPart{&syntax.ParamExp{Short: true, Dollar: w.Pos(), Param: &syntax.Lit{ValuePos: w.Pos(), ValueEnd: w.End()}}}}
	a.injected[tainted] = at
	return tainted
}
