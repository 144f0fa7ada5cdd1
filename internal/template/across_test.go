package template

import (
	"slices"
	"strings"
	"testing"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
)

// TestAcross counts the columns of an item through all of its records.
func TestAcross(t *testing.T) {
	plain := item.Item{Seq: 1, Records: []item.Record{{Text: "a b"}, {Text: "c"}}}
	columns := item.Item{Seq: 1, Records: []item.Record{{Text: "a,b", Fields: []string{"a", "b"}}, {Text: "c,d", Fields: []string{"c", "d"}}}}
	one := item.Item{Seq: 1, Records: plain.Records[:1]}
	for _, tt := range []struct {
		command string // words, separated by blanks
		it      item.Item
		want    string // the same
	}{
		{"cp {1} {2}", plain, "cp|a b|c"},
		{"cp {-1} x{1}y", plain, "cp|c|xa by"},
		{"cp {1}{2}{3}{4} {-1/}", columns, "cp|abcd|d"},
		{"cp x{}y", plain, "cp|xa by|xcy"},
		{"cp", plain, "cp|a b|c"},
		{"cp {1} {2}", one, "cp|a b|"},
	} {
		c, err := Words(strings.Fields(tt.command), Options{Across: true, Fill: true, Missing: MissingEmpty})
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Expand(&Values{Item: tt.it})
		if err != nil || strings.Join(got, "|") != tt.want {
			t.Errorf("%s = %q, %v, want %s", tt.command, got, err, tt.want)
		}
	}
	c, err := Words([]string{"cp", "{2}"}, Options{Across: true})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.Expand(&Values{Item: one}); err == nil {
		t.Errorf("{2} of one record = %q, want an error", got)
	}
}

// TestNoItem refuses what stands for an item, with its place, and appends none.
func TestNoItem(t *testing.T) {
	o := Options{NoItem: "why", JSON: true, Columns: []string{"name"}}
	for _, text := range []string{"{}", "a{/}b", "{1}", "{name}", "{.a}", "{-1.}"} {
		_, words := Words([]string{"echo", text}, o)
		_, shell := Shell("echo "+text+"; :", "", o)
		_, flag := ParseText(text, o)
		for _, err := range []error{words, shell, flag} {
			e, ok := err.(*fail.Error)
			if !ok || e.Status != fail.BadUsage || !strings.HasPrefix(e.What, "why: ") || e.Text[e.At] != '{' {
				t.Errorf("%s: %v, want a usage error with its place", text, err)
			}
		}
	}
	v := &Values{Item: item.Item{Seq: 3, Records: []item.Record{{Text: "x"}}}, Slot: 1}
	for _, text := range []string{"echo {#} {%} {@attempt}", `echo "$#" {#}; :`, "echo hi; :"} {
		c, err := Shell(text, "", o)
		if err != nil {
			t.Fatal(err)
		}
		argv, err := c.Expand(v)
		if err != nil || slices.Contains(argv, "x") {
			t.Errorf("%s = %q, %v, want no item", text, argv, err)
		}
	}
}

func TestCalls(t *testing.T) {
	functions := []string{"f", "g"}
	for _, tt := range []struct {
		text string
		want bool
	}{
		{"f {}", true},
		{"cd x && g", true},
		{"echo $(f 1) | cat", true},
		{"X=1 f", true},
		{"if f; then :; fi", true},
		{"echo f", false},
		{"ff", false},
		{"'f' x", false},
		{"f(", false},
		{"", false},
	} {
		if got := Calls(tt.text, functions); got != tt.want {
			t.Errorf("Calls(%q) = %v", tt.text, got)
		}
	}
	if Calls("f", nil) {
		t.Error("there is no function to be called")
	}
}

// TestFunctionsHidePrograms holds that a function goes before a program of its name, as in bash.
func TestFunctionsHidePrograms(t *testing.T) {
	for _, functions := range [][]string{nil, {"cat"}} {
		c, err := Shell("cat {}", "bash", Options{Functions: functions})
		if err != nil {
			t.Fatal(err)
		}
		if c.UsesShell() != (functions != nil) {
			t.Errorf("with functions %q, a shell is used: %v", functions, c.UsesShell())
		}
	}
}
