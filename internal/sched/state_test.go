package sched

import "testing"

// From every state an op reaches an end, and from an end nothing leads anywhere.
func TestTransitions(t *testing.T) {
	ends := map[State]bool{Done: true, Failed: true, Dropped: true}
	for range len(stateNames) {
		for _, r := range Transitions {
			if r.From.Final() {
				t.Errorf("%v is final, but %v leads to %v", r.From, r.By, r.To)
			}
			if ends[r.To] {
				ends[r.From] = true
			}
			if got := r.From.next(r.By); got != r.To {
				t.Errorf("%v.next(%v) = %v, want %v", r.From, r.By, got, r.To)
			}
		}
	}
	for s := range State(len(stateNames)) {
		if !ends[s] {
			t.Errorf("%v has no end", s)
		}
	}
	if got := State(99).String(); got != "State(99)" {
		t.Errorf("State(99) = %q", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("a move that is not in the table did not panic")
		}
	}()
	Done.next(start)
}
