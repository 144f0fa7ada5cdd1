package signals_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/mostlylucid/eph/pkg/signals"
)

func TestForward(t *testing.T) {
	var src, dst signals.Sink
	seen := names(&dst, all)
	stop := signals.Forward(&dst, &src, signals.MustCompile("job.*"), nil)
	raiseAll(&src, "job.a", "run.a")
	stop()
	raiseAll(&src, "job.b")
	expect(t, "forwarded", *seen, "job.a")
}

func TestForwardEdits(t *testing.T) {
	var src, dst signals.Sink
	seen, original := names(&dst, all), names(&src, all)
	signals.Forward(&dst, &src, all, func(e *signals.Event) bool {
		e.Name = "far." + e.Name
		return e.Key != "secret"
	})
	src.Raise("a", "secret")
	src.Raise("b", "")
	expect(t, "forwarded", *seen, "far.b")
	expect(t, "original", *original, "a", "b")
}

func TestForwardSetsSeqAndTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := signals.New(signals.Options{Window: 5, Stamp: true})
		dst := signals.New(signals.Options{Window: 5})
		src.Raise("before", "")
		signals.Forward(dst, src, all, nil)
		time.Sleep(time.Second)
		src.Emit(signals.Event{Name: "a", Cause: &signals.Cause{Name: "why"}})
		events, _ := dst.Since(0)
		if len(events) != 1 || events[0].Seq != 1 || !events[0].Time().IsZero() || path(events[0]) != "why>a" {
			t.Errorf("forwarded %+v, want a, the first there, without time, with its cause", events)
		}
	})
}

// TestForwardRings joins sinks in a ring both ways, and a sink with itself.
func TestForwardRings(t *testing.T) {
	sinks := []*signals.Sink{{}, {}, {}}
	seen := make([]*[]string, len(sinks))
	for i, s := range sinks {
		seen[i] = names(s, all)
		signals.Forward(s, s, all, nil)
	}
	edit := func(*signals.Event) bool { return true }
	for i, s := range sinks {
		signals.Forward(sinks[(i+1)%3], s, all, nil)
		signals.Forward(sinks[(i+2)%3], s, all, edit)
	}
	sinks[0].Raise("a", "")
	expect(t, "the origin", *seen[0], "a")
	expect(t, "its neighbour, by two ways", *seen[1], "a", "a")
	expect(t, "its other neighbour", *seen[2], "a", "a")
}
