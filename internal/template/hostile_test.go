package template

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mostlylucid/eph/internal/hostile"
	"github.com/mostlylucid/eph/internal/item"
)

var full = flag.Bool("eph.full", false, "run every hostile item through a shell process of its own")

// itemsFor are the items that a shell is tried with. yash takes no bytes that are not text.
func itemsFor(shell string) []string {
	return slices.DeleteFunc(hostile.Items(), func(s string) bool { return shell == "yash" && strings.ToValidUTF8(s, "") != s })
}

// shellsHere are the shells that the matrix is run with, where they are installed.
var shellsHere = []string{"sh", "dash", "bash", "busybox sh", "mksh", "ksh", "zsh", "yash"}

// contexts are templates, and what each has to print for an item.
var contexts = []struct {
	text   string
	want   func(s string) string
	shells string // that have the syntax; "" for all
}{
	{text: `printf '[%s]' {}; :`, want: bracketed},
	{text: `printf '[%s]' '{}'; :`, want: bracketed},
	{text: `printf '[%s]' "{}"; :`, want: bracketed},
	{text: `printf '[%s]' a{}b; :`, want: func(s string) string { return "[a" + s + "b]" }},
	{text: `printf '[%s]' 'a {} b'; :`, want: func(s string) string { return "[a " + s + " b]" }},
	{text: `printf '[%s]' "a {} b" {}; :`, want: func(s string) string { return "[a " + s + " b][" + s + "]" }},
	{text: `printf '[%s]' "\"{}\\"; :`, want: func(s string) string { return `["` + s + `\]` }},
	{text: `printf '[%s]' \\{}; :`, want: func(s string) string { return `[\` + s + `]` }},
	{text: `printf '[%s]' "a"{}'b' "{}"'{}'{}; :`, want: func(s string) string { return "[a" + s + "b][" + s + s + s + "]" }},
	{text: `printf '[%s]' "$(printf %s {}; printf x)"`, want: func(s string) string { return "[" + s + "x]" }},
	{text: `printf '[%s]' "$(printf %s "$(printf %s '{}'; printf y)"; printf x)"`, want: func(s string) string { return "[" + s + "yx]" }},
	{text: "cat <<EOF\n{}\nEOF\n", want: func(s string) string { return s + "\n" }},
	{text: "cat <<-EOF\n\ta '{}' \"{}\"\n\tEOF\n", want: func(s string) string { return "a '" + s + "' \"" + s + "\"\n" }},
	{text: "cat <<EOF\n$(printf '[%s]' {}) ${nope:-{}}\nEOF\n", want: func(s string) string { return bracketed(s) + " " + s + "\n" }},
	{text: `x={} y=1; printf '[%s]' "$x" "$y"`, want: func(s string) string { return "[" + s + "][1]" }},
	{text: `x='{}'"{}"; printf '[%s]' "$x"`, want: func(s string) string { return "[" + s + s + "]" }},
	{text: `export V={}; printf '[%s]' "$V"`, want: bracketed},
	{text: `V={} sh -c 'printf "[%s]" "$V"'`, want: bracketed},
	{text: `sh -c 'printf "[%s]" "$1"' sh {}; :`, want: bracketed},
	{text: `x='printf "[%s]" "$1"'; sh -c "$x" sh {}`, want: bracketed},
	{text: "sh -c cat <<E\n{}\nE\n", want: func(s string) string { return s + "\n" }},
	{text: `f() { printf '[%s]' {} "$1"; }; f a b`, want: func(s string) string { return "[" + s + "][a]" }},
	{text: `f() { printf '[%s]' "$@"; }; f {} b`, want: func(s string) string { return "[" + s + "][b]" }},
	{text: `g() { local v={}; printf '[%s]' "$v"; }; g`, want: bracketed, shells: "sh dash bash busybox mksh zsh"},
	{text: `set -- q w; printf '[%s]' {} "$1"`, want: func(s string) string { return "[" + s + "][q]" }},
	{text: `set -- {} w; printf '[%s]' "$1" "$2"`, want: func(s string) string { return "[" + s + "][w]" }},
	{text: `for i in {} b; do printf '[%s]' "$i"; done`, want: func(s string) string { return "[" + s + "][b]" }},
	{text: `case {} in zzz) printf no;; *) printf '[%s]' {};; esac`, want: bracketed},
	{text: `case plain in {}) printf yes;; "{}"x|'{}'y) printf no;; *) printf '[%s]' {};; esac`, want: func(s string) string {
		if s == "plain" {
			return "yes"
		}
		return bracketed(s)
	}},
	{text: `if [ {} = {} ]; then printf eq; else printf ne; fi`, want: func(string) string { return "eq" }},
	{text: `if [ -n "{}" ]; then printf y; else printf n; fi`, want: func(s string) string {
		if s == "" {
			return "n"
		}
		return "y"
	}},
	{text: `if [[ {} == {} && -n x{} ]]; then printf eq; else printf ne; fi`, want: func(string) string { return "eq" }, shells: "bash ksh mksh zsh"},
	{text: `if [[ abc == {} ]]; then printf eq; else printf '[%s]' {}; fi`, want: unlessABC, shells: "bash ksh mksh zsh"},
	{text: `if [[ abc =~ ^{}$ ]]; then printf eq; else printf '[%s]' {}; fi`, want: unlessABC, shells: "bash"},
	{text: "# {}\nprintf '[%s]' {} # comment {} '\n", want: bracketed},
	{text: `(printf '[%s]' {})`, want: bracketed},
	{text: `{ printf '[%s]' {}; } | cat`, want: bracketed},
	{text: `printf '[%s]' {} & wait`, want: bracketed},
	{text: `true && printf '[%s]' {} || printf no`, want: bracketed},
	{text: `printf '[%s]' "${nope:-{}}" "${nope-a{}b}"`, want: func(s string) string { return "[" + s + "][a" + s + "b]" }},
	{text: `printf '[%s]' ${nope:-{}} ${nope:-"{}"'{}'}`, want: func(s string) string { return "[" + s + "][" + s + s + "]" }, shells: "sh dash bash busybox mksh yash"}, // ksh93 drops an empty word,
	{text: `y=abcabc; printf '[%s]' "${y#{}}" "${y%%z{}}"`, want: func(s string) string { return "[" + strings.TrimPrefix("abcabc", s) + "][abcabc]" }},
	{text: `printf '[%s]' $'a\n{}b'`, want: func(s string) string { return "[a\n" + s + "b]" }, shells: "bash ksh mksh zsh"},
	{text: `cat <<< {}`, want: func(s string) string { return s + "\n" }, shells: "bash ksh mksh zsh"},
	{text: `a=({} b); printf '[%s]' "${a[@]}"`, want: func(s string) string { return "[" + s + "][b]" }, shells: "bash ksh mksh zsh"},
	{text: `cat <(printf '[%s]' {})`, want: bracketed, shells: "bash zsh"},
	{text: `set -eu; IFS=abcdefghij; printf '[%s]' {}`, want: bracketed},
	{text: `n=0; while [ $n -lt 2 ]; do printf '[%s]' {}; n=$((n+1)); done`, want: func(s string) string { return bracketed(s) + bracketed(s) }},
	{text: "printf '[%s]' \\\n  {} >/dev/stdout 2>&1", want: bracketed},
	{text: `x={}; unset x; printf '[%s]' {}; f={}; trap 'printf "[%s]" "$f"' EXIT`, want: func(s string) string { return bracketed(s) + bracketed(s) }},
	{text: `printf '[%s]' {} $(( {#} + 1 ))`, want: func(s string) string { return "[" + s + "][8]" }},
	{text: `printf '[%s]' "$1"; printf '[%s]' {} "$@"; shift; printf '[%s]' "$#"`, want: func(s string) string { return bracketed(s) + bracketed(s) + bracketed(s) + "[0]" }},
}

func bracketed(s string) string { return "[" + s + "]" }

// unlessABC is bracketed for a comparison with abc.
func unlessABC(s string) string {
	if s == "abc" {
		return "eq"
	}
	return bracketed(s)
}

func runs(shell, list string) bool {
	return list == "" || strings.Contains(" "+list+" ", " "+strings.Fields(shell)[0]+" ")
}

// TestItemsStayData runs every hostile item through every context in every shell: each byte has to
// come out as it went in, and nothing may have run. In the plain run the shells share the contexts
// out, dash and bash take half of them each and the others a quarter.
func TestItemsStayData(t *testing.T) {
	for n, shell := range shellsHere {
		t.Run(strings.ReplaceAll(shell, " ", "_"), func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(strings.Fields(shell)[0]); err != nil {
				t.Skipf("%s is not installed", shell)
			}
			shares := 4
			if shell == "dash" || shell == "bash" {
				shares = 2
			}
			for i, c := range contexts {
				shared := !*full && i%shares != n%shares
				if shared || !runs(shell, c.shells) {
					continue
				}
				command, err := Shell(c.text, shell, Options{})
				if err != nil {
					t.Errorf("Shell(%q, %s) = %v", c.text, shell, err)
					continue
				}
				if !command.UsesShell() {
					t.Errorf("Shell(%q, %s) uses no shell", c.text, shell)
					continue
				}
				outputs := runTogether
				if *full {
					outputs = runApart
				}
				dir := t.TempDir()
				items := itemsFor(shell)
				for i, got := range outputs(t, dir, command, shell, items) {
					if want := c.want(items[i]); got != want {
						t.Errorf("%s: %q with item %q printed %q, want %q", shell, c.text, items[i], got, want)
					}
				}
				if files, _ := os.ReadDir(dir); len(files) > 0 {
					t.Fatalf("%s: %q: an item ran and left %s", shell, c.text, files[0].Name())
				}
			}
		})
	}
}

func valuesOf(s string) *Values {
	return &Values{Item: item.Item{Seq: 7, Records: []item.Record{{Text: s}}}, Slot: 2, Attempt: 1}
}

// runApart runs a shell for each item, as a job would.
func runApart(t *testing.T, dir string, c *Command, _ string, items []string) []string {
	var got []string
	for _, s := range items {
		argv, err := c.Expand(valuesOf(s))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(output(t, dir, argv...)))
	}
	return got
}

