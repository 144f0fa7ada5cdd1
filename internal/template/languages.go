package template

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/mostlylucid/eph/internal/fail"
)

// languages are the programs that take a program in a language of their own: as the value of one of these
// options, or as their first operand where there is none.
var languages = map[string]string{
	"awk": "", "gawk": "", "mawk": "", "nawk": "", "jq": "", "gojq": "", "sed": "", "gsed": "",
	"perl": "-e -E", "ruby": "-e", "vim": "-c --cmd", "ex": "-c", "make": "--eval", "gdb": "-ex", "node": "-e -p --eval --print", "php": "-r",
	"python": "-c", "python2": "-c", "python3": "-c", "lua": "-e", "Rscript": "-e", "osascript": "-e",
	"psql": "-c --command", "mysql": "-e --execute", "sqlite3": "-cmd",
}

// braced are the languages in which braces mean something, so that what looks like a column of the header
// can be what the author wrote for the program.
var braced = setOf("awk gawk mawk nawk jq gojq sed gsed perl ruby node php python python2 python3 lua Rscript osascript")

// warnAbout is the warning of a placeholder that stands at a byte of text, in the program of another
// language. Where the first line of the input decided that it is a placeholder, it is an error.
func warnAbout(ph *placeholder, language, text string, at int) (warning *fail.Error, err error) {
	usage := func(format string) *fail.Error {
		return fail.Usage(format, ph.text, language).Place(text, at, len(ph.text)).
			Advise("hand it over as an argument or in the environment: --env ITEM=%s", ph.text)
	}
	if ph.named && braced[language] {
		return nil, usage("%s is a column of the header, and becomes part of a program in the language of %s")
	}
	return usage("%s becomes part of a program in the language of %s, which may run what an item says"), nil
}

// programWarnings warns of every placeholder in the program of another language, in a command that is
// run without a shell.
func programWarnings(ws []word) (warnings []*fail.Error, err error) {
	texts := asTyped(ws)
	language, i := programArgument(texts)
	if i < 0 {
		return nil, nil
	}
	at := 0
	for _, p := range ws[i].parts {
		if p.ph == nil {
			at += len(p.text)
			continue
		}
		w, err := warnAbout(p.ph, language, texts[i], at)
		if err != nil {
			return nil, err
		}
		warnings = append(warnings, w)
		at += len(p.ph.text)
	}
	return warnings, nil
}

// warnings is programWarnings for a shell template.
func (m *marked) warnings(file *syntax.File) (warnings []*fail.Error, err error) {
	for n := range syntax.Preorder(file) {
		c, ok := n.(*syntax.CallExpr)
		if !ok {
			continue
		}
		texts := make([]string, len(c.Args))
		for i, w := range c.Args {
			texts[i] = strings.Trim(m.source[w.Pos().Offset():w.End().Offset()], `"'`)
		}
		language, i := programArgument(texts)
		for _, k := range m.markers {
			if i < 0 || !strings.Contains(texts[i], k.name) {
				continue
			}
			w, err := warnAbout(k.ph, language, m.text, k.ph.at)
			if err != nil {
				return nil, err
			}
			warnings = append(warnings, w)
		}
	}
	return warnings, nil
}

// beforeProgram are the options whose values stand before the program, where that is the first
// operand, and how many these are.
var beforeProgram = map[string]int{
	"-F": 1, "-v": 1, "-f": 1, "--file": 1, "--field-separator": 1, "--assign": 1, "-L": 1, "--indent": 1,
	"--arg": 2, "--argjson": 2, "--slurpfile": 2, "--rawfile": 2,
}

// programArgument is the index of the program text in a command that has one, or -1, and the name of
// its language.
func programArgument(texts []string) (language string, index int) {
	if len(texts) == 0 {
		return "", -1
	}
	command := innermost(texts)
	language = commandName(texts[command])
	options, ok := languages[language]
	if !ok {
		return "", -1
	}
	for i := command + 1; i < len(texts); i++ {
		if options == "" && !strings.HasPrefix(texts[i], "-") {
			return language, i
		}
		if options == "" {
			i += beforeProgram[texts[i]]
			continue
		}
		for o := range strings.FieldsSeq(options) {
			if i+1 < len(texts) && (texts[i] == o || endsCluster(texts[i], o)) {
				return language, i + 1
			}
		}
	}
	return "", -1
}

// endsCluster reports whether text is short options of which o is the last: -ne for -e.
func endsCluster(text, o string) bool {
	return len(o) == 2 && len(text) > 1 && text[0] == '-' && text[1] != '-' && text[len(text)-1] == o[1]
}
