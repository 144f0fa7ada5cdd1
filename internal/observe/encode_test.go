package observe

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/pkg/signals"
)

// logged is what a log with these options has of a little run.
func logged(t *testing.T, o LogOptions) []string {
	t.Helper()
	var sink signals.Sink
	name := filepath.Join(t.TempDir(), "log")
	l, err := OpenLog(name, "run-1", os.Stderr, &sink, o)
	if err != nil {
		t.Fatal(err)
	}
	event.Raise(&sink, event.RunStarted, &event.Fields{Version: "v1", Command: []string{"curl", "-u", "me:secret"}})
	event.Raise(&sink, event.JobQueued, &event.Fields{Seq: 1, Item: event.TextOf("a")})
	code := 22
	event.Raise(&sink, event.JobFailed, &event.Fields{Seq: 1, Item: event.TextOf("token=secret \x1b[31m"), Argv: event.Texts([]string{"curl", "token=secret"}), Exit: &code, Error: "exit 22"})
	sink.Hold(signals.Event{Name: "backpressure.api", Value: &event.Fields{By: "job", Value: "secret"}}, 0)
	sink.Clear("backpressure.api", "")
	event.Raise(&sink, "rate-limit:5s", &event.Fields{By: "job", Value: "5s"})
	event.Raise(&sink, event.RunFinished, &event.Fields{})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// names are the events of lines of JSON, whose numbers have no gap.
func names(t *testing.T, lines []string) (all []string) {
	t.Helper()
	for i, text := range lines {
		var l struct {
			N     int
			Event string
		}
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if l.N != i {
			t.Errorf("line %d has number %d", i, l.N)
		}
		all = append(all, l.Event)
	}
	return all
}

func TestLogShows(t *testing.T) {
	for _, c := range []struct {
		name string
		o    LogOptions
		want string
	}{
		{"by default", LogOptions{}, "run.started job.failed backpressure.api backpressure.api.cleared rate-limit:5s run.finished"},
		{"debug", LogOptions{Level: event.Debug}, "run.started job.queued job.failed backpressure.api backpressure.api.cleared rate-limit:5s run.finished"},
		{"errors", LogOptions{Level: event.Error}, "run.started job.failed run.finished"},
		{"globs", LogOptions{Names: signals.MustCompile("rate-limit*")}, "run.started rate-limit:5s run.finished"},
	} {
		if got := strings.Join(names(t, logged(t, c.o)), " "); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestLogRedacts(t *testing.T) {
	for _, f := range []Format{JSON, PlainText, Logfmt} {
		text := strings.Join(logged(t, LogOptions{Format: f, Redact: []*regexp.Regexp{regexp.MustCompile("secret")}}), "\n")
		if strings.Contains(text, "secret") || !strings.Contains(text, redacted) {
			t.Errorf("format %d shows:\n%s", f, text)
		}
	}
}

func TestLogForms(t *testing.T) {
	text := logged(t, LogOptions{Format: PlainText})[1]
	if got := text[strings.Index(text, " ")+1:]; got != `error job.failed         seq=1 item="token=secret \\x1b[31m" exit=22 error="exit 22"` {
		t.Errorf("text: %s", got)
	}
	text = logged(t, LogOptions{Format: Logfmt})[1]
	_, got, _ := strings.Cut(text, " run=")
	if got != `run-1 n=1 event=job.failed level=error seq=1 item="token=secret \\x1b[31m" argv="[\"curl\",\"token=secret\"]" exit=22 error="exit 22"` {
		t.Errorf("logfmt: %s", got)
	}
}

// TestTail: a reader sees what is raised after it came, and the end of the run ends it.
func TestTail(t *testing.T) {
	var sink signals.Sink
	tail := Tail(context.Background(), "run-1", &sink, signals.MustCompile("job.*"))
	for range mostBehind + 10 {
		event.Raise(&sink, event.JobFailed, &event.Fields{Seq: 1})
	}
	event.Raise(&sink, event.RunFinished, nil)
	n, warned := 0, ""
	for line, err := range tail {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(line), event.Warning) {
			warned = string(line)
			continue
		}
		n++
	}
	if n != mostBehind || !strings.Contains(warned, "10 events were not shown") {
		t.Errorf("%d lines, warned %q", n, warned)
	}
}

func BenchmarkLog(b *testing.B) {
	for _, f := range []struct {
		name   string
		format Format
	}{{"json", JSON}, {"text", PlainText}, {"logfmt", Logfmt}} {
		b.Run(f.name, func(b *testing.B) {
			var sink signals.Sink
			l, err := OpenLog("/dev/null", "run-1", os.Stderr, &sink, LogOptions{Format: f.format})
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			fields := &event.Fields{Seq: 7, Item: event.TextOf("an item"), Argv: event.Texts([]string{"true", "an item"}), Attempt: 1, AttemptsMax: 1, Slot: 2}
			for b.Loop() {
				event.Raise(&sink, event.JobStarted, fields)
			}
		})
	}
}
