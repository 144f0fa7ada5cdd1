package template

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
)

// likeParallel are the options of the drop-in.
func likeParallel(d Parallel) Options {
	return Options{Parallel: &d, Across: true, Missing: MissingOmit}
}

func argsOf(values ...string) *Values {
	v := &Values{Item: item.Item{Seq: 3}, Slot: 2, Attempt: 1, Total: 120}
	for _, s := range values {
		v.Item.Records = append(v.Item.Records, item.Record{Text: s})
	}
	return v
}

// run runs a command line and returns what it writes.
func runArgv(t *testing.T, c *Command, v *Values) string {
	argv, err := c.Expand(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(argv[0], argv[1:]...).Output()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatalf("%q: %v", argv, err)
	}
	return string(out)
}

func TestParallelDialect(t *testing.T) {
	many, plus := Parallel{Many: true}, Parallel{Plus: true, Jobs: 16}
	for _, tt := range []struct {
		text    string
		d       Parallel
		args    []string
		shown   string
		written string
	}{
		{"printf '[%s]'", many, []string{"a b", "c"}, "printf '[%s]' 'a b' c", "[a b][c]"},
		{"printf '[%s]' x{}y", many, []string{"a b", "c"}, "printf '[%s]' x'a b' cy", "[xa b][cy]"},
		{"printf '[%s]' \"x{}y\"", many, []string{"a b", "c"}, "printf '[%s]' \"xa b cy\"", "[xa b cy]"},
		{"printf '[%s]' {2} {3} {-1}", many, []string{"a", "b"}, "printf '[%s]' b  b", "[b][b]"},
		{"printf '[%s]' x{3}y {", many, []string{"a"}, "printf '[%s]' xy {", "[xy][{]"},
		{"printf '[%s]' {}", many, nil, "printf '[%s]' ", "[]"},
		{"{} x", Parallel{}, []string{"echo 'a'; echo"}, "echo 'a'; echo x", "a\nx\n"},
		{"{1} {2}", many, []string{"echo b; echo", "$(echo c)"}, "echo b; echo '$(echo c)'", "b\n$(echo c)\n"},
		{"echo {{}} {@key} {#} {%}", Parallel{}, []string{"a"}, "echo {a} {@key} 3 2", "{a} {@key} 3 2\n"},
		{"echo {0#} {0%} {##} {slot}", plus, []string{"a"}, "echo 003 02 120 2", "003 02 120 2\n"},
		{"echo @ {}", Parallel{Tags: map[string]string{"{}": "@"}}, []string{"a"}, "echo a {}", "a {}\n"},
		{"echo {%.tar.*} {#a} {:1:2} {1/b/X} {2:-no}", plus, []string{"ab.tar.gz"}, "echo ab b.tar.gz b. aX.tar.gz ", "ab b.tar.gz b. aX.tar.gz\n"},
		{`echo "{}" '{}'`, Parallel{}, []string{`a"$b`}, `echo ""'a"$b'"" 'a"$b'`, "a\"$b a\"$b\n"},
	} {
		c, err := Shell(tt.text, "/bin/bash", likeParallel(tt.d))
		if err != nil {
			t.Errorf("Shell(%q): %v", tt.text, err)
			continue
		}
		v := argsOf(tt.args...)
		if got := runArgv(t, c, v); got != tt.written {
			t.Errorf("%q with %q writes %q, want %q", tt.text, tt.args, got, tt.written)
		}
		if got := c.Display(v); got != tt.shown {
			t.Errorf("%q with %q is shown as %q, want %q", tt.text, tt.args, got, tt.shown)
		}
	}
}

func TestParallelPicks(t *testing.T) {
	for text, passes := range map[string]bool{"echo {choose_k}": false, "echo {uniq}": false, "echo {2choose_k}": false} {
		c, err := Shell(text, "/bin/bash", likeParallel(Parallel{Plus: true, Many: true}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Expand(argsOf("a", "a")); errors.Is(err, ErrSkip) == passes {
			t.Errorf("%s with a a = %v", text, err)
		}
		if _, err := c.Expand(argsOf("a", "b")); err != nil {
			t.Errorf("%s with a b = %v", text, err)
		}
	}
}

// TestParallelShownIsSafe runs what is shown, as --retry-failed does: no value in it may run.
func TestParallelShownIsSafe(t *testing.T) {
	hostile := []string{
		"x; echo RUNS", "$(echo RUNS)", "`echo RUNS`", "'; echo RUNS; '", "\"; echo RUNS; \"", "\\\"; echo RUNS; \"", "}; echo RUNS; #",
		"E\necho RUNS\n", "-n", "\x1b[31m", "*", "a\\", "!!", "{}", codeWord, "${__eph1}", "",
	}
	for _, text := range []string{
		"echo {}", "echo \"{}\"", "echo '{}'", "echo a{}b", "cat <<E\n{}\nE", "echo ${nope:-{}}", "echo \"${nope:-{}}\"", "echo $'{}'",
		"x={}; echo \"$x\"", "echo \"$(echo {})\"", "printf '%s\\n' {/} {.}",
	} {
		c, err := Shell(text, "/bin/bash", likeParallel(Parallel{}))
		if err != nil {
			t.Errorf("Shell(%q): %v", text, err)
			continue
		}
		for _, h := range hostile {
			v := argsOf(h)
			shown := c.Display(v)
			if strings.Contains(shown, "\x1b") {
				t.Errorf("%q with %q is shown as %q, which steers a terminal", text, h, shown)
			}
			out, _ := exec.Command("/bin/bash", "-c", shown).Output()
			if want := runArgv(t, c, v); string(out) != want {
				t.Errorf("%q with %q writes %q, and %q, as which it is shown, %q", text, h, want, shown, out)
			}
		}
	}
}

func TestParallelRefuses(t *testing.T) {
	for _, text := range []string{"echo {= s/a/b/ =}", "echo `echo {}`", "eval echo {}", "echo $(( {} + 1 ))", "sudo {}"} {
		_, err := Shell(text, "/bin/bash", likeParallel(Parallel{}))
		e, _ := errors.AsType[*fail.Error](err)
		if e == nil || e.Status != fail.BadUsage || e.Try == "" {
			t.Errorf("Shell(%q) = %v, want an error of usage with the way out", text, err)
		}
	}
	if _, err := Shell("echo {/(/x}", "/bin/bash", likeParallel(Parallel{Plus: true})); err == nil {
		t.Error("a broken regular expression is taken")
	}
}

func TestQuoteWords(t *testing.T) {
	got, err := QuoteWords([]string{"echo", "a  b", "$HOME", "it's", "x{}y z", "", "{2.}"}, likeParallel(Parallel{}))
	if want := `echo 'a  b' '$HOME' 'it'"'"'s' x{}'y z' '' {2.}`; got != want || err != nil {
		t.Errorf("QuoteWords = %s, %v, want %s", got, err, want)
	}
}
