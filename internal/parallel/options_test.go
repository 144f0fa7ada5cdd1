package parallel

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mostlylucid/eph/internal/fail"
)

func TestOptions(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"-j4 -kX echo -k", "jobs=4 keep-order= X= | echo -k"},
		{"--jobs=4 --keep-order --max-args 2 -- -x", "jobs=4 keep-order= max-args=2 | -x"},
		{"--max-a 3 --KEEP-ORDER", "max-args=3 keep-order= |"},
		{"-a f -a g -0", "arg-file=f,g null= |"},
		{"-l -l3", "max-lines=,3 |"},
		{"-j", "-j needs a value"},
		{"--null=1", "--null takes no value"},
		{"--nonsense", "there is no option --nonsense"},
		{"-S host", "-S is a part of GNU parallel that eph parallel has not"},
	} {
		options, left, err := Options(strings.Fields(tt.args))
		var got []string
		for _, o := range inside {
			if v, ok := options[o.key()]; ok {
				got = append(got, o.key()+"="+strings.Join(v, ","))
			}
		}
		is := strings.TrimSpace(sorted(fmt.Sprint(strings.Join(got, " "), " | ", strings.Join(left, " "))))
		if err != nil {
			is = err.Error()
		}
		if is != strings.TrimSpace(sorted(tt.want)) && is != tt.want {
			t.Errorf("%q: %s, want %s", tt.args, is, tt.want)
		}
	}
}

// sorted are words before the operands, whatever their order.
func sorted(s string) string {
	options, operands, _ := strings.Cut(s, "|")
	words := strings.Fields(options)
	slices.Sort(words)
	return strings.Join(words, " ") + " |" + operands
}

// TestOutside holds that what eph parallel has not is refused by each of its names, with a way out.
func TestOutside(t *testing.T) {
	for _, o := range outside {
		for name := range strings.SplitSeq(o.names, "|") {
			_, _, err := Options([]string{spelled(name), "value"})
			e, ok := errors.AsType[*fail.Error](err)
			if !ok || !strings.HasPrefix(e.What, spelled(name)+" is a part of GNU parallel") || e.Try == "" {
				t.Errorf("%s: %v, want it refused with a way out", spelled(name), err)
			}
		}
	}
}
