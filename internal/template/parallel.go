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
