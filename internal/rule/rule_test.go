package rule

import (
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mostlylucid/eph/internal/fail"
)

func TestSpeak(t *testing.T) {
	for _, c := range []struct {
		line string
		want Spoken
	}{
		{"user.done", Spoken{Name: "user.done"}},
		{"  user.done\r", Spoken{Name: "user.done"}},
		{"user.done:a:b", Spoken{Name: "user.done", Value: "a:b"}},
		{"mine 5s", Spoken{Name: "mine", TTL: 5 * time.Second}},
		{"mine 5", Spoken{Name: "mine", TTL: 5 * time.Second}},
		{"backpressure.api:30s", Spoken{Name: "backpressure.api", Value: "30s", TTL: 30 * time.Second}},
		{"backpressure.api:1d", Spoken{Name: "backpressure.api", Value: "1d", TTL: 24 * time.Hour}},
		{"backpressure.api", Spoken{Name: "backpressure.api"}},
		{"rate-limit:250ms", Spoken{Name: "rate-limit", Value: "250ms", Delay: 250 * time.Millisecond}},
		{"rate-limit:5", Spoken{Name: "rate-limit", Value: "5", Delay: 5 * time.Second}},
		{"concurrency.down", Spoken{Name: "concurrency.down"}},
		{"-backpressure.*", Spoken{Name: "backpressure.*", Retract: true}},
	} {
		got, err := Speak([]byte(c.line))
		if err != nil || got != c.want {
			t.Errorf("%q: %+v, %v; want %+v", c.line, got, err, c.want)
		}
	}
}

func TestSpeakRefuses(t *testing.T) {
	for _, c := range []struct {
		line string
		at   int
	}{
		{"", 0},
		{"a b", 2},
		{"Upper", 0},
		{"a..b", 2},
		{"a.", 2},
		{".a", 0},
		{"a:", 2},
		{"a:x\x1by", 3},
		{"user.x -5s", 7},
		{"rate-limit", 10},
		{"rate-limit:soon", 11},
		{"backpressure", 12},
		{"backpressure.api:often", 17},
		{"concurrency.sideways", 12},
		{"run.finished", 0},
		{"job.failed", 0},
		{"circuit.opened", 0},
		{"-", 1},
		{"-a b", 2},
		{"-a,,b", 1},
	} {
		s, err := Speak([]byte(c.line))
		e, ok := errors.AsType[*fail.Error](err)
		if !ok || e.At != c.at || len(e.Try) == 0 {
			t.Errorf("%q: %+v, %v at %d; want an error at %d", c.line, s, err, e.At, c.at)
		}
	}
	if _, err := Speak([]byte(strings.Repeat("a", MostSpoken+1))); err == nil {
		t.Error("a line that is too long is taken")
	}
}

