package patterns_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/patterns"
)

// TestAIMDFindsTheLimit works through a service that bears 8 calls at once, and says so in one
// of several ways. After fifty calls the limit stays near it, and no item is lost.
func TestAIMDFindsTheLimit(t *testing.T) {
	const bears, least, most = 8, 6, 10
	for _, c := range []struct {
		name   string
		jitter time.Duration
		sheds  bool // calls beyond the limit fail at once; otherwise all get slow
	}{
		{"sheds", 0, true},
		{"sheds, with jitter", 60 * time.Millisecond, true},
		{"slows down", 0, false},
		{"slows down, with jitter", 20 * time.Millisecond, false},
	} {
		for seed := range uint64(20) {
			synctest.Test(t, func(t *testing.T) {
				rnd := rand.New(rand.NewPCG(seed, 7))
				var busy atomic.Int64
				limits := patterns.NewAIMD(patterns.AIMDOptions{Min: 2, Max: 64})
				var work *coord.Pool[int]
				calls, outside := 0, 0
				var mu sync.Mutex
				done := func(took time.Duration, failed bool) {
					mu.Lock()
					defer mu.Unlock()
					n := limits.Done(took, failed)
					work.SetLimit(n)
					if calls++; calls > 50 && calls < 950 && (n < least || n > most) {
						outside++
					}
				}
				work = coord.New(func(context.Context, int) error {
					n := busy.Add(1)
					defer busy.Add(-1)
					takes := 100 * time.Millisecond
					if c.jitter > 0 {
						mu.Lock()
						takes += time.Duration(rnd.Int64N(int64(c.jitter)))
						mu.Unlock()
					}
					switch {
					case n > bears && c.sheds:
						time.Sleep(5 * time.Millisecond)
						done(5*time.Millisecond, true)
						return errors.New("503")
					case n > bears:
						takes *= 20
					}
					time.Sleep(takes)
					done(takes, false)
					return nil
				}, coord.Options{Limit: limits.Limit(), Window: -1, Retry: coord.Backoff{Attempts: -1, First: time.Millisecond, Max: 10 * time.Millisecond}, NoClock: true})
				for v := range 1000 {
					if _, err := work.Put(t.Context(), v); err != nil {
						t.Fatal(err)
					}
				}
				if err := work.Drain(t.Context()); err != nil {
					t.Fatal(err)
				}
				if s := work.Stats(); s.Done != 1000 {
					t.Errorf("%s, seed %d: %+v", c.name, seed, s)
				}
				if outside > 90 { // of 900
					t.Errorf("%s, seed %d: after %d of 900 calls the limit was outside of %d to %d", c.name, seed, outside, least, most)
				}
			})
		}
	}
}

func TestAIMDBounds(t *testing.T) {
	a := patterns.NewAIMD(patterns.AIMDOptions{Min: 3, Max: 5})
	for range 100 {
		a.Done(time.Millisecond, false)
	}
	if n := a.Limit(); n != 5 {
		t.Errorf("all goes well, and the limit is %d", n)
	}
	for range 100 {
		a.Done(time.Millisecond, true)
	}
	if n := a.Limit(); n != 3 {
		t.Errorf("all fails, and the limit is %d", n)
	}
	a.SetBounds(7, 9)
	if n := a.Limit(); n != 7 {
		t.Errorf("from 7 on, and the limit is %d", n)
	}
}

func ExampleAIMD() {
	limit := patterns.NewAIMD(patterns.AIMDOptions{Min: 2, Max: 16})
	for range 2 + 3 + 4 { // three rounds that go well
		limit.Done(10*time.Millisecond, false)
	}
	fmt.Println(limit.Limit())
	limit.Done(10*time.Millisecond, true) // 503 Service Unavailable
	fmt.Println(limit.Limit())
	// Output:
	// 5
	// 4
}
