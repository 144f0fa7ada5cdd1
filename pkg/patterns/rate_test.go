package patterns_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/patterns"
	"github.com/mostlylucid/eph/pkg/signals"
)

func TestRateOverAnHour(t *testing.T) {
	for _, c := range []struct {
		perSecond float64
		burst     int
		want      int
	}{
		{1, 1, 3600},
		{10, 5, 36004},
		{1.0 / 60, 1, 60},
		{1.0 / 7200, 1, 1},
		{1.0 / 7200, 3, 3},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := patterns.NewRate(c.perSecond, c.burst)
			began, n := time.Now(), 0
			for {
				if err := r.Wait(t.Context()); err != nil {
					t.Fatal(err)
				}
				if time.Since(began) > time.Hour-time.Millisecond {
					break
				}
				n++
			}
			if n != c.want {
				t.Errorf("%v/s with burst %d: %d permits in an hour, want %d", c.perSecond, c.burst, n, c.want)
			}
		})
	}
}

func TestRateTakesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := patterns.NewRate(1, 1)
		if !r.Allow() || r.Allow() {
			t.Error("one permit is there at first")
		}
		if d := r.Reserve(); d != time.Second {
			t.Errorf("the next is due in %v", d)
		}
		r.Unreserve()
		if d := r.Next(); d != time.Second {
			t.Errorf("after it went back, the next is due in %v", d)
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Millisecond, errDown)
		defer cancel()
		if err := r.Wait(ctx); !errors.Is(err, errDown) {
			t.Errorf("Wait returned %v", err)
		}
		if d := r.Next(); d != time.Second-time.Millisecond {
			t.Errorf("a wait that was given up costs %v", d)
		}
	})
}

// TestRateSet: those who wait go on at the new rate, in the same order.
func TestRateSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := patterns.NewRate(1.0/3600, 1)
		began := time.Now()
		type served struct {
			who int
			at  time.Duration
		}
		got := make(chan served, 4)
		for who := range 4 {
			go func() {
				if r.Wait(t.Context()) == nil {
					got <- served{who, time.Since(began)}
				}
			}()
			synctest.Wait()
		}
		time.Sleep(30 * time.Minute)
		r.Set(1, 1)
		for who := range 4 {
			s := <-got
			want := []time.Duration{0, 30*time.Minute + 500*time.Millisecond, 30*time.Minute + 1500*time.Millisecond, 30*time.Minute + 2500*time.Millisecond}[who]
			if s.who != who || s.at-want > time.Millisecond || want-s.at > time.Millisecond {
				t.Errorf("%d was served at %v, want %d at %v", s.who, s.at, who, want)
			}
		}
	})
}

// TestRateLineMovesUp: who gives up leaves a permit to those behind, and no two are served where
// one may be.
func TestRateLineMovesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := patterns.NewRate(1, 1)
		began := time.Now()
		if !r.Allow() {
			t.Fatal("no permit at first")
		}
		ctx, giveUp := context.WithCancelCause(t.Context())
		var mu sync.Mutex
		served := map[int]time.Duration{}
		for who := range 9 {
			mine := t.Context()
			if who%3 == 0 {
				mine = ctx
			}
			go func() {
				err := r.Wait(mine)
				if who%3 == 0 {
					if !errors.Is(err, errDown) {
						t.Errorf("%d: %v, want the cause", who, err)
					}
					return
				}
				mu.Lock()
				defer mu.Unlock()
				served[who] = time.Since(began)
			}()
			synctest.Wait()
		}
		time.Sleep(500 * time.Millisecond)
		giveUp(errDown)
		synctest.Wait()
		if d := r.Next(); d != 6500*time.Millisecond {
			t.Errorf("with six in line the next is due in %v", d)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := fmt.Sprint(served); got != "map[1:1s 2:2s 4:3s 5:4s 7:5s 8:6s]" {
			t.Errorf("served at %s", got)
		}
		if err := r.Wait(ctx); !errors.Is(err, errDown) || r.Next() != 0 {
			t.Errorf("a context that has ended: %v, and it cost %v", err, r.Next())
		}
	})
}

// TestRateCrowd: whatever waits, gives up, takes and changes at the same time, an hour gives no
// more than its permits.
func TestRateCrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const perSecond, burst = 5, 10
		r := patterns.NewRate(perSecond, burst)
		began := time.Now()
		var got atomic.Int64
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				rnd := rand.New(rand.NewPCG(uint64(i), 1))
				for time.Since(began) < time.Hour {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rnd.IntN(8000))*time.Millisecond)
					if r.Wait(ctx) == nil {
						got.Add(1)
					}
					cancel()
				}
			})
		}
		all.Wait()
		took := time.Since(began).Seconds()
		most := int64(took*perSecond) + burst
		if n := got.Load(); n > most || n < most-burst {
			t.Errorf("%d permits in %v s, want %d", n, took, most)
		}
		if d := r.Next(); d > time.Second {
			t.Errorf("nobody waits, and the next is due in %v", d)
		}
	})
}

