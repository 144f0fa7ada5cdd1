package template

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// A carrier is a place that an item's text comes from: a placeholder, a variable that was assigned
// one, standard input where an item was written to it, and a command substitution that prints any
// of these. It is named by a byte of the source.
const (
	none      = -1            // there is no carrier
	fromStdin = math.MaxInt32 // standard input of the job, which has no byte
)

// or is the first of two carriers that is one.
func or(a, b int) int {
	if a != none {
		return a
	}
	return b
}

// carrier is the first carrier in n, as text. With strict, whatever a command substitution is
// given counts as printed by it.
func (s *survey) carrier(n syntax.Node, strict bool) int {
	return s.find(n, strict, false)
}

// arithmetic is carrier for arithmetic, in which a bare name is a variable as well.
func (s *survey) arithmetic(n syntax.Node) int {
	return s.find(n, false, true)
}

func (s *survey) find(root syntax.Node, strict, names bool) int {
	at := none
	syntax.Walk(root, func(n syntax.Node) bool {
		if at != none {
			return false
		}
		switch n := n.(type) {
		case *syntax.Comment:
			return false
		case *syntax.Word:
			if given, ok := s.given[n]; ok {
				at = given
			}
		case *syntax.CmdSubst, *syntax.ProcSubst:
			at = s.prints(n)
			return strict
		case *syntax.ParamExp:
			if n.Param == nil || n.Length {
				break
			}
			if s.holds(n.Param.Value, n) || (names || n.Excl || n.Flags != nil) && s.refers(n.Param.Value) {
				at = int(n.Pos().Offset())
			}
		case *syntax.SglQuoted:
			if at = s.marker(n); at == none && names && s.names(n.Value) {
				at = int(n.Pos().Offset())
			}
		case *syntax.Lit:
			if at = s.marker(n); at == none && names && s.names(n.Value) {
				at = int(n.Pos().Offset())
			}
		}
		return at == none
	})
	return at
}

// first is the first carrier among words.
func (s *survey) first(ws []*syntax.Word, strict bool) int {
	for _, w := range ws {
		if at := s.carrier(w, strict); at != none {
			return at
		}
	}
	return none
}

func (s *survey) marker(n syntax.Node) int {
	for _, k := range s.m.markers {
		if !k.ph.isNumber() && int(n.Pos().Offset()) <= k.at && k.at < int(n.End().Offset()) {
			return k.at
		}
	}
	return none
}

// holds reports whether a variable holds an item where n expands it. The positional parameters
// are those of the function that n is in; outside of one they are the records, until set replaces
// them.
func (s *survey) holds(name string, n syntax.Node) bool {
	if !isPositional(name) {
		return s.holding[name]
	}
	return s.holding[s.positional(name)] || s.scope == "" && s.records && int(n.Pos().Offset()) < s.replaced
}

// key is the name of a variable in fixed.
func (s *survey) key(name string) string {
	if isPositional(name) {
		return s.positional(name)
	}
	return name
}

// positional is the key in holding of a positional parameter of the function that is looked at.
func (s *survey) positional(name string) string {
	if name == "#" {
		return ""
	}
	return s.scope + " " + name
}

var identifier = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)

// names reports whether an expression names a variable that holds an item, or one whose text does.
func (s *survey) names(expression string) bool {
	return s.namesIn(expression, map[string]bool{})
}

func (s *survey) namesIn(expression string, seen map[string]bool) bool {
	return slices.ContainsFunc(identifier.FindAllString(expression, -1), func(name string) bool {
		if s.holding[name] || seen[name] {
			return s.holding[name]
		}
		seen[name] = true
		return slices.ContainsFunc(s.fixed[name], func(v string) bool { return s.namesIn(v, seen) })
	})
}

// refers reports whether the text of a variable names one that holds an item.
func (s *survey) refers(name string) bool { return slices.ContainsFunc(s.fixed[s.key(name)], s.names) }

