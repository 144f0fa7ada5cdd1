package signals_test

import (
	"sync"
	"testing"
	"time"

	"github.com/mostlylucid/eph/pkg/signals"
)

// BenchmarkTargets says what raising costs as a multiple of a peer: a lock and an unlock of a mutex
// that nobody else wants, or a look at the clock. It is measured in turns with the peer, each by its
// best turn. target is the multiple that was aimed at.
//
//	go test ./pkg/signals -run '^$' -bench Targets
func BenchmarkTargets(b *testing.B) {
	sink := func(subscribers int, o signals.Options) *signals.Sink {
		s := signals.New(o)
		for range subscribers {
			s.Subscribe(signals.MustCompile("job.*"), func(signals.Event) {})
		}
		return s
	}
	raise := func(s *signals.Sink) func() { return func() { s.Raise("job.failed", "7") } }
	topic := sink(1, signals.Options{}).Topic("job.failed")
	var mu sync.Mutex
	mutex := func() {
		mu.Lock()
		_ = topic // staticcheck wants the section not to be empty
		mu.Unlock()
	}
	clock := func() { _ = time.Now() }
	for _, c := range []struct {
		what     string
		do, peer func()
		target   float64
	}{
		{"unheard", raise(sink(0, signals.Options{})), mutex, 1},
		{"window", raise(sink(0, signals.Options{Window: 1024})), mutex, 5},
		{"stamped", raise(sink(0, signals.Options{Window: 1024, Stamp: true})), clock, 1.5},
		{"subscribers=1", raise(sink(1, signals.Options{})), mutex, 5},
		{"subscribers=10", raise(sink(10, signals.Options{})), mutex, 20},
		{"topic", func() { topic.Raise("7", nil) }, mutex, 3},
	} {
		b.Run(c.what, func(b *testing.B) {
			const turn = 200
			best := func(least time.Duration, do func()) time.Duration {
				began := time.Now()
				for range turn {
					do()
				}
				return min(least, time.Since(began))
			}
			peer, mine := time.Hour, time.Hour
			for b.Loop() {
				peer = best(peer, c.peer)
				mine = best(mine, c.do)
			}
			b.ReportMetric(float64(mine)/float64(peer), "multiple")
			b.ReportMetric(c.target, "target")
			b.ReportMetric(float64(mine)/turn, "ns/raise")
			b.ReportMetric(0, "ns/op")
		})
	}
}
