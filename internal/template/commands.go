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
func (a *analysis) commands(args []*syntax.Word) iter.Seq2[int, string] {
	return unwrap(a.sources(args), func(i int) string {
		text, _ := a.constantText(args[i])
		return commandName(text)
	})
}

// command is the command within all wrappers. name is "" where it is not fixed.
func (a *analysis) command(args []*syntax.Word) (name string, rest []*syntax.Word) {
	for i, inner := range a.commands(args) {
		if name = inner; name == "" {
			return "", args[i:]
		}
		rest = args[i+1:]
	}
	return name, rest
}

// constantText is the value of a word that holds no marker.
func (a *analysis) constantText(w *syntax.Word) (string, bool) {
	text, ok := literal(w)
	if !ok || isPattern(w) || strings.Contains(text, a.m.prefix) {
		return "", false
	}
	return text, true
}

// sources are words as they were written.
func (a *analysis) sources(args []*syntax.Word) []string {
	texts := make([]string, len(args))
	for i, w := range args {
		texts[i] = a.source(w)
	}
	return texts
}

// inspectText is for commands that join their arguments and run them.
func (a *analysis) inspectText(name string, args []*syntax.Word) *finding {
	if at := a.firstTaint(args, asCode); at != none {
		return found(at, isCode)
	}
	langs := shells["sh"]
	if name == "eval" || name == "trap" {
		langs = []syntax.LangVariant{a.lang}
	}
	for _, w := range args {
		if f := a.inspectScript(w, langs, none, true); f != nil {
			return f
		}
	}
	return nil
}

func (a *analysis) inspectNumber(_ string, args []*syntax.Word) *finding {
	if !a.m.evaluates {
		return nil
	}
	for _, w := range args {
		if at := a.taint(w, asNumber); at != none {
			return found(at, isName)
		}
	}
	return found(a.firstTaint(args, asCode), isName)
}

// inspectSourced is for a file that the shell reads commands from.
func (a *analysis) inspectSourced(_ string, args []*syntax.Word) *finding {
	if at := a.firstTaint(args, asCode); at != none {
		return found(at, isCode)
	}
	if len(args) == 0 || !strings.HasPrefix(a.source(args[0]), "/dev/") {
		return nil
	}
	if a.stdin == none && a.stdinText != nil {
		return a.inspectScript(a.stdinText, []syntax.LangVariant{a.lang}, a.firstTaint(args[1:], asText), true)
	}
	return found(a.stdin, isProgram)
}

