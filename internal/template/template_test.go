package template

import (
	"encoding/json"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/hostile"
	"github.com/mostlylucid/eph/internal/item"
)

// decoded is a record of JSON, as the reader of items makes it.
func decoded(t *testing.T, text string) item.Record {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	if s, ok := v.(string); ok {
		return item.Record{Text: s, Value: v, Raw: text}
	}
	return item.Record{Text: text, Value: v}
}

func TestPlaceholders(t *testing.T) {
	values := Values{
		Item: item.Item{Seq: 7, Records: []item.Record{{Text: "in/dir.d/x.tar.gz", Fields: []string{"in/dir.d/x.tar.gz", "b.c", ""}}}},
		Slot: 2, Attempt: 3, Key: "k k", Lane: "gold", Total: 99,
	}
	options := Options{Columns: []string{"path", "name", "a/", "x y"}}
	for _, c := range []struct{ text, want string }{
		{"{}", "in/dir.d/x.tar.gz"},
		{"{.}", "in/dir.d/x.tar"},
		{"{/}", "x.tar.gz"},
		{"{//}", "in/dir.d"},
		{"{/.}", "x.tar"},
		{"a{}b{/}c", "ain/dir.d/x.tar.gzbx.tar.gzc"},
		{"{1}|{2}|{3}|{-1}|{-2}|{-3}", "in/dir.d/x.tar.gz|b.c|||b.c|in/dir.d/x.tar.gz"},
		{"{1.} {1/} {1//} {1/.} {-2.}", "in/dir.d/x.tar x.tar.gz in/dir.d x.tar b"},
		{"{path} {name} {name.} {path/.} {path//}", "in/dir.d/x.tar.gz b.c b x.tar in/dir.d"},
		{"[{a/}]", "[]"},
		{"{#} {%} {@key} {@lane} {@attempt} {@total}", "7 2 k k gold 3 99"},
		// Everything else is text.
		{"{print $1} {x} {a,b} {0} {1,3} {1..3} { } {}} {-0} {1/x} {+} {##}", "{print $1} {x} {a,b} {0} {1,3} {1..3} { } in/dir.d/x.tar.gz} {-0} {1/x} {+} {##}"},
		{"{", "{"},
		{"}", "}"},
		{"", ""},
		{"{.foo bar} {.} {...} {.5}", "{.foo bar} in/dir.d/x.tar {...} {.5}"},
		// A doubled brace is one, and hides what follows it.
		{"{{", "{"},
		{"{{}", "{}"},
		{"{{}}", "{}}"},
		{"{{{}}", "{in/dir.d/x.tar.gz}"},
		{"{{{{", "{{"},
		{"{{1} {{@key} {{@nope} {{.a.b}", "{1} {@key} {@nope} {.a.b}"},
	} {
		text, err := ParseText(c.text, options)
		if err != nil {
			t.Errorf("ParseText(%q) = %v", c.text, err)
			continue
		}
		if got, err := text.Expand(&values); err != nil || got != c.want {
			t.Errorf("Expand(%q) = %q, %v, want %q", c.text, got, err, c.want)
		}
	}
}

