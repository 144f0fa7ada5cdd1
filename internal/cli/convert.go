package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mostlylucid/eph/internal/convert"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/plain"
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
			converted, notes, err := convert.Script(script)
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
