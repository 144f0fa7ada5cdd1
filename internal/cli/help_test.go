package cli

import (
	goflag "flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/lipgloss"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/run"
)

var update = goflag.Bool("update", false, "write the golden files")

// golden compares a page with testdata/golden/name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("..", "..", "testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s has changed; if it is meant to, go test ./internal/cli -update\n%s", name, got)
	}
}

// printed is what eph prints on standard output.
func printed(t *testing.T, args ...string) (string, run.Report) {
	t.Helper()
	out, err := os.CreateTemp(t.TempDir(), "out")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	p := newProgram(run.Streams{Out: out, Err: out}, cpusOfTest)
	report := p.execute(args)
	b, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(b), report
}

func TestHelpPage(t *testing.T) {
	page, report := printed(t, "--color=never", "--help")
	if report.Err != nil {
		t.Fatal(report.Err)
	}
	if n := strings.Count(page, "\n"); n > 48 {
		t.Errorf("the help has %d lines, want one screen of 48", n)
	}
	for _, g := range new(typed).groups() {
		if !strings.Contains(page, g.name) {
			t.Errorf("the help does not mention the group %s", g.name)
		}
		for _, f := range g.flags {
			if f.brief != "" && !strings.Contains(page, "--"+f.name+" ") {
				t.Errorf("the help does not mention --%s", f.name)
			}
		}
	}
	golden(t, "help.txt", page)

	for _, args := range [][]string{{"-h"}, {"help"}, {"run", "--help"}, {"--help", "echo"}, {"-kh"}, {"--help", "version"}} {
		if got, _ := printed(t, append([]string{"--color=never"}, args...)...); got != page {
			t.Errorf("eph %q prints another page than eph --help:\n%s", args, got)
		}
	}
}

// TestColoredHelp holds that colours change nothing but colours.
func TestColoredHelp(t *testing.T) {
	codes := regexp.MustCompile(`\x1b\[[0-9;]*m`)
	for _, args := range [][]string{{"-h"}, {"help", "flags"}, {"help", "keys"}} {
		plain, _ := printed(t, append([]string{"--color=never"}, args...)...)
		colored, _ := printed(t, append([]string{"--color=always"}, args...)...)
		if !codes.MatchString(colored) {
			t.Errorf("eph --color=always %q has no colours", args)
		}
		if got := codes.ReplaceAllString(colored, ""); got != plain {
			t.Errorf("eph --color=always %q without its colours:\n%s\nwant\n%s", args, got, plain)
		}
	}
}

// TestTopics holds the style of all pages: their width, and that every flag they speak of is
// one.
func TestTopics(t *testing.T) {
	known := longNames(new(typed).groups())
	ofOthers := []string{"print0", "run"} // of find, and of eph ctl
	named := regexp.MustCompile(`--([a-z][a-z0-9-]*)`)
	for _, topic := range topics {
		page, report := printed(t, "--color=never", "help", topic.name)
		if report.Err != nil {
			t.Errorf("eph help %s: %v", topic.name, report.Err)
		}
		if strings.Count(page, "\n") < 5 {
			t.Errorf("eph help %s has next to nothing to say:\n%s", topic.name, page)
		}
		for line := range strings.Lines(page) {
			if lipgloss.Width(line) > width {
				t.Errorf("eph help %s: wider than %d columns: %s", topic.name, width, line)
			}
			if strings.Contains(line, "\t") || strings.HasSuffix(line, " \n") {
				t.Errorf("eph help %s: a tab, or a blank at the end: %q", topic.name, line)
			}
		}
		for _, m := range named.FindAllStringSubmatch(page, -1) {
			if !slices.Contains(known, m[1]) && !slices.Contains(ofOthers, m[1]) {
				t.Errorf("eph help %s speaks of --%s, which is not a flag", topic.name, m[1])
			}
		}
	}
}

func TestExitStatusPage(t *testing.T) {
	page, _ := printed(t, "--color=never", "help", "exit-status")
	for _, s := range fail.Statuses {
		if !regexp.MustCompile(`(?m)^  ` + regexp.QuoteMeta(s.Code) + ` `).MatchString(page) {
			t.Errorf("eph help exit-status does not list %s:\n%s", s.Code, page)
		}
	}
	golden(t, "exit-status.txt", page)
}

func TestFlagPage(t *testing.T) {
	page, _ := printed(t, "--color=never", "help", "flags")
	golden(t, "flags.txt", page)
}

