package template

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// A taint is the byte of the source that an item's text comes from: of a placeholder, of a variable
// that was assigned one, of a command substitution that prints one. Or it is one of these.
const (
	none      = -1            // no item
	fromStdin = math.MaxInt32 // the standard input of the job, which is no byte of the source
)

// or is the first of two taints that is one.
func or(a, b int) int {
	if a != none {
		return a
	}
	return b
}

// reading is how the text that a taint is looked for in will be taken.
type reading uint8

const (
	asText   reading = iota
	asCode           // a command substitution gives whatever its commands were given
	asNumber         // arithmetic, where a bare name is a variable too
)

// taint is the first taint in root.
func (a *analysis) taint(root syntax.Node, as reading) int {
	at := none
	syntax.Walk(root, func(n syntax.Node) bool {
		if at != none {
			return false
		}
		switch n := n.(type) {
		case *syntax.Comment:
			return false
		case *syntax.Word:
			if given, ok := a.injected[n]; ok {
				at = given
			}
		case *syntax.CmdSubst, *syntax.ProcSubst:
			at = a.output(n)
			return as == asCode
		case *syntax.ParamExp:
			if n.Param == nil || n.Length {
				break
			}
			if a.isTainted(n.Param.Value, n) || (as == asNumber || n.Excl || n.Flags != nil) && a.refersToTainted(n.Param.Value) {
				at = int(n.Pos().Offset())
			}
		case *syntax.SglQuoted:
			if at = a.placeholderIn(n); at == none && as == asNumber && a.mentionsTainted(n.Value) {
				at = int(n.Pos().Offset())
			}
		case *syntax.Lit:
			if at = a.placeholderIn(n); at == none && as == asNumber && a.mentionsTainted(n.Value) {
				at = int(n.Pos().Offset())
			}
		}
		return at == none
	})
	return at
}

// firstTaint is the first taint in a list of words.
func (a *analysis) firstTaint(ws []*syntax.Word, as reading) int {
	for _, w := range ws {
		if at := a.taint(w, as); at != none {
			return at
		}
	}
	return none
}

func (a *analysis) placeholderIn(n syntax.Node) int {
	for _, k := range a.m.markers {
		if !k.ph.isNumber() && int(n.Pos().Offset()) <= k.at && k.at < int(n.End().Offset()) {
			return k.at
		}
	}
	return none
}

// isTainted reports whether a variable holds an item where n expands it. The positional parameters
// are those of the function that n is in; outside of one they are the records, until set replaces
// them.
func (a *analysis) isTainted(name string, n syntax.Node) bool {
	if !isPositional(name) {
		return a.tainted[name]
	}
	return a.tainted[a.positionalKey(name)] || a.inFunction == "" && a.records && int(n.Pos().Offset()) < a.replaced
}

// constantKey is the name of a variable in fixed.
func (a *analysis) constantKey(name string) string {
	if isPositional(name) {
		return a.positionalKey(name)
	}
	return name
}

// positionalKey is the key in holding of a positional parameter of the function that is looked at.
func (a *analysis) positionalKey(name string) string {
	if name == "#" {
		return ""
	}
	return a.inFunction + " " + name
}

var identifier = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)

// mentionsTainted reports whether an expression names a variable that holds an item, or one whose text does.
func (a *analysis) mentionsTainted(expression string) bool {
	return a.mentions(expression, map[string]bool{})
}

func (a *analysis) mentions(expression string, seen map[string]bool) bool {
	return slices.ContainsFunc(identifier.FindAllString(expression, -1), func(name string) bool {
		if a.tainted[name] || seen[name] {
			return a.tainted[name]
		}
		seen[name] = true
		return slices.ContainsFunc(a.constants[name], func(v string) bool { return a.mentions(v, seen) })
	})
}

// refersToTainted reports whether the text of a variable names one that holds an item.
func (a *analysis) refersToTainted(name string) bool {
	return slices.ContainsFunc(a.constants[a.constantKey(name)], a.mentionsTainted)
}

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

// output is the carrier in what n writes to its standard output, as far as that is known.
func (a *analysis) output(n syntax.Node) int {
	defer func(fed int) { a.stdin = fed }(a.stdin)
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
		at := a.firstTaint(rest, asText)
		for _, w := range rest {
			if text, ok := literal(w); at == none && ok && name == "printenv" && a.tainted[text] {
				at = int(w.Pos().Offset())
			}
		}
		return at
	case printsInput[name]:
		for _, w := range rest {
			if _, ok := w.Parts[0].(*syntax.ProcSubst); ok && a.stdin == none {
				return a.taint(w, asText)
			}
		}
		return a.stdin
	case a.tainted[printsVariable[name]]:
		return int(args[0].Pos().Offset())
	case isShell(name), name == "eval":
		return or(a.firstTaint(rest, asCode), a.stdin)
	}
	return none
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

// anyPlaceholder is the first placeholder: what a command reads that the whole template can write to.
func (a *analysis) anyPlaceholder() int {
	for _, k := range a.m.markers {
		if !k.ph.isNumber() {
			return k.at
		}
	}
	return a.stdin
}

// input is the carrier in what a statement can read: from its redirections, or from around it.
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

