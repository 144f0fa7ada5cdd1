package parallel

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/run"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		args     []string
		want     given
		operands []string
	}{
		{[]string{"echo", "-k"}, given{}, []string{"echo", "-k"}},
		{[]string{"-k", "--", "-x"}, given{"keep-order": {""}}, []string{"-x"}},
		{[]string{"-kj4", "echo"}, given{"keep-order": {""}, "jobs": {"4"}}, []string{"echo"}},
		{[]string{"-j", "4", "-j+1"}, given{"jobs": {"4", "+1"}}, nil},
		{[]string{"-q0", "perl"}, given{"quote": {""}, "null": {""}}, []string{"perl"}},
		{[]string{"--keep", "--jobs=2"}, given{"keep-order": {""}, "jobs": {"2"}}, nil},
		{[]string{"--TAGSTRING", "x"}, given{"tag-string": {"x"}}, nil},
		{[]string{"--jl", "f", "--res=d"}, given{"joblog": {"f"}, "results": {"d"}}, nil},
		{[]string{"-i", "echo"}, given{"replace": {"echo"}}, nil},
		{[]string{"-i%", "echo"}, given{"replace": {"%"}}, []string{"echo"}},
		{[]string{"-l", "echo"}, given{"max-lines": {""}}, []string{"echo"}},
		{[]string{"-l2k"}, given{"max-lines": {"2"}, "keep-order": {""}}, nil},
		{[]string{"-l", "2", "echo"}, given{"max-lines": {"2"}}, []string{"echo"}},
		{[]string{"-vv", "-"}, given{"v": {"", ""}}, []string{"-"}},
		{[]string{"--halt", "-1"}, given{"halt-on-error": {"-1"}}, nil},
	} {
		g := make(given)
		operands, err := g.parse(tt.args)
		if err != nil || !reflect.DeepEqual(g, tt.want) || !slices.Equal(operands, tt.operands) {
			t.Errorf("parse(%q) = %v, %q, %v, want %v, %q", tt.args, g, operands, err, tt.want, tt.operands)
		}
	}
	for _, args := range [][]string{
		{"--nope"}, {"-Z"}, {"-j"}, {"--jobs"}, {"--res=x", "--re"}, {"--tag=x"}, {"--tagst"}, {"-k4"},
	} {
		g := make(given)
		if _, err := g.parse(args); fail.StatusOf(err) != fail.BadUsage {
			t.Errorf("parse(%q) = %v, want an error of usage", args, err)
		}
	}
}

// TestNames holds that no name means two options, and that each has a word of explanation.
func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range options {
		if o.does == "" {
			t.Errorf("%s has no explanation", o.names)
		}
		for name := range strings.SplitSeq(o.names, "|") {
			if seen[name] {
				t.Errorf("%s is two options", spelled(name))
			}
			seen[name] = true
		}
	}
}

// TestOutside holds that what eph parallel has not is an error that says what to do.
func TestOutside(t *testing.T) {
	if n := len(options) - len(inside); n < 50 {
		t.Errorf("only %d options are outside", n)
	}
	for i, o := range options {
		outside := i >= len(inside)
		for name := range strings.SplitSeq(o.names, "|") {
			args := []string{spelled(name)}
			if o.value == needed {
				args = append(args, "1")
			}
			_, err := make(given).parse(args)
			e, _ := errors.AsType[*fail.Error](err)
			switch {
			case outside && (e == nil || e.Try == "" || !strings.Contains(e.What, spelled(name))):
				t.Errorf("%q = %v, want an error that names it, and the way out", args, err)
			case !outside && err != nil:
				t.Errorf("%q = %v", args, err)
			}
		}
	}
}