// TestValuesAreNotScanned puts placeholders into the values.
func TestValuesAreNotScanned(t *testing.T) {
	c, err := Words([]string{"echo", "{1}{2}", "{@key}", "{{}{}"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	v := Values{Key: "{}{#}", Item: item.Item{Seq: 1, Records: []item.Record{{Text: "{2}", Fields: []string{"{", "}{1}{{"}}}}}
	want := []string{"echo", "{}{1}{{", "{}{#}", "{}{2}"}
	if got, err := c.Expand(&v); err != nil || !slices.Equal(got, want) {
		t.Errorf("Expand = %q, %v, want %q", got, err, want)
	}
}

// TestCuts holds the path operations against GNU parallel, where it is installed, and against the
// results it gave.
func TestCuts(t *testing.T) {
	for _, c := range []struct{ in, noExt, base, dir, both string }{
		{"a.b.c", "a.b", "a.b.c", ".", "a.b"},
		{"dir.d/x", "dir.d/x", "x", "dir.d", "x"},
		{".bashrc", "", ".bashrc", ".", ""},
		{"d/.bashrc", "d/", ".bashrc", "d", ""},
		{"a.", "a", "a.", ".", "a"},
		{"a/b/", "a/b/", "", "a", ""},
		{"/", "/", "", "/", ""},
		{"/a", "/a", "a", "/", "a"},
		{"//a", "//a", "a", "/", "a"},
		{"a//b//", "a//b//", "", "a", ""},
		{"a.b/", "a.b/", "", ".", ""},
		{"", "", "", ".", ""},
		{"..", ".", "..", ".", "."},
		{"a..b", "a.", "a..b", ".", "a."},
	} {
		got := []string{noExt.apply(c.in), base.apply(c.in), dir.apply(c.in), baseNoExt.apply(c.in)}
		if want := []string{c.noExt, c.base, c.dir, c.both}; !slices.Equal(got, want) {
			t.Errorf("{.} {/} {//} {/.} of %q = %q, want %q", c.in, got, want)
		}
	}
}

func TestReplace(t *testing.T) {
	v := valuesOf("a/b.c")
	for _, c := range []struct{ replace, text, want string }{
		{"%", "{} % {/} 100%%", "{} a/b.c b.c 100a/b.ca/b.c"},
		{"{}", "{}", "a/b.c"},
		{"XX", "XXX{{}", "a/b.cX{}"},
		{"{", "{/}", "a/b.c/}"},
	} {
		text, err := ParseText(c.text, Options{Replace: c.replace})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := text.Expand(v); err != nil || got != c.want {
			t.Errorf("Expand(%q) with -I %s = %q, %v, want %q", c.text, c.replace, got, err, c.want)
		}
	}
}

func TestJSON(t *testing.T) {
	record := decoded(t, `{"a": {"b": [10, 12345678901234567890.50, null], "c d": "x y"}, "s": "dir/f.txt", "t": true, "n": null, "tags": ["p", "q"], "f": false, "brace": "}", "html": "<&>"}`)
	v := Values{Item: item.Item{Seq: 1, Records: []item.Record{record}}}
	for _, c := range []struct{ text, want string }{
		{"{.a.b[0]}", "10"},
		{"{.a.b[1]}", "12345678901234567890.50"},
		{"{.a.b[-3]}", "10"},
		{`{.a["c d"]} {.a."c d"}`, "x y x y"},
		{"{.t} {.f}", "true false"},
		{"{.tags}", `["p","q"]`},
		{"{.a}", `{"b":[10,12345678901234567890.50,null],"c d":"x y"}`},
		{"{.html}", "<&>"},
		{`{.tags|join(",")}`, "p,q"},
		{`{.n // "none"}`, "none"},
		{`{.tags | {k: .[0], b: "}"}}`, `{"b":"}","k":"p"}`},
		{`{.s | "}\(.)"}x`, "}dir/f.txtx"},
		{"{.s/} {.s//} {.s/.}", "f.txt dir f"},
		{`{.a."c d"/}`, "x y"},
		{"{. | length}", "8"},
		{"{.tags[1]}{.tags[0]}", "qp"},
		{"{.a.b[0] + 1}", "11"},
		{"{/} {{.s}", record.Text[strings.LastIndex(record.Text, "/")+1:] + " {.s}"},
		{"{.s as $x | $x}", "dir/f.txt"},
		{"{name} {.} {a: .b}", "{name} " + cutExt(record.Text) + " {a: .b}"},
	} {
		text, err := ParseText(c.text, Options{JSON: true})
		if err != nil {
			t.Errorf("ParseText(%q) = %v", c.text, err)
			continue
		}
		if got, err := text.Expand(&v); err != nil || got != c.want {
			t.Errorf("Expand(%q) = %q, %v, want %q", c.text, got, err, c.want)
		}
	}
	// The record is shared between attempts, and a query must leave it as it is.
	if b, _ := json.Marshal(record.Value); !strings.Contains(string(b), "12345678901234567890.50") {
		t.Errorf("a query changed the record: %s", b)
	}
}

func TestMissing(t *testing.T) {
	v := Values{Item: item.Item{Seq: 3, Records: []item.Record{decoded(t, `{"n": null, "s": "text", "l": [1, 2]}`)}}}
	v.Item.Records[0].Source, v.Item.Records[0].Line = "in.json", 12
	for _, text := range []string{"{.n}", "{.nope}", "{.nope.deeper[3]}", "{.s.deeper}", "{.l[9]}", "{.l[]|select(.>5)}", "{2}", "{-2}"} {
		for _, c := range []struct {
			missing Missing
			want    string
			err     bool
		}{{MissingError, "", true}, {MissingEmpty, "x", false}, {MissingSkip, "", true}} {
			parsed, err := ParseText("x"+text, Options{JSON: true, Missing: c.missing})
			if err != nil {
				t.Fatal(err)
			}
			got, err := parsed.Expand(&v)
			if got != c.want || (err != nil) != c.err {
				t.Errorf("Expand(%q) with --missing=%d = %q, %v, want %q", text, c.missing, got, err, c.want)
			}
			if skip := errors.Is(err, ErrSkip); skip != (c.missing == MissingSkip) {
				t.Errorf("Expand(%q) with --missing=%d = %v, ErrSkip is %v", text, c.missing, err, skip)
			}
			if c.missing == MissingError && fail.StatusOf(err) != fail.Broken {
				t.Errorf("Expand(%q) = %v, of status %d, want %d", text, err, fail.StatusOf(err), fail.Broken)
			}
		}
	}
	// What is not missing but wrong stays an error.
	for _, text := range []string{"{.l[]}", `{.s|error("no")}`, "{.l|keys|.[0]|ascii_downcase}"} {
		parsed, err := ParseText(text, Options{JSON: true, Missing: MissingEmpty})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := parsed.Expand(&v); err == nil {
			t.Errorf("Expand(%q) = %q, want an error", text, got)
		} else if want := "item 3 (in.json, line 12)"; !strings.Contains(err.Error(), want) {
			t.Errorf("Expand(%q) = %v, want it to name %s", text, err, want)
		}
	}
}

func TestUnknownPlaceholders(t *testing.T) {
	for _, c := range []struct {
		text, try string
		o         Options
	}{
		{text: "{@kye}", try: "did you mean {@key}?"},
		{text: "{@atempt}", try: "did you mean {@attempt}?"},
		{text: "{@everything}", try: "there are {@key}"},
		{text: "{.foo}", try: "--json"},
		{text: "{.a.b[0]/.}", try: "--json"},
		{text: `{.a // "x}"}`, try: "--json"},
		{text: "{.foo|}", try: "{{.foo", o: Options{JSON: true}},
		{text: "{.foo|nosuch}", try: "{{.foo", o: Options{JSON: true}},
	} {
		_, err := ParseText("ab "+c.text, c.o)
		e, ok := errors.AsType[*fail.Error](err)
		if !ok || e.Status != fail.BadUsage || !strings.Contains(e.Try, c.try) {
			t.Errorf("ParseText(%q) = %v (try %q), want a usage error that says %q", c.text, err, e.Try, c.try)
			continue
		}
		if e.At != 3 || e.Text[e.At:e.At+e.Len] != c.text {
			t.Errorf("ParseText(%q) marks %q", c.text, e.Text[e.At:e.At+e.Len])
		}
	}
}

func records(texts ...string) []item.Record {
	var rs []item.Record
	for _, s := range texts {
		rs = append(rs, item.Record{Text: s})
	}
	return rs
}

func TestSeveralRecords(t *testing.T) {
	fields := []item.Record{{Text: "1 2", Fields: []string{"1", "2"}}, {Text: "3 4", Fields: []string{"3", "4"}}}
	for _, c := range []struct {
		words   []string
		fill    bool
		records []item.Record
		want    []string
	}{
		{[]string{"rm", "{}"}, false, records("a", "b c", ""), []string{"rm", "a", "b c", ""}},
		{[]string{"rm"}, false, records("a", "b"), []string{"rm", "a", "b"}},
		{[]string{"rm", "x{}y"}, false, records("a", "b"), []string{"rm", "xa by"}},
		{[]string{"rm", "x{}y", "{}"}, true, records("a", "b"), []string{"rm", "xay", "xby", "a", "b"}},
		{[]string{"rm", "x{/}-{#}", "z{#}"}, true, records("d/a", "b"), []string{"rm", "xa-7", "xb-7", "z7"}},
		{[]string{"mv", "{2}", "{1}", "{-1}"}, false, records("a", "b"), []string{"mv", "b", "a", "b"}},
		{[]string{"mv", "x{2}"}, true, records("a", "b"), []string{"mv", "xb"}},
		{[]string{"mv", "{2}", "x{1}"}, false, fields, []string{"mv", "2", "4", "x1 3"}},
		{[]string{"mv", "{2}", "x{1}"}, true, fields, []string{"mv", "2", "4", "x1", "x3"}},
		{[]string{"rm", "{}", "x{}"}, false, nil, []string{"rm", "x"}},
		{[]string{"rm", "{#}"}, false, records("a", "b"), []string{"rm", "7"}},
	} {
		v := Values{Item: item.Item{Seq: 7, Records: c.records}}
		command, err := Words(c.words, Options{Fill: c.fill})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := command.Expand(&v); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("Words(%q), fill %v: Expand = %q, %v, want %q", c.words, c.fill, got, err, c.want)
		}
		// The same through a shell.
		text := "f() { printf '[%s]' " + `"$@"` + "; }; f"
		for _, w := range c.words[1:] {
			text += " " + w
		}
		if len(c.words) == 1 {
			text += " {}"
		}
		script, err := Shell(text, "sh", Options{Fill: c.fill})
		if err != nil {
			t.Fatal(err)
		}
		argv, err := script.Expand(&v)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := string(output(t, t.TempDir(), argv...)), "["+strings.Join(c.want[1:], "][")+"]"; got != want {
			t.Errorf("%q, fill %v: printed %q, want %q", argv, c.fill, got, want)
		}
	}
}

func TestShellRecords(t *testing.T) {
	for _, c := range []struct {
		text string
		fill bool
		want string
	}{
		{`printf '[%s]' "{}" {}; :`, false, "[a b c d][a][b c][d]"},
		{`for i in {}; do printf '[%s]' "$i"; done`, false, "[a][b c][d]"},
		{`x={}; printf '[%s]' "$x" '{}'`, false, "[a b c d][a b c d]"},
		{`x={}; printf '[%s]' "$x" '{}' "-{}-"`, true, "[a b c d][a][b c][d][-a-][-b c-][-d-]"},
		{`printf '[%s]' x{}"$(printf %s {})"`, true, "[xaa][xb cb c][xdd]"},
		{`printf '[%s]' "$@" "$#"`, false, "[a][b c][d][3]"},
		{`f() { printf '[%s]' "$@" {}; }; f`, false, "[a][b c][d]"},
		{`printf '[%s]' {1} {2} {-1}; :`, false, "[a][b c][d]"},
		{`printf '[%s]'`, false, "[a][b c][d]"},
		{`printf x | printf '[%s]'`, false, "[a][b c][d]"},
		{"cat <<E\n{}\nE", false, "a b c d\n"},
	} {
		command, err := Shell(c.text, "", Options{Fill: c.fill})
		if err != nil {
			t.Errorf("Shell(%q) = %v", c.text, err)
			continue
		}
		v := Values{Item: item.Item{Seq: 1, Records: records("a", "b c", "d")}}
		argv, err := command.Expand(&v)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(output(t, t.TempDir(), argv...)); got != c.want {
			t.Errorf("Shell(%q), fill %v, printed %q, want %q", c.text, c.fill, got, c.want)
		}
		if got := string(output(t, t.TempDir(), "sh", "-c", command.Display(&v))); got != c.want {
			t.Errorf("Display of %q = %q, which printed %q, want %q", c.text, command.Display(&v), got, c.want)
		}
	}
}

func TestPlain(t *testing.T) {
	for _, c := range []struct {
		text  string
		words []string // nil where a shell is needed
	}{
		{"gzip -9 {}", []string{"gzip", "-9", "x y"}},
		{"gzip", []string{"gzip", "x y"}},
		{"  gzip   '{}'  ", []string{"gzip", "x y"}},
		{`gzip "a b" 'c"d' g"h"'i' {}`, []string{"gzip", "a b", `c"d`, "ghi", "x y"}},
		{`gzip e\ f {}`, nil},
		{`gzip "{/}.gz" --to={}`, []string{"gzip", "x y.gz", "--to=x y"}},
		{`gzip "a\"b\\" {}`, []string{"gzip", `a"b\`, "x y"}},
		{"awk '{print $1}' {}", []string{"awk", "{print $1}", "x y"}},
		{"cat é {}", []string{"cat", "é", "x y"}},
		{"cat '' {}", []string{"cat", "", "x y"}},
		{"true {}", []string{"true", "x y"}},
		{"echo {} > f", nil},
		{"echo $HOME {}", nil},
		{`echo "$HOME" {}`, nil},
		{"echo `pwd` {}", nil},
		{"echo *.go {}", nil},
		{"echo a? {}", nil},
		{"echo [ab] {}", nil},
		{"echo ~ {}", nil},
		{"echo a{b,c} {}", nil},
		{"echo {} # c", nil},
		{"echo {};", nil},
		{"echo {} &", nil},
		{"! echo {}", nil},
		{"A=b echo {}", nil},
		{"echo {}\necho", nil},
		{"echo \\\n {}", nil},
		{`echo "a\d" {}`, nil},
		{`echo "a\n" {}`, nil},
		{`echo a\nb {}`, nil},
		{"echo {} !x", nil},
		{"(echo {})", nil},
		{"cd {}", nil},
		{": {}", nil},
		{"export A={}", nil},
		{"no-such-program-anywhere {}", nil},
		{"echo $'a' {}", nil},
	} {
		shell := "sh"
		if strings.Contains(c.text, "$'") {
			shell = "bash"
		}
		command, err := Shell(c.text, shell, Options{})
		if err != nil {
			t.Errorf("Shell(%q) = %v", c.text, err)
			continue
		}
		if command.UsesShell() != (c.words == nil) {
			t.Errorf("Shell(%q) uses a shell: %v, want %v", c.text, command.UsesShell(), c.words == nil)
			continue
		}
		if c.words == nil {
			continue
		}
		argv, err := command.Expand(valuesOf("x y"))
		if err != nil || !slices.Equal(argv, c.words) {
			t.Errorf("Shell(%q): Expand = %q, %v, want %q", c.text, argv, err, c.words)
		}
		// A shell splits it in the same way.
		rest := strings.TrimPrefix(strings.TrimSpace(c.text), argv[0])
		if !strings.Contains(c.text, "{") {
			rest += " {}"
		}
		inShell, err := Shell(`printf '%s\n' `+rest+`;`, "", Options{})
		if err != nil {
			t.Fatal(err)
		}
		inShellArgv, _ := inShell.Expand(valuesOf("x y"))
		if got, want := string(output(t, t.TempDir(), inShellArgv...)), strings.Join(argv[1:], "\n")+"\n"; got != want {
			t.Errorf("%q: a shell makes %q of it, want %q", c.text, got, want)
		}
	}
}

func TestWordsRefuses(t *testing.T) {
	for _, c := range []struct {
		words []string
		mark  string
		try   string
	}{
		{[]string{"echo", "{}", "|", "wc"}, "'|'", "eph -c 'echo {} | wc'"},
		{[]string{"echo", "a b", ">", "{.}.out"}, "'>'", `eph -c 'echo '\''a b'\'' > {.}.out'`},
		{[]string{"a", "{}", "&&", "b"}, "'&&'", "eph -c 'a {} && b'"},
		{[]string{"a", ";", "b"}, "';'", "eph -c 'a ; b'"},
		{[]string{"a", "2>&1"}, "'2>&1'", "eph -c 'a 2>&1'"},
		{[]string{"a", ">out"}, "'>out'", "eph -c 'a >out'"},
		{[]string{"sh", "-c", "echo {}"}, "{}", `sh -c '... "$1"' sh {}`},
		{[]string{"sudo", "bash", "-ec", "x; echo {/}", "z"}, "{/}", `sh -c '... "$1"' bash {/}`},
	} {
		_, err := Words(c.words, Options{})
		e, ok := errors.AsType[*fail.Error](err)
		if !ok || e.Status != fail.BadUsage {
			t.Errorf("Words(%q) = %v, want a usage error", c.words, err)
			continue
		}
		if got := e.Text[e.At : e.At+e.Len]; got != c.mark || !strings.Contains(e.Try, c.try) {
			t.Errorf("Words(%q) marks %q and says %q, want %q and %q", c.words, got, e.Try, c.mark, c.try)
		}
	}
	for _, words := range [][]string{
		{"find", "{}", "-exec", "ls", ";"},
		{"expr", "{}", ">", "3"},
		{"grep", "a|b", "{}"},
		{"ssh", "{}", "sudo", "systemctl", "restart", "app"},
		{"sh", "-c", `echo "$1"`, "sh", "{}"},
		{"sh", "-c", "{}"},
		{"sh", "-c"},
		{"sh", "script", "a{}"},
		{"echo", "=>", "->", "<a>", ">=3"},
		{"{}", "--version"},
	} {
		if _, err := Words(words, Options{}); err != nil {
			t.Errorf("Words(%q) = %v, want it accepted", words, err)
		}
	}
}

func TestXargs(t *testing.T) {
	for _, c := range []struct {
		words   []string
		replace string
		want    []string
	}{
		{[]string{"echo", "a{}b", "{.}", "{{}}", "|"}, "{}", []string{"echo", "aITEMb", "{.}", "{ITEM}", "|"}},
		{[]string{"{}", "{}"}, "{}", []string{"{}", "ITEM"}},
		{[]string{"echo", "x"}, "{}", []string{"echo", "x"}},
		{[]string{"echo", "{}"}, "", []string{"echo", "{}", "ITEM"}},
		{[]string{"sh", "-c", "echo {}"}, "{}", []string{"sh", "-c", "echo ITEM"}},
	} {
		command, err := Words(c.words, Options{Xargs: true, Replace: c.replace})
		if err != nil {
			t.Errorf("Words(%q) as xargs = %v", c.words, err)
			continue
		}
		if got, err := command.Expand(valuesOf("ITEM")); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("Words(%q) as xargs: Expand = %q, %v, want %q", c.words, got, err, c.want)
		}
	}
}

func TestProgram(t *testing.T) {
	for _, c := range []struct {
		words   []string
		name    string
		literal bool
	}{
		{[]string{"gzip", "{}"}, "gzip", true},
		{[]string{"{}", "x"}, "", false},
		{[]string{"./{/}", "x"}, "", false},
		{[]string{"{{}", "x"}, "{}", true},
	} {
		command, err := Words(c.words, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if name, literal := command.Program(); name != c.name || literal != c.literal {
			t.Errorf("Program(%q) = %q, %v, want %q, %v", c.words, name, literal, c.name, c.literal)
		}
	}
	command, err := Shell("cd {} && ls", "busybox sh", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if name, literal := command.Program(); name != "busybox" || !literal {
		t.Errorf("Program of a template = %q, %v, want busybox, true", name, literal)
	}
	if got, want := command.Script(), `unset __eph1; __eph1=$1; shift 1; cd "${__eph1}" && ls`; got != want {
		t.Errorf("Script = %q, want %q", got, want)
	}
	if argv, _ := command.Expand(valuesOf("it's")); !slices.Equal(argv, []string{"busybox", "sh", "-c", command.Script(), "eph", "it's"}) {
		t.Errorf("Expand = %q", argv)
	}
}

func TestShells(t *testing.T) {
	for _, shell := range []string{"", "/bin/sh", "bash", "/opt/bash-5.2", "bash -e -o pipefail", "busybox sh", "/usr/bin/env bash", "ksh93", "'/my shells/zsh' -f"} {
		if _, err := Shell("cd {}; :", shell, Options{}); err != nil {
			t.Errorf("Shell with %q = %v", shell, err)
		}
	}
	for _, shell := range []string{"fish", "python3", "bash -a", "sh -o allexport", "sh; rm x", "sh 'x", "busybox cat"} {
		if _, err := Shell("cd {}; :", shell, Options{}); fail.StatusOf(err) != fail.BadUsage {
			t.Errorf("Shell with %q = %v, want a usage error", shell, err)
		}
	}
}

func TestNUL(t *testing.T) {
	for _, text := range []string{"cd {}; :", "gzip {}"} {
		c, err := Shell(text, "", Options{})
		if err != nil {
			t.Fatal(err)
		}
		if argv, err := c.Expand(valuesOf("a\x00b")); fail.StatusOf(err) != fail.Broken {
			t.Errorf("Expand(%q) with a NUL = %q, %v, want an error", text, argv, err)
		}
	}
}

func TestUses(t *testing.T) {
	shell, err := Shell("cd {} && echo {@total}", "", Options{})
	if err != nil {
		t.Fatal(err)
	}
	argv, err := Words([]string{"echo", "x{@key}"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := ParseText("{%}", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		got  []bool
		want []bool
	}{
		{"@total", []bool{shell.Uses("@total"), argv.Uses("@total"), text.Uses("@total")}, []bool{true, false, false}},
		{"@key", []bool{shell.Uses("@key"), argv.Uses("@key"), text.Uses("@key")}, []bool{false, true, false}},
		{"%", []bool{shell.Uses("%"), argv.Uses("%"), text.Uses("%")}, []bool{false, false, true}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("Uses(%q) = %v, want %v", c.name, c.got, c.want)
		}
	}
}

func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		text string
		want int
	}{
		{`awk '/{}/' f | cat`, 1},
		{`awk -v x=1 '{print}' {} | cat`, 0},
		{`python3 -c 'print("{}")'`, 1},
		{`perl -ne 'print' {}`, 0},
		{`perl -i -pe 's/a/{}/' f`, 1},
		{`python3 -Sc 'print("{}")'`, 1},
		{`psql -Atc 'select {}'`, 1},
		{`make --eval 'x: {}' x`, 1},
		{`vim -es -c 's/a/{}/' -c wq f`, 1},
		{`sed 's/a/{}/' f`, 1},
		{`sed s/a/b/ {}`, 0},
		{`gzip {}`, 0},
		{`cd x; jq '.{}' f`, 1},
	} {
		command, err := Shell(c.text, "", Options{})
		if err != nil {
			t.Errorf("Shell(%q) = %v", c.text, err)
			continue
		}
		if got := command.Warnings(); len(got) != c.want {
			t.Errorf("Warnings(%q) = %v, want %d", c.text, got, c.want)
		}
	}
}

func TestDisplay(t *testing.T) {
	for _, c := range []struct{ text, item, want string }{
		{"gzip {}", "a b", "gzip 'a b'"},
		{"gzip {}", "plain", "gzip plain"},
		{"gzip {}", "it's", `gzip 'it'\''s'`},
		{"gzip {}", "", "gzip ''"},
		{"gzip {}", "a\x1b[31m", `gzip 'a'"$(printf '\033')"'[31m'`},
		{"gzip {}", "é👩\u200d🔧", "gzip 'é👩\u200d🔧'"},
		{"gzip {}", "❤\ufe0f\u200d🔥👩🏽\u200d🔧", "gzip '❤\ufe0f\u200d🔥👩🏽\u200d🔧'"},
		{"gzip {}", "a\u200db🔧\u200d", `gzip 'a'"$(printf '\342\200\215')"'b🔧'"$(printf '\342\200\215')"`},
		{`gzip "{}" | wc`, "👩\u200d🔧", "gzip \"👩\u200d🔧\" | wc"},
		{"gzip {} | wc > {/}.n", "d/a b", "gzip 'd/a b' | wc > 'a b'.n"},
		{"gzip {}>x", "2", "gzip '2'>x"},
		{"gzip 'x {}' | cat", "2", "gzip 'x 2' | cat"},
		{`gzip -9 "{}" | wc`, "a b", `gzip -9 "a b" | wc`},
		{`gzip -9 "{}" | wc`, "", `gzip -9 "" | wc`},
		{`gzip -9 "{}" | wc`, "a$b", `gzip -9 ""'a$b'"" | wc`},
		{`gzip -9 "{}" | wc`, `a\`, `gzip -9 ""'a\'"" | wc`},
		{`echo "${HOME}{}" | wc`, "RUN", `echo "${HOME}RUN" | wc`},
		{`echo "$x/{}" | wc`, "it's", `echo "$x/it's" | wc`},
		{`echo '{}' | wc`, "a$(b)", `echo 'a$(b)' | wc`},
		{`echo '{}' | wc`, "it's", `echo '''it'\''s''' | wc`},
		{`echo "{}" | wc`, "a\tb", `echo ""'a'"$(printf '\011')"'b'"" | wc`},
		{"# {}\ncd {}", "a", "# {}\ncd a"},
	} {
		command, err := Shell(c.text, "", Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := command.Display(valuesOf(c.item)); got != c.want {
			t.Errorf("Display(%q) of %q = %q, want %q", c.item, c.text, got, c.want)
		}
	}
	command, err := Shell("cd {} && [[ -e x ]]", "bash", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := command.Display(valuesOf("a b")), `bash -c 'cd '\''a b'\'' && [[ -e x ]]'`; got != want {
		t.Errorf("Display with bash = %q, want %q", got, want)
	}
}

// TestTally compares the measure with what Expand gives.
func TestTally(t *testing.T) {
	var rs []item.Record
	for _, s := range hostile.Items() {
		rs = append(rs, item.Record{Text: s, Fields: []string{s, "x"}})
	}
	for _, fill := range []bool{false, true} {
		var commands []*Command
		for _, words := range [][]string{{"echo"}, {"echo", "{}", "a{/}b", "{#}"}, {"echo", "{2}{1}"}} {
			c, err := Words(words, Options{Fill: fill})
			if err != nil {
				t.Fatal(err)
			}
			commands = append(commands, c)
		}
		for _, text := range []string{"cd {}; echo", `cd "{}"; echo 'x{}' {/.} {#}`, `cd x; echo "$@"`, "cat <<E\n{}\nE", "for i in a{1}b{2}; do :; done"} {
			c, err := Shell(text, "", Options{Fill: fill})
			if err != nil {
				t.Fatal(err)
			}
			commands = append(commands, c)
		}
		for _, c := range commands {
			v := Values{Item: item.Item{Seq: 12}, Slot: 1}
			tally := c.Tally(&v)
			for round := range 2 {
				for i := range rs {
					total, longest := tally.Add(&rs[i])
					v.Item.Records = rs[:i+1]
					argv, err := c.Expand(&v)
					if err != nil {
						t.Fatal(err)
					}
					sum, most := 0, 0
					for _, a := range argv {
						sum += len(a) + perArgument
						most = max(most, len(a))
					}
					if total < sum || longest < most {
						t.Fatalf("%s: Tally after %d records = %d, %d, want at least %d, %d", c.text, i+1, total, longest, sum, most)
					}
					if i == len(rs)-1 && round == 0 && !c.UsesShell() && total > sum*3/2 {
						t.Errorf("%s: Tally = %d, far more than %d", c.text, total, sum)
					}
				}
				tally.Reset()
			}
		}
	}
}

func TestConcurrentExpand(t *testing.T) {
	c, err := Shell("cd {} && echo {.a} {}", "", Options{JSON: true})
	if err != nil {
		t.Fatal(err)
	}
	r := decoded(t, `{"a": [1, {"b": 2.50}]}`)
	var wait sync.WaitGroup
	for n := range 8 {
		wait.Go(func() {
			for range 200 {
				v := Values{Item: item.Item{Seq: 1, Records: slices.Repeat([]item.Record{r}, n)}}
				if _, err := c.Expand(&v); err != nil {
					t.Error(err)
				}
				c.Display(&v)
			}
		})
	}
	wait.Wait()
}

// TestSplitAsDash compares the words of templates that need no shell with those of a shell.
func TestSplitAsDash(t *testing.T) {
	dash, err := exec.LookPath("dash")
	if err != nil {
		t.Skip("dash is not installed")
	}
	pieces := []string{"a", "b", " ", "  ", "'", `"`, `\`, "x y", "=", ",", "é", "\t", "n", "t", "$", "%", "-", ".", "/", "''", `""`, `'a b'`, `"c\"d"`, "#", "~"}
	var scripts strings.Builder
	var want []string
	seed := uint32(1)
	for len(want) < 400 {
		text := "true "
		for range 6 {
			seed = seed*1664525 + 1013904223
			text += pieces[int(seed>>8)%len(pieces)]
		}
		c, err := Shell(text, "", Options{NoAppend: true})
		if err != nil || c.UsesShell() {
			continue
		}
		argv, err := c.Expand(valuesOf(""))
		if err != nil {
			t.Fatal(err)
		}
		scripts.WriteString("p" + strings.TrimPrefix(text, "true") + "\n")
		words := ""
		for _, a := range argv[1:] {
			words += a + "|"
		}
		want = append(want, text+" -> "+words)
	}
	out := output(t, t.TempDir(), dash, "-c", `p() { for i; do printf '%s|' "$i"; done; printf '\036'; }`+"\n"+scripts.String())
	for i, got := range strings.Split(strings.TrimSuffix(string(out), "\x1e"), "\x1e") {
		if text, words, _ := strings.Cut(want[i], " -> "); got != words {
			t.Errorf("%q is split into %q, and by dash into %q", text, words, got)
		}
	}
}
