package template

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/mostlylucid/eph/internal/fail"
)

// refusal says why a place is refused, and what to write there instead.
type refusal struct{ what, try string }

// A finding is a taint that gets to a sink.
type finding struct {
	at  int // the taint: a byte of the source, or fromStdin
	why refusal
}

// found is the finding of a taint. It is nil for none, so that a sink can say what it looks for in a line.
func found(at int, why refusal) *finding {
	if at == none {
		return nil
	}
	return &finding{at, why}
}

// refuse is the usage error about the placeholder, or the variable that holds an item, at a byte of the
// source.
func (m *marked) refuse(at int, why refusal) *fail.Error {
	for _, k := range m.markers {
		if k.at <= at && at < k.at+len(k.name) {
			if k.ph.at >= len(m.text) { // an appended item
				return fail.Usage("an item appended here %s", why.what).Place(m.text, len(m.text)-1, 1).Advise("%s", why.try)
			}
			return fail.Usage("%s %s", k.ph.text, why.what).Place(m.text, k.ph.at, len(k.ph.text)).
				Advise("%s", strings.ReplaceAll(why.try, "{}", k.ph.text))
		}
	}
	end := at + 1
	if c := m.source[at]; c != '$' && !isNameByte(c) {
		return fail.Usage("an item %s", why.what).Place(m.text, m.origin(at), 1).Advise("%s", why.try)
	}
	for end < len(m.source) && (isNameByte(m.source[end]) || m.source[end] == '{') {
		end++
	}
	name := strings.TrimLeft(m.source[at:end], "${")
	return fail.Usage("$%s, which holds an item, %s", name, why.what).
		Place(m.text, m.origin(at), end-at).Advise("%s", strings.ReplaceAll(why.try, "{}", `"$`+name+`"`))
}

// refuseStdin is the usage error about a command that interprets what it reads.
func (m *marked) refuseStdin(n syntax.Node, why refusal) *fail.Error {
	at, end := offset(n), int(n.End().Offset())
	return fail.Usage("the item on standard input %s", why.what).Place(m.text, m.origin(at), m.origin(end)-m.origin(at)).
		Advise("if it is meant to run, write the command as words of their own: eph --stdin item ssh HOST sh")
}

func isNameByte(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// Places in which no quoting keeps a value as text: see places.go.
var (
	ambiguous     = refusal{"stands where the shells that are called sh disagree", "quote it with double quotes, or name the shell: --shell=bash"}
	elsewhere     = refusal{"stands where its value cannot be kept as text", `x={}; then use "$x"`}
	inName        = refusal{"stands in a name", "give the variable or function a fixed name: x={}"}
	inExpansion   = refusal{"stands inside ${...}, where its value would be interpreted", `x={}; then use "$x"`}
	inBackquotes  = refusal{"stands inside backquotes, which add a level of quoting", "write $(...) for `...`"}
	quotedHeredoc = refusal{
		"stands in a here-document with a quoted delimiter, which takes nothing but fixed text",
		"leave the quotes of the delimiter away: <<EOF, with \\ before each $ that is to stay",
	}
	delimiter    = refusal{"stands in the delimiter of a here-document", "use a fixed delimiter: <<EOF"}
	escaped      = refusal{"stands behind a backslash", `leave the backslash away: the item needs no quotes; {{} is the text {}`}
	translated   = refusal{`stands in $"...", which is translated`, `write "..." without the $`}
	innerQuotes  = refusal{"stands in a quoted ${...} that holds quotes, which shells read differently", `write "${x:-{}}"`}
	splitDefault = refusal{"would be split and globbed here", `put double quotes around the ${...}`}
	nested       = refusal{"stands in a ${...} within a ${...}", "x={}; then use $x there"}
	tilde        = refusal{"stands where it would name a user's home directory", `write "$HOME"/{}`}
	globbing     = refusal{"stands in a pattern that holds parentheses", "match it with case, or in [[ ]]"}
	descriptor   = refusal{"stands where a number of a file descriptor is", "case {} in 1) ... >&1;; 2) ... >&2;; esac"}
	noDollar     = refusal{"stands in $'...', which not every shell of that name knows", "write '...' , or name the shell: --shell=bash"}
	inRegexp     = refusal{"would be read as a regular expression", `[[ ... == {} ]], or --shell=bash, where it is text`}
	equals       = refusal{"stands behind a leading =, where zsh looks for a command of that name", `write "="{}`}
)

// Sinks: see inspect.go and sinks.go.
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
	anyVariable    = refusal{"can stand for any variable, and the item in it would run as code here", `sh -c '... "$1"' sh {}`}
	isCode         = refusal{"would run as code here", `sh -c '... "$1"' sh {}`}
	byScript       = refusal{"is run, or evaluated, by the script that it is an argument of", `sh -c '... "$1"' sh {}`}
	isProgram      = refusal{"becomes part of a program that a shell reads", `sh -c '... "$1"' sh {}`}
	isName         = refusal{"is taken as a name or a number here, where shells run the commands in it", "write the name or the number out; an item can be a value"}
	evaluated      = refusal{"is evaluated as arithmetic by some shells named sh, which can run commands", "--shell dash or --shell bash, which do not evaluate it"}
	option         = refusal{"stands where it could be an option that names a variable", `printf '%s' {}`}
	setter         = refusal{"stands where it could be an option", "set -- {}"}
	remote         = refusal{"is run by the shell at the other end", `--stdin item ssh HOST 'IFS= read -r x; ... "$x"'`}
	alias          = refusal{"comes with an alias, which changes how the shell reads what follows", "write a function"}
)
