package cli

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/template"
)

// root is the tree of commands: the words that cannot be the name of a program to run, unless
// `run` or `--` stands before them. The list is fixed, so that no later version of eph takes
// a program's name away from a script.
func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:               "eph",
		Args:              cobra.ArbitraryArgs,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		ValidArgsFunction: completeOperand,
		RunE:              func(_ *cobra.Command, operands []string) error { return p.run(operands) },
	}
	root.SetOut(p.streams.Out)
	root.SetErr(p.streams.Err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return commandFlagError(c, err) })
	root.SetHelpFunc(func(c *cobra.Command, _ []string) {
		name := c.Name()
		if name == "run" { // its flags are those of eph
			name = c.Root().Name()
		}
		p.unsaid = p.helpOn(c.Root(), name)
	})

	help := &cobra.Command{
		Use:   "help",
		Short: "explain a topic",

		DisableFlagParsing: true, // a flag is what to explain
		RunE:               func(_ *cobra.Command, topics []string) error { return p.help(root, topics) },
	}
	for _, t := range topics {
		help.ValidArgs = append(help.ValidArgs, cobra.CompletionWithDesc(t.name, t.title))
	}
	root.SetHelpCommand(help)

	runCommand := &cobra.Command{
		Use:               "run",
		Short:             "run the command that follows, whatever its name",
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: root.ValidArgsFunction,
		RunE:              root.RunE,
	}
	root.Flags().AddFlagSet(p.flags)
	runCommand.Flags().AddFlagSet(p.flags)
	for _, c := range []*cobra.Command{root, runCommand} {
		c.Flags().SetInterspersed(false)
	}
	p.completeFlags(root)

	root.AddCommand(help, runCommand, p.ctl(), p.convert(root),
		&cobra.Command{
			Use:       "completion",
			Short:     "print a script that lets a shell complete eph",
			ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
			RunE:      func(_ *cobra.Command, args []string) error { return p.completion(root, args) },
		},
		&cobra.Command{
			Use:   "man",
			Short: "print the manual page",
			RunE:  alone("man", func() error { return p.print(manual(p.groups)) }),
		},
		&cobra.Command{
			Use:   "version",
			Short: "print the version",
			RunE:  alone("version", func() error { return p.print(versionLine()) }),
		},
	)
	for word := range p.standIns() { // without options before it, the word does not come here
		root.AddCommand(&cobra.Command{
			Use:                word,
			Hidden:             true,
			DisableFlagParsing: true,
			ValidArgsFunction:  completeAs[word],
			RunE: func(_ *cobra.Command, args []string) error {
				return fail.Usage("eph %s takes the options of %s, and no options of eph before it", word, word).
					Advise("%s", strings.TrimSpace("eph "+word+" "+quoted(args)))
			},
		})
	}
	root.AddCommand(&cobra.Command{
		Use:                "worker",
		Hidden:             true,
		DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error {
			return fail.Usage("worker is a reserved word, and does nothing in this version of eph").
				Advise("%s", escaped("worker", args))
		},
	})
	return root
}

// words are the names of the commands, as they are listed.
func words(root *cobra.Command) []string {
	var names []string
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	slices.Sort(names)
	return names
}

// perhapsWord advises a word of eph where there is no program of a name that is a slip of one.
func (p *program) perhapsWord(err error, words []string) {
	e, ok := errors.AsType[*fail.Error](err)
	operands := p.flags.Args()
	if !ok || e.Status != fail.NotFound || e.Try != "" || p.literal || len(operands) == 0 {
		return
	}
	for _, w := range words {
		if fail.IsSlip(operands[0], w) {
			e.Advise("%s", strings.TrimSpace("eph "+w+" "+quoted(operands[1:])))
		}
	}
}

// alone is a command that takes no operand.
func alone(word string, do func() error) func(*cobra.Command, []string) error {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return fail.Usage("eph %s takes no operand", word).Place("eph "+word+" "+args[0], len(word)+5, len(args[0])).
				Advise("%s", escaped(word, args))
		}
		return do()
	}
}

// escaped is the command line that runs a program with the name of a command.
func escaped(word string, args []string) string {
	return strings.TrimSpace("eph -- "+word+" "+quoted(args)) + "   (runs the program of this name)"
}

// quoted is words as a shell takes them.
func quoted(words []string) string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = template.Quote(w)
	}
	return strings.Join(all, " ")
}

// locate returns the arguments in a form in which cobra finds the right command: it looks for
// one anywhere among them, and takes -0P 8 for a flag without a value. The flags before the
// first operand are parsed here.
func (p *program) locate(root *cobra.Command, args []string) ([]string, error) {
	if len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		return args, nil
	}
	// ImageMagick has a program of this name, which people run under eph; flags stand before it.
	converts := len(args) > 0 && args[0] == "convert"
	args, err := p.withDefaults(args)
	if err != nil {
		return nil, err
	}
	if err := p.flags.Parse(unglue(p.flags, args)); err != nil {
		return nil, flagError(err, p.groups)
	}
	operands := p.flags.Args()
	p.literal = p.flags.ArgsLenAtDash() >= 0 || len(operands) > 0 && operands[0] == "run"
	named := p.flags.ArgsLenAtDash() < 0 && len(operands) > 0 && slices.Contains(words(root), operands[0]) &&
		(operands[0] != "convert" || converts)
	if named && !bool(p.typed.help || p.typed.version) {
		return operands, nil
	}
	return append([]string{"--"}, operands...), nil
}
