package run

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mostlylucid/eph/internal/fail"
)

func TestParseJobs(t *testing.T) {
	const none = -1
	for _, tt := range []struct {
		in   string
		cpus int
		want int
	}{
		{"1", 8, 1},
		{"100", 8, 100},
		{"0", 8, Unlimited},
		{"99999999", 8, Unlimited},
		{"100%", 8, 8},
		{"50%", 8, 4},
		{"50%", 3, 1},
		{"1%", 8, 1},
		{"250%", 2, 5},
		{"12.5%", 8, 1},
		{"99999999999%", 8, Unlimited},
		{"+2", 8, 10},
		{"+0", 8, 8},
		{"-2", 8, 6},
		{"-8", 8, 1},
		{"-100", 8, 1},
		{"0%", 8, none},
		{"-5%", 8, none},
		{"%", 8, none},
		{"", 8, none},
		{"x", 8, none},
		{"8x", 8, none},
		{"1e2", 8, none},
		{"Inf%", 8, none},
		{"1.5", 8, none},
		{"99999999999999999999", 8, none},
	} {
		got, err := parseJobs(tt.in, tt.cpus)
		if (err != nil) != (tt.want == none) || err == nil && got != tt.want {
			t.Errorf("parseJobs(%q, %d) = %d, %v, want %d", tt.in, tt.cpus, got, err, tt.want)
		}
	}
}

func TestParseJobRanges(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Jobs
		at   int // of the error, or -1
	}{
		{"2..8", Jobs{Least: 2, Most: 8}, -1},
		{"1..200%", Jobs{Least: 1, Most: 8}, -1},
		{"2..2", Jobs{Least: 2, Most: 2}, -1},
		{"@jobs", Jobs{File: "jobs"}, -1},
		{"8..2", Jobs{}, 3},
		{"x..2", Jobs{}, 0},
		{"2..", Jobs{}, 3},
		{"..2", Jobs{}, 0},
	} {
		got, err := ParseJobs(c.in, 4)
		e, refused := errors.AsType[*fail.Error](err)
		if got != c.want || refused != (c.at >= 0) || refused && (e.At != c.at || e.Try == "") {
			t.Errorf("%q: %+v, %v", c.in, got, err)
		}
	}
	name := filepath.Join(t.TempDir(), "jobs")
	for text, want := range map[string]Jobs{" 3\n": {3, 3, name}, "2..5\n": {2, 5, name}, "": {}, "@x": {}, "many": {}} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := readJobs(name, 4); got != want || (err == nil) != (want != Jobs{}) {
			t.Errorf("a file that holds %q: %+v, %v", text, got, err)
		}
	}
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{fifo, "/dev/zero"} { // which nobody ever ends
		if got, err := readJobs(file, 4); err == nil {
			t.Errorf("%s: %+v", file, got)
		}
	}
}

func TestParseRate(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Rate
		at   int
	}{
		{"50/s", Rate{50, 1}, -1},
		{"30/m", Rate{0.5, 1}, -1},
		{"36/h,5", Rate{0.01, 5}, -1},
		{"10/5s", Rate{2, 1}, -1},
		{"10/5", Rate{2, 1}, -1},
		{"36/d", Rate{36.0 / 86400, 1}, -1},
		{"72/2d", Rate{72.0 / (2 * 86400), 1}, -1},
		{"0.5/s", Rate{0.5, 1}, -1},
		{"", Rate{}, 0},
		{"50", Rate{}, 2},
		{"x/s", Rate{}, 0},
		{"-5/s", Rate{}, 0},
		{"0/s", Rate{}, 0},
		{"5/", Rate{}, 2},
		{"5/0s", Rate{}, 2},
		{"5/fortnight", Rate{}, 2},
		{"5/s,x", Rate{}, 4},
		{"5/s,0", Rate{}, 4},
	} {
		got, err := ParseRate(c.in)
		e, refused := errors.AsType[*fail.Error](err)
		if got != c.want || refused != (c.at >= 0) || refused && (e.At != c.at || e.Try == "") {
			t.Errorf("%q: %+v, %v", c.in, got, err)
		}
		if !refused {
			if again, err := ParseRate(got.String()); err != nil || again != got {
				t.Errorf("%q is shown as %q, which is %+v (%v)", c.in, got, again, err)
			}
		}
	}
}

func TestParseBreaker(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Breaker
		at   int
	}{
		{"5/30s", Breaker{Failures: 5, Span: 30 * time.Second}, -1},
		{"5/30", Breaker{Failures: 5, Span: 30 * time.Second}, -1},
		{"5/1.5d", Breaker{Failures: 5, Span: 36 * time.Hour}, -1},
		{"5", Breaker{Failures: 5}, -1},
		{"50%/20", Breaker{Percent: 50, Calls: 20}, -1},
		{"", Breaker{}, 0},
		{"0/5s", Breaker{}, 0},
		{"x", Breaker{}, 0},
		{"5/", Breaker{}, 2},
		{"5/soon", Breaker{}, 2},
		{"50%", Breaker{}, 3},
		{"50%/x", Breaker{}, 4},
		{"50%/1", Breaker{}, 4},
		{"101%/20", Breaker{}, 0},
		{"0%/20", Breaker{}, 0},
		{"1e1%/20", Breaker{}, 0},
	} {
		got, err := ParseBreaker(c.in)
		e, refused := errors.AsType[*fail.Error](err)
		if got.Failures != c.want.Failures || got.Span != c.want.Span || got.Percent != c.want.Percent || got.Calls != c.want.Calls ||
			refused != (c.at >= 0) || refused && (e.At != c.at || e.Try == "") {
			t.Errorf("%q: %+v, %v", c.in, got, err)
		}
	}
}
