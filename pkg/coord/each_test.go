package coord_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mostlylucid/eph/pkg/coord"
)

func upTo(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

type valueKey struct{}

func TestForEach(t *testing.T) {
	for _, tt := range []struct {
		name string
		fail func(int) bool
		each func(context.Context, iter.Seq[int], func(context.Context, int) error, coord.Options) error
		done int // ops that came to an end of their own
		errs int
	}{
		{"all well", func(int) bool { return false }, coord.ForEachUntilError[int], 300, 0},
		{"some fail", func(n int) bool { return n%100 == 0 }, coord.ForEach[int], 300, 3},
		{"all fail", func(int) bool { return true }, coord.ForEach[int], 300, 100},
		{"the first ends it", func(n int) bool { return n >= 10 }, coord.ForEachUntilError[int], 11, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			done := 0
			ctx := context.WithValue(t.Context(), valueKey{}, "v")
			err := tt.each(ctx, upTo(300), func(ctx context.Context, n int) error {
				if ctx.Value(valueKey{}) != "v" {
					t.Error("the values of the context were lost")
				}
				select {
				case <-time.After(time.Second):
				case <-ctx.Done():
					return ctx.Err()
				}
				done++
				if tt.fail(n) {
					return fmt.Errorf("op %d: %w", n, errDoom)
				}
				return nil
			}, coord.Options{Limit: 1, Window: 8})
			errs := 0
			if err != nil {
				errs = 1 + strings.Count(err.Error(), "\n")
				if !errors.Is(err, errDoom) {
					t.Errorf("%s: %v", tt.name, err)
				}
			}
			if done != tt.done || errs != tt.errs {
				t.Errorf("%s: %d done with %d errors, want %d with %d", tt.name, done, errs, tt.done, tt.errs)
			}
		})
	}
}

func TestForEachEndsWithItsContext(t *testing.T) {
	for name, seq := range map[string]iter.Seq[int]{
		"while it waits for room":      upTo(100),
		"while it waits for what runs": upTo(2),
		"while the sequence is slow": func(yield func(int) bool) {
			yield(1)
			yield(2)
			time.Sleep(time.Hour)
			yield(3)
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errDoom)
			defer cancel()
			began := time.Now()
			var ended time.Duration
			err := coord.ForEach(ctx, seq, func(ctx context.Context, _ int) error {
				<-ctx.Done()
				ended = time.Since(began)
				return ctx.Err()
			}, coord.Options{Limit: 1, Window: 5})
			if err != errDoom || ended != time.Minute {
				t.Errorf("%s: ForEach = %v, its op was cancelled after %v", name, err, ended)
			}
		})
	}
}

func TestForEachOfASequenceThatPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := false
		func() {
			defer func() { _ = recover() }()
			_ = coord.ForEach(t.Context(), func(yield func(int) bool) { yield(1); panic("oops") }, func(ctx context.Context, _ int) error {
				<-ctx.Done()
				ended = true
				return nil
			}, coord.Options{Limit: 1})
			t.Error("the panic was lost")
		}()
		if !ended {
			t.Error("ForEach left an op behind")
		}
	})
}

func TestMap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		square := func(_ context.Context, n int) (int, error) {
			time.Sleep(time.Duration(20-n) * time.Second) // the last is the first to be ready
			if n == 7 {
				return 0, errDoom
			}
			return n * n, nil
		}
		n := 0
		for out, err := range coord.Map(t.Context(), upTo(20), square, coord.Options{Limit: 20}) {
			if n == 7 && err != errDoom || n != 7 && (err != nil || out != n*n) {
				t.Errorf("result %d = %d, %v", n, out, err)
			}
			n++
		}
		if n != 20 || time.Since(began) != 20*time.Second {
			t.Errorf("%d results after %v", n, time.Since(began))
		}
	})
}

func TestMapComputesNoFurtherThanItsWindow(t *testing.T) {
	for _, window := range []int{1, 3} {
		synctest.Test(t, func(t *testing.T) {
			begun := 0
			for out := range coord.Map(t.Context(), upTo(20), func(_ context.Context, n int) (int, error) { begun++; return n, nil },
				coord.Options{Limit: 1, Window: window}) {
				synctest.Wait()
				if want := min(out+1+window, 20); begun != want {
					t.Fatalf("at result %d with Window %d %d had begun, want %d", out, window, begun, want)
				}
			}
		})
	}
}

func TestMapEndsEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, ended := 0, 0
		slow := func(ctx context.Context, n int) (int, error) {
			begun++
			defer func() { ended++ }()
			if n == 0 {
				return 0, nil
			}
			<-ctx.Done()
			return n, ctx.Err()
		}
		results := coord.Map(t.Context(), upTo(20), slow, coord.Options{Limit: 1})
		for range results {
			synctest.Wait()
			break
		}
		if begun != 2 || ended != 2 {
			t.Errorf("after a break %d had begun and %d ended, want 2", begun, ended)
		}

		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errDoom)
		defer cancel()
		var errs []error
		for _, err := range coord.Map(ctx, upTo(20), slow, coord.Options{Limit: 1}) {
			errs = append(errs, err)
		}
		if !slices.Equal(errs, []error{nil, errDoom}) {
			t.Errorf("errors = %v, want the last to be the cause", errs)
		}
	})
}

// What has failed before the context ended is told beside its cause; what failed because of it is not.
func TestForEachTellsFailuresBesideTheCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		errEnd := errors.New("end")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errEnd)
		defer cancel()
		err := coord.ForEach(ctx, upTo(9), func(ctx context.Context, n int) error {
			if n == 0 {
				return errDoom
			}
			if at, ok := ctx.Deadline(); !ok || time.Until(at) != time.Minute {
				t.Errorf("the deadline was lost: %v", at)
			}
			if n > 1 {
				t.Errorf("op %d began though the context had ended", n)
			}
			<-ctx.Done()
			return fmt.Errorf("op %d: %w", n, ctx.Err())
		}, coord.Options{Limit: 1})
		if !errors.Is(err, errEnd) || !errors.Is(err, errDoom) || err.Error() != "end\ndoom" {
			t.Errorf("ForEach = %q", err)
		}
	})
}

func TestForEachKeyed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var mu sync.Mutex
		var got []string
		err := coord.ForEachKeyed(t.Context(), slices.Values([]string{"a1", "a2", "a3", "b1"}), func(v string) byte { return v[0] },
			func(_ context.Context, v string) error {
				time.Sleep(time.Second)
				mu.Lock()
				defer mu.Unlock()
				got = append(got, v)
				if v == "a2" {
					return errDoom
				}
				return nil
			}, coord.Options{Limit: 4})
		slices.Sort(got[:2]) // of the same moment
		if !errors.Is(err, errDoom) || time.Since(began) != 3*time.Second || !slices.Equal(got, []string{"a1", "b1", "a2", "a3"}) {
			t.Errorf("ForEachKeyed = %v after %v, ran %v", err, time.Since(began), got)
		}
	})
}

// A sequence that throws does so in the loop, after what it had yielded before.
func TestMapOfASequenceThatThrows(t *testing.T) {
	for _, exits := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			seq := func(yield func(int) bool) {
				yield(1)
				yield(2)
				if exits {
					runtime.Goexit()
				}
				panic("oops")
			}
			results := 0
			ended := make(chan any)
			go func() {
				thrown := any("exit")
				defer func() { ended <- thrown }()
				defer func() {
					if v := recover(); v != nil {
						thrown = v
					}
				}()
				for range coord.Map(t.Context(), seq, func(_ context.Context, n int) (int, error) { return n, nil }, coord.Options{}) {
					results++
				}
				thrown = nil
			}()
			want := any("oops")
			if exits {
				want = "exit"
			}
			if got := <-ended; got != want || results != 2 {
				t.Errorf("after %d results the loop threw %v, want %v after 2", results, got, want)
			}
		})
	}
}

// A context that ends in the body of the last result has cut nothing off.
func TestMapThatIsCompleteHasNoCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		n := 0
		for out, err := range coord.Map(ctx, upTo(3), func(_ context.Context, n int) (int, error) { return n, nil }, coord.Options{}) {
			if n++; out == 2 {
				cancel()
			}
			if err != nil {
				t.Errorf("result %d: %v", n, err)
			}
		}
		if n != 3 {
			t.Errorf("%d results, want 3", n)
		}
	})
}
