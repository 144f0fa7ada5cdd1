package signals

import "sync/atomic"

// Topic raises one name. It finds out who listens to that name when subscriptions change,
// so that raising it needs no matching at all. It is safe for concurrent use.
type Topic struct {
	sink *Sink
	name string
	to   atomic.Pointer[receivers]
}

// receivers are those of a topic under one snapshot of the sink's listeners. The snapshot
// itself is the version: a topic is not registered anywhere and needs no closing.
type receivers struct {
	of   *[]*subscription
	subs []*subscription
}

// Topic returns a handle that raises the name.
func (s *Sink) Topic(name string) *Topic { return &Topic{sink: s, name: name} }

// Name is what the topic raises.
func (t *Topic) Name() string { return t.name }

// Raise publishes the topic's name with a key and a payload, either of which may be its zero
// value. Like Sink.Raise it returns when the subscribers have.
func (t *Topic) Raise(key string, value any) {
	s, to := t.sink, t.receivers()
	windowed := s.window.Load() != nil
	if len(to) == 0 && !windowed {
		return
	}
	e := &Event{Name: t.name, Key: key, Value: value}
	if windowed || s.stamp {
		s.record(e)
		to = t.receivers() // again, as in Sink.raise
	}
	s.deliver(e, to, false)
}

// Live reports whether anybody would see a raise. Use it to skip building a payload.
func (t *Topic) Live() bool { return t.sink.window.Load() != nil || len(t.receivers()) > 0 }

func (t *Topic) receivers() []*subscription {
	heard := t.sink.heard.Load()
	if heard == nil {
		return nil
	}
	if to := t.to.Load(); to != nil && to.of == heard {
		return to.subs
	}
	return t.resolve(heard)
}

// resolve may run twice at once and may store an older snapshot last; the next raise sees
// that it is not the current one and resolves again.
func (t *Topic) resolve(heard *[]*subscription) []*subscription {
	to := &receivers{of: heard}
	for _, sub := range *heard {
		if sub.pattern.Match(t.name) {
			to.subs = append(to.subs, sub)
		}
	}
	t.to.Store(to)
	return to.subs
}
