package patterns_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/patterns"
	"github.com/mostlylucid/eph/pkg/signals"
)

var errDown = errors.New("down")

// call makes a call that goes as err says, and reports whether it was allowed.
func call(b *patterns.Breaker, err error) bool {
	p, refused := b.Allow()
	if refused != nil {
		return false
	}
	p.Report(err)
	return true
}

func TestBreakerForms(t *testing.T) {
	const o, x, wait = 'o', 'x', '.'
	for _, c := range []struct {
		name  string
		o     patterns.BreakerOptions
		calls string // o is a success, x a failure, . waits for a second
		opens int    // at this call, from 1; 0 is never
	}{
		{"default", patterns.BreakerOptions{}, "xxoxxx", 6},
		{"in a span", patterns.BreakerOptions{Failures: 3, Span: 10 * time.Second}, "xx.........x", 3},
		{"outside of a span", patterns.BreakerOptions{Failures: 3, Span: 10 * time.Second}, "xx............x", 0},
		{"in a row", patterns.BreakerOptions{Failures: 3, Span: -1}, "xxoxx................x", 6},
		{"share, not yet enough", patterns.BreakerOptions{Ratio: 0.5, Calls: 4}, "xxx", 0},
		{"share", patterns.BreakerOptions{Ratio: 0.5, Calls: 4}, "oxox", 4},
		{"share of the last", patterns.BreakerOptions{Ratio: 0.5, Calls: 4}, "xooooxx", 7},
		{"share opens with a failure", patterns.BreakerOptions{Ratio: 0.5, Calls: 4}, "xxooxoxo", 5},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := patterns.NewBreaker(c.o)
			n := 0
			for _, what := range c.calls {
				switch what {
				case wait:
					time.Sleep(time.Second)
					continue
				case x:
					call(b, errDown)
				case o:
					call(b, nil)
				}
				n++
				if opened := c.opens != 0 && n >= c.opens; b.State().Open != opened {
					t.Errorf("%s: after call %d the breaker is %+v, want open %v", c.name, n, b.State(), opened)
				}
				if b.State().Open {
					break
				}
			}
			time.Sleep(time.Hour) // its timer
		})
	}
}

func TestBreakerProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink signals.Sink
		var raised []string
		sink.Subscribe(signals.MustCompile("circuit.opened,circuit.half_opened,circuit.closed"), func(e signals.Event) { raised = append(raised, e.Name+" "+e.Key) })
		b := patterns.NewBreaker(patterns.BreakerOptions{Failures: 1, Cooldown: 10 * time.Second, Probes: 2, Signals: &sink, Name: "api"})
		late, _ := b.Allow()
		call(b, errDown)
		if _, err := b.Allow(); !errors.Is(err, patterns.ErrOpen) || err.Error() != "patterns: circuit open for 10s" {
			t.Errorf("open: %v", err)
		}
		if !sink.Holds(signals.MustCompile(patterns.CircuitOpen)) {
			t.Error("the condition does not hold")
		}
		time.Sleep(10*time.Second - 1)
		if call(b, nil) {
			t.Error("it cooled down too early")
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		first, err1 := b.Allow()
		_, err2 := b.Allow()
		_, err3 := b.Allow()
		if err1 != nil || err2 != nil || err3 == nil {
			t.Errorf("half open allows %v, %v, %v; want two", err1, err2, err3)
		}
		late.Report(errDown) // it is not a probe
		if s := b.State(); !s.Half {
			t.Errorf("a late report changed it: %+v", s)
		}
		first.Cancel()
		if first, err1 = b.Allow(); err1 != nil {
			t.Errorf("a cancelled probe is not let through again: %v", err1)
		}
		first.Report(errDown)
		if s := b.State(); !s.Open || s.Left != 10*time.Second {
			t.Errorf("a probe failed: %+v", s)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		call(b, nil)
		if s := b.State(); !s.Half {
			t.Errorf("after one of two probes: %+v", s)
		}
		call(b, nil)
		if s := b.State(); s.Half || s.Open || s.Failures != 0 {
			t.Errorf("after two probes: %+v", s)
		}
		if sink.Holds(signals.MustCompile(patterns.CircuitOpen)) {
			t.Error("the condition still holds")
		}
		want := "[circuit.opened api circuit.half_opened api circuit.opened api circuit.half_opened api circuit.closed api]"
		if got := fmt.Sprint(raised); got != want {
			t.Errorf("raised %s, want %s", got, want)
		}
	})
}