func TestRaise(t *testing.T) {
	const flag = "--raise-on"
	parse := func(text string) *Rule {
		t.Helper()
		r, err := ParseRaise(flag, text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return &r
	}
	is := func(what string, s Spoken, ok bool, want string) {
		t.Helper()
		if got := s.Event(); ok != (want != "") || ok && got != want {
			t.Errorf("%s: %q %v, want %q", what, got, ok, want)
		}
	}
	r := parse("exit=75,1..3:rate-limit:5s")
	for code, want := range map[int]string{75: "rate-limit:5s", 1: "rate-limit:5s", 3: "rate-limit:5s", 0: "", 4: ""} {
		s, ok := r.Exit(code)
		is("exit", s, ok, want)
	}
	s, ok := parse("signal=KILL:user.killed").Signal(syscall.SIGKILL)
	is("signal", s, ok, "user.killed")
	s, ok = parse("signal=9:user.killed").Signal(syscall.SIGKILL)
	is("number of a signal", s, ok, "user.killed")
	s, ok = parse("signal=SIGTERM:user.killed").Signal(syscall.SIGKILL)
	is("another signal", s, ok, "")
	s, ok = parse("duration>2s:concurrency.down").Took(3 * time.Second)
	is("slow", s, ok, "concurrency.down")
	s, ok = parse("duration>2:concurrency.down").Took(2 * time.Second)
	is("not slow", s, ok, "")

	r = parse(`stderr=/HTTP 429/:backpressure.api:30s`)
	s, ok = r.Line(Stderr, []byte("curl: HTTP 429 Too Many"))
	is("line", s, ok, "backpressure.api:30s")
	s, ok = r.Line(Stdout, []byte("curl: HTTP 429 Too Many"))
	is("line of the other stream", s, ok, "")
	r = parse(`stdout=/Retry-After: (\d+)/:rate-limit:${1}s`)
	s, ok = r.Line(Stdout, []byte("Retry-After: 7"))
	is("group", s, ok, "rate-limit:7s")
	if s.Delay != 7*time.Second {
		t.Errorf("the delay is %v", s.Delay)
	}
	r = parse(`stderr=/(.*)/:$1`)
	s, ok = r.Line(Stderr, []byte("run.finished"))
	is("a line cannot speak for eph", s, ok, "")
}

func TestRaiseRefuses(t *testing.T) {
	for _, c := range []struct {
		text string
		at   int
	}{
		{"", 0},
		{"weather=rain:user.x", 0},
		{"exit=75", 7},
		{"exit=75,x:user.a", 8},
		{"exit=300:user.a", 5},
		{"exit=5..3:user.a", 5},
		{"exit=75:Loud", 8},
		{"exit=75:run.finished", 8},
		{"signal=:user.a", 7},
		{"signal=KIL:user.a", 7},
		{"duration>x:user.a", 9},
		{"duration>0:user.a", 9},
		{"duration>5s", 11},
		{"stderr=429:user.a", 7},
		{"stderr=/(/:user.a", 8},
		{"stderr=/429/", 12},
	} {
		_, err := ParseRaise("--raise-on", c.text)
		e, ok := errors.AsType[*fail.Error](err)
		if !ok {
			t.Errorf("%q: %v", c.text, err)
		} else if e.At != c.at || e.Status != fail.StatusOf(fail.Usage("")) || len(e.Try) == 0 {
			t.Errorf("%q: %v at %d, want %d", c.text, err, e.At, c.at)
		}
	}
}

func TestLines(t *testing.T) {
	for _, c := range []struct {
		parts []string
		want  []string
	}{
		{[]string{"a\nb\n"}, []string{"a", "b"}},
		{[]string{"a", "b\n", "\nc"}, []string{"ab", "", "c"}},
		{[]string{"123456789\nx\n"}, []string{"12345", "x"}},
		{[]string{"1234", "56", "789\n", "x"}, []string{"12345", "x"}},
		{[]string{"123456789"}, []string{"12345"}},
		{[]string{"1234\n"}, []string{"1234"}},
	} {
		var got []string
		l := NewLines(4, func(line []byte) { got = append(got, string(line)) })
		for _, p := range c.parts {
			if n, err := l.Write([]byte(p)); n != len(p) || err != nil {
				t.Fatal(n, err)
			}
		}
		l.Close()
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.parts, got, c.want)
		}
	}
}

func FuzzSpeak(f *testing.F) {
	for _, s := range []string{"user.x:1 5s", "-backpressure.*", "rate-limit:5s", "a\x00b", strings.Repeat("x", 5000)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		s, err := Speak(line)
		if err != nil {
			_ = err.Error()
			return
		}
		if strings.ContainsAny(s.Event(), "\n\x1b\x00") || s.Name == "" {
			t.Errorf("%q became %+v", line, s)
		}
		if family, _, _ := strings.Cut(s.Name, "."); !s.Retract && slices.Contains(ours, family) {
			t.Errorf("%q speaks for eph: %+v", line, s)
		}
	})
}
