package observe

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/pkg/signals"
)

// mostBehind is how many events a slow reader may be behind before the oldest are let go.
const mostBehind = 4096

// Tail yields the lines that a log would have of the matching signals from now on, until ctx
// ends or the run does. A reader that is slow holds nothing up: it misses the oldest, and a
// line says how many. A line is valid until the next one.
func Tail(ctx context.Context, run string, s *signals.Sink, p signals.Pattern) iter.Seq2[[]byte, error] {
	ctx, cancel := context.WithCancel(ctx)
	events := s.Events(ctx, p, mostBehind)
	over := s.Subscribe(signals.MustCompile(event.RunFinished), func(signals.Event) { cancel() })
	return func(yield func([]byte, error) bool) {
		defer cancel()
		defer over()
		c := encoder{run: run, began: time.Now()}
		var lost uint64
		for e := range events.All() {
			if now := events.Lost(); now != lost {
				missed := signals.Event{Name: event.Warning, Value: &event.Fields{Message: fmt.Sprintf("%d events were not shown because the reader is slow", now-lost)}}
				lost = now
				if !yield(c.line(missed)) {
					return
				}
			}
			if !yield(c.line(e)) {
				return
			}
		}
	}
}