// TestBreakerHoldsWork: items of an open circuit wait, those of another go on, the probes are
// one at a time, and nothing polls.
func TestBreakerHoldsWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		breakers := map[string]*patterns.Breaker{}
		var mu sync.Mutex // of passes
		passes := map[int]patterns.Pass{}
		asked := 0
		var starts []string
		heals := began.Add(25 * time.Second)
		work := coord.NewKeyed(nil, func(_ context.Context, _ coord.Op[string], v int) error {
			host := []string{"good", "bad"}[v%2]
			at := time.Since(began)
			starts = append(starts, fmt.Sprintf("%s%d@%v", host, v, at))
			time.Sleep(time.Second)
			var err error
			if host == "bad" && time.Now().Before(heals) {
				err = errDown
			}
			mu.Lock()
			p := passes[v]
			mu.Unlock()
			p.Report(err)
			return err
		}, coord.Options{Limit: 1, Retry: coord.Backoff{Attempts: 10, First: 1, Max: 1}})
		work.Notify(coord.Hooks[string, int]{Admit: func(_ coord.Info[string], v int) *coord.Gate {
			asked++
			host := []string{"good", "bad"}[v%2]
			b := breakers[host]
			if b == nil {
				b = patterns.NewBreaker(patterns.BreakerOptions{Failures: 1, Cooldown: 10 * time.Second})
				breakers[host] = b
			}
			p, gate := b.Admit()
			mu.Lock()
			passes[v] = p
			mu.Unlock()
			return gate
		}})
		for v := range 8 {
			if _, err := work.Put(t.Context(), v); err != nil {
				t.Fatal(err)
			}
		}
		if err := work.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := "[good0@0s bad1@1s good2@2s good4@3s good6@4s bad1@12s bad1@23s bad1@34s bad3@35s bad5@36s bad7@37s]"
		// The probes are at 12 and 23 (it heals at 25) and 34.
		if got := fmt.Sprint(starts); got != want {
			t.Errorf("starts\n%s, want\n%s", got, want)
		}
		if asked > 40 {
			t.Errorf("asked %d times for 11 starts", asked)
		}
		if s := work.Stats(); s.Done != 8 {
			t.Errorf("%+v", s)
		}
	})
}

// TestBreakerSpan: a failure counts for at least the span, and for less than a tenth of it more.
func TestBreakerSpan(t *testing.T) {
	const span = 10 * time.Second
	for _, c := range []struct {
		after time.Duration
		opens bool
	}{
		{0, true},
		{span - 1, true},
		{span, true}, // within the error of a bucket
		{span + span/10, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := patterns.NewBreaker(patterns.BreakerOptions{Failures: 2, Span: span})
			call(b, errDown)
			time.Sleep(c.after)
			call(b, errDown)
			if got := b.State().Open; got != c.opens {
				t.Errorf("two failures, the second after %v: open %v, want %v", c.after, got, c.opens)
			}
			time.Sleep(time.Hour) // its timer
		})
	}
}

// TestBreakerOneProbe: of many that ask a breaker that is half open at the same time, one is let
// through, until it says how it went.
func TestBreakerOneProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := patterns.NewBreaker(patterns.BreakerOptions{Failures: 1, Cooldown: time.Second})
		call(b, errDown)
		for _, outcome := range []error{errDown, errDown, nil} {
			time.Sleep(time.Second)
			synctest.Wait()
			passes := make(chan patterns.Pass, 100)
			var all sync.WaitGroup
			for range cap(passes) {
				all.Go(func() {
					if p, err := b.Allow(); err == nil {
						passes <- p
					}
				})
			}
			all.Wait()
			if len(passes) != 1 {
				t.Fatalf("%d of %d were let through, want 1", len(passes), cap(passes))
			}
			(<-passes).Report(outcome)
		}
		if s := b.State(); s.Open || s.Half {
			t.Errorf("the last probe went well: %+v", s)
		}
	})
}

