package signals_test

import (
	"fmt"
	"testing"

	"github.com/mostlylucid/eph/pkg/signals"
)

// chain is an event as if it had come by these names, the first one first.
func chain(names ...string) signals.Event {
	var cause *signals.Cause
	for _, n := range names[:len(names)-1] {
		cause = &signals.Cause{Name: n, Parent: cause}
	}
	return signals.Event{Name: names[len(names)-1], Cause: cause}
}

func path(e signals.Event) string {
	s := e.Name
	for c := e.Cause; c != nil; c = c.Parent {
		s = c.Name + ">" + s
	}
	return s
}

func TestGuard(t *testing.T) {
	numbered := func(n int) (names []string) {
		for i := range n {
			names = append(names, fmt.Sprint("n", i))
		}
		return names
	}
	for _, tt := range []struct {
		what  string
		guard signals.Guard
		from  signals.Event
		name  string
		want  string // path of what is raised, or the reason
	}{
		{"two links", signals.Guard{}, chain("a", "b"), "c", "a>b>c"},
		{"depth 10 by default", signals.Guard{}, chain(numbered(10)...), "x", path(chain(append(numbered(10), "x")...))},
		{"depth 11 by default", signals.Guard{}, chain(numbered(11)...), "x", "too deep"},
		{"depth 1", signals.Guard{MaxDepth: 1}, chain("a"), "b", "a>b"},
		{"depth 2 of 1", signals.Guard{MaxDepth: 1}, chain("a", "b"), "c", "too deep"},
		{"no limit", signals.Guard{MaxDepth: -1}, chain(numbered(40)...), "x", path(chain(append(numbered(40), "x")...))},
		{"own cause", signals.Guard{}, chain("a"), "a", "loop"},
		{"loop of three", signals.Guard{}, chain("a", "b", "c"), "a", "loop"},
		{"loop allowed", signals.Guard{AllowLoop: true}, chain("a", "b"), "a", "a>b>a"},
		{"loop allowed, still bounded", signals.Guard{AllowLoop: true, MaxDepth: 2}, chain("a", "a", "a"), "a", "too deep"},
		{"terminal", signals.Guard{Terminal: signals.MustCompile("end*")}, chain("a", "end.x"), "b", "after terminal"},
		{"becoming terminal", signals.Guard{Terminal: signals.MustCompile("end*")}, chain("a"), "end", "a>end"},
		{"leaf", signals.Guard{Leaf: signals.MustCompile("log.*")}, chain("a", "b"), "log.x", "log.x"},
		{"leaf of a terminal", signals.Guard{Leaf: signals.MustCompile("log.*"), Terminal: all}, chain("a"), "log.x", "log.x"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			got := "nothing"
			tt.guard.OnBlocked = func(e signals.Event, why signals.Reason) {
				if e.Name != tt.name || e.Key != "k" {
					t.Errorf("OnBlocked(%+v), want %s of k", e, tt.name)
				}
				got = why.String()
			}
			s := signals.New(signals.Options{Guard: tt.guard})
			unheard := s.Follow(tt.from, tt.name, "k")
			s.Subscribe(all, func(e signals.Event) { got = path(e) })
			raised := s.Follow(tt.from, tt.name, "k")
			if got != tt.want {
				t.Errorf("Follow(%s, %s) gives %q, want %q", path(tt.from), tt.name, got, tt.want)
			}
			if raised != (got == tt.want && len(got) > 0 && got[len(got)-len(tt.name):] == tt.name) || raised != unheard {
				t.Errorf("Follow = %v heard and %v unheard, for %q", raised, unheard, got)
			}
		})
	}
}

func TestGuardLetsRootsThrough(t *testing.T) {
	s := signals.New(signals.Options{Guard: signals.Guard{MaxDepth: 1, Terminal: all}})
	if !s.Emit(signals.Event{Name: "a"}) {
		t.Error("Emit of an event without cause = false, want true")
	}
}

func TestGuardStopsARunaway(t *testing.T) {
	var s signals.Sink
	raised := 0
	s.Subscribe(all, func(e signals.Event) {
		raised++
		s.Follow(e, fmt.Sprint("n", raised), "")
	})
	s.Raise("n0", "")
	if raised != 11 {
		t.Errorf("a chain of reactions ran to %d events, want the root and 10", raised)
	}
}

func TestGuardEndsOnAnEndlessChain(t *testing.T) {
	knot := &signals.Cause{Name: "a"}
	knot.Parent = knot
	var s signals.Sink
	if s.Emit(signals.Event{Name: "b", Cause: knot}) {
		t.Error("Emit of an endless chain = true, want false")
	}
}

func TestDepth(t *testing.T) {
	for want, e := range []signals.Event{chain("a"), chain("a", "b"), chain("a", "b", "c")} {
		if got := e.Depth(); got != want {
			t.Errorf("Depth of %s = %d, want %d", path(e), got, want)
		}
	}
}

func TestReason(t *testing.T) {
	if got := signals.Reason(0).String(); got != "allowed" {
		t.Errorf("Reason(0).String() = %q, want allowed", got)
	}
}
