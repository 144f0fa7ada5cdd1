package template

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// What programs are known to print. Of any other the output is taken to be free of items.
var (
	// printsArguments print their arguments, or a part of them.
	printsArguments = setOf("echo printf print basename dirname realpath readlink expr printenv yes")

	// printsInput print what they read, or a part of it.
	printsInput = setOf(`cat tac head tail cut tr sed gsed awk gawk mawk nawk grep egrep fgrep rg sort uniq rev tee paste
		fold fmt nl xargs column expand unexpand jq gojq yq perl python python3 ruby node line iconv base64 strings
		shuf sponge pv zcat envsubst busybox less more pr dd`)

	// printsVariable print a variable.
	printsVariable = map[string]string{"pwd": "PWD", "dirs": "DIRSTACK"}
)

// output is the taint of what n writes to its standard output.
func (a *analysis) output(n syntax.Node) int {
	defer func(stdin int) { a.stdin = stdin }(a.stdin)
	switch n := n.(type) {
	case *syntax.Word, *syntax.FuncDecl, *syntax.TestClause:
		return none
	case *syntax.Stmt:
		a.stdin = a.input(n)
		if n.Cmd == nil { // $(< file), <<< text
			return a.stdin
		}
		return a.output(n.Cmd)
	case *syntax.BinaryCmd:
		if isPipe(n) {
			a.stdin = a.output(n.X)
			return a.output(n.Y)
		}
	case *syntax.CallExpr:
		return a.callOutput(n.Args)
	}
	at := none
	children(n, func(n syntax.Node) { at = or(at, a.output(n)) })
	return at
}

// callOutput is output for a simple command.
func (a *analysis) callOutput(args []*syntax.Word) int {
	if len(args) == 0 {
		return none
	}
	if f, rest := a.function(args); f != nil {
		if at := or(a.firstTaint(rest, asText), a.stdin); at != none || a.visiting[f] {
			return at
		}
		a.visiting[f] = true
		defer delete(a.visiting, f)
		defer a.enter(f.Name.Value)()
		return a.output(f.Body)
	}
	name, rest := a.command(args)
	switch {
	case a.stdin != none && commandName(a.source(args[0])) == "xargs":
		return a.stdin
	case printsArguments[name]:
		if at := a.firstTaint(rest, asText); at != none || name != "printenv" {
			return at
		}
		for _, w := range rest {
			if text, ok := literal(w); ok && a.tainted[text] {
				return offset(w)
			}
		}
	case printsInput[name]:
		for _, w := range rest {
			if _, ok := w.Parts[0].(*syntax.ProcSubst); ok && a.stdin == none {
				return a.taint(w, asText)
			}
		}
		return a.stdin
	case a.tainted[printsVariable[name]]:
		return offset(args[0])
	case isShell(name), name == "eval":
		return or(a.firstTaint(rest, asCode), a.stdin)
	}
	return none
}

// input is the taint of what a statement reads: from its redirections, or from around it.
func (a *analysis) input(st *syntax.Stmt) int {
	at := a.stdin
	for _, r := range st.Redirs {
		var from int
		switch r.Op {
		case syntax.Hdoc, syntax.DashHdoc:
			if from = none; r.Hdoc != nil {
				from = a.taint(r.Hdoc, asText)
			}
		case syntax.WordHdoc:
			from = a.taint(r.Word, asText)
		case syntax.DplIn:
			from = or(at, a.opened)
		case syntax.RdrIn, syntax.RdrInOut:
			if text, _ := literal(r.Word); strings.HasPrefix(text, "/dev/") || strings.HasPrefix(text, "/proc/") {
				from = or(at, a.opened)
			} else if _, ok := r.Word.Parts[0].(*syntax.ProcSubst); ok {
				from = a.taint(r.Word, asText)
			} else {
				from = none
			}
		default:
			continue
		}
		if from != none || r.N == nil || r.N.Value == "0" {
			at = from
		}
	}
	return at
}

// reads reports whether a descriptor that is read here can give an item.
func (a *analysis) reads() bool { return a.stdin != none || a.opened != none }

// anyPlaceholder is the taint of what a command reads that the whole template can write to.
func (a *analysis) anyPlaceholder() int {
	for _, k := range a.m.markers {
		if !k.ph.isNumber() {
			return k.at
		}
	}
	return a.stdin
}