var (
	// repeaters print their arguments, or a part of them.
	repeaters = words("echo printf print basename dirname realpath readlink expr printenv yes")

	// filters print what they read, or a part of it.
	filters = words(`cat tac head tail cut tr sed gsed awk gawk mawk nawk grep egrep fgrep rg sort uniq rev tee paste
		fold fmt nl xargs column expand unexpand jq gojq yq perl python python3 ruby node line iconv base64 strings
		shuf sponge pv zcat envsubst busybox less more pr dd`)

	// reporters print a variable.
	reporters = map[string]string{"pwd": "PWD", "dirs": "DIRSTACK"}
)

// prints is the carrier in what n writes to its standard output, as far as that is known.
func (s *survey) prints(n syntax.Node) int {
	defer func(fed int) { s.fed = fed }(s.fed)
	switch n := n.(type) {
	case *syntax.Word, *syntax.FuncDecl, *syntax.TestClause:
		return none
	case *syntax.Stmt:
		s.fed = s.input(n)
		if n.Cmd == nil { // $(< file), <<< text
			return s.fed
		}
		return s.prints(n.Cmd)
	case *syntax.BinaryCmd:
		if isPipe(n) {
			s.fed = s.prints(n.X)
			return s.prints(n.Y)
		}
	case *syntax.CallExpr:
		return s.callPrints(n.Args)
	}
	at := none
	children(n, func(n syntax.Node) { at = or(at, s.prints(n)) })
	return at
}

