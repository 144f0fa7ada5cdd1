// Package receiver is an OTLP receiver over HTTP, for tests: it decodes what it is sent, and keeps
// it.
package receiver

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Receiver is a server on the loopback interface. Its methods may be called at any time.
type Receiver struct {
	URL string

	mu      sync.Mutex
	traces  []*trace.ResourceSpans
	metrics []*metrics.ResourceMetrics
	refuse  int
	arrived chan struct{} // closed at the next arrival of spans
}

// New returns a receiver that is closed when the test ends.
func New(t *testing.T) *Receiver {
	r := &Receiver{arrived: make(chan struct{})}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.URL = server.URL
	return r
}

// Refuse answers everything with an HTTP status from now on.
func (r *Receiver) Refuse(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refuse = status
}

// ServeHTTP takes one request of an exporter.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refuse != 0 {
		http.Error(w, "refused", r.refuse)
		return
	}
	if err := r.take(q); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf") // an empty message: all was taken
}

func (r *Receiver) take(q *http.Request) error {
	body := io.Reader(q.Body)
	if q.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			return err
		}
		body = z
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	if got := q.Header.Get("Content-Type"); got != "application/x-protobuf" {
		return fmt.Errorf("content of type %q", got)
	}
	switch q.URL.Path {
	case "/v1/traces":
		var request coltrace.ExportTraceServiceRequest
		if err := proto.Unmarshal(b, &request); err != nil {
			return err
		}
		r.traces = append(r.traces, request.ResourceSpans...)
		close(r.arrived)
		r.arrived = make(chan struct{})
	case "/v1/metrics":
		var request colmetrics.ExportMetricsServiceRequest
		if err := proto.Unmarshal(b, &request); err != nil {
			return err
		}
		r.metrics = append(r.metrics, request.ResourceMetrics...)
	default:
		return fmt.Errorf("nothing is at %s", q.URL.Path)
	}
	return nil
}

// Resources are what was received, by resource.
func (r *Receiver) Resources() []*trace.ResourceSpans {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.traces
}

// Spans are all that were received.
func (r *Receiver) Spans() (all []*trace.Span) {
	for _, resource := range r.Resources() {
		for _, scope := range resource.ScopeSpans {
			all = append(all, scope.Spans...)
		}
	}
	return all
}

// Await returns the spans once there are n.
func (r *Receiver) Await(t *testing.T, n int) []*trace.Span {
	t.Helper()
	for {
		r.mu.Lock()
		arrived := r.arrived
		r.mu.Unlock()
		if all := r.Spans(); len(all) >= n {
			return all
		}
		select {
		case <-arrived:
		case <-t.Context().Done():
			t.Fatalf("%d of %d spans were received", len(r.Spans()), n)
		}
	}
}

// Metrics are all that were received, the later ones last.
func (r *Receiver) Metrics() (all []*metrics.Metric) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, resource := range r.metrics {
		for _, scope := range resource.ScopeMetrics {
			all = append(all, scope.Metrics...)
		}
	}
	return all
}

// Attribute is the value of an attribute as text, or "".
func Attribute(all []*common.KeyValue, key string) string {
	for _, a := range all {
		if a.Key == key {
			return text(a.Value)
		}
	}
	return ""
}

func text(v *common.AnyValue) string {
	switch v := v.Value.(type) {
	case *common.AnyValue_StringValue:
		return v.StringValue
	case *common.AnyValue_ArrayValue:
		var all []string
		for _, e := range v.ArrayValue.Values {
			all = append(all, text(e))
		}
		return strings.Join(all, "|")
	case *common.AnyValue_IntValue:
		return fmt.Sprint(v.IntValue)
	case *common.AnyValue_DoubleValue:
		return fmt.Sprint(v.DoubleValue)
	case *common.AnyValue_BoolValue:
		return fmt.Sprint(v.BoolValue)
	}
	return ""
}