func TestValues(t *testing.T) {
	for s, want := range map[string]int{"0": 0, "12": 12, "1k": 1000, "1K": 1024, "2Ki": 2048, "2ki": 2048, "1M": 1 << 20, "1m": 1e6, "1kk": 1e6} {
		if n, err := number(s); err != nil || n != want {
			t.Errorf("number(%q) = %d, %v, want %d", s, n, err, want)
		}
	}
	for s, want := range map[string]time.Duration{
		"1": time.Second, "2.5": 2500 * time.Millisecond, ".2": 200 * time.Millisecond, "1m": time.Minute, "1h30m": 90 * time.Minute, "1D": 24 * time.Hour, "0": 0,
	} {
		if d, err := duration(s); err != nil || d != want {
			t.Errorf("duration(%q) = %v, %v, want %v", s, d, err, want)
		}
	}
	for s, want := range map[string]string{`\n`: "\n", `a\tb`: "a\tb", `\0`: "\x00", `\072`: ":", `\\n`: `\n`, `\x`: `\x`, `\999`: `\999`} {
		if got := unescape(s); got != want {
			t.Errorf("unescape(%q) = %q, want %q", s, got, want)
		}
	}
	for _, s := range []string{"", "x", "1x", "k", "-1", "99999999999999999999", "9E9E9"} {
		if n, err := number(s); err == nil {
			t.Errorf("number(%q) = %d, want an error", s, n)
		}
		if s == "1x" || s == "x" || s == "" {
			if d, err := duration(s); err == nil {
				t.Errorf("duration(%q) = %v, want an error", s, d)
			}
		}
	}
}

func TestHalt(t *testing.T) {
	fails := run.Halt{What: run.CountFail, At: run.Amount{N: 1}}
	now := fails
	now.Now = true
	for s, want := range map[string]run.Halt{
		"never": {}, "0": {}, "1": fails, "2": now, "soon,fail=1": fails, "now,fail,1": now,
		"-1": {What: run.CountSuccess, At: run.Amount{N: 1}}, "-2": {Now: true, What: run.CountSuccess, At: run.Amount{N: 1}},
		"20%":            {What: run.CountFail, At: run.Amount{Percent: 20, OfAll: true}},
		"now,done=30%":   {Now: true, What: run.CountDone, At: run.Amount{Percent: 30, OfAll: true}},
		"soon,success=3": {What: run.CountSuccess, At: run.Amount{N: 3}},
	} {
		if h, err := parseHalt(s); err != nil || h != want {
			t.Errorf("parseHalt(%q) = %+v, %v, want %+v", s, h, err, want)
		}
	}
	for _, s := range []string{"", "now", "now,fail", "later,fail=1", "now,lose=1", "now,fail=x", "now,fail=0"} {
		if h, err := parseHalt(s); err == nil {
			t.Errorf("parseHalt(%q) = %+v, want an error", s, h)
		}
	}
}

func TestStatus(t *testing.T) {
	report := func(failed int64, h *run.Halted) run.Report {
		return run.Report{Status: fail.JobsFailed, Counts: event.Counts{Read: 200, Failed: failed}, Halted: h}
	}
	one, two := run.Halt{What: run.CountFail, At: run.Amount{N: 1}}, run.Halt{What: run.CountFail, At: run.Amount{N: 2}}
	half := run.Halt{What: run.CountFail, At: run.Amount{Percent: 50, OfAll: true}}
	for _, tt := range []struct {
		report run.Report
		halt   run.Halt
		want   fail.Status
	}{
		{report(0, nil), run.Halt{}, 0},
		{report(7, nil), run.Halt{}, 7},
		{report(101, nil), run.Halt{}, 101},
		{report(150, nil), run.Halt{}, 101},
		{run.Report{Status: fail.Broken, Counts: event.Counts{Failed: 1}}, run.Halt{}, 255},
		{run.Report{Err: errors.New("x")}, run.Halt{}, 255},
		{report(1, &run.Halted{Status: 42}), one, 42},
		{report(3, &run.Halted{Counts: event.Counts{Failed: 2}, Status: 42}), two, 2},
		{report(3, &run.Halted{Counts: event.Counts{Failed: 3}, Total: 5}), half, 60},
		{report(3, &run.Halted{Counts: event.Counts{Failed: 3}}), run.Halt{What: run.CountSuccess, At: run.Amount{N: 1}}, 0},
	} {
		if got := Status(tt.report, tt.halt); got != tt.want {
			t.Errorf("Status(%+v, %+v) = %d, want %d", tt.report, tt.halt, got, tt.want)
		}
	}
}