// runTogether runs one shell for all items: the script becomes the body of a function, that is
// called in a subshell with the values of each item.
func runTogether(t *testing.T, dir string, c *Command, shell string, items []string) []string {
	const end = "\x1e--end--\x1e"
	var argv []string
	first := len(strings.Fields(shell)) + len([]string{"-c", "script", "eph"})
	values := 0
	for _, s := range items {
		all, err := c.Expand(valuesOf(s))
		if err != nil {
			t.Fatal(err)
		}
		values = len(all) - first
		argv = append(argv, all[first:]...)
	}
	var quoted strings.Builder
	for i := 1; i <= values; i++ {
		fmt.Fprintf(&quoted, ` "$%d"`, i)
	}
	driver := quickPrintf + "run() {\n" + c.Script() + "\n}\nwhile [ $# -gt 0 ]; do (run" + quoted.String() + ") 2>&1; printf '%s' '" + end + "'; shift " + fmt.Sprint(values) + "; done"
	out := output(t, dir, append(append(strings.Fields(shell), "-c", driver, "eph"), argv...)...)
	got := strings.Split(string(out), end)
	if len(got) != len(items)+1 {
		t.Fatalf("%s: %q gave %d outputs, want %d: %q", shell, c.text, len(got)-1, len(items), out)
	}
	return got[:len(items)]
}