// propagate finds the variables that hold an item. It goes over the template until it finds no
// more, for a loop can carry a value backwards.
func (a *analysis) propagate(file *syntax.File) {
	a.replaced = math.MaxInt
	for _, st := range file.Stmts {
		if c, ok := st.Cmd.(*syntax.CallExpr); ok && len(c.Args) > 1 && a.replaced == math.MaxInt {
			if name, _ := literal(c.Args[0]); name == "set" {
				if dashes, _ := literal(c.Args[1]); dashes == "--" {
					a.replaced = int(st.End().Offset())
				}
			}
		}
	}
	for n := range syntax.Preorder(file) {
		if f, ok := n.(*syntax.FuncDecl); ok && f.Name != nil {
			a.funcs[f.Name.Value] = f
			// bash calls these with the name of a command that is not there, and its arguments
			if strings.HasPrefix(f.Name.Value, "command_not_found_handle") {
				a.taintPositional(f.Name.Value, nil, true)
			}
		}
	}
	for before := -1; before != a.facts; {
		before = a.facts
		a.stdin = a.opened
		a.walk(file, a.propagateNode)
		a.facts = len(a.tainted) + len(a.functionInputs) + a.constantCount
		if a.opened != none {
			a.facts++
		}
	}
}

func (a *analysis) taintVariables(names ...string) {
	for _, name := range names {
		a.tainted[name] = true
	}
}

// taintPositional marks the positional parameters within a function: those that the arguments of a
// call put an item in, or all where they can move.
func (a *analysis) taintPositional(function string, args []*syntax.Word, moved bool) {
	for i, w := range args {
		_, fixed := literal(w)
		moved = moved || !fixed && simpleExpansion(w) == "@" && a.taint(w, asText) != none
		if a.taint(w, asText) != none {
			a.taintVariables(function + " " + strconv.Itoa(i+1))
		}
	}
	a.taintVariables(function+" @", function+" *", function+" argv")
	for i := 1; moved && i < 100; i++ {
		a.taintVariables(function + " " + strconv.Itoa(i))
	}
}

// addConstants notes values that a variable can have: as many, and as long, as names need.
func (a *analysis) addConstants(name string, values ...string) {
	for _, v := range values {
		if !slices.Contains(a.constants[name], v) && len(a.constants[name]) < 16 && len(v) < 200 {
			a.constants[name] = append(a.constants[name], v)
			a.constantCount++
		}
	}
}

// constantsOf are the values that a word can have, put together of its text and of variables that
// are assigned text. A variable that the template does not assign is left out.
func (a *analysis) constantsOf(w *syntax.Word) []string {
	values := []string{""}
	var add func(parts []syntax.WordPart)
	add = func(parts []syntax.WordPart) {
		for _, part := range parts {
			var more []string
			switch p := part.(type) {
			case *syntax.Lit:
				more = []string{unescape(p.Value, "")}
			case *syntax.SglQuoted:
				more = []string{p.Value}
			case *syntax.DblQuoted:
				add(p.Parts)
			case *syntax.ParamExp:
				if p.Param != nil {
					more = slices.Clone(a.constants[a.constantKey(p.Param.Value)])
				}
				if p.Exp != nil && p.Exp.Word != nil {
					more = append(more, a.constantsOf(p.Exp.Word)...)
				}
			case *syntax.CmdSubst: // of what prints text
				for n := range syntax.Preorder(p) {
					if c, ok := n.(*syntax.CallExpr); ok && len(c.Args) > 1 && printsArguments[c.Args[0].Lit()] {
						for _, w := range c.Args[1:] {
							more = append(more, a.constantsOf(w)...)
						}
					}
				}
			}
			if more == nil || len(values)*len(more) > 64 {
				continue
			}
			var longer []string
			for _, v := range values {
				for _, m := range more {
					longer = append(longer, v+m)
				}
			}
			values = longer
		}
	}
	add(w.Parts)
	return slices.DeleteFunc(values, func(v string) bool { return v == "" })
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
			for _, e := range n.Array.Elems {
				if e.Value != nil {
					a.addConstants(n.Name.Value, a.constantsOf(e.Value)...)
				}
			}
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
		for _, w2 := range w.Items {
			a.addConstants(w.Name.Value, a.constantsOf(w2)...)
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

// reads reports whether what is read from a descriptor here can be an item.
func (a *analysis) reads() bool { return a.stdin != none || a.opened != none }

// typingOptions are the options of declare whose variables evaluate what they are assigned.
const typingOptions = "inEF"

var changesDirectory = setOf("cd chdir pushd")

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

// assignedBy are the variables that a command assigns what it reads, or prints, and the carrier in
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

// propagateText is for text that is run here: what it assigns holds on.
func (a *analysis) propagateText(w *syntax.Word) {
	text, fixed := literal(w)
	file, err := parseShell(text, a.lang)
	if !fixed || err != nil {
		return
	}
	inner := a.nested(text, a.lang)
	inner.propagate(file)
	for name := range inner.tainted {
		if !strings.Contains(name, " ") {
			a.taintVariables(name)
		}
	}
}

// propagateArguments is for a call of a function of the template.
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
	if _, ok := a.functionInputs[name]; !ok && a.stdin != none {
		a.functionInputs[name] = a.stdin
	}
}

// subscripted reports whether text is a name with a subscript in which a variable holds an item.
func (a *analysis) subscripted(text string) bool {
	_, subscript, ok := strings.Cut(text, "[")
	return ok && a.mentionsTainted(subscript)
}

// readBuiltins assign what they read to the variables that they name.
var readBuiltins = setOf("read mapfile readarray getln sysread vared line")

// source is a word as it was written.
func (a *analysis) source(w *syntax.Word) string {
	return a.m.source[w.Pos().Offset():w.End().Offset()]
}
