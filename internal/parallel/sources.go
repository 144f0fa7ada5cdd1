package parallel

import (
	"slices"
	"strings"

	"github.com/mostlylucid/eph/internal/item"
)

// separator is an operand after which sources follow.
type separator struct{ files, link bool }

// separators are the operands that separate the command from sources, and these from one another.
func (g given) separators() map[string]separator {
	args, files := ":::", "::::"
	if g.has("arg-sep") {
		args = g.last("arg-sep")
	}
	if g.has("arg-file-sep") {
		files = g.last("arg-file-sep")
	}
	return map[string]separator{
		args: {}, args + "+": {link: true}, files: {files: true}, files + "+": {files: true, link: true},
	}
}

// split divides operands into the command and its sources, those of -a first.
func (g given) split(operands []string, delimiter string) (command []string, sources []item.Source) {
	for _, file := range g["arg-file"] {
		sources = append(sources, item.Source{File: file})
	}
	known := g.separators()
	isSeparator := func(s string) bool { _, ok := known[s]; return ok }
	end := slices.IndexFunc(operands, isSeparator)
	if end < 0 {
		return operands, sources
	}
	command = operands[:end]
	for rest := operands[end:]; len(rest) > 0; {
		sep := known[rest[0]]
		n := 1
		for n < len(rest) && !isSeparator(rest[n]) {
			n++
		}
		values := rest[1:n]
		rest = rest[n:]
		if sep.files {
			for _, file := range values {
				sources = append(sources, item.Source{File: file, Link: sep.link && len(sources) > 0})
			}
			continue
		}
		sources = append(sources, item.Source{Values: divided(values, delimiter), Link: sep.link && len(sources) > 0})
	}
	return command, sources
}

// divided are values as GNU parallel has them, which reads them as it does a file: a delimiter in
// one divides it.
func divided(values []string, delimiter string) []string {
	var all []string
	for _, v := range values {
		all = append(all, strings.Split(v, delimiter)...)
	}
	return all
}