// quickPrintf spares mksh, which has none, a process for each printf.
const quickPrintf = `[ -z "${KSH_VERSION##*MIRBSD*}" ] && [ -n "$KSH_VERSION" ] && printf() {
	typeset f="$1" a; shift
	case $f in
	'[%s]') for a; do print -nr -- "[$a]"; done ;;
	%s) print -nr -- "$1" ;;
	*) print -nr -- "$f" ;;
	esac
}
`

var processes = make(chan struct{}, 4)

func output(t testing.TB, dir string, argv ...string) []byte {
	processes <- struct{}{}
	defer func() { <-processes }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "__eph1=inherited")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil && ctx.Err() != nil {
		t.Fatalf("%q hangs", argv)
	}
	return out.Bytes()
}

// TestRedirectTargets creates files with hostile names, below a folder of their own.
func TestRedirectTargets(t *testing.T) {
	for _, shell := range shellsHere {
		if _, err := exec.LookPath(strings.Fields(shell)[0]); err != nil {
			t.Logf("%s is not installed", shell)
			continue
		}
		c, err := Shell(`printf hi > f/x{/}; printf ho >> "f/x{/}"; cat < 'f/x{/}'`, shell, Options{})
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "f"), 0o700); err != nil {
			t.Fatal(err)
		}
		made := map[string]bool{}
		for _, s := range itemsFor(shell) {
			if len(s) > 200 {
				continue
			}
			argv, err := c.Expand(valuesOf(s))
			if err != nil {
				t.Fatal(err)
			}
			if got, name := string(output(t, dir, argv...)), "x"+base.apply(s); !strings.HasSuffix(got, "hiho") {
				t.Errorf("%s: printf > {/} with %q printed %q, want hiho", shell, s, got)
			} else if _, err := os.Lstat(filepath.Join(dir, "f", name)); err != nil {
				t.Errorf("%s: printf > {/} with %q: %v", shell, s, err)
			} else {
				made[name] = true
			}
			if !*full && len(made) > 20 {
				break
			}
		}
		files, _ := os.ReadDir(filepath.Join(dir, "f"))
		if len(files) != len(made) {
			t.Errorf("%s: %d files, want %d", shell, len(files), len(made))
		}
		if files, _ := os.ReadDir(dir); len(files) != 1 {
			t.Errorf("%s: an item ran and left %v", shell, files)
		}
	}
}

