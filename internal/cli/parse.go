package cli

import (
	"errors"
	"strings"

	"github.com/spf13/pflag"

	"github.com/mostlylucid/eph/internal/fail"
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

// unknownFlag looks for what was meant: a long name with a slip, or one with a single dash.
func unknownFlag(e *pflag.NotExistError, groups []group) error {
	name := e.GetSpecifiedName()
	shorts := e.GetSpecifiedShortnames()
	if shorts == "" {
		err := fail.Usage("there is no flag --%s", name).Advise("eph help flags")
		if n := fail.Nearest(name, longNames(groups)); n != "" {
			err.Advise("--%s", n)
		}
		return err
	}
	err := fail.Usage("there is no flag -%s", name).Advise("eph help flags")
	if long, _, _ := strings.Cut(shorts, "="); len(long) > 1 {
		for _, n := range longNames(groups) {
			if strings.HasSuffix(n, long) && len(n)-len(long) <= 2 {
				err.Advise("--%s", n)
			}
		}
	}
	return err
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
