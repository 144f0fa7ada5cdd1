package patterns

import (
	"sync"

	"github.com/mostlylucid/eph/pkg/signals"
)

// Backpressure makes a condition hold while there is too much of something: from High on,
// until it is at or below Low. Gate the producers on the condition, with coord.GateOn. Set the
// fields before the first Add; they must not change later.
//
// Count what waits with Add, where it arrives and where it leaves: for a coordinator before Put and
// in Hooks.Finish. Nothing is polled.
type Backpressure struct {
	Sink      *signals.Sink // nil: nobody is told
	Condition string        // "" means "backpressure.window"
	High      int           // 0 or less means 100
	Low       int           // 0 or less, or High and more, mean High/2

	mu    sync.Mutex
	n     int
	holds bool
	news  news
}

// Add adds n, which may be negative, and returns how much there is. A subscriber of the condition
// may call it, and so may the hooks of work that a gate drops.
func (b *Backpressure) Add(n int) int {
	defer b.news.tell()
	b.mu.Lock()
	defer b.mu.Unlock()
	high, low, name := b.High, b.Low, b.Condition
	if high <= 0 {
		high = 100
	}
	if low <= 0 || low >= high {
		low = high / 2
	}
	if name == "" {
		name = "backpressure.window"
	}
	b.n += n
	switch {
	case !b.holds && b.n >= high:
		b.holds = true
		b.tell(func(s *signals.Sink) { s.Set(name, "", 0) })
	case b.holds && b.n <= low:
		b.holds = false
		b.tell(func(s *signals.Sink) { s.Clear(name, "") })
	}
	return b.n
}

func (b *Backpressure) tell(what func(*signals.Sink)) {
	if s := b.Sink; s != nil {
		b.news.add(func() { what(s) })
	}
}
