package signals

import (
	"fmt"
	"slices"
	"strings"
)

// Pattern is a compiled name filter. '*' stands for any run of bytes, dots included, '?'
// for exactly one byte, and a comma separates alternatives; every other byte stands for
// itself, even a space. The whole name has to match, case matters, and nothing can be quoted: a name
// that holds one of these bytes is matched by [Exact].
//
// A Pattern is one word, to be passed by value. The zero Pattern matches nothing.
type Pattern struct{ *alternatives }

type alternatives struct {
	text  string
	globs []glob
}

// PatternError is the only way a pattern can be wrong: an alternative is empty.
type PatternError struct {
	Pattern string
	At      int // byte offset of the empty alternative
}

func (e *PatternError) Error() string {
	return fmt.Sprintf("signals: pattern %q: empty alternative at byte %d", e.Pattern, e.At)
}

// Compile parses a pattern. The only error is a [*PatternError].
func Compile(pattern string) (Pattern, error) {
	a := &alternatives{text: pattern}
	at := 0
	for alternative := range strings.SplitSeq(pattern, ",") {
		if alternative == "" {
			return Pattern{}, &PatternError{Pattern: pattern, At: at}
		}
		a.globs = append(a.globs, newGlob(alternative))
		at += len(alternative) + 1
	}
	return Pattern{a}, nil
}

// MustCompile is [Compile] for constants: it panics on an error.
func MustCompile(pattern string) Pattern {
	p, err := Compile(pattern)
	if err != nil {
		panic(err)
	}
	return p
}

// Exact returns the pattern that matches this name alone, whatever bytes it holds: for names that
// are made at run time, which may hold a comma or a star.
func Exact(name string) Pattern {
	return Pattern{&alternatives{text: name, globs: []glob{{whole, name}}}}
}

// Match is Compile and Match in one call, for patterns used once. A pattern that does not
// compile matches nothing.
func Match(pattern, name string) bool {
	p, err := Compile(pattern)
	return err == nil && p.Match(name)
}

// Match reports whether the name matches. It does not allocate. Without wildcards, or with
// one leading or trailing '*' alone, it is a comparison; otherwise it costs at most
// len(pattern) times len(name) steps.
func (p Pattern) Match(name string) bool {
	return p.alternatives != nil && p.match(name)
}

// match has its loop and its cases in one function, since a call costs as much as most of them.
func (a *alternatives) match(name string) bool {
	for i := range a.globs {
		g := &a.globs[i]
		n, fits := len(g.text), false
		switch g.shape {
		case whole:
			fits = name == g.text
		case prefix:
			fits = len(name) >= n && name[:n] == g.text
		case suffix:
			fits = len(name) >= n && name[len(name)-n:] == g.text
		default:
			fits = matchWildcard(g.text, name)
		}
		if fits {
			return true
		}
	}
	return false
}

// String returns the source text, or the name of [Exact]; "" for the zero Pattern.
func (p Pattern) String() string {
	if p.alternatives == nil {
		return ""
	}
	return p.text
}

// same reports whether two patterns are written alike.
func (p Pattern) same(as Pattern) bool {
	if p.alternatives == nil || as.alternatives == nil {
		return p == as
	}
	return slices.Equal(p.globs, as.globs)
}

// anyOf returns a pattern that matches what any of the given ones does.
func anyOf(patterns ...Pattern) Pattern {
	a := &alternatives{}
	for _, p := range patterns {
		if p.alternatives != nil {
			a.globs = append(a.globs, p.globs...)
		}
	}
	return Pattern{a}
}

type shape uint8

const (
	whole    shape = iota // text is the name
	prefix                // text, then anything
	suffix                // anything, then text
	wildcard              // text still holds '*' or '?'
)

// glob is one alternative. Literal shapes keep their text without the star.
type glob struct {
	shape shape
	text  string
}

func newGlob(text string) glob {
	for strings.Contains(text, "**") {
		text = strings.ReplaceAll(text, "**", "*")
	}
	literal := func(s string) bool { return !strings.ContainsAny(s, "*?") }
	if head, found := strings.CutSuffix(text, "*"); found && literal(head) {
		return glob{prefix, head}
	}
	if tail, found := strings.CutPrefix(text, "*"); found && literal(tail) {
		return glob{suffix, tail}
	}
	if literal(text) {
		return glob{whole, text}
	}
	return glob{wildcard, text}
}

// matchWildcard walks both strings once. On a mismatch it lets the last star swallow one
// byte more: an earlier star need never be tried again, since whatever it could reach the
// later one reaches too. A recursive matcher would be exponential.
func matchWildcard(pattern, name string) bool {
	p, n := 0, 0
	star, resume := -1, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p++
			n++
		case star >= 0:
			resume++
			p, n = star+1, resume
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
