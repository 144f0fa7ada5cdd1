package template

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/itchyny/gojq"

	"github.com/mostlylucid/eph/internal/fail"
)

// query is a compiled jq program that gives one value. It is safe for concurrent use.
type query struct {
	source string
	code   *gojq.Code
	path   bool // only steps into the value: a step that cannot be taken leads nowhere
}

// tries bounds the braces that are tried as the end of a JSON placeholder.
const tries = 100

// matchJSON finds a {.path} at byte i. Its end is the first brace that leaves a whole jq
// program before it: a brace within a string or an object leaves half of one.
//
// Without --json such a placeholder is an error, not text: the command would otherwise get
// "{.id}" for each item and say nothing.
func (o *Options) matchJSON(text string, i int) (*placeholder, error) {
	rest := text[i:]
	if len(rest) < 4 || rest[1] != '.' || !startsPath(rest[2]) && !(o.JSON && strings.IndexByte(" |.", rest[2]) >= 0) {
		return nil, nil
	}
	var first error
	for n, end := 0, 2; n < tries; n++ {
		next := strings.IndexByte(rest[end:], '}')
		if next < 0 {
			break
		}
		end += next
		q, c, err := parseQuery(rest[1:end])
		if err == nil && !o.JSON {
			return nil, fail.Usage("%s is a path into a JSON item, and the items are not JSON", rest[:end+1]).
				Place(text, i, end+1).
				Advise("add --json, or write {%s for the text itself", rest[:end+1])
		}
		if err == nil {
			return &placeholder{text: rest[:end+1], from: fromJSON, query: q, cut: c}, nil
		}
		if first == nil {
			first = err
		}
		end++
	}
	if !o.JSON || first == nil || !startsPath(rest[2]) {
		return nil, nil
	}
	end := strings.IndexByte(rest, '}') + 1
	return nil, fail.Usage("%s is not a jq program: %v", rest[:end], first).Place(text, i, end).
		Advise("write {%s for the text itself", rest[:end])
}

func startsPath(c byte) bool {
	return c == '_' || c == '[' || c == '"' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// parseQuery compiles what stands between the braces. A cut at its end goes before a
// division: {.path/.} is the base name without extension.
func parseQuery(body string) (*query, cut, error) {
	if name, c := splitCut(body, false); c != whole {
		if q, err := compileQuery(name); err == nil {
			return q, c, nil
		}
	}
	q, err := compileQuery(body)
	return q, whole, err
}

func compileQuery(source string) (*query, error) {
	parsed, err := gojq.Parse(source)
	if err != nil {
		return nil, err
	}
	// No environment, no modules and no further input: gojq has none unless it is given them.
	code, err := gojq.Compile(parsed)
	if err != nil {
		return nil, err
	}
	return &query{source: source, code: code, path: isPath(parsed)}, nil
}

// isPath reports whether q only steps into a value: .a.b[0]."c"
func isPath(q *gojq.Query) bool {
	if q.Term == nil || len(q.FuncDefs) > 0 || q.Term.Type != gojq.TermTypeIdentity && q.Term.Type != gojq.TermTypeIndex {
		return false
	}
	for _, s := range q.Term.SuffixList {
		if s.Iter || s.Index == nil && !s.Optional {
			return false
		}
	}
	return true
}

// text runs the query. ok is false where it leads nowhere: to null, to nothing, or along a
// path that the value does not have. More than one value is an error, for which of them
// was meant cannot be told.
func (q *query) text(value any) (text string, ok bool, err error) {
	iter := q.code.Run(value)
	out, ok := iter.Next()
	if !ok || out == nil {
		return "", false, nil
	}
	if err, isErr := out.(error); isErr {
		if q.path {
			return "", false, nil
		}
		return "", false, err
	}
	if more, ok := iter.Next(); ok {
		if err, isErr := more.(error); isErr {
			return "", false, err
		}
		return "", false, errors.New("gives more than one value; put them in an array or join them")
	}
	text, err = jsonText(out)
	return text, err == nil, err
}

// jsonText is a string as its text, a number as it was written, and anything else as
// compact JSON.
func jsonText(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	}
	b, err := gojq.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("no text for the value: %w", err)
	}
	return string(b), nil
}
