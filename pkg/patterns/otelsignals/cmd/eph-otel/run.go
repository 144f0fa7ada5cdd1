package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// run is a run that the log tells of: for OpenTelemetry, an instance of a service, with
// providers of its own.
type run struct {
	id     string
	traces *sdktrace.TracerProvider
	meters *sdkmetric.MeterProvider
	tracer trace.Tracer
	ctx    context.Context // with its span
	span   trace.Span
	began  map[int64]*line // job.started of the attempts that run, by seq
	last   *line

	events  metric.Int64Counter
	wall    metric.Float64Histogram
	queued  metric.Float64Histogram
	cpu     metric.Float64Counter
	running metric.Int64UpDownCounter
}

// scope is the name of what makes the telemetry.
const scope = "github.com/mostlylucid/eph/pkg/patterns/otelsignals/cmd/eph-otel"

// newRun begins a run with its first line. parent may have the span that the run is part of.
func newRun(parent context.Context, first *line, x *exporters) (*run, error) {
	about := []attribute.KeyValue{attribute.String("service.name", "eph"), attribute.String("service.instance.id", first.Run)}
	if first.Version != "" {
		about = append(about, attribute.String("service.version", first.Version))
	}
	// What the environment says goes before what the log says.
	from, err := resource.New(parent, resource.WithTelemetrySDK(), resource.WithAttributes(about...), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	traces := []sdktrace.TracerProviderOption{sdktrace.WithResource(from), sdktrace.WithIDGenerator(ids{})}
	if x.spans != nil {
		// Blocking: a log is read faster than it is exported, and nothing of it should be lost.
		traces = append(traces, sdktrace.WithBatcher(lent{x.spans}, sdktrace.WithBlocking()))
	}
	meters := []sdkmetric.Option{sdkmetric.WithResource(from)}
	if x.metrics != nil {
		meters = append(meters, sdkmetric.WithReader(sdkmetric.NewPeriodicReader(lentMetrics{x.metrics})))
	}
	r := &run{
		id: first.Run, began: make(map[int64]*line), last: first,
		traces: sdktrace.NewTracerProvider(traces...), meters: sdkmetric.NewMeterProvider(meters...),
	}
	r.tracer = r.traces.Tracer(scope)
	r.ctx, r.span = r.tracer.Start(named(parent, first.Run), "run", trace.WithTimestamp(first.Time))
	return r, r.instruments(r.meters.Meter(scope))
}

func (r *run) instruments(m metric.Meter) error {
	var errs [5]error
	r.events, errs[0] = m.Int64Counter("eph.events", metric.WithUnit("{event}"), metric.WithDescription("Lines of the log"))
	r.wall, errs[1] = m.Float64Histogram("eph.job.duration", metric.WithUnit("s"), metric.WithDescription("Time that an attempt took"))
	r.queued, errs[2] = m.Float64Histogram("eph.job.queued", metric.WithUnit("s"), metric.WithDescription("Time from the reading of an item to the start of an attempt"))
	r.cpu, errs[3] = m.Float64Counter("eph.job.cpu", metric.WithUnit("s"), metric.WithDescription("Processor time of jobs"))
	r.running, errs[4] = m.Int64UpDownCounter("eph.job.running", metric.WithUnit("{job}"), metric.WithDescription("Jobs that run"))
	return errors.Join(errs[:]...)
}

// take takes the next line of the run.
func (r *run) take(l *line) {
	r.last = l
	r.events.Add(r.ctx, 1, metric.WithAttributes(attribute.String("eph.event", l.name()), attribute.String("eph.level", l.Level)))
	switch l.Event {
	case "run.started":
		r.span.SetAttributes(l.attributes()...)
	case "job.started":
		if r.began[l.Seq] == nil {
			r.running.Add(r.ctx, 1)
		}
		r.began[l.Seq] = l
		if l.Queued != nil {
			r.queued.Record(r.ctx, *l.Queued)
		}
	case "job.succeeded", "job.attempt_failed", "job.failed", "job.cancelled", "job.skipped":
		r.attempt(l)
	case "run.finished":
		r.span.SetAttributes(l.attributes()...)
		if l.Status != nil && *l.Status != 0 {
			r.span.SetStatus(codes.Error, fmt.Sprintf("status %d", *l.Status))
		}
	default:
		if !strings.HasPrefix(l.Event, "job.") && !strings.HasPrefix(l.Event, "key.") && l.Event != "run.progress" {
			r.span.AddEvent(l.Event, trace.WithTimestamp(l.Time), trace.WithAttributes(l.attributes()...))
		}
	}
}

// attempt makes the span of an attempt that has ended. An item that ended without one, such as
// one that was skipped, has none.
func (r *run) attempt(end *line) {
	began := r.began[end.Seq]
	if began != nil {
		delete(r.began, end.Seq)
		r.running.Add(r.ctx, -1)
	}
	start, all := end.Time, end.attributes()
	switch {
	case began != nil:
		start, all = began.Time, append(began.attributes(), all...)
	case end.Attempt == 0:
		return
	case end.Wall != nil: // a log without job.started
		start = end.Time.Add(-seconds(*end.Wall))
	}
	name := strings.TrimPrefix(end.Event, "job.")
	outcome := []attribute.KeyValue{attribute.String("eph.outcome", name)}
	if end.Reason != "" {
		outcome = append(outcome, attribute.String("error.type", end.Reason))
	}
	attempt := end.Attempt
	if began != nil {
		attempt = began.Attempt
	}
	_, span := r.tracer.Start(named(r.ctx, r.id, end.Seq, attempt), "job", trace.WithTimestamp(start), trace.WithAttributes(append(all, outcome...)...))
	if end.Event != "job.succeeded" {
		span.SetStatus(codes.Error, cause(end))
	}
	span.End(trace.WithTimestamp(end.Time))
	if end.Wall != nil {
		r.wall.Record(r.ctx, *end.Wall, metric.WithAttributes(outcome...))
	}
	for mode, s := range map[string]float64{"user": end.User, "system": end.Sys} {
		if s > 0 {
			r.cpu.Add(r.ctx, s, metric.WithAttributes(attribute.String("cpu.mode", mode)))
		}
	}
}

func cause(end *line) string {
	if end.Error != "" {
		return end.Error
	}
	return end.Reason
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// breakOff ends the spans of what the log does not tell the end of: eph was killed, or still
// runs.
func (r *run) breakOff() {
	for seq, began := range r.began {
		_, span := r.tracer.Start(named(r.ctx, r.id, seq, began.Attempt), "job", trace.WithTimestamp(began.Time),
			trace.WithAttributes(append(began.attributes(), attribute.String("eph.outcome", "unknown"))...))
		span.SetStatus(codes.Error, "the log ends before the job")
		span.End(trace.WithTimestamp(r.last.Time))
	}
	clear(r.began)
	r.span.SetStatus(codes.Error, "the log ends before the run")
}

// end exports all that is left, within ctx.
func (r *run) end(ctx context.Context) error {
	r.span.End(trace.WithTimestamp(r.last.Time))
	return r.shutdown(ctx)
}

// shutdown exports the spans that have ended, and the metrics.
func (r *run) shutdown(ctx context.Context) error {
	return errors.Join(r.traces.Shutdown(ctx), r.meters.Shutdown(ctx))
}

// ids makes the same ids of the same log each time, so that one who exports a log again has the
// same spans again, and not others beside them.
type ids struct{}

type nameKey struct{}

// named says what the next span is about.
func named(ctx context.Context, parts ...any) context.Context {
	return context.WithValue(ctx, nameKey{}, sha256.Sum256(fmt.Appendln(nil, parts...)))
}

func (ids) NewIDs(ctx context.Context) (t trace.TraceID, s trace.SpanID) {
	sum := ctx.Value(nameKey{}).([sha256.Size]byte)
	copy(t[:], sum[8:])
	copy(s[:], sum[:])
	return t, s
}

func (g ids) NewSpanID(ctx context.Context, _ trace.TraceID) trace.SpanID {
	_, s := g.NewIDs(ctx)
	return s
}

// lent is an exporter that outlives those who use it.
type lent struct{ sdktrace.SpanExporter }

func (lent) Shutdown(context.Context) error { return nil }

type lentMetrics struct{ sdkmetric.Exporter }

func (lentMetrics) Shutdown(context.Context) error { return nil }
