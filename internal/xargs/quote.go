package xargs

import (
	"fmt"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mostlylucid/eph/internal/plain"
)

// named is a name as messages show it.
func named(name string) string {
	if plain.UTF8(os.Getenv) {
		return "‘" + name + "’"
	}
	return "'" + name + "'"
}

// shellWord is a word as -t and -p show it: as it is where no shell would act on it; else in
// double quotes, if that takes no escape, or in single quotes, with what cannot be shown as an
// octal number or a letter in $'…'.
func shellWord(s string, utf8 bool) string {
	if s != "" && !needsQuotes(s, utf8) {
		return s
	}
	q := quoting{utf8: utf8}
	quoted := q.pass(s)
	if q.sawQuote && q.simple {
		return `"` + s + `"`
	}
	if q.sawQuote {
		// GNU xargs starts over here, but does not reset its note that an escape was open at the
		// end.
		quoted = q.pass(s)
	}
	return quoted
}

// needsQuotes reports whether a shell would act on s, or s cannot be shown as it is.
func needsQuotes(s string, utf8 bool) bool {
	for i := 0; i < len(s); {
		n, shown := character(s[i:], utf8)
		if !shown {
			return true
		}
		switch c := s[i]; {
		case strings.IndexByte("?\\ !\"$&()*;<=>[^`|'", c) >= 0:
			return true
		case (c == '#' || c == '~') && i == 0, (c == '{' || c == '}') && len(s) == 1:
			return true
		}
		i += n
	}
	return false
}

// character is how many bytes of s belong together, and whether they can be shown.
func character(s string, isUTF8 bool) (n int, shown bool) {
	if s[0] < utf8.RuneSelf {
		return 1, s[0] >= ' ' && s[0] != 0x7f
	}
	if !isUTF8 {
		return 1, false
	}
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n == 1 {
		if !utf8.FullRuneInString(s) {
			return len(s), false
		}
		return 1, false
	}
	return n, unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Zs, unicode.Cf, unicode.Co)
}

// quoting is the state of a word that is put in single quotes.
type quoting struct {
	utf8     bool
	open     bool // within $'…'
	sawQuote bool
	simple   bool // double quotes would do
}

func (q *quoting) pass(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	q.simple = true
	escape := func(text string) {
		if !q.open {
			b.WriteString("'$'")
			q.open = true
		}
		b.WriteString(`\` + text)
	}
	show := func(text string) {
		if q.open {
			b.WriteString("''")
			q.open = false
		}
		b.WriteString(text)
	}
	for i := 0; i < len(s); {
		n, shown := character(s[i:], q.utf8)
		c := s[i]
		simple := shown
		letter := strings.IndexByte("\a\b\f\n\r\t\v", c)
		switch {
		case letter >= 0:
			escape("abfnrtv"[letter : letter+1])
		case !shown:
			for j := i; j < i+n; j++ {
				escape(fmt.Sprintf("%03o", s[j]))
			}
		case c == '\'':
			q.sawQuote = true
			b.WriteString(`'\'`)
			q.open = false
			b.WriteByte('\'')
		default:
			simple = n > 1 || strings.IndexByte("?\\!\"$&()*;<=>[^`|", c) < 0 &&
				!((c == '#' || c == '~') && i > 0) && !((c == '{' || c == '}') && len(s) > 1)
			show(s[i : i+n])
		}
		if !simple {
			q.simple = false
		}
		i += n
	}
	b.WriteByte('\'')
	return b.String()
}
