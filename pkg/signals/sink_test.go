package signals_test

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mostlylucid/eph/pkg/signals"
)

var all = signals.MustCompile("*")

// names collects the names of the events a sink delivers, on one goroutine.
func names(s *signals.Sink, p signals.Pattern) *[]string {
	var seen []string
	s.Subscribe(p, func(e signals.Event) { seen = append(seen, e.Name) })
	return &seen
}

func expect(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s = %q, want %q", what, got, want)
	}
}

func TestSubscribe(t *testing.T) {
	var s signals.Sink
	var seen []string
	note := func(who string) func(signals.Event) {
		return func(e signals.Event) { seen = append(seen, who+" "+e.Name+" "+e.Key) }
	}
	s.Raise("job.early", "")
	cancelA := s.Subscribe(signals.MustCompile("job.*"), note("a"))
	s.Subscribe(signals.MustCompile("*.failed"), note("b"))
	s.Raise("job.failed", "1")
	s.Raise("run.failed", "2")
	s.Raise("job.started", "3")
	s.Raise("run.started", "4")
	cancelA()
	cancelA()
	s.Raise("job.failed", "5")
	expect(t, "seen", seen, "a job.failed 1", "b job.failed 1", "b run.failed 2", "a job.started 3", "b job.failed 5")
}

func TestCancelTwiceLeavesOthers(t *testing.T) {
	var s signals.Sink
	stop := s.Subscribe(all, func(signals.Event) {})
	stop()
	seen := names(&s, all)
	stop()
	s.Raise("a", "")
	expect(t, "seen", *seen, "a")
}

func TestCancelWithinSubscriber(t *testing.T) {
	var s signals.Sink
	var seen []string
	var stop func()
	stop = s.Subscribe(all, func(e signals.Event) { seen = append(seen, "first "+e.Name); stop() })
	s.Subscribe(all, func(e signals.Event) { seen = append(seen, "second "+e.Name) })
	s.Subscribe(all, func(e signals.Event) { seen = append(seen, "third "+e.Name) })
	raiseAll(&s, "a", "b")
	expect(t, "seen", seen, "first a", "second a", "third a", "second b", "third b")
}

func TestSubscribeWithinSubscriber(t *testing.T) {
	var s signals.Sink
	var seen []string
	var stop func()
	stop = s.Subscribe(all, func(e signals.Event) {
		seen = append(seen, "first "+e.Name)
		stop()
		s.Subscribe(all, func(e signals.Event) { seen = append(seen, "second "+e.Name) })
		if e.Name == "a" {
			s.Raise("b", "")
		}
	})
	s.Raise("a", "")
	expect(t, "seen", seen, "first a", "second b")
}

func TestNilFunction(t *testing.T) {
	var s signals.Sink
	for what, do := range map[string]func(){
		"Subscribe":   func() { s.Subscribe(all, nil) },
		"OnChange":    func() { s.OnChange(all, nil) },
		"MustCompile": func() { signals.MustCompile("") },
	} {
		mustPanic(t, what, do)
	}
}

func mustPanic(t *testing.T, what string, do func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s of nothing did not panic", what)
		}
	}()
	do()
}

func TestSubscribeToNothing(t *testing.T) {
	var s signals.Sink
	s.Subscribe(signals.Pattern{}, func(signals.Event) { t.Error("called") })
	if s.Topic("a").Live() {
		t.Error("Live() = true, want false")
	}
	s.Raise("", "")
}

func TestEmitCarriesFields(t *testing.T) {
	var s signals.Sink
	var got signals.Event
	s.Subscribe(all, func(e signals.Event) { got = e })
	sent := signals.Event{Name: "a", Key: "k", Value: 3, Op: 9, Seq: 77}
	if !s.Emit(sent) {
		t.Error("Emit = false, want true")
	}
	sent.Seq = 0 // the sink's business, and it has no window
	if got != sent {
		t.Errorf("subscriber got %+v, want %+v", got, sent)
	}
}

func TestStamp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		for _, o := range []signals.Options{{Stamp: true}, {Stamp: true, Window: 2}, {MaxAge: time.Second}, {Window: 2}, {}} {
			s := signals.New(o)
			var got time.Time
			s.Subscribe(all, func(e signals.Event) { got = e.Time() })
			s.Raise("a", "")
			var want time.Time
			if o.Stamp || o.MaxAge > 0 {
				want = time.Now()
			}
			if !got.Equal(want) {
				t.Errorf("New(%+v): Time() = %v, want %v", o, got, want)
			}
		}
	})
}

