package signals_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/mostlylucid/eph/pkg/signals"
)

func TestPattern(t *testing.T) {
	for _, tt := range []struct {
		pattern, name string
		want          bool
	}{
		{"job.failed", "job.failed", true},
		{"job.failed", "job.failed.twice", false},
		{"job.failed", "Job.failed", false},
		{"job.*", "job.failed", true},
		{"job.*", "job.", true},
		{"job.*", "job", false},
		{"job.*", "job.a.b.c", true},
		{"*.failed", "job.failed", true},
		{"*.failed", ".failed", true},
		{"*.failed", "job.failed.twice", false},
		{"*", "", true},
		{"*", "anything at all", true},
		{"**", "", true},
		{"a*c", "abbc", true},
		{"a*c", "ac", true},
		{"a*c", "acb", false},
		{"*mid*", "a.mid.b", true},
		{"*mid*", "a.mi.b", false},
		{"a*b*c", "a1b2b3c", true},
		{"*a*b", "abab", true},
		{"*ab", "aab", true},
		{"?", "x", true},
		{"?", "", false},
		{"?", "é", false}, // two bytes
		{"??", "é", true},
		{"job.?", "job.1", true},
		{"job.?", "job.12", false},
		{"*?", "", false},
		{"*?", "a", true},
		{"a.*,b.*", "b.x", true},
		{"a.*,b.*", "c.x", false},
		{"a, b", "b", false}, // a space is a byte like any other
		{"a, b", " b", true},
	} {
		if got := signals.MustCompile(tt.pattern).Match(tt.name); got != tt.want {
			t.Errorf("MustCompile(%q).Match(%q) = %v, want %v", tt.pattern, tt.name, got, tt.want)
		}
		if got := signals.Match(tt.pattern, tt.name); got != tt.want {
			t.Errorf("Match(%q, %q) = %v, want %v", tt.pattern, tt.name, got, tt.want)
		}
	}
}

func TestPatternText(t *testing.T) {
	const text = "a**b,c?"
	if got := signals.MustCompile(text).String(); got != text {
		t.Errorf("MustCompile(%q).String() = %q, want the same", text, got)
	}
	var zero signals.Pattern
	if zero.Match("") || zero.Match("a") || zero.String() != "" {
		t.Errorf("the zero Pattern matches something or is called %q", zero)
	}
}

func TestCompileError(t *testing.T) {
	_, err := signals.Compile("a,,b")
	if got, want := err.Error(), `signals: pattern "a,,b": empty alternative at byte 2`; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
	for pattern, at := range map[string]int{"": 0, ",a": 0, "a,": 2, "a,,b": 2, "ab,c,": 5} {
		_, err := signals.Compile(pattern)
		wrong, ok := errors.AsType[*signals.PatternError](err)
		if !ok || wrong.At != at || wrong.Pattern != pattern {
			t.Errorf("Compile(%q) = %v, want a PatternError at %d", pattern, err, at)
		}
		if signals.Match(pattern, "") {
			t.Errorf("Match(%q, \"\") = true, want false", pattern)
		}
	}
}

// tableMatch is the plain algorithm: fits[n] says whether the pattern so far fits name[:n].
func tableMatch(pattern, name string) bool {
	for alternative := range strings.SplitSeq(pattern, ",") {
		fits := make([]bool, len(name)+1)
		fits[0] = true
		for _, p := range []byte(alternative) {
			next := make([]bool, len(name)+1)
			for n := range next {
				if p == '*' {
					next[n] = fits[n] || n > 0 && next[n-1]
				} else {
					next[n] = n > 0 && fits[n-1] && (p == '?' || p == name[n-1])
				}
			}
			fits = next
		}
		if fits[len(name)] {
			return true
		}
	}
	return false
}

func FuzzPattern(f *testing.F) {
	for _, seed := range [][2]string{
		{"*a*b?c", "xxaybzc"}, {"a*,*b", "ab"}, {"**??*", "abc"}, {"a*a*a*a*b", "aaaaaaaaaaaa"}, {"", ""}, {",", ","},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if len(pattern)*len(name) > 1<<16 {
			return
		}
		p, err := signals.Compile(pattern)
		empty := pattern == "" || strings.HasPrefix(pattern, ",") || strings.HasSuffix(pattern, ",") || strings.Contains(pattern, ",,")
		if (err != nil) != empty {
			t.Fatalf("Compile(%q) = %v, want an error: %v", pattern, err, empty)
		}
		if err != nil {
			return
		}
		if got, want := p.Match(name), tableMatch(pattern, name); got != want {
			t.Errorf("Compile(%q).Match(%q) = %v, want %v", pattern, name, got, want)
		}
	})
}

// TestPatternSmall compares every short pattern with every short name.
func TestPatternSmall(t *testing.T) {
	names := words("ab", 5)
	for _, pattern := range words("ab*?", 4) {
		if pattern == "" {
			continue
		}
		p := signals.MustCompile(pattern)
		for _, name := range names {
			if got, want := p.Match(name), tableMatch(pattern, name); got != want {
				t.Fatalf("MustCompile(%q).Match(%q) = %v, want %v", pattern, name, got, want)
			}
		}
	}
}

// words are all strings over an alphabet up to a length.
func words(alphabet string, longest int) []string {
	all := []string{""}
	for from := 0; longest > 0; longest-- {
		to := len(all)
		for _, w := range all[from:to] {
			for _, c := range alphabet {
				all = append(all, w+string(c))
			}
		}
		from = to
	}
	return all
}

// TestExact: a name matches the pattern that is made of it, and nothing else does.
func TestExact(t *testing.T) {
	for _, name := range []string{"a", "a,b", "b,,c", "anomaly.login.failed,auth.*", "a?", "**", ""} {
		p := signals.Exact(name)
		if p.String() != name {
			t.Errorf("%q: String() = %q", name, p)
		}
		for _, other := range []string{"a", "b", "a,b", "b,,c", "anomaly.login.failed,auth.*", "a?", "ab", "**", ""} {
			if p.Match(other) != (name == other) {
				t.Errorf("Exact(%q) and %q", name, other)
			}
		}
	}
	var s signals.Sink
	s.OnChange(signals.MustCompile("a,b"), func(bool) {})
	s.Set("a", "", 0)
	if s.Holds(signals.Exact("a,b")) || !s.Holds(signals.MustCompile("a,b")) {
		t.Error("a pattern is taken for the name that it is written as")
	}
}
