package signals

// trail is the way an event came: the sink it was last forwarded from, and those before.
// Its nodes never change.
type trail struct {
	from *Sink
	prev *trail
}

func (t *trail) passed(s *Sink) bool {
	for ; t != nil; t = t.prev {
		if t.from == s {
			return true
		}
	}
	return false
}

// Forward copies the matching events of one sink into another, on the raiser's goroutine.
// Conditions are not copied, only the events they raise; Seq and time are dst's own, and
// dst's guard judges the event's chain. edit may change or, with false, refuse each event;
// nil passes all. Neither sink may be nil.
//
// An event never returns to a sink it came from, so sinks may be connected in rings. It reaches a
// sink as many times as there are paths to it.
func Forward(dst, src *Sink, p Pattern, edit func(*Event) bool) (stop func()) {
	if dst == src {
		return func() {}
	}
	first := &trail{from: src} // of the events raised in src itself
	return src.Subscribe(p, func(e Event) {
		if e.via.passed(dst) {
			return
		}
		via := first
		if e.via != nil {
			via = &trail{from: src, prev: e.via}
		}
		if edit == nil {
			e.via = via
			dst.Emit(e)
			return
		}
		edited := e
		if edit(&edited) {
			edited.via = via
			dst.Emit(edited)
		}
	})
}
