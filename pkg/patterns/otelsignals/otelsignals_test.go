package otelsignals_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/patterns/otelsignals"
	"github.com/mostlylucid/eph/pkg/signals"
)

// telemetry is an SDK whose exporters keep everything in memory.
type telemetry struct {
	spans  *tracetest.InMemoryExporter
	reader *sdkmetric.ManualReader
	traces *sdktrace.TracerProvider
	meters *sdkmetric.MeterProvider
}

func newTelemetry() *telemetry {
	x := &telemetry{spans: tracetest.NewInMemoryExporter(), reader: sdkmetric.NewManualReader()}
	x.traces = sdktrace.NewTracerProvider(sdktrace.WithSyncer(x.spans))
	x.meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(x.reader))
	return x
}

func (x *telemetry) attach(t *testing.T, s *signals.Sink, o otelsignals.Options) (shutdown func(context.Context) error) {
	t.Helper()
	shutdown, err := otelsignals.Attach(s, x.traces.Tracer("test"), x.meters.Meter("test"), o)
	if err != nil {
		t.Fatal(err)
	}
	return shutdown
}

// sums reads a counter, by the values of its attributes.
func (x *telemetry) sums(t *testing.T, name string) map[string]int64 {
	t.Helper()
	got := make(map[string]int64)
	for _, m := range x.collect(t) {
		if sum, ok := m.Data.(metricdata.Sum[int64]); ok && m.Name == name {
			for _, p := range sum.DataPoints {
				got[p.Attributes.Encoded(attribute.DefaultEncoder())] = p.Value
			}
		}
	}
	return got
}

func (x *telemetry) collect(t *testing.T) (all []metricdata.Metrics) {
	t.Helper()
	var data metricdata.ResourceMetrics
	if err := x.reader.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	for _, scope := range data.ScopeMetrics {
		all = append(all, scope.Metrics...)
	}
	return all
}

func ended(t *testing.T, shutdown func(context.Context) error) {
	t.Helper()
	if err := shutdown(t.Context()); err != nil {
		t.Fatalf("shutdown: %v", err)
	}
}

// TestAttempts runs an op that fails once, takes 2 s, waits 10 s and then takes 3 s.
func TestAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, sink := newTelemetry(), &signals.Sink{}
		shutdown := x.attach(t, sink, otelsignals.Options{})
		began := time.Now()
		work := coord.NewKeyed(func(s string) string { return s },
			func(_ context.Context, op coord.Op[string], _ string) error {
				if op.Attempt == 1 {
					time.Sleep(2 * time.Second)
					return fmt.Errorf("no luck")
				}
				time.Sleep(3 * time.Second)
				return nil
			},
			coord.Options{Signals: sink, Retry: coord.Backoff{First: 10 * time.Second, Jitter: -1}})
		if _, err := work.Put(t.Context(), "tenant-7"); err != nil {
			t.Fatal(err)
		}
		if err := work.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		ended(t, shutdown)

		spans := x.spans.GetSpans()
		if len(spans) != 2 {
			t.Fatalf("got %d spans, want one for each of 2 attempts", len(spans))
		}
		for i, want := range []struct {
			start, end time.Duration
			code       codes.Code
			outcome    string
		}{
			{0, 2 * time.Second, codes.Error, "retry"},
			{12 * time.Second, 15 * time.Second, codes.Unset, "done"},
		} {
			s := spans[i]
			if s.Name != "op" || s.StartTime.Sub(began) != want.start || s.EndTime.Sub(began) != want.end || s.Status.Code != want.code {
				t.Errorf("attempt %d: span %s from %v to %v, %v; want %+v", i+1, s.Name, s.StartTime.Sub(began), s.EndTime.Sub(began), s.Status, want)
			}
			for _, a := range []attribute.KeyValue{
				attribute.String("op.outcome", want.outcome), attribute.String("op.key", "tenant-7"),
				attribute.Int("op.id", 1), attribute.Int("op.attempt", i+1),
			} {
				if !slices.Contains(s.Attributes, a) {
					t.Errorf("attempt %d: no attribute %s=%s in %v", i+1, a.Key, a.Value.String(), s.Attributes)
				}
			}
		}
		if got, want := spans[0].Status.Description, "no luck"; got != want {
			t.Errorf("status = %q, want %q", got, want)
		}
		wantSums(t, x.sums(t, "signals.events"), map[string]int64{
			"signal.name=op.started": 0, "signal.name=op.retry": 1, "signal.name=op.done": 1,
		})
		for _, m := range x.collect(t) {
			if m.Name != "op.duration" {
				continue
			}
			h := m.Data.(metricdata.Histogram[float64])
			if len(h.DataPoints) != 2 {
				t.Errorf("op.duration has %d series, want one for each outcome", len(h.DataPoints))
			}
			total := 0.0
			for _, p := range h.DataPoints {
				total += p.Sum
			}
			if total != 5 || m.Unit != "s" {
				t.Errorf("op.duration sums up to %v %s, want 5 s", total, m.Unit)
			}
		}
	})
}

