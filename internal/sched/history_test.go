package sched

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func ids[K comparable](infos func(func(Info[K]) bool)) (all []ID) {
	for i := range infos {
		all = append(all, i.ID)
	}
	return all
}

func TestRecent(t *testing.T) {
	for _, tt := range []struct {
		history, ops int
		want         []ID
	}{
		{3, 2, []ID{2, 1}}, {3, 3, []ID{3, 2, 1}}, {3, 8, []ID{8, 7, 6}}, {1, 2, []ID{2}}, {-1, 3, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := pool(Options{Limit: 1, History: tt.history})
			for range tt.ops {
				put(t, s, 1, Submit{})
			}
			drain(t, s)
			want(t, "Recent", ids(s.Recent()), tt.want...)
			for range s.Recent() {
				break // of a loop is no trouble
			}
		})
	}
}

// TestSetHistory holds a history that changes its size, and its age, to the last ops of each.
func TestSetHistory(t *testing.T) {
	for _, from := range []int{-1, 1, 3, 5} {
		for _, ops := range []int{0, 2, 3, 4, 7} {
			for _, to := range []int{-1, 1, 2, 4, 9} {
				synctest.Test(t, func(t *testing.T) {
					s := pool(Options{Limit: 1, History: from})
					var last []ID
					run := func(n, limit int) {
						for range n {
							id := put(t, s, 0, Submit{})
							synctest.Wait()
							last = append([]ID{id}, last...)
							last = last[:min(len(last), max(limit, 0))]
						}
					}
					run(ops, from)
					s.SetHistory(to, 0)
					last = last[:min(len(last), max(to, 0))]
					want(t, fmt.Sprintf("%d ops in %d, then %d", ops, from, to), ids(s.Recent()), last...)
					run(3, to)
					want(t, fmt.Sprintf("%d ops in %d, then 3 in %d", ops, from, to), ids(s.Recent()), last...)
					drain(t, s)
				})
			}
		}
	}
	synctest.Test(t, func(t *testing.T) {
		s := pool(Options{Limit: 1})
		put(t, s, 0, Submit{})
		synctest.Wait()
		s.SetHistory(0, time.Minute)
		put(t, s, 0, Submit{})
		time.Sleep(time.Minute)
		want(t, "of a minute", ids(s.Recent()), 2, 1)
		time.Sleep(time.Nanosecond)
		want(t, "of more than a minute", ids(s.Recent()), 1) // which has no age
		drain(t, s)
	})
}

func TestMaxAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pool(Options{Limit: 1, MaxAge: time.Minute})
		for range 3 {
			put(t, s, 0, Submit{})
			time.Sleep(25 * time.Second)
		}
		want(t, "Recent", ids(s.Recent()), 3, 2)
		if !s.Pin(1, time.Hour) {
			t.Error("an old op was not found")
		}
		want(t, "Recent", ids(s.Recent()), 3, 2, 1)
		drain(t, s)
	})
}

func TestPin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pool(Options{Limit: 1, History: 2})
		run := func(n int) {
			for range n {
				put(t, s, 0, Submit{})
			}
			synctest.Wait()
		}
		run(2)
		if !s.Pin(1, time.Minute) || !s.Pin(2, time.Hour) || s.Pin(9, time.Hour) {
			t.Error("Pin found the wrong ones")
		}
		want(t, "Recent", ids(s.Recent()), 2, 1)
		run(3)
		want(t, "Recent", ids(s.Recent()), 5, 4, 2, 1)
		if i, ok := s.Find(1); !ok || i.State != Done {
			t.Errorf("Find of a pinned op = %+v, %v", i, ok)
		}
		if !s.Pin(1, 2*time.Minute) { // longer
			t.Error("a pinned op was not found")
		}
		time.Sleep(time.Minute)
		want(t, "Recent", ids(s.Recent()), 5, 4, 2, 1)
		time.Sleep(time.Minute)
		want(t, "Recent", ids(s.Recent()), 5, 4, 2)
		if s.Unpin(1) || !s.Unpin(2) || s.Unpin(2) {
			t.Error("Unpin found the wrong ones")
		}
		want(t, "Recent", ids(s.Recent()), 5, 4)
		drain(t, s)
	})
}

