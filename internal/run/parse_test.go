package run

import (
	"regexp"
	"syscall"
	"testing"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/job"
)

func mustRegexp(s string) *regexp.Regexp { return regexp.MustCompile(s) }

func TestParseHalt(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Halt
		at   int // of the mistake
	}{
		{in: "never"},
		{in: "now,fail=1", want: Halt{Now: true, What: CountFail, At: Amount{N: 1}}},
		{in: "soon,success", want: Halt{What: CountSuccess, At: Amount{N: 1}}},
		{in: "soon,done=12.5%", want: Halt{What: CountDone, At: Amount{Percent: 12.5}}},
		{in: "later,fail=1", at: 0},
		{in: "now", at: 3},
		{in: "now,lost=1", at: 4},
		{in: "soon,fail=0", at: 10},
		{in: "soon,fail=0%", at: 10},
		{in: "soon,fail=101%", at: 10},
		{in: "soon,fail=x", at: 10},
	} {
		got, err := ParseHalt(c.in)
		if f, bad := err.(*fail.Error); bad {
			if c.want != (Halt{}) || f.At != c.at || f.Status != fail.BadUsage {
				t.Errorf("ParseHalt(%q) = %v at %d, want the place %d", c.in, err, f.At, c.at)
			}
		} else if got != c.want {
			t.Errorf("ParseHalt(%q) = %+v, want %+v", c.in, got, c.want)
		}
	}
}

func TestAmount(t *testing.T) {
	for _, c := range []struct {
		a                 Amount
		n, total          int64
		reached, exceeded bool
	}{
		{Amount{N: 3}, 2, 10, false, false},
		{Amount{N: 3}, 3, 10, true, false},
		{Amount{N: 3}, 4, 10, true, true},
		{Amount{N: 0}, 1, 1, true, true},
		{Amount{Percent: 50}, 1, 1, false, false}, // too few to tell
		{Amount{Percent: 50}, 3, 6, true, false},
		{Amount{Percent: 50}, 4, 6, true, true},
		{Amount{Percent: 50}, 3, 7, false, false},
	} {
		if r, e := c.a.reached(c.n, c.total), c.a.exceeded(c.n, c.total); r != c.reached || e != c.exceeded {
			t.Errorf("%d of %d: %+v reached %v, exceeded %v, want %v, %v", c.n, c.total, c.a, r, e, c.reached, c.exceeded)
		}
	}
}

func TestEnds(t *testing.T) {
	exit := func(code int) job.Result { return job.Result{End: job.Exited, Code: code} }
	killed := func(s syscall.Signal) job.Result { return job.Result{End: job.Signalled, Signal: s} }
	for _, c := range []struct {
		list string
		r    job.Result
		want bool
	}{
		{"75", exit(75), true},
		{"75", exit(74), false},
		{"1..5,75", exit(5), true},
		{"1..5,75", exit(6), false},
		{"any", exit(1), true},
		{"any", exit(0), false},
		{"0", exit(0), true},
		{"timeout", job.Result{End: job.TimedOut}, true},
		{"any", job.Result{End: job.TimedOut}, true},
		{"1..255", job.Result{End: job.TimedOut}, false},
		{"signal", killed(syscall.SIGSEGV), true},
		{"signal:SEGV", killed(syscall.SIGSEGV), true},
		{"signal:sigsegv", killed(syscall.SIGSEGV), true},
		{"signal:11", killed(syscall.SIGSEGV), true},
		{"signal:KILL", killed(syscall.SIGSEGV), false},
		{"start", job.Result{End: job.NotStarted}, true},
		{"any", job.Result{End: job.Cancelled}, false},
	} {
		e, err := ParseEnds("--retry-on", c.list)
		if err != nil {
			t.Errorf("ParseEnds(%q): %v", c.list, err)
		} else if got := e.Has(&c.r); got != c.want {
			t.Errorf("%q has %+v = %v, want %v", c.list, c.r, got, c.want)
		}
	}
	for list, at := range map[string]int{"": 0, "1,,2": 2, "x": 0, "5..1": 0, "1,256": 2, "signal:NOPE": 0, "75,-1": 3} {
		_, err := ParseEnds("--retry-on", list)
		if f, bad := err.(*fail.Error); !bad || f.At != at {
			t.Errorf("ParseEnds(%q) = %v, want an error at %d", list, err, at)
		}
	}
}
