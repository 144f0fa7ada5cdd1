// Package plain makes text from users and jobs safe for a terminal: no byte of it can move the
// cursor, set a colour or a title, or reverse the writing direction; nor can it be a command to a
// CI service that reads what a step prints.
package plain

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text shows every control character, line separator and directional mark of s, and every
// byte that is not UTF-8, as an escape such as \x1b or \u202e; and the second sign of what would
// be a command to a CI service. Other text is unchanged.
func Text(s string) string {
	for _, i := range Commands(s) {
		s = s[:i] + fmt.Sprintf(`\x%02x`, s[i]) + s[i+1:]
	}
	if !strings.ContainsFunc(s, steers) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case !steers(r):
			b.WriteString(s[i : i+n])
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += n
	}
	return b.String()
}

// Cut is Text cut to at most n characters, the last of which is then an ellipsis.
func Cut(s string, n int) string { return CutTo(s, n, "…") }

// CutTo is Cut with another sign for what is left out.
func CutTo(s string, n int, rest string) string {
	if len(s) > 4*n {
		s = s[:4*n] // enough for n characters, so that a huge item costs nothing
	}
	s = Text(s)
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:max(0, n-utf8.RuneCountInString(rest))]) + rest
}

// Whole takes an incomplete character off the end of s.
func Whole[T string | []byte](s T) T {
	for i := len(s) - 1; i >= 0 && i > len(s)-utf8.UTFMax; i-- {
		if utf8.RuneStart(s[i]) {
			if !utf8.FullRune([]byte(s[i:])) {
				return s[:i]
			}
			break
		}
	}
	return s
}

// UTF8 reports whether the locale that these variables choose has all characters.
func UTF8(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}

// command matches what a service reads as a command: ::name at the start of a line (GitHub), and
// ##[name or ##name[ anywhere (GitHub, Azure Pipelines, TeamCity).
var command = regexp.MustCompile(`(?m)^[\s\p{Z}]*:(:)[A-Za-z-]+(?: |::)|#(#)[A-Za-z]*\[`)

// Commands are the places of the bytes without which s holds no command to a CI service, the last
// one first.
func Commands(s string) []int {
	if !strings.Contains(s, "::") && !strings.Contains(s, "##") {
		return nil
	}
	var at []int
	for _, m := range command.FindAllStringSubmatchIndex(s, -1) {
		at = append([]int{max(m[2], m[4])}, at...)
	}
	return at
}

// JSON is JSON with the same meaning that can neither steer a terminal nor be a command to a CI
// service. Of controls encoders escape no more than they have to.
func JSON(text []byte) []byte {
	if bytes.Contains(text, []byte("##")) {
		text = bytes.ReplaceAll(text, []byte("##"), []byte(`#\u0023`))
	}
	steers := func(r rune) bool { return r >= 0x7f && steers(r) } // what is below stands between values
	if !bytes.ContainsFunc(text, steers) {
		return text
	}
	var b []byte
	for _, r := range string(text) {
		if steers(r) {
			b = fmt.Appendf(b, `\u%04x`, r)
		} else {
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}

// steers reports whether a character can do more than stand in its place: controls, C1 ones
// too, separators of lines, marks of direction, and what is not UTF-8. The joiners within
// words and emoji can not.
func steers(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) || r == utf8.RuneError
}