func TestSources(t *testing.T) {
	g := given{"arg-file": {"f"}}
	command, sources := g.split(strings.Fields("echo {} ::: a b :::+ 1 2 :::: g h ::::+ i"), "\n")
	if got := strings.Join(command, " "); got != "echo {}" {
		t.Errorf("command = %q", got)
	}
	var got []string
	for _, s := range sources {
		text := s.File + strings.Join(s.Values, ",")
		if s.Link {
			text = "+" + text
		}
		got = append(got, text)
	}
	if want := []string{"f", "a,b", "+1,2", "g", "h", "+i"}; !slices.Equal(got, want) {
		t.Errorf("sources = %q, want %q", got, want)
	}
	_, sources = given{"arg-sep": {",,"}}.split([]string{"echo", ",,", "a:b", ":::"}, ":")
	if len(sources) != 1 || !slices.Equal(sources[0].Values, []string{"a", "b", "", "", "", ""}) {
		t.Errorf("sources = %+v, want one whose values are divided", sources)
	}
}

func TestJoblog(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	text := "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n" +
		"2\t:\t1795767571.003\t     0.006\t0\t2\t0\t0\techo a\x00b\n" +
		"1\t:\t1795767571.003\t     0.006\t0\t2\t-1\t15\tsleep\t9\n" +
		"3\t:\t1795767571.003\t     0.0"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	lines, began, err := readJoblog(name, true)
	want := []logged{{2, true, "echo a\nb"}, {1, false, "sleep\t9"}}
	if err != nil || !began || !slices.Equal(lines, want) {
		t.Errorf("readJoblog = %+v, %v, %v, want %+v", lines, began, err, want)
	}
	if _, began, err := readJoblog(name+"x", true); began || err != nil {
		t.Errorf("readJoblog of no file = %v, %v", began, err)
	}
	if err := os.WriteFile(name, []byte("x\nrubbish\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := readJoblog(name, true); err == nil {
		t.Error("readJoblog takes rubbish")
	}
}

func TestConfigured(t *testing.T) {
	home := t.TempDir()
	if err := os.MkdirAll(filepath.Join(home, ".parallel"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{".parallel/config": "# a comment\n-j3 --tagstring 'a b'\n", ".parallel/p": "-k nice\n"} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	getenv := func(name string) string { return map[string]string{"HOME": home, "PARALLEL": "-j4 --bar"}[name] }
	g := make(given)
	operands, err := g.everything([]string{"-j5", "echo"}, getenv)
	if want := (given{"jobs": {"3", "4", "5"}, "tag-string": {"a b"}, "bar": {""}}); err != nil || !reflect.DeepEqual(g, want) || !slices.Equal(operands, []string{"echo"}) {
		t.Errorf("everything = %v, %q, %v, want %v", g, operands, err, want)
	}
	g = make(given)
	operands, err = g.everything([]string{"-Jp", "echo"}, getenv)
	if want := (given{"jobs": {"4"}, "keep-order": {""}, "bar": {""}, "profile": {"p"}}); err != nil || !reflect.DeepEqual(g, want) || !slices.Equal(operands, []string{"nice", "echo"}) {
		t.Errorf("everything = %v, %q, %v, want %v", g, operands, err, want)
	}
	g = make(given)
	if _, err := g.everything([]string{"--plain", "echo"}, getenv); err != nil || !reflect.DeepEqual(g, given{"plain": {""}}) {
		t.Errorf("everything = %v, %v, want nothing else", g, err)
	}
}
