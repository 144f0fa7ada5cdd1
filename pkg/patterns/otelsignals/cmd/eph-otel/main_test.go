package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/mostlylucid/eph/pkg/patterns/otelsignals/internal/receiver"
)

// TestMain lets the test binary be the command.
func TestMain(m *testing.M) {
	if os.Getenv("EPH_OTEL_IS_COMMAND") != "" {
		main()
	}
	os.Exit(m.Run())
}

// command returns the command, in an environment in which only env is said of OpenTelemetry.
func command(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "OTEL_") && !strings.HasPrefix(v, "TRACEPARENT=") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "EPH_OTEL_IS_COMMAND=1")
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

// runCommand runs the command to its end and returns its status and what it wrote.
func runCommand(t *testing.T, env []string, stdin string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	cmd := command(t, env, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	_ = cmd.Run()
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

func to(r *receiver.Receiver) []string { return []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + r.URL} }

func at(ns uint64) string { return time.Unix(0, int64(ns)).UTC().Format("15:04:05.000000") }

// logged is a log in which item 1 fails once, item 2 is skipped, and item 3 is cancelled while
// its job runs.
const logged = `{"v":1,"ts":"2026-01-02T10:00:00.000001Z","t_s":0,"run":"R1","n":0,"event":"run.started","level":"info","version":"1.2","command":["sh","-c","x"],"cwd":"/tmp","pid":7,"jobs":2}
{"v":1,"ts":"2026-01-02T10:00:01.000000Z","t_s":1,"run":"R1","n":1,"event":"job.started","level":"info","seq":1,"key":"k","attempt":1,"attempts_max":2,"slot":1,"item":{"text":"a�","base64":"Yf8=","bytes":2},"argv":["sh","a"],"queued_s":0.5}
{"v":1,"ts":"2026-01-02T10:00:03.500000Z","t_s":3.5,"run":"R1","n":2,"event":"job.attempt_failed","level":"warn","seq":1,"key":"k","attempt":1,"attempts_max":2,"slot":1,"exit":75,"reason":"exit","error":"exit 75","wall_s":2.5,"user_s":0.25,"retry_in_s":1.000000}
{"v":1,"ts":"2026-01-02T10:00:03.600000Z","t_s":3.6,"run":"R1","n":3,"event":"circuit.opened","level":"warn","scope":"k","cooldown_s":30}
{"v":1,"ts":"2026-01-02T10:00:03.700000Z","t_s":3.7,"run":"R1","n":4,"event":"job.skipped","level":"warn","seq":2,"item":"b","reason":"breaker"}
{"v":1,"ts":"2026-01-02T10:00:04.000000Z","t_s":4,"run":"R1","n":5,"event":"job.started","level":"info","seq":3,"attempt":1,"slot":2,"item":"c","argv":["sh","c"],"queued_s":0.5}
{"v":1,"ts":"2026-01-02T10:00:05.000000Z","t_s":5,"run":"R1","n":6,"event":"job.succeeded","level":"info","seq":1,"key":"k","attempt":2,"attempts_max":2,"slot":1,"exit":0,"wall_s":0.75,"a_later_field":9}
{"v":1,"ts":"2026-01-02T10:00:06.000000Z","t_s":6,"run":"R1","n":7,"event":"job.cancelled","level":"warn","seq":3,"item":"c","reason":"stopped"}
{"v":1,"ts":"2026-01-02T10:00:07.000000Z","t_s":7,"run":"R1","n":8,"event":"run.finished","level":"info","wall_s":7,"status":123,"counts":{"read":3,"succeeded":1,"failed":0,"skipped":1,"cancelled":1,"rejected":0,"retried":1}}
`

func TestLog(t *testing.T) {
	r := receiver.New(t)
	status, _, stderr := runCommand(t, to(r), logged)
	if status != 0 || stderr != "" {
		t.Fatalf("status %d, %s", status, stderr)
	}
	for key, want := range map[string]string{"service.name": "eph", "service.instance.id": "R1", "service.version": "1.2"} {
		if got := receiver.Attribute(r.Resources()[0].Resource.Attributes, key); got != want {
			t.Errorf("resource: %s = %q, want %q", key, got, want)
		}
	}
	spans := r.Spans()
	if len(spans) != 4 {
		t.Fatalf("received %d spans, want 3 attempts and a run", len(spans))
	}
	whole := spans[3]
	for i, want := range []struct {
		name, start, end, status string
		attributes               map[string]string
	}{
		{"job", "10:00:01.000000", "10:00:03.500000", "exit 75", map[string]string{
			"eph.seq": "1", "eph.key": "k", "eph.attempt": "1", "eph.item": "a�", "process.command_args": "sh|a",
			"process.exit.code": "75", "error.type": "exit", "eph.outcome": "attempt_failed", "eph.queued_s": "0.5", "eph.retry_in_s": "1",
		}},
		{"job", "10:00:04.250000", "10:00:05.000000", "", map[string]string{"eph.attempt": "2", "process.exit.code": "0", "eph.outcome": "succeeded", "eph.a_later_field": "9"}},
		{"job", "10:00:04.000000", "10:00:06.000000", "stopped", map[string]string{"eph.seq": "3", "eph.outcome": "cancelled", "error.type": "stopped"}},
		{"run", "10:00:00.000001", "10:00:07.000000", "status 123", map[string]string{
			"process.pid": "7", "process.working_directory": "/tmp", "process.command_args": "sh|-c|x", "eph.counts.skipped": "1", "eph.status": "123",
		}},
	} {
		s := spans[i]
		if s.Name != want.name || at(s.StartTimeUnixNano) != want.start || at(s.EndTimeUnixNano) != want.end || s.Status.GetMessage() != want.status {
			t.Errorf("span %d: %s from %s to %s, %q; want %+v", i, s.Name, at(s.StartTimeUnixNano), at(s.EndTimeUnixNano), s.Status.GetMessage(), want)
		}
		if i < 3 && (!bytes.Equal(s.ParentSpanId, whole.SpanId) || !bytes.Equal(s.TraceId, whole.TraceId)) {
			t.Errorf("span %d is no child of the run", i)
		}
		for key, value := range want.attributes {
			if got := receiver.Attribute(s.Attributes, key); got != value {
				t.Errorf("span %d: %s = %q, want %q", i, key, got, value)
			}
		}
	}
	if len(whole.Events) != 1 || whole.Events[0].Name != "circuit.opened" || at(whole.Events[0].TimeUnixNano) != "10:00:03.600000" {
		t.Errorf("events of the run: %v, want circuit.opened", whole.Events)
	}
	checkMetrics(t, r.Metrics())

	again := receiver.New(t)
	runCommand(t, to(again), logged)
	for i, s := range again.Spans() {
		if !bytes.Equal(s.SpanId, spans[i].SpanId) || !bytes.Equal(s.TraceId, spans[i].TraceId) {
			t.Errorf("exported again, span %d has other ids", i)
		}
	}
}

func checkMetrics(t *testing.T, all []*metrics.Metric) {
	t.Helper()
	got := make(map[string]float64)
	for _, m := range all {
		for _, p := range m.GetHistogram().GetDataPoints() {
			got[m.Name] += p.GetSum()
		}
		for _, p := range m.GetSum().GetDataPoints() {
			got[m.Name] += float64(p.GetAsInt()) + p.GetAsDouble()
		}
	}
	for name, want := range map[string]float64{"eph.events": 9, "eph.job.duration": 3.25, "eph.job.queued": 1, "eph.job.cpu": 0.25, "eph.job.running": 0} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s sums up to %v, want %v; all: %v", name, v, want, got)
		}
	}
}

