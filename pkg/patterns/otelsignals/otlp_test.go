package otelsignals_test

import (
	"context"
	"testing"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/patterns/otelsignals"
	"github.com/mostlylucid/eph/pkg/patterns/otelsignals/internal/receiver"
	"github.com/mostlylucid/eph/pkg/signals"
)

// TestReceiver sends the span of an op to a receiver of OTLP over HTTP.
func TestReceiver(t *testing.T) {
	r := receiver.New(t)
	exporter, err := otlptracehttp.New(t.Context(), otlptracehttp.WithEndpointURL(r.URL+"/v1/traces"))
	if err != nil {
		t.Fatal(err)
	}
	traces := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter))
	var sink signals.Sink
	shutdown, err := otelsignals.Attach(&sink, traces.Tracer("test"), nil, otelsignals.Options{})
	if err != nil {
		t.Fatal(err)
	}
	pool := coord.NewKeyed(func(s string) string { return s },
		func(context.Context, coord.Op[string], string) error { return context.DeadlineExceeded },
		coord.Options{Signals: &sink})
	before := time.Now()
	if _, err := pool.Put(t.Context(), "tenant-7"); err != nil {
		t.Fatal(err)
	}
	if err := pool.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	ended(t, shutdown)
	if err := traces.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	spans := r.Spans()
	if len(spans) != 1 {
		t.Fatalf("received %d spans, want 1", len(spans))
	}
	s := spans[0]
	start, end := time.Unix(0, int64(s.StartTimeUnixNano)), time.Unix(0, int64(s.EndTimeUnixNano))
	if s.Name != "op" || start.Before(before) || end.Before(start) || end.After(time.Now()) {
		t.Errorf("received %s from %v to %v", s.Name, start, end)
	}
	for key, want := range map[string]string{"op.key": "tenant-7", "op.outcome": "failed", "op.attempt": "1", "error.type": "context.deadlineExceededError"} {
		if got := receiver.Attribute(s.Attributes, key); got != want {
			t.Errorf("%s = %q, want %q", key, got, want)
		}
	}
	if got, want := s.Status.Message, context.DeadlineExceeded.Error(); got != want {
		t.Errorf("status = %q, want %q", got, want)
	}
}
