package template

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"mvdan.cc/sh/v3/syntax"

	"github.com/mostlylucid/eph/internal/plain"
)

// Quote returns s as one word of a POSIX shell. What a terminal would act on, or not show, is
// written as a printf that puts it out, so that the word can be shown and still be run, and so is
// what would make it a command to a CI service. Only a newline stands for itself.
func Quote(s string) string {
	if isPlain(s) {
		return s
	}
	if s == "" {
		return "''"
	}
	var b strings.Builder
	commands, all := plain.Commands(s), len(s)
	for s != "" {
		n, shown := 0, false
		for n < len(s) {
			size, ok := showable(s, n)
			ok = ok && !slices.Contains(commands, all-len(s)+n)
			if n > 0 && ok != shown {
				break
			}
			shown = ok
			n += size
		}
		if shown {
			b.WriteString("'" + strings.ReplaceAll(s[:n], "'", `'\''`) + "'")
		} else {
			b.WriteString(`"$(printf '`)
			for _, c := range []byte(s[:n]) {
				fmt.Fprintf(&b, `\%03o`, c)
			}
			b.WriteString(`')"`)
		}
		s = s[n:]
	}
	return b.String()
}

// showable reports whether a terminal does nothing with the character at s[i:] but to show it. What
// joins two pictures to one is that, and invisible anywhere else.
func showable(s string, i int) (size int, ok bool) {
	const joiner, variation = '\u200d', '\ufe0f'
	r, size := utf8.DecodeRuneInString(s[i:])
	if r == joiner {
		before, _ := utf8.DecodeLastRuneInString(strings.TrimSuffix(s[:i], string(variation)))
		after, _ := utf8.DecodeRuneInString(s[i+size:])
		return size, isPicture(before) && isPicture(after)
	}
	return size, r == '\n' || r == ' ' || r != utf8.RuneError && unicode.IsPrint(r)
}

// isPicture reports whether r is an emoji, or what gives one a colour.
func isPicture(r rune) bool {
	return r != utf8.RuneError && (unicode.Is(unicode.So, r) || '🏻' <= r && r <= '🏿')
}

// isShown reports whether a terminal does nothing with s but to show it.
func isShown(s string) bool {
	for i := 0; i < len(s); {
		n, ok := showable(s, i)
		if !ok && s[i] != '\t' {
			return false
		}
		i += n
	}
	return true
}

// isPlain reports whether s needs no quotes as an argument, in any of the shells.
func isPlain(s string) bool {
	if s == "" || s[0] == '=' || syntax.IsKeyword(s) {
		return false
	}
	for _, c := range []byte(s) {
		if !isPlainByte(c) {
			return false
		}
	}
	return true
}

func isPlainByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("_@%+=:,./-", c) >= 0
}

// quoteWord quotes a word of a template: a placeholder that needs no quotes keeps none.
func quoteWord(s string) string {
	if isPlain(strings.NewReplacer("{}", "", "{.}", "", "{/}", "", "{//}", "", "{/.}", "", "{#}", "", "{%}", "").Replace(s) + "x") {
		return s
	}
	return Quote(s)
}

func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quoteWord(w)
	}
	return strings.Join(quoted, " ")
}

// quoteShort quotes a word as GNU parallel does: where it has to, in single quotes, and a single
// quote in double ones.
func quoteShort(s string) string {
	if s == "" {
		return "''"
	}
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+/") == "" {
		return s
	}
	s = "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'"
	return strings.TrimSuffix(strings.TrimPrefix(s, "''"), "''")
}

// showShort is quoteShort of what a terminal can be shown; the rest is written as Quote does.
func showShort(s string) string {
	if isShown(s) {
		return quoteShort(s)
	}
	return Quote(s)
}
