package patterns

import (
	"container/list"
	"math"
	"sync"
	"time"

	"github.com/mostlylucid/eph/pkg/signals"
)

// Detector flags unusual numbers of events; Run starts it. Each event costs O(1), whatever the span.
// Negative numbers count as 0.
type Detector struct {
	Pattern   signals.Pattern // of the events that are counted; the zero Pattern counts none
	Condition string          // "" means "anomaly." and the pattern; look for it with signals.Exact
	Span      time.Duration   // 0 means 10 s
	Threshold int             // so many within Span are unusual; 0: judged by Score
	Score     float64         // this many standard deviations above the mean of earlier spans are; 0 means 3
	Learn     int             // spans before Score judges; 0 means 10
	PerKey    bool            // judge every key by itself
	MaxKeys   int             // keys that are remembered, those of the latest events; 0 means 1000
}

// Run makes the condition hold, with PerKey for the key of the events, while there are unusually
// many of them: from the event that is one too many until one span after the last such event. After
// stop the condition still holds for the rest of its time.
func (d Detector) Run(s *signals.Sink) (stop func()) {
	if d.Condition == "" {
		d.Condition = "anomaly." + d.Pattern.String()
	}
	if d.Span <= 0 {
		d.Span = 10 * time.Second
	}
	if d.Score <= 0 {
		d.Score = 3
	}
	if d.Learn <= 0 {
		d.Learn = 10
	}
	if d.MaxKeys <= 0 {
		d.MaxKeys = 1000
	}
	x := &detection{Detector: d, keys: make(map[string]*list.Element)}
	return s.Subscribe(d.Pattern, func(e signals.Event) {
		key := ""
		if d.PerKey {
			key = e.Key
		}
		if x.unusual(key, time.Now()) {
			s.Set(d.Condition, key, d.Span)
		}
	})
}

// detection is a Detector at work.
type detection struct {
	Detector

	mu   sync.Mutex
	keys map[string]*list.Element // of *series
	line list.List                // the key of the latest event last
}

// series is what is known of one key: the count of the span under way, and mean and variance of
// the counts of earlier ones, with weights that halve in about ten spans (West 1979).
type series struct {
	key       string
	recent    *signals.Counter // with Threshold
	began     time.Time        // of the span under way
	count     float64
	spans     int
	mean, dev float64 // dev is the variance
}

// unusual counts an event, and reports whether it is one too many.
func (x *detection) unusual(key string, now time.Time) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.of(key, now)
	if x.Threshold > 0 {
		s.recent.Add(1)
		return s.recent.Count() >= x.Threshold
	}
	for passed := 0; now.Sub(s.began) >= x.Span; passed++ {
		if passed > 1000 { // a long silence is like a thousand quiet spans
			s.began = now
			break
		}
		s.learn()
		s.began = s.began.Add(x.Span)
	}
	s.count++
	return s.spans >= x.Learn && s.count > s.mean+x.Score*math.Max(math.Sqrt(s.dev), 1)
}

// learn closes the span under way.
func (s *series) learn() {
	const weight = 0.067
	w := math.Max(weight, 1/float64(s.spans+1)) // the plain mean at first
	diff := s.count - s.mean
	s.mean += w * diff
	s.dev = (1 - w) * (s.dev + w*diff*diff)
	s.spans++
	s.count = 0
}

func (x *detection) of(key string, now time.Time) *series {
	if e, ok := x.keys[key]; ok {
		x.line.MoveToBack(e)
		return e.Value.(*series)
	}
	if len(x.keys) >= x.MaxKeys {
		oldest := x.line.Front()
		delete(x.keys, x.line.Remove(oldest).(*series).key)
	}
	s := &series{key: key, began: now}
	if x.Threshold > 0 {
		s.recent = signals.NewCounter(x.Span, 10)
	}
	x.keys[key] = x.line.PushBack(s)
	return s
}
