package convert

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/template"
	"github.com/mostlylucid/eph/internal/xargs"
)

// fromXargs has the rules of docs/xargs.md.
func fromXargs(c *call, sh string) (*line, error) {
	given := map[string]string{} // the last of each option, and of those that exclude one another
	operands, err := xargs.Options(c.values(), func(name, value string, set bool) error {
		switch name {
		case "e", "i", "l":
			byName := map[string]struct{ to, unset string }{"e": {"E", ""}, "i": {"I", "{}"}, "l": {"L", "1"}}[name]
			if name = byName.to; !set {
				value = byName.unset
			}
		case "d":
			delete(given, "0")
		case "0":
			delete(given, "d")
		}
		switch name {
		case "I":
			delete(given, "L")
			delete(given, "n")
		case "L":
			delete(given, "I")
			delete(given, "n")
		case "n":
			if _, replaces := given["I"]; replaces && value == "1" {
				return nil
			}
			delete(given, "I")
			delete(given, "L")
		}
		given[name] = value
		return nil
	})
	if err != nil {
		return nil, fail.Usage("xargs: %v", err)
	}
	x := &xargsLine{call: c, given: given, operands: c.words[len(c.words)-len(operands):], sh: sh}
	return x.line()
}

type xargsLine struct {
	*call
	out      line
	given    map[string]string
	operands []word
	sh       string // what sh is
}

func (x *xargsLine) has(name string) bool { _, ok := x.given[name]; return ok }

// pass adds an option with its value under another name.
func (x *xargsLine) pass(name, as string) {
	if v, ok := x.given[name]; ok {
		x.out.flag(as, x.text(v))
	}
}

func (x *xargsLine) line() (*line, error) {
	if x.has("help") || x.has("version") {
		return nil, fail.Usage("xargs runs nothing with --help and --version")
	}
	l := &x.out
	x.input()
	if v, ok := x.given["P"]; !ok {
		l.flag("-j1")
		l.note("xargs runs one at a time; without -j1 eph keeps all processors busy")
	} else {
		l.jobs(x.call, v)
		if v != "1" {
			l.note("the output of each job is printed whole, when it ends; xargs mixes it, as eph does with -u")
		}
	}
	for _, o := range []struct{ name, as string }{{"o", "-o"}, {"p", "-p"}, {"t", "-t"}, {"x", "-x"}} {
		if x.has(o.name) {
			l.flag(o.as)
		}
	}
	x.pass("process-slot-var", "--process-slot-var")
	if x.has("show-limits") {
		l.note("--show-limits is left out; --explain describes what would be done")
	}
	for _, o := range []string{"R", "S"} {
		if x.has(o) {
			l.note("-" + o + " of BSD is left out: eph replaces {} wherever it stands")
		}
	}
	if err := x.command(); err != nil {
		return nil, err
	}
	if !x.has("r") && !x.has("I") {
		l.note("without any input xargs runs the command once, but eph runs nothing; --empty run does the same")
	}
	l.note("a job that exits with 255 or is killed by a signal ends xargs, but not eph; --fatal-on 255,signal does the same")
	return l, nil
}

// input says what an item is, and how many a job gets.
func (x *xargsLine) input() {
	l := &x.out
	ended := true
	switch v, ok := x.given["d"]; {
	case x.has("0"), v == `\0`:
		l.flag("-0")
	case ok:
		l.flag("-d", x.text(v))
		if v == `\n` {
			l.flags = l.flags[:len(l.flags)-1] // a line is an item anyway
		}
	case x.has("I"):
		l.note("eph takes lines as they are; xargs strips leading blanks and interprets quotes and backslashes")
	default:
		ended = false
		l.flag("--split words")
	}
	if v := x.given["E"]; v != "" && !ended {
		l.flag("-E", x.text(v))
	}
	if v, ok := x.given["a"]; ok && v != "-" {
		l.flag("-a", x.text(v))
		l.flag("--stdin inherit")
	}
	switch n, lines := x.given["n"], x.given["L"]; {
	case x.has("I"), n == "1":
	case n != "":
		l.flag("-n", x.text(n))
	case lines != "" && ended:
		l.flag("-n", x.text(lines))
	case lines != "":
		l.flag("-L", x.text(lines))
	default:
		l.flag("-X")
	}
	x.pass("s", "-s")
}

