package template

import (
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// inspectText is for commands that join their arguments and run them as a script.
func (a *analysis) inspectText(name string, args []*syntax.Word) *finding {
	if at := a.firstTaint(args, asCode); at != none {
		return found(at, isCode)
	}
	langs, sees := shells["sh"], seesVariables
	if name == "eval" || name == "trap" {
		langs, sees = []syntax.LangVariant{a.lang}, seesParameters
	}
	for _, w := range args {
		if sees == seesParameters && indirection.MatchString(outline(w)) {
			return found(offset(w), anyVariable)
		}
		if f := a.inspectScript(w, langs, none, sees); f != nil {
			return f
		}
	}
	return nil
}

// indirection is a variable whose name is known only when the text runs: eval "v=\$$n". It can be one
// that holds an item.
var indirection = regexp.MustCompile(`\$\{?[#!]?\w*\x00`)

// inspectSourced is for the . command: neither its file nor what it reads may be an item.
func (a *analysis) inspectSourced(_ string, args []*syntax.Word) *finding {
	if at := a.firstTaint(args, asCode); at != none {
		return found(at, isCode)
	}
	if len(args) == 0 || !strings.HasPrefix(a.source(args[0]), "/dev/") {
		return nil
	}
	if a.stdin == none && a.stdinText != nil {
		return a.inspectScript(a.stdinText, []syntax.LangVariant{a.lang}, a.firstTaint(args[1:], asText), seesParameters)
	}
	return found(a.stdin, isProgram)
}

// inspectShell is for a shell: the script behind -c is inspected, with the arguments that it gets. An item
// may name a script file, but alone: with another argument behind it, it could be -c.
func (a *analysis) inspectShell(name string, args []*syntax.Word) *finding {
	n := scriptArgument(a.texts(args))
	if n >= 0 {
		return a.inspectScript(args[n], shells[shellName(name)], a.firstTaint(args[n+1:], asText), seesVariables)
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

// shellProgram is the taint of what a shell is given to run with -c, wherever among the words of a
// command the shell is named: behind sudo, env, find -exec, docker exec.
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
		if at := a.scriptTaint(args[i+1:]); at != none {
			return at
		}
	}
	return none
}

// scriptTaint is the taint of the script among the arguments of a shell. A word that can vanish, or turn
// out to be an option, leaves its place to the next.
func (a *analysis) scriptTaint(args []*syntax.Word) int {
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

// programReaders run what they read from standard input.
var programReaders = setOf("at batch ed ex")

// readsProgram reports whether a command runs what it reads from standard input: it is or starts a shell
// that is given nothing else to run.
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
	if call.stdin || call.operands == len(args) {
		return true
	}
	file := args[call.operands]
	switch _, filled := a.injected[file]; {
	case filled, a.inFunction != "" && isArguments(file): // see inspectForwarding
		return false
	case canVanish(file), isList(file):
		return true
	}
	name = texts[call.operands]
	return strings.HasPrefix(name, "/dev/") || strings.HasPrefix(name, "/proc/")
}

// shellCall is how a shell is called.
type shellCall struct {
	command  bool // -c: the first operand is program text
	stdin    bool // -s: the operands are for the program on standard input
	operands int  // where they begin, or the number of arguments
}

func parseShellCall(args []string) (c shellCall) {
	i := 0
	for ; i < len(args); i++ {
		arg := args[i]
		if arg == "--" || arg == "-" {
			i++
			break
		}
		if len(arg) < 2 || arg[0] != '-' && arg[0] != '+' {
			break
		}
		if arg[0] == '-' && arg[1] != '-' {
			c.command = c.command || strings.Contains(arg, "c")
			c.stdin = c.stdin || strings.Contains(arg, "s")
		}
		if takesName(arg) {
			i++
		}
	}
	c.operands = min(i, len(args))
	return c
}

// scriptArgument is the index of the script among the arguments of a shell, or -1 when they have none.
func scriptArgument(args []string) int {
	if c := parseShellCall(args); c.command && c.operands < len(args) {
		return c.operands
	}
	return -1
}

// takesName reports whether the word behind an option of a shell belongs to it.
func takesName(option string) bool {
	return option == "--rcfile" || option == "--init-file" ||
		!strings.HasPrefix(option, "--") && strings.ContainsAny(option[len(option)-1:], "oO")
}
