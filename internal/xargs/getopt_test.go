package xargs

import (
	"fmt"
	"strings"
	"testing"
)

func TestOptions(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"-0n2 -P 4 echo -n1", "0 n=2 P=4 | echo -n1"},
		{"--null --max-args=2 --max-procs 4 -- -x", "0 n=2 P=4 | -x"},
		{"--max-a 3 --nu", "n=3 0 |"},
		{"-i -iX --replace --replace=Y -l -l2 -e", "i i=X i i=Y l l=2 e |"},
		{"- -0", "| - -0"},
		{"-I", "option requires an argument -- 'I'"},
		{"--arg-file", "option '--arg-file' requires an argument"},
		{"-0q", "invalid option -- 'q'"},
		{"--null=1", "option '--null' doesn't allow an argument"},
		{"--nonsense=1", "unrecognized option '--nonsense=1'"},
		{"--max", "option '--max' is ambiguous; possibilities: '--max-lines' '--max-args' '--max-chars' '--max-procs'"},
	} {
		var got []string
		command, err := Options(strings.Fields(tt.args), func(name, value string, set bool) error {
			if set {
				name += "=" + value
			}
			got = append(got, name)
			return nil
		})
		is := strings.TrimSpace(fmt.Sprint(strings.Join(got, " "), " | ", strings.Join(command, " ")))
		if err != nil {
			is = err.Error()
		}
		if is != tt.want {
			t.Errorf("%q: %s, want %s", tt.args, is, tt.want)
		}
	}
}

func TestDelimiter(t *testing.T) {
	for in, want := range map[string]string{
		",": ",", `\n`: "\n", `\\`: `\`, `\0`: "\x00", `\x2c`: ",", `\54`: ",", `\377`: "\xff",
	} {
		if got, err := delimiter(in); got != want || err != nil {
			t.Errorf("delimiter(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", "ab", `\q`, `\400`, `\xfff`, `\1z`} {
		if got, err := delimiter(in); err == nil {
			t.Errorf("delimiter(%q) = %q, want an error", in, got)
		}
	}
}
