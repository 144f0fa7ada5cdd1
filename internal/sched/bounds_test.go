package sched

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// log is what happened, in order; its zero value is empty.
type log[E any] struct {
	mu  sync.Mutex
	all []E
}

func (l *log[E]) add(e E) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, e)
}

func (l *log[E]) got() []E {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.all)
}

func (l *log[E]) want(t *testing.T, n int) {
	t.Helper()
	if got := l.got(); len(got) != n {
		t.Fatalf("%d were served, want %d", len(got), n)
	}
}

func want[E comparable](t *testing.T, what string, got []E, want ...E) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s = %v, want %v", what, got, want)
	}
}

// put submits an op that there must be room for.
func put[K comparable, T any](t *testing.T, s *Scheduler[K, T], v T, o Submit) ID {
	t.Helper()
	id, err := s.TryPut(v, o)
	if err != nil {
		t.Fatalf("TryPut(%v) = %v", v, err)
	}
	return id
}

func drain[K comparable, T any](t *testing.T, s *Scheduler[K, T]) {
	t.Helper()
	if err := s.Drain(t.Context()); err != nil {
		t.Fatalf("Drain = %v", err)
	}
}

func itself(n int) int { return n }

// pool returns a scheduler of unkeyed ops that take as many milliseconds as their value says.
func pool(o Options) *Scheduler[struct{}, int] {
	return New(func(_ context.Context, _ Op[struct{}], n int) error {
		time.Sleep(time.Duration(n) * time.Millisecond)
		return nil
	}, nil, o)
}

func TestLimitLoweredThenRaised(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pool(Options{Limit: 8, Window: -1})
		for i := range 100 {
			put(t, s, 10+i%3, Submit{})
		}
		running := func(want int) {
			t.Helper()
			synctest.Wait()
			if got := s.Stats().Running; got != want {
				t.Fatalf("running = %d, want %d", got, want)
			}
		}
		running(8)
		s.SetLimit(2)
		running(8) // nothing is interrupted
		time.Sleep(13 * time.Millisecond)
		running(2)
		for range 20 {
			time.Sleep(time.Millisecond)
			running(2)
		}
		s.SetLimit(8)
		running(8)
		for range 20 {
			time.Sleep(time.Millisecond)
			running(8)
		}
		s.SetLimit(0)
		time.Sleep(13 * time.Millisecond)
		running(1)
		s.SetLimit(8)
		drain(t, s)
	})
}

func TestPerKey(t *testing.T) {
	for _, tt := range []struct{ perKey, running int }{{0, 1}, {1, 1}, {3, 3}, {-1, 8}} {
		synctest.Test(t, func(t *testing.T) {
			s := New(func(_ context.Context, _ Op[int], _ int) error { time.Sleep(time.Second); return nil },
				func(int) int { return 7 }, Options{Limit: 8, PerKey: tt.perKey})
			for i := range 20 {
				put(t, s, i, Submit{})
			}
			synctest.Wait()
			if got := s.Stats(); got.Running != tt.running || got.Keys != 1 {
				t.Errorf("with PerKey %d: %+v, want %d running", tt.perKey, got, tt.running)
			}
			drain(t, s)
		})
	}
}

// producers starts n of them, one after the other, and logs what they get. The nth of those
// that are served must get the nth id.
func producers(t *testing.T, s *Scheduler[struct{}, int], ctx context.Context, n int) (*log[ID], *log[error]) {
	served, refused := new(log[ID]), new(log[error])
	first := ID(s.Stats().Accepted) + 1
	for i := range n {
		go func() {
			id, err := s.Put(ctx, 1, Submit{})
			switch {
			case err != nil:
				refused.add(err)
			case id != first+ID(i):
				t.Errorf("producer %d got id %d, want %d", i, id, first+ID(i))
			default:
				served.add(id)
			}
		}()
		synctest.Wait()
	}
	return served, refused
}

func TestProducersInOrderAndInBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pool(Options{Limit: 1, Window: 8})
		s.Pause()
		served, _ := producers(t, s, t.Context(), 14)
		served.want(t, 8)
		if _, err := s.TryPut(1, Submit{}); !errors.Is(err, ErrFull) {
			t.Errorf("TryPut into a full window = %v, want ErrFull", err)
		}
		s.Resume()
		synctest.Wait()
		served.want(t, 8) // 7 of 8 wait, one runs
		if _, err := s.TryPut(1, Submit{}); !errors.Is(err, ErrFull) {
			t.Errorf("TryPut before the producers that wait = %v, want ErrFull", err)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		served.want(t, 10) // it was 6 of 8
		time.Sleep(time.Second)
		served.want(t, 14)
		drain(t, s)
	})
}

func TestProducerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pool(Options{Limit: 1, Window: 1})
		s.Pause()
		put(t, s, 1, Submit{})
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		_, refused := producers(t, s, ctx, 1)
		served, _ := producers(t, s, t.Context(), 1)
		cancel(cause)
		synctest.Wait()
		want(t, "refused", refused.got(), cause)
		if n := s.Stats().Producers; n != 1 {
			t.Errorf("%d producers wait, want 1", n)
		}
		s.Resume()
		synctest.Wait()
		served.want(t, 1)
		if _, err := s.Put(ctx, 1, Submit{}); err != cause {
			t.Errorf("Put with an ended context = %v, want %v", err, cause)
		}
		drain(t, s)
		if got := s.Stats(); got.Accepted != 2 {
			t.Errorf("%+v, want 2 accepted", got)
		}
	})
}

func TestCloseRefusesProducers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pool(Options{Limit: 1, Window: 1})
		s.Pause()
		put(t, s, 1, Submit{})
		_, refused := producers(t, s, t.Context(), 3)
		s.Close()
		s.Close()
		synctest.Wait()
		want(t, "refused", refused.got(), ErrClosed, ErrClosed, ErrClosed)
		if _, err := s.Put(t.Context(), 1, Submit{}); err != ErrClosed {
			t.Errorf("Put after Close = %v", err)
		}
		if _, err := s.TryPut(1, Submit{}); err != ErrClosed {
			t.Errorf("TryPut after Close = %v", err)
		}
		s.Resume()
		drain(t, s)
		if got := s.Stats(); got.Done != 1 || got.Producers != 0 {
			t.Errorf("%+v, want the one that was accepted to be done", got)
		}
	})
}

// Hysteresis is about waking in batches. It must not keep producers waiting while nothing
// else can happen.
func TestProducersPassDelayedOps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pool(Options{Limit: 2, Window: 10})
		for range 9 {
			put(t, s, 1, Submit{After: time.Hour})
		}
		began := time.Now()
		for range 20 {
			if _, err := s.Put(t.Context(), 1, Submit{}); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("20 puts beside 9 delayed ops took %v", took)
		}
		drain(t, s)
	})
}

func TestDepthAndKeyWindowHoldUpNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(func(context.Context, Op[int], int) error { return nil }, itself,
			Options{Lanes: []Lane{{Depth: 1}, {}}, KeyWindow: 2})
		s.Pause()
		puts := new(log[string])
		parked := func(name string, n int, o Submit) {
			go func() {
				if _, err := s.Put(t.Context(), n, o); err == nil {
					puts.add(name)
				}
			}()
			synctest.Wait()
		}
		parked("lane 0", 1, Submit{})
		parked("lane 0 again", 2, Submit{})
		parked("key 3", 3, Submit{Lane: 1})
		parked("key 3 again", 3, Submit{Lane: 1})
		parked("key 3 a third time", 3, Submit{Lane: 1})
		parked("key 4", 4, Submit{Lane: 1})
		want(t, "served", puts.got(), "lane 0", "key 3", "key 3 again", "key 4")
		for _, tt := range []struct {
			n, lane int
			err     error
		}{{5, 0, ErrFull}, {3, 1, ErrFull}, {4, 1, nil}} {
			if _, err := s.TryPut(tt.n, Submit{Lane: tt.lane}); err != tt.err {
				t.Errorf("TryPut(%d) into lane %d = %v, want %v", tt.n, tt.lane, err, tt.err)
			}
		}
		s.Resume()
		synctest.Wait()
		drain(t, s)
		if got := s.Stats(); got.Done != 7 {
			t.Errorf("%+v, want 7 done", got)
		}
	})
}

