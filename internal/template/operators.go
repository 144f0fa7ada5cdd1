package template

import (
	"path"
	"regexp"
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
)

// operator matches a word that nobody types but for the shell. "2>" is one; so is ">out",
// for a file name hardly starts so.
var operator = regexp.MustCompile(`^(?:\|\|?|\|&|&&?|;;?|[0-9]*(?:<<?<?-?|>>?|>\||<>|[<>]&[0-9-]*)|&>>?)$|^[0-9]*>>?[^=>].*$`)

// takesOperators are the programs to which such words mean something: those that match word,
// behind a word that matches after.
var takesOperators = func() map[string]taker {
	m := map[string]taker{
		"expr": {word: regexp.MustCompile(`^[|&<>]$`)},
		"test": {word: regexp.MustCompile(`^[<>]$`)},
		"[":    {word: regexp.MustCompile(`^[<>]$`)},
	}
	for names, t := range map[string]taker{
		"find gfind fd": {word: regexp.MustCompile(`^;$`)},
		// The pattern comes first, or behind an option.
		"grep egrep fgrep zgrep rg ag": {after: regexp.MustCompile(`^-|^(?:[efz]?grep|rg|ag)$`)},
		// So does what separates fields.
		"cut paste sort join awk gawk mawk column": {after: regexp.MustCompile(`^-[a-zA-Z]*[dFts]$`)},
	} {
		for name := range strings.FieldsSeq(names) {
			m[name] = t
		}
	}
	return m
}()

type taker struct{ word, after *regexp.Regexp } // nil: any

func (t taker) takes(args []string, i int) bool {
	return i > 0 && (t.word != nil || t.after != nil) &&
		(t.word == nil || t.word.MatchString(args[i])) &&
		(t.after == nil || t.after.MatchString(path.Base(args[i-1])))
}

func refuseOperators(args []string) error {
	known := takesOperators[path.Base(args[0])]
	for i, arg := range args {
		if !operator.MatchString(arg) || known.takes(args, i) {
			continue
		}
		before := ""
		if i > 0 {
			before = quoteAll(args[:i]) + " "
		}
		var template []string
		for _, a := range args {
			if !operator.MatchString(a) {
				a = quoteWord(a)
			}
			template = append(template, a)
		}
		quoted := quoteWord(arg)
		return fail.Usage("%s is an operator of the shell, and no shell runs this command", arg).
			Place(quoteAll(args), len(before), len(quoted)).
			Advise("eph -c %s   (a shell runs it), or eph -- %s   (the word as it is)",
				Quote(strings.Join(template, " ")), quoteAll(args))
	}
	return nil
}
