package cli

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-shellwords"

	"github.com/mostlylucid/eph/internal/fail"
)

// withDefaults returns the arguments with the flags of --config and of EPH_OPTS before them, so
// that those of the command line, which come last, count.
func (p *program) withDefaults(args []string) ([]string, error) {
	more, err := flagWords("EPH_OPTS", os.Getenv("EPH_OPTS"))
	if err != nil {
		return nil, err
	}
	args = append(more, args...)
	named := newProgram(p.streams, p.cpus)
	if named.flags.Parse(unglue(named.flags, args)) != nil || !named.typed.config.set {
		return args, nil // whoever parses them next says what is wrong
	}
	file := named.typed.config.s
	f, err := os.Open(file)
	if err != nil {
		return nil, fail.File("--config", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostConfig+1))
	if err != nil {
		return nil, fail.File("--config", err)
	}
	if len(text) > mostConfig {
		return nil, fail.Usage("--config: %s has more than %d KiB, too much for a file of flags", file, mostConfig>>10)
	}
	words, err := flagWords("--config "+file, string(text))
	return append(words, args...), err
}

// mostConfig is how many bytes of flags a file may have: one that never ends is none.
const mostConfig = 1 << 20

// flagWords splits text into flags by the rules of a shell, of which nothing but words, quotes
// and comments is left: what a shell would run or expand is refused, or stays as it is.
func flagWords(from, text string) ([]string, error) {
	if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
		return nil, fail.Usage("%s is not text", from)
	}
	parser := shellwords.NewParser()
	parser.ParseEnv, parser.ParseBacktick, parser.ParseComment = false, false, true
	words, err := parser.Parse(text)
	switch {
	case err != nil:
		return nil, fail.Usage("%s: there is an unclosed quote or an unquoted parenthesis", from).Advise("--key '{1}'")
	case parser.Position >= 0:
		at := len(string([]rune(text)[:parser.Position]))
		return nil, fail.Usage("%s may hold flags, but not shell operators", from).Place(text, at, 1).Advise("put the value in single quotes")
	}
	var scratch typed
	fs := newFlags(scratch.groups())
	if err := fs.Parse(unglue(fs, words)); err != nil {
		e := flagError(err, scratch.groups())
		if f, ok := e.(*fail.Error); ok {
			f.What = from + ": " + f.What
		}
		return nil, e
	}
	switch {
	case fs.NArg() > 0 || fs.ArgsLenAtDash() >= 0:
		word := "--"
		if fs.NArg() > 0 {
			word = fs.Arg(0)
		}
		return nil, fail.Usage("%s may hold only flags and their values, and %q is neither", from, word)
	case scratch.config.set:
		return nil, fail.Usage("%s: --config belongs on the command line", from)
	}
	return words, nil
}
