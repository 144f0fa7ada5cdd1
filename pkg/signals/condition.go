package signals

import (
	"cmp"
	"container/heap"
	"context"
	"iter"
	"slices"
	"time"
)

// cleared ends the name of the event that tells that a condition holds no more.
const cleared = ".cleared"

// Condition is one fact that holds.
type Condition struct {
	Name, Key string
	Expires   time.Time // zero: until cleared
}

func (c Condition) compare(other Condition) int {
	return cmp.Or(cmp.Compare(c.Name, other.Name), cmp.Compare(c.Key, other.Key))
}

// conditions is the part of a sink that its mutex guards beside the subscriptions.
type conditions struct {
	held    map[fact]*holding
	expiry  expiries
	alarm   *time.Timer // for the earliest expiry; nil while there is none
	armed   time.Time   // when the alarm goes off, or went off last
	watches []*watch    // in the order of OnChange
}

type fact struct{ name, key string }

// holding is a condition and its place among the expiries, -1 without one.
type holding struct {
	Condition
	slot int
}

// watch counts the conditions that match, for one OnChange or WaitClear. told is what fn
// heard last, and busy is set while it runs: so it is never called twice at once, nor with
// the same word twice. A waiter cannot be built on fn, which need not hear of a condition
// that was set and cleared within one call.
type watch struct {
	pattern    Pattern
	count      int
	fn         func(holds bool) // OnChange; nil for WaitClear
	told, busy bool
	clear      chan struct{} // WaitClear: closed under the lock when the count is 0
}

func (w *watch) recount(by int) {
	w.count += by
	if w.count == 0 && w.clear != nil {
		close(w.clear)
		w.clear = nil
	}
}

// Set makes a condition hold. If it did not hold, the name is raised as an event and Set
// reports true; if it did, only its expiry moves.
//
// A ttl of 0 holds it until Clear. With a negative one, such as time.Until of a past moment, a
// condition that holds is cleared, and one that does not hold stays as it is: Set reports false.
func (s *Sink) Set(name, key string, ttl time.Duration) bool {
	return s.Hold(Event{Name: name, Key: key}, ttl)
}

// Hold is like Set, but the caller sets every field of the event except Seq and the time. The guard
// does not judge it, since a condition that already holds raises nothing.
func (s *Sink) Hold(e Event, ttl time.Duration) bool {
	if ttl < 0 {
		s.Clear(e.Name, e.Key)
		return false
	}
	s.mu.Lock()
	c := &s.conditions
	h, held := c.held[fact{e.Name, e.Key}]
	if !held {
		h = c.begin(Condition{Name: e.Name, Key: e.Key})
	}
	c.expire(h, ttl)
	c.setAlarm(s.endExpired)
	if held {
		s.mu.Unlock()
		return false
	}
	e = s.note(e)
	s.mu.Unlock()
	s.announce(e)
	return true
}

// Clear ends a condition and raises its name + ".cleared". It reports whether it held.
func (s *Sink) Clear(name, key string) bool {
	s.mu.Lock()
	h, held := s.conditions.held[fact{name, key}]
	if !held {
		s.mu.Unlock()
		return false
	}
	e := s.end(h)
	s.conditions.setAlarm(s.endExpired)
	s.mu.Unlock()
	s.announce(e)
	return true
}

// ClearAll ends every condition whose name matches, as Clear does, in the order of
// [Sink.Conditions], and returns how many held.
func (s *Sink) ClearAll(p Pattern) int {
	s.mu.Lock()
	var events []Event
	for _, h := range s.conditions.sorted() {
		if p.Match(h.Name) {
			events = append(events, s.end(h))
		}
	}
	s.conditions.setAlarm(s.endExpired)
	s.mu.Unlock()
	s.announce(events...)
	return len(events)
}

// Holds reports whether a condition whose name matches holds. The cost does not depend on
// the number of conditions while an OnChange with the same pattern is in force; nobody
// should poll it.
func (s *Sink) Holds(p Pattern) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &s.conditions
	for _, w := range c.watches {
		if w.pattern.same(p) {
			return w.count > 0
		}
	}
	return c.count(p) > 0
}

// Conditions yields what holds, by name and key, from a copy made when the loop begins.
func (s *Sink) Conditions() iter.Seq[Condition] {
	return func(yield func(Condition) bool) {
		for _, c := range s.copyConditions() {
			if !yield(c) {
				return
			}
		}
	}
}

func (s *Sink) copyConditions() []Condition {
	s.mu.Lock()
	defer s.mu.Unlock()
	var copies []Condition
	for _, h := range s.conditions.sorted() {
		copies = append(copies, h.Condition)
	}
	return copies
}

// OnChange calls fn(true) when the first matching condition is set and fn(false) when the
// last one ends; if one already holds, it calls fn(true) at once. Gates are built on this.
//
// Calls strictly alternate and never overlap; once nothing changes any more, the last one
// agrees with Holds. fn runs on the goroutine that made the change, outside all locks, or,
// if a call was in progress, on that call's goroutine right after it: a change that was undone
// meanwhile is not reported. fn must not block; a nil fn panics. stop does not wait for a call in
// progress, and does not cause a call of fn(false).
func (s *Sink) OnChange(p Pattern, fn func(holds bool)) (stop func()) {
	if fn == nil {
		panic("signals: OnChange with a nil function")
	}
	w := s.watch(&watch{pattern: p, fn: fn})
	s.settle()
	return func() { s.unwatch(w) }
}