// Room in one lane goes to the producer that waits for it, past one that waits for another.
func TestRoomPassesAFullLane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pool(Options{Lanes: []Lane{{Depth: 1}, {Depth: 1}}})
		s.Pause()
		put(t, s, 1, Submit{})
		id := put(t, s, 1, Submit{Lane: 1})
		for lane := range 2 {
			go func() { _, _ = s.Put(t.Context(), 1, Submit{Lane: lane}) }()
			synctest.Wait()
		}
		s.Drop(id, nil)
		synctest.Wait()
		if got := s.Stats(); got.Producers != 1 || got.Lanes[0] != 1 || got.Lanes[1] != 1 {
			t.Errorf("%+v, want the second producer to have been served", got)
		}
		s.Resume()
		synctest.Wait()
		drain(t, s)
	})
}

func TestWindowCountsWhatIsDelayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pool(Options{Window: 3})
		s.Pause()
		put(t, s, 0, Submit{After: time.Second})
		put(t, s, 0, Submit{After: time.Second})
		put(t, s, 0, Submit{})
		if _, err := s.TryPut(0, Submit{}); err != ErrFull {
			t.Errorf("TryPut = %v, want ErrFull", err)
		}
		s.Resume()
		drain(t, s)
	})
}

func TestNoSuchLane(t *testing.T) {
	s := pool(Options{Lanes: []Lane{{Name: "a"}, {Name: "b"}}})
	for _, o := range []Submit{{Lane: 2}, {Lane: -1}, {LaneName: "c"}} {
		if _, err := s.TryPut(0, o); !errors.Is(err, ErrNoLane) {
			t.Errorf("TryPut(%+v) = %v, want ErrNoLane", o, err)
		}
		if _, err := s.Put(t.Context(), 0, o); !errors.Is(err, ErrNoLane) {
			t.Errorf("Put(%+v) = %v, want ErrNoLane", o, err)
		}
	}
	s.Pause()
	put(t, s, 0, Submit{LaneName: "b"})
	want(t, "waiting per lane", s.Stats().Lanes, 0, 1)
	s.Resume()
	drain(t, s)
}

// A key that cannot be hashed must panic where it was given, not leave the lock behind.
func TestUnhashableKey(t *testing.T) {
	s := New(func(context.Context, Op[any], any) error { return nil }, func(v any) any { return v }, Options{})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("Put of a key that cannot be hashed did not panic")
			}
		}()
		_, _ = s.Put(t.Context(), []int{1}, Submit{})
	}()
	put(t, s, any(1), Submit{})
	drain(t, s)
}

// A key that does not equal itself is another key each time, and leaves nothing behind.
func TestKeysThatAreNotThemselves(t *testing.T) {
	nan := func(int) float64 { var zero float64; return zero / zero }
	s := New(func(context.Context, Op[float64], int) error { return nil }, nan, Options{})
	for i := range 1000 {
		if _, err := s.Put(t.Context(), i, Submit{}); err != nil {
			t.Fatal(err)
		}
	}
	drain(t, s)
	if got := s.Stats(); got.Done != 1000 || got.Keys != 0 {
		t.Errorf("%+v, want 1000 done and no key", got)
	}
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		starts := new(log[time.Duration])
		s := New(func(context.Context, Op[struct{}], int) error { starts.add(time.Since(began)); return nil }, nil,
			Options{Limit: 3, Rate: &meter{every: time.Second}})
		for i := range 4 {
			put(t, s, i, Submit{})
		}
		drain(t, s)
		want(t, "starts", starts.got(), 0, time.Second, 2*time.Second, 3*time.Second)
	})
}

// A permit whose op went away waits for the next one, and no timer waits for nothing.
func TestRatePermitOutlivesItsOp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &meter{every: time.Hour}
		began := time.Now()
		s := New(func(context.Context, Op[struct{}], int) error { return nil }, nil, Options{Rate: r})
		put(t, s, 1, Submit{})
		id := put(t, s, 2, Submit{})
		synctest.Wait()
		s.Drop(id, nil)
		if s.timerAt != never {
			t.Errorf("a timer is set for %v with nothing to start", time.Duration(s.timerAt))
		}
		put(t, s, 3, Submit{})
		drain(t, s)
		if len(r.given) != 2 || time.Since(began) != time.Hour {
			t.Errorf("%d permits were taken, and it took %v", len(r.given), time.Since(began))
		}
	})
}
