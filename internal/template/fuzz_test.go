package template

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"mvdan.cc/sh/v3/syntax"
)

// fragments are what random templates are made of: ordinary text, quotes, and everything that
// could turn a value into code. None of them can touch a file by itself.
var fragments = []string{
	"{}", "{}", "{}", "{}", "{/}", "{.}", "{#}", "{1}", "{{}", " ", " ", " ", ";", "\n", "'", "'", `"`, `"`, `\`, "$", "$(", ")", "(", "`",
	"${x:-", "${x#", "${x%", "${x/", "${x:", "${x[", "${!x}", "${", "}", "$((", "))", "((", "$[", "]", "$'", `$"`, "[", " ]", "[[ ", " ]]", "[ ",
	"x=", "y=", "x+=", "a[", "]=", "=(", "$x", `"$x"`, "$y", "$1", `"$@"`, "${x@P}", "${(e)x}", "${~x}",
	"echo ", "printf ", "printf '%s' ", "printf %d ", "eval ", "let ", "test ", "read x ", "read -r y ", "export ", "declare ", "declare -i ", "typeset -n ", "local ", "unset ", "set -- ",
	"shift ", "exit ", "return ", "sh -c ", "command ", "exec ", "env ", "trap ", "alias ", ": ", "true ", "cd ", "print ", "integer ",
	" -eq ", " -v ", " = ", " == ", " -gt ", " -n ", "!", "-", "--", "~", "*", "?", "#", " #", "@(", "*(", "(e:", ":)", "|", "&&", "||", "&", "{ ", "; }",
	"<<EOF\n", "\nEOF\n", "<<'EOF'\n", "<<<", "</dev/null", "<(", "2>&1", ">&2",
	"if ", "; then ", "; fi", "for i in ", "for x in ", "; do ", "; done", "while ", "case ", " in ", ") ", ";;", " esac", "f() { ", "f ", "function g { ", "g ", "a", "b c", "1", "0", ",", "..", "+", ":", "/", "=", "^",
}

// template makes shell text from random bytes: fragments in a row, or, for every second first
// byte, a known template with fragments put into it.
func template(data []byte) string {
	if len(data) > 3 && data[0]%2 == 1 {
		text := known[(int(data[1])*256+int(data[2]))%len(known)]
		for i := 3; i+1 < len(data); i += 2 {
			at := int(data[i]) * (len(text) + 1) / 256
			end := min(at+int(data[i])%3, len(text))
			text = text[:at] + fragments[int(data[i+1])%len(fragments)] + text[end:]
		}
		return text
	}
	var b strings.Builder
	for _, c := range data {
		b.WriteString(fragments[int(c)%len(fragments)])
	}
	return b.String()
}

// known are the templates of the other tests.
var known = func() []string {
	var texts []string
	for _, r := range refused {
		texts = append(texts, r.text)
	}
	for _, a := range accepted {
		texts = append(texts, a.text)
	}
	for _, c := range contexts {
		texts = append(texts, c.text)
	}
	return texts
}()

// attacks are the items that a random template is run with, all in one shell.
var attacks = []string{
	"$(touch PWNED)", "`touch PWNED`", "a[$(touch PWNED)0]", "x[$(touch PWNED)]=1", "[$(touch PWNED)0]=1", ";touch PWNED;", "\ntouch PWNED\n", "touch PWNED",
	"';touch PWNED;'", `";touch PWNED;"`, `'"$(touch PWNED)"'`, `"'$(touch PWNED)'"`, "EOF\ntouch PWNED\n", "*(e:'touch PWNED':)", ");touch PWNED;(", "}; touch PWNED; {",
	"-v", "-eq", "eval", "%d",
}

