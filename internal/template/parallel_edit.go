package template

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
)

// plus are the placeholders of --plus that have a fixed text.
func (d *Parallel) plus() map[string]func(*placeholder) {
	edit := func(f func(string) string) func(*placeholder) {
		return func(p *placeholder) { p.edit = f }
	}
	all := map[string]func(*placeholder){
		"{+/}":       edit(func(s string) string { return s[:max(strings.LastIndexByte(s, '/'), 0)] }),
		"{##}":       func(p *placeholder) { p.from = fromTotal },
		"{0#}":       func(p *placeholder) { p.from, p.padTo = fromSeq, padToTotal },
		"{0%}":       func(p *placeholder) { p.from, p.padTo = fromSlot, d.Jobs },
		"{slot}":     func(p *placeholder) { p.from = fromSlot },
		"{choose_k}": func(p *placeholder) { p.pick = rising },
		"{uniq}":     func(p *placeholder) { p.pick = distinct },
	}
	for n := 1; n <= 3; n++ {
		dots := strings.Repeat(".", n)
		all["{+"+dots+"}"] = edit(func(s string) string { return extensions(s, n) })
		if n > 1 {
			all["{"+dots+"}"] = edit(func(s string) string { return withoutExtensions(s, n) })
			all["{/"+dots+"}"] = edit(func(s string) string { return withoutExtensions(base.apply(s), n) })
		}
	}
	return all
}

// padToTotal as the number to pad to is the number of items.
const padToTotal = -1

// lastExtensions is where the last n extensions of a path begin, or -1 where it has not so many.
func lastExtensions(path string, n int) int {
	at := len(path)
	for range n {
		at = strings.LastIndexByte(path[:at], '.')
		if at < 0 || strings.IndexByte(path[at:], '/') >= 0 {
			return -1
		}
	}
	return at
}

func withoutExtensions(path string, n int) string {
	if at := lastExtensions(path, n); at >= 0 {
		return path[:at]
	}
	return path
}

// extensions are the last n of a path, without the dot before them.
func extensions(path string, n int) string {
	if n == 1 { // which asks for no slash
		if at := strings.LastIndexByte(path, '.'); at >= 0 {
			return path[at+1:]
		}
		return ""
	}
	if at := lastExtensions(path, n); at >= 0 {
		return path[at+1:]
	}
	return ""
}

// rising reports whether each argument is greater than the one before.
func rising(args []string) bool {
	for i := 1; i < len(args); i++ {
		if args[i-1] >= args[i] {
			return false
		}
	}
	return true
}

// distinct reports whether no two arguments are the same.
func distinct(args []string) bool {
	seen := make(map[string]bool, len(args))
	for _, a := range args {
		if seen[a] {
			return false
		}
		seen[a] = true
	}
	return true
}

// edits are the placeholders of --plus that hold what to do to the value, as they go on behind
// the brace, those first that GNU parallel tries first.
var edits = []struct {
	form *regexp.Regexp
	make func(m []string) (func(string) string, error)
}{
	{regexp.MustCompile(`^/([^#%}/]+?)/([^}]*?)\}`), func(m []string) (func(string) string, error) { return replacing(m[1], m[2], false) }},
	{regexp.MustCompile(`^:(\d+):(\d+)\}`), func(m []string) (func(string) string, error) { return slicing(m[1], m[2]), nil }},
	{regexp.MustCompile(`^/#([^}]+?)/([^}]*?)\}`), func(m []string) (func(string) string, error) { return replacing("^"+group(m[1]), m[2], true) }},
	{regexp.MustCompile(`^/%([^}]+?)/([^}]*?)\}`), func(m []string) (func(string) string, error) { return replacing(group(m[1])+"$", m[2], true) }},
	{regexp.MustCompile(`^//([^}]+?)/([^}]*?)\}`), func(m []string) (func(string) string, error) { return replacing(m[1], m[2], true) }},
	{regexp.MustCompile(`^##([^#}][^}]*?)\}`), func(m []string) (func(string) string, error) { return replacing("^"+group(m[1]), "", false) }},
	{regexp.MustCompile(`^#([^#}][^}]*?)\}`), func(m []string) (func(string) string, error) { return replacing("^(?U:"+m[1]+")", "", false) }},
	{regexp.MustCompile(`^%%([^}]+?)\}`), func(m []string) (func(string) string, error) { return replacing(group(m[1])+"$", "", false) }},
	{regexp.MustCompile(`^%([^}]+?)\}`), func(m []string) (func(string) string, error) { return shortestEnd(m[1]) }},
	{regexp.MustCompile(`^:-([^}]+?)\}`), func(m []string) (func(string) string, error) {
		return func(s string) string {
			if s == "" || s == "0" { // what is false to Perl
				return m[1]
			}
			return s
		}, nil
	}},
	{regexp.MustCompile(`^:(\d+)\}`), func(m []string) (func(string) string, error) { return slicing(m[1], ""), nil }},
	{regexp.MustCompile(`^\^\^([^}]+?)\}`), func(m []string) (func(string) string, error) { return casing(m[1], strings.ToUpper, true) }},
	{regexp.MustCompile(`^,,([^}]+?)\}`), func(m []string) (func(string) string, error) { return casing(m[1], strings.ToLower, true) }},
	{regexp.MustCompile(`^\^([^}]+?)\}`), func(m []string) (func(string) string, error) { return casing("^"+group(m[1]), strings.ToUpper, false) }},
	{regexp.MustCompile(`^,([^}]+?)\}`), func(m []string) (func(string) string, error) { return casing("^"+group(m[1]), strings.ToLower, false) }},
}

func group(pattern string) string { return "(?:" + pattern + ")" }

// edited stores in p what the text behind a brace says to do to a value. It returns how long
// that text is, or 0 where it says nothing of the kind.
func (p *placeholder) edited(text string) (n int, err *fail.Error) {
	for _, e := range edits {
		m := e.form.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		f, err := e.make(m)
		if err != nil {
			return len(m[0]), fail.Usage("%s", err).Advise("a regular expression that Go has too: https://pkg.go.dev/regexp/syntax")
		}
		p.edit = f
		return len(m[0]), nil
	}
	return 0, nil
}

func replacing(pattern, with string, all bool) (func(string) string, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	return func(s string) string {
		if all {
			return re.ReplaceAllLiteralString(s, with)
		}
		if at := re.FindStringIndex(s); at != nil {
			return s[:at[0]] + with + s[at[1]:]
		}
		return s
	}, nil
}

// shortestEnd takes the shortest end off that matches.
func shortestEnd(pattern string) (func(string) string, error) {
	re, err := regexp.Compile("(?s)^(.*)(?U:" + pattern + ")$")
	if err != nil {
		return nil, err
	}
	return func(s string) string {
		if m := re.FindStringSubmatch(s); m != nil {
			return m[1]
		}
		return s
	}, nil
}

func casing(pattern string, change func(string) string, all bool) (func(string) string, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	return func(s string) string {
		n := 1
		if all {
			n = -1
		}
		var b strings.Builder
		end := 0
		for _, at := range re.FindAllStringIndex(s, n) {
			b.WriteString(s[end:at[0]] + change(s[at[0]:at[1]]))
			end = at[1]
		}
		return b.String() + s[end:]
	}, nil
}

// slicing is a part of a value, in characters.
func slicing(from, length string) func(string) string {
	i, _ := strconv.Atoi(from) // what is too large is behind every end
	n, err := strconv.Atoi(length)
	return func(s string) string {
		i := min(i, len(s))
		if err != nil {
			return s[i:]
		}
		return s[i:min(i+n, len(s))]
	}
}