// TestRateExtremes: no number overflows into permits, or into none.
func TestRateExtremes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := patterns.NewRate(1e-300, 1)
		for range 1000 {
			slow.Reserve()
		}
		if slow.Allow() {
			t.Error("after a thousand years' permits there is another")
		}
		slow.Set(1e-300, math.MaxInt)
		slow.Set(1e300, 1)
		if err := slow.Wait(t.Context()); err != nil {
			t.Error(err)
		}
		if !patterns.NewRate(1e-300, math.MaxInt).Allow() {
			t.Error("no permit of an endless burst")
		}
		fast := patterns.NewRate(math.Inf(1), -5)
		time.Sleep(time.Second)
		if !fast.Allow() || fast.PerSecond() != 1e9 {
			t.Errorf("without end is %v a second", fast.PerSecond())
		}
		a := patterns.NewAdaptiveRate(patterns.AdaptiveOptions{Burst: 5})
		a.Slow(-time.Hour)
		if !a.Allow() {
			t.Error("to slow down by less than nothing takes all")
		}
		a.Slow(math.MaxInt64)
		if a.Next() < 1000*time.Hour {
			t.Errorf("to wait for ever is %v", a.Next())
		}
		for _, bad := range []float64{0, -1, math.NaN()} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%v a second is accepted", bad)
					}
				}()
				patterns.NewRate(bad, 1)
			}()
		}
	})
}

// TestRateInCoordinator: a coordinator that was told of a new rate keeps to it.
func TestRateInCoordinator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := patterns.NewRate(1.0/3600, 1)
		began := time.Now()
		var starts []time.Duration
		work := coord.New(func(context.Context, int) error {
			starts = append(starts, time.Since(began).Round(time.Millisecond))
			return nil
		}, coord.Options{Limit: 1, Rate: r})
		for v := range 3 {
			if _, err := work.Put(t.Context(), v); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		r.Set(1, 1)
		work.Reconsider()
		if err := work.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(starts); got != "[0s 30m0.5s 30m1.5s]" {
			t.Errorf("starts at %s", got)
		}
	})
}

func TestAdaptiveRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink signals.Sink
		var moves []any
		sink.Subscribe(signals.MustCompile(patterns.RateChanged), func(e signals.Event) { moves = append(moves, e.Value) })
		a := patterns.NewAdaptiveRate(patterns.AdaptiveOptions{Max: 16, Step: 2, Signals: &sink})
		defer a.Follow(&sink, signals.MustCompile("rate-limit:*"))()
		time.Sleep(time.Minute)
		sink.Raise("rate-limit:5s", "")
		sink.Raise("rate-limit:2s", "") // the same burst
		if d := a.Next(); d != 5*time.Second {
			t.Errorf("the next permit is due in %v, want 5s", d)
		}
		time.Sleep(3 * time.Second)
		a.OK() // it is still to be silent
		time.Sleep(2 * time.Second)
		for range 5 {
			a.OK()
			a.OK() // within the same second
			time.Sleep(time.Second)
		}
		if got := fmt.Sprint(moves); got != "[8 10 12 14 16]" {
			t.Errorf("the rate moved to %s", got)
		}
		for range 20 {
			a.Slow(0)
			time.Sleep(time.Second)
		}
		if p := a.PerSecond(); p < 0.24 || p > 0.26 {
			t.Errorf("the least rate is %v, want 16/64", p)
		}
	})
}

// TestSlowHoldsBackWhoWaits: nobody is served in the time that was asked for, whatever becomes of
// the rate and of the line meanwhile; and then they are, in order, at the rate.
func TestSlowHoldsBackWhoWaits(t *testing.T) {
	for _, c := range []struct {
		what  string
		burst int
		then  func(a *patterns.AdaptiveRate, leave func())
		want  string
	}{
		{"nothing", 1, func(*patterns.AdaptiveRate, func()) {}, "[10s 10.2s 10.4s 10.6s]"},
		{"one leaves", 1, func(_ *patterns.AdaptiveRate, leave func()) { leave() }, "[10s 10.2s 10.4s]"},
		{"a permit goes back", 1, func(a *patterns.AdaptiveRate, _ func()) { a.Reserve(); a.Unreserve() }, "[10s 10.2s 10.4s 10.6s]"},
		{"another rate", 1, func(a *patterns.AdaptiveRate, _ func()) { a.Set(1, 1) }, "[10s 11s 12s 13s]"},
		{"a greater burst", 1, func(a *patterns.AdaptiveRate, _ func()) { a.Set(5, 100) }, "[10s 10.2s 10.4s 10.6s]"},
		{"a burst", 3, func(*patterns.AdaptiveRate, func()) {}, "[10s 10.2s 10.4s 10.6s]"},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := patterns.NewAdaptiveRate(patterns.AdaptiveOptions{Max: 10, Burst: c.burst})
			for a.Allow() { // the burst
			}
			began := time.Now()
			var mu sync.Mutex
			var served []time.Duration
			var wg sync.WaitGroup
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			for i := range 4 {
				wg.Go(func() {
					mine := t.Context()
					if i == 2 {
						mine = ctx
					}
					if a.Wait(mine) == nil {
						mu.Lock()
						defer mu.Unlock()
						served = append(served, time.Since(began))
					}
				})
				synctest.Wait()
			}
			a.Slow(10 * time.Second)
			c.then(a, leave)
			if a.Allow() || a.Next() < 10*time.Second {
				t.Errorf("%s: a permit is there in %v", c.what, a.Next())
			}
			wg.Wait()
			if got := fmt.Sprint(served); got != c.want {
				t.Errorf("%s: served at %v, want %v", c.what, got, c.want)
			}
		})
	}
}

