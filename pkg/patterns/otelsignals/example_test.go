package otelsignals_test

import (
	"context"
	"errors"
	"fmt"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/patterns/otelsignals"
	"github.com/mostlylucid/eph/pkg/signals"
)

// Each attempt of an op is a span. A program would take a tracer and a meter of the SDK that it has
// set up, with an exporter to its collector.
func ExampleAttach() {
	exporter := tracetest.NewInMemoryExporter()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter)).Tracer("example")

	var sink signals.Sink
	shutdown, err := otelsignals.Attach(&sink, tracer, nil, otelsignals.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	pool := coord.New(func(_ context.Context, n int) error {
		if n == 2 {
			return errors.New("no answer")
		}
		return nil
	}, coord.Options{Limit: 1, Signals: &sink})
	ctx := context.Background()
	for n := range 3 {
		_, _ = pool.Put(ctx, n+1)
	}
	_ = pool.Drain(ctx)
	_ = shutdown(ctx)
	for _, span := range exporter.GetSpans() {
		fmt.Println(span.Name, span.Status.Code)
	}
	// Output:
	// op Unset
	// op Error
	// op Unset
}
