package template

import (
	"errors"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// survey finds where a shell would interpret a value, rather than take it as text, and whether
// the item gets there. It knows one rule: what carries an item (taint.go) must not reach what a
// shell evaluates: arithmetic, subscripts, names, the arguments that a row of sinks names, and the
// programs that shells read.
type survey struct {
	m    *marked
	lang syntax.LangVariant

	holding map[string]bool // variables that carry an item; "f 1" is $1 within the function f
	typed   map[string]bool // variables whose assignment is evaluated: integers, references
	fixed   map[string][]string
	values  int // in fixed
	funcs   map[string]*syntax.FuncDecl
	inputs  map[string]int // the carrier in what a function of the template is given to read
	opened  int            // the carrier in what exec, or a coprocess, has opened for all that follows
	known   int            // how much is known: it only grows

	records  bool // outside of functions the positional parameters carry items,
	replaced int  // until this byte

	// Where the walk is.
	fed     int          // the carrier in standard input
	program *syntax.Word // its text, where that is written out
	scope   string       // the function
	entered map[*syntax.FuncDecl]bool
	given   map[*syntax.Word]int // words that xargs puts items in
}

var (
	inArithmetic = refusal{"stands in arithmetic, where shells run the commands in a value", "$(expr {} + 1) takes it as text"}
	inSubscript  = refusal{"stands in a subscript, where shells run the commands in a value", "use an awk array, or case {} in ..."}
	indirect     = refusal{"is expanded a second time here", `"$x" takes it as text`}
	numeric      = refusal{"is compared as a number, where some shells run the commands in a value", "expr {} '>' 10 > /dev/null"}
	testOperator = refusal{"stands beside another one, so that an item could be the operator of the test", `[ "x{}" = "x..." ]`}
	testedName   = refusal{"is tested as a name or a number, where shells run the commands in a value", `[ -n {} ]`}
	special      = refusal{"is assigned to a variable whose value is interpreted, or run", "use a variable of another name"}
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
	remote         = refusal{"is run by the shell at the other end", `--stdin item ssh HOST 'IFS= read -r x; ... "$x"'`}
	alias          = refusal{"comes with an alias, which changes how the shell reads what follows", "write a function"}
)

// refuseInterpreted refuses a template in which a shell would interpret an item.
func (m *marked) refuseInterpreted(file *syntax.File, lang syntax.LangVariant) error {
	s := newSurvey(m, lang)
	s.records = true
	s.hold(m.held...)
	s.hold(itemVariables...)
	if m.stdin {
		s.opened = fromStdin
	}
	at, why, place := s.look(file)
	if at == none {
		return nil
	}
	if at == fromStdin {
		return m.refuseStdin(place, why)
	}
	return m.refuse(at, why.what, why.try)
}

func newSurvey(m *marked, lang syntax.LangVariant) *survey {
	return &survey{
		m: m, lang: lang, holding: map[string]bool{}, typed: map[string]bool{}, fixed: map[string][]string{"SHELL": {"sh"}, "BASH": {"bash"}},
		funcs: map[string]*syntax.FuncDecl{}, inputs: map[string]int{}, opened: none, fed: none,
		entered: map[*syntax.FuncDecl]bool{}, given: map[*syntax.Word]int{},
	}
}

// look is the first carrier that is interpreted in file, why that is refused, and where.
func (s *survey) look(file *syntax.File) (at int, why refusal, place syntax.Node) {
	s.collect(file)
	at, s.fed = none, s.opened
	s.walk(file, func(n syntax.Node) {
		if at == none {
			at, why = s.inspect(n)
			place = n
		}
	})
	return at, why, place
}

// within looks at text that a shell gets to run, here or elsewhere: with item in its positional
// parameters, and with the variables that are known here if they are known there.
func (s *survey) within(w *syntax.Word, langs []syntax.LangVariant, item int, here bool) (int, refusal) {
	text, fixed := literal(w)
	if !fixed {
		return none, refusal{}
	}
	start := int(w.Pos().Offset())
	at := strings.Index(s.m.source[start:w.End().Offset()], text) // behind a quote; -1 if some are within
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
		inner := s.inside(text, lang)
		if !here {
			clear(inner.holding)
		}
		inner.m.evaluates = evaluatesNumbers(langs)
		if inner.records = item != none; inner.records {
			inner.hold("0")
		}
		found, why, _ := inner.look(file)
		switch {
		case found == none:
		case found == fromStdin:
			return s.fed, why
		case item != none:
			return item, byScript
		case at >= 0:
			return start + at + found, why
		default:
			return start, why
		}
	}
	if !read {
		return item, byScript
	}
	return none, refusal{}
}

