package plain

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"plain text, 日本語 é 😀", "plain text, 日本語 é 😀"},
		{"a\x1b]0;owned\x07b", `a\x1b]0;owned\x07b`},
		{"a\nb\tc\rd", `a\nb\tc\rd`},
		{"\x7f", `\x7f`},
		{"\u0085\u009b31m", `\u0085\u009b31m`},
		{"\u202egnp.exe", `\u202egnp.exe`},
		{"a\u2028b", `a\u2028b`},
		{"\U0001f469\u200d\U0001f4bb", "\U0001f469\u200d\U0001f4bb"},
		{"caf\xe9", `caf\xe9`},
		{"\ufffd", `\ufffd`},
		{"::set-env name=X::y", `:\x3aset-env name=X::y`},
		{" \t::endgroup::", ` \t:\x3aendgroup::`},
		{"a\n::error::b", `a\n:\x3aerror::b`},
		{"a ##[error]b ##vso[task.x]c", `a #\x23[error]b #\x23vso[task.x]c`},
		{"###[x", `##\x23[x`},
		{"::1 a::b ## [x] std::string", "::1 a::b ## [x] std::string"},
	} {
		if got := Text(c.in); got != c.want {
			t.Errorf("Text(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{"short", 5, "short"},
		{"longer", 5, "long…"},
		{"日本語日本語", 4, "日本語…"},
		{"a\x1bbcdef", 6, `a\x1b…`},
		{strings.Repeat("x", 1<<20), 3, "xx…"},
	} {
		if got := Cut(c.in, c.n); got != c.want {
			t.Errorf("Cut(%.10q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
	}
}

func TestJSON(t *testing.T) {
	const text = "##[error]\\##vso[x]### \"##\" \x1b[2J \x7f \u0085\u009b31m \u202egnp.exe \u2066 \ufffd \u65e5 \U0001f600"
	line, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	got := JSON(line)
	var is string
	if err := json.Unmarshal(got, &is); err != nil || is != text {
		t.Errorf("JSON(%s) is %q (%v)", line, is, err)
	}
	if Text(string(got)) != string(got) {
		t.Errorf("JSON(%s) = %s, which is not fit to be shown", line, got)
	}
	for _, same := range []string{"{\n  \"a\": 1\n}\n", `"\u65e5"`, "\"\u65e5\U0001f600\""} {
		if got := JSON([]byte(same)); string(got) != same {
			t.Errorf("JSON(%q) = %q", same, got)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\x1b[31m\u202e\xff")
	f.Fuzz(func(t *testing.T, s string) {
		got := Text(s)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("Text(%q) = %q holds what can steer a terminal", s, got)
		}
		if len(Commands(got)) > 0 {
			t.Errorf("Text(%q) = %q holds a command", s, got)
		}
		if again := Text(got); again != got {
			t.Errorf("Text(Text(%q)) = %q, want %q", s, again, got)
		}
	})
}