// TestDeliveryGoesOnBehindAPanic: whoever panics, each of the others is called once, in order.
func TestDeliveryGoesOnBehindAPanic(t *testing.T) {
	for bad := range 1 << 5 {
		var s signals.Sink
		var want, told []string
		for i := range 5 {
			want = append(want, fmt.Sprint(i))
			s.Subscribe(all, func(signals.Event) {
				if told = append(told, fmt.Sprint(i)); bad>>i&1 == 1 {
					panic(i)
				}
			})
			s.Subscribe(signals.MustCompile("other"), func(signals.Event) { t.Error("not its name") })
		}
		s.Raise("a", "")
		s.Topic("b").Raise("", nil)
		expect(t, fmt.Sprintf("%05b", bad), told, append(want, want...)...)
		if n := s.Panics(); n != uint64(2*bits.OnesCount(uint(bad))) {
			t.Errorf("%05b: Panics() = %d", bad, n)
		}
	}
}

func TestPanicIsContained(t *testing.T) {
	boom := errors.New("boom")
	var told []string
	s := signals.New(signals.Options{OnPanic: func(e signals.Event, v any) {
		told = append(told, fmt.Sprint(e.Name, " ", v))
	}})
	s.Subscribe(all, func(signals.Event) { panic(boom) })
	seen := names(s, all)
	s.OnChange(signals.MustCompile("c"), func(bool) { panic("bad gate") })
	s.Raise("a", "")
	s.Topic("b").Raise("", nil)
	s.Set("c", "", 0)
	expect(t, "seen", *seen, "a", "b", "c")
	expect(t, "told", told, "a boom", "b boom", "c bad gate", "c boom")
	if got := s.Panics(); got != 4 {
		t.Errorf("Panics() = %d, want 4", got)
	}

	var quiet signals.Sink
	quiet.Subscribe(all, func(signals.Event) { panic(boom) })
	quiet.Raise("a", "")
	if got := quiet.Panics(); got != 1 {
		t.Errorf("Panics() = %d, want 1", got)
	}
}

func TestSample(t *testing.T) {
	var s signals.Sink
	var third, every []string
	s.Subscribe(all, signals.Sample(3, func(e signals.Event) { third = append(third, e.Key) }))
	s.Subscribe(all, signals.Sample(0, func(e signals.Event) { every = append(every, e.Key) }))
	for i := range 8 {
		s.Raise("a", fmt.Sprint(i))
	}
	expect(t, "one in three", third, "0", "3", "6")
	expect(t, "one in none", every, "0", "1", "2", "3", "4", "5", "6", "7")
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s signals.Sink
		time.AfterFunc(time.Second, func() { s.Raise("b", "") })
		time.AfterFunc(2*time.Second, func() { s.Raise("a", "1"); s.Raise("a", "2") })
		start := time.Now()
		e, err := s.Wait(t.Context(), signals.MustCompile("a"))
		if e.Key != "1" || err != nil || time.Since(start) != 2*time.Second {
			t.Errorf("Wait = %+v, %v after %v, want the first a after 2s", e, err, time.Since(start))
		}
		if s.Topic("a").Live() {
			t.Error("Wait left its subscription behind")
		}
	})
}

func TestWaitEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s signals.Sink
		late := errors.New("too late")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, late)
		defer cancel()
		for range 2 { // the second finds the context ended
			if _, err := s.Wait(ctx, all); err != late {
				t.Errorf("Wait = %v, want %v", err, late)
			}
		}
	})
}

// TestSubscribePromises raises without pause while subscriptions come and go.
func TestSubscribePromises(t *testing.T) {
	var s signals.Sink
	var clock, stop atomic.Int64
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for stop.Load() == 0 {
				s.Emit(signals.Event{Name: "tick", Value: clock.Add(1)}) // when the raise began
				runtime.Gosched()
			}
		})
	}
	for range 500 {
		var first, last atomic.Int64 // raise times seen
		stop := s.Subscribe(all, func(e signals.Event) {
			at := e.Value.(int64)
			first.CompareAndSwap(0, at)
			if at > last.Load() {
				last.Store(at)
			}
		})
		own := clock.Add(1)
		s.Emit(signals.Event{Name: "own", Value: own})
		if first.Load() == 0 {
			t.Fatal("an event raised after Subscribe returned was not seen")
		}
		stop()
		canceled := clock.Add(1)
		s.Emit(signals.Event{Name: "own", Value: clock.Add(1)})
		runtime.Gosched()
		if got := last.Load(); got > canceled {
			t.Fatalf("an event raised at %d was seen, though stop returned before %d", got, canceled)
		}
	}
	stop.Store(1)
	wg.Wait()
}
