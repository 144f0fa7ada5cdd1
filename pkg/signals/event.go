package signals

import "time"

// Event is one raised signal. It is a value: copies are independent, though Value and
// Cause are shared between them.
type Event struct {
	Name  string // dotted words, for example "job.failed"
	Key   string // the entity it is about, or ""
	Value any    // payload, or nil; subscribers must not change what it refers to
	Op    uint64 // operation that raised it, or 0
	Seq   uint64 // place in the sink's total order, from 1; 0 without a window
	Cause *Cause // why it was raised, or nil

	at  int64  // wall clock in Unix nanoseconds, or 0
	via *trail // sinks it was forwarded from, or nil
}

// Time is when the event was raised. It is the zero time if the sink does not stamp.
func (e Event) Time() time.Time {
	if e.at == 0 {
		return time.Time{}
	}
	return time.Unix(0, e.at)
}

// Depth is the number of signals that led to this one. It costs a walk of the chain.
func (e Event) Depth() int {
	n := 0
	for c := e.Cause; c != nil; c = c.Parent {
		n++
	}
	return n
}

// Cause is one link of the chain of names that led to an event, nearest first.
// Links are shared between events and must not be changed.
type Cause struct {
	Name   string
	Parent *Cause
}
