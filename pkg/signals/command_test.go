package signals_test

import (
	"strings"
	"testing"

	"github.com/mostlylucid/eph/pkg/signals"
)

func TestCommand(t *testing.T) {
	for _, tt := range []struct {
		name, verb, payload string
		ok                  bool
	}{
		{"rate-limit:5s", "rate-limit", "5s", true},
		{"rate-limit:", "rate-limit", "", true},
		{"rate-limit", "rate-limit", "", false},
		{"at:12:30", "at", "12:30", true},
		{"preset:1", "set", "", false},
		{"set:1", "preset", "", false},
		{"set-all:1", "set", "", false},
		{"", "", "", false},
	} {
		payload, ok := signals.Command(tt.name, tt.verb)
		if payload != tt.payload || ok != tt.ok {
			t.Errorf("Command(%q, %q) = %q, %v, want %q, %v", tt.name, tt.verb, payload, ok, tt.payload, tt.ok)
		}
	}
}

func FuzzCommand(f *testing.F) {
	f.Add("rate-limit:5s", "rate-limit")
	f.Add("a:b:c", "a:b")
	f.Add(":", "")
	f.Fuzz(func(t *testing.T, name, verb string) {
		payload, ok := signals.Command(name, verb)
		want, wantOK := strings.CutPrefix(name, verb+":")
		if !wantOK {
			want = ""
		}
		if payload != want || ok != wantOK {
			t.Errorf("Command(%q, %q) = %q, %v, want %q, %v", name, verb, payload, ok, want, wantOK)
		}
		if strings.Contains(verb, ":") {
			return
		}
		before, _, found := strings.Cut(name, ":")
		if ok != (found && before == verb) {
			t.Errorf("Command(%q, %q) = %v, but the verb is %q", name, verb, ok, before)
		}
	})
}
