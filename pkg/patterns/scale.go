package patterns

import (
	"sync"
	"time"

	"github.com/mostlylucid/eph/pkg/signals"
)

// ConcurrencyChanged is the signal of a Scale that has moved; its Value is the new limit, an int.
const ConcurrencyChanged = "concurrency.changed"

// Resizable is anything with a limit, such as any coordinator. SetLimit must not block. A Scale calls
// it outside all locks, one step at a time and in order.
type Resizable interface{ SetLimit(int) }

// Scale moves a limit between Min and Max when events ask for it. For a limit that tunes itself, see
// AIMD.
type Scale struct {
	Min, Max int             // 0 means 1 and 32
	Start    int             // 0 means Max
	Up, Down signals.Pattern // the zero Patterns are "concurrency.up" and "concurrency.down"
	Factor   float64         // each step multiplies or divides the limit by it, and moves it by 1 at least; up to 1 means 2
	Cooldown time.Duration   // no step comes sooner after another; 0 means 1 s
}

// Run sets the limit of r to Start and adjusts it from then on. Each event moves it one step, once.
// After stop the limit stays where it is.
func (s Scale) Run(sink *signals.Sink, r Resizable) (stop func()) {
	s.Min = max(s.Min, 1)
	if s.Max <= 0 {
		s.Max = 32
	}
	s.Max = max(s.Max, s.Min)
	if s.Start <= 0 {
		s.Start = s.Max
	}
	if s.Factor <= 1 {
		s.Factor = 2
	}
	if s.Cooldown <= 0 {
		s.Cooldown = time.Second
	}
	if s.Up == (signals.Pattern{}) {
		s.Up = signals.MustCompile("concurrency.up")
	}
	if s.Down == (signals.Pattern{}) {
		s.Down = signals.MustCompile("concurrency.down")
	}
	m := &mover{scale: s, sink: sink, limited: r, limit: min(max(s.Start, s.Min), s.Max)}
	r.SetLimit(m.limit)
	up := sink.Subscribe(s.Up, func(signals.Event) { m.step(s.Factor, +1) })
	down := sink.Subscribe(s.Down, func(signals.Event) { m.step(1/s.Factor, -1) })
	return func() { up(); down() }
}

// mover is a Scale at work.
type mover struct {
	scale   Scale
	sink    *signals.Sink
	limited Resizable

	news news

	mu    sync.Mutex
	limit int
	moved time.Time
}

func (m *mover) step(factor float64, atLeast int) {
	m.mu.Lock()
	now := time.Now()
	to := int(min(float64(m.limit)*factor, float64(m.scale.Max)))
	if to == m.limit {
		to += atLeast
	}
	to = min(max(to, m.scale.Min), m.scale.Max)
	if to == m.limit || now.Sub(m.moved) < m.scale.Cooldown {
		m.mu.Unlock()
		return
	}
	m.limit, m.moved = to, now
	m.news.add(func() {
		m.limited.SetLimit(to)
		m.sink.Emit(signals.Event{Name: ConcurrencyChanged, Value: to})
	})
	m.mu.Unlock()
	m.news.tell()
}