// TestBreakerCancelTwice: what is cancelled twice, or after its report, adds no probes.
// TestBreakerHalfOpenIsSaid: who is refused in the place of a probe is told that, and no time.
func TestBreakerHalfOpenIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := patterns.NewBreaker(patterns.BreakerOptions{Failures: 1, Cooldown: time.Second})
		_ = call(b, errDown)
		time.Sleep(2 * time.Second)
		probe, err := b.Allow()
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.Allow()
		if !errors.Is(err, patterns.ErrOpen) || err.Error() != "patterns: circuit open: half open, and its probes are under way" {
			t.Error(err)
		}
		probe.Report(nil)
	})
}

// TestBreakerProbeGivenUp: a probe whose caller gave up closes nothing, and leaves its place.
func TestBreakerProbeGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := patterns.NewBreaker(patterns.BreakerOptions{Failures: 1, Cooldown: time.Second})
		_ = call(b, errDown)
		time.Sleep(2 * time.Second)
		_ = call(b, fmt.Errorf("gave up: %w", context.Canceled))
		if s := b.State(); !s.Half {
			t.Errorf("after a probe that was given up: %+v", s)
		}
		if !call(b, nil) {
			t.Error("its place is lost")
		}
		if s := b.State(); s.Half || s.Open {
			t.Errorf("after a probe that succeeded: %+v", s)
		}
	})
}

func TestBreakerCancelTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := patterns.NewBreaker(patterns.BreakerOptions{Failures: 1, Cooldown: time.Second, Probes: 2})
		call(b, errDown)
		time.Sleep(time.Second)
		synctest.Wait()
		p, _ := b.Allow()
		for range 5 {
			p.Cancel()
		}
		first, err1 := b.Allow()
		_, err2 := b.Allow()
		if _, err3 := b.Allow(); err1 != nil || err2 != nil || err3 == nil {
			t.Errorf("after it was cancelled five times: %v, %v, %v; want two probes", err1, err2, err3)
		}
		first.Report(nil)
		first.Cancel()
		if _, err := b.Allow(); err != nil { // the worst that it can do
			t.Error(err)
		}
		first.Cancel()
		first.Cancel()
		patterns.Pass{}.Report(errDown)
		patterns.Pass{}.Cancel()
	})
}

// TestBreakerCountsPanics: a probe whose error nobody can judge does not keep the breaker half
// open for ever.
func TestBreakerCountsPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := patterns.NewBreaker(patterns.BreakerOptions{Failures: 1, Counts: func(error) bool { panic("oh") }})
		func() {
			defer func() { _ = recover() }()
			_ = b.Do(t.Context(), func(context.Context) error { return errDown })
		}()
		if !b.State().Open {
			t.Error("it is not open")
		}
		time.Sleep(time.Hour)
	})
}

// TestBreakerOptions: what makes no sense is the nearest that does.
func TestBreakerOptions(t *testing.T) {
	for _, o := range []patterns.BreakerOptions{
		{Failures: -1, Cooldown: -1, Probes: -1, Calls: -1},
		{Ratio: 7, Calls: 5},
		{Probes: 1 << 40, Failures: 5},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := patterns.NewBreaker(o)
			for n := 1; n <= 5; n++ {
				if !call(b, errDown) {
					t.Errorf("%+v: call %d is refused", o, n)
				}
			}
			if call(b, nil) {
				t.Errorf("%+v: it does not open", o)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if !call(b, nil) {
				t.Errorf("%+v: no probe", o)
			}
		})
	}
}

