package template

import (
	"errors"
	"path"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/mostlylucid/eph/internal/fail"
)

// wrapper is a command that runs the command in its arguments.
type wrapper struct {
	valued   string // options whose value is the next word
	operands int    // words before the command
}

var wrappers = map[string]wrapper{
	"-": {}, "builtin": {}, "busybox": {}, "chronic": {}, "command": {}, "eatmydata": {}, "nocorrect": {},
	"noglob": {}, "nohup": {}, "setsid": {}, "toybox": {}, "unbuffer": {},
	"chroot":   {operands: 1},
	"chrt":     {operands: 1, valued: "-T -P -D"},
	"doas":     {valued: "-u -C"},
	"env":      {valued: "-u --unset -C --chdir"},
	"exec":     {valued: "-a"},
	"faketime": {operands: 1},
	"flock":    {operands: 1, valued: "-w -E"},
	"gtimeout": {operands: 1, valued: "-k -s --kill-after --signal"},
	"ionice":   {valued: "-c -n --class --classdata"},
	"nice":     {valued: "-n --adjustment"},
	"stdbuf":   {valued: "-i -o -e"},
	"strace":   {valued: "-o -e -s -a -P"},
	"sudo":     {valued: "-u -g -h -p -C -r -t -T -U -D -R --user --group --host --prompt --chdir"},
	"taskset":  {operands: 1},
	"time":     {valued: "-f -o --format --output"},
	"timeout":  {operands: 1, valued: "-k -s --kill-after --signal"},
	"xargs":    {valued: "-I -n -P -L -d -s -a -E --max-args --max-procs --max-lines --delimiter --max-chars --arg-file"},
}

// command takes the wrappers off a simple command. name is "" where it is not fixed.
func (s *survey) command(args []*syntax.Word) (name string, rest []*syntax.Word) {
	for len(args) > 0 {
		text, ok := s.fixedText(args[0])
		if !ok {
			return "", args
		}
		name = commandName(text)
		w, ok := wrappers[name]
		if !ok {
			return name, args[1:]
		}
		inner := w.skip(s.sources(args[1:]), name)
		if inner < 0 {
			return name, args[1:]
		}
		args = args[1+inner:]
	}
	return "", nil
}

// commandName is the name without its directory, but for the "." command.
func commandName(text string) string {
	if text == "." || text == "" {
		return text
	}
	return path.Base(text)
}

// fixedText is the value of a word that holds no marker.
func (s *survey) fixedText(w *syntax.Word) (string, bool) {
	text, ok := literal(w)
	return text, ok && !isPattern(w) && !strings.Contains(text, s.m.prefix)
}

// sources are words as they were written.
func (s *survey) sources(args []*syntax.Word) []string {
	texts := make([]string, len(args))
	for i, w := range args {
		texts[i] = s.m.source[w.Pos().Offset():w.End().Offset()]
	}
	return texts
}

// skip is the index of the command among the arguments of a wrapper of this name, or -1 if there
// is none.
func (w wrapper) skip(args []string, name string) int {
	options := true
	operands := w.operands
	for i := 0; i < len(args); i++ {
		text := args[i]
		before, _, assigns := strings.Cut(text, "=")
		switch {
		case options && text == "--":
			options = false
		case options && len(text) > 1 && text[0] == '-':
			if name == "command" && strings.ContainsAny(text, "vV") {
				return -1
			}
			if slices.Contains(strings.Fields(w.valued), text) {
				i++
			}
		case (name == "env" || name == "sudo") && assigns && syntax.ValidName(before):
		case operands > 0:
			operands--
		default:
			return i
		}
	}
	return -1
}

// declarers declare variables, in a dialect whose grammar does not know them as such.
var declarers = words("export readonly local typeset declare integer float nameref private global array")

// These commands take their arguments as code, as names, or as numbers that they evaluate. Each
// does in at least one of the shells.
var (
	codeRunners = words("eval . source trap history watch parallel sem")
	nameTakers  = words(`let unset read getln mapfile readarray getopts shift exit bye logout return break continue
		ulimit limit unlimit repeat enable bind complete compgen compopt fc autoload zle zmodload zstyle sched vared
		sysread zparseopts emulate setopt unsetopt shopt wait unalias`)
	numberTakers = words("exit return break continue shift") // of nameTakers, those that bash and dash take for digits
)

