package template

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// survey finds where a shell would interpret a value, rather than take it as text, and whether
// the item, or a variable that it was assigned to, gets there.
type survey struct {
	m       *marked
	lang    syntax.LangVariant
	holding map[string]bool     // variables that an item was assigned to
	typed   map[string]bool     // variables whose assignment is evaluated: integers, references
	fixed   map[string][]string // variables and the literal values they are assigned
	funcs   map[string]*syntax.FuncDecl
	entered map[*syntax.FuncDecl]bool // functions whose body is being looked at
}

var (
	inArithmetic = refusal{"stands in arithmetic, where shells run the commands in a value", "$(expr {} + 1) takes it as text"}
	inSubscript  = refusal{"stands in a subscript, where shells run the commands in a value", "use an awk array, or case {} in ..."}
	indirect     = refusal{"is expanded a second time here", `"$x" takes it as text`}
	numeric      = refusal{"is compared as a number, where some shells run the commands in a value", "expr {} '>' 10 > /dev/null"}
	testOperator = refusal{"stands beside another one, so that an item could be the operator of the test", `[ "x{}" = "x..." ]`}
	testedName   = refusal{"is tested as a name or a number, where shells run the commands in a value", `[ -n {} ]`}
	special      = refusal{"is assigned to a variable whose value the shell interprets", "use a variable of another name"}
	typedVar     = refusal{"is assigned to a variable whose value is evaluated", "declare it without -i and -n"}
	commandWord  = refusal{
		"stands where the name of the command is, so that an item would choose what runs",
		"name the program in the template, or run it without a shell: eph {} ARGUMENT",
	}
	vanishing      = refusal{"would be the command if the word before it is empty", `quote that word: "$program" {}, or ${program:?} {}`}
	commandPattern = refusal{"is an argument of a command whose name is a pattern", "write the name out"}
	asCode         = refusal{"would run as code here", `sh -c '... "$1"' sh {}`}
	byScript       = refusal{"is run, or evaluated, by the script that it is an argument of", `sh -c '... "$1"' sh {}`}
	asProgram      = refusal{"becomes part of a program that a shell reads", `sh -c '... "$1"' sh {}`}
	asName         = refusal{"is taken as a name or a number here, where shells run the commands in it", `x={}; then use "$x"`}
	option         = refusal{"stands where it could be an option that names a variable", `printf '%s' {}`}
	setter         = refusal{"stands where it could be an option", "set -- {}"}
	remote         = refusal{"is run by the shell at the other end", `printf '%s\n' {} | ssh HOST 'read -r x; ...', or without a shell: eph ssh HOST ...`}
	alias          = refusal{"comes with an alias, which changes how the shell reads what follows", "write a function"}
)

// refuseInterpreted refuses a template in which a shell would interpret an item.
func (m *marked) refuseInterpreted(file *syntax.File, lang syntax.LangVariant) error {
	s := &survey{
		m: m, lang: lang, holding: map[string]bool{}, typed: map[string]bool{},
		fixed: map[string][]string{}, funcs: map[string]*syntax.FuncDecl{}, entered: map[*syntax.FuncDecl]bool{},
	}
	for _, name := range slices.Concat(m.held, itemVariables) {
		s.holding[name] = true
	}
	s.collect(file)
	var failed error
	for n := range syntax.Preorder(file) {
		at, why := s.inspect(n)
		if at >= 0 {
			failed = m.refuse(at, why.what, why.try)
			break
		}
	}
	return failed
}

// itemVariables are those of the environment in which every job finds its item.
var itemVariables = []string{"EPH_ITEM", "EPH_KEY", "EPH_LANE"}

// ChoosesCode reports whether programs take what they run from a variable of the environment: the
// loader, a shell.
func ChoosesCode(name string) bool {
	switch name {
	case "PATH", "ENV", "BASH_ENV", "SHELLOPTS", "BASHOPTS", "PS4", "PROMPT_COMMAND":
		return true
	}
	return chosenByPrefix(name)
}

func chosenByPrefix(name string) bool {
	return strings.HasPrefix(name, "LD_") || strings.HasPrefix(name, "DYLD_") || strings.HasPrefix(name, "BASH_FUNC")
}

// none is where there is no carrier.
const none = -1

// carrier is the byte of the first marker, or of the first variable that holds an item, that n
// takes part of its value from; none if there is none. What a command substitution gives is
// followed for the commands that repeat their arguments; with strict for every command.
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
		case *syntax.CmdSubst, *syntax.ProcSubst:
			if !strict {
				at = s.repeated(n)
				return false
			}
		case *syntax.ParamExp:
			if n.Param != nil && s.holding[n.Param.Value] && !n.Length {
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

var identifier = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)

