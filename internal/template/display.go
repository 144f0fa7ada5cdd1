package template

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/mostlylucid/eph/internal/plain"
)

// Display is the command for one attempt as a person would type it: safe to show on a terminal,
// and to run with sh. A value that is missing is shown as the placeholder.
func (c *Command) Display(v *Values) string {
	if c.shown != nil {
		return c.shown.displayShort(v)
	}
	if c.script != nil {
		return c.script.display(v)
	}
	var shown []string
	sh := shapeOf(&v.Item)
	for _, w := range c.words {
		if !w.repeated(sh, c.fill) {
			shown = append(shown, Quote(w.show(v, all)))
			continue
		}
		for i := range v.Item.Records {
			shown = append(shown, Quote(w.show(v, i)))
		}
	}
	return strings.Join(shown, " ")
}

func (w word) show(v *Values, record int) string {
	var b strings.Builder
	for _, p := range w.parts {
		if p.ph == nil {
			b.WriteString(p.text)
		} else {
			b.WriteString(p.ph.show(v, record))
		}
	}
	return b.String()
}

func (p *placeholder) show(v *Values, record int) string {
	s, err := p.value(v, record)
	if err != nil {
		return p.text
	}
	return s
}

// display writes the values into the template where that is as good as the variables: in plain
// words and quotes. Elsewhere, as in a here-document, it shows what is really run.
func (s *script) display(v *Values) string {
	sh := shapeOf(&v.Item)
	simple := !s.positional
	var b strings.Builder
	s.write(&b, s.nodes, sh, all, func(n node, record int) string {
		simple = simple && (n.form == bare || n.form == double || n.form == single)
		return quoteIn(n.form, s.values[n.value].show(v, record))
	})
	text := b.String()
	if simple {
		_, err := parseShell(text, syntax.LangPOSIX)
		simple = err == nil
	}
	if simple && shellName(s.shell[0]) == "sh" && len(s.shell) == 1 {
		return text
	}
	shown := quoteAll(s.shell) + " -c "
	if simple {
		return shown + Quote(text)
	}
	return s.displayRun(v)
}

// displayRun is the command line as it is run.
func (s *script) displayRun(v *Values) string {
	r := s.render(shapeOf(&v.Item))
	text := r.text
	if s.code != nil {
		text = strings.Replace(text, codeWord, s.code.show(v, all), 1)
	}
	shown := quoteAll(s.shell) + " -c " + Quote(text) + " eph"
	for _, a := range r.args {
		shown += " " + Quote(s.values[a.value].show(v, a.record))
	}
	if s.positional {
		for _, record := range v.Item.Records {
			shown += " " + Quote(record.Text)
		}
	}
	return shown
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

// acts are the characters that may act on a shell within quotes, one with a history included.
var acts = map[form]string{double: "\"$`\\!\t", single: "'\t"}

// quoteIn quotes a value for the place it is written to. In quotes it stands as it is where it is
// no more than text there, and what is before it cannot take it for a part of a name: such a template
// is refused. Otherwise it leaves the quotes, and comes back to them.
func quoteIn(f form, value string) string {
	if acts[f] != "" && !strings.ContainsAny(value, acts[f]) && isShown(value) && plain.Commands(value) == nil {
		return value
	}
	quoted := Quote(value)
	if strings.Trim(value, "0123456789") == "" && value != "" {
		quoted = "'" + value + "'" // 2>file
	}
	switch f {
	case double:
		return `"` + quoted + `"`
	case single:
		return `'` + quoted + `'`
	}
	return quoted
}