func (s *survey) callPrints(args []*syntax.Word) int {
	if len(args) == 0 {
		return none
	}
	if f, rest := s.function(args); f != nil {
		if at := or(s.first(rest, false), s.fed); at != none || s.entered[f] {
			return at
		}
		s.entered[f] = true
		defer delete(s.entered, f)
		defer s.enter(f.Name.Value)()
		return s.prints(f.Body)
	}
	name, rest := s.command(args)
	switch {
	case s.fed != none && commandName(s.source(args[0])) == "xargs":
		return s.fed
	case repeaters[name]:
		at := s.first(rest, false)
		for _, w := range rest {
			if text, ok := literal(w); at == none && ok && name == "printenv" && s.holding[text] {
				at = int(w.Pos().Offset())
			}
		}
		return at
	case filters[name]:
		for _, w := range rest {
			if _, ok := w.Parts[0].(*syntax.ProcSubst); ok && s.fed == none {
				return s.carrier(w, false)
			}
		}
		return s.fed
	case s.holding[reporters[name]]:
		return int(args[0].Pos().Offset())
	case isShell(name), name == "eval":
		return or(s.first(rest, true), s.fed)
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

// any is the first placeholder: what a command reads that the whole template can write to.
func (s *survey) any() int {
	for _, k := range s.m.markers {
		if !k.ph.isNumber() {
			return k.at
		}
	}
	return s.fed
}

// input is the carrier in what a statement can read: from its redirections, or from around it.
func (s *survey) input(st *syntax.Stmt) int {
	at := s.fed
	for _, r := range st.Redirs {
		var from int
		switch r.Op {
		case syntax.Hdoc, syntax.DashHdoc:
			if from = none; r.Hdoc != nil {
				from = s.carrier(r.Hdoc, false)
			}
		case syntax.WordHdoc:
			from = s.carrier(r.Word, false)
		case syntax.DplIn:
			from = or(at, s.opened)
		case syntax.RdrIn, syntax.RdrInOut:
			if text, _ := literal(r.Word); strings.HasPrefix(text, "/dev/") || strings.HasPrefix(text, "/proc/") {
				from = or(at, s.opened)
			} else if _, ok := r.Word.Parts[0].(*syntax.ProcSubst); ok {
				from = s.carrier(r.Word, false)
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
func (s *survey) walk(n syntax.Node, visit func(syntax.Node)) {
	visit(n)
	defer func(fed int, program *syntax.Word) { s.fed, s.program = fed, program }(s.fed, s.program)
	below := func(n syntax.Node) { s.walk(n, visit) }
	switch n := n.(type) {
	case *syntax.CoprocClause:
		s.fed = s.any()
		below(n.Stmt)
	case *syntax.Stmt:
		around := s.fed
		s.fed = s.input(n)
		for _, r := range n.Redirs {
			switch r.Op {
			case syntax.Hdoc, syntax.DashHdoc:
				s.program = r.Hdoc
			case syntax.WordHdoc:
				s.program = r.Word
			case syntax.RdrIn:
				s.program = nil
			}
		}
		if n.Coprocess {
			s.fed = s.any()
		}
		if n.Cmd != nil {
			below(n.Cmd)
		}
		for _, r := range n.Redirs {
			s.fed = around
			if n.Cmd != nil && r.Op != syntax.RdrIn { // > >(...)
				s.fed = s.input(n)
				s.fed = s.prints(n.Cmd)
			}
			if isExec(n) {
				s.fed = s.any()
			}
			below(r)
		}
	case *syntax.BinaryCmd:
		below(n.X)
		if isPipe(n) {
			s.fed, s.program = s.prints(n.X), nil
		}
		below(n.Y)
	case *syntax.FuncDecl:
		if n.Name == nil {
			children(n, below)
			return
		}
		if at, ok := s.inputs[n.Name.Value]; ok {
			s.fed = at
		}
		defer s.enter(n.Name.Value)()
		below(n.Body)
	default:
		children(n, below)
	}
}

// enter looks at the body of a function until the function that it returns is called.
func (s *survey) enter(function string) func() {
	scope := s.scope
	s.scope = function
	return func() { s.scope = scope }
}

// collect finds the variables that hold an item. It goes over the template until it finds no
// more, for a loop can carry a value backwards.
func (s *survey) collect(file *syntax.File) {
	s.replaced = math.MaxInt
	for _, st := range file.Stmts {
		if c, ok := st.Cmd.(*syntax.CallExpr); ok && len(c.Args) > 1 && s.replaced == math.MaxInt {
			if name, _ := literal(c.Args[0]); name == "set" {
				if dashes, _ := literal(c.Args[1]); dashes == "--" {
					s.replaced = int(st.End().Offset())
				}
			}
		}
	}
	for n := range syntax.Preorder(file) {
		if f, ok := n.(*syntax.FuncDecl); ok && f.Name != nil {
			s.funcs[f.Name.Value] = f
			// bash calls these with the name of a command that is not there, and its arguments
			if strings.HasPrefix(f.Name.Value, "command_not_found_handle") {
				s.holdPositional(f.Name.Value, nil, true)
			}
		}
	}
	for before := -1; before != s.known; {
		before = s.known
		s.fed = s.opened
		s.walk(file, s.collectFrom)
		s.known = len(s.holding) + len(s.inputs) + s.values
		if s.opened != none {
			s.known++
		}
	}
}

func (s *survey) hold(names ...string) {
	for _, name := range names {
		s.holding[name] = true
	}
}

// holdPositional marks the positional parameters within a function: those that the arguments of a
// call put an item in, or all where they can move.
func (s *survey) holdPositional(function string, args []*syntax.Word, moved bool) {
	for i, w := range args {
		_, fixed := literal(w)
		moved = moved || !fixed && simpleExpansion(w) == "@" && s.carrier(w, false) != none
		if s.carrier(w, false) != none {
			s.hold(function + " " + strconv.Itoa(i+1))
		}
	}
	s.hold(function+" @", function+" *", function+" argv")
	for i := 1; moved && i < 100; i++ {
		s.hold(function + " " + strconv.Itoa(i))
	}
}

// fix notes values that a variable can have: as many, and as long, as names need.
func (s *survey) fix(name string, values ...string) {
	for _, v := range values {
		if !slices.Contains(s.fixed[name], v) && len(s.fixed[name]) < 16 && len(v) < 200 {
			s.fixed[name] = append(s.fixed[name], v)
			s.values++
		}
	}
}

// valuesOf are the values that a word can have, put together of its text and of variables that
// are assigned text. A variable that the template does not assign is left out.
func (s *survey) valuesOf(w *syntax.Word) []string {
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
					more = slices.Clone(s.fixed[s.key(p.Param.Value)])
				}
				if p.Exp != nil && p.Exp.Word != nil {
					more = append(more, s.valuesOf(p.Exp.Word)...)
				}
			case *syntax.CmdSubst: // of what prints text
				for n := range syntax.Preorder(p) {
					if c, ok := n.(*syntax.CallExpr); ok && len(c.Args) > 1 && repeaters[c.Args[0].Lit()] {
						for _, w := range c.Args[1:] {
							more = append(more, s.valuesOf(w)...)
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

func (s *survey) collectFrom(n syntax.Node) {
	switch n := n.(type) {
	case *syntax.Assign:
		if n.Name == nil {
			return
		}
		if s.carrier(n, false) != none {
			s.hold(n.Name.Value)
		}
		if n.Value != nil {
			s.fix(n.Name.Value, s.valuesOf(n.Value)...)
		}
		if n.Array != nil {
			for _, e := range n.Array.Elems {
				if e.Value != nil {
					s.fix(n.Name.Value, s.valuesOf(e.Value)...)
				}
			}
		}
	case *syntax.ParamExp:
		if n.Param != nil && n.Exp != nil && n.Exp.Word != nil && s.carrier(n.Exp.Word, false) != none {
			s.hold(n.Param.Value)
		}
	case *syntax.ForClause:
		w, ok := n.Loop.(*syntax.WordIter)
		if !ok {
			return
		}
		if s.first(w.Items, false) != none || !w.InPos.IsValid() && s.holds("@", n) {
			s.hold(w.Name.Value)
		}
		for _, w2 := range w.Items {
			s.fix(w.Name.Value, s.valuesOf(w2)...)
		}
		if n.Select && s.reads() {
			s.hold("REPLY")
		}
	case *syntax.DeclClause:
		if flags := declFlags(n); n.Variant.Value == "nameref" || strings.ContainsAny(flags, typing) {
			for _, a := range n.Args {
				if a.Name == nil {
					continue
				}
				s.typed[a.Name.Value] = true
				if a.Value != nil && s.arithmetic(a.Value) != none { // declare -n y=x
					s.hold(a.Name.Value)
				}
			}
		}
	case *syntax.BinaryTest:
		if n.Op == syntax.TsReMatch && s.carrier(n.X, false) != none {
			s.hold("BASH_REMATCH", "MATCH", "match")
		}
	case *syntax.CallExpr:
		s.collectCall(n)
	case *syntax.Stmt:
		if isExec(n) {
			s.opened = or(s.opened, s.input(n))
		}
		if n.Coprocess {
			s.opened = or(s.opened, s.prints(n.Cmd))
		}
	case *syntax.CoprocClause:
		s.opened = or(s.opened, s.prints(n.Stmt))
	}
}

// reads reports whether what is read from a descriptor here can be an item.
func (s *survey) reads() bool { return s.fed != none || s.opened != none }

// typing are the options of declare whose variables evaluate what they are assigned.
const typing = "inEF"

var changesDirectory = words("cd chdir pushd")

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

func (s *survey) collectCall(c *syntax.CallExpr) {
	if f, args := s.function(c.Args); f != nil {
		s.collectFunction(f, args)
	} else if len(c.Args) > 1 {
		for _, name := range s.valuesOf(c.Args[0]) {
			if f := s.funcs[name]; f != nil {
				s.collectFunction(f, c.Args[1:])
			}
		}
	}
	name, args := s.command(c.Args)
	at := s.first(args, false)
	if at != none {
		s.hold("_") // the last argument of the last command
	}
	switch {
	case at != none && changesDirectory[name]:
		s.hold("PWD", "OLDPWD", "DIRSTACK")
	case name == "getopts" && s.holds("@", c):
		s.hold("OPTARG")
	case name == "eval" || name == "trap":
		for _, w := range args {
			s.collectText(w)
		}
	case name == "set":
		if at != none {
			s.holdPositional(s.scope, nil, true)
			for _, w := range args { // set -A x
				if v, _ := literal(w); syntax.ValidName(v) {
					s.hold(v)
				}
			}
		}
		for i, w := range args {
			s.fix(s.positional(strconv.Itoa(i)), s.valuesOf(w)...) // behind --
		}
	case declarers[name]:
		flags := ""
		for _, w := range args {
			text := s.source(w)
			if strings.HasPrefix(text, "-") {
				flags += text
			}
			v, _, assigned := strings.Cut(text, "=")
			if assigned && s.carrier(w, false) != none {
				s.hold(v)
			}
			if name == "integer" || name == "float" || name == "nameref" || strings.ContainsAny(flags, typing) {
				s.typed[v] = true
			}
		}
	}
	if words, at := s.assigned(name, args); at != none {
		s.hold(words...)
	}
	for _, w := range c.Args { // env x=...
		if v, _, ok := strings.Cut(s.source(w), "="); ok && syntax.ValidName(v) && s.carrier(w, false) != none {
			s.hold(v)
		}
	}
}

// assigned are the variables that a command assigns what it reads, or prints, and the carrier in
// that.
func (s *survey) assigned(name string, args []*syntax.Word) (names []string, at int) {
	switch {
	case (name == "printf" || name == "print") && len(args) > 2:
		if option, _ := literal(args[0]); option == "-v" {
			return s.valuesOf(args[1]), s.first(args[2:], false)
		}
	case readers[name]:
		names = []string{"REPLY", "reply", "MAPFILE"}
		for _, w := range args {
			for _, v := range s.valuesOf(w) {
				if v, _, _ = strings.Cut(v, "?"); syntax.ValidName(v) { // before a prompt
					names = append(names, v)
				}
			}
		}
		return names, or(s.fed, s.opened)
	}
	return nil, none
}

// collectText is for text that is run here: what it assigns holds on.
func (s *survey) collectText(w *syntax.Word) {
	text, fixed := literal(w)
	file, err := parseShell(text, s.lang)
	if !fixed || err != nil {
		return
	}
	inner := s.inside(text, s.lang)
	inner.collect(file)
	for name := range inner.holding {
		if !strings.Contains(name, " ") {
			s.hold(name)
		}
	}
}

// collectFunction is for a call of a function of the template.
func (s *survey) collectFunction(f *syntax.FuncDecl, args []*syntax.Word) {
	name := f.Name.Value
	moved := calls(f, "shift") || calls(f, "set")
	if s.first(args, false) != none {
		s.holdPositional(name, args, moved)
	}
	for i, w := range args {
		values := s.valuesOf(w)
		for p := 1; p < 10; p++ {
			if p == i+1 || moved && p <= i {
				s.fix(name+" "+strconv.Itoa(p), values...)
			}
		}
	}
	if _, ok := s.inputs[name]; !ok && s.fed != none {
		s.inputs[name] = s.fed
	}
}

// subscripted reports whether text is a name with a subscript in which a variable holds an item.
func (s *survey) subscripted(text string) bool {
	_, subscript, ok := strings.Cut(text, "[")
	return ok && s.names(subscript)
}

// readers assign what they read to the variables that they name.
var readers = words("read mapfile readarray getln sysread vared line")

// source is a word as it was written.
func (s *survey) source(w *syntax.Word) string {
	return s.m.source[w.Pos().Offset():w.End().Offset()]
}