// TestBadLines spoils some lines of a log: each is complained of, by its place, and the others
// are sent.
func TestBadLines(t *testing.T) {
	lines := strings.SplitAfter(strings.TrimSpace(logged), "\n")
	name := filepath.Join(t.TempDir(), "run.ndjson")
	var spoilt strings.Builder
	for i, l := range lines {
		switch i {
		case 2:
			l += "{\"v\":1,\"ts\":\n" // line 4
		case 3:
			l = "" // lost; the next is line 5
		case 5:
			l += l + "{\"v\":2,\"ts\":\"2026-01-02T10:00:00Z\",\"run\":\"R2\",\"event\":\"x\"}\n" // lines 7 and 8
		case 6:
			l += "{}\n{\"v\":1,\"seq\":\"one\"}\n\n" // lines 10 and 11
		}
		spoilt.WriteString(l)
	}
	if err := os.WriteFile(name, []byte(spoilt.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	r := receiver.New(t)
	status, _, stderr := runCommand(t, to(r), "", name, filepath.Join(t.TempDir(), "none"))
	for i, want := range []string{
		":4: no line of JSON: unexpected end", ":5: 1 lines of run R1 are missing", ":7: number 5 of run R1 was there before",
		":8: version 2 of the log", ":10: it lacks one of v, ts", ":11: seq is a JSON string", "none: no such file",
	} {
		if got := strings.Split(stderr, "\n"); i >= len(got) || !strings.Contains(got[i], want) {
			t.Errorf("complaint %d is not %q:\n%s", i, want, stderr)
		}
	}
	if got := len(r.Spans()); status != 1 || got != 4 {
		t.Errorf("status %d and %d spans, want 1 and 4", status, got)
	}
}

// TestBrokenOff reads a log that ends in the middle of a job.
func TestBrokenOff(t *testing.T) {
	r := receiver.New(t)
	status, _, stderr := runCommand(t, to(r), strings.Join(strings.SplitAfter(logged, "\n")[:2], ""))
	spans := r.Spans()
	if status != 0 || len(spans) != 2 {
		t.Fatalf("status %d, %s, %d spans; want the job and the run", status, stderr, len(spans))
	}
	for i, want := range []string{"the log ends before the job", "the log ends before the run"} {
		if s := spans[i]; s.Status.Code != trace.Status_STATUS_CODE_ERROR || s.Status.Message != want || at(s.EndTimeUnixNano) != "10:00:01.000000" {
			t.Errorf("span %d: %v until %s, want %q", i, s.Status, at(s.EndTimeUnixNano), want)
		}
	}
}

// TestStopped interrupts the command while its input goes on: what has ended is sent by then.
func TestStopped(t *testing.T) {
	r := receiver.New(t)
	cmd := command(t, append(to(r), "OTEL_BSP_SCHEDULE_DELAY=10"))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(in, strings.Join(strings.SplitAfter(logged, "\n")[:7], "")); err != nil {
		t.Fatal(err)
	}
	r.Await(t, 2) // sent while the run goes on
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != 130 {
		t.Errorf("status %d, want 130", got)
	}
	if got := len(r.Spans()); got != 2 {
		t.Errorf("%d spans, want only those of which the end is known", got)
	}
	if len(r.Metrics()) == 0 {
		t.Error("no metrics were sent at the end")
	}
}

// TestRefused sends to a receiver that wants nothing.
func TestRefused(t *testing.T) {
	r := receiver.New(t)
	r.Refuse(401)
	status, _, stderr := runCommand(t, to(r), logged)
	if status != 1 || !strings.Contains(stderr, "401") {
		t.Errorf("status %d, %q; want 1 and what the receiver said", status, stderr)
	}
}

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		env    string
		args   []string
		status int
		stdout string
		stderr string
	}{
		{"", []string{"--help"}, 0, "usage: eph-otel", ""},
		{"", []string{"--endpoint"}, 2, "", "--endpoint is no option"},
		{"OTEL_EXPORTER_OTLP_PROTOCOL=grpc", nil, 2, "", "only http/protobuf is spoken"},
		{"OTEL_TRACES_EXPORTER=zipkin", nil, 2, "", "OTEL_TRACES_EXPORTER=zipkin"},
		{"OTEL_SDK_DISABLED=true", nil, 0, "", ""},
	} {
		status, stdout, stderr := runCommand(t, []string{c.env}, logged, c.args...)
		if status != c.status || !strings.Contains(stdout, c.stdout) || !strings.Contains(stderr, c.stderr) || c.stderr == "" && stderr != "" {
			t.Errorf("%s %v: status %d, %q, %q; want %+v", c.env, c.args, status, stdout, stderr, c)
		}
	}
}

