package fail

import "testing"

func TestNearest(t *testing.T) {
	known := []string{"retries", "retry-on", "key", "key-jobs", "jobs", "json", "lb"}
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

func TestLevenshtein(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"abc", "", 3}, {"", "abc", 3}, {"abc", "abc", 0}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}, {"ab", "ba", 2},
	} {
		if got := levenshtein(tt.a, tt.b); got != tt.want {
			t.Errorf("levenshtein(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
