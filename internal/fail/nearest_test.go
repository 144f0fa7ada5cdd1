package fail

import "testing"

func TestNearest(t *testing.T) {
	known := []string{"retries", "retry-on", "key", "key-jobs", "json", "jobs", "lb"}
	for _, tt := range []struct{ in, want string }{
		{"retrys", "retries"},
		{"retrie", "retries"},
		{"retry", "retries"},
		{"retry-no", "retry-on"},
		{"jbos", "jobs"},
		{"jsno", "json"},
		{"keyjobs", "key-jobs"},
		{"xx", ""},
		{"something", ""},
		{"x", ""},
		{"", ""},
	} {
		if got := Nearest(tt.in, known); got != tt.want {
			t.Errorf("Nearest(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"abc", "", 3},
		{"", "abc", 3},
		{"abc", "abc", 0},
		{"kitten", "sitting", 3},
		{"flaw", "lawn", 2},
		{"ab", "ba", 1},
		{"jbos", "jobs", 1},
		{"abcd", "badc", 2},
		{"ca", "abc", 3},
	} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestIsSlip(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"gerp", "grep", true},
		{"grp", "grep", true},
		{"greep", "grep", true},
		{"grap", "grep", true},
		{"grep", "grep", false},
		{"gr", "grep", false},
		{"perg", "grep", false},
		{"a", "b", false},
		{"", "a", false},
		{"ab", "ba", true},
		{"ab", "abc", true},
		{"greps", "grep", true},
		{"ca", "abc", false},
	} {
		if got := IsSlip(c.a, c.b); got != c.want {
			t.Errorf("IsSlip(%q, %q) = %t, want %t", c.a, c.b, got, c.want)
		}
	}
}
