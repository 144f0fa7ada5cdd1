package signals_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mostlylucid/eph/pkg/signals"
)

func read(r *signals.Reader) (got []string) {
	for e := range r.All() {
		got = append(got, e.Name)
	}
	return got
}

func TestReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s signals.Sink
		r := s.Events(t.Context(), signals.MustCompile("?"), 10)
		raiseAll(&s, "a", "not this")
		var wg sync.WaitGroup
		var got []string
		wg.Go(func() { got = read(r) })
		for _, n := range []string{"b", "c"} {
			time.Sleep(time.Second)
			s.Raise(n, "")
		}
		synctest.Wait()
		expect(t, "read", got) // got is set when the loop ends
		r.Close()
		r.Close()
		wg.Wait()
		expect(t, "read", got, "a", "b", "c")
		if s.Topic("a").Live() {
			t.Error("Close left its subscription behind")
		}
	})
}

func TestReaderLosesTheOldest(t *testing.T) {
	var s signals.Sink
	r := s.Events(t.Context(), all, 3)
	raiseAll(&s, "a", "b", "c", "d", "e")
	if got := r.Lost(); got != 2 {
		t.Errorf("Lost() = %d, want 2", got)
	}
	r.Close()
	s.Raise("late", "")
	expect(t, "read", read(r), "c", "d", "e")
}

func TestReaderEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s signals.Sink
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r := s.Events(ctx, all, 0)
		s.Raise("a", "")
		expect(t, "read", read(r), "a")
		if s.Topic("a").Live() {
			t.Error("the context's end left the subscription behind")
		}
	})
}

func TestReaderOnEndedContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s signals.Sink
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r := s.Events(ctx, all, 0)
		expect(t, "read", read(r))
	})
}

// countedContext counts what is registered on it.
type countedContext struct {
	context.Context
	registered int
}

func (c *countedContext) Done() <-chan struct{} { return make(chan struct{}) }

// AfterFunc is what context.AfterFunc calls if it is there.
func (c *countedContext) AfterFunc(func()) (stop func() bool) {
	c.registered++
	return func() bool { c.registered--; return true }
}

func TestReaderLeavesContext(t *testing.T) {
	var s signals.Sink
	ctx := &countedContext{Context: t.Context()}
	r := s.Events(ctx, all, 0)
	if ctx.registered != 1 {
		t.Fatalf("%d registered on the context, want 1", ctx.registered)
	}
	r.Close()
	if ctx.registered != 0 {
		t.Errorf("%d registered on the context after Close, want 0", ctx.registered)
	}
}

func TestReaderBreak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s signals.Sink
		r := s.Events(t.Context(), all, 0)
		raiseAll(&s, "a", "b")
		for range r.All() {
			break
		}
		if s.Topic("a").Live() {
			t.Error("a break left the subscription behind")
		}
		expect(t, "what a second loop finds", read(r), "b")
	})
}

// TestReaderCounts checks that whatever is raised is either read or counted as lost.
func TestReaderCounts(t *testing.T) {
	var s signals.Sink
	r := s.Events(t.Context(), all, 7)
	var readers, raisers sync.WaitGroup
	got, last := 0, map[string]int{}
	readers.Go(func() {
		for e := range r.All() {
			got++
			if e.Value.(int) <= last[e.Key] {
				t.Errorf("raiser %s: %d after %d", e.Key, e.Value, last[e.Key])
			}
			last[e.Key] = e.Value.(int)
		}
	})
	for g := range 3 {
		raisers.Go(func() {
			for i := range 1000 {
				s.Emit(signals.Event{Name: "a", Key: fmt.Sprint(g), Value: i + 1})
			}
		})
	}
	raisers.Wait()
	r.Close()
	readers.Wait()
	if total := got + int(r.Lost()); total != 3000 {
		t.Errorf("read %d and lost %d, want 3000 together", got, r.Lost())
	}
}