// TestNotExported looks for the item in the environment of the commands that a script runs.
func TestNotExported(t *testing.T) {
	for _, shell := range shellsHere {
		if _, err := exec.LookPath(strings.Fields(shell)[0]); err != nil {
			continue
		}
		c, err := Shell(`set -a; : "{}"; set +a; env`, shell, Options{})
		if err != nil {
			t.Fatal(err)
		}
		argv, err := c.Expand(valuesOf("canary-in-the-environment"))
		if err != nil {
			t.Fatal(err)
		}
		if out := output(t, t.TempDir(), argv...); bytes.Contains(out, []byte("canary")) || bytes.Contains(out, []byte("__eph")) {
			t.Errorf("%s: the environment of a command holds the item: %q", shell, out)
		}
	}
}

// TestDisplayRuns gives what Display shows to sh, which has to do what the command does.
func TestDisplayRuns(t *testing.T) {
	var wait sync.WaitGroup
	defer wait.Wait()
	for _, text := range []string{
		`printf '[%s]' {} "a {}" 'b {}' x{}; :`, `printf '[%s]' "$(printf '%s' "{}x")"`, "cat <<EOF\n{}\nEOF", `x={}; printf '[%s]' "$x"`, `/usr/bin/printf '[%s]' {} x{}`,
		`printf '[%s]' "$@"`, `y=1; printf '[%s]' "${y}{}" "{}$y" "$y/{}" "\$y{}"`, `printf '[%s]' "${x:-{}}"`,
	} {
		wait.Go(func() {
			c, err := Shell(text, "", Options{})
			if err != nil {
				t.Error(err)
				return
			}
			dir := t.TempDir()
			for i, s := range itemsFor("sh") {
				if !*full && i%4 != 0 {
					continue
				}
				v := valuesOf(s)
				argv, err := c.Expand(v)
				if err != nil {
					t.Error(err)
					return
				}
				shown := c.Display(v)
				if got, want := output(t, dir, "sh", "-c", shown), output(t, dir, argv...); !bytes.Equal(got, want) {
					t.Errorf("Display(%q) of %q = %q, which prints %q, want %q", s, text, shown, got, want)
				}
				if strings.ContainsFunc(shown, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r == 0x202e }) {
					t.Errorf("Display(%q) of %q = %q, which holds control bytes", s, text, shown)
				}
			}
			if files, _ := os.ReadDir(dir); len(files) > 0 {
				t.Errorf("Display of %q ran an item, which left %s", text, files[0].Name())
			}
		})
	}
}
