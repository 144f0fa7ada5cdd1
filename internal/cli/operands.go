package cli

import (
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
)

// shape is what the operands mean: a command that is run without a shell, or a shell
// template, or neither where each item is a command of its own; and the sources given with it.
type shape struct {
	words   []string
	shell   string
	sources []item.Source
}

// separator is an operand after which sources follow.
type separator struct{ files, link bool }

var separators = map[string]separator{
	":::":   {},
	":::+":  {link: true},
	"::::":  {files: true},
	"::::+": {files: true, link: true},
}

// shapeOf reads the operands. One of them alone is a shell template when template says so,
// or when it holds anything that a shell would act on.
func shapeOf(operands []string, template bool) (shape, error) {
	end := 0
	for end < len(operands) && !isSeparator(operands[end]) {
		end++
	}
	command := operands[:end]
	sources, err := sourcesOf(operands[end:])
	if err != nil {
		return shape{}, err
	}
	switch {
	case template && len(command) == 0:
		return shape{}, fail.Usage("-c needs a shell template").Advise("eph -c 'gzip -c {} > {}.gz'")
	case template && len(command) > 1:
		text := strings.Join(command, " ")
		return shape{}, fail.Usage("-c takes one shell template, but this is a second operand").
			Place(text, len(command[0])+1, len(command[1])).
			Advise("one quoted template: eph -c '...', or the words without -c")
	case len(command) == 1 && (template || forShell(command[0])):
		return shape{shell: command[0], sources: sources}, nil
	}
	return shape{words: command, sources: sources}, nil
}

func isSeparator(operand string) bool { _, ok := separators[operand]; return ok }

// sourcesOf reads what follows the command: a separator, its values or files, and so on.
// Each file is a source of its own.
func sourcesOf(operands []string) ([]item.Source, error) {
	var sources []item.Source
	for len(operands) > 0 {
		name := operands[0]
		n := 1
		for n < len(operands) && !isSeparator(operands[n]) {
			n++
		}
		values := operands[1:n]
		operands = operands[n:]

		sep := separators[name]
		if sep.link && len(sources) == 0 {
			return nil, fail.Usage("%s links a source with the one before it, but there is none", name).
				Advise("::: a b %s 1 2", name)
		}
		if !sep.files {
			sources = append(sources, item.Source{Values: values, Link: sep.link})
			continue
		}
		if len(values) == 0 {
			return nil, fail.Usage("%s needs a file name", name).Advise("%s items.txt", name)
		}
		files, err := filesOf(name, values)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			f.Link = sep.link
			sources = append(sources, f)
		}
	}
	return sources, nil
}

// filesOf makes a source of each file. flag is how they were given.
func filesOf(flag string, names []string) ([]item.Source, error) {
	var sources []item.Source
	for _, name := range names {
		if name == "" {
			return nil, fail.Usage("%s: the file name is empty", flag).Advise("%s items.txt", flag)
		}
		sources = append(sources, item.Source{File: name})
	}
	return sources, nil
}

// forShell reports whether a word holds anything that a shell would act on. Braces are the
// placeholders' own.
func forShell(word string) bool {
	return strings.ContainsAny(word, " \t\n|&;<>()$`\\\"'*?[") ||
		strings.HasPrefix(word, "~") || strings.HasPrefix(word, "#")
}
