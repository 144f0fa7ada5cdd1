package xargs

import (
	"fmt"
	"strings"
)

// option is a row of the table of options.
type option struct {
	long  string
	short byte  // 0: only long
	value value // whether it takes one
}

// value says whether an option takes a value.
type value uint8

const (
	none     value = iota
	needed         // the rest of the argument, or the next
	optional       // the rest of the argument, or what follows =
)

// options are those of GNU xargs, in the order in which it lists them as possibilities, and
// the short ones that only BSD has.
var options = []option{
	{"null", '0', none},
	{"arg-file", 'a', needed},
	{"delimiter", 'd', needed},
	{"eof", 'e', optional},
	{"replace", 'i', optional},
	{"max-lines", 'l', optional},
	{"max-args", 'n', needed},
	{"open-tty", 'o', none},
	{"interactive", 'p', none},
	{"no-run-if-empty", 'r', none},
	{"max-chars", 's', needed},
	{"verbose", 't', none},
	{"show-limits", 0, none},
	{"exit", 'x', none},
	{"max-procs", 'P', needed},
	{"process-slot-var", 0, needed},
	{"version", 0, none},
	{"help", 0, none},
	{"", 'E', needed},
	{"", 'I', needed},
	{"", 'L', needed},
	{"", 'J', needed},
	{"", 'R', needed},
	{"", 'S', needed},
}

// given is an option that was given.
type given struct {
	name  string // the short spelling if there is one, without dashes
	value string
	set   bool // it has a value
}

// Options reads a command line without its first word as xargs does. It calls take for each option
// with its short spelling if it has one, without dashes, and with its value; set says whether it
// has one. What is left is the command.
func Options(args []string, take func(name, value string, set bool) error) (command []string, err error) {
	return getopt(args, func(g given) error { return take(g.name, g.value, g.set) })
}

// Names are the long names of the options, with their dashes.
func Names() (names []string) {
	for _, o := range options {
		if o.long != "" {
			names = append(names, "--"+o.long)
		}
	}
	return names
}

// getopt takes the options off the front of args, as getopt_long(3) does with an order that
// begins with a plus. It calls take for each as it is found, and stops at its first error.
func getopt(args []string, take func(given) error) (operands []string, err error) {
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
			args, err = long(name, args, take)
		} else {
			args, err = short(arg[1:], args, take)
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// long takes one long option, of which the name may be cut where it stays unambiguous.
func long(text string, rest []string, take func(given) error) ([]string, error) {
	name, val, has := strings.Cut(text, "=")
	o, err := longOption(name, text)
	if err != nil {
		return nil, err
	}
	switch {
	case has && o.value == none:
		return nil, fmt.Errorf("option '--%s' doesn't allow an argument", o.long)
	case !has && o.value == needed && len(rest) == 0:
		return nil, fmt.Errorf("option '--%s' requires an argument", o.long)
	case !has && o.value == needed:
		val, has, rest = rest[0], true, rest[1:]
	}
	return rest, take(given{o.name(), val, has})
}

func (o *option) name() string {
	if o.short != 0 {
		return string(rune(o.short))
	}
	return o.long
}

func longOption(name, text string) (*option, error) {
	var like []*option
	for i := range options {
		switch o := &options[i]; {
		case o.long == "":
		case o.long == name:
			return o, nil
		case strings.HasPrefix(o.long, name):
			like = append(like, o)
		}
	}
	switch len(like) {
	case 0:
		return nil, fmt.Errorf("unrecognized option '--%s'", text)
	case 1:
		return like[0], nil
	}
	what := fmt.Sprintf("option '--%s' is ambiguous; possibilities:", text)
	for _, o := range like {
		what += " '--" + o.long + "'"
	}
	return nil, fmt.Errorf("%s", what)
}

// short takes the options of one cluster.
func short(cluster string, rest []string, take func(given) error) ([]string, error) {
	for i := 0; i < len(cluster); i++ {
		o := lettered(cluster[i])
		if o == nil {
			return nil, fmt.Errorf("invalid option -- '%s'", cluster[i:i+1])
		}
		if o.value == none {
			if err := take(given{name: o.name()}); err != nil {
				return nil, err
			}
			continue
		}
		val := cluster[i+1:]
		has := val != ""
		if !has && o.value == needed {
			if len(rest) == 0 {
				return nil, fmt.Errorf("option requires an argument -- '%s'", cluster[i:i+1])
			}
			val, has, rest = rest[0], true, rest[1:]
		}
		return rest, take(given{o.name(), val, has})
	}
	return rest, nil
}

func lettered(c byte) *option {
	for i := range options {
		if options[i].short == c {
			return &options[i]
		}
	}
	return nil
}