// wantSums compares what is counted. A want of 0 stands for any number above it.
func wantSums(t *testing.T, got, want map[string]int64) {
	t.Helper()
	for series, n := range want {
		if got[series] == 0 || n != 0 && got[series] != n {
			t.Errorf("%s = %d, want %d; all: %v", series, got[series], n, got)
		}
	}
	for series := range got {
		if _, ok := want[series]; !ok {
			t.Errorf("unexpected series %s", series)
		}
	}
}

func TestClasses(t *testing.T) {
	x, sink := newTelemetry(), &signals.Sink{}
	shutdown := x.attach(t, sink, otelsignals.Options{Events: signals.MustCompile("rate-limit*,cache.*")})
	for _, name := range []string{"rate-limit:5s", "rate-limit:7s", "cache.hit", "unheard"} {
		sink.Raise(name, "")
	}
	ended(t, shutdown)
	sink.Raise("cache.hit", "") // nobody is there any more
	wantSums(t, x.sums(t, "signals.events"), map[string]int64{"signal.name=rate-limit": 2, "signal.name=cache.hit": 1})
}

// TestStrangers raises events of a coordinator's names without what a coordinator tells.
func TestStrangers(t *testing.T) {
	x, sink := newTelemetry(), &signals.Sink{}
	shutdown := x.attach(t, sink, otelsignals.Options{})
	sink.Raise(coord.SignalDone, "")
	sink.Emit(signals.Event{Name: coord.SignalFailed, Value: coord.Info[string]{ID: 1}}) // as with NoClock
	ended(t, shutdown)
	if spans := x.spans.GetSpans(); len(spans) != 0 {
		t.Errorf("got spans %v of events without a time", spans)
	}
}

