package coord_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/signals"
)

func TestGateOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink signals.Sink
		sink.Set("hold.a", "", 0) // before anybody follows
		gate, stop := coord.GateOn(&sink, coord.GateRules{Hold: signals.MustCompile("hold.*"), Open: signals.MustCompile("go"), Drop: signals.MustCompile("drop")})
		state := func(what string, wantOpen, wantDrops bool) {
			t.Helper()
			if isOpen, drops := gate.State(); isOpen != wantOpen || drops != wantDrops {
				t.Errorf("%s: open %v, drops %v, want %v, %v", what, isOpen, drops, wantOpen, wantDrops)
			}
		}
		state("hold", false, false)
		sink.Set("go", "", 0)
		state("hold and go", true, false)
		sink.Set("drop", "", 0)
		state("hold, go and drop", false, true)
		sink.Clear("go", "")
		state("hold and drop", false, true)
		sink.Clear("drop", "")
		state("hold", false, false)
		sink.Set("hold.b", "", time.Minute)
		sink.Clear("hold.a", "")
		state("another hold", false, false)
		time.Sleep(time.Minute)
		synctest.Wait()
		state("its time is out", true, false)
		sink.Set("hold.a", "", 0)
		state("hold again", false, false)
		stop()
		state("stopped", true, false)
		sink.Clear("hold.a", "")
		sink.Set("drop", "", 0)
		state("a condition after the stop", true, false)
		gate.Shut()
		stop()
		state("stopped again", false, false)
	})
}

func TestGateOnForAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink signals.Sink
		gate, stop := coord.GateOn(&sink, coord.GateRules{Hold: signals.MustCompile("hold"), Max: time.Minute})
		defer stop()
		began := time.Now()
		var started time.Duration
		pool := coord.New(func(context.Context, int) error { started = time.Since(began); return nil }, coord.Options{Gate: gate})
		sink.Set("hold", "", 0)
		if err := pool.Do(t.Context(), 1); err != nil || started != time.Minute {
			t.Errorf("Do = %v, started after %v, want a minute", err, started)
		}
		if isOpen, _ := gate.State(); !isOpen {
			t.Error("the gate is shut after its time")
		}
		sink.Clear("hold", "")
		sink.Set("hold", "", 0)
		if isOpen, _ := gate.State(); isOpen {
			t.Error("the gate is open though the condition holds anew")
		}
		sink.Clear("hold", "")
		if err := pool.Drain(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// Dropping calls hooks, and a hook may change the very conditions that the gate follows.
func TestGateOnChangedByAHook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink signals.Sink
		gate, stop := coord.GateOn(&sink, coord.GateRules{Hold: signals.MustCompile("hold"), Drop: signals.MustCompile("drop")})
		defer stop()
		pool := coord.New(func(context.Context, int) error { return nil }, coord.Options{Gate: gate})
		dropped := 0
		pool.Notify(coord.Hooks[coord.NoKey, int]{Finish: func(coord.Info[coord.NoKey], int) {
			dropped++
			sink.Set("hold", "", 0)
			sink.Clear("drop", "")
		}})
		pool.Pause()
		for i := range 3 {
			if _, err := pool.Put(t.Context(), i); err != nil {
				t.Fatal(err)
			}
		}
		sink.Set("drop", "", 0)
		if isOpen, drops := gate.State(); dropped != 3 || isOpen || drops {
			t.Errorf("%d dropped, open %v, drops %v, want 3 and a shut gate", dropped, isOpen, drops)
		}
		if err := pool.Drain(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
