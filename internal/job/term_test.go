package job

import (
	"errors"
	"reflect"
	"syscall"
	"testing"
	"time"

	"github.com/mostlylucid/eph/internal/fail"
)

func TestParseSequence(t *testing.T) {
	kill := Step{Signal: syscall.SIGKILL}
	for _, c := range []struct {
		text string
		want []Step
	}{
		{"TERM,5s,KILL", DefaultTerm},
		{"TERM,5s", DefaultTerm},
		{"TERM", DefaultTerm},
		{"sigterm,5", DefaultTerm},
		{"KILL", []Step{kill}},
		{"KILL,3s", []Step{kill}},
		{"INT,500ms,TERM,1.5,KILL", []Step{{syscall.SIGINT, 500 * time.Millisecond}, {syscall.SIGTERM, 1500 * time.Millisecond}, kill}},
		{"TERM,1d", []Step{{syscall.SIGTERM, 24 * time.Hour}, kill}},
		{"HUP,0,USR1,1m", []Step{{syscall.SIGHUP, 0}, {syscall.SIGUSR1, time.Minute}, kill}},
	} {
		got, err := ParseSequence(c.text)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("ParseSequence(%q) = %v, %v, want %v", c.text, got, err, c.want)
		}
	}
}

func TestParseSequenceErrors(t *testing.T) {
	for _, c := range []struct {
		text, what string
		at, length int
	}{
		{"", "a signal name is missing", 0, 0},
		{"TERM,", "a signal name is missing", 5, 0},
		{"5s,KILL", `a signal name is expected before "5s"`, 0, 2},
		{"TERM,5s,10s", `a signal name is expected before "10s"`, 8, 3},
		{"TERM,-5s", `"-5s" is neither a signal nor a time`, 5, 3},
		{"TERM,soon,KILL", `"soon" is neither a signal nor a time`, 5, 4},
		{"KILL,1s,TERM", "nothing can follow KILL", 8, 4},
	} {
		got, err := ParseSequence(c.text)
		var e *fail.Error
		if !errors.As(err, &e) || e.What != "termination sequence: "+c.what || e.At != c.at || e.Len != c.length || e.Status != fail.BadUsage {
			t.Errorf("ParseSequence(%q) = %v, %+v, want %q at %d+%d", c.text, got, err, c.what, c.at, c.length)
		}
	}
}

func FuzzParseSequence(f *testing.F) {
	f.Add("TERM,5s,KILL")
	f.Add(",")
	f.Fuzz(func(t *testing.T, text string) {
		steps, err := ParseSequence(text)
		if err == nil && (len(steps) == 0 || steps[len(steps)-1] != Step{Signal: syscall.SIGKILL}) {
			t.Errorf("ParseSequence(%q) = %v, want KILL at the end", text, steps)
		}
		var e *fail.Error
		if errors.As(err, &e) && (e.At < 0 || e.At+e.Len > len(text)) {
			t.Errorf("ParseSequence(%q) marks %d+%d, beyond the text", text, e.At, e.Len)
		}
	})
}