// names reports whether an expression names a variable that holds an item.
func (s *survey) names(expression string) bool {
	return slices.ContainsFunc(identifier.FindAllString(expression, -1), func(name string) bool { return s.holding[name] })
}

func (s *survey) marker(n syntax.Node) int {
	for _, k := range s.m.markers {
		if !k.ph.isNumber() && int(n.Pos().Offset()) <= k.at && k.at < int(n.End().Offset()) {
			return k.at
		}
	}
	return none
}

// repeaters print their arguments, or a part of them.
var repeaters = words("echo printf print basename dirname realpath readlink expr")

// repeated is the carrier in a command substitution that comes out of it again: an argument
// of a repeater, or text given to a command on its standard input.
func (s *survey) repeated(sub syntax.Node) int {
	at := none
	syntax.Walk(sub, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.CallExpr:
			if f, rest := s.function(n.Args); at == none && f != nil {
				at = s.first(rest, false)
			}
			if name, rest := s.command(n.Args); at == none && repeaters[name] {
				at = s.first(rest, false)
			}
		case *syntax.Redirect:
			if at == none && n.Hdoc != nil {
				at = s.find(n.Hdoc, false, false)
			}
			if at == none && n.Op == syntax.WordHdoc {
				at = s.find(n.Word, false, false)
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

// collect finds the variables that hold an item. It goes over the template until it finds no
// more, for a loop can carry a value backwards.
func (s *survey) collect(file *syntax.File) {
	set := false
	for n := range syntax.Preorder(file) {
		switch n := n.(type) {
		case *syntax.FuncDecl:
			if n.Name != nil {
				s.funcs[n.Name.Value] = n
			}
		case *syntax.CallExpr:
			if len(n.Args) > 1 {
				name, _ := literal(n.Args[0])
				set = set || name == "set"
			}
		}
	}
	// bash calls this one with the name of a command that is not there, and its arguments
	handler := s.funcs["command_not_found_handle"] != nil || s.funcs["command_not_found_handler"] != nil
	if s.m.arguments || handler || len(s.funcs) == 0 && !set { // "$1" is the item
		s.holdPositional(nil, true)
	}
	for before := -1; before != len(s.holding); {
		before = len(s.holding)
		for n := range syntax.Preorder(file) {
			s.collectFrom(n)
		}
	}
}

// holdPositional marks the positional parameters of one call: those that its arguments put an
// item in, or all where they can move.
func (s *survey) holdPositional(args []*syntax.Word, moved bool) {
	s.holding["@"], s.holding["*"], s.holding["argv"] = true, true, true
	for i, w := range args {
		_, fixed := literal(w)
		moved = moved || !fixed && simpleExpansion(w) == "@"
		if s.carrier(w, false) != none {
			s.holding[strconv.Itoa(i+1)] = true
		}
	}
	for i := 1; moved && i < 100; i++ {
		s.holding[strconv.Itoa(i)] = true
	}
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
			s.holding[n.Name.Value] = true
		}
		if n.Value != nil {
			if v, ok := literal(n.Value); ok && !slices.Contains(s.fixed[n.Name.Value], v) {
				s.fixed[n.Name.Value] = append(s.fixed[n.Name.Value], v)
			}
		}
	case *syntax.ParamExp:
		if n.Param != nil && n.Exp != nil && n.Exp.Word != nil && s.carrier(n.Exp.Word, false) != none {
			s.holding[n.Param.Value] = true
		}
	case *syntax.ForClause:
		w, ok := n.Loop.(*syntax.WordIter)
		if !ok {
			return
		}
		if s.first(w.Items, false) != none || !w.InPos.IsValid() && s.holding["@"] {
			s.holding[w.Name.Value] = true
		}
	case *syntax.DeclClause:
		if flags := declFlags(n); n.Variant.Value == "nameref" || strings.ContainsAny(flags, typing) {
			for _, a := range n.Args {
				if a.Name != nil {
					s.typed[a.Name.Value] = true
				}
			}
		}
	case *syntax.BinaryTest:
		if n.Op == syntax.TsReMatch && s.carrier(n.X, false) != none {
			for _, name := range []string{"BASH_REMATCH", "MATCH", "match"} {
				s.holding[name] = true
			}
		}
	case *syntax.CallExpr:
		s.collectCall(n)
	case *syntax.Stmt:
		s.collectRead(n)
	}
}

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
	if f, args := s.function(c.Args); f != nil && s.first(args, false) != none {
		s.holdPositional(args, calls(f, "shift") || calls(f, "set"))
	}
	name, args := s.command(c.Args)
	at := s.first(args, false)
	if at != none {
		s.holding["_"] = true // the last argument of the last command
	}
	switch {
	case at != none && changesDirectory[name]:
		s.holding["PWD"], s.holding["OLDPWD"], s.holding["DIRSTACK"] = true, true, true
	case name == "getopts" && s.holding["@"]:
		s.holding["OPTARG"] = true
	case at != none && name == "set":
		s.holdPositional(nil, true)
	case declarers[name]:
		flags := ""
		for _, w := range args {
			text := s.m.source[w.Pos().Offset():w.End().Offset()]
			if strings.HasPrefix(text, "-") {
				flags += text
			}
			v, _, assigned := strings.Cut(text, "=")
			if assigned && s.carrier(w, false) != none {
				s.holding[v] = true
			}
			if name == "integer" || name == "float" || name == "nameref" || strings.ContainsAny(flags, typing) {
				s.typed[v] = true
			}
		}
	case name == "printf" && at != none && len(args) > 2:
		if option, _ := literal(args[0]); option == "-v" {
			v, _ := literal(args[1])
			s.holding[v] = true
		}
	}
}