// TestRateOnChange: each change is told of once it is made, outside all locks, and until stop.
func TestRateOnChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := patterns.NewAdaptiveRate(patterns.AdaptiveOptions{Max: 16})
		var told []float64
		var another func()
		stop := a.OnChange(func() {
			told = append(told, math.Round(a.PerSecond()))
			a.Reserve() // as a coordinator does
			a.Unreserve()
			if another == nil {
				another = a.OnChange(func() {})
			}
		})
		a.OK() // it is at its highest already
		a.Slow(time.Second)
		a.Slow(time.Minute) // changes no rate, but when there are permits
		time.Sleep(time.Hour)
		a.OK()
		a.Set(3, 1)
		stop()
		stop()
		another()
		a.Set(4, 1)
		if got := fmt.Sprint(told); got != "[8 8 9 3]" {
			t.Error(got)
		}
	})
}

// TestCoordinatorHearsOfTheRate: nobody has to call Reconsider, and who does waits as long.
func TestCoordinatorHearsOfTheRate(t *testing.T) {
	for what, c := range map[string]struct {
		change func(*patterns.AdaptiveRate, *coord.Pool[int])
		want   string
	}{
		"Slow": {func(a *patterns.AdaptiveRate, _ *coord.Pool[int]) { a.Slow(10 * time.Second) }, "[0s 10s 10.2s]"},
		"Slow, and Reconsider": {func(a *patterns.AdaptiveRate, work *coord.Pool[int]) {
			a.Slow(10 * time.Second)
			work.Reconsider()
		}, "[0s 10s 10.2s]"},
		"Set": {func(a *patterns.AdaptiveRate, _ *coord.Pool[int]) { a.Set(1, 1) }, "[0s 1s 2s]"},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := patterns.NewAdaptiveRate(patterns.AdaptiveOptions{Max: 10})
			began := time.Now()
			var started []time.Duration
			work := coord.New(func(context.Context, int) error {
				started = append(started, time.Since(began))
				return nil
			}, coord.Options{Rate: a, Limit: 1})
			for i := range 3 {
				if _, err := work.Put(t.Context(), i); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait()
			c.change(a, work)
			if err := work.Drain(t.Context()); err != nil {
				t.Error(err)
			}
			if got := fmt.Sprint(started); got != c.want {
				t.Errorf("%s: %s, want %s", what, got, c.want)
			}
		})
	}
}

func TestRateAllocatesNothing(t *testing.T) {
	r := patterns.NewRate(1e9, 1000)
	if n := testing.AllocsPerRun(1000, func() { r.Allow(); r.Reserve() }); n != 0 {
		t.Errorf("it allocates %v times", n)
	}
}

func BenchmarkRate(b *testing.B) {
	b.Run("clock", func(b *testing.B) {
		began := time.Now()
		for b.Loop() {
			_ = time.Since(began)
		}
	})
	b.Run("reserve", func(b *testing.B) {
		r := patterns.NewRate(1e9, 1000)
		for b.Loop() {
			r.Reserve()
		}
	})
}

func ExampleRate() {
	r := patterns.NewRate(10, 2) // ten a second, two at once after a pause
	fmt.Println(r.Allow(), r.Allow(), r.Allow())
	// Output: true true false
}

func ExampleAdaptiveRate() {
	var sink signals.Sink
	rate := patterns.NewAdaptiveRate(patterns.AdaptiveOptions{Max: 50})
	defer rate.Follow(&sink, signals.MustCompile("rate-limit:*"))()

	sink.Raise("rate-limit:30s", "") // a server said: Retry-After: 30
	fmt.Println(rate.PerSecond(), rate.Next().Round(time.Second))
	// Output: 25 30s
}