func TestListings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fail := errors.New("fail")
		s := New(func(_ context.Context, _ Op[string], n int) error {
			time.Sleep(time.Duration(n) * time.Second)
			if n == 1 {
				return fail
			}
			return nil
		}, func(n int) string { return string(rune('a' + n%2)) }, Options{Limit: 2, Retry: retries(2, 5*time.Second), Lanes: []Lane{{}, {}}})
		for n := range 5 {
			put(t, s, n+1, Submit{Lane: n % 2})
		}
		began := time.Now()
		synctest.Wait()
		at := func(what string, got []Info[string], want ...Info[string]) {
			t.Helper()
			if !slices.EqualFunc(got, want, func(a, b Info[string]) bool { return a == b }) {
				t.Errorf("%s =\n%+v, want\n%+v", what, got, want)
			}
		}
		first := Info[string]{ID: 1, Key: "b", State: Running, Attempt: 1, Started: began}
		at("Running", slices.Collect(s.Running()), first,
			Info[string]{ID: 2, Key: "a", Lane: 1, State: Running, Attempt: 1, Started: began})
		at("Waiting", slices.Collect(s.Waiting("b")),
			Info[string]{ID: 3, Key: "b", State: Pending}, Info[string]{ID: 5, Key: "b", State: Pending})
		at("Waiting of no key", slices.Collect(s.Waiting("z")))
		if i, ok := s.Find(1); !ok || i != first {
			t.Errorf("Find of a running op = %+v, %v", i, ok)
		}
		if i, ok := s.Find(5); !ok || i.ID != 5 || i.State.Final() || i.State == Running {
			t.Errorf("Find of a waiting op = %+v, %v", i, ok)
		}
		time.Sleep(1500 * time.Millisecond)
		at("Waiting", slices.Collect(s.Waiting("b"))[:1], Info[string]{ID: 1, Key: "b", State: Delayed, Attempt: 1})
		if got := s.Stats(); got.Keys != 2 || got.Delayed != 1 || got.Pending != 3 || got.Lanes[0] != 3 {
			t.Errorf("%+v", got)
		}
		drain(t, s)
		i, _ := s.Find(1)
		at("Find", []Info[string]{i}, Info[string]{ID: 1, Key: "b", State: Failed, Attempt: 2, Err: fail, Started: began.Add(6 * time.Second), Took: time.Second})
	})
}

func TestNoClock(t *testing.T) {
	s := pool(Options{NoClock: true, MaxAge: 1})
	put(t, s, 1, Submit{})
	drain(t, s)
	if i, ok := s.Find(1); !ok || !i.Started.IsZero() || i.Took != 0 {
		t.Errorf("Find = %+v, %v", i, ok)
	}
}

func TestListingsOfUnkeyed(t *testing.T) {
	s := pool(Options{})
	s.Pause()
	put(t, s, 0, Submit{})
	for i := range s.Waiting(struct{}{}) {
		t.Errorf("Waiting of a pool yields %+v", i)
	}
	s.Resume()
	drain(t, s)
}

// The time of an op does not include the hook of the one before it.
func TestTookIsTheOpsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pool(Options{Limit: 1})
		s.Notify(Hooks[struct{}, int]{Finish: func(Info[struct{}], int) { time.Sleep(time.Hour) }})
		put(t, s, 1, Submit{})
		put(t, s, 2, Submit{})
		drain(t, s)
		if i, _ := s.Find(2); i.Took != 2*time.Millisecond {
			t.Errorf("took %v, want 2ms", i.Took)
		}
	})
}