// evaluatesNumbers reports whether a shell of one of these dialects evaluates what numberTakers get.
func evaluatesNumbers(langs []syntax.LangVariant) bool {
	return slices.Contains(langs, syntax.LangMirBSDKorn) || slices.Contains(langs, syntax.LangZsh)
}

func evaluates(name string) (refusal, bool) {
	switch {
	case codeRunners[name]:
		return asCode, true
	case nameTakers[name]:
		return asName, true
	case name == "alias":
		return alias, true
	}
	return refusal{}, false
}

// inspectCall tells whether a simple command interprets an argument that carries an item.
func (s *survey) inspectCall(args []*syntax.Word) (int, refusal) {
	if len(args) == 0 {
		return none, refusal{}
	}
	if name, _ := literal(args[0]); name == "alias" && len(args) > 1 && len(s.m.markers) > 0 {
		return s.m.markers[0].at, alias
	}
	for _, w := range args { // env PATH=... and the like
		if name, _, ok := strings.Cut(s.m.source[w.Pos().Offset():w.End().Offset()], "="); ok && s.interprets(name) {
			if at, why := s.inspectVariable(name, w); at != none {
				return at, why
			}
		}
	}
	if at := s.shellProgram(args); at != none {
		return at, asCode
	}
	if f, rest := s.function(args); f != nil { // whatever else goes by that name
		if at, why := s.inspectForwarding(f, rest); at != none {
			return at, why
		}
	}
	name, rest := s.command(args)
	if name == "" {
		return s.inspectUnknown(rest)
	}
	if _, ok := wrappers[name]; ok { // without a command, or with a harmless one
		return none, refusal{}
	}
	if numberTakers[name] && !s.m.evaluates {
		return none, refusal{}
	}
	if why, ok := evaluates(name); ok {
		return s.first(rest, true), why
	}
	switch {
	case isShell(name):
		return s.inspectShell(name, rest)
	case declarers[name]:
		return s.inspectDeclarer(name, rest)
	case name == "[" || name == "test" || name == "[[":
		return s.inspectTest(rest)
	case name == "printf" || name == "print":
		return s.inspectPrint(rest)
	case name == "set":
		return s.inspectSet(rest)
	case remoteShells[name]:
		return s.inspectRemote(rest)
	case takesProgram[name]:
		return s.afterOption(rest, "-c"), asCode
	case name == "find" || name == "gfind" || name == "fd":
		return s.inspectFind(rest)
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

// takesProgram run what follows their -c.
var takesProgram = words("su runuser sg script flock")

// inspectUnknown is for a command whose name is not fixed.
func (s *survey) inspectUnknown(args []*syntax.Word) (int, refusal) {
	if len(args) == 0 {
		return none, refusal{}
	}
	simple := simpleExpansion(args[0])
	if len(s.funcs) > 0 && (simple == "@" || simple == "*") {
		return none, refusal{} // a function that runs its arguments: see inspectForwarding
	}
	if at := s.carrier(args[0], true); at != none {
		return at, commandWord
	}
	carried := s.first(args[1:], true)
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
	values := s.fixed[simple]
	if q, ok := args[0].Parts[0].(*syntax.SglQuoted); ok && q.Dollar {
		values = []string{"eval"} // an escaped name: the worst that it can be
	}
	for _, value := range values {
		for _, field := range strings.Fields(value) {
			if why, ok := evaluates(field); ok {
				return carried, why
			}
			if isShell(field) {
				return carried, asCode
			}
		}
	}
	return none, refusal{}
}

// isPattern reports whether a word is matched against the names of files.
func isPattern(w *syntax.Word) bool {
	for _, part := range w.Parts {
		if lit, ok := part.(*syntax.Lit); ok && len(lit.Value) > len("[[") && strings.ContainsAny(lit.Value, "*?[") || ok && strings.ContainsAny(lit.Value, "*?") {
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
	forwards := false
	for n := range syntax.Preorder(f) {
		if c, ok := n.(*syntax.CallExpr); ok && len(c.Args) > 0 {
			for _, w := range c.Args {
				e := simpleExpansion(w)
				forwards = forwards || (e == "@" || e == "*") && (w == c.Args[0] || wraps(c.Args[0]))
			}
		}
	}
	if !forwards {
		return none, refusal{}
	}
	if !calls(f, "shift") {
		return s.inspectCall(args)
	}
	for i := range args {
		if name, ok := s.fixedText(args[i]); ok {
			if why, ok := evaluates(name); ok {
				return s.first(args[i+1:], true), why
			}
		}
	}
	return none, refusal{}
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

// inspectInput is for a shell that reads its program from a here-document or a pipe.
func (s *survey) inspectInput(st *syntax.Stmt) (int, refusal) {
	switch c := st.Cmd.(type) {
	case *syntax.BinaryCmd:
		if (c.Op == syntax.Pipe || c.Op == syntax.PipeAll) && s.readsProgram(c.Y) {
			return s.repeated(c.X), asProgram
		}
	}
	for _, r := range st.Redirs {
		switch {
		case s.readsProgram(st):
			if at := s.repeated(r); at != none {
				return at, asProgram
			}
		case r.Op == syntax.RdrOut && s.anyReadsProgram(r.Word): // > >(sh)
			return s.repeated(st), asProgram
		}
	}
	return none, refusal{}
}

// readsProgram reports whether a statement is, or holds, a shell, here or at the other end of ssh,
// that is given no program but its standard input.
func (s *survey) readsProgram(st *syntax.Stmt) bool {
	c, ok := st.Cmd.(*syntax.CallExpr)
	if !ok {
		return st.Cmd != nil && s.anyReadsProgram(st.Cmd)
	}
	if s.callReadsProgram(c) {
		return true
	}
	return slices.ContainsFunc(c.Args, func(w *syntax.Word) bool { return s.anyReadsProgram(w) })
}

// anyReadsProgram reports whether a simple command within n is such a shell.
func (s *survey) anyReadsProgram(n syntax.Node) (reads bool) {
	syntax.Walk(n, func(n syntax.Node) bool {
		if c, ok := n.(*syntax.CallExpr); ok {
			reads = reads || s.callReadsProgram(c)
		}
		return !reads
	})
	return reads
}

func (s *survey) callReadsProgram(c *syntax.CallExpr) bool {
	if f, _ := s.function(c.Args); f != nil && !s.entered[f] {
		s.entered[f] = true
		defer delete(s.entered, f)
		return s.anyReadsProgram(f.Body)
	}
	name, args := s.command(c.Args)
	switch {
	case name == "." || name == "source":
		return true
	case remoteShells[name]:
		rest := s.remoteCommand(args)
		if len(rest) == 0 {
			return true
		}
		name, args = s.command(rest)
	}
	if !isShell(name) {
		return false
	}
	words := s.texts(args)
	if n := scriptArgument(words); n >= 0 {
		return s.runsReader(args[n])
	}
	for _, text := range words {
		if text == "-s" || text == "/dev/stdin" {
			return true
		}
		if !strings.HasPrefix(text, "-") {
			return false
		}
	}
	return true
}

// runsReader reports whether the script of sh -c could start a shell that reads its program
// from standard input: sh -c sh does.
func (s *survey) runsReader(script *syntax.Word) (reads bool) {
	text, fixed := literal(script)
	if !fixed {
		return true
	}
	file, err := parseShell(text, syntax.LangBash)
	if err != nil {
		return true
	}
	syntax.Walk(file, func(n syntax.Node) bool {
		if st, ok := n.(*syntax.Stmt); ok {
			reads = reads || s.readsProgram(st)
		}
		return !reads
	})
	return reads
}

// inspectShell looks at what a shell does with its arguments: a script that is written out is
// followed, with the item in its positional parameters. Without one, an item that names a
// script is one thing, but with another behind it, it could be -c.
func (s *survey) inspectShell(name string, args []*syntax.Word) (int, refusal) {
	n := scriptArgument(s.texts(args))
	if n >= 0 {
		at := s.first(args[n+1:], false)
		if script, fixed := literal(args[n]); at != none && fixed && !keepsArguments(name, script) {
			return at, byScript
		}
		return none, refusal{}
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

// keepsArguments reports whether a shell of this name takes the arguments of a script as text,
// in every dialect of the name that can read the script.
func keepsArguments(name, script string) bool {
	read := false
	langs := shells[shellName(name)]
	for _, lang := range langs {
		file, err := parseShell(script, lang)
		if errors.Is(err, errLost) {
			return false
		}
		if err != nil {
			continue
		}
		read = true
		inner := &marked{text: script, source: script, prefix: "eph_mark", arguments: true, evaluates: evaluatesNumbers(langs)}
		if inner.refuseInterpreted(file, lang) != nil {
			return false
		}
	}
	return read
}

// texts are the words as the shell will have them, or as written where that depends.
func (s *survey) texts(args []*syntax.Word) []string {
	texts := make([]string, len(args))
	for i, w := range args {
		text, ok := literal(w)
		if !ok {
			text = s.m.source[w.Pos().Offset():w.End().Offset()]
		}
		texts[i] = text
	}
	return texts
}

func (s *survey) inspectDeclarer(name string, args []*syntax.Word) (int, refusal) {
	typing := name == "integer" || name == "float" || name == "nameref"
	for _, w := range args {
		text := s.m.source[w.Pos().Offset():w.End().Offset()]
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
func (s *survey) inspectTest(args []*syntax.Word) (int, refusal) {
	carriers := make([]int, len(args))
	for i, w := range args {
		carriers[i] = s.carrier(w, false)
	}
	for i, w := range args {
		op, _ := literal(w)
		switch {
		case numericOperators[op]:
			if i > 0 && carriers[i-1] != none {
				return carriers[i-1], numeric
			}
			if i+1 < len(args) && carriers[i+1] != none {
				return carriers[i+1], numeric
			}
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
	text := strings.TrimLeft(s.m.source[w.Pos().Offset():w.End().Offset()], `"'`)
	return strings.HasPrefix(text, "$") || strings.HasPrefix(text, "`") || strings.HasPrefix(text, s.m.prefix)
}

func (s *survey) inspectPrint(args []*syntax.Word) (int, refusal) {
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
				if at := s.carrier(args[i+1], false); at != none {
					return at, asName
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

func (s *survey) inspectSet(args []*syntax.Word) (int, refusal) {
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

// remoteShells hand the words behind a destination to a shell at the other end.
var remoteShells = words("ssh slogin rsh autossh mosh")

// inspectRemote is for ssh: the destination may be an item, what runs there may not.
func (s *survey) inspectRemote(args []*syntax.Word) (int, refusal) {
	command := s.remoteCommand(args)
	for i, w := range args[:len(args)-len(command)] {
		text := s.m.source[w.Pos().Offset():w.End().Offset()]
		if strings.HasPrefix(text, "-") && strings.Contains(text, "o") {
			if at := s.first(args[i:min(i+2, len(args))], true); at != none {
				return at, asCode // ProxyCommand
			}
		}
	}
	return s.first(command, true), remote
}

// remoteCommand is what stands behind the destination.
func (s *survey) remoteCommand(args []*syntax.Word) []*syntax.Word {
	const valued = "BbcDEeFIiJKLlmOopPQRSWw"
	for i := 0; i < len(args); i++ {
		text := s.m.source[args[i].Pos().Offset():args[i].End().Offset()]
		switch {
		case text == "--":
		case !strings.HasPrefix(text, "-"):
			return args[i+1:]
		case len(text) == 2 && strings.Contains(valued, text[1:]):
			i++
		}
	}
	return nil
}

func (s *survey) inspectFind(args []*syntax.Word) (int, refusal) {
	for i, w := range args {
		switch text, _ := literal(w); text {
		case "-exec", "-execdir", "-ok", "-okdir", "-x", "-X", "--exec", "--exec-batch":
			if at, why := s.inspectCall(args[i+1:]); at != none {
				return at, why
			}
		}
	}
	return none, refusal{}
}

// afterOption is the carrier in the word behind an option, or behind a cluster that ends in it.
func (s *survey) afterOption(args []*syntax.Word, option string) int {
	for i, w := range args {
		text, _ := literal(w)
		if i+1 < len(args) && strings.HasPrefix(text, "-") && (text == "--command" || strings.HasSuffix(text, option[1:])) {
			if at := s.carrier(args[i+1], true); at != none {
				return at
			}
		}
		if strings.HasPrefix(text, option) || strings.HasPrefix(text, "--command=") {
			if at := s.carrier(w, true); at != none {
				return at
			}
		}
	}
	return none
}

// languages are programs that take a program in a language of their own: as the value of an
// option, or as their first operand where the list is empty.
var languages = map[string]string{
	"awk": "", "gawk": "", "mawk": "", "nawk": "", "jq": "", "gojq": "", "sed": "", "gsed": "",
	"perl": "-e -E -ne -pe -ane -lne -i", "ruby": "-e -ne -pe", "node": "-e -p --eval --print", "php": "-r",
	"python": "-c", "python2": "-c", "python3": "-c", "lua": "-e", "Rscript": "-e", "osascript": "-e",
	"psql": "-c --command", "mysql": "-e --execute", "sqlite3": "-cmd",
}

// braced are the languages in which braces mean something: there a header could name what the
// author wrote for the program.
var braced = words("awk gawk mawk nawk jq gojq sed gsed perl ruby node php python python2 python3 lua Rscript osascript")

// inProgram tells of a placeholder in the program of another language. Where the first line of
// the input decided that it is one, it is an error.
func inProgram(ph *placeholder, program string) (*fail.Error, bool) {
	if ph.named && braced[commandName(program)] {
		return fail.Usage("%s is a column of the header, and becomes part of a program in the language of %s", ph.text, program).
			Advise("hand it over as an argument or in the environment: --env ITEM=%s", ph.text), true
	}
	return warning(ph.text, program), false
}

// programWarnings finds placeholders in the programs of other languages, in a command that is run
// without a shell.
func programWarnings(ws []word) ([]*fail.Error, error) {
	texts := make([]string, len(ws))
	for i, w := range ws {
		for _, p := range w.parts {
			if p.ph != nil {
				texts[i] += p.ph.text
			} else {
				texts[i] += p.text
			}
		}
	}
	i := programArgument(texts)
	if i < 0 {
		return nil, nil
	}
	var found []*fail.Error
	for _, p := range ws[i].parts {
		if p.ph == nil {
			continue
		}
		e, refused := inProgram(p.ph, texts[commandIndex(texts)])
		_ = e.Place(texts[i], strings.Index(texts[i], p.ph.text), len(p.ph.text))
		if refused {
			return nil, e
		}
		if found == nil {
			found = append(found, e)
		}
	}
	return found, nil
}

// warnings is programWarnings for a shell template.
func (m *marked) warnings(file *syntax.File) ([]*fail.Error, error) {
	var found []*fail.Error
	for n := range syntax.Preorder(file) {
		c, ok := n.(*syntax.CallExpr)
		if !ok {
			continue
		}
		texts := make([]string, len(c.Args))
		for i, w := range c.Args {
			texts[i] = strings.Trim(m.source[w.Pos().Offset():w.End().Offset()], `"'`)
		}
		i := programArgument(texts)
		for _, k := range m.markers {
			if i < 0 || !strings.Contains(texts[i], k.name) {
				continue
			}
			e, refused := inProgram(k.ph, texts[commandIndex(texts)])
			if e = e.Place(m.text, k.ph.at, len(k.ph.text)); refused {
				return nil, e
			}
			found = append(found, e)
		}
	}
	return found, nil
}

func warning(ph, program string) *fail.Error {
	return fail.Usage("%s becomes part of a program in the language of %s, which may run what an item says", ph, program).
		Advise("hand it over as an argument or in the environment: --env ITEM=%s", ph)
}

// valued are the options whose values stand before the program, where that is the first operand,
// and how many these are.
var valued = map[string]int{
	"-F": 1, "-v": 1, "-f": 1, "--file": 1, "--field-separator": 1, "--assign": 1, "-L": 1, "--indent": 1,
	"--arg": 2, "--argjson": 2, "--slurpfile": 2, "--rawfile": 2,
}

// programArgument is the index of the program text in a command that has one, or -1.
func programArgument(texts []string) int {
	command := commandIndex(texts)
	if command >= len(texts) {
		return -1
	}
	options, ok := languages[commandName(texts[command])]
	if !ok {
		return -1
	}
	for i := command + 1; i < len(texts); i++ {
		if options == "" && !strings.HasPrefix(texts[i], "-") {
			return i
		}
		if options == "" {
			i += valued[texts[i]]
			continue
		}
		for _, o := range strings.Fields(options) {
			if texts[i] == o && i+1 < len(texts) {
				return i + 1
			}
		}
	}
	return -1
}
