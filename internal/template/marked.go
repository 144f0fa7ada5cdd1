package template

import (
	"fmt"
	"strings"
)

// marked is a template with a marker in the place of each placeholder: a name that the text does not
// hold, which is part of a word to a parser wherever it stands.
type marked struct {
	text    string // the template as typed, for errors
	source  string // with markers
	markers []marker
	prefix  string
	held    []string // variables of the environment that hold an item

	stdin     bool // the job reads an item from standard input
	program   bool // an item may choose what runs
	evaluates bool // the shell can be one that evaluates a number that it is given
}

type marker struct {
	ph   *placeholder
	at   int // in source
	name string
}

func newMarked(text string, parts []part) *marked {
	m := &marked{text: text, prefix: "eph_mark"}
	for strings.Contains(text, m.prefix) {
		m.prefix += "_x"
	}
	var b strings.Builder
	for _, p := range parts {
		if p.ph == nil {
			b.WriteString(p.text)
			continue
		}
		name := fmt.Sprintf("%s%05d_", m.prefix, len(m.markers))
		m.markers = append(m.markers, marker{ph: p.ph, at: b.Len(), name: name})
		b.WriteString(name)
	}
	m.source = b.String()
	return m
}

// origin is the byte of the template that byte at of the source comes from. It is exact but
// behind a "{{", where it can be short by the braces since the last placeholder.
func (m *marked) origin(at int) int {
	shift := 0
	for _, k := range m.markers {
		if at < k.at {
			break
		}
		if at < k.at+len(k.name) {
			return min(k.ph.at, len(m.text))
		}
		shift = k.ph.at + len(k.ph.text) - (k.at + len(k.name))
	}
	return min(max(at+shift, 0), len(m.text))
}
