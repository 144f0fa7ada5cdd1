package template

import (
	"iter"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// commands are the commands of a call, the outermost first: see Unwrap. The name of one that is not
// fixed is "".
func (s *survey) commands(args []*syntax.Word) iter.Seq2[int, string] {
	return unwrap(s.sources(args), func(i int) string {
		text, _ := s.fixedText(args[i])
		return commandName(text)
	})
}

// command is the command within all wrappers. name is "" where it is not fixed.
func (s *survey) command(args []*syntax.Word) (name string, rest []*syntax.Word) {
	for i, inner := range s.commands(args) {
		if name = inner; name == "" {
			return "", args[i:]
		}
		rest = args[i+1:]
	}
	return name, rest
}

// fixedText is the value of a word that holds no marker.
func (s *survey) fixedText(w *syntax.Word) (string, bool) {
	text, ok := literal(w)
	if !ok || isPattern(w) || strings.Contains(text, s.m.prefix) {
		return "", false
	}
	return text, true
}

// sources are words as they were written.
func (s *survey) sources(args []*syntax.Word) []string {
	texts := make([]string, len(args))
	for i, w := range args {
		texts[i] = s.source(w)
	}
	return texts
}

// inspectText is for commands that join their arguments and run them.
func (s *survey) inspectText(name string, args []*syntax.Word) (int, refusal) {
	if at := s.first(args, true); at != none {
		return at, asCode
	}
	langs := shells["sh"]
	if name == "eval" || name == "trap" {
		langs = []syntax.LangVariant{s.lang}
	}
	for _, w := range args {
		if at, why := s.within(w, langs, none, true); at != none {
			return at, why
		}
	}
	return none, refusal{}
}

func (s *survey) inspectNumber(_ string, args []*syntax.Word) (int, refusal) {
	if !s.m.evaluates {
		return none, refusal{}
	}
	for _, w := range args {
		if at := s.arithmetic(w); at != none {
			return at, asName
		}
	}
	return s.first(args, true), asName
}

// inspectSourced is for a file that the shell reads commands from.
func (s *survey) inspectSourced(_ string, args []*syntax.Word) (int, refusal) {
	if at := s.first(args, true); at != none {
		return at, asCode
	}
	if len(args) == 0 || !strings.HasPrefix(s.source(args[0]), "/dev/") {
		return none, refusal{}
	}
	if s.fed == none && s.program != nil {
		return s.within(s.program, []syntax.LangVariant{s.lang}, s.first(args[1:], false), true)
	}
	return s.fed, asProgram
}

// inspectXargs is for xargs, which makes arguments of what it reads.
func (s *survey) inspectXargs(_ string, args []*syntax.Word) (int, refusal) {
	if s.fed == none {
		return none, refusal{}
	}
	inner := wrappers["xargs"].skip(s.sources(args), "xargs")
	if inner < 0 {
		return none, refusal{}
	}
	command := slices.Clone(args[inner:])
	replace := ""
	for i, w := range args[:inner] {
		text := s.source(w)
		switch {
		case text == "-I":
			replace, _ = literal(args[i+1])
		case strings.HasPrefix(text, "-I"):
			replace = text[len("-I"):]
		case strings.HasPrefix(text, "-i"), strings.HasPrefix(text, "--replace"):
			_, replace, _ = strings.Cut(text, "=")
			if replace == "" {
				replace = strings.TrimPrefix(text, "-i")
			}
			if replace == "" || replace == "--replace" {
				replace = "{}"
			}
		}
	}
	if replace == "" { // behind the others
		replace = "{}"
		command = append(command, &syntax.Word{Parts: []syntax.WordPart{&syntax.Lit{ValuePos: command[0].Pos(), ValueEnd: command[0].Pos(), Value: replace}}})
	}
	s.give(command, replace, s.fed)
	return s.inspectCall(command)
}

// give replaces the words that hold some text, which a command replaces by what carries an item.
func (s *survey) give(ws []*syntax.Word, text string, at int) {
	for i, w := range ws {
		if has, _ := literal(w); strings.Contains(has, text) {
			ws[i] = &syntax.Word{Parts: []syntax.WordPart{&syntax.ParamExp{Short: true, Dollar: w.Pos(), Param: &syntax.Lit{ValuePos: w.Pos(), ValueEnd: w.End()}}}}
			s.given[ws[i]] = at
		}
	}
}

// inspectCall tells whether a simple command interprets what carries an item.
func (s *survey) inspectCall(args []*syntax.Word) (int, refusal) {
	if len(args) == 0 {
		return none, refusal{}
	}
	if name, _ := literal(args[0]); name == "alias" && len(args) > 1 && len(s.m.markers) > 0 {
		return s.m.markers[0].at, alias
	}
	for _, w := range args { // env PATH=... and the like
		if name, _, ok := strings.Cut(s.source(w), "="); ok && s.interprets(name) {
			if at, why := s.inspectVariable(name, w); at != none {
				return at, why
			}
		}
	}
	if at := s.shellProgram(args); at != none {
		return at, asCode
	}
	name, rest := s.command(args)
	if names, at := s.assigned(name, rest); at != none && slices.ContainsFunc(names, s.interprets) {
		return at, typedVar
	}
	if f, rest := s.function(args); f != nil { // whatever else goes by that name
		if at, why := s.inspectForwarding(f, rest); at != none {
			return at, why
		}
	}
	defer func(fed int) { s.fed = fed }(s.fed)
	for i, name := range s.commands(args) {
		if name == "" {
			return s.inspectUnknown(args[i:])
		}
		if name == "coproc" {
			s.fed = s.any()
		}
		if at, why := s.interpretedBy(name, args[i+1:]); at != none {
			return at, why
		}
	}
	return none, refusal{}
}

// interpretedBy is the carrier that a command of this name interprets.
func (s *survey) interpretedBy(name string, args []*syntax.Word) (int, refusal) {
	if s.fed != none && s.readsProgram(name, args) {
		return s.fed, asProgram
	}
	if s.program != nil && s.readsProgram(name, args) {
		if at, why := s.within(s.program, shells["sh"], s.first(args, false), !remoteShells[name]); at != none {
			return at, why
		}
	}
	if isShell(name) {
		return s.inspectShell(name, args)
	}
	if interprets := sinks[name]; interprets != nil {
		return interprets(s, name, args)
	}
	return none, refusal{}
}

// function is the function of the template that a simple command calls, and its arguments; nil
// for none. A function goes before a command of its name, wrappers included.
func (s *survey) function(args []*syntax.Word) (*syntax.FuncDecl, []*syntax.Word) {
	if len(args) > 0 {
		if name, ok := s.fixedText(args[0]); ok && s.funcs[name] != nil {
			return s.funcs[name], args[1:]
		}
	}
	name, rest := s.command(args)
	return s.funcs[name], rest
}

// inspectUnknown is for a command whose name is not fixed.
func (s *survey) inspectUnknown(args []*syntax.Word) (int, refusal) {
	if len(args) == 0 {
		return none, refusal{}
	}
	simple := simpleExpansion(args[0])
	if s.scope != "" && (simple == "@" || simple == "*") {
		return none, refusal{} // a function that runs its arguments: see inspectForwarding
	}
	if at := s.carrier(args[0], true); at != none {
		return at, commandWord
	}
	carried := s.first(args[1:], true)
	values := s.valuesOf(args[0])
	if q, ok := args[0].Parts[0].(*syntax.SglQuoted); ok && q.Dollar {
		values = []string{"eval"} // an escaped name: the worst that it can be
	}
	if _, fixed := literal(args[0]); fixed {
		values = nil // a pattern
	}
	for _, value := range values {
		if at, why := s.inspectCall(append(fields(value, args[0]), args[1:]...)); at != none {
			return at, why
		}
	}
	if carried == none {
		return none, refusal{}
	}
	if isPattern(args[0]) {
		return carried, commandPattern
	}
	if canVanish(args[0]) {
		if at, why := s.inspectCall(args[1:]); at != none {
			if why == commandWord {
				why = vanishing
			}
			return at, why
		}
	}
	return none, refusal{}
}

// fields are the words of text that stands in the place of w.
func fields(text string, w *syntax.Word) (ws []*syntax.Word) {
	for field := range strings.FieldsSeq(text) {
		ws = append(ws, &syntax.Word{Parts: []syntax.WordPart{&syntax.Lit{ValuePos: w.Pos(), ValueEnd: w.End(), Value: field}}})
	}
	return ws
}

// inspectSplit is for env -S.
func (s *survey) inspectSplit(_ string, args []*syntax.Word) (int, refusal) {
	for i, w := range args {
		option, _ := literal(w)
		switch {
		case option == "-S" || option == "--split-string":
			if i+1 < len(args) {
				text, _ := literal(args[i+1])
				return s.inspectCall(append(fields(text, args[i+1]), args[i+2:]...))
			}
		case strings.HasPrefix(option, "-S"):
			return s.inspectCall(append(fields(option[len("-S"):], w), args[i+1:]...))
		case strings.HasPrefix(option, "--split-string="):
			return s.inspectCall(append(fields(option[len("--split-string="):], w), args[i+1:]...))
		}
	}
	return none, refusal{}
}

// runByGit are the settings of git that are commands.
var runByGit = regexp.MustCompile(`(?i)^[-"']*(alias|pager|filter|.*(pager|editor|command|cmd|askpass|textconv|driver|helper|program|hookspath|fsmonitor|proxy))`)

// inspectGit is for git -c NAME=VALUE, before the name of the command.
func (s *survey) inspectGit(_ string, args []*syntax.Word) (int, refusal) {
	for i, w := range args {
		text := s.source(w)
		if !strings.HasPrefix(text, "-") && (i == 0 || !strings.HasPrefix(s.source(args[i-1]), "-")) {
			break
		}
		if text != "-c" || i+1 == len(args) {
			continue
		}
		at := s.carrier(args[i+1], true)
		name, _, _ := strings.Cut(s.source(args[i+1]), "=")
		if at != none && (at < int(args[i+1].Pos().Offset())+len(name) || runByGit.MatchString(name)) {
			return at, asCode
		}
	}
	return none, refusal{}
}

// isPattern reports whether a word is matched against the names of files, or stands for several.
func isPattern(w *syntax.Word) bool {
	for _, part := range w.Parts {
		lit, ok := part.(*syntax.Lit)
		if !ok {
			continue
		}
		brackets := len(lit.Value) > len("[[") && strings.Contains(lit.Value, "[")
		braces := strings.Contains(lit.Value, "{") && (strings.Contains(lit.Value, ",") || strings.Contains(lit.Value, ".."))
		if brackets || braces || strings.ContainsAny(lit.Value, "*?") {
			return true
		}
	}
	return false
}

// canVanish reports whether a word can expand to no word at all, so that the next one takes its
// place.
func canVanish(w *syntax.Word) bool {
	for _, part := range w.Parts {
		switch p := part.(type) {
		case *syntax.ParamExp:
			if p.Exp == nil {
				continue
			}
			switch p.Exp.Op {
			case syntax.ErrorUnsetOrNull:
				return false
			case syntax.DefaultUnsetOrNull:
				if p.Exp.Word == nil {
					continue
				}
				if text, ok := literal(p.Exp.Word); ok && text != "" {
					return false
				}
			}
		case *syntax.CmdSubst:
		default:
			return false
		}
	}
	return true
}

// simpleExpansion is the name in a word that is "$name" or $name.
func simpleExpansion(w *syntax.Word) string {
	parts := w.Parts
	if q, ok := parts[0].(*syntax.DblQuoted); ok && len(parts) == 1 {
		parts = q.Parts
	}
	if len(parts) != 1 {
		return ""
	}
	if p, ok := parts[0].(*syntax.ParamExp); ok && p.Param != nil {
		return p.Param.Value
	}
	return ""
}

// inspectForwarding is for a call of a function of the template. One that runs its arguments as
// a command is a wrapper.
func (s *survey) inspectForwarding(f *syntax.FuncDecl, args []*syntax.Word) (int, refusal) {
	forwards, shifts := false, calls(f, "shift")
	for n := range syntax.Preorder(f) {
		if c, ok := n.(*syntax.CallExpr); ok && len(c.Args) > 0 {
			for _, w := range c.Args {
				e := simpleExpansion(w)
				shifts = shifts || (e == "@" || e == "*") && isSlice(w)
				forwards = forwards || (e == "@" || e == "*") && (w == c.Args[0] || wraps(c.Args[0]))
			}
		}
	}
	if !forwards {
		return none, refusal{}
	}
	if !shifts {
		return s.inspectCall(args)
	}
	for i := range args {
		if _, ok := s.fixedText(args[i]); ok {
			if at, why := s.inspectCall(args[i:]); at != none {
				return at, why
			}
		}
	}
	return none, refusal{}
}

// isSlice reports whether a word leaves the first of several values out.
func isSlice(w *syntax.Word) bool {
	for n := range syntax.Preorder(w) {
		if p, ok := n.(*syntax.ParamExp); ok && p.Slice != nil {
			return true
		}
	}
	return false
}

func wraps(w *syntax.Word) bool {
	name, _ := literal(w)
	_, ok := wrappers[commandName(name)]
	return ok
}

// shellProgram is the carrier in what a shell is told to run with -c, wherever among the words of
// a command the shell is named: behind sudo, env, find -exec, docker exec.
func (s *survey) shellProgram(args []*syntax.Word) int {
	texts := s.texts(args)
	for i, text := range texts {
		if i > 0 && (strings.HasPrefix(text, "-S") || strings.HasPrefix(text, "--split-string")) && commandName(texts[0]) == "env" {
			if at := s.first(args[i:min(i+2, len(args))], true); at != none {
				return at
			}
		}
		if !isShell(text) || strings.Contains(text, s.m.prefix) {
			continue
		}
		if at := s.scriptCarrier(args[i+1:]); at != none {
			return at
		}
	}
	return none
}

// scriptCarrier is the carrier in the program text among the arguments of a shell. A word that
// can vanish, or turn out to be an option, leaves its place to the next.
func (s *survey) scriptCarrier(args []*syntax.Word) int {
	command, options := false, true
	for i := 0; i < len(args); i++ {
		text, fixed := s.fixedText(args[i])
		switch {
		case !fixed:
			at := s.carrier(args[i], true)
			if command && at != none {
				return at
			}
			if at != none || command && !canVanish(args[i]) && !(options && s.startsFree(args[i])) {
				return none // it names a script, or is the text
			}
		case options && (text == "-" || text == "--"):
			options = false
		case options && len(text) > 1 && (text[0] == '-' || text[0] == '+'):
			command = command || !strings.HasPrefix(text, "--") && strings.Contains(text, "c")
			if takesName(text) {
				i++
			}
		default:
			return none
		}
	}
	return none
}

// programReaders run what they read, unless they are given something else to run.
var programReaders = words("at batch ed ex su script")

// readsProgram reports whether a command is, or starts, a shell that is given no program but its
// standard input.
func (s *survey) readsProgram(name string, args []*syntax.Word) bool {
	texts := s.texts(args)
	switch {
	case name == "parallel" || name == "sem":
		return !slices.ContainsFunc(texts, func(t string) bool { return !strings.HasPrefix(t, "-") })
	case name == "su" || name == "script":
		return !slices.Contains(texts, "-c")
	case programReaders[name]:
		return true
	case remoteShells[name]:
		rest := s.remoteCommand(args)
		if len(rest) == 0 {
			return true
		}
		name, args = s.command(rest)
		texts = s.texts(args)
	}
	if !isShell(name) {
		return false
	}
	if n := scriptArgument(texts); n >= 0 {
		_, fixed := literal(args[n])
		return !fixed
	}
	call := parseShellCall(texts)
	if call.stdin || call.operands == len(args) || canVanish(args[call.operands]) {
		return true
	}
	file := texts[call.operands]
	return strings.HasPrefix(file, "/dev/") || strings.HasPrefix(file, "/proc/")
}

// inspectShell looks at what a shell does with its arguments: a script that is written out is
// followed, with the item in its positional parameters. Without one, an item that names a
// script is one thing, but with another behind it, it could be -c.
func (s *survey) inspectShell(name string, args []*syntax.Word) (int, refusal) {
	n := scriptArgument(s.texts(args))
	if n >= 0 {
		return s.within(args[n], shells[shellName(name)], s.first(args[n+1:], false), true)
	}
	for _, w := range args {
		if _, ok := w.Parts[0].(*syntax.ProcSubst); ok {
			return s.carrier(w, false), asProgram
		}
	}
	if len(args) > 1 && s.carrier(args[0], false) != none {
		return s.first(args[1:], false), asCode
	}
	return none, refusal{}
}

// texts are the words as the shell will have them, or as written where that depends.
func (s *survey) texts(args []*syntax.Word) []string {
	texts := make([]string, len(args))
	for i, w := range args {
		text, ok := literal(w)
		if !ok {
			text = s.source(w)
		}
		texts[i] = text
	}
	return texts
}

func (s *survey) inspectDeclarer(name string, args []*syntax.Word) (int, refusal) {
	typing := name == "integer" || name == "float" || name == "nameref"
	for _, w := range args {
		text := s.source(w)
		typing = typing || strings.HasPrefix(text, "-") && strings.ContainsAny(text, "inEF")
		at := s.carrier(w, false)
		if at == none {
			continue
		}
		v, _, assigns := strings.Cut(text, "=")
		if !assigns || !syntax.ValidName(v) || int(w.Pos().Offset())+len(v) > at {
			return at, asName
		}
		if typing {
			return at, typedVar
		}
	}
	return none, refusal{}
}

var (
	numericOperators = words("-eq -ne -lt -le -gt -ge")
	namingOperators  = words("-v -R -t -o")
)

// inspectTest is for the operands of [, and of [[ where the dialect takes it as a command.
func (s *survey) inspectTest(_ string, args []*syntax.Word) (int, refusal) {
	carriers, numbers := make([]int, len(args)), make([]int, len(args))
	for i, w := range args {
		carriers[i], numbers[i] = s.carrier(w, false), s.arithmetic(w)
	}
	for i, w := range args {
		op, _ := literal(w)
		switch {
		case numericOperators[op] && !s.m.evaluates:
		case numericOperators[op]:
			if i > 0 && numbers[i-1] != none {
				return numbers[i-1], numeric
			}
			if i+1 < len(args) && numbers[i+1] != none {
				return numbers[i+1], numeric
			}
		case op == "-v" && i+1 < len(args) && s.subscripted(s.source(args[i+1])):
			return int(args[i+1].Pos().Offset()), testedName
		case namingOperators[op] && i+1 < len(args) && carriers[i+1] != none:
			return carriers[i+1], testedName
		case carriers[i] != none && i+1 < len(args) && carriers[i+1] != none && s.startsFree(w):
			return carriers[i+1], testOperator
		}
	}
	return none, refusal{}
}

// startsFree reports whether a word begins with something that is not literal text, so that its
// value could be an operator.
func (s *survey) startsFree(w *syntax.Word) bool {
	text := strings.TrimLeft(s.source(w), `"'`)
	return strings.HasPrefix(text, "$") || strings.HasPrefix(text, "`") || strings.HasPrefix(text, s.m.prefix)
}

func (s *survey) inspectPrint(_ string, args []*syntax.Word) (int, refusal) {
	for i, w := range args {
		text, fixed := s.fixedText(w)
		switch {
		case !fixed:
			if at := s.carrier(w, false); at != none && s.startsFree(w) {
				return at, option
			}
			if at, why := s.inspectFormat("", args[i+1:]); at != none || !canVanish(w) {
				return at, why
			}
		case text == "--" || text == "-":
			return s.inspectFormat("%d", args[i+1:])
		case !strings.HasPrefix(text, "-"):
			return s.inspectFormat(text, args[i+1:])
		case strings.Contains(text, "f"):
			return s.inspectFormat("%d", args[i+1:])
		case strings.ContainsAny(text, "vAPzsS"):
			if i+1 < len(args) && strings.HasSuffix(text, "v") {
				if at, why := takesAll(asName)(s, "", args[i+1:i+2]); at != none {
					return at, why
				}
			}
			if strings.ContainsAny(text, "APzS") {
				return s.first(args, false), asCode
			}
		}
	}
	return none, refusal{}
}

// textFormat is what a format may hold for zsh to take its arguments as text: its other
// conversions evaluate them as arithmetic.
var textFormat = regexp.MustCompile(`^([^%]|%%|%-?[0-9]*(\.[0-9]+)?[sbcq])*$`)

func (s *survey) inspectFormat(format string, args []*syntax.Word) (int, refusal) {
	if s.lang != syntax.LangZsh || format != "" && textFormat.MatchString(format) {
		return none, refusal{}
	}
	for _, w := range args {
		if at := s.arithmetic(w); at != none {
			return at, inArithmetic
		}
	}
	return none, refusal{}
}

func (s *survey) inspectSet(_ string, args []*syntax.Word) (int, refusal) {
	for _, w := range args {
		if text, ok := s.fixedText(w); ok && (text == "--" || text == "-") {
			return none, refusal{}
		}
		if at := s.carrier(w, false); at != none {
			return at, setter
		}
	}
	return none, refusal{}
}

// inspectRemote is for ssh: the destination may be an item, what runs there may not.
func (s *survey) inspectRemote(_ string, args []*syntax.Word) (int, refusal) {
	command := s.remoteCommand(args)
	for i, w := range args[:len(args)-len(command)] {
		text := s.source(w)
		if strings.HasPrefix(text, "-") && strings.Contains(text, "o") {
			if at := s.first(args[i:min(i+2, len(args))], true); at != none {
				return at, asCode // ProxyCommand
			}
		}
	}
	if at := s.first(command, true); at != none {
		return at, remote
	}
	for _, w := range command {
		if at, why := s.within(w, shells["sh"], none, false); at != none {
			return at, why
		}
	}
	return none, refusal{}
}

// remoteCommand is what stands behind the destination.
func (s *survey) remoteCommand(args []*syntax.Word) []*syntax.Word {
	const withValue = "BbcDEeFIiJKLlmOopPQRSWw"
	for i := 0; i < len(args); i++ {
		text := s.source(args[i])
		switch {
		case text == "--":
		case !strings.HasPrefix(text, "-"):
			return args[i+1:]
		case len(text) == 2 && strings.Contains(withValue, text[1:]):
			i++
		}
	}
	return nil
}

func (s *survey) inspectFind(_ string, args []*syntax.Word) (int, refusal) {
	for i, w := range args {
		switch text, _ := literal(w); text {
		case "-exec", "-execdir", "-ok", "-okdir", "-x", "-X", "--exec", "--exec-batch":
			command := slices.Clone(args[i+1:])
			if at := s.first(args[:i], false); at != none {
				s.give(command, "{}", at) // names that begin with the item
			}
			if at, why := s.inspectCall(command); at != none {
				return at, why
			}
		}
	}
	return none, refusal{}
}