// survives runs an accepted template with every attack, where few programs can be found, and
// reports whether nothing ran.
func survives(t testing.TB, c *Command, dir string) bool {
	values := valuesOf("")
	for _, a := range attacks {
		values.Item.Records[0].Text = a
		argv, err := c.Expand(values)
		if err != nil {
			continue
		}
		program, err := exec.LookPath(argv[0])
		if err != nil {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		cmd := exec.CommandContext(ctx, program, argv[1:]...)
		cmd.WaitDelay = 100 * time.Millisecond
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
		cmd.Dir = dir
		cmd.Env = []string{"PATH=" + filepath.Join(dir, "bin"), "x=1", "y=z"}
		_ = cmd.Run()
		endless := ctx.Err() != nil
		cancel()
		if _, err := os.Lstat(filepath.Join(dir, "PWNED")); err == nil {
			_ = os.Remove(filepath.Join(dir, "PWNED"))
			t.Errorf("item %q ran, from %q", a, argv)
			return false
		}
		if endless { // a loop, and the other items would take as long
			return true
		}
	}
	return true
}

// fewPrograms makes a folder with the programs that random templates may run.
func fewPrograms(t testing.TB) string {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"touch", "sh", "bash", "cat", "env", "basename"} {
		if program, err := exec.LookPath(name); err != nil {
			t.Logf("%s is not installed", name)
		} else if err := os.Symlink(program, filepath.Join(dir, "bin", name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// leaveOnly empties a folder but for one name in it.
func leaveOnly(t testing.TB, dir, name string) {
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Name() != name {
			_ = os.RemoveAll(filepath.Join(dir, f.Name()))
		}
	}
}

// elsewherePattern matches a template that could act on more than the folder, and so is not run.
var elsewherePattern = regexp.MustCompile(`>[|&]?[ \t"']*[/~$.\\]|\bcd\b|pushd|kill|>.*\.\./`)

func holdsBack(text string) bool {
	return strings.Contains(text, "&") && strings.Contains(text, "while") || elsewherePattern.MatchString(text)
}

// TestRandomTemplates runs random templates that are accepted in the shells that are here.
func TestRandomTemplates(t *testing.T) {
	want, seed := 8, uint64(7)
	if *full {
		want, seed = 600, rand.Uint64()
	}
	for _, shell := range shellsHere {
		t.Run(strings.ReplaceAll(shell, " ", "_"), func(t *testing.T) {
			t.Parallel()
			program := strings.Fields(shell)[0]
			path, err := exec.LookPath(program)
			if err != nil {
				t.Skipf("%s is not installed", program)
			}
			shell := strings.Replace(shell, program, path, 1)
			dir := fewPrograms(t)
			random := rand.New(rand.NewPCG(seed, uint64(len(shell))))
			for accepted := 0; accepted < want; {
				data := make([]byte, 2+random.IntN(14))
				for i := range data {
					data[i] = byte(random.IntN(256))
				}
				text := template(data)
				c, err := Shell(text, shell, Options{})
				if err != nil || !c.UsesShell() || len(c.script.values) == 0 || holdsBack(text) {
					continue
				}
				accepted++
				leaveOnly(t, dir, "bin")
				if !survives(t, c, dir) {
					t.Errorf("Shell(%q, %s) let an item run", text, shell)
				}
			}
		})
	}
}

// FuzzShell compiles random templates: no panic, a script that parses and keeps its variables
// quoted, and items that stay data in a real shell.
func FuzzShell(f *testing.F) {
	for _, r := range refused {
		f.Add([]byte(r.text), false)
	}
	for _, c := range contexts {
		f.Add([]byte(c.text), false)
	}
	f.Add([]byte{0, 5, 17, 99, 43, 3}, true)
	dir := fewPrograms(f)
	dash, err := exec.LookPath("dash")
	f.Fuzz(func(t *testing.T, data []byte, build bool) {
		text := string(data)
		if build {
			text = template(data[:min(len(data), 40)])
		}
		for _, shell := range []string{"bash", "mksh", "zsh", "dash"} {
			c, err := Shell(text, shell, Options{})
			if err != nil || !c.UsesShell() {
				continue
			}
			langs := shells[shell]
			for _, n := range []int{0, 1, 3} {
				script := c.script.render(shape{records: n}).text
				file, err := parseShell(script, langs[0])
				if err != nil {
					t.Fatalf("Shell(%q, %s) with %d records does not parse: %v: %q", text, shell, n, err, script)
				}
				checkQuoted(t, file, script, c)
			}
		}
		if err != nil || !build || holdsBack(text) {
			return
		}
		leaveOnly(t, dir, "bin") // files that another template named
		if c, err := Shell(text, dash, Options{}); err == nil && c.UsesShell() && !survives(t, c, dir) {
			t.Fatalf("Shell(%q) let an item run", text)
		}
	})
}

func checkQuoted(t *testing.T, file *syntax.File, script string, c *Command) {
	t.Helper()
	walk(file, func(path []syntax.Node) {
		p, ok := path[len(path)-1].(*syntax.ParamExp)
		if !ok || p.Param == nil || !strings.HasPrefix(p.Param.Value, variable) || quoted(path) || int(p.Pos().Offset()) < strings.Index(script, "shift ") {
			return
		}
		if !slices.ContainsFunc(c.script.values, (*placeholder).isNumber) {
			t.Fatalf("%q is not quoted in %q", p.Param.Value, script)
		}
	})
}

// FuzzWords compiles and expands random words: no panic, and an item of plain text keeps every byte.
func FuzzWords(f *testing.F) {
	f.Add("echo", "{}", "item")
	f.Add("echo", "a{/.}b{#}{{{1}{@key}", "dir/x.tar.gz")
	f.Add("sh", "{.a.b|\"}\"}", "")
	f.Fuzz(func(t *testing.T, name, word, text string) {
		for _, o := range []Options{{}, {JSON: true}, {Columns: []string{"a", "b"}, Fill: true, Missing: MissingEmpty}, {Replace: "%"}} {
			c, err := Words([]string{name, word}, o)
			if err != nil {
				continue
			}
			v := valuesOf(text)
			argv, err := c.Expand(v)
			if err != nil {
				continue
			}
			if word == "{}" && o.Replace == "" && argv[len(argv)-1] != text {
				t.Errorf("Words(%q, {}) with item %q = %q", name, text, argv)
			}
			c.Display(v)
			tally := c.Tally(v)
			total, longest := tally.Add(&v.Item.Records[0])
			sum, most := 0, 0
			for _, a := range argv {
				sum += len(a) + perArgument
				most = max(most, len(a))
			}
			if total < sum || longest < most {
				t.Errorf("Tally of %q with item %q = %d, %d, want at least %d, %d", argv, text, total, longest, sum, most)
			}
		}
	})
}
