package patterns

import (
	"strings"
	"sync"
	"time"

	"github.com/mostlylucid/eph/pkg/signals"
)

// RateChanged is the signal of an AdaptiveRate that has moved; its Value is the new rate, a
// float64 of permits a second.
const RateChanged = "rate.changed"

// AdaptiveOptions configure an AdaptiveRate. A zero field means its default, and a value out of
// range counts as zero.
type AdaptiveOptions struct {
	Max    float64       // permits a second, the rate at first; 0 means 10
	Min    float64       // permits a second, up to Max; 0 means Max/64
	Burst  int           // less than 1 counts as 1
	Factor float64       // by which Slow multiplies the rate, below 1; 0 means 0.5
	Step   float64       // permits a second by which OK raises the rate; 0 means Max/16
	Every  time.Duration // no step up or down comes sooner after another; 0 means 1 s

	Signals *signals.Sink // RateChanged is raised here; nil raises none
	Name    string        // its key
}

// AdaptiveRate is a Rate that goes down, by a factor, when told to slow down, and up again, in
// steps, while calls succeed: additive increase and multiplicative decrease, as in TCP's congestion
// control. It implements coord.Limiter.
type AdaptiveRate struct {
	*Rate
	o AdaptiveOptions

	mu      sync.Mutex
	current float64
	moved   time.Time
	until   time.Time // nobody is to start before
}

// NewAdaptiveRate returns an AdaptiveRate at its highest rate, Max.
func NewAdaptiveRate(o AdaptiveOptions) *AdaptiveRate {
	if o.Max <= 0 {
		o.Max = 10
	}
	if o.Min <= 0 || o.Min > o.Max {
		o.Min = o.Max / 64
	}
	if o.Factor <= 0 || o.Factor >= 1 {
		o.Factor = 0.5
	}
	if o.Step <= 0 {
		o.Step = o.Max / 16
	}
	if o.Every <= 0 {
		o.Every = time.Second
	}
	return &AdaptiveRate{Rate: NewRate(o.Max, o.Burst), o: o, current: o.Max}
}

// Slow lowers the rate, and lets no permit be used for retryAfter, which may be 0, not even by those
// already in Wait; permits saved up for a burst are lost. Several complaints within
// AdaptiveOptions.Every count as one, because they are about the same burst of calls. What Reserve
// has returned stays as it is; OnChange tells of it, as for Set.
func (a *AdaptiveRate) Slow(retryAfter time.Duration) {
	retryAfter = min(max(retryAfter, 0), far/4)
	a.mu.Lock()
	now := time.Now()
	moved := a.move(now, a.current*a.o.Factor)
	if until := now.Add(retryAfter); until.After(a.until) {
		a.until = until
		a.hold(retryAfter)
	}
	a.mu.Unlock()
	a.changed()
	a.raise(moved)
}

// OK reports that a call succeeded, and raises the rate if the last change is long enough ago. What
// Reserve has returned stays as it is; OnChange tells of it, as for Set.
func (a *AdaptiveRate) OK() {
	a.mu.Lock()
	moved := a.move(time.Now(), a.current+a.o.Step)
	a.mu.Unlock()
	if moved > 0 {
		a.changed()
	}
	a.raise(moved)
}

// move changes the rate unless it has just been changed, and returns the new one, or 0.
func (a *AdaptiveRate) move(now time.Time, to float64) float64 {
	to = min(max(to, a.o.Min), a.o.Max)
	if to == a.current || now.Sub(a.moved) < a.o.Every || to > a.current && now.Before(a.until) {
		return 0
	}
	a.current, a.moved = to, now
	a.set(to, a.o.Burst)
	return to
}

func (a *AdaptiveRate) raise(moved float64) {
	if moved > 0 && a.o.Signals != nil {
		a.o.Signals.Emit(signals.Event{Name: RateChanged, Key: a.o.Name, Value: moved})
	}
}

// Follow calls Slow for each matching event. The time to hold everything back is the event's Value,
// if that is a time.Duration, or else what follows the colon in its name, as in "rate-limit:250ms";
// with neither, only the rate goes down.
func (a *AdaptiveRate) Follow(s *signals.Sink, p signals.Pattern) (stop func()) {
	return s.Subscribe(p, func(e signals.Event) {
		d, ok := e.Value.(time.Duration)
		if !ok {
			_, text, _ := strings.Cut(e.Name, ":")
			d, _ = time.ParseDuration(text)
		}
		a.Slow(d)
	})
}
