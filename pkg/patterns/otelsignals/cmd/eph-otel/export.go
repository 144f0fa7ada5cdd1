package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// exporters are where telemetry goes. Either may be nil.
type exporters struct {
	spans   sdktrace.SpanExporter
	metrics sdkmetric.Exporter
}

// usageError is one of the command line or the environment. Nothing was read.
type usageError struct{ error }

// newExporters makes what the environment asks for.
func newExporters(ctx context.Context) (x *exporters, err error) {
	x = &exporters{}
	if os.Getenv("OTEL_SDK_DISABLED") == "true" {
		return x, nil
	}
	for _, kind := range []string{"TRACES", "METRICS"} {
		switch v := os.Getenv("OTEL_" + kind + "_EXPORTER"); v {
		case "none":
			continue
		case "", "otlp":
		default:
			return nil, usageError{fmt.Errorf("OTEL_%s_EXPORTER=%s: only otlp and none are known here", kind, v)}
		}
		for _, name := range []string{"OTEL_EXPORTER_OTLP_" + kind + "_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
			if v := os.Getenv(name); v != "" && v != "http/protobuf" {
				return nil, usageError{fmt.Errorf("%s=%s: only http/protobuf is spoken here, at port 4318 of most receivers", name, v)}
			}
		}
		if kind == "TRACES" {
			x.spans, err = otlptracehttp.New(ctx)
		} else {
			x.metrics, err = otlpmetrichttp.New(ctx)
		}
		if err != nil {
			return nil, usageError{err}
		}
	}
	return x, nil
}

func (x *exporters) shutdown(ctx context.Context) (err error) {
	if x.spans != nil {
		err = x.spans.Shutdown(ctx)
	}
	if x.metrics != nil {
		err = errors.Join(err, x.metrics.Shutdown(ctx))
	}
	return err
}

const (
	// mostRuns is how many runs may be under way in one log: each that has crashed counts for
	// ever. The one that was silent for longest goes first.
	mostRuns = 64
	// mostComplaints is how many are shown.
	mostComplaints = 20
	// mostLine is how long a line may be: eph cuts texts at 1 KiB, but not lists of them.
	mostLine = 16 << 20
	// lastWords is how long the last export may take.
	lastWords = 30 * time.Second
)

// exporter makes telemetry of logs.
type exporter struct {
	to     *exporters
	parent context.Context
	runs   []*run // under way, the one that was heard of last at the end

	mu         sync.Mutex // the SDK complains from goroutines of its own
	complaints int
	stderr     io.Writer
}

// newExporter returns an exporter that sends its complaints to stderr, and the SDK's.
func newExporter(to *exporters, stderr io.Writer) *exporter {
	x := &exporter{to: to, stderr: stderr}
	x.parent = propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": os.Getenv("TRACEPARENT")})
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { x.complain("%v", err) }))
	return x
}

func (x *exporter) complain(format string, args ...any) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.complaints++
	if x.complaints <= mostComplaints {
		fmt.Fprintf(x.stderr, "eph-otel: %s\n", fmt.Sprintf(format, args...))
	}
}

// failed reports whether there was anything to complain of, and tells what was not shown.
func (x *exporter) failed() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if more := x.complaints - mostComplaints; more > 0 {
		fmt.Fprintf(x.stderr, "eph-otel: and %d more complaints\n", more)
	}
	return x.complaints > 0
}

// read takes the lines of a log until it ends or ctx does. It complains of a line that is none
// and goes on with the next.
func (x *exporter) read(ctx context.Context, name string, from io.Reader) {
	lines, broken := scan(ctx, from)
	n := 0
	for text := range lines {
		n++
		if len(text) == 0 {
			continue
		}
		l, err := parse(text)
		if err == nil {
			err = x.take(l)
		}
		if err != nil {
			x.complain("%s:%d: %v", name, n, err)
		}
	}
	if err := broken(); err != nil {
		x.complain("%s:%d: %v", name, n+1, err)
	}
}

// scan yields lines until from ends or ctx does, and then why. It does not wait for a read that
// never returns, such as one from a terminal: its goroutine ends with that.
func scan(ctx context.Context, from io.Reader) (lines iter.Seq[[]byte], broken func() error) {
	var why error
	lines = func(yield func([]byte) bool) {
		read, ended := make(chan []byte), make(chan error, 1)
		go func() {
			s := bufio.NewScanner(from)
			s.Buffer(nil, mostLine)
			for s.Scan() {
				select {
				case read <- bytes.Clone(bytes.TrimSpace(s.Bytes())):
				case <-ctx.Done():
					return
				}
			}
			ended <- s.Err()
		}()
		for {
			select {
			case text := <-read:
				if !yield(text) {
					return
				}
			case why = <-ended:
				return
			case <-ctx.Done():
				return
			}
		}
	}
	return lines, func() error { return why }
}

// take takes a line to its run.
func (x *exporter) take(l *line) (err error) {
	var r *run
	i := slices.IndexFunc(x.runs, func(r *run) bool { return r.id == l.Run })
	switch {
	case i >= 0:
		r = x.runs[i]
		x.runs = slices.Delete(x.runs, i, i+1)
		if l.N <= r.last.N {
			x.runs = append(x.runs, r)
			return fmt.Errorf("number %d of run %s was there before; it is left out", l.N, l.Run)
		}
		if gap := l.N - r.last.N - 1; gap > 0 {
			err = fmt.Errorf("%d lines of run %s are missing before this one", gap, l.Run)
		}
	case len(x.runs) == mostRuns:
		x.breakOff(x.runs[0])
		x.runs = x.runs[1:]
		fallthrough
	default:
		if r, err = newRun(x.parent, l, x.to); err != nil {
			return err
		}
	}
	r.take(l)
	if l.Event == "run.finished" {
		x.finish(r.end)
		return err
	}
	x.runs = append(x.runs, r)
	return err
}

func (x *exporter) breakOff(r *run) {
	r.breakOff()
	x.finish(r.end)
}

// finish gives the last export of a run its time.
func (x *exporter) finish(end func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	if err := end(ctx); err != nil {
		x.complain("%v", err)
	}
}

// close exports what is left. What the logs do not tell the end of ended there, unless it was
// us who stopped reading: then nothing is known of its end, and it is left out.
func (x *exporter) close(stopped bool) {
	for _, r := range x.runs {
		if stopped {
			x.finish(r.shutdown)
		} else {
			x.breakOff(r)
		}
	}
	x.runs = nil
	x.finish(x.to.shutdown)
}