// TestEnvironment sends only metrics, under another name; and makes runs part of a trace.
func TestEnvironment(t *testing.T) {
	r := receiver.New(t)
	env := append(to(r), "OTEL_TRACES_EXPORTER=none")
	if status, _, stderr := runCommand(t, env, logged); status != 0 || len(r.Spans()) != 0 || len(r.Metrics()) == 0 {
		t.Errorf("status %d, %s, %d spans, %d metrics; want metrics alone", status, stderr, len(r.Spans()), len(r.Metrics()))
	}
	env = append(to(r), "OTEL_SERVICE_NAME=nightly", "TRACEPARENT=00-0102030405060708090a0b0c0d0e0f10-0102030405060708-01")
	runCommand(t, env, logged)
	if got := receiver.Attribute(r.Resources()[0].Resource.Attributes, "service.name"); got != "nightly" {
		t.Errorf("service.name = %q", got)
	}
	s := r.Spans()[3]
	if want := []byte{1, 2, 3, 4, 5, 6, 7, 8}; !bytes.Equal(s.ParentSpanId, want) || s.TraceId[15] != 0x10 {
		t.Errorf("the run is in trace %x below %x", s.TraceId, s.ParentSpanId)
	}
}

// TestEph builds the eph of this checkout, lets it run jobs that succeed, fail and are repeated,
// and exports its log.
func TestEph(t *testing.T) {
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "eph"), "./cmd/eph")
	build.Dir = "../../../../.."
	build.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	log := filepath.Join(dir, "run.ndjson")
	eph := exec.CommandContext(context.Background(), filepath.Join(dir, "eph"), "--log", log, "-K", "{}", "--retries", "1", "--retry-delay", "1ms", "test {} != b", ":::", "a", "b", "c")
	if out, err := eph.CombinedOutput(); eph.ProcessState.ExitCode() != 123 {
		t.Fatalf("%v, want status 123\n%s", err, out)
	}
	r := receiver.New(t)
	if status, _, stderr := runCommand(t, to(r), "", log); status != 0 || stderr != "" {
		t.Fatalf("status %d, %s", status, stderr)
	}
	outcomes := make(map[string]string)
	for _, s := range r.Spans() {
		if s.Name == "run" {
			outcomes["run"] = s.Status.Message
			continue
		}
		outcomes[receiver.Attribute(s.Attributes, "eph.item")+receiver.Attribute(s.Attributes, "eph.attempt")] = receiver.Attribute(s.Attributes, "eph.outcome")
		if s.EndTimeUnixNano < s.StartTimeUnixNano || !strings.Contains(receiver.Attribute(s.Attributes, "process.command_args"), "test") {
			t.Errorf("span %v", s)
		}
	}
	want := map[string]string{"a1": "succeeded", "b1": "attempt_failed", "b2": "failed", "c1": "succeeded", "run": "status 123"}
	for k, v := range want {
		if outcomes[k] != v {
			t.Errorf("%s: %q, want %q; all: %v", k, outcomes[k], v, outcomes)
		}
	}
	if len(outcomes) != len(want) {
		t.Errorf("spans of %v, want %v", outcomes, want)
	}
}