// collectRead lets read take an item from a here-document, or from a repeater before it in a
// pipeline.
func (s *survey) collectRead(st *syntax.Stmt) {
	var source syntax.Node = st
	switch c := st.Cmd.(type) {
	case *syntax.BinaryCmd:
		if c.Op != syntax.Pipe && c.Op != syntax.PipeAll {
			return
		}
	default:
		if len(st.Redirs) == 0 {
			return
		}
	}
	if s.repeated(source) == none {
		return
	}
	for n := range syntax.Preorder(st) {
		c, ok := n.(*syntax.CallExpr)
		if !ok {
			continue
		}
		switch name, args := s.command(c.Args); name {
		case "read", "mapfile", "readarray", "getln":
			s.holding["REPLY"], s.holding["MAPFILE"] = true, true
			for _, w := range args {
				if v, ok := literal(w); ok && syntax.ValidName(v) {
					s.holding[v] = true
				}
			}
		}
	}
}

// inspect tells whether n interprets a value that carries an item: where, and why not.
func (s *survey) inspect(n syntax.Node) (int, refusal) {
	switch n := n.(type) {
	case *syntax.ArithmExp, *syntax.ArithmCmd, *syntax.LetClause, *syntax.CStyleLoop:
		return s.arithmetic(n), inArithmetic
	case *syntax.Subshell:
		// ((...)) is arithmetic to some shells that are called sh, and two subshells to others.
		if s.m.source[min(int(n.Lparen.Offset())+1, len(s.m.source)-1)] == '(' {
			return s.arithmetic(n), inArithmetic
		}
	case *syntax.ParamExp:
		return s.inspectExpansion(n)
	case *syntax.Assign:
		return s.inspectAssign(n)
	case *syntax.ArrayElem:
		if n.Index != nil {
			return s.arithmetic(n.Index), inSubscript
		}
	case *syntax.BinaryTest:
		switch n.Op {
		case syntax.TsEql, syntax.TsNeq, syntax.TsLeq, syntax.TsGeq, syntax.TsLss, syntax.TsGtr:
			return s.arithmetic(n), numeric
		}
	case *syntax.UnaryTest:
		switch n.Op {
		case syntax.TsVarSet, syntax.TsRefVar, syntax.TsFdTerm, syntax.TsOptSet:
			return s.arithmetic(n), testedName
		}
	case *syntax.WordIter:
		if s.interprets(n.Name.Value) {
			return s.first(n.Items, false), special
		}
	case *syntax.DeclClause:
		return s.inspectDeclaration(n)
	case *syntax.Lit:
		if s.lang == syntax.LangZsh && len(s.m.markers) > 0 {
			return s.inspectZsh(n)
		}
	case *syntax.Redirect:
		if n.Op == syntax.DplIn || n.Op == syntax.DplOut {
			return s.carrier(n.Word, false), descriptor
		}
	case *syntax.Stmt:
		return s.inspectInput(n)
	case *syntax.CallExpr:
		return s.inspectCall(n.Args)
	}
	return none, refusal{}
}

// inspectZsh looks for what zsh knows and its parser here takes as text: $[...], which is
// arithmetic, and a glob qualifier such as (e:...:), which holds code.
func (s *survey) inspectZsh(n *syntax.Lit) (int, refusal) {
	end := int(n.End().Offset())
	next := end < len(s.m.source) && s.m.source[end] == '['
	if strings.Contains(n.Value, "$[") || next && strings.HasSuffix(n.Value, "$") {
		return s.m.markers[0].at, inArithmetic
	}
	if strings.ContainsAny(n.Value, "()") && strings.Contains(n.Value, "$") {
		return s.m.markers[0].at, globbing
	}
	return none, refusal{}
}

