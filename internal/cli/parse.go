package cli

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mostlylucid/eph/internal/convert"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/template"
)

// flagError says in eph's words what is wrong with a flag. pflag's error is the cause.
func flagError(err error, groups []group) error {
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		return unknownFlag(e, groups)
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		name := "--" + e.GetFlag().Name
		if e.GetSpecifiedShortnames() != "" {
			name = "-" + e.GetSpecifiedName()
		}
		return fail.Usage("%s needs a value", name).Place(name, len(name), 1).Advise("%s %s", name, sampleOf(e.GetFlag(), groups))
	}
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		name := "--" + e.GetFlag().Name
		return fail.Usage("%s: %s", name, e.Unwrap()).Place(name+"="+e.GetValue(), len(name)+1, len(e.GetValue())).Advise("%s", name)
	}
	if e, ok := errors.AsType[*pflag.InvalidSyntaxError](err); ok {
		return fail.Usage("%s is not a flag", e.GetSpecifiedFlag()).Advise("eph help flags")
	}
	return fail.Usage("%s", err)
}

// commandFlagError is flagError for the flags of a command such as eph ctl: those of a run, which
// are read before cobra has the line, are none of them.
func commandFlagError(c *cobra.Command, err error) error {
	e, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return flagError(err, nil)
	}
	name := "--" + e.GetSpecifiedName()
	if e.GetSpecifiedShortnames() != "" {
		name = "-" + e.GetSpecifiedName()
	}
	return fail.Usage("eph %s has no flag %s", c.Name(), name).Advise("eph help %s", c.Name())
}

// unknownFlag looks for what was meant: a long name with a slip, or one with a single dash.
func unknownFlag(e *pflag.NotExistError, groups []group) error {
	name := e.GetSpecifiedName()
	shorts := e.GetSpecifiedShortnames()
	if shorts == "" {
		err := fail.Usage("there is no flag --%s", name).Advise("eph help flags")
		same := func(n string) bool { return strings.ReplaceAll(n, "-", "") == strings.ReplaceAll(name, "-", "") }
		if i := slices.IndexFunc(longNames(groups), same); i >= 0 {
			err.Advise("--%s", longNames(groups)[i])
		} else if like := wordOf(name, longNames(groups)); convert.Instead(name) != "" {
			err.Advise("%s", instead(name, groups))
		} else if len(like) > 0 {
			err.Advise("--%s", strings.Join(like, ", --"))
		} else if n := fail.Nearest(name, longNames(groups)); n != "" {
			err.Advise("--%s", n)
		}
		return err
	}
	err := fail.Usage("there is no flag -%s", name).Advise("eph help flags")
	if alone := len(shorts) < 2 || strings.ContainsAny(shorts[1:2], "{%@=0123456789"); alone && convert.Instead(name) != "" {
		err.Advise("%s", instead(name, groups))
	}
	if long, _, _ := strings.Cut(shorts, "="); len(long) > 1 {
		for _, n := range longNames(groups) {
			if strings.HasSuffix(n, long) && len(n)-len(long) <= 2 {
				err.Advise("--%s", n)
			}
		}
	}
	return err
}

// instead is what to write in the place of a flag of xargs or parallel.
func instead(name string, groups []group) string {
	text := convert.Instead(name)
	for _, g := range groups {
		for i := range g.flags {
			f := &g.flags[i]
			if (text == "--"+f.name || text == "-"+f.short) && f.metavar != "" {
				return text + " " + f.metavar
			}
		}
	}
	return text
}

// wordOf are the names of which one word, between dashes, is this.
func wordOf(word string, names []string) (like []string) {
	for _, n := range names {
		if slices.Contains(strings.Split(n, "-"), word) {
			like = append(like, n)
		}
	}
	return like
}

// perhapsValue advises the value of a flag for a word that is no program, and stands behind a flag
// that takes a value only behind =, or none.
func (p *program) perhapsValue(err error, args []string) {
	e, ok := errors.AsType[*fail.Error](err)
	operands := p.flags.Args()
	before := len(args) - len(operands) - 1
	if !ok || e.Status != fail.NotFound || e.Try != "" || p.literal || len(operands) == 0 || before < 0 {
		return
	}
	name, long := strings.CutPrefix(args[before], "--")
	for _, g := range p.groups {
		for _, f := range g.flags {
			switch {
			case !long || f.name != name:
			case f.optional != "":
				e.Advise("--%s=%s", name, template.Quote(operands[0]))
			case f.name == "header":
				e.Advise("-H")
			}
		}
	}
}

func longNames(groups []group) []string {
	var names []string
	for _, g := range groups {
		for _, f := range g.flags {
			names = append(names, f.name)
			if f.alias != "" {
				names = append(names, f.alias)
			}
		}
	}
	return names
}

// sampleOf is a value to try for a flag of pflag's.
func sampleOf(p *pflag.Flag, groups []group) string {
	for _, g := range groups {
		for _, f := range g.flags {
			if f.value == p.Value {
				return f.sample()
			}
		}
	}
	return ""
}
