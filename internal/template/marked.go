package template

import (
	"errors"
	"fmt"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/mostlylucid/eph/internal/fail"
)

// marked is a template with a marker in the place of each placeholder. A marker is a name
// that the text does not hold, so that it is one token to a shell wherever it stands.
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

// parse parses the marked source.
func (m *marked) parse(lang syntax.LangVariant) (*syntax.File, error) {
	file, err := parseShell(m.source, lang)
	if err == nil {
		return file, nil
	}
	at, what := len(m.source), err.Error()
	if e, ok := errors.AsType[syntax.ParseError](err); ok {
		at, what = int(e.Pos.Offset()), e.Text
	} else if e, ok := errors.AsType[syntax.LangError](err); ok {
		at, what = int(e.Pos.Offset()), strings.TrimPrefix(e.Error(), e.Pos.String()+": ")
	}
	for _, k := range m.markers {
		what = strings.ReplaceAll(what, k.name, k.ph.text)
	}
	return nil, fail.Usage("the template does not parse as %s: %s", lang, what).Place(m.text, m.origin(at), 1)
}

// errLost is the parser's end at a text that it does not even refuse. What a shell would make
// of the text is not known then, so that no template that holds it is safe.
var errLost = errors.New("the parser is lost in it")

func parseShell(source string, lang syntax.LangVariant) (file *syntax.File, err error) {
	defer func() {
		if recover() != nil {
			file, err = nil, errLost
		}
	}()
	return syntax.NewParser(syntax.Variant(lang), syntax.KeepComments(true)).Parse(strings.NewReader(source), "")
}
