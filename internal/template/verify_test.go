package template

import (
	"testing"

	"mvdan.cc/sh/v3/syntax"
)

// TestVerify gives the second line of defence the scripts that the first would have to let pass.
func TestVerify(t *testing.T) {
	for _, c := range []struct {
		text string
		form form
		ok   bool
	}{
		{"echo {}", bare, true},
		{"echo {}", double, false},
		{"echo {}", single, false},
		{`echo "{}"`, double, true},
		{`echo "{}"`, bare, false},
		{"echo '{}'", single, true},
		{"echo '{}'", double, false},
		{"cat <<E\n{}\nE", unquoted, true},
		{"echo $(( {#} ))", number, true},
		{"echo ${x:-{}}", bare, true},
		{"echo ${x:-{}}", unquoted, false},
		{`echo "${#x{}}"`, unquoted, false},
	} {
		parts, err := scan(c.text, &Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := newScript(newMarked(c.text, parts), []place{{form: c.form}})
		if err := s.verify(syntax.LangBash); (err == nil) != c.ok {
			t.Errorf("verify of %q = %v, want it accepted: %v", s.render(shape{records: 1}).text, err, c.ok)
		}
	}
}
