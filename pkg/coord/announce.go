package coord

import (
	"time"

	"github.com/mostlylucid/eph/pkg/signals"
)

// Names of the events that a coordinator raises with Options.Signals. Their Op is the ID of the op,
// their Value its Info, and their Key is "". They are raised outside all locks, before the hooks are
// called, on the goroutine that runs the op or, for a drop, on the one that caused it.
const (
	SignalStarted = "op.started" // an attempt begins
	SignalDone    = "op.done"    // the op has ended as Done
	SignalFailed  = "op.failed"  // the op has ended as Failed
	SignalRetry   = "op.retry"   // an attempt has failed, and another will follow
	SignalDropped = "op.dropped" // the op has ended as Dropped
)

func announce[K comparable](sink *signals.Sink, name string, i Info[K]) {
	sink.Emit(signals.Event{Name: name, Op: uint64(i.ID), Value: i})
}

// announcing returns hooks that raise a signal before they call h.
func announcing[K comparable, T any](sink *signals.Sink, h Hooks[K, T]) Hooks[K, T] {
	return Hooks[K, T]{
		Admit: h.Admit,
		Retry: func(i Info[K], v T, after time.Duration) {
			announce(sink, SignalRetry, i)
			if h.Retry != nil {
				h.Retry(i, v, after)
			}
		},
		Finish: func(i Info[K], v T) {
			name := SignalDropped
			switch i.State {
			case Done:
				name = SignalDone
			case Failed:
				name = SignalFailed
			}
			announce(sink, name, i)
			if h.Finish != nil {
				h.Finish(i, v)
			}
		},
	}
}
