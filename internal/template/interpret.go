package template

import (
	"errors"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

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

// itemVariables are those of the environment in which every job finds its item.
var itemVariables = []string{"EPH_ITEM", "EPH_KEY", "EPH_LANE"}

// ChoosesCode reports whether programs take what they run from a variable of the environment: the
// loader, a shell, what starts a pager.
func ChoosesCode(name string) bool {
	return interpretedVariables[name] && name == strings.ToUpper(name) || chosenByPrefix(name)
}

func chosenByPrefix(name string) bool {
	return strings.HasPrefix(name, "LD_") || strings.HasPrefix(name, "DYLD_") || strings.HasPrefix(name, "BASH_FUNC")
}

// inspect tells whether n interprets a value that carries an item: where, and why not.
func (a *analysis) inspect(n syntax.Node) *finding {
	switch n := n.(type) {
	case *syntax.ArithmExp, *syntax.ArithmCmd, *syntax.LetClause, *syntax.CStyleLoop:
		return found(a.taint(n, asNumber), inArithmetic)
	case *syntax.Subshell:
		// ((...)) is arithmetic to some shells that are called sh, and two subshells to others.
		if a.m.source[min(int(n.Lparen.Offset())+1, len(a.m.source)-1)] == '(' {
			return found(a.taint(n, asNumber), inArithmetic)
		}
	case *syntax.ParamExp:
		return a.inspectExpansion(n)
	case *syntax.Assign:
		return a.inspectAssign(n)
	case *syntax.ArrayElem:
		if n.Index != nil {
			return found(a.taint(n.Index, asNumber), inSubscript)
		}
	case *syntax.BinaryTest:
		switch n.Op {
		case syntax.TsEql, syntax.TsNeq, syntax.TsLeq, syntax.TsGeq, syntax.TsLss, syntax.TsGtr:
			return found(a.taint(n, asNumber), numeric)
		}
	case *syntax.UnaryTest:
		switch n.Op {
		case syntax.TsVarSet, syntax.TsRefVar, syntax.TsFdTerm, syntax.TsOptSet:
			return found(a.taint(n, asNumber), testedName)
		}
	case *syntax.WordIter:
		for _, w := range n.Items {
			if f := a.inspectVariable(n.Name.Value, w); f != nil {
				return f
			}
		}
	case *syntax.DeclClause:
		return a.inspectDeclaration(n)
	case *syntax.Lit:
		if a.lang == syntax.LangZsh && len(a.m.markers) > 0 {
			return a.inspectZsh(n)
		}
	case *syntax.Redirect:
		if n.Op == syntax.DplIn || n.Op == syntax.DplOut {
			return found(a.taint(n.Word, asText), descriptor)
		}
	case *syntax.CallExpr:
		return a.inspectCall(n.Args)
	}
	return nil
}

// inspectZsh looks for what zsh knows and its parser here takes as text: $[...], which is
// arithmetic, and a glob qualifier such as (e:...:), which holds code.
func (a *analysis) inspectZsh(n *syntax.Lit) *finding {
	end := int(n.End().Offset())
	next := end < len(a.m.source) && a.m.source[end] == '['
	if strings.Contains(n.Value, "$[") || next && strings.HasSuffix(n.Value, "$") {
		return found(a.m.markers[0].at, inArithmetic)
	}
	if strings.ContainsAny(n.Value, "()") && strings.Contains(n.Value, "$") {
		return found(a.m.markers[0].at, globbing)
	}
	return nil
}

func (a *analysis) inspectExpansion(p *syntax.ParamExp) *finding {
	if p.Index != nil {
		if at := a.taint(p.Index, asNumber); at != none {
			return found(at, inSubscript)
		}
	}
	if p.Slice != nil {
		for _, x := range []syntax.ArithmExpr{p.Slice.Offset, p.Slice.Length} {
			if x == nil {
				continue
			}
			if at := a.taint(x, asNumber); at != none {
				return found(at, inArithmetic)
			}
		}
	}
	if p.Flags != nil { // zsh
		if a.placeholderIn(p.Flags) != none || a.mentionsTainted(p.Flags.Value) {
			return found(int(p.Pos().Offset()), inArithmetic)
		}
		if p.Exp != nil && p.Exp.Word != nil {
			if at := a.taint(p.Exp.Word, asCode); at != none {
				return found(at, indirect)
			}
		}
	}
	if p.Param != nil && p.Excl && slices.ContainsFunc(a.constants[p.Param.Value], a.subscripted) {
		return found(int(p.Pos().Offset()), indirect)
	}
	if p.Param == nil || !a.isTainted(p.Param.Value, p) {
		if p.NestedParam != nil && (p.Flags != nil || p.GlobSubst != syntax.OptUnset) {
			return found(a.taint(p.NestedParam, asCode), indirect)
		}
		return nil
	}
	again := p.Excl && p.Names == 0 || p.Flags != nil || p.GlobSubst == syntax.OptOn ||
		p.Exp != nil && p.Exp.Op == syntax.OtherParamOps ||
		// An unquoted value becomes a pattern, and a pattern of zsh can hold code.
		a.lang == syntax.LangZsh && globsValues(a.m.source)
	if again {
		return found(int(p.Pos().Offset()), indirect)
	}
	return nil
}

func globsValues(source string) bool {
	flat := strings.ToLower(strings.ReplaceAll(source, "_", ""))
	return strings.Contains(flat, "globsubst") || strings.Contains(flat, "emulate")
}

func (a *analysis) inspectAssign(n *syntax.Assign) *finding {
	if n.Index != nil {
		if at := a.taint(n.Index, asNumber); at != none {
			return found(at, inSubscript)
		}
	}
	if n.Name == nil || n.Naked {
		return nil
	}
	return a.inspectVariable(n.Name.Value, n)
}

// inspectVariable tells whether assigning value to a variable has it interpreted.
func (a *analysis) inspectVariable(name string, value syntax.Node) *finding {
	assign, ok := value.(*syntax.Assign)
	switch {
	case ok && assign.Value != nil:
		value = assign.Value
	case ok && assign.Array != nil:
		value = assign.Array
	}
	switch {
	case numericVariables[name]:
		return found(a.taint(value, asNumber), special)
	case interpretedVariables[name] || chosenByPrefix(name):
		if at := a.taint(value, asText); at != none {
			return found(at, special)
		}
		if w, ok := value.(*syntax.Word); ok && commandVariables[name] {
			return a.inspectScript(w, []syntax.LangVariant{a.lang}, none, true)
		}
	case a.typed[name]:
		return found(a.taint(value, asNumber), typedVar)
	}
	return nil
}

func (a *analysis) interprets(name string) bool {
	return numericVariables[name] || interpretedVariables[name] || a.typed[name]
}

// numericVariables and interpreted are the variables whose value a shell evaluates: as arithmetic, or as
// text to expand, or to run, as other programs do too. Each is one to at least one of the shells.
// The text of laterCode is commands.
var (
	numericVariables = setOf(`RANDOM SRANDOM SECONDS LINENO OPTIND TMOUT HISTSIZE HISTFILESIZE SAVEHIST HISTCMD
		COLUMNS LINES UID EUID GID EGID PPID PGRP BASHPID USER_ID KSHUID KSHEGID KSHGID MAILCHECK SHLVL ERRNO
		FUNCNEST KEYTIMEOUT LISTMAX TTYIDLE status TRY_BLOCK_ERROR TRY_BLOCK_INTERRUPT DIRSTACKSIZE LOGCHECK
		REPORTTIME REPORTMEMORY BAUD EPOCHSECONDS EPOCHREALTIME JOBMAX`)
	interpretedVariables = setOf(`PS0 PS1 PS2 PS3 PS4 PROMPT PROMPT2 PROMPT3 PROMPT4 RPROMPT RPROMPT2 RPS1 RPS2 SPROMPT
		PROMPT_COMMAND BASH_ENV ENV SHELLOPTS BASHOPTS PATH path FPATH fpath MODULE_PATH module_path
		NULLCMD READNULLCMD functions aliases galiases saliases commands FCEDIT
		SHELL PAGER MANPAGER GIT_PAGER EDITOR VISUAL GIT_EDITOR GIT_SEQUENCE_EDITOR GIT_SSH GIT_SSH_COMMAND
		GIT_ASKPASS SSH_ASKPASS SUDO_ASKPASS GIT_EXTERNAL_DIFF LESSOPEN LESSCLOSE RSYNC_RSH MAKEFLAGS
		GNUMAKEFLAGS TAR_OPTIONS PERL5OPT NODE_OPTIONS RUBYOPT PYTHONSTARTUP BROWSER`)
	commandVariables = setOf("PROMPT_COMMAND functions aliases galiases saliases")
)

func (a *analysis) inspectDeclaration(d *syntax.DeclClause) *finding {
	typing := d.Variant.Value == "nameref" || strings.ContainsAny(declFlags(d), typingOptions)
	for _, arg := range d.Args {
		at := a.taint(arg, asText)
		switch {
		case at == none && arg.Value != nil && arg.Name == nil && a.subscripted(a.source(arg.Value)):
			return found(int(arg.Pos().Offset()), isName)
		case at == none:
		case arg.Naked || arg.Name == nil || arg.Index != nil || arg.Array != nil:
			return found(at, isName)
		case typing:
			return found(at, typedVar)
		}
	}
	return nil
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

func setOf(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}
