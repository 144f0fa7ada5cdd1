package record

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/pkg/signals"
)

// bounds are those of the buckets that durations are counted in, in seconds.
var bounds = []float64{0.01, 0.1, 1, 10, 60, 600, 3600}

// Metrics keeps a file of figures of a run in the text format of Prometheus, for a collector of
// such files. It is replaced as a whole, now and then and at the end.
type Metrics struct {
	mu      sync.Mutex
	name    string
	began   time.Time
	buckets []int64 // attempts that took no longer than the bound
	count   int64
	sum     float64
	err     error
	cancel  func()
}

// OpenMetrics watches the events of a sink until Close.
func OpenMetrics(name string, s *signals.Sink) (*Metrics, error) {
	m := &Metrics{name: name, began: time.Now(), buckets: make([]int64, len(bounds))}
	if m.replace(&event.Counts{}, 0, 0, nil); m.err != nil {
		return nil, fail.Own("--metrics: cannot write %s: %w", name, m.err)
	}
	m.cancel = s.Subscribe(signals.MustCompile(strings.Join([]string{
		event.RunProgress, event.RunFinished, event.JobSucceeded, event.JobFailed, event.JobAttemptFailed,
	}, ",")), m.take)
	return m, nil
}

func (m *Metrics) take(e signals.Event) {
	f, ok := e.Value.(*event.Fields)
	if !ok {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case f.Counts != nil:
		m.replace(f.Counts, f.Running, f.Waiting, f.Status)
	case f.Wall > 0:
		took := time.Duration(f.Wall).Seconds()
		m.count++
		m.sum += took
		for i, b := range bounds {
			if took <= b {
				m.buckets[i]++
			}
		}
	}
}

// replace writes the file anew. status is nil while the run goes on.
func (m *Metrics) replace(c *event.Counts, running, waiting int, status *int) {
	p, err := publish(m.name)
	if err == nil {
		_, err = p.WriteString(m.text(c, running, waiting, status))
		err = p.finish(err)
	}
	if m.err == nil {
		m.err = err
	}
}

func (m *Metrics) text(c *event.Counts, running, waiting int, status *int) string {
	var b strings.Builder
	about := func(name, kind, help string) {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
	}
	one := func(name, kind, help string, value any) {
		about(name, kind, help)
		fmt.Fprintf(&b, "%s %v\n", name, value)
	}
	one("eph_items_read_total", "counter", "Items read.", c.Read)
	about("eph_items_ended_total", "counter", "Items that have ended, by outcome.")
	for _, x := range []struct {
		state string
		n     int64
	}{{"succeeded", c.Succeeded}, {"failed", c.Failed}, {"skipped", c.Skipped}, {"cancelled", c.Cancelled}} {
		fmt.Fprintf(&b, "eph_items_ended_total{state=%q} %d\n", x.state, x.n)
	}
	one("eph_records_rejected_total", "counter", "Records that could not become items.", c.Rejected)
	one("eph_retries_total", "counter", "Attempts that were retried.", c.Retried)
	one("eph_jobs_running", "gauge", "Attempts in progress.", running)
	one("eph_items_waiting", "gauge", "Items that are waiting.", waiting)
	about("eph_attempt_duration_seconds", "histogram", "How long attempts took.")
	for i, bound := range bounds {
		fmt.Fprintf(&b, "eph_attempt_duration_seconds_bucket{le=\"%g\"} %d\n", bound, m.buckets[i])
	}
	fmt.Fprintf(&b, "eph_attempt_duration_seconds_bucket{le=\"+Inf\"} %d\n", m.count)
	fmt.Fprintf(&b, "eph_attempt_duration_seconds_sum %g\neph_attempt_duration_seconds_count %d\n", m.sum, m.count)
	one("eph_run_start_time_seconds", "gauge", "When the run began, in seconds since 1970.", fmt.Sprintf("%.3f", float64(m.began.UnixMilli())/1e3))
	one("eph_run_duration_seconds", "gauge", "How long the run has taken.", fmt.Sprintf("%.3f", time.Since(m.began).Seconds()))
	if status != nil {
		one("eph_run_exit_status", "gauge", "The exit status; absent while the run is in progress.", *status)
	}
	return b.String()
}

// Close ends the watching and returns the first error.
func (m *Metrics) Close() error {
	m.cancel()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return fail.File("--metrics", m.err)
	}
	return nil
}
