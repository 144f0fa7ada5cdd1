package parallel

import (
	"regexp"
	"slices"
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
)

// option is a row of the table of options.
type option struct {
	names string // separated by |; those of one letter are short
	value value
	does  string // what it does; or of those outside, what to do in its place
}

// value says what an option takes.
type value uint8

const (
	none     value = iota
	needed         // the rest of the argument, or the next
	optional       // the rest of the argument, or the next unless that begins with a dash
	perhaps        // a number like that
)

// The options of GNU parallel 20221122, in the order of the help.
var options = slices.Concat(inside, outside)

// key is the name by which the program asks for an option: the first one.
func (o *option) key() string {
	name, _, _ := strings.Cut(o.names, "|")
	return name
}

// spelled is a name with its dashes.
func spelled(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// given are the values of the options that were given, by their keys; an option without a value
// has "".
type given map[string][]string

func (g given) has(key string) bool { return len(g[key]) > 0 }

// last is the value that counts of several, or "".
func (g given) last(key string) string {
	if all := g[key]; len(all) > 0 {
		return all[len(all)-1]
	}
	return ""
}

// parse takes the options off the front of args, as Getopt::Long does with bundling and
// require_order, and returns the operands.
func (g given) parse(args []string) (operands []string, err error) {
	for len(args) > 0 {
		arg := args[0]
		if arg == "-" || !strings.HasPrefix(arg, "-") {
			return args, nil
		}
		args = args[1:]
		if arg == "--" {
			return args, nil
		}
		if name, ok := strings.CutPrefix(arg, "--"); ok {
			args, err = g.long(name, args)
		} else {
			args, err = g.short(arg[1:], args)
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// long takes one long option, of which the name may be cut where it stays unambiguous.
func (g given) long(text string, rest []string) ([]string, error) {
	name, val, has := strings.Cut(text, "=")
	o, err := longOption(name)
	if err != nil {
		return nil, err
	}
	if has && o.value == none {
		return nil, fail.Usage("--%s takes no value", name).Place("--"+text, len("--"+name), len(val)+1)
	}
	return g.take(o, "--"+name, val, has, rest)
}

// short takes the options of one cluster.
func (g given) short(cluster string, rest []string) (_ []string, err error) {
	for i := 0; i < len(cluster); i++ {
		name := cluster[i : i+1]
		o := named(name)
		if o == nil {
			return nil, unknown("-"+name, "-"+cluster, i+1)
		}
		if o.value == none {
			if rest, err = g.take(o, "-"+name, "", false, rest); err != nil {
				return nil, err
			}
			continue
		}
		val := cluster[i+1:]
		if o.value == perhaps && val != "" && !isNumber(val) {
			val = leadingNumber(val)
			if rest, err = g.take(o, "-"+name, val, true, rest); err != nil {
				return nil, err
			}
			i += len(val)
			continue
		}
		return g.take(o, "-"+name, strings.TrimPrefix(val, "="), val != "", rest)
	}
	return rest, nil
}

// take stores one option. has says that a value came with it.
func (g given) take(o *option, name, val string, has bool, rest []string) ([]string, error) {
	switch {
	case has || o.value == none:
	case o.value == needed:
		if len(rest) == 0 {
			return nil, fail.Usage("%s needs a value", name)
		}
		val, rest = rest[0], rest[1:]
	case len(rest) > 0 && (o.value == optional && !strings.HasPrefix(rest[0], "-") || o.value == perhaps && isNumber(rest[0])):
		val, rest = rest[0], rest[1:]
	}
	if o.outside() {
		return nil, fail.Usage("eph parallel does not support %s of GNU parallel", name).Advise("%s", o.does)
	}
	g[o.key()] = append(g[o.key()], val)
	return rest, nil
}

var wholeNumber, atFront = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`), regexp.MustCompile(`^[0-9]*`)

func isNumber(s string) bool        { return wholeNumber.MatchString(s) }
func leadingNumber(s string) string { return atFront.FindString(s) }
func (o *option) has(n string) bool { return slices.Contains(strings.Split(o.names, "|"), n) }
func (o *option) outside() bool {
	return slices.ContainsFunc(outside, func(x option) bool { return x.names == o.names })
}

func named(name string) *option {
	for i := range options {
		if options[i].has(name) {
			return &options[i]
		}
	}
	return nil
}

func longOption(name string) (*option, error) {
	lower := strings.ToLower(name)
	if o := named(lower); o != nil && len(name) > 0 {
		return o, nil
	}
	var like []*option
	var names []string
	for i := range options {
		for n := range strings.SplitSeq(options[i].names, "|") {
			if len(n) > 1 && strings.HasPrefix(strings.ToLower(n), lower) {
				names = append(names, "--"+n)
				if !slices.Contains(like, &options[i]) {
					like = append(like, &options[i])
				}
			}
		}
	}
	switch len(like) {
	case 0:
		return nil, unknown("--"+name, "--"+name, 0)
	case 1:
		return like[0], nil
	}
	return nil, fail.Usage("--%s is ambiguous: it can be any of %s", name, strings.Join(names, ", "))
}

// unknown is the error for an option that GNU parallel has not either.
func unknown(name, arg string, at int) error {
	var known []string
	for _, o := range inside {
		for n := range strings.SplitSeq(o.names, "|") {
			if len(n) > 1 {
				known = append(known, "--"+n)
			}
		}
	}
	err := fail.Usage("there is no option %s", name).Place(arg, at, max(1, len(arg)-at)).Advise("parallel --help")
	if near := fail.Nearest(name, known); near != "" {
		_ = err.Advise("%s", near)
	}
	return err
}

// Options reads a command line without its first word as parallel does, and without the profiles
// and the environment that add to it. It returns the values of each option by the first of its
// names in the table, "" for one without a value, and what is left: the command and its sources.
func Options(args []string) (options map[string][]string, operands []string, err error) {
	g := make(given)
	operands, err = g.parse(args)
	return g, operands, err
}

// TakesValue reports whether an option, by the name that Options gives it, has a value.
func TakesValue(option string) bool {
	o := named(option)
	return o != nil && o.value != none
}

// Named is the name that Options gives the option with this one, without dashes; or, for an option
// that eph parallel has not, what to do in its place.
func Named(name string) (option, outside string) {
	o := named(name)
	switch {
	case o == nil:
		return "", ""
	case o.outside():
		return "", o.does
	}
	return o.key(), ""
}

// Names are the first long names of the options that eph parallel has, with their dashes.
func Names() (names []string) {
	for _, o := range inside {
		for n := range strings.SplitSeq(o.names, "|") {
			if len(n) > 1 {
				names = append(names, "--"+n)
				break
			}
		}
	}
	return names
}
