package template

import (
	"strings"
	"testing"

	"github.com/mostlylucid/eph/internal/fail"
)

// TestOperators: a word that was meant for a shell is refused where no shell runs, and a
// pattern or a separator that looks like one is not.
func TestOperators(t *testing.T) {
	for _, c := range []struct {
		words string
		at    int // of the operator in the words joined by a space; -1: none
	}{
		{"echo {} | wc", 8},
		{"echo {} > out", 8},
		{"echo {} >out", 8},
		{"echo {} 2>/dev/null", 8},
		{"echo {} && true", 8},
		{"grep x {} | wc", 10},
		{"cut -f1 {} | wc", 11},
		{"| wc", 0},
		{"grep > {}", -1},
		{"grep -c > {}", -1},
		{"/bin/grep -e | {}", -1},
		{"cut -d | -f1 {}", -1},
		{"sort -t ; {}", -1},
		{"find {} -exec rm ;", -1},
		{"test a < {}", -1},
		{"expr {} | 0", -1},
	} {
		words := strings.Split(c.words, " ")
		_, err := Words(words, Options{})
		f, refused := err.(*fail.Error)
		if refused != (c.at >= 0) {
			t.Errorf("Words(%q): %v", words, err)
		} else if refused && (f.Text[f.At:] == "" || !strings.Contains(f.Try, "eph -- ")) {
			t.Errorf("Words(%q): place %d of %q, try %q", words, f.At, f.Text, f.Try)
		}
		if _, err := Words(words, Options{Operators: true}); err != nil && !strings.HasPrefix(c.words, "|") {
			t.Errorf("Words(%q) with Operators: %v", words, err)
		}
	}
}