// WaitClear waits until no matching condition holds, and returns nil; if the context ends first, it
// returns the cause. If none holds it returns nil at once, whatever the state of the context.
func (s *Sink) WaitClear(ctx context.Context, p Pattern) error {
	gone := make(chan struct{})
	defer s.unwatch(s.watch(&watch{pattern: p, clear: gone}))
	select {
	case <-gone: // at once, whatever the context says
		return nil
	default:
	}
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *Sink) watch(w *watch) *watch {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &s.conditions
	c.watches = append(c.watches, w)
	w.recount(c.count(w.pattern))
	return w
}

func (s *Sink) unwatch(w *watch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &s.conditions
	c.watches = slices.DeleteFunc(c.watches, func(other *watch) bool { return other == w })
}

// end takes a condition away and notes it.
func (s *Sink) end(h *holding) Event {
	s.conditions.drop(h)
	return s.note(Event{Name: h.Name + cleared, Key: h.Key})
}

// note records the event of a change under the lock, so that the window's order of a
// condition's events is that of its changes.
func (s *Sink) note(e Event) Event {
	if !s.audible() {
		return Event{}
	}
	e.Seq, e.at = 0, 0
	s.record(&e)
	return e
}

// endExpired is what the alarm runs.
func (s *Sink) endExpired() {
	s.mu.Lock()
	c := &s.conditions
	var events []Event
	for now := time.Now(); len(c.expiry) > 0 && !c.expiry[0].Expires.After(now); {
		events = append(events, s.end(c.expiry[0]))
	}
	c.setAlarm(s.endExpired)
	s.mu.Unlock()
	s.announce(events...)
}

// announce tells of changes that were made: gates first, then subscribers.
func (s *Sink) announce(events ...Event) {
	s.settle()
	for i := range events {
		if heard := s.heard.Load(); heard != nil && events[i].Name != "" {
			s.deliver(&events[i], *heard, true)
		}
	}
}

// settle tells every watch what it was not told yet. A watch that is being told is left to
// the goroutine that does it, which looks again afterwards.
func (s *Sink) settle() {
	settled := false
	defer func() {
		if !settled { // a function ended this goroutine
			s.settle()
		}
	}()
	for {
		w, holds := s.nextUntold()
		if w == nil {
			settled = true
			return
		}
		s.tell(w, holds)
	}
}

func (s *Sink) nextUntold() (w *watch, holds bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.conditions.watches {
		if holds := w.count > 0; w.fn != nil && holds != w.told && !w.busy {
			w.told, w.busy = holds, true
			return w, holds
		}
	}
	return nil, false
}

func (s *Sink) tell(w *watch, holds bool) {
	defer func() {
		s.mu.Lock()
		w.busy = false
		s.mu.Unlock()
	}()
	defer func() { s.contain(&Event{Name: w.pattern.String()}, recover()) }()
	w.fn(holds)
}

func (c *conditions) begin(condition Condition) *holding {
	h := &holding{Condition: condition, slot: -1}
	if c.held == nil {
		c.held = make(map[fact]*holding)
	}
	c.held[fact{h.Name, h.Key}] = h
	c.recount(h.Name, +1)
	return h
}

func (c *conditions) drop(h *holding) {
	delete(c.held, fact{h.Name, h.Key})
	if h.slot >= 0 {
		heap.Remove(&c.expiry, h.slot)
	}
	c.recount(h.Name, -1)
}

func (c *conditions) recount(name string, by int) {
	for _, w := range c.watches {
		if w.pattern.Match(name) {
			w.recount(by)
		}
	}
}

func (c *conditions) count(p Pattern) int {
	n := 0
	for _, h := range c.held {
		if p.Match(h.Name) {
			n++
		}
	}
	return n
}

func (c *conditions) sorted() []*holding {
	all := make([]*holding, 0, len(c.held))
	for _, h := range c.held {
		all = append(all, h)
	}
	slices.SortFunc(all, func(a, b *holding) int { return a.compare(b.Condition) })
	return all
}

// expire moves the moment at which a condition ends.
func (c *conditions) expire(h *holding, ttl time.Duration) {
	if ttl == 0 {
		h.Expires = time.Time{}
		if h.slot >= 0 {
			heap.Remove(&c.expiry, h.slot)
		}
		return
	}
	h.Expires = time.Now().Add(ttl)
	if h.slot >= 0 {
		heap.Fix(&c.expiry, h.slot)
	} else {
		heap.Push(&c.expiry, h)
	}
}

// setAlarm keeps one timer for the earliest expiry, and none while nothing expires. An
// alarm that was already on its way when it was moved does no harm: it ends what is due.
func (c *conditions) setAlarm(ring func()) {
	if len(c.expiry) == 0 {
		if c.alarm != nil {
			c.alarm.Stop()
		}
		c.alarm, c.armed = nil, time.Time{}
		return
	}
	next := c.expiry[0].Expires
	switch {
	case c.alarm == nil:
		c.alarm = time.AfterFunc(time.Until(next), ring)
	case !next.Equal(c.armed):
		c.alarm.Reset(time.Until(next))
	}
	c.armed = next
}

// expiries is a heap, the earliest first; what ends together ends by name and key.
type expiries []*holding

func (x expiries) Len() int { return len(x) }
func (x expiries) Less(i, j int) bool {
	if d := x[i].Expires.Compare(x[j].Expires); d != 0 {
		return d < 0
	}
	return x[i].compare(x[j].Condition) < 0
}

func (x expiries) Swap(i, j int) {
	x[i], x[j] = x[j], x[i]
	x[i].slot, x[j].slot = i, j
}

func (x *expiries) Push(h any) {
	h.(*holding).slot = len(*x)
	*x = append(*x, h.(*holding))
}

func (x *expiries) Pop() any {
	last := len(*x) - 1
	h := (*x)[last]
	(*x)[last] = nil
	*x = (*x)[:last]
	h.slot = -1
	return h
}
