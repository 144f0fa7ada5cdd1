package template

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/mostlylucid/eph/internal/fail"
)

// Parallel is how GNU parallel writes placeholders and uses what they stand for, for the
// drop-in. An item's records are then its arguments, one to each, and have no columns.
//
//   - {} stands for all arguments, of which each is a word of its own where no quotes are; {2}
//     and {-1} for one of them, and where there is none, for nothing, not even an empty word.
//   - There is no {{, and no name that begins with @.
//   - The item is appended where no placeholder is, whatever the text ends in, and never comes
//     as "$1".
//   - A {} or {2} that is the first word of all is code, for whoever writes `parallel {}` has
//     items that are commands. Anywhere else a value is data, as it is everywhere in eph.
type Parallel struct {
	// Tags are what is written for each of the usual placeholders, where that is something else.
	Tags map[string]string

	Plus bool // the placeholders of --plus
	Many bool // there can be several arguments

	// Jobs is how many run at once, to whose digits {0%} is filled up with zeros.
	Jobs int

	Words bool // the text is of single words that were quoted (-q), and no item in it is code
}

// usual are the placeholders that GNU parallel always has.
var usual = map[string]func(*placeholder){
	"{}":   func(*placeholder) {},
	"{.}":  func(p *placeholder) { p.cut = noExt },
	"{/}":  func(p *placeholder) { p.cut = base },
	"{//}": func(p *placeholder) { p.cut = dir },
	"{/.}": func(p *placeholder) { p.cut = baseNoExt },
	"{#}":  func(p *placeholder) { p.from = fromSeq },
	"{%}":  func(p *placeholder) { p.from = fromSlot },
}

// tag is a way to write a placeholder.
type tag struct {
	text     string
	define   func(*placeholder)
	numbered bool // a number can stand before it: {2.}
}

// tags are the placeholders of fixed text, the longest first.
func (d *Parallel) tags() []tag {
	var all []tag
	for name, define := range usual {
		text := cmp.Or(d.Tags[name], name)
		all = append(all, tag{text, define, strings.HasPrefix(text, "{")})
	}
	if d.Plus {
		for name, define := range d.plus() {
			all = append(all, tag{name, define, true})
		}
	}
	slices.SortFunc(all, func(a, b tag) int { return len(b.text) - len(a.text) })
	return all
}

// numbered is what stands between the brace and the rest of a placeholder for one argument.
var numbered = regexp.MustCompile(`^\{(-?[0-9]{1,6})[ \t\n]*`)

// matchParallel is match in this dialect.
func (o *Options) matchParallel(text string, i int) (*placeholder, error) {
	d := o.Parallel
	rest := text[i:]
	if strings.HasPrefix(rest, "{=") {
		if end := strings.Index(rest, "=}"); end > 0 {
			return nil, fail.Usage("%s is an expression of Perl, which eph has none of", rest[:end+2]).Place(text, i, end+2).
				Advise("--plus has edits of a value, such as {/from/to/} and {%%suffix}; a shell has others: x={}; echo \"${x#prefix}\"")
		}
	}
	for _, t := range d.tags() {
		if strings.HasPrefix(rest, t.text) {
			ph := &placeholder{text: t.text}
			t.define(ph)
			return ph, nil
		}
	}
	if rest[0] != '{' {
		return nil, nil
	}
	if ph := o.named(rest); ph != nil {
		return ph, nil
	}
	head, after := "{", rest[1:]
	column := 0
	if m := numbered.FindStringSubmatch(rest); m != nil {
		head, after = m[0], rest[len(m[0]):]
		column, _ = strconv.Atoi(m[1]) // six digits
	}
	ph := &placeholder{}
	if column != 0 {
		ph.from, ph.column = fromColumn, column
	}
	if len(head) > 1 {
		for _, t := range d.tags() {
			if t.numbered && strings.HasPrefix(after, t.text[1:]) {
				t.define(ph)
				ph.text = head + t.text[1:]
				return ph, nil
			}
		}
	}
	if d.Plus {
		n, err := ph.edited(after)
		if err != nil {
			return nil, err.Place(text, i, len(head)+n)
		}
		if n > 0 {
			ph.text = head + after[:n]
			return ph, nil
		}
	}
	return nil, nil
}

// named is a placeholder with the name of a column in the header.
func (o *Options) named(rest string) *placeholder {
	for i, name := range o.Columns {
		if name == "" || !strings.HasPrefix(rest[1:], name) {
			continue
		}
		for _, c := range append([]struct {
			suffix string
			cut    cut
		}{{"", whole}}, cuts...) {
			if strings.HasPrefix(rest[1+len(name):], c.suffix+"}") {
				return &placeholder{text: rest[:1+len(name)+len(c.suffix)+1], from: fromColumn, column: i + 1, cut: c.cut, named: true}
			}
		}
	}
	return nil
}

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