// TestBreakerTellsInOrder: whoever changes it, at the end the condition says what is so; and a
// subscriber may use the breaker that it hears of.
func TestBreakerTellsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink signals.Sink
		b := patterns.NewBreaker(patterns.BreakerOptions{Failures: 1, Cooldown: 1, Signals: &sink})
		var mu sync.Mutex
		last := patterns.CircuitClosed
		sink.Subscribe(signals.MustCompile("circuit.opened,circuit.half_opened,circuit.closed"), func(e signals.Event) {
			b.State()
			if e.Name == patterns.CircuitClosed {
				call(b, nil)
			}
			mu.Lock()
			defer mu.Unlock()
			if e.Name == patterns.CircuitHalfOpened && last != patterns.CircuitOpened || e.Name == patterns.CircuitClosed && last != patterns.CircuitHalfOpened {
				t.Errorf("%s after %s", e.Name, last)
			}
			last = e.Name
		})
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				for n := range 200 {
					call(b, []error{nil, errDown}[(i+n)%2])
					if n%10 == 0 {
						time.Sleep(time.Nanosecond)
					}
				}
			})
		}
		all.Wait()
		for range 100 { // until it is closed
			time.Sleep(time.Second)
			synctest.Wait()
			call(b, nil)
		}
		if s := b.State(); s.Open || s.Half || sink.Holds(signals.MustCompile(patterns.CircuitOpen)) || last != patterns.CircuitClosed {
			t.Errorf("at the end: %+v, last told of was %s", s, last)
		}
	})
}

func TestBreakerDo(t *testing.T) {
	b := patterns.NewBreaker(patterns.BreakerOptions{Failures: 2, Span: -1, Counts: func(err error) bool { return errors.Is(err, errDown) }})
	other := errors.New("other")
	for _, err := range []error{errDown, other, errDown} {
		if got := b.Do(t.Context(), func(context.Context) error { return err }); !errors.Is(got, err) {
			t.Errorf("Do returned %v", got)
		}
	}
	func() {
		defer func() { _ = recover() }()
		_ = b.Do(t.Context(), func(context.Context) error { panic("oh") })
	}()
	if s := b.State(); !s.Open {
		t.Errorf("%+v: what does not count is a success, and a panic is a failure", s)
	}
}

func TestBreakerFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink signals.Sink
		b := patterns.NewBreaker(patterns.BreakerOptions{Failures: 2})
		stop := b.Feed(&sink, signals.MustCompile("*.failed"))
		sink.Raise("a.failed", "")
		sink.Raise("a.done", "")
		sink.Raise("b.failed", "")
		if !b.State().Open {
			t.Error("two failures were raised, and the breaker is closed")
		}
		stop()
		time.Sleep(time.Minute)
	})
}

func TestBreakerAllocatesNothing(t *testing.T) {
	b := patterns.NewBreaker(patterns.BreakerOptions{})
	if n := testing.AllocsPerRun(1000, func() { call(b, nil) }); n != 0 {
		t.Errorf("a call allocates %v times", n)
	}
	if n := testing.AllocsPerRun(1000, func() {
		p, _ := b.Admit()
		p.Cancel()
	}); n != 0 {
		t.Errorf("a call that is called off allocates %v times", n)
	}
}

// BenchmarkBreakerClosed says what a breaker that is closed costs as a multiple of a lock and an
// unlock of a mutex, measured in turns with it, each by its best turn; the target is 1.
func BenchmarkBreakerClosed(b *testing.B) {
	breaker := patterns.NewBreaker(patterns.BreakerOptions{})
	var mu sync.Mutex
	locked := 0
	for what, do := range map[string]func(){
		"allow": func() { _, _ = breaker.Allow() },
		"admit": func() { _, _ = breaker.Admit() },
	} {
		b.Run(what, func(b *testing.B) {
			const turn = 200
			best := func(least time.Duration, do func()) time.Duration {
				began := time.Now()
				for range turn {
					do()
				}
				return min(least, time.Since(began))
			}
			peer, mine := time.Hour, time.Hour
			for b.Loop() {
				peer = best(peer, func() { mu.Lock(); locked++; mu.Unlock() })
				mine = best(mine, do)
			}
			b.ReportMetric(float64(mine)/float64(peer), "multiple")
			b.ReportMetric(float64(mine)/turn, "ns/call")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func ExampleBreaker() {
	b := patterns.NewBreaker(patterns.BreakerOptions{Failures: 2, Span: -1})
	for range 3 {
		err := b.Do(context.Background(), func(context.Context) error { return errors.New("no answer") })
		fmt.Println(err != nil, errors.Is(err, patterns.ErrOpen))
	}
	// Output:
	// true false
	// true false
	// true true
}
