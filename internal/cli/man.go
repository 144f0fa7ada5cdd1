package cli

import (
	"fmt"
	"strings"
)

// manual is the manual page, in the man macros of roff, made from what the help is made from.
func manual(groups []group) string {
	var m roff
	fmt.Fprintf(&m.b, ".TH EPH 1 \"\" \"eph %s\" \"User Commands\"\n", versionName())
	m.heading("NAME")
	m.prose("eph - " + purpose)
	m.heading("SYNOPSIS")
	for _, u := range usages {
		m.verbatim(u[0])
	}
	m.heading("EXAMPLES")
	for _, e := range examples {
		m.verbatim(e)
	}
	m.heading("OPTIONS")
	for _, g := range groups {
		m.subheading(g.name)
		for _, f := range g.flags {
			fmt.Fprintf(&m.b, ".TP\n\\fB%s\\fR\n", escape(f.spelling()))
			m.prose(f.meaning + f.defaulted())
		}
	}
	for _, t := range topics {
		if text := t.text(); text != "" {
			m.heading(strings.ToUpper(strings.ReplaceAll(t.name, "-", " ")))
			m.page(text)
		}
	}
	return m.b.String()
}

// roff collects a page of roff.
type roff struct {
	b     strings.Builder
	apart bool // the next line of text begins a paragraph
	fixed bool // the last line was verbatim
}

func (m *roff) heading(s string)    { m.close(); m.b.WriteString(".SH " + escape(s) + "\n") }
func (m *roff) subheading(s string) { m.close(); m.b.WriteString(".SS " + escape(s) + "\n") }
func (m *roff) prose(s string)      { m.b.WriteString(line(escape(s)) + "\n") }

// verbatim is a line that is not filled with the next.
func (m *roff) verbatim(s string) {
	if !m.fixed {
		m.b.WriteString(".PP\n.nf\n")
	}
	m.fixed = true
	m.b.WriteString(line(escape(s)) + "\n")
}

func (m *roff) close() {
	if m.fixed {
		m.b.WriteString(".fi\n")
	}
	m.fixed, m.apart = false, false
}

// page is the text of a topic.
func (m *roff) page(text string) {
	for s := range strings.Lines(text) {
		s = strings.TrimSuffix(s, "\n")
		heading, isHeading := strings.CutPrefix(s, "# ")
		switch {
		case isHeading:
			m.subheading(heading)
		case s == "":
			m.close()
			m.apart = true
		case strings.HasPrefix(s, " "):
			m.verbatim(s)
		default:
			if m.fixed || m.apart {
				m.close()
				m.b.WriteString(".PP\n")
			}
			m.prose(s)
		}
	}
}

// escape makes text of s: of a backslash, and of a hyphen, which roff would show as another.
var escape = strings.NewReplacer(`\`, `\e`, `-`, `\-`, "…", "...").Replace

// line keeps a line from being taken for a request.
func line(s string) string {
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		return `\&` + s
	}
	return s
}