// inspectXargs is for xargs, which makes arguments of what it reads.
func (a *analysis) inspectXargs(_ string, args []*syntax.Word) *finding {
	if a.stdin == none {
		return nil
	}
	inner := wrappers["xargs"].skip(a.sources(args), "xargs")
	if inner < 0 {
		return nil
	}
	command := slices.Clone(args[inner:])
	replace := ""
	for i, w := range args[:inner] {
		text := a.source(w)
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
	a.inject(command, replace, a.stdin)
	return a.inspectCall(command)
}

// inject replaces the words that hold some text, which a command replaces by what carries an item.
func (a *analysis) inject(ws []*syntax.Word, text string, at int) {
	for i, w := range ws {
		if has, _ := literal(w); strings.Contains(has, text) {
			ws[i] = &syntax.Word{Parts: []syntax.WordPart{&syntax.ParamExp{Short: true, Dollar: w.Pos(), Param: &syntax.Lit{ValuePos: w.Pos(), ValueEnd: w.End()}}}}
			a.injected[ws[i]] = at
		}
	}
}

// inspectCall tells whether a simple command interprets what carries an item.
func (a *analysis) inspectCall(args []*syntax.Word) *finding {
	if len(args) == 0 {
		return nil
	}
	if name, _ := literal(args[0]); name == "alias" && len(args) > 1 && len(a.m.markers) > 0 {
		return found(a.m.markers[0].at, alias)
	}
	for _, w := range args { // env PATH=... and the like
		if name, _, ok := strings.Cut(a.source(w), "="); ok && a.interprets(name) {
			if f := a.inspectVariable(name, w); f != nil {
				return f
			}
		}
	}
	if at := a.shellProgram(args); at != none {
		return found(at, isCode)
	}
	name, rest := a.command(args)
	if names, at := a.assignedBy(name, rest); at != none && slices.ContainsFunc(names, a.interprets) {
		return found(at, typedVar)
	}
	if f, rest := a.function(args); f != nil { // whatever else goes by that name
		if f := a.inspectForwarding(f, rest); f != nil {
			return f
		}
	}
	defer func(fed int) { a.stdin = fed }(a.stdin)
	for i, name := range a.commands(args) {
		if name == "" {
			return a.inspectUnknown(args[i:])
		}
		if name == "coproc" {
			a.stdin = a.anyPlaceholder()
		}
		if f := a.inspectCommand(name, args[i+1:]); f != nil {
			return f
		}
	}
	return nil
}

// inspectCommand is the carrier that a command of this name interprets.
func (a *analysis) inspectCommand(name string, args []*syntax.Word) *finding {
	if a.stdin != none && a.readsProgram(name, args) {
		return found(a.stdin, isProgram)
	}
	if a.stdinText != nil && a.readsProgram(name, args) {
		if f := a.inspectScript(a.stdinText, shells["sh"], a.firstTaint(args, asText), !remoteShells[name]); f != nil {
			return f
		}
	}
	if isShell(name) {
		return a.inspectShell(name, args)
	}
	if interprets := sinks[name]; interprets != nil {
		return interprets(a, name, args)
	}
	return nil
}

// function is the function of the template that a simple command calls, and its arguments; nil
// for none. A function goes before a command of its name, wrappers included.
func (a *analysis) function(args []*syntax.Word) (*syntax.FuncDecl, []*syntax.Word) {
	if len(args) > 0 {
		if name, ok := a.constantText(args[0]); ok && a.funcs[name] != nil {
			return a.funcs[name], args[1:]
		}
	}
	name, rest := a.command(args)
	return a.funcs[name], rest
}

// inspectUnknown is for a command whose name is not fixed.
func (a *analysis) inspectUnknown(args []*syntax.Word) *finding {
	if len(args) == 0 {
		return nil
	}
	simple := simpleExpansion(args[0])
	if a.inFunction != "" && (simple == "@" || simple == "*") {
		return nil // a function that runs its arguments: see inspectForwarding
	}
	if at := a.taint(args[0], asCode); at != none {
		return found(at, commandWord)
	}
	carried := a.firstTaint(args[1:], asCode)
	values := a.constantsOf(args[0])
	if q, ok := args[0].Parts[0].(*syntax.SglQuoted); ok && q.Dollar {
		values = []string{"eval"} // an escaped name: the worst that it can be
	}
	if _, fixed := literal(args[0]); fixed {
		values = nil // a pattern
	}
	for _, value := range values {
		if f := a.inspectCall(append(fields(value, args[0]), args[1:]...)); f != nil {
			return f
		}
	}
	if carried == none {
		return nil
	}
	if isPattern(args[0]) {
		return found(carried, commandPattern)
	}
	if canVanish(args[0]) {
		f := a.inspectCall(args[1:])
		if f != nil && f.why == commandWord {
			f.why = vanishing
		}
		return f
	}
	return nil
}

// fields are the words of text that stands in the place of w.
func fields(text string, w *syntax.Word) (ws []*syntax.Word) {
	for field := range strings.FieldsSeq(text) {
		ws = append(ws, &syntax.Word{Parts: []syntax.WordPart{&syntax.Lit{ValuePos: w.Pos(), ValueEnd: w.End(), Value: field}}})
	}
	return ws
}

// inspectSplit is for env -S.
func (a *analysis) inspectSplit(_ string, args []*syntax.Word) *finding {
	for i, w := range args {
		option, _ := literal(w)
		switch {
		case option == "-S" || option == "--split-string":
			if i+1 < len(args) {
				text, _ := literal(args[i+1])
				return a.inspectCall(append(fields(text, args[i+1]), args[i+2:]...))
			}
		case strings.HasPrefix(option, "-S"):
			return a.inspectCall(append(fields(option[len("-S"):], w), args[i+1:]...))
		case strings.HasPrefix(option, "--split-string="):
			return a.inspectCall(append(fields(option[len("--split-string="):], w), args[i+1:]...))
		}
	}
	return nil
}

// runByGit are the settings of git that are commands.
var runByGit = regexp.MustCompile(`(?i)^[-"']*(alias|pager|filter|.*(pager|editor|command|cmd|askpass|textconv|driver|helper|program|hookspath|fsmonitor|proxy))`)

// inspectGit is for git -c NAME=VALUE, before the name of the command.
func (a *analysis) inspectGit(_ string, args []*syntax.Word) *finding {
	for i, w := range args {
		text := a.source(w)
		if !strings.HasPrefix(text, "-") && (i == 0 || !strings.HasPrefix(a.source(args[i-1]), "-")) {
			break
		}
		if text != "-c" || i+1 == len(args) {
			continue
		}
		at := a.taint(args[i+1], asCode)
		name, _, _ := strings.Cut(a.source(args[i+1]), "=")
		if at != none && (at < int(args[i+1].Pos().Offset())+len(name) || runByGit.MatchString(name)) {
			return found(at, isCode)
		}
	}
	return nil
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
func (a *analysis) inspectForwarding(f *syntax.FuncDecl, args []*syntax.Word) *finding {
	forwards, shifts := false, calls(f, "shift")
	for n := range syntax.Preorder(f) {
		if c, ok := n.(*syntax.CallExpr); ok && len(c.Args) > 0 {
			for _, w := range c.Args {
				e := simpleExpansion(w)
				shifts = shifts || (e == "@" || e == "*") && isSlice(w)
				forwards = forwards || (e == "@" || e == "*") && (w == c.Args[0] || isWrapper(c.Args[0]))
			}
		}
	}
	if !forwards {
		return nil
	}
	if !shifts {
		return a.inspectCall(args)
	}
	for i := range args {
		if _, ok := a.constantText(args[i]); ok {
			if f := a.inspectCall(args[i:]); f != nil {
				return f
			}
		}
	}
	return nil
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

func isWrapper(w *syntax.Word) bool {
	name, _ := literal(w)
	_, ok := wrappers[commandName(name)]
	return ok
}

// shellProgram is the carrier in what a shell is told to run with -c, wherever among the words of
// a command the shell is named: behind sudo, env, find -exec, docker exec.
func (a *analysis) shellProgram(args []*syntax.Word) int {
	texts := a.texts(args)
	for i, text := range texts {
		if i > 0 && (strings.HasPrefix(text, "-S") || strings.HasPrefix(text, "--split-string")) && commandName(texts[0]) == "env" {
			if at := a.firstTaint(args[i:min(i+2, len(args))], asCode); at != none {
				return at
			}
		}
		if !isShell(text) || strings.Contains(text, a.m.prefix) {
			continue
		}
		if at := a.scriptCarrier(args[i+1:]); at != none {
			return at
		}
	}
	return none
}

// scriptCarrier is the carrier in the program text among the arguments of a shell. A word that
// can vanish, or turn out to be an option, leaves its place to the next.
func (a *analysis) scriptCarrier(args []*syntax.Word) int {
	command, options := false, true
	for i := 0; i < len(args); i++ {
		text, fixed := a.constantText(args[i])
		switch {
		case !fixed:
			at := a.taint(args[i], asCode)
			if command && at != none {
				return at
			}
			if at != none || command && !canVanish(args[i]) && !(options && a.startsFree(args[i])) {
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
var programReaders = setOf("at batch ed ex su script")

// readsProgram reports whether a command is, or starts, a shell that is given no program but its
// standard input.
func (a *analysis) readsProgram(name string, args []*syntax.Word) bool {
	texts := a.texts(args)
	switch {
	case name == "parallel" || name == "sem":
		return !slices.ContainsFunc(texts, func(t string) bool { return !strings.HasPrefix(t, "-") })
	case name == "su" || name == "script":
		return !slices.Contains(texts, "-c")
	case programReaders[name]:
		return true
	case remoteShells[name]:
		rest := a.remoteCommand(args)
		if len(rest) == 0 {
			return true
		}
		name, args = a.command(rest)
		texts = a.texts(args)
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
func (a *analysis) inspectShell(name string, args []*syntax.Word) *finding {
	n := scriptArgument(a.texts(args))
	if n >= 0 {
		return a.inspectScript(args[n], shells[shellName(name)], a.firstTaint(args[n+1:], asText), true)
	}
	for _, w := range args {
		if _, ok := w.Parts[0].(*syntax.ProcSubst); ok {
			return found(a.taint(w, asText), isProgram)
		}
	}
	if len(args) > 1 && a.taint(args[0], asText) != none {
		return found(a.firstTaint(args[1:], asText), isCode)
	}
	return nil
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

func (a *analysis) inspectDeclarer(name string, args []*syntax.Word) *finding {
	typing := name == "integer" || name == "float" || name == "nameref"
	for _, w := range args {
		text := a.source(w)
		typing = typing || strings.HasPrefix(text, "-") && strings.ContainsAny(text, "inEF")
		at := a.taint(w, asText)
		if at == none {
			continue
		}
		v, _, assigns := strings.Cut(text, "=")
		if !assigns || !syntax.ValidName(v) || int(w.Pos().Offset())+len(v) > at {
			return found(at, isName)
		}
		if typing {
			return found(at, typedVar)
		}
	}
	return nil
}

var (
	numericOperators = setOf("-eq -ne -lt -le -gt -ge")
	namingOperators  = setOf("-v -R -t -o")
)

// inspectTest is for the operands of [, and of [[ where the dialect takes it as a command.
func (a *analysis) inspectTest(_ string, args []*syntax.Word) *finding {
	carriers, numbers := make([]int, len(args)), make([]int, len(args))
	for i, w := range args {
		carriers[i], numbers[i] = a.taint(w, asText), a.taint(w, asNumber)
	}
	for i, w := range args {
		op, _ := literal(w)
		switch {
		case numericOperators[op] && !a.m.evaluates:
		case numericOperators[op]:
			if i > 0 && numbers[i-1] != none {
				return found(numbers[i-1], numeric)
			}
			if i+1 < len(args) && numbers[i+1] != none {
				return found(numbers[i+1], numeric)
			}
		case op == "-v" && i+1 < len(args) && a.subscripted(a.source(args[i+1])):
			return found(int(args[i+1].Pos().Offset()), testedName)
		case namingOperators[op] && i+1 < len(args) && carriers[i+1] != none:
			return found(carriers[i+1], testedName)
		case carriers[i] != none && i+1 < len(args) && carriers[i+1] != none && a.startsFree(w):
			return found(carriers[i+1], testOperator)
		}
	}
	return nil
}

// startsFree reports whether a word begins with something that is not literal text, so that its
// value could be an operator.
func (a *analysis) startsFree(w *syntax.Word) bool {
	text := strings.TrimLeft(a.source(w), `"'`)
	return strings.HasPrefix(text, "$") || strings.HasPrefix(text, "`") || strings.HasPrefix(text, a.m.prefix)
}

func (a *analysis) inspectPrint(_ string, args []*syntax.Word) *finding {
	for i, w := range args {
		text, fixed := a.constantText(w)
		switch {
		case !fixed:
			if at := a.taint(w, asText); at != none && a.startsFree(w) {
				return found(at, option)
			}
			if f := a.inspectFormat("", args[i+1:]); f != nil || !canVanish(w) {
				return f
			}
		case text == "--" || text == "-":
			return a.inspectFormat("%d", args[i+1:])
		case !strings.HasPrefix(text, "-"):
			return a.inspectFormat(text, args[i+1:])
		case strings.Contains(text, "f"):
			return a.inspectFormat("%d", args[i+1:])
		case strings.ContainsAny(text, "vAPzsS"):
			if i+1 < len(args) && strings.HasSuffix(text, "v") {
				if f := takesAll(isName)(a, "", args[i+1:i+2]); f != nil {
					return f
				}
			}
			if strings.ContainsAny(text, "APzS") {
				return found(a.firstTaint(args, asText), isCode)
			}
		}
	}
	return nil
}

// textFormat is what a format may hold for zsh to take its arguments as text: its other
// conversions evaluate them as arithmetic.
var textFormat = regexp.MustCompile(`^([^%]|%%|%-?[0-9]*(\.[0-9]+)?[sbcq])*$`)

func (a *analysis) inspectFormat(format string, args []*syntax.Word) *finding {
	if a.lang != syntax.LangZsh || format != "" && textFormat.MatchString(format) {
		return nil
	}
	for _, w := range args {
		if at := a.taint(w, asNumber); at != none {
			return found(at, inArithmetic)
		}
	}
	return nil
}

func (a *analysis) inspectSet(_ string, args []*syntax.Word) *finding {
	for _, w := range args {
		if text, ok := a.constantText(w); ok && (text == "--" || text == "-") {
			return nil
		}
		if at := a.taint(w, asText); at != none {
			return found(at, setter)
		}
	}
	return nil
}

// inspectRemote is for ssh: the destination may be an item, what runs there may not.
func (a *analysis) inspectRemote(_ string, args []*syntax.Word) *finding {
	command := a.remoteCommand(args)
	for i, w := range args[:len(args)-len(command)] {
		text := a.source(w)
		if strings.HasPrefix(text, "-") && strings.Contains(text, "o") {
			if at := a.firstTaint(args[i:min(i+2, len(args))], asCode); at != none {
				return found(at, isCode) // ProxyCommand
			}
		}
	}
	if at := a.firstTaint(command, asCode); at != none {
		return found(at, remote)
	}
	for _, w := range command {
		if f := a.inspectScript(w, shells["sh"], none, false); f != nil {
			return f
		}
	}
	return nil
}

// remoteCommand is what stands behind the destination.
func (a *analysis) remoteCommand(args []*syntax.Word) []*syntax.Word {
	const withValue = "BbcDEeFIiJKLlmOopPQRSWw"
	for i := 0; i < len(args); i++ {
		text := a.source(args[i])
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

func (a *analysis) inspectFind(_ string, args []*syntax.Word) *finding {
	for i, w := range args {
		switch text, _ := literal(w); text {
		case "-exec", "-execdir", "-ok", "-okdir", "-x", "-X", "--exec", "--exec-batch":
			command := slices.Clone(args[i+1:])
			if at := a.firstTaint(args[:i], asText); at != none {
				a.inject(command, "{}", at) // names that begin with the item
			}
			if f := a.inspectCall(command); f != nil {
				return f
			}
		}
	}
	return nil
}
