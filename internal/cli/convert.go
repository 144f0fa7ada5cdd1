package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mostlylucid/eph/internal/convert"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/parallel"
	"github.com/mostlylucid/eph/internal/plain"
	"github.com/mostlylucid/eph/internal/run"
)

// convert is the command that turns lines of xargs and parallel into lines of eph.
func (p *program) convert(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:                "convert",
		Short:              "turn an xargs or GNU parallel command line into eph, and run nothing",
		DisableFlagParsing: true, // flags are those of the line
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 && (args[0] == "--help" || args[0] == "-h") {
				return p.helpOn(root, "convert")
			}
			script, err := p.script(args)
			if err != nil {
				return err
			}
			converted, notes, err := convert.Script(script, convert.Options{
				Accept: p.accept, Shell: parallel.Shell(os.Getenv), Sh: behindSh(),
			})
			if errors.Is(err, convert.ErrNothing) && len(args) > 1 {
				return fail.Usage("%s", err).Advise("%s", escaped("convert", args))
			}
			if err != nil {
				return err
			}
			if err := p.print(strings.TrimSuffix(converted, "\n") + "\n"); err != nil {
				return err
			}
			for _, n := range notes {
				place := "note: "
				if strings.Contains(strings.TrimSuffix(script, "\n"), "\n") {
					place = fmt.Sprintf("note on line %d: ", n.Line)
				}
				fmt.Fprintln(p.streams.Err, place+plain.Text(n.Text))
			}
			return nil
		},
	}
}

// script is what to convert: one operand is a line, more are its words, and without any it comes
// from standard input.
func (p *program) script(args []string) (string, error) {
	switch {
	case len(args) > 1:
		return quoted(args), nil
	case len(args) == 1 && args[0] != "-":
		return args[0], nil
	case len(args) == 0 && isTerminal(p.streams.In):
		return "", fail.Usage("eph convert needs a line to convert").Advise("eph convert 'find . -print0 | xargs -0 -n1 gzip'")
	}
	text, err := io.ReadAll(p.streams.In)
	if err != nil {
		return "", fail.Own("cannot read standard input: %w", err)
	}
	return string(text), nil
}

// behindSh is the name of the shell that sh is, if it goes by another one.
func behindSh() string {
	path, err := filepath.EvalSymlinks("/bin/sh")
	if name := filepath.Base(path); err == nil && name != "busybox" {
		return name
	}
	return ""
}

// columnNames are where a command may name the columns of a header.
var columnNames = regexp.MustCompile(`\{([^{}]*[^{}./]+)[./]*\}`)

// accept says why eph would refuse these arguments, or nil. It opens nothing. In the place of a
// value that only the shell knows it takes the example of the flag, and a template with such a
// part is left to the run.
func (p *program) accept(args []convert.Arg) error {
	q := newProgram(p.streams, p.cpus)
	words, clear := make([]string, len(args)), true
	var flag *pflag.Flag // whose value is next
	for i, a := range args {
		words[i] = a.Text
		switch {
		case !a.Known && flag != nil:
			words[i] = sampleOf(flag, q.groups)
		case !a.Known:
			words[i], clear = "x", false
		}
		if flag != nil {
			flag = nil
		} else if f := q.named(a.Text); takesNext(f) {
			flag = f
		}
	}
	if err := q.flags.Parse(unglue(q.flags, words)); err != nil {
		return flagError(err, q.groups)
	}
	plan, err := q.typed.plan(q.flags.Args(), q.cpus)
	if err != nil || !clear && len(plan.Words) < 2 {
		return err
	}
	plan.Template.Operators = q.flags.ArgsLenAtDash() >= 0
	var columns []string
	if plan.Input.Header {
		for _, m := range columnNames.FindAllStringSubmatch(strings.Join(words, " "), -1) {
			columns = append(columns, m[1])
		}
	}
	return run.Check(plan, columns)
}

// named is the flag that an argument names and that has its value in the next, if it has one.
func (p *program) named(arg string) *pflag.Flag {
	if name, ok := strings.CutPrefix(arg, "--"); ok {
		return p.flags.Lookup(name)
	}
	if len(arg) == 2 && arg[0] == '-' {
		return p.flags.ShorthandLookup(arg[1:])
	}
	return nil
}
