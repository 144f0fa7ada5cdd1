package cli

import (
	"regexp"
	"strings"

	"github.com/spf13/pflag"
)

// number is a value such as -j and -n take.
var number = regexp.MustCompile(`^[+-]?[0-9]+(?:\.[0-9]+)?%?`)

// unglue takes clusters such as -0P8n1 apart, after a number that other flags follow: -0P8
// -n1. pflag, like getopt, takes all that follows P for its value, and no number has letters.
// Arguments from the first operand on are left alone.
func unglue(fs *pflag.FlagSet, args []string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" || arg == "-" || !strings.HasPrefix(arg, "-") {
			return append(out, args[i:]...)
		}
		pieces, valued := []string{arg}, takesNext(fs.Lookup(strings.TrimPrefix(arg, "--")))
		if !strings.HasPrefix(arg, "--") {
			pieces, valued = unglueShort(fs, arg)
		}
		out = append(out, pieces...)
		if valued && i+1 < len(args) {
			i++
			out = append(out, args[i])
		}
	}
	return out
}

// unglueShort takes one cluster apart. valued says that the value of its last flag is the
// next argument.
func unglueShort(fs *pflag.FlagSet, cluster string) (pieces []string, valued bool) {
	if strings.HasPrefix(cluster, "-test.") {
		return []string{"-t", "-" + cluster[2:]}, false // or pflag would pass over it without a word
	}
	for i := 1; i < len(cluster); i++ {
		f := fs.ShorthandLookup(cluster[i : i+1])
		if f == nil || f.NoOptDefVal != "" {
			continue
		}
		value := cluster[i+1:]
		n := len(number.FindString(value))
		if n == 0 || n == len(value) || !isCount(f) || fs.ShorthandLookup(value[n:n+1]) == nil {
			return []string{cluster}, value == ""
		}
		rest, valued := unglueShort(fs, "-"+value[n:])
		return append([]string{cluster[:i+1+n]}, rest...), valued
	}
	return []string{cluster}, false
}

func takesNext(f *pflag.Flag) bool { return f != nil && f.NoOptDefVal == "" }

// isCount reports whether the value of a flag is a number.
func isCount(f *pflag.Flag) bool {
	t, ok := f.Value.(*text)
	return ok && t.count
}