// TestCoordinatorsShareASink gives two coordinators, whose ops have the same ids, one sink.
func TestCoordinatorsShareASink(t *testing.T) {
	x, sink := newTelemetry(), &signals.Sink{}
	shutdown := x.attach(t, sink, otelsignals.Options{})
	var both [2]*coord.Pool[int]
	for i := range both {
		both[i] = coord.New(func(_ context.Context, n int) error { return nil }, coord.Options{Signals: sink})
	}
	for n := range 20 {
		if _, err := both[n%2].Put(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range both {
		if err := p.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ended(t, shutdown)
	if got := len(x.spans.GetSpans()); got != 20 {
		t.Errorf("got %d spans of 20 ops", got)
	}
}

func TestParent(t *testing.T) {
	x, sink := newTelemetry(), &signals.Sink{}
	ctx, request := x.traces.Tracer("test").Start(t.Context(), "request")
	shutdown := x.attach(t, sink, otelsignals.Options{
		Parent:     func(signals.Event) context.Context { return ctx },
		Attributes: func(signals.Event) []attribute.KeyValue { return []attribute.KeyValue{attribute.Bool("mine", true)} },
	})
	pool := coord.New(func(context.Context, int) error { return nil }, coord.Options{Signals: sink})
	if err := pool.Do(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := pool.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	ended(t, shutdown)
	spans := x.spans.GetSpans()
	if len(spans) != 1 || spans[0].Parent.SpanID() != request.SpanContext().SpanID() || spans[0].SpanContext.TraceID() != request.SpanContext().TraceID() {
		t.Errorf("got %v, want one child of the request", spans)
	}
	if !slices.Contains(spans[0].Attributes, attribute.Bool("mine", true)) {
		t.Errorf("attributes are %v, want mine among them", spans[0].Attributes)
	}
	request.End()
}

// TestRaisersNeverWait stalls the export of a span, and raises more than may wait: the raises
// return, the oldest go and are counted.
func TestRaisersNeverWait(t *testing.T) {
	x, sink := newTelemetry(), &signals.Sink{}
	stalled, release := make(chan struct{}), make(chan struct{})
	x.traces.RegisterSpanProcessor(&staller{stalled: stalled, release: release})
	shutdown := x.attach(t, sink, otelsignals.Options{Queue: 10})
	done := func(key string) signals.Event {
		return signals.Event{Name: coord.SignalDone, Value: coord.Info[string]{ID: 1, Key: key, Started: time.Unix(1, 0)}}
	}
	sink.Emit(done("first"))
	<-stalled
	for n := range 25 {
		sink.Emit(done(fmt.Sprint(n)))
	}
	close(release)
	ended(t, shutdown)
	var keys []string
	for _, s := range x.spans.GetSpans() {
		for _, a := range s.Attributes {
			if a.Key == "op.key" {
				keys = append(keys, a.Value.AsString())
			}
		}
	}
	if want := []string{"first", "15", "16", "17", "18", "19", "20", "21", "22", "23", "24"}; !slices.Equal(keys, want) {
		t.Errorf("got spans of %v, want %v", keys, want)
	}
	wantSums(t, x.sums(t, "signals.events"), map[string]int64{"signal.name=op.done": 11})
}

// staller holds up whoever ends the first span.
type staller struct {
	sdktrace.SpanProcessor
	stalled, release chan struct{}
	done             bool
}

func (s *staller) OnStart(context.Context, sdktrace.ReadWriteSpan) {}

func (s *staller) OnEnd(sdktrace.ReadOnlySpan) {
	if !s.done {
		s.done = true
		close(s.stalled)
		<-s.release
	}
}

// TestDropped reads the counter of what was let go, before and after.
func TestDropped(t *testing.T) {
	x, sink := newTelemetry(), &signals.Sink{}
	handling, release := make(chan struct{}), make(chan struct{})
	shutdown := x.attach(t, sink, otelsignals.Options{Queue: 2, Class: func(e signals.Event) string {
		if e.Name == "hold" {
			close(handling)
			<-release
		}
		return "all"
	}})
	sink.Raise("hold", "")
	<-handling
	for range 5 {
		sink.Raise("more", "")
	}
	wantSums(t, x.sums(t, "signals.dropped"), map[string]int64{"": 3})
	close(release)
	ended(t, shutdown)
	wantSums(t, x.sums(t, "signals.events"), map[string]int64{"signal.name=all": 3})
}

// TestShutdownGivesUp ends shutdown's context while a handler hangs.
func TestShutdownGivesUp(t *testing.T) {
	x, sink := newTelemetry(), &signals.Sink{}
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	handling := make(chan struct{})
	shutdown := x.attach(t, sink, otelsignals.Options{Class: func(signals.Event) string {
		close(handling)
		<-ctx.Done()
		return "late"
	}})
	sink.Raise("hang", "")
	<-handling
	sink.Raise("never", "")
	cancel(enough)
	if err := shutdown(ctx); !errors.Is(err, enough) {
		t.Errorf("shutdown = %v, want %v", err, enough)
	}
}

// TestOneOfBoth attaches without a meter, and without a tracer.
func TestOneOfBoth(t *testing.T) {
	x, sink := newTelemetry(), &signals.Sink{}
	spans, err := otelsignals.Attach(sink, x.traces.Tracer("test"), nil, otelsignals.Options{})
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := otelsignals.Attach(sink, nil, x.meters.Meter("test"), otelsignals.Options{})
	if err != nil {
		t.Fatal(err)
	}
	pool := coord.New(func(context.Context, int) error { return nil }, coord.Options{Signals: sink})
	if err := pool.Do(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := pool.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	ended(t, spans)
	ended(t, metrics)
	if got := len(x.spans.GetSpans()); got != 1 {
		t.Errorf("got %d spans, want 1", got)
	}
	if x.sums(t, "signals.events")["signal.name=op.done"] != 1 {
		t.Errorf("op.done is not counted")
	}
}
