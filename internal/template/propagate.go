package template

import (
	"math"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// propagate finds the variables that items get to. It goes over the text until it learns no more, for
// a loop or a function can carry a value backwards.
func (a *analysis) propagate(file *syntax.File) {
	a.replaced = afterSet(file)
	for n := range syntax.Preorder(file) {
		if f, ok := n.(*syntax.FuncDecl); ok && f.Name != nil {
			a.funcs[f.Name.Value] = f
			// bash calls these with the name of a command that is not there, and its arguments
			if strings.HasPrefix(f.Name.Value, "command_not_found_handle") {
				a.taintPositional(f.Name.Value, nil, true)
			}
		}
	}
	for before := -1; before != a.facts(); {
		before = a.facts()
		a.stdin = a.opened
		a.walk(file, a.propagateNode)
	}
}

// facts is how much the analysis has learnt. It only grows.
func (a *analysis) facts() int {
	n := len(a.tainted) + len(a.funcInputs)
	for _, values := range a.constants {
		n += len(values)
	}
	if a.opened != none {
		n++
	}
	return n
}

// afterSet is the byte behind the first set -- that always runs: there the positional parameters are no
// longer the records.
func afterSet(file *syntax.File) int {
	for _, st := range file.Stmts {
		c, ok := st.Cmd.(*syntax.CallExpr)
		if !ok || len(c.Args) < 2 {
			continue
		}
		name, _ := literal(c.Args[0])
		if dashes, _ := literal(c.Args[1]); name == "set" && dashes == "--" {
			return int(st.End().Offset())
		}
	}
	return math.MaxInt
}

// propagateNode learns what one node does to variables.
func (a *analysis) propagateNode(n syntax.Node) {
	switch n := n.(type) {
	case *syntax.Assign:
		if n.Name == nil {
			return
		}
		if a.taint(n, asText) != none {
			a.taintVariables(n.Name.Value)
		}
		if n.Value != nil {
			a.addConstants(n.Name.Value, a.constantsOf(n.Value)...)
		}
		if n.Array != nil {
			var elems []*syntax.Word
			for _, e := range n.Array.Elems {
				if e.Value != nil {
					a.addConstants(n.Name.Value, a.constantsOf(e.Value)...)
					elems = append(elems, e.Value)
				}
			}
			a.addConstants(n.Name.Value, a.joined(elems)...)
		}
	case *syntax.ParamExp:
		if n.Param != nil && n.Exp != nil && n.Exp.Word != nil && a.taint(n.Exp.Word, asText) != none {
			a.taintVariables(n.Param.Value)
		}
	case *syntax.ForClause:
		w, ok := n.Loop.(*syntax.WordIter)
		if !ok {
			return
		}
		if a.firstTaint(w.Items, asText) != none || !w.InPos.IsValid() && a.isTainted("@", n) {
			a.taintVariables(w.Name.Value)
		}
		for _, item := range w.Items {
			a.addConstants(w.Name.Value, a.constantsOf(item)...)
		}
		if n.Select && a.reads() {
			a.taintVariables("REPLY")
		}
	case *syntax.DeclClause:
		if flags := declFlags(n); n.Variant.Value == "nameref" || strings.ContainsAny(flags, typingOptions) {
			for _, arg := range n.Args {
				if arg.Name == nil {
					continue
				}
				a.typed[arg.Name.Value] = true
				if arg.Value != nil && a.taint(arg.Value, asNumber) != none { // declare -n y=x
					a.taintVariables(arg.Name.Value)
				}
			}
		}
	case *syntax.BinaryTest:
		if n.Op == syntax.TsReMatch && a.taint(n.X, asText) != none {
			a.taintVariables("BASH_REMATCH", "MATCH", "match")
		}
	case *syntax.CallExpr:
		a.propagateCall(n)
	case *syntax.Stmt:
		if isExec(n) {
			a.opened = or(a.opened, a.input(n))
		}
		if n.Coprocess {
			a.opened = or(a.opened, a.output(n.Cmd))
		}
	case *syntax.CoprocClause:
		a.opened = or(a.opened, a.output(n.Stmt))
	}
}

// declFlags are the options of a declaration, in a row.
func declFlags(d *syntax.DeclClause) string {
	var flags string
	for _, a := range d.Args {
		if a.Name == nil && a.Value != nil {
			if f, ok := literal(a.Value); ok && strings.HasPrefix(f, "-") {
				flags += f
			}
		}
	}
	return flags
}

// typingOptions are the options of declare whose variables evaluate what they are assigned.
const typingOptions = "inEF"

// propagateCall learns what a simple command does to variables.
func (a *analysis) propagateCall(c *syntax.CallExpr) {
	if f, args := a.function(c.Args); f != nil {
		a.propagateArguments(f, args)
	} else if len(c.Args) > 1 {
		for _, name := range a.constantsOf(c.Args[0]) {
			if f := a.funcs[name]; f != nil {
				a.propagateArguments(f, c.Args[1:])
			}
		}
	}
	name, args := a.command(c.Args)
	at := a.firstTaint(args, asText)
	if at != none {
		a.taintVariables("_") // the last argument of the last command
	}
	switch {
	case at != none && changesDirectory[name]:
		a.taintVariables("PWD", "OLDPWD", "DIRSTACK")
	case name == "getopts" && a.isTainted("@", c):
		a.taintVariables("OPTARG")
	case name == "eval" || name == "trap":
		for _, w := range args {
			a.propagateText(w)
		}
	case name == "set":
		if at != none {
			a.taintPositional(a.inFunction, nil, true)
			for _, w := range args { // set -A x
				if v, _ := literal(w); syntax.ValidName(v) {
					a.taintVariables(v)
				}
			}
		}
		for i, w := range args {
			a.addConstants(a.positionalKey(strconv.Itoa(i)), a.constantsOf(w)...) // behind --
		}
		if len(args) > 1 {
			a.addConstants(a.positionalKey("@"), a.joined(args[1:])...)
		}
	case declarers[name]:
		flags := ""
		for _, w := range args {
			text := a.source(w)
			if strings.HasPrefix(text, "-") {
				flags += text
			}
			v, _, assigned := strings.Cut(text, "=")
			if assigned && a.taint(w, asText) != none {
				a.taintVariables(v)
			}
			if name == "integer" || name == "float" || name == "nameref" || strings.ContainsAny(flags, typingOptions) {
				a.typed[v] = true
			}
		}
	}
	if words, at := a.assignedBy(name, args); at != none {
		a.taintVariables(words...)
	}
	for _, w := range c.Args { // env x=...
		if v, _, ok := strings.Cut(a.source(w), "="); ok && syntax.ValidName(v) && a.taint(w, asText) != none {
			a.taintVariables(v)
		}
	}
}

var changesDirectory = setOf("cd chdir pushd")

// assignedBy are the variables that a command assigns what it reads, or prints, and the taint of
// that.
func (a *analysis) assignedBy(name string, args []*syntax.Word) (names []string, at int) {
	switch {
	case (name == "printf" || name == "print") && len(args) > 2:
		if option, _ := literal(args[0]); option == "-v" {
			return a.constantsOf(args[1]), a.firstTaint(args[2:], asText)
		}
	case readBuiltins[name]:
		names = []string{"REPLY", "reply", "MAPFILE"}
		for _, w := range args {
			for _, v := range a.constantsOf(w) {
				if v, _, _ = strings.Cut(v, "?"); syntax.ValidName(v) { // before a prompt
					names = append(names, v)
				}
			}
		}
		return names, or(a.stdin, a.opened)
	}
	return nil, none
}

// readBuiltins assign what they read to the variables that they name.
var readBuiltins = setOf("read mapfile readarray getln sysread vared line")

// propagateText learns from text that eval or trap run here: what it assigns stays.
func (a *analysis) propagateText(w *syntax.Word) {
	text, fixed := literal(w)
	file, err := parseShell(text, a.lang)
	if !fixed || err != nil {
		return
	}
	inner := a.nested(text, a.lang, seesParameters)
	inner.propagate(file)
	for name := range inner.tainted {
		if !strings.Contains(name, " ") {
			a.taintVariables(name)
		}
	}
}

// propagateArguments learns what a call gives to a function of the template.
func (a *analysis) propagateArguments(f *syntax.FuncDecl, args []*syntax.Word) {
	name := f.Name.Value
	moved := calls(f, "shift") || calls(f, "set")
	if a.firstTaint(args, asText) != none {
		a.taintPositional(name, args, moved)
	}
	for i, w := range args {
		values := a.constantsOf(w)
		for p := 1; p < 10; p++ {
			if p == i+1 || moved && p <= i {
				a.addConstants(name+" "+strconv.Itoa(p), values...)
			}
		}
	}
	if _, ok := a.funcInputs[name]; !ok && a.stdin != none {
		a.funcInputs[name] = a.stdin
	}
}

// taintVariables learns that these variables hold an item.
func (a *analysis) taintVariables(names ...string) {
	for _, name := range names {
		a.tainted[name] = true
	}
}

// taintPositional learns which positional parameters of a function hold an item: those that the
// arguments of a call give one to, or all where shift and the like can move them.
func (a *analysis) taintPositional(function string, args []*syntax.Word, moved bool) {
	for i, w := range args {
		_, fixed := literal(w)
		moved = moved || !fixed && isArguments(w) && a.taint(w, asText) != none
		if a.taint(w, asText) != none {
			a.taintVariables(function + " " + strconv.Itoa(i+1))
		}
	}
	a.taintVariables(function+" @", function+" *", function+" argv")
	for i := 1; moved && i < 100; i++ {
		a.taintVariables(function + " " + strconv.Itoa(i))
	}
}
