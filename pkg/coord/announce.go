package coord

import (
	"reflect"
	"time"

	"github.com/mostlylucid/eph/internal/sched"
	"github.com/mostlylucid/eph/pkg/signals"
)

// Names of the events that a coordinator raises with Options.Signals. Their Op is the ID of the op
// and their Value its Info; their Key is the key of the op if its type is a string type, and else
// "". They are raised outside all locks, before the hooks are called, on the goroutine that runs the
// op or, for a drop, on the one that caused it. One that nobody listens to is not built at all.
const (
	SignalStarted = "op.started" // an attempt begins
	SignalDone    = "op.done"    // the op has ended as Done
	SignalFailed  = "op.failed"  // the op has ended as Failed
	SignalRetry   = "op.retry"   // an attempt has failed, and another will follow
	SignalDropped = "op.dropped" // the op has ended as Dropped
)

// announcer raises the events of a coordinator.
type announcer[K comparable] struct {
	sink                                  *signals.Sink
	started, done, failed, retry, dropped *signals.Topic
	text                                  func(K) string
}

func newAnnouncer[K comparable](s *signals.Sink) *announcer[K] {
	return &announcer[K]{
		sink: s, started: s.Topic(SignalStarted), done: s.Topic(SignalDone), failed: s.Topic(SignalFailed),
		retry: s.Topic(SignalRetry), dropped: s.Topic(SignalDropped), text: textOf[K](),
	}
}

// textOf returns how a key of that type reads as the Key of an event.
func textOf[K comparable]() func(K) string {
	if reflect.TypeFor[K]().Kind() != reflect.String {
		return func(K) string { return "" }
	}
	return func(k K) string { return reflect.ValueOf(k).String() }
}

// raise does nothing, and builds nothing, if nobody would see it.
func (a *announcer[K]) raise(t *signals.Topic, i *Info[K]) {
	if t.Live() {
		a.sink.Emit(signals.Event{Name: t.Name(), Key: a.text(i.Key), Op: uint64(i.ID), Value: *i})
	}
}

func (a *announcer[K]) begins(op *sched.Op[K]) {
	if a.started.Live() {
		a.raise(a.started, &Info[K]{
			ID: op.ID, Key: op.Key, Lane: op.Lane, State: Running, Attempt: op.Attempt, Started: op.Started,
		})
	}
}

func (a *announcer[K]) ends(i *Info[K]) {
	switch i.State {
	case Done:
		a.raise(a.done, i)
	case Failed:
		a.raise(a.failed, i)
	default:
		a.raise(a.dropped, i)
	}
}

// announcing returns hooks that raise a signal before they call h.
func announcing[K comparable, T any](a *announcer[K], h Hooks[K, T]) Hooks[K, T] {
	return Hooks[K, T]{
		Admit: h.Admit,
		Retry: func(i Info[K], v T, after time.Duration) {
			a.raise(a.retry, &i)
			if h.Retry != nil {
				h.Retry(i, v, after)
			}
		},
		Finish: func(i Info[K], v T) {
			a.ends(&i)
			if h.Finish != nil {
				h.Finish(i, v)
			}
		},
	}
}