// inside is a survey of text that is run where the walk is, without the positional parameters.
func (s *survey) inside(text string, lang syntax.LangVariant) *survey {
	inner := newSurvey(&marked{text: text, source: text, prefix: s.m.prefix, evaluates: s.m.evaluates}, lang)
	if s.fed != none {
		inner.opened = fromStdin
	}
	for name := range s.holding {
		if !strings.Contains(name, " ") {
			inner.hold(name)
		}
	}
	return inner
}

// itemVariables are those of the environment in which every job finds its item.
var itemVariables = []string{"EPH_ITEM", "EPH_KEY", "EPH_LANE"}

// ChoosesCode reports whether programs take what they run from a variable of the environment: the
// loader, a shell, what starts a pager.
func ChoosesCode(name string) bool {
	return interpreted[name] && name == strings.ToUpper(name) || chosenByPrefix(name)
}

func chosenByPrefix(name string) bool {
	return strings.HasPrefix(name, "LD_") || strings.HasPrefix(name, "DYLD_") || strings.HasPrefix(name, "BASH_FUNC")
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
		for _, w := range n.Items {
			if at, why := s.inspectVariable(n.Name.Value, w); at != none {
				return at, why
			}
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
	if p.Flags != nil { // zsh
		if s.marker(p.Flags) != none || s.names(p.Flags.Value) {
			return int(p.Pos().Offset()), inArithmetic
		}
		if p.Exp != nil && p.Exp.Word != nil {
			if at := s.carrier(p.Exp.Word, true); at != none {
				return at, indirect
			}
		}
	}
	if p.Param != nil && p.Excl && slices.ContainsFunc(s.fixed[p.Param.Value], s.subscripted) {
		return int(p.Pos().Offset()), indirect
	}
	if p.Param == nil || !s.holds(p.Param.Value, p) {
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
	a, ok := value.(*syntax.Assign)
	switch {
	case ok && a.Value != nil:
		value = a.Value
	case ok && a.Array != nil:
		value = a.Array
	}
	switch {
	case evaluated[name]:
		return s.arithmetic(value), special
	case interpreted[name] || chosenByPrefix(name):
		if at := s.carrier(value, false); at != none {
			return at, special
		}
		if w, ok := value.(*syntax.Word); ok && laterCode[name] {
			return s.within(w, []syntax.LangVariant{s.lang}, none, true)
		}
	case s.typed[name]:
		return s.arithmetic(value), typedVar
	}
	return none, refusal{}
}

func (s *survey) interprets(name string) bool {
	return evaluated[name] || interpreted[name] || s.typed[name]
}

// evaluated and interpreted are the variables whose value a shell evaluates: as arithmetic, or as
// text to expand, or to run, as other programs do too. Each is one to at least one of the shells.
// The text of laterCode is commands.
var (
	evaluated = words(`RANDOM SRANDOM SECONDS LINENO OPTIND TMOUT HISTSIZE HISTFILESIZE SAVEHIST HISTCMD
		COLUMNS LINES UID EUID GID EGID PPID PGRP BASHPID USER_ID KSHUID KSHEGID KSHGID MAILCHECK SHLVL ERRNO
		FUNCNEST KEYTIMEOUT LISTMAX TTYIDLE status TRY_BLOCK_ERROR TRY_BLOCK_INTERRUPT DIRSTACKSIZE LOGCHECK
		REPORTTIME REPORTMEMORY BAUD EPOCHSECONDS EPOCHREALTIME JOBMAX`)
	interpreted = words(`PS0 PS1 PS2 PS3 PS4 PROMPT PROMPT2 PROMPT3 PROMPT4 RPROMPT RPROMPT2 RPS1 RPS2 SPROMPT
		PROMPT_COMMAND BASH_ENV ENV SHELLOPTS BASHOPTS PATH path FPATH fpath MODULE_PATH module_path
		NULLCMD READNULLCMD functions aliases galiases saliases commands FCEDIT
		SHELL PAGER MANPAGER GIT_PAGER EDITOR VISUAL GIT_EDITOR GIT_SEQUENCE_EDITOR GIT_SSH GIT_SSH_COMMAND
		GIT_ASKPASS SSH_ASKPASS SUDO_ASKPASS GIT_EXTERNAL_DIFF LESSOPEN LESSCLOSE RSYNC_RSH MAKEFLAGS
		GNUMAKEFLAGS TAR_OPTIONS PERL5OPT NODE_OPTIONS RUBYOPT PYTHONSTARTUP BROWSER`)
	laterCode = words("PROMPT_COMMAND functions aliases galiases saliases")
)

func (s *survey) inspectDeclaration(d *syntax.DeclClause) (int, refusal) {
	typing := d.Variant.Value == "nameref" || strings.ContainsAny(declFlags(d), typing)
	for _, a := range d.Args {
		at := s.carrier(a, false)
		switch {
		case at == none && a.Value != nil && a.Name == nil && s.subscripted(s.source(a.Value)):
			return int(a.Pos().Offset()), asName
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
