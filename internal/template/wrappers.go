package template

import (
	"iter"
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// wrapper is a command that runs the command in its arguments.
type wrapper struct {
	valued   string // options whose value is the next word
	operands int    // words before the command
}

// wrappers are those that it is usual to put before a command. One that is missing here hides what it runs
// from the rules for sinks and options.
var wrappers = map[string]wrapper{
	"-": {}, "builtin": {}, "busybox": {}, "chronic": {}, "command": {}, "eatmydata": {}, "nocorrect": {},
	"coproc": {}, "noglob": {}, "nohup": {}, "setsid": {}, "toybox": {}, "unbuffer": {},
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

// Unwrap yields where the commands of a call stand and what they are called, the outermost first:
// sudo, nice and ls for "sudo nice -n 5 /bin/ls". The last of them is no wrapper, or one that runs
// nothing, as in "command -v ls".
func Unwrap(words []string) iter.Seq2[int, string] {
	return unwrap(words, func(i int) string { return commandName(words[i]) })
}

// unwrap is Unwrap where the name of a command cannot be told from the word as it was written: name
// is asked for it, and says "" where it is not fixed.
func unwrap(words []string, name func(i int) string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for i := 0; i < len(words); {
			name := name(i)
			if !yield(i, name) {
				return
			}
			w, ok := wrappers[name]
			if !ok {
				return
			}
			inner := w.skip(words[i+1:], name)
			if inner < 0 {
				return
			}
			i += 1 + inner
		}
	}
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

// innermost is the index of the command within all wrappers.
func innermost(words []string) int {
	at := 0
	for i := range Unwrap(words) {
		at = i
	}
	return at
}

// commandName is the name without its directory, but for the "." command.
func commandName(text string) string {
	if text == "." || text == "" {
		return text
	}
	return path.Base(text)
}
