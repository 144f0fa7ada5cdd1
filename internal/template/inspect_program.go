package template

import (
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// inspectRemote is for ssh: the destination may be an item, and what runs there may not.
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
		if f := a.inspectScript(w, shells["sh"], none, seesNothing); f != nil {
			return f
		}
	}
	return nil
}

// remoteCommand are the words behind the destination.
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

// inspectFind is for find -exec: what it runs is a call, in which {} begins with the names of the start
// points.
func (a *analysis) inspectFind(_ string, args []*syntax.Word) *finding {
	for i, w := range args {
		switch text, _ := literal(w); text {
		case "-exec", "-execdir", "-ok", "-okdir", "-x", "-X", "--exec", "--exec-batch":
			command := slices.Clone(args[i+1:])
			if at := a.firstTaint(args[:i], asText); at != none {
				a.inject(command, "{}", at)
			}
			if f := a.inspectCall(command); f != nil {
				return f
			}
		}
	}
	return nil
}

// inspectXargs is for xargs: what it runs is a call, with what it reads among the arguments.
func (a *analysis) inspectXargs(_ string, args []*syntax.Word) *finding {
	if a.stdin == none {
		return nil
	}
	inner := wrappers["xargs"].skip(a.sources(args), "xargs")
	if inner < 0 {
		return nil
	}
	command := slices.Clone(args[inner:])
	replace := a.xargsReplace(args[:inner])
	if replace == "" { // behind the others
		replace = "{}"
		command = append(command, &syntax.Word{Parts: []syntax.WordPart{&syntax.Lit{ValuePos: command[0].Pos(), ValueEnd: command[0].Pos(), Value: replace}}})
	}
	a.inject(command, replace, a.stdin)
	return a.inspectCall(command)
}

// xargsReplace is the text that xargs replaces, by its options; "" for none.
func (a *analysis) xargsReplace(options []*syntax.Word) (replace string) {
	for i, w := range options {
		text := a.source(w)
		switch {
		case text == "-I" && i+1 < len(options):
			replace, _ = literal(options[i+1])
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
	return replace
}

// inspectSplit is for env -S, whose value is split into a call.
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

// runByGit matches the settings of git that are commands.
var runByGit = regexp.MustCompile(`(?i)^[-"']*(alias|pager|filter|.*(pager|editor|command|cmd|askpass|textconv|driver|helper|program|hookspath|fsmonitor|proxy))`)

// inspectGit is for git -c NAME=VALUE, where it stands before the subcommand.
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
		if at != none && (at < offset(args[i+1])+len(name) || runByGit.MatchString(name)) {
			return found(at, isCode)
		}
	}
	return nil
}