// TestHelpOn finds the page of a command, and what was meant by a slip.
func TestHelpOn(t *testing.T) {
	for _, tt := range []struct{ args, prints, try string }{
		{"help completion", "words that are not names", ""},
		{"version --help", "words that are not names", ""},
		{"help xargs", "words that are not names", ""},
		{"help kez", "", "eph help keys"},
		{"help key", "eph help keys has more", ""},
		{"help status", "", "eph help flags|"},
		{"help keys output", "", "eph help keys"},
	} {
		page, report := printed(t, append([]string{"--color=never"}, strings.Fields(tt.args)...)...)
		try := ""
		if e, ok := report.Err.(*fail.Error); ok {
			try = e.Try
		}
		if !strings.Contains(page, tt.prints) || !strings.HasPrefix(try, tt.try) || (report.Err != nil) != (tt.try != "") {
			t.Errorf("eph %s prints %q and fails with %v (try %q)", tt.args, page, report.Err, try)
		}
	}
}

// TestFlagTable holds the style of the table of flags.
func TestFlagTable(t *testing.T) {
	for _, g := range new(typed).groups() {
		if !slices.Contains(slices.Concat(columns[0], columns[1]), g.name) {
			t.Errorf("the help has no place for the group %s", g.name)
		}
		for _, f := range g.flags {
			switch {
			case f.meaning == "" || strings.HasSuffix(f.meaning, ".") || strings.Contains(f.meaning, "\n"):
				t.Errorf("--%s: the meaning is a line without a full stop, not %q", f.name, f.meaning)
			case f.meaning[0] >= 'A' && f.meaning[0] <= 'Z' && !strings.HasPrefix(f.meaning, f.metavar+" "):
				t.Errorf("--%s: the meaning begins with a capital letter: %q", f.name, f.meaning)
			case len(f.meaning) > 90:
				t.Errorf("--%s: the meaning is too long: %q", f.name, f.meaning)
			case lipgloss.Width(f.brief) > 18:
				t.Errorf("--%s: the brief meaning takes up to 18 columns, not %q", f.name, f.brief)
			}
			_, isToggle := f.value.(*toggle)
			if isToggle != (f.metavar == "") {
				t.Errorf("--%s: a value has a name, and a toggle has none: %q", f.name, f.metavar)
			}
			if !isToggle && f.sample() == "" {
				t.Errorf("--%s has no value to try", f.name)
			}
			if f.def != "" && len(f.choices) > 0 && !slices.Contains(f.choices, f.def) {
				t.Errorf("--%s: the default %q is no choice of %q", f.name, f.def, f.choices)
			}
		}
	}
}

// TestSamples holds that what an error says to try is accepted.
func TestSamples(t *testing.T) {
	for _, g := range new(typed).groups() {
		for _, f := range g.flags {
			if f.metavar == "" {
				continue
			}
			samples := f.choices
			if f.example != "" {
				samples = []string{f.example}
			}
			for _, s := range samples {
				args := []string{"--" + f.name, s, "echo", "{}"}
				for _, needed := range []string{"--key=x", "--lane=x", "--lanes=x", "--retries=1", "--breaker=5", "--rate=1/s", "--log=F", "--journal=J"} {
					name, _, _ := strings.Cut(needed, "=")
					if name != "--"+f.name && (name != "--retries" || f.name != "attempts") && (name != "--rate" || f.name != "delay") && (name != "--journal" || f.name != "batch") {
						args = append([]string{needed}, args...)
					}
				}
				if f.name == "shell" || f.name == "shell-opts" {
					args = append(args[:len(args)-2], "echo {}")
				}
				if slices.Contains([]string{"block", "recend", "recstart"}, f.name) {
					args = append([]string{"--pipe"}, args[:len(args)-1]...)
				}
				if f.name == "stdin" {
					args = append(args, ":::", "a")
				}
				if _, err := planOf(args...); err != nil {
					t.Errorf("the sample %s %s is refused: %v", "--"+f.name, s, err)
				}
			}
		}
	}
}

// TestManual holds that the manual has every flag, status and topic, and that roff takes it.
func TestManual(t *testing.T) {
	defer func(v string) { version = v }(version)
	version = "v0.0.0"
	page, report := printed(t, "man")
	if report.Err != nil {
		t.Fatal(report.Err)
	}
	for _, name := range longNames(new(typed).groups()) {
		if !strings.Contains(page, `\-\-`+strings.ReplaceAll(name, "-", `\-`)) && name != "max-procs" {
			t.Errorf("the manual does not mention --%s", name)
		}
	}
	for _, s := range fail.Statuses {
		if !strings.Contains(page, "\n  "+s.Code+" ") {
			t.Errorf("the manual does not list the status %s", s.Code)
		}
	}
	for _, topic := range topics[1:] {
		if !strings.Contains(page, ".SH "+strings.ToUpper(escape(strings.ReplaceAll(topic.name, "-", " ")))+"\n") {
			t.Errorf("the manual has no section on %s", topic.name)
		}
	}
	if strings.Contains(page, "\t") || regexp.MustCompile(`(?m)^\.(?:[^A-Za-z]|[a-z]{3})`).MatchString(page) {
		t.Error("the manual has a line that roff takes for a request")
	}
	groff, err := exec.LookPath("groff")
	if err != nil {
		return
	}
	cmd := exec.Command(groff, "-man", "-Tutf8", "-ww", "-z")
	cmd.Stdin = strings.NewReader(page)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("groff: %v\n%s", err, out)
	}
}

