package template

import (
	"strings"
	"testing"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
)

// TestGuardDash gives each command an item that a program would take for an option, and says
// whether it is refused.
func TestGuardDash(t *testing.T) {
	for _, tt := range []struct {
		text    string
		refused bool
	}{
		// Words, which no shell runs.
		{"ls {}", true},
		{"ls", true},
		{"ls -l {}", true},
		{"ls -l --", false},
		{"ls -- {}", false},
		{"ls ./{}", false},
		{"ls x{}", false},
		{"ls --sort={}", false},
		{"ls {}.bak", true},
		{"ls {//}", false},
		{"ls {#} {%} x{}", false},
		{"sudo -- ls {}", true},
		{"sudo -u root -- ls -- {}", false},
		{"timeout 5 ls {}", true},
		{"env A={} ls -- {}", false},
		// A shell.
		{"ls {} | cat", true},
		{"ls '{}' | cat", true},
		{`ls "{}.bak" | cat`, true},
		{`ls ""{} | cat`, true},
		{`ls "$x"{} | cat`, true},
		{`ls ${x:-{}} | cat`, true},
		{"ls -- {} | cat", false},
		{"ls -- {} | grep {}", true},
		{"nice -n 5 ls -- {} | cat", false},
		{"sudo -- ls {} | cat", true},
		{"ls ./{} x'{}' --y={} | cat", false},
		{"x={}; ls \"$x\"", true},
		{"x=a{}; ls \"$x\"", false},
		{"for f in {}; do ls $f; done", true},
		{"cat < {} > '{}.out'", false},
		{"case {} in x) :;; esac", false},
		{"cat <<E\n{}\nE", false},
		{`ls "$@" | cat`, true},
		{`ls -- "$@" | cat`, false},
		{`echo "$#" | cat`, false},
		{"ls x{}; : # {}", false},
	} {
		o := Options{GuardDash: true}
		compile := func() (*Command, error) { return Shell(tt.text, "sh", o) }
		if !strings.ContainsAny(tt.text, "|<>;'\"$") {
			compile = func() (*Command, error) { return Words(strings.Fields(tt.text), o) }
		}
		c, err := compile()
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
			continue
		}
		_, err = c.Expand(valuesOf("-rf"))
		e, _ := err.(*fail.Error)
		if tt.refused != (err != nil) || err != nil && (e.Status != fail.Broken || !strings.Contains(e.What, "write --")) {
			t.Errorf("%q with item -rf: %v, want it refused: %v", tt.text, err, tt.refused)
		}
		if _, err := c.Expand(valuesOf("plain")); err != nil {
			t.Errorf("%q with item plain: %v", tt.text, err)
		}
	}
}

// TestGuardDashValues looks at the value that is used, and not at the item.
func TestGuardDashValues(t *testing.T) {
	for _, tt := range []struct {
		text    string
		item    item.Record
		refused bool
	}{
		{"ls {/}", item.Record{Text: "a/-rf"}, true},
		{"ls {}", item.Record{Text: "a/-rf"}, false},
		{"ls {1}{2}", item.Record{Fields: []string{"", "-rf"}}, true},
		{"ls {1}{2}", item.Record{Fields: []string{"a", "-rf"}}, false},
		{"ls {1}{2} | cat", item.Record{Fields: []string{"", "-rf"}}, true},
		{"ls {}", item.Record{Text: "-"}, true},
		{"ls {}", item.Record{}, false},
	} {
		c, err := Shell(tt.text, "sh", Options{GuardDash: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Expand(&Values{Item: item.Item{Records: []item.Record{tt.item}}}); tt.refused != (err != nil) {
			t.Errorf("%q with %v: %v, want it refused: %v", tt.text, tt.item, err, tt.refused)
		}
	}
	many := item.Item{Records: []item.Record{{Text: "a"}, {Text: "-rf"}}}
	c, err := Words([]string{"ls"}, Options{GuardDash: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Expand(&Values{Item: many}); err == nil {
		t.Error("the second of two records is not guarded")
	}
}