func (s *survey) inspectExpansion(p *syntax.ParamExp) (int, refusal) {
	if p.Index != nil {
		if at := s.arithmetic(p.Index); at != none {
			return at, inSubscript
		}
	}
	if p.Slice != nil {
		for _, x := range []syntax.ArithmExpr{p.Slice.Offset, p.Slice.Length} {
			if x == nil {
				continue
			}
			if at := s.arithmetic(x); at != none {
				return at, inArithmetic
			}
		}
	}
	if p.Param == nil || !s.holding[p.Param.Value] {
		if p.NestedParam != nil && (p.Flags != nil || p.GlobSubst != syntax.OptUnset) {
			return s.carrier(p.NestedParam, true), indirect
		}
		return none, refusal{}
	}
	again := p.Excl && p.Names == 0 || p.Flags != nil || p.GlobSubst == syntax.OptOn ||
		p.Exp != nil && p.Exp.Op == syntax.OtherParamOps ||
		// An unquoted value becomes a pattern, and a pattern of zsh can hold code.
		s.lang == syntax.LangZsh && globsValues(s.m.source)
	if again {
		return int(p.Pos().Offset()), indirect
	}
	return none, refusal{}
}

func globsValues(source string) bool {
	flat := strings.ToLower(strings.ReplaceAll(source, "_", ""))
	return strings.Contains(flat, "globsubst") || strings.Contains(flat, "emulate")
}

func (s *survey) inspectAssign(a *syntax.Assign) (int, refusal) {
	if a.Index != nil {
		if at := s.arithmetic(a.Index); at != none {
			return at, inSubscript
		}
	}
	if a.Name == nil || a.Naked {
		return none, refusal{}
	}
	return s.inspectVariable(a.Name.Value, a)
}

// inspectVariable tells whether assigning value to a variable has it interpreted.
func (s *survey) inspectVariable(name string, value syntax.Node) (int, refusal) {
	switch {
	case interpreted[name] || chosenByPrefix(name):
		return s.carrier(value, false), special
	case s.typed[name]:
		return s.carrier(value, false), typedVar
	}
	return none, refusal{}
}

func (s *survey) interprets(name string) bool {
	return interpreted[name] || s.typed[name]
}

// interpreted are the variables whose value a shell evaluates, as arithmetic or as text to
// expand or to run. Each is one to at least one of the shells.
var interpreted = words(`RANDOM SRANDOM SECONDS LINENO OPTIND TMOUT HISTSIZE HISTFILESIZE SAVEHIST HISTCMD
	COLUMNS LINES UID EUID GID EGID PPID PGRP BASHPID USER_ID KSHUID KSHEGID KSHGID MAILCHECK SHLVL ERRNO
	FUNCNEST KEYTIMEOUT LISTMAX TTYIDLE status TRY_BLOCK_ERROR TRY_BLOCK_INTERRUPT DIRSTACKSIZE LOGCHECK
	REPORTTIME REPORTMEMORY BAUD EPOCHSECONDS EPOCHREALTIME JOBMAX
	PS0 PS1 PS2 PS3 PS4 PROMPT PROMPT2 PROMPT3 PROMPT4 RPROMPT RPROMPT2 RPS1 RPS2 SPROMPT PROMPT_COMMAND
	BASH_ENV ENV SHELLOPTS BASHOPTS PATH path FPATH fpath MODULE_PATH module_path
	NULLCMD READNULLCMD functions aliases galiases saliases commands FCEDIT`)

func (s *survey) inspectDeclaration(d *syntax.DeclClause) (int, refusal) {
	typing := d.Variant.Value == "nameref" || strings.ContainsAny(declFlags(d), typing)
	for _, a := range d.Args {
		at := s.carrier(a, false)
		switch {
		case at == none:
		case a.Naked || a.Name == nil || a.Index != nil || a.Array != nil:
			return at, asName
		case typing:
			return at, typedVar
		}
	}
	return none, refusal{}
}

// literal is the value of a word that is the same in every run.
func literal(w *syntax.Word) (string, bool) {
	var b strings.Builder
	for _, part := range w.Parts {
		switch p := part.(type) {
		case *syntax.Lit:
			b.WriteString(unescape(p.Value, ""))
		case *syntax.SglQuoted:
			if p.Dollar && strings.Contains(p.Value, `\`) {
				return "", false
			}
			b.WriteString(p.Value)
		case *syntax.DblQuoted:
			for _, q := range p.Parts {
				lit, ok := q.(*syntax.Lit)
				if !ok {
					return "", false
				}
				b.WriteString(unescape(lit.Value, "$`\"\\"))
			}
		default:
			return "", false
		}
	}
	return b.String(), true
}

// unescape removes the backslashes that quote: all of them, or those before a byte of only.
func unescape(s, only string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && (only == "" || strings.IndexByte(only, s[i+1]) >= 0) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func words(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}