// TestRoff holds that no text is taken for a request or an escape.
func TestRoff(t *testing.T) {
	var m roff
	m.page("# A-b\n.x \\\n\n'y\nz\n\n  .SH one\n  two\nthree\n")
	want := ".SS A\\-b\n\\&.x \\e\n.PP\n\\&'y\nz\n.PP\n.nf\n  .SH one\n  two\n.fi\n.PP\nthree\n"
	if got := m.b.String(); got != want {
		t.Errorf("roff =\n%q, want\n%q", got, want)
	}
}

// TestContinuedLines holds that only an example is shown as one, not the second line of a list.
func TestContinuedLines(t *testing.T) {
	page, _ := printed(t, "--color=always", "help", "signals")
	if !strings.Contains(page, "\n                     kills the jobs at once.\n") {
		t.Errorf("eph help signals colours or moves a continued line:\n%q", page)
	}
}

func TestVersion(t *testing.T) {
	defer func(v string) { version = v }(version)
	version = "v1.2.3"
	for _, args := range [][]string{{"version"}, {"-V"}, {"--version", "echo"}, {"run", "-V"}, {"-j4", "version"}, {"-0P", "8", "version"}} {
		got, report := printed(t, args...)
		if !strings.HasPrefix(got, "eph v1.2.3 (") || report.Err != nil {
			t.Errorf("eph %q prints %q, fails with %v", args, got, report.Err)
		}
	}
}

// TestReserved holds which words are no program: the list is fixed.
func TestReserved(t *testing.T) {
	p := newProgram(run.Streams{}, cpusOfTest)
	want := []string{"completion", "convert", "ctl", "help", "man", "parallel", "run", "version", "worker", "xargs"}
	if got := words(p.root()); !slices.Equal(got, want) {
		t.Errorf("reserved words = %q, want %q", got, want)
	}
	for word, try := range map[string]string{
		"worker": "eph -- worker -0 'a b'", "parallel": "eph parallel -0 'a b'", "xargs": "eph xargs -0 'a b'",
	} {
		_, report := printed(t, "-j4", word, "-0", "a b")
		e, ok := report.Err.(*fail.Error)
		if !ok || report.Status != fail.BadUsage || !strings.HasPrefix(e.Try, try) {
			t.Errorf("eph -j4 %s -0 'a b' = %+v, want a usage error with the line to type", word, report)
		}
	}
}

func TestCompletion(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"eph-program": 0o755, "eph-text": 0o644} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":"+dir+":/no/such/directory")
	for _, tt := range []struct {
		line []string // the last is being typed
		want string   // a regular expression for all of it
	}{
		{[]string{"--key-f"}, `^--key-fail\t.*\n:4\n$`},
		{[]string{"--key-fail", ""}, `^continue\nskip\nhalt\n:4\n$`},
		{[]string{"--summary", "a"}, `^auto\nalways\nnone\njson\nmarkdown\n:4\n$`},
		{[]string{"-a", ""}, `^:0\n$`},
		{[]string{"--tmpdir", ""}, `^:16\n$`},
		{[]string{"--max-p"}, `^:4\n$`},
		{[]string{"-k", "eph-"}, `^eph-program\n:0\n$`},
		{[]string{"eph-program", "x"}, `^:0\n$`},
		{[]string{"eph-program", "--k"}, `^:0\n$`},
		{[]string{"./x"}, `^:0\n$`},
		{[]string{"run", "-k", "eph-"}, `^eph-program\n:0\n$`},
		{[]string{"comp"}, `^completion\t.*\n:\d\n$`},
		{[]string{"xar"}, `^:\d\n$`},
		{[]string{"completion", "z"}, `^zsh\n:4\n$`},
		{[]string{"help", "exit"}, `^exit-status\t.*\n:4\n$`},
	} {
		got, report := printed(t, append([]string{"__complete"}, tt.line...)...)
		got, _, _ = strings.Cut(got, "Completion ended")
		if !regexp.MustCompile(tt.want).MatchString(got) || report.Err != nil {
			t.Errorf("completing %q gives %q (%v), want %q", tt.line, got, report.Err, tt.want)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if got, report := printed(t, "completion", shell); len(got) < 1000 || report.Err != nil {
			t.Errorf("eph completion %s prints %d bytes, fails with %v", shell, len(got), report.Err)
		}
	}
	if _, report := printed(t, "completion", "csh"); report.Status != fail.BadUsage {
		t.Errorf("eph completion csh = %+v, want a usage error", report)
	}
}
