package sched

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// TestLongKeyIsNotHeldUp: what has to be done one after the other decides when all has ended,
// so it does not wait for what could be done beside it.
func TestLongKeyIsNotHeldUp(t *testing.T) {
	hot := make([]string, 8)
	cold := make([]string, 8)
	for i := range 8 {
		hot[i], cold[i] = "hot", fmt.Sprint("cold ", i)
	}
	for _, c := range []struct {
		name string
		keys []string
		want time.Duration
	}{
		{"first", append(append([]string{}, hot...), cold...), 8 * time.Second},
		{"in between", append(append(append([]string{}, cold[:3]...), hot...), cold[3:]...), 8 * time.Second},
		{"last, behind a full round", append(append([]string{}, cold...), hot...), 9 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			s := New(func(context.Context, Op[string], string) error { time.Sleep(time.Second); return nil },
				func(k string) string { return k }, Options{Limit: 4})
			for _, k := range c.keys {
				if _, err := s.Put(t.Context(), k, Submit{}); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := time.Since(began); got != c.want {
				t.Errorf("hot key %s: all took %v, want %v", c.name, got, c.want)
			}
		})
	}
}

// TestLongKeysStarveNobody: however many keys have a long backlog that never ends, an op of
// another key is not passed more often than there are slots and keys.
func TestLongKeysStarveNobody(t *testing.T) {
	for _, limit := range []int{1, 2, 3, 4, 8} {
		synctest.Test(t, func(t *testing.T) {
			var s *Scheduler[int, int]
			began := time.Now()
			var cold time.Duration
			s = New(func(_ context.Context, op Op[int], k int) error {
				time.Sleep(time.Second)
				if k == 99 {
					cold = time.Since(began)
				} else if time.Since(began) < time.Minute {
					_, _ = s.TryPut(k, Submit{}) // the backlog of this key stays as long as it is
				}
				return nil
			}, func(k int) int { return k }, Options{Limit: limit})
			for k := range 6 {
				for range 10 {
					if _, err := s.Put(t.Context(), k, Submit{}); err != nil {
						t.Fatal(err)
					}
				}
			}
			if _, err := s.Put(t.Context(), 99, Submit{}); err != nil {
				t.Fatal(err)
			}
			if err := s.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
			if most := time.Duration(2*7+1) * time.Second; cold > most {
				t.Errorf("limit %d: the op of the short key ended after %v, want at most %v", limit, cold, most)
			}
		})
	}
}

// TestLongKeysLetOthersIn: several keys may stand among the long ones. Two of them do not go
// one after the other while somebody else waits.
func TestLongKeysLetOthersIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		starts := new(log[string])
		s := New(func(_ context.Context, _ Op[string], k string) error { starts.add(k); return nil },
			func(k string) string { return k }, Options{Limit: 4, Rate: &meter{every: time.Second}})
		s.Pause()
		for _, k := range []string{"a", "b", "c"} {
			for range 10 {
				put(t, s, k, Submit{})
			}
		}
		put(t, s, "d", Submit{})
		s.Resume()
		drain(t, s)
		want(t, "first starts", starts.got()[:2], "a", "d")
	})
}