// placeholders is where eph sees the beginning of a placeholder.
var placeholders = regexp.MustCompile(`\{([}./@{]|-?[0-9]|[#%]\})`)

// plainly is the text of a template in which nothing but what the pattern matches, if there is
// one, stands for an item.
func plainly(text string, pattern *regexp.Regexp) string {
	var b strings.Builder
	plain := func(s string, last bool) {
		if placeholders.MatchString(s) || !last && strings.HasSuffix(s, "{") {
			s = strings.ReplaceAll(s, "{", "{{")
		}
		b.WriteString(s)
	}
	at := 0
	if pattern != nil {
		for _, p := range pattern.FindAllStringIndex(text, -1) {
			plain(text[at:p[0]], false)
			b.WriteString(text[p[0]:p[1]])
			at = p[1]
		}
	}
	plain(text[at:], true)
	return b.String()
}

// plainly is a word as it stands in the script, unless that says more to eph than the pattern does.
func (c *call) plainly(w word, pattern *regexp.Regexp) string {
	if text := plainly(w.value, pattern); text != w.value {
		return c.text(text)
	}
	return w.source
}

// only is a pattern for one text, and nil for none.
func only(text string) *regexp.Regexp {
	if text == "" {
		return nil
	}
	return regexp.MustCompile(regexp.QuoteMeta(text))
}

// command is the command, and what stands for the item in it.
func (x *xargsLine) command() error {
	l := &x.out
	if len(x.operands) == 0 {
		l.command = []string{"echo"}
		return nil
	}
	first := x.operands[0]
	if err := x.unknown(first); err != nil {
		return err
	}
	pattern, replaces := x.given["I"]
	if done, err := x.shell(pattern, replaces); done || err != nil {
		return err
	}
	var sources []string
	for _, w := range x.operands {
		sources = append(sources, x.plainly(w, only(pattern)))
	}
	inserts := x.given["J"]
	at := slices.IndexFunc(x.operands, func(w word) bool { return w.value == inserts })
	if inserts != "" && at > 0 {
		sources[at] = "{}"
	}
	if err := l.run(x.call, x.operands, sources); err != nil {
		return err
	}
	if len(x.operands) == 1 {
		if err := l.oneWord(x.call, first, !replaces); err != nil {
			return err
		}
	}
	switch {
	case inserts != "" && at > 0:
	case replaces && pattern != "" && strings.Contains(first.value, pattern):
		return fail.Usage("xargs does not replace %s in the name of the command, but with eph the item would choose what runs", pattern)
	case replaces && pattern != "{}":
		l.flag("-I", x.text(pattern))
	case replaces && !slices.ContainsFunc(x.operands, func(w word) bool { return strings.Contains(w.value, pattern) }):
		l.flag("-n0")
	}
	return nil
}

// shell converts a shell that xargs is told to paste items into: it becomes a template, in which
// they are data.
func (x *xargsLine) shell(pattern string, replaces bool) (done bool, err error) {
	o := x.operands
	if !replaces || len(o) < 3 || !slices.Contains([]string{"sh", "bash", "dash", "zsh", "ksh", "mksh"}, path.Base(o[0].value)) {
		return false, nil
	}
	if o[1].value != "-c" || !strings.Contains(o[2].source, pattern) {
		return false, nil
	}
	if len(o) > 3 || !x.known(o[2].value) {
		return false, fail.Usage("xargs pastes each item into this script of %s, where it is code", o[0].value).
			Advise("eph -c 'SCRIPT', with {} for the item: it is data there")
	}
	if o[0].value != "sh" && o[0].value != "/bin/sh" {
		x.out.flag("--shell", template.Quote(o[0].value))
	} else {
		x.out.shell = x.sh
	}
	x.out.script = o[2].value
	if pattern != "{}" {
		x.out.flag("-I", x.text(pattern))
	}
	x.out.flag("-c")
	x.out.note("items are data in the script, whatever they hold; xargs makes them part of the code")
	return true, x.out.run(x.call, o[2:], []string{x.plainly(o[2], only(pattern))})
}
