package template

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// A sink inspects a call of a command by its name and arguments. It returns nil where no item gets to
// what the command interprets.
type sink func(a *analysis, name string, args []*syntax.Word) *finding

const (
	// remotes hand the words behind a destination to a shell at the other end.
	remotes = "ssh slogin rsh autossh mosh"

	// declarations declare variables, in a dialect whose grammar does not know them as such.
	declarations = "export readonly local typeset declare integer float nameref private global array"
)

var (
	remoteShells = setOf(remotes)
	declarers    = setOf(declarations)
)

// sinks are the commands that interpret an argument, or what they read, in at least one of the shells. To
// any other command an argument is text.
var sinks = map[string]sink{}

// programSinks are those of them that are programs, so that they are sinks without a shell too.
var programSinks = map[string]bool{}

func init() {
	type rows []struct {
		names   string
		inspect sink
	}
	ofShells := rows{
		// Every argument is a command,
		{"eval trap watch parallel sem sg tmux zargs zcp zln zmv zpty zstyle", (*analysis).inspectText},
		{"history fc", takesAll(isCode)},
		{"alias", takesAll(alias)},
		{"emulate", both(takesAll(isCode), runsOption("-c"))},

		// or a name, which can have a subscript,
		{"let unset read getln getopts vared limit unlimit enable bind complete compgen compopt wait unalias", takesAll(isName)},
		{"setopt unsetopt shopt autoload sched sysopen sysread sysseek syswrite zformat zle zmodload zparseopts zregexparse zselect zstat", takesAll(isName)},
		{"mapfile readarray", both(takesAll(isName), runsOption("-C"))},

		// or a number, which some shells evaluate.
		{"exit return break continue shift repeat bye logout", (*analysis).inspectNumber},
		{"ulimit", both(takesAll(isName), (*analysis).inspectNumber)},

		// Some arguments are.
		{". source", (*analysis).inspectSourced},
		{"[ [[ test", (*analysis).inspectTest},
		{"printf print", (*analysis).inspectPrint},
		{"set", (*analysis).inspectSet},
		{declarations, (*analysis).inspectDeclarer},
	}
	// These run some of their arguments.
	ofPrograms := rows{
		{remotes, (*analysis).inspectRemote},
		{"find gfind fd", (*analysis).inspectFind},
		{"xargs", (*analysis).inspectXargs},
		{"env", both(runsOption("-S", "--split-string"), (*analysis).inspectSplit)},
		{"su runuser script flock", runsOption("-c", "--command")},
		{"tar gtar bsdtar", runsOption("-I", "--use-compress-program", "--to-command", "--checkpoint-action", "-F", "--info-script",
			"--new-volume-script", "--rsh-command", "--rmt-command")},
		{"git", both((*analysis).inspectGit, runsOption("--exec", "--upload-pack", "--receive-pack", "--tree-filter", "--msg-filter",
			"--index-filter", "--env-filter"))},
		{"rsync", runsOption("-e", "--rsh", "--rsync-path")},
		{"scp sftp", runsOption("-o", "-S")},
		{"man", runsOption("-P", "--pager", "-H", "--html")},
		{"split", runsOption("--filter")},
		{"zip", runsOption("-TT")},
	}
	for i, row := range slices.Concat(ofPrograms, ofShells) {
		for name := range strings.FieldsSeq(row.names) {
			sinks[name], programSinks[name] = row.inspect, i < len(ofPrograms)
		}
	}
}

// evaluatesNumbers reports whether a shell of one of these dialects evaluates what exit or [ -eq ]
// takes for a number.
func evaluatesNumbers(langs []syntax.LangVariant) bool {
	return slices.Contains(langs, syntax.LangMirBSDKorn) || slices.Contains(langs, syntax.LangZsh)
}

// takesAll is the sink of a command that interprets every argument.
func takesAll(why refusal) sink {
	return func(a *analysis, _ string, args []*syntax.Word) *finding {
		for _, w := range args {
			if at := a.taint(w, asCode); at != none {
				return found(at, why)
			}
			if a.subscripted(a.source(w)) {
				return found(offset(w), why)
			}
		}
		return nil
	}
}

// both is the sink of a command that is each of two.
func both(one, other sink) sink {
	return func(a *analysis, name string, args []*syntax.Word) *finding {
		if f := one(a, name, args); f != nil {
			return f
		}
		return other(a, name, args)
	}
}

// runsOption is the sink of a command that has a shell run the value of these options.
func runsOption(options ...string) sink {
	return func(a *analysis, name string, args []*syntax.Word) *finding {
		for i, w := range args {
			text := strings.TrimLeft(a.source(w), `"'`)
			for _, o := range options {
				long := strings.HasPrefix(o, "--")
				var value *syntax.Word
				switch {
				case text == o, !long && len(text) > 1 && text[0] == '-' && text[1] != '-' && strings.HasSuffix(text, o[1:]):
					if i+1 == len(args) {
						continue
					}
					value = args[i+1]
				case long && strings.HasPrefix(text, o+"="), !long && strings.HasPrefix(text, o):
					value = w
				default:
					continue
				}
				if at := a.taint(value, asCode); at != none {
					return found(at, isCode)
				}
				if f := a.inspectScript(value, shells["sh"], none, seesVariables); f != nil {
					return f
				}
			}
		}
		return nil
	}
}
