package record

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/pkg/signals"
)

func TestFailed(t *testing.T) {
	for _, c := range []struct {
		name, delimiter, header, want string
		events                        []event.Fields
	}{
		{name: "nothing failed", delimiter: "\n", header: "id", want: ""},
		{name: "lines", delimiter: "\n", want: "a\nc\n", events: []event.Fields{{Original: "a"}, {Original: "c"}}},
		{name: "NUL", delimiter: "\x00", want: "a\nb\x00", events: []event.Fields{{Original: "a\nb"}}},
		{name: "header", delimiter: "\n", header: "id,x", want: "id,x\n1,2\n", events: []event.Fields{{Original: "1,2"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var sink signals.Sink
			name := filepath.Join(t.TempDir(), "failed")
			if err := os.WriteFile(name, []byte("from before\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			r, err := OpenFailed(name, c.delimiter, c.header, &sink)
			if err != nil {
				t.Fatal(err)
			}
			for i := range c.events {
				event.Raise(&sink, event.JobFailed, &c.events[i])
			}
			event.Raise(&sink, event.JobSucceeded, &event.Fields{Original: "fine"})
			event.Raise(&sink, event.JobSkipped, &event.Fields{Original: "no field", Reason: event.ReasonMissing})
			if got, _ := os.ReadFile(name); string(got) != "from before\n" {
				t.Errorf("the file is %q while the run goes on, want it untouched", got)
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			if got, _ := os.ReadFile(name); string(got) != c.want {
				t.Errorf("the file is %q, want %q", got, c.want)
			}
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(name), ".*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// TestSkippedForTheirKey: what a failure of its key kept from running belongs to the next run.
func TestSkippedForTheirKey(t *testing.T) {
	var sink signals.Sink
	name := filepath.Join(t.TempDir(), "failed")
	r, err := OpenFailed(name, "\n", "", &sink)
	if err != nil {
		t.Fatal(err)
	}
	event.Raise(&sink, event.JobFailed, &event.Fields{Original: "a 1"})
	event.Raise(&sink, event.JobSkipped, &event.Fields{Original: "a 2", Reason: event.ReasonKey})
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(name); string(got) != "a 1\na 2\n" {
		t.Errorf("the file is %q", got)
	}
}
