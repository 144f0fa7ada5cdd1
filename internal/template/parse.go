package template

import (
	"errors"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/mostlylucid/eph/internal/fail"
)

// errLost is the end of a parser that neither takes a text nor refuses it. What a shell would make of the
// text is not known then, so that no template that holds it is safe.
var errLost = errors.New("the parser is lost in it")

// parseShell parses shell text. The error is a [syntax.ParseError], a [syntax.LangError] or errLost.
func parseShell(source string, lang syntax.LangVariant) (file *syntax.File, err error) {
	defer func() {
		if recover() != nil {
			file, err = nil, errLost
		}
	}()
	return syntax.NewParser(syntax.Variant(lang), syntax.KeepComments(true)).Parse(strings.NewReader(source), "")
}

// parse parses the marked source. The error is a usage error with its place in the template.
func (m *marked) parse(lang syntax.LangVariant) (*syntax.File, error) {
	file, err := parseShell(m.source, lang)
	if err != nil {
		return nil, m.unparsed(err, lang)
	}
	return file, nil
}

// unparsed is the usage error of a template that does not parse in a dialect.
func (m *marked) unparsed(err error, lang syntax.LangVariant) error {
	at, what := len(m.source), err.Error()
	others := []syntax.LangVariant{syntax.LangBash} // that may take it
	if e, ok := errors.AsType[syntax.ParseError](err); ok {
		at, what = int(e.Pos.Offset()), e.Text
	} else if e, ok := errors.AsType[syntax.LangError](err); ok {
		at, others = int(e.Pos.Offset()), e.Langs
		what, _, _ = strings.Cut(strings.TrimPrefix(e.Error(), e.Pos.String()+": "), "; tried parsing")
	}
	for _, k := range m.markers {
		what = strings.ReplaceAll(what, k.name, k.ph.text)
	}
	return fail.Usage("the template does not parse as %s: %s", dialectName(lang), what).
		Place(m.text, m.origin(at), 1).Advise("%s", m.remedy(at, what, lang, others))
}

// remedy says how to mend a template that does not parse at a byte of the source: with another shell, if it
// parses in one of the other dialects, or with quotes.
func (m *marked) remedy(at int, what string, lang syntax.LangVariant, others []syntax.LangVariant) string {
	for _, other := range others {
		if _, err := parseShell(m.source, other); err == nil && other != lang {
			return dialectName(other) + " takes it: --shell=" + dialectName(other)
		}
	}
	token := tokenAt(m.source[min(at, len(m.source)):])
	switch {
	case strings.Contains(what, "must be separated"):
		return "write ; or a newline before it"
	case token == "":
		return "keep a long script in a file, and hand it the item: sh FILE {}"
	case strings.Contains("'\"`", token):
		return `close the quote, or write \` + token + " where it is text"
	case strings.Contains(what, "can only"):
		return "quote it where it is text: '" + token + "'"
	}
	return "finish what begins here, or quote it where it is text: '" + token + "'"
}

// tokenAt is the keyword, or the character that is one to a shell, at the beginning of text; "" for none.
func tokenAt(text string) string {
	if at := identifier.FindStringIndex(text); at != nil && at[0] == 0 && syntax.IsKeyword(text[:at[1]]) {
		return text[:at[1]]
	}
	if text == "" || strings.IndexByte("'\"`$(){}&|;<>", text[0]) < 0 {
		return ""
	}
	return text[:1]
}

// dialectName is a shell that reads a dialect, by the name that --shell takes.
func dialectName(lang syntax.LangVariant) string {
	for _, name := range []string{"sh", "bash", "ksh", "zsh"} {
		if slices.Index(shells[name], lang) == 0 {
			return name
		}
	}
	return lang.String()
}