// QuoteWords is the text of a command of single words, none of which means anything but itself
// to a shell. Placeholders stay what they are.
func QuoteWords(words []string, o Options) (string, error) {
	var quoted []string
	for _, w := range words {
		parts, err := scan(w, &o)
		if err != nil {
			return "", err
		}
		var b strings.Builder
		for _, p := range parts {
			if p.ph != nil {
				b.WriteString(p.ph.text)
			} else if p.text != "" || len(parts) == 1 {
				b.WriteString(quoteShort(p.text))
			}
		}
		quoted = append(quoted, b.String())
	}
	return strings.Join(quoted, " "), nil
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

// isShown reports whether a terminal does nothing with s but to show it.
func isShown(s string) bool {
	for s != "" {
		n, ok := showable(s)
		if !ok && s[0] != '\t' {
			return false
		}
		s = s[n:]
	}
	return true
}

// codeWord takes the place of an item that is code while the text around it is compiled.
const codeWord = "eph_code"

// code returns the placeholder that text begins with, if it is a word of its own and stands for
// all of a value: then it is code. rest are the parts behind it.
func (d *Parallel) code(parts []part) (ph *placeholder, rest []part) {
	first := parts[0].ph
	if d == nil || d.Words || first == nil || first.cut != whole || first.edit != nil || first.pick != nil ||
		first.from != fromItem && first.from != fromColumn {
		return nil, nil
	}
	rest = parts[1:]
	if len(rest) > 0 && (rest[0].ph != nil || strings.IndexByte(" \t\n;|&<>()", rest[0].text[0]) < 0) {
		return nil, nil
	}
	return first, rest
}

// shell is Shell in this dialect.
func (d *Parallel) shell(text string, parts []part, words []string, langs []syntax.LangVariant, o *Options) (*Command, error) {
	if !holds(parts) && o.NoItem == "" {
		parts = append(parts, part{text: " "}, part{ph: &placeholder{text: "{}", at: len(text), missing: o.Missing}})
	}
	code, rest := d.code(parts)
	if code != nil {
		parts = append([]part{{text: codeWord}}, rest...)
	}
	m := newMarked(text, parts)
	m.program = parts[0].ph != nil
	file, err := m.parse(langs[0])
	if err != nil {
		return nil, err
	}
	places, err := m.examine(file, langs)
	if err != nil {
		return nil, err
	}
	if _, err := m.warnings(file); err != nil {
		return nil, err
	}
	s := newScript(m, places)
	s.shell, s.fill, s.spread, s.code = words, o.Fill, true, code
	if err := s.verify(langs[0]); err != nil {
		return nil, unverified(text, err)
	}
	c := &Command{text: text, fill: o.Fill, shown: s}
	if c.words = plainWords(m, file, o.Functions); c.words == nil || !d.plain(c.words, o.Fill) {
		c.words, c.script = nil, s
	}
	return c, nil
}

// plain reports whether words mean the same without a shell for any number of arguments.
func (d *Parallel) plain(words []word, fill bool) bool {
	return !d.Many || !slices.ContainsFunc(words, func(w word) bool {
		return !w.alone && !fill && slices.ContainsFunc(w.parts, func(p part) bool { return p.ph != nil && p.ph.perRecord(oneRecord) })
	})
}

// displayShort is the command as GNU parallel shows it: the values are written into the text, in
// quotes where a shell would act on them. In quotes of the template they leave these. So the line
// means what it says to a shell too, which --retry-failed gives it to; where no quotes can see to
// that, as in a here-document, it is what is really run.
func (s *script) displayShort(v *Values) string {
	sh := shapeOf(&v.Item)
	simple := true
	var b strings.Builder
	s.write(&b, s.nodes, sh, all, func(n node, record int) string {
		shown, ok := s.values[n.value].shownIn(n.form, v, record)
		simple = simple && ok
		return shown
	})
	text := b.String()
	if s.code != nil {
		text = strings.Replace(text, codeWord, s.code.show(v, all), 1)
	}
	if simple {
		return text
	}
	return s.displayRun(v)
}

// shownIn is the value of p in a line that is displayed, for the place it is written to. ok says
// that it means itself to a shell there.
func (p *placeholder) shownIn(f form, v *Values, record int) (shown string, ok bool) {
	value := p.show(v, record)
	quoted := showShort(value)
	special := map[form]string{double: "\"$`\\", single: "'"}[f]
	switch {
	case p.omitted(shapeOf(&v.Item)):
		return "", true
	case f == bare:
		return quoted, true
	case value == "" || quoted == value:
		return value, true
	case special == "":
		return value, false
	case !strings.ContainsAny(value, special) && isShown(value):
		return value, true
	}
	quote := special[:1]
	return quote + quoted + quote, true
}
