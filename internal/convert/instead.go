package convert

import "github.com/mostlylucid/eph/internal/parallel"

// own are words that people bring from xargs and elsewhere, and that parallel has not, or has for
// something else.
var own = map[string]string{
	"i":         "nothing: {} is the item; -I R has R for it",
	"e":         "-E S",
	"l":         "-L N",
	"R":         "nothing: {} is replaced wherever it stands",
	"J":         "{} in the command",
	"quiet":     "--summary none",
	"parallel":  "eph parallel, in place of parallel",
	"xargs":     "eph xargs, in place of xargs",
	"max-procs": "-j N",
}

// Instead says what to write to eph in the place of an option of parallel or xargs, which is given
// by one of its names without dashes. "" means that neither has such an option, or that eph has it.
func Instead(name string) string {
	if text, ok := own[name]; ok {
		return text
	}
	key, outside := parallel.Named(name)
	if outside != "" {
		return outside
	}
	for _, r := range rules {
		if r.option == key {
			if r.refuse != "" {
				return r.refuse
			}
			return r.flag
		}
	}
	return silent[key]
}
