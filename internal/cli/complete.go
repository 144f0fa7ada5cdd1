package cli

import (
	_ "embed"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/parallel"
	"github.com/mostlylucid/eph/internal/xargs"
)

// bashNeeds are the functions of the package bash-completion that cobra's script calls, for a bash
// without that package.
//
//go:embed complete.bash
var bashNeeds string

// completion prints the script for a shell.
func (p *program) completion(root *cobra.Command, args []string) error {
	shell := ""
	if len(args) == 1 {
		shell = args[0]
	}
	switch shell {
	case "bash":
		if err := p.print(bashNeeds); err != nil {
			return err
		}
		return written(root.GenBashCompletionV2(p.streams.Out, true))
	case "zsh":
		return written(root.GenZshCompletion(p.streams.Out))
	case "fish":
		return written(root.GenFishCompletion(p.streams.Out, true))
	case "powershell":
		return written(root.GenPowerShellCompletionWithDesc(p.streams.Out))
	}
	return fail.Usage("eph completion needs a shell: bash, zsh, fish or powershell").
		Advise(`eval "$(eph completion bash)"`)
}

// completeFlags says what the values of flags can be.
func (p *program) completeFlags(c *cobra.Command) {
	for _, g := range p.groups {
		for _, f := range g.flags {
			complete := cobra.FixedCompletions(f.choices, cobra.ShellCompDirectiveNoFileComp)
			switch {
			case f.metavar == "":
				continue
			case f.metavar == "F" || f.metavar == "PATH" || f.metavar == "R":
				complete = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault)
			case f.metavar == "DIR":
				complete = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
			}
			for _, name := range []string{f.name, f.alias} {
				if name != "" {
					// It fails for a flag that does not exist, or has one already: neither can be.
					_ = c.RegisterFlagCompletionFunc(name, complete)
				}
			}
		}
	}
}

// completeOperand offers programs for the first operand and files for the others.
func completeOperand(_ *cobra.Command, operands []string, start string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(operands) > 0 || strings.Contains(start, "/") {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return programs(os.Getenv("PATH"), start), cobra.ShellCompDirectiveDefault
}

// completeStandIn offers the options of a program that eph stands in for, and, once there is an
// operand, what eph offers for a command. operands reads the options.
func completeStandIn(names []string, operands func(args []string) ([]string, error)) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, start string) ([]cobra.Completion, cobra.ShellCompDirective) {
		left, err := operands(args)
		switch {
		case err != nil: // the last one needs a value
			return nil, cobra.ShellCompDirectiveDefault
		case len(left) == 0 && strings.HasPrefix(start, "-"):
			return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !strings.HasPrefix(n, start) }), cobra.ShellCompDirectiveNoFileComp
		}
		return completeOperand(c, left, start)
	}
}

// completeAs are the completions of the programs that eph stands in for.
var completeAs = map[string]cobra.CompletionFunc{
	"xargs": completeStandIn(xargs.Names(), func(args []string) ([]string, error) {
		return xargs.Options(args, func(string, string, bool) error { return nil })
	}),
	"parallel": completeStandIn(parallel.Names(), func(args []string) ([]string, error) {
		_, operands, err := parallel.Options(args)
		return operands, err
	}),
}

// programs are the names of what can be executed along a path, in order and each once.
func programs(path, prefix string) []string {
	var names []string
	for _, dir := range filepath.SplitList(path) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), prefix) {
				continue
			}
			st, err := os.Stat(filepath.Join(dir, e.Name()))
			if err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
				names = append(names, e.Name())
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
