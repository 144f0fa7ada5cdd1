package signals

import (
	"context"
	"slices"
	"sync/atomic"
)

// subscription never changes: a new pattern is a new subscription in the same place.
type subscription struct {
	pattern Pattern
	fn      func(Event)
}

// Subscribe calls fn for each event that matches, on the raiser's goroutine, and so concurrently
// if several goroutines raise; the expiry of a condition is raised on a separate goroutine. fn must
// be quick and must not block: use a [Dispatcher] or [Sink.Events] for anything else. A panic of fn
// is contained, and later subscribers are still called.
//
// fn sees every event whose raise begins after Subscribe has returned, and none whose raise begins
// after stop has returned. stop may be called from fn, and does not wait for a call in progress.
// Subscribing to the zero Pattern does nothing. A nil fn panics.
func (s *Sink) Subscribe(p Pattern, fn func(Event)) (stop func()) {
	if fn == nil {
		panic("signals: Subscribe with a nil function")
	}
	if p == (Pattern{}) {
		return func() {}
	}
	sub := &subscription{p, fn}
	s.replace(nil, sub)
	return func() { s.replace(sub, nil) }
}

// replace puts one subscription in the place of another. A nil old appends; a nil new
// removes. Nothing happens if old is not there.
func (s *Sink) replace(old, new *subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var heard []*subscription
	if now := s.heard.Load(); now != nil {
		heard = slices.Clone(*now)
	}
	i := len(heard)
	if old != nil {
		if i = slices.Index(heard, old); i < 0 {
			return
		}
		heard = slices.Delete(heard, i, i+1)
	}
	if new != nil {
		heard = slices.Insert(heard, i, new)
	}
	if len(heard) == 0 {
		s.heard.Store(nil)
		return
	}
	s.heard.Store(&heard)
}

// Sample wraps a subscriber so that it sees the first event and then every n-th after it: one in
// n, by counting rather than at random, so a test sees the same ones every time. n below 2 means
// every event. Give each subscription its own wrapper; it holds the count.
//
//	s.Subscribe(signals.MustCompile("cache.*"), signals.Sample(100, fn))
func Sample(n uint64, fn func(Event)) func(Event) {
	if n < 2 {
		return fn
	}
	var seen atomic.Uint64
	return func(e Event) {
		if (seen.Add(1)-1)%n == 0 {
			fn(e)
		}
	}
}

// Wait waits for the next event that matches and returns it; if the context ends first, the error is
// its cause. An event raised before Wait began is not seen; if that can happen, use [Sink.Events] or
// look in the window, and for lasting facts use a condition.
func (s *Sink) Wait(ctx context.Context, p Pattern) (Event, error) {
	if ctx.Err() != nil {
		return Event{}, context.Cause(ctx)
	}
	next := make(chan Event, 1)
	stop := s.Subscribe(p, func(e Event) {
		select {
		case next <- e:
		default: // already answered
		}
	})
	defer stop()
	select {
	case e := <-next:
		return e, nil
	case <-ctx.Done():
		return Event{}, context.Cause(ctx)
	}
}
