package observe

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/pkg/signals"
)

// sheets takes each Write by itself.
type sheets struct{ all []string }

func (s *sheets) Write(p []byte) (int, error) { s.all = append(s.all, string(p)); return len(p), nil }
func (*sheets) Close() error                  { return nil }

var _ io.WriteCloser = (*sheets)(nil)

// TestJournalLine: a journal gets one write a line, each sealed, and what is redacted in it is
// what people wrote, and nothing that the next run goes by.
func TestJournalLine(t *testing.T) {
	var sink signals.Sink
	var w sheets
	l := LogTo(&w, "run-1", &sink, LogOptions{Level: event.Debug, Sealed: true, Redact: []*regexp.Regexp{regexp.MustCompile(`[a-z0-9.]+`)}})
	d := event.Digest{0xab, 1}
	event.Raise(&sink, event.RunStarted, &event.Fields{Journal: &event.Journal{Version: 1, Command: "abc", Resumes: "run-0", Header: "secret"}})
	event.Raise(&sink, event.JobFailed, &event.Fields{Seq: 1, Digest: d, Was: event.WasFailed, Reason: event.ReasonOutput, Item: event.TextOf("secret"), Records: []event.Whole{"secret"}})
	event.Raise(&sink, "user.secret", nil)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if len(w.all) != 3 {
		t.Fatalf("%d writes, want 3", len(w.all))
	}
	for _, line := range w.all {
		if !event.Sealed([]byte(line)) || strings.Contains(line, "secret") {
			t.Errorf("not sealed, or not redacted: %s", line)
		}
	}
	for _, want := range []string{`"event":"run.started"`, `"command":"abc","resumes":"run-0"`} {
		if !strings.Contains(w.all[0], want) {
			t.Errorf("%s has no %s", w.all[0], want)
		}
	}
	for _, want := range []string{`"event":"job.failed"`, `"digest":"ab0100000000000000000000"`, `"was":"failed"`, `"reason":"output"`} {
		if !strings.Contains(w.all[1], want) {
			t.Errorf("%s has no %s", w.all[1], want)
		}
	}
	if line := []byte(w.all[1]); event.Sealed(bytes.Replace(line, []byte("job.failed"), []byte("job.failes"), 1)) {
		t.Error("a changed line is sealed")
	}
}
