package value

import (
	"math"
	"slices"
	"syscall"
	"testing"
	"time"
)

const none = -1 // the text is refused

// check holds what a text was read as, or the error, against what is wanted.
func check[T int64 | float64 | time.Duration](t *testing.T, what, in string, got T, err error, want T) {
	t.Helper()
	if (err != nil) != (want == none) || err == nil && got != want {
		t.Errorf("%s(%q) = %v, %v, want %v", what, in, got, err, want)
	}
}

func TestDuration(t *testing.T) {
	for _, c := range []struct {
		in   string
		want time.Duration
	}{
		{"5", 5 * time.Second},
		{"0", 0},
		{"1.5", 1500 * time.Millisecond},
		{".5", 500 * time.Millisecond},
		{"250ms", 250 * time.Millisecond},
		{"1m30s", 90 * time.Second},
		{"1d", 24 * time.Hour},
		{"1.5d", 36 * time.Hour},
		{"2d3h", 51 * time.Hour},
		{"106751d", 106751 * 24 * time.Hour},
		{"106752d", none},
		{"106751d24h", none},
		{"", none},
		{"d", none},
		{"1d2", none},
		{"1h1d", none},
		{"1d1d", none},
		{"-5", none},
		{"-1d", none},
		{"+5s", none},
		{"1d-1h", none},
		{"1d+1h", none},
		{"5x", none},
		{"1e3", none},
		{"inf", none},
		{"5 s", none},
		{"9999999999", none},
	} {
		got, err := Duration(c.in)
		check(t, "Duration", c.in, got, err, c.want)
	}
}

func TestSize(t *testing.T) {
	for _, c := range []struct {
		in   string
		want int64
	}{
		{"0", 0},
		{"512", 512},
		{"10B", 10},
		{"1K", 1024},
		{"1k", 1024},
		{"1KiB", 1024},
		{"1KB", 1000},
		{"1kb", 1000},
		{"16M", 16 << 20},
		{"1MB", 1e6},
		{"2G", 2 << 30},
		{"2GB", 2e9},
		{"1T", 1 << 40},
		{"1TB", 1e12},
		{"8388607T", 8388607 << 40},
		{"8388608T", none},
		{"9223372036854775807", 1<<63 - 1},
		{"9223372036854775808", none},
		{"", none},
		{"K", none},
		{"-1", none},
		{"+1", none},
		{"1.5M", none},
		{"1P", none},
		{"1 K", none},
		{"0x10", none},
	} {
		got, err := Size(c.in)
		check(t, "Size", c.in, got, err, c.want)
	}
}

func TestCount(t *testing.T) {
	for _, c := range []struct {
		in          string
		least, most int64
		want        int64
		why         string
	}{
		{"0", 0, math.MaxInt, 0, ""},
		{"19", 1, 19, 19, ""},
		{"20", 1, 19, none, "must be from 1 to 19"},
		{"0", 1, math.MaxInt, none, "must be at least 1"},
		{"-1", 0, math.MaxInt64, none, "must be at least 0"},
		{"+1", 0, 9, none, `"+1" is not a whole number`},
		{"", 0, 9, none, `"" is not a whole number`},
		{"1.0", 0, 9, none, `"1.0" is not a whole number`},
		{"9223372036854775808", 0, 9, none, "9223372036854775808 is too large"},
	} {
		got, err := Count(c.in, c.least, c.most)
		check(t, "Count", c.in, got, err, c.want)
		if err != nil && err.Error() != c.why {
			t.Errorf("Count(%q): %s, want %s", c.in, err, c.why)
		}
	}
}

func TestPercent(t *testing.T) {
	for _, c := range []struct {
		in   string
		want float64
	}{
		{"25%", 25},
		{"0%", 0},
		{"100%", 100},
		{"12.5%", 12.5},
		{"25", none},
		{"100.1%", none},
		{"-1%", none},
		{"+1%", none},
		{"1e1%", none},
		{"NaN%", none},
		{".%", none},
		{"%", none},
		{"", none},
	} {
		got, err := Percent(c.in)
		check(t, "Percent", c.in, got, err, c.want)
	}
	if _, err := Positive(Percent("0%")); err == nil {
		t.Error("Positive takes 0%")
	}
	if _, err := Positive(Duration("0s")); err == nil {
		t.Error("Positive takes 0s")
	}
}

func TestSignal(t *testing.T) {
	for _, c := range []struct {
		in   string
		want syscall.Signal // 0: refused
	}{
		{"KILL", syscall.SIGKILL},
		{"SIGKILL", syscall.SIGKILL},
		{"sigterm", syscall.SIGTERM},
		{"9", syscall.SIGKILL},
		{"64", 64},
		{"SIG64", 64},
		{"", 0},
		{"SIG", 0},
		{"KIL", 0},
		{"0", 0},
		{"65", 0},
		{"-9", 0},
	} {
		got, err := Signal(c.in)
		if got != c.want || (err == nil) != (c.want != 0) {
			t.Errorf("Signal(%q) = %v, %v, want %v", c.in, got, err, c.want)
		}
	}
	for s := syscall.Signal(1); s <= 64; s++ {
		if again, err := Signal(SignalName(s)); again != s {
			t.Errorf("signal %d is called %s, which is %d, %v", s, SignalName(s), again, err)
		}
	}
}

func TestCodes(t *testing.T) {
	var c Codes
	for _, s := range []string{"75", "1..3", "255", "0..0"} {
		if err := c.Add(s); err != nil {
			t.Errorf("Add(%q): %v", s, err)
		}
	}
	for code, want := range map[int]bool{0: true, 1: true, 2: true, 3: true, 4: false, 74: false, 75: true, 254: false, 255: true, 256: false, -1: false} {
		if c.Has(code) != want {
			t.Errorf("Has(%d) = %v", code, !want)
		}
	}
	before := len(c)
	for _, s := range []string{"", "x", "256", "-1", "+1", "5..1", "1..", "..5", "1..256", "1...5", "1-5"} {
		if err := c.Add(s); err == nil || len(c) != before {
			t.Errorf("Add(%q): %v", s, err)
		}
	}
}

func TestList(t *testing.T) {
	const text = "a,,bc,"
	var parts []string
	for at, part := range List(text) {
		if text[at:at+len(part)] != part {
			t.Errorf("%q is not at %d", part, at)
		}
		parts = append(parts, part)
	}
	if !slices.Equal(parts, []string{"a", "", "bc", ""}) {
		t.Errorf("List(%q) = %q", text, parts)
	}
	for range List(text) {
		break // which is not followed by a panic
	}
}

// FuzzDuration looks for a time that is read as less than nothing, or otherwise than Go reads it.
func FuzzDuration(f *testing.F) {
	for _, s := range []string{"5", "1d2h", "106751d23h", "-1s", "1h1d", "0.1d", "µs"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := Duration(s)
		if err == nil && d < 0 {
			t.Errorf("Duration(%q) = %v", s, d)
		}
		if same, e := time.ParseDuration(s); e == nil && err == nil && same != d {
			t.Errorf("Duration(%q) = %v, which Go reads as %v", s, d, same)
		}
		if again, e := Duration(d.String()); err == nil && (e != nil || again != d) {
			t.Errorf("Duration(%q) = %v, which is read as %v, %v", s, d, again, e)
		}
	})
}
