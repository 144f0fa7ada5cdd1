package template

import (
	"errors"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// refuseInterpreted refuses a template in which a shell would interpret an item.
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

// analysis finds where a shell would interpret a value, rather than take it as text, and whether
// the item gets there. It knows one rule: what carries an item (taint.go) must not reach what a
// shell evaluates: arithmetic, subscripts, names, the arguments that a row of sinks names, and the
// programs that shells read.
type analysis struct {
	m    *marked
	lang syntax.LangVariant

	tainted        map[string]bool // variables that carry an item; "f 1" is $1 within the function f
	typed          map[string]bool // variables whose assignment is evaluated: integers, references
	constants      map[string][]string
	constantCount  int // in fixed
	funcs          map[string]*syntax.FuncDecl
	functionInputs map[string]int // the carrier in what a function of the template is given to read
	opened         int            // the carrier in what exec, or a coprocess, has opened for all that follows
	facts          int            // how much is known: it only grows

	records  bool // outside of functions the positional parameters carry items,
	replaced int  // until this byte

	// Where the walk is.
	stdin      int          // the carrier in standard input
	stdinText  *syntax.Word // its text, where that is written out
	inFunction string       // the function
	visiting   map[*syntax.FuncDecl]bool
	injected   map[*syntax.Word]int // words that xargs puts items in
}

func newAnalysis(m *marked, lang syntax.LangVariant) *analysis {
	return &analysis{
		m: m, lang: lang, tainted: map[string]bool{}, typed: map[string]bool{}, constants: map[string][]string{"SHELL": {"sh"}, "BASH": {"bash"}},
		funcs: map[string]*syntax.FuncDecl{}, functionInputs: map[string]int{}, opened: none, stdin: none,
		visiting: map[*syntax.FuncDecl]bool{}, injected: map[*syntax.Word]int{},
	}
}

// check is the first finding in a file, and the node that it is in. It may be called once.
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

// walk visits n and everything below it, with fed, scope and the like as they are there.
func (a *analysis) walk(n syntax.Node, visit func(syntax.Node)) {
	visit(n)
	defer func(fed int, program *syntax.Word) { a.stdin, a.stdinText = fed, program }(a.stdin, a.stdinText)
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
		if at, ok := a.functionInputs[n.Name.Value]; ok {
			a.stdin = at
		}
		defer a.enter(n.Name.Value)()
		below(n.Body)
	default:
		children(n, below)
	}
}

// enter looks at the body of a function until the function that it returns is called.
func (a *analysis) enter(function string) func() {
	scope := a.inFunction
	a.inFunction = function
	return func() { a.inFunction = scope }
}

// inspectScript looks at text that a shell gets to run, here or elsewhere: with item in its positional
// parameters, and with the variables that are known here if they are known there.
func (a *analysis) inspectScript(w *syntax.Word, langs []syntax.LangVariant, item int, here bool) *finding {
	text, fixed := literal(w)
	if !fixed {
		return nil
	}
	start := int(w.Pos().Offset())
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
		inner := a.nested(text, lang)
		if !here {
			clear(inner.tainted)
		}
		inner.m.evaluates = evaluatesNumbers(langs)
		if inner.records = item != none; inner.records {
			inner.taintVariables("0")
		}
		f, _ := inner.check(file)
		switch {
		case f == nil:
		case f.at == fromStdin:
			return found(a.stdin, f.why)
		case item != none:
			return found(item, byScript)
		case at >= 0:
			return found(start+at+f.at, f.why)
		default:
			return found(start, f.why)
		}
	}
	if !read {
		return found(item, byScript)
	}
	return nil
}

// nested is a survey of text that is run where the walk is, without the positional parameters.
func (a *analysis) nested(text string, lang syntax.LangVariant) *analysis {
	inner := newAnalysis(&marked{text: text, source: text, prefix: a.m.prefix, evaluates: a.m.evaluates}, lang)
	if a.stdin != none {
		inner.opened = fromStdin
	}
	for name := range a.tainted {
		if !strings.Contains(name, " ") {
			inner.taintVariables(name)
		}
	}
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

// texts are the words as the shell will have them, or as written where that depends.
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

// constantText is the value of a word that holds no marker.
func (a *analysis) constantText(w *syntax.Word) (string, bool) {
	text, ok := literal(w)
	if !ok || isPattern(w) || strings.Contains(text, a.m.prefix) {
		return "", false
	}
	return text, true
}
