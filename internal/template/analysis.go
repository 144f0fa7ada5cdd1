package template

import (
	"errors"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// refuseInterpreted refuses a template in which an item gets to a sink.
func (m *marked) refuseInterpreted(file *syntax.File, lang syntax.LangVariant) error {
	a := newAnalysis(m, lang)
	a.records = true
	a.taintVariables(m.held...)
	a.taintVariables(itemVariables...)
	if m.stdin {
		a.opened = fromStdin
	}
	f, place := a.check(file)
	switch {
	case f == nil:
		return nil
	case f.at == fromStdin:
		return m.refuseStdin(place, f.why)
	}
	return m.refuse(f.at, f.why)
}

// itemVariables are those of the environment in which every job finds its item.
var itemVariables = []string{"EPH_ITEM", "EPH_KEY", "EPH_LANE"}

// analysis is a taint analysis of one shell text. The sources are the placeholders, the variables that
// eph sets, and standard input where it is an item. The sinks are whatever a shell takes for more than
// text: arithmetic, subscripts, names, the arguments that sinks.go lists, and programs that a shell
// reads. There are no sanitizers: what a program makes of an item is an item, if it is known to
// print it, and not followed otherwise.
//
// It is insensitive to order, but for set --: what a variable holds anywhere, it holds everywhere.
type analysis struct {
	m    *marked
	lang syntax.LangVariant

	// What propagate finds, by the name of a variable. "f 1" is $1 within the function f.
	tainted   map[string]bool
	typed     map[string]bool     // integers and references, which evaluate what they are assigned
	constants map[string][]string // the texts that it is assigned

	funcs      map[string]*syntax.FuncDecl
	funcInputs map[string]int // the taint of what a function is given to read
	opened     int            // the taint of what exec, or a coprocess, opens for all that follows

	records  bool // outside of functions the positional parameters are tainted,
	replaced int  // until this byte

	// Where walk is.
	stdin      int                       // the taint of standard input
	stdinText  *syntax.Word              // standard input, where it is written out in the text
	inFunction string                    // "" outside of one
	visiting   map[*syntax.FuncDecl]bool // by output
	forwarding map[*syntax.FuncDecl]bool // by inspectForwarding

	injected map[*syntax.Word]int // the taints of words that xargs or find fill in
}

func newAnalysis(m *marked, lang syntax.LangVariant) *analysis {
	return &analysis{
		m: m, lang: lang, tainted: map[string]bool{}, typed: map[string]bool{},
		constants: map[string][]string{"SHELL": {"sh"}, "BASH": {"bash"}},
		funcs:     map[string]*syntax.FuncDecl{}, funcInputs: map[string]int{}, opened: none, stdin: none,
		visiting: map[*syntax.FuncDecl]bool{}, forwarding: map[*syntax.FuncDecl]bool{}, injected: map[*syntax.Word]int{},
	}
}

// check is the first finding in a file, and the node that it is in; nil for none. An analysis checks
// one file.
func (a *analysis) check(file *syntax.File) (first *finding, in syntax.Node) {
	a.propagate(file)
	a.stdin = a.opened
	a.walk(file, func(n syntax.Node) {
		if first == nil {
			first, in = a.inspect(n), n
		}
	})
	return first, in
}

// walk visits n and all that is below it, and keeps what the analysis knows of where it is: the function,
// and what standard input is there.
func (a *analysis) walk(n syntax.Node, visit func(syntax.Node)) {
	visit(n)
	defer func(stdin int, text *syntax.Word) { a.stdin, a.stdinText = stdin, text }(a.stdin, a.stdinText)
	below := func(n syntax.Node) { a.walk(n, visit) }
	switch n := n.(type) {
	case *syntax.CoprocClause:
		a.stdin = a.anyPlaceholder()
		below(n.Stmt)
	case *syntax.Stmt:
		around := a.stdin
		a.stdin = a.input(n)
		for _, r := range n.Redirs {
			switch r.Op {
			case syntax.Hdoc, syntax.DashHdoc:
				a.stdinText = r.Hdoc
			case syntax.WordHdoc:
				a.stdinText = r.Word
			case syntax.RdrIn:
				a.stdinText = nil
			}
		}
		if n.Coprocess {
			a.stdin = a.anyPlaceholder()
		}
		if n.Cmd != nil {
			below(n.Cmd)
		}
		for _, r := range n.Redirs {
			a.stdin = around
			if n.Cmd != nil && r.Op != syntax.RdrIn { // > >(...)
				a.stdin = a.input(n)
				a.stdin = a.output(n.Cmd)
			}
			if isExec(n) {
				a.stdin = a.anyPlaceholder()
			}
			below(r)
		}
	case *syntax.BinaryCmd:
		below(n.X)
		if isPipe(n) {
			a.stdin, a.stdinText = a.output(n.X), nil
		}
		below(n.Y)
	case *syntax.FuncDecl:
		if n.Name == nil {
			children(n, below)
			return
		}
		if at, ok := a.funcInputs[n.Name.Value]; ok {
			a.stdin = at
		}
		defer a.enter(n.Name.Value)()
		below(n.Body)
	default:
		children(n, below)
	}
}

// enter makes what follows the body of a function, until leave is called.
func (a *analysis) enter(function string) (leave func()) {
	outer := a.inFunction
	a.inFunction = function
	return func() { a.inFunction = outer }
}

// inspectScript inspects a word that a shell of one of these dialects runs as a script. args is the taint
// of the arguments of the script; sees says what it knows of the template. A script
// that is not constant is not followed; one that no dialect parses is taken to interpret its arguments.
func (a *analysis) inspectScript(w *syntax.Word, langs []syntax.LangVariant, args int, sees scope) *finding {
	text, fixed := literal(w)
	if !fixed {
		return nil
	}
	start := offset(w)
	at := strings.Index(a.m.source[start:w.End().Offset()], text) // behind a quote; -1 if some are within
	read := false
	for _, lang := range langs {
		file, err := parseShell(text, lang)
		if err != nil && !errors.Is(err, errLost) {
			continue
		}
		if err != nil {
			break
		}
		read = true
		inner := a.nested(text, lang, sees)
		inner.m.evaluates = evaluatesNumbers(langs)
		if args != none {
			inner.records = true
			inner.taintVariables("0")
		}
		f, _ := inner.check(file)
		switch {
		case f == nil:
		case f.at == fromStdin:
			return found(a.stdin, f.why)
		case args != none:
			return found(args, byScript)
		case at >= 0:
			return found(start+at+f.at, f.why)
		default:
			return found(start, f.why)
		}
	}
	if !read {
		return found(args, byScript)
	}
	return nil
}

// scope is what text that is run knows of the template that runs it.
type scope uint8

const (
	seesNothing    scope = iota // it runs on another machine
	seesVariables               // which may be exported
	seesParameters              // and the variables: it runs in the same shell
)

// nested is an analysis of text that is run where the walk is.
func (a *analysis) nested(text string, lang syntax.LangVariant, sees scope) *analysis {
	inner := newAnalysis(&marked{text: text, source: text, prefix: a.m.prefix, evaluates: a.m.evaluates}, lang)
	if a.stdin != none {
		inner.opened = fromStdin
	}
	for name := range a.tainted {
		function, parameter, positional := strings.Cut(name, " ")
		switch {
		case !positional && sees >= seesVariables:
			inner.taintVariables(name)
		case positional && sees == seesParameters && function == a.inFunction:
			inner.taintVariables(" " + parameter)
		}
	}
	inner.records = a.records && sees == seesParameters && a.inFunction == ""
	return inner
}

// source is a word as it was written.
func (a *analysis) source(w *syntax.Word) string {
	return a.m.source[w.Pos().Offset():w.End().Offset()]
}

// sources are words as they were written.
func (a *analysis) sources(args []*syntax.Word) []string {
	texts := make([]string, len(args))
	for i, w := range args {
		texts[i] = a.source(w)
	}
	return texts
}

// texts are the values of words, or the words as they were written where only the shell knows.
func (a *analysis) texts(args []*syntax.Word) []string {
	texts := make([]string, len(args))
	for i, w := range args {
		text, ok := literal(w)
		if !ok {
			text = a.source(w)
		}
		texts[i] = text
	}
	return texts
}

// constantText is the value of a word that is the same for every item, and is one word.
func (a *analysis) constantText(w *syntax.Word) (string, bool) {
	text, ok := literal(w)
	if !ok || isPattern(w) || strings.Contains(text, a.m.prefix) {
		return "", false
	}
	return text, true
}
