package patterns_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/patterns"
	"github.com/mostlylucid/eph/pkg/signals"
)

func TestWriterWritesOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var busy, most atomic.Int32
		var order []int
		w := patterns.NewWriter(&order, coord.Options{Limit: 8, Window: -1})
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				err := w.Do(t.Context(), func(_ context.Context, order *[]int) error {
					most.Store(max(most.Load(), busy.Add(1)))
					time.Sleep(time.Millisecond)
					*order = append(*order, i)
					busy.Add(-1)
					if i == 7 {
						return errDown
					}
					return nil
				})
				if (i == 7) != errors.Is(err, errDown) {
					t.Errorf("write %d: %v", i, err)
				}
			})
			synctest.Wait()
		}
		all.Wait()
		if err := w.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if most.Load() != 1 || len(order) != 20 || !slices.IsSorted(order) {
			t.Errorf("%d at once, order %v", most.Load(), order)
		}
	})
}

func TestBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var got []string
		fails := 1
		b := patterns.NewBatch(3, 10*time.Second, func(_ context.Context, v []int) error {
			got = append(got, fmt.Sprint(v, "@", time.Since(began)))
			if slices.Contains(v, 7) && fails > 0 {
				fails--
				return errDown
			}
			return nil
		}, nil, coord.Options{Retry: coord.Backoff{First: time.Second, Jitter: -1}})
		put := func(values ...int) {
			for _, v := range values {
				if err := b.Put(t.Context(), v); err != nil {
					t.Fatal(err)
				}
			}
		}
		put(1, 2, 3, 4)
		time.Sleep(4 * time.Second)
		put(5)
		time.Sleep(10 * time.Second) // ten from the first of them
		put(6, 7, 8)
		time.Sleep(5 * time.Second)
		put(9)
		if err := b.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := "[[1 2 3]@0s [4 5]@10s [6 7 8]@14s [6 7 8]@15s [9]@19s]"
		if fmt.Sprint(got) != want {
			t.Errorf("batches\n%v, want\n%s", got, want)
		}
		if err := b.Put(t.Context(), 10); !errors.Is(err, coord.ErrClosed) {
			t.Errorf("Put after Drain, where nobody would take the value: %v", err)
		}
		if err := errors.Join(b.Flush(t.Context()), b.Drain(t.Context())); err != nil {
			t.Errorf("Flush and Drain after Drain: %v", err)
		}
	})
}

func TestBatchHoldsBackAndLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got, lost []int
		b := patterns.NewBatch(2, time.Second, func(_ context.Context, v []int) error {
			time.Sleep(time.Minute)
			if v[0]%10 == 0 {
				return errDown
			}
			got = append(got, v...)
			return nil
		}, func(v []int, err error) { lost = append(lost, v...) }, coord.Options{Window: 1})
		began := time.Now()
		for v := range 30 {
			if err := b.Put(t.Context(), v); err != nil {
				t.Fatal(err)
			}
		}
		if time.Since(began) < 10*time.Minute {
			t.Errorf("thirty values were taken after %v, though fifteen batches take as many minutes", time.Since(began))
		}
		if err := b.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(got) != 24 || len(lost) != 6 || !slices.IsSorted(got) {
			t.Errorf("got %v, lost %v", got, lost)
		}
	})
}

// TestWriterKeepsOrderThroughRetries: what is tried again holds up what came after it.
func TestWriterKeepsOrderThroughRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []string
		w := patterns.NewWriter(&order, coord.Options{Retry: coord.Backoff{First: time.Second}})
		var all sync.WaitGroup
		for _, name := range []string{"a", "b", "c"} {
			fails := name == "a"
			all.Go(func() {
				_ = w.Do(t.Context(), func(_ context.Context, order *[]string) error {
					*order = append(*order, name)
					if fails {
						fails = false
						return errDown
					}
					return nil
				})
			})
			synctest.Wait()
		}
		all.Wait()
		if fmt.Sprint(order) != "[a a b c]" {
			t.Errorf("the order is %v", order)
		}
	})
}

// TestBatchKeepsOrder: many put at once, batches fail and are tried again, and all come in the
// order in which their producers put them.
func TestBatchKeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type value struct{ producer, n int }
		last := map[int]int{}
		calls, busy, got := 0, 0, 0
		b := patterns.NewBatch(4, time.Millisecond, func(_ context.Context, values []value) error {
			if busy++; busy != 1 {
				t.Error("two at a time")
			}
			time.Sleep(3 * time.Millisecond)
			busy--
			if calls++; calls%3 == 0 {
				return errDown
			}
			for _, v := range values {
				if v.n != last[v.producer]+1 {
					t.Errorf("%d of producer %d after %d", v.n, v.producer, last[v.producer])
				}
				last[v.producer] = v.n
				got++
			}
			return nil
		}, nil, coord.Options{Window: 2, Retry: coord.Backoff{Attempts: -1, First: 20 * time.Millisecond}})
		var all sync.WaitGroup
		for p := range 5 {
			all.Go(func() {
				for n := 1; n <= 50; n++ {
					if err := b.Put(t.Context(), value{p, n}); err != nil {
						t.Error(err)
					}
					time.Sleep(time.Duration(p*n%3) * time.Millisecond)
				}
			})
		}
		all.Wait()
		if err := b.Drain(t.Context()); err != nil || got != 250 {
			t.Errorf("%d of 250 came, %v", got, err)
		}
	})
}

// TestBatchHeedsContexts: a Put that waits, or that waits behind one that waits, returns when its
// context ends, and its value is in no batch.
func TestBatchHeedsContexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []int
		b := patterns.NewBatch(1, time.Second, func(_ context.Context, v []int) error {
			time.Sleep(time.Hour)
			got = append(got, v...)
			return nil
		}, nil, coord.Options{Window: 1})
		for v := range 2 { // one runs and one waits
			if err := b.Put(t.Context(), v); err != nil {
				t.Fatal(err)
			}
		}
		var all sync.WaitGroup
		all.Go(func() {
			if err := b.Put(t.Context(), 2); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		for v := range 3 {
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errDown)
			defer cancel()
			if err := b.Put(ctx, 100+v); !errors.Is(err, errDown) {
				t.Errorf("%v, want the cause", err)
			}
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errDown)
		defer cancel()
		if err := b.Drain(ctx); !errors.Is(err, errDown) {
			t.Errorf("Drain: %v", err)
		}
		all.Wait()
		if err := b.Drain(t.Context()); err != nil || fmt.Sprint(got) != "[0 1 2]" {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

// TestBatchGoesWhenThereIsRoom: a full batch that found no room before its Put's context ended
// goes later, though nobody puts anything more.
func TestBatchGoesWhenThereIsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := 0
		b := patterns.NewBatch(1, time.Second, func(_ context.Context, v []int) error {
			time.Sleep(time.Minute)
			got += len(v)
			return nil
		}, nil, coord.Options{Window: 1})
		for v := range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := b.Put(ctx, v); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if got != 3 {
			t.Errorf("%d of 3 came", got)
		}
		if err := b.Drain(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestPipeline: the last stage is the slowest; it is felt in front, where the limit shrinks and
// comes back, and Drain loses nothing.
func TestPipeline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink signals.Sink
		var mu sync.Mutex
		var out []int
		var failed []string
		busy, most, fewest := 0, 0, 100 // fetches; of those that began long after the change
		slow := true
		var changed time.Time
		full := false
		pressure := signals.MustCompile("backpressure.store")
		defer sink.OnChange(pressure, func(holds bool) {
			mu.Lock()
			defer mu.Unlock()
			full, changed = holds, time.Now()
		})()
		p := patterns.NewPipeline(&sink, func(stage string, v int, err error) {
			mu.Lock()
			defer mu.Unlock()
			failed = append(failed, fmt.Sprint(stage, v))
		},
			patterns.Stage[int]{Name: "fetch", Limit: 8, MinLimit: 2, Window: 16, Fn: func(_ context.Context, v int) (int, error) {
				mu.Lock()
				busy++
				if time.Since(changed) > 20*time.Millisecond {
					if full && busy > 2 {
						t.Errorf("%d fetch at once, though the next stage is full", busy)
					}
					switch {
					case full:
						fewest = min(fewest, busy)
					case fewest < 100: // it has been full, and is no more
						most = max(most, busy)
					}
				}
				mu.Unlock()
				time.Sleep(time.Millisecond)
				mu.Lock()
				busy--
				mu.Unlock()
				if v == 13 {
					return 0, errDown
				}
				return v * 10, nil
			}},
			patterns.Stage[int]{Name: "store", Limit: 1, Window: 32, Fn: func(_ context.Context, v int) (int, error) {
				mu.Lock()
				takes := time.Microsecond
				if slow {
					takes = 10 * time.Millisecond
				}
				mu.Unlock()
				time.Sleep(takes)
				mu.Lock()
				defer mu.Unlock()
				out = append(out, v)
				return v, nil
			}},
		)
		put := func(from, to int) {
			for v := from; v < to; v++ {
				if err := p.Put(t.Context(), v); err != nil {
					t.Fatal(err)
				}
			}
		}
		put(0, 200)
		mu.Lock()
		slow = false
		mu.Unlock()
		put(200, 1000)
		mu.Lock()
		slow = true
		mu.Unlock()
		put(1000, 1100)
		if err := p.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(out) != 1099 || fmt.Sprint(failed) != "[fetch13]" {
			t.Errorf("%d came out, failed: %v", len(out), failed)
		}
		if fewest > 2 || most != 8 {
			t.Errorf("%d fetched at once under pressure, and %d after it; want up to 2, and 8", fewest, most)
		}
		if sink.Holds(pressure) {
			t.Error("there is still pressure")
		}
		if err := p.Put(t.Context(), 1); !errors.Is(err, coord.ErrClosed) {
			t.Errorf("Put after Drain: %v", err)
		}
	})
}

// TestPipelineCancel: every value is accounted for, and nothing is left waiting for the stage
// that comes after it.
// TestBatchDrainEndsIntake: whoever ends a batch has ended intake, also if there was no time for the rest.
func TestBatchDrainEndsIntake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(chan struct{})
		var got [][]int
		b := patterns.NewBatch(1, time.Second, func(_ context.Context, values []int) error {
			<-stuck
			got = append(got, values)
			return nil
		}, nil, coord.Options{Window: 1})
		for i := range 3 { // one runs, one waits, and one waits for room
			go func() { _ = b.Put(t.Context(), i) }()
			synctest.Wait()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := b.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Drain of a batch that is stuck: %v", err)
		}
		close(stuck)
		if err := b.Put(t.Context(), 9); !errors.Is(err, coord.ErrClosed) {
			t.Errorf("Put after Drain: %v", err)
		}
		if err := b.Drain(t.Context()); err != nil || fmt.Sprint(got) != "[[0] [1] [2]]" {
			t.Errorf("%v, %v", got, err)
		}
	})
}

// TestBatchShutdown: a batch that fails for ever ends with the time that it is given, and every
// value is told of: what was tried, what waited, what waited for room and what was collected.
func TestBatchShutdown(t *testing.T) {
	for _, n := range []int{3, -3, 5, -5} { // values; less than 0: with Cancel
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			told := make(map[int]bool)
			tries := 0
			b := patterns.NewBatch(2, time.Hour, func(context.Context, []int) error {
				tries++
				return errDown
			}, func(values []int, err error) {
				mu.Lock()
				defer mu.Unlock()
				for _, v := range values {
					if told[v] = true; !errors.Is(err, coord.ErrDropped) && !errors.Is(err, errDown) {
						t.Errorf("%d: %v", v, err)
					}
				}
			}, coord.Options{Window: 1, Retry: coord.Backoff{Attempts: -1, Max: time.Second}})
			accepted := 0
			for i := range max(n, -n) { // two are tried; two make a batch that waits for room, one waits for that
				go func() {
					if b.Put(t.Context(), i) == nil {
						mu.Lock()
						defer mu.Unlock()
						accepted++
					}
				}()
				synctest.Wait()
			}
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			if n < 0 {
				b.Cancel(nil)
				if err := b.Drain(ctx); err != nil {
					t.Errorf("Drain after Cancel: %v", err)
				}
			} else if err := b.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Shutdown: %v", err)
			}
			synctest.Wait()
			if len(told) != accepted || accepted < 3 {
				t.Errorf("%d values were accepted, and told of %v", accepted, told)
			}
			tried := tries
			time.Sleep(24 * time.Hour)
			if tries != tried {
				t.Errorf("%d tries after the end", tries-tried)
			}
			if err := b.Put(t.Context(), 9); !errors.Is(err, coord.ErrClosed) {
				t.Errorf("Put after the end: %v", err)
			}
			if s := b.Stats(); s.Accepted != s.Dropped+s.Failed {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestWriterCarriesItsContext: fn sees the values and the deadline of the caller.
func TestWriterCarriesItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		w := patterns.NewWriter("file", coord.Options{Timeout: time.Hour})
		for _, limit := range []time.Duration{time.Second, 2 * time.Hour} {
			ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "v"), limit)
			_ = w.Do(ctx, func(ctx context.Context, _ string) error {
				deadline, ok := ctx.Deadline()
				if left := time.Until(deadline); !ok || left > limit || ctx.Value(key{}) != "v" {
					t.Errorf("%v left of %v, value %v", left, limit, ctx.Value(key{}))
				}
				child, done := context.WithCancel(ctx)
				defer done()
				<-child.Done()
				return child.Err()
			})
			cancel()
		}
		if err := w.Shutdown(t.Context()); err != nil || w.Stats().Failed != 2 {
			t.Errorf("%v, %+v", err, w.Stats())
		}
	})
}

// TestPipelineOfAnyName: what a stage is called, "a,b" too, makes no difference to what it does.
func TestPipelineOfAnyName(t *testing.T) {
	for _, name := range []string{"a,b", "b,,c", "*", "fetch"} {
		synctest.Test(t, func(t *testing.T) {
			var sink signals.Sink
			p := patterns.NewPipeline(&sink, nil,
				patterns.Stage[int]{Name: "fetch", Limit: 8, Fn: func(_ context.Context, n int) (int, error) { return n, nil }},
				patterns.Stage[int]{Name: name, Limit: 1, Window: 4, Fn: func(context.Context, int) (int, error) {
					time.Sleep(time.Minute)
					return 0, nil
				}})
			for i := range 20 {
				if err := p.Put(t.Context(), i); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait()
			for stage, s := range p.Stats() {
				if s.Limit != 1 {
					t.Errorf("%q before %q runs %d at once, though that is full", stage, name, s.Limit)
				}
			}
			if !sink.Holds(signals.Exact("backpressure." + name)) {
				t.Error("it is not felt")
			}
			limit := func() int {
				for _, s := range p.Stats() {
					return s.Limit
				}
				return 0
			}
			if !p.SetLimit("fetch", 5) || p.SetLimit("no such stage", 5) || limit() != 1 {
				t.Errorf("SetLimit: %d run at once before a stage that is full", limit())
			}
			if err := p.Drain(t.Context()); err != nil {
				t.Error(err)
			}
			if name != "fetch" && limit() != 5 {
				t.Errorf("SetLimit: %d run at once, want 5", limit())
			}
		})
	}
}

// TestPipelineShutdown: a stage that never returns by itself is told to when the time is over.
func TestPipelineShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lost atomic.Int32
		p := patterns.NewPipeline(nil, func(string, int, error) { lost.Add(1) },
			patterns.Stage[int]{Name: "read", Fn: func(_ context.Context, n int) (int, error) { return n, nil }},
			patterns.Stage[int]{Name: "store", Limit: 1, Fn: func(ctx context.Context, n int) (int, error) {
				<-ctx.Done()
				return 0, ctx.Err()
			}})
		for i := range 3 {
			if err := p.Put(t.Context(), i); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		var stages []string
		for name, s := range p.Stats() {
			stages = append(stages, fmt.Sprint(name, s.Done, s.Failed+s.Dropped))
		}
		if fmt.Sprint(stages) != "[read3 0 store0 3]" || lost.Load() != 3 {
			t.Error(stages, lost.Load())
		}
	})
}

func TestPipelineCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out, lost atomic.Int32
		p := patterns.NewPipeline(nil, func(string, int, error) { lost.Add(1) },
			patterns.Stage[int]{Limit: 4, Fn: func(_ context.Context, v int) (int, error) { return v, nil }},
			patterns.Stage[int]{Limit: 1, Window: 2, Fn: func(ctx context.Context, v int) (int, error) {
				select {
				case <-time.After(time.Minute):
					out.Add(1)
					return v, nil
				case <-ctx.Done():
					return v, context.Cause(ctx)
				}
			}},
		)
		for v := range 50 {
			if err := p.Put(t.Context(), v); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(150 * time.Second)
		p.Cancel(errDown)
		p.Cancel(nil)
		if err := p.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if out.Load() != 2 || lost.Load() != 48 {
			t.Errorf("%d came out, %d were told of", out.Load(), lost.Load())
		}
	})
}

func TestCacheAges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		loads := 0
		c := patterns.NewCache(func(context.Context, string) (int, error) { loads++; return loads, nil },
			patterns.CacheOptions{TTL: time.Minute, HotTTL: time.Hour, MaxTTL: 3 * time.Hour, Hot: 3})
		get := func() int {
			v, err := c.Get(t.Context(), "k")
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		get()
		time.Sleep(time.Minute)
		if _, ok := c.Peek("k"); ok || get() != 2 {
			t.Error("it lives longer than a minute")
		}
		for range 3 { // each renews it
			time.Sleep(59 * time.Second)
			get()
		}
		if get() != 2 {
			t.Error("hits do not renew it")
		}
		time.Sleep(59 * time.Minute)
		if get() != 2 {
			t.Error("a hot entry does not live for an hour")
		}
		for range 4 {
			time.Sleep(59 * time.Minute)
			get()
		}
		if get() == 2 {
			t.Error("it lives for more than three hours")
		}
	})
}

func TestCacheJoinsMisses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var loads atomic.Int32
		fail := true
		c := patterns.NewCache(func(ctx context.Context, k int) (int, error) {
			loads.Add(1)
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				return 0, ctx.Err()
			}
			if fail {
				return 0, errDown
			}
			return k * 10, nil
		}, patterns.CacheOptions{Size: 2})
		all := func(want error) {
			var wait sync.WaitGroup
			for range 10 {
				wait.Go(func() {
					if _, err := c.Get(t.Context(), 1); !errors.Is(err, want) {
						t.Errorf("%v, want %v", err, want)
					}
				})
			}
			wait.Wait()
		}
		all(errDown)
		fail = false
		all(nil)
		if loads.Load() != 2 {
			t.Errorf("%d loads, want 2: an error is not kept, and misses are joined", loads.Load())
		}
		for _, k := range []int{2, 1, 3} { // 2 is used longest ago
			if _, err := c.Get(t.Context(), k); err != nil {
				t.Fatal(err)
			}
		}
		if _, ok := c.Peek(2); ok || c.Len() != 2 {
			t.Errorf("%d entries, 2 among them: %v", c.Len(), ok)
		}
		// One who waits may leave; when all have, the load is cancelled.
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		if _, err := c.Get(ctx, 9); !errors.Is(err, context.Canceled) {
			t.Errorf("a Get whose context ended: %v", err)
		}
		synctest.Wait()
		if v, err := c.Get(t.Context(), 9); v != 90 || err != nil {
			t.Errorf("the next one: %d, %v", v, err)
		}
	})
}

// TestCacheDropDuringLoad: what was read before a change is not kept after it.
func TestCacheDropDuringLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink signals.Sink
		row := "old"
		c := patterns.NewCache(func(context.Context, int) (string, error) {
			read := row
			time.Sleep(time.Second)
			return read, nil
		}, patterns.CacheOptions{})
		defer c.DropOn(&sink, signals.MustCompile("row.changed"), func(signals.Event) (int, bool) { return 1, true })()
		got := make(chan string, 1)
		go func() {
			v, _ := c.Get(t.Context(), 1)
			got <- v
		}()
		synctest.Wait()
		row = "new"
		sink.Raise("row.changed", "")
		if v, err := c.Get(t.Context(), 1); v != "new" || err != nil {
			t.Errorf("after the change: %q, %v", v, err)
		}
		if v := <-got; v != "old" {
			t.Errorf("who waited got %q", v)
		}
		if v, ok := c.Peek(1); !ok || v != "new" {
			t.Errorf("kept: %q, %v", v, ok)
		}
	})
}

// TestCacheLoaderMisbehaves: whoever waits is told, and the next one loads anew.
func TestCacheLoaderMisbehaves(t *testing.T) {
	c := patterns.NewCache(func(_ context.Context, k string) (int, error) {
		switch k {
		case "panics":
			panic(errDown)
		case "exits":
			runtime.Goexit()
		}
		return 1, nil
	}, patterns.CacheOptions{Size: -1, TTL: -1, HotTTL: -1, Hot: -1, Sample: -1})
	for range 2 {
		if _, err := c.Get(t.Context(), "panics"); !errors.Is(err, errDown) {
			t.Errorf("a loader that panics: %v", err)
		}
		if _, err := c.Get(t.Context(), "exits"); !errors.Is(err, coord.ErrGoexit) {
			t.Errorf("a loader that ends its goroutine: %v", err)
		}
	}
	if v, err := c.Get(t.Context(), "good"); v != 1 || err != nil || c.Len() != 1 {
		t.Errorf("%d, %v", v, err)
	}
}

// TestCacheOfNaN: a key that nobody can find again takes no memory, and is loaded.
func TestCacheOfNaN(t *testing.T) {
	c := patterns.NewCache(func(context.Context, float64) (int, error) { return 1, nil }, patterns.CacheOptions{})
	size := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := size()
	for range 20_000 {
		if v, err := c.Get(t.Context(), math.NaN()); v != 1 || err != nil {
			t.Fatal(v, err)
		}
		c.Set(math.NaN(), 2)
	}
	if after := size(); after > before+1<<20 || c.Len() != 0 {
		t.Errorf("%d entries, and %d bytes more", c.Len(), after-before)
	}
	runtime.KeepAlive(c)
}

// TestCacheOfNoKey: a key that no map can hold is the caller's panic, and not the end of the cache.
func TestCacheOfNoKey(t *testing.T) {
	c := patterns.NewCache(func(context.Context, any) (int, error) { return 1, nil }, patterns.CacheOptions{})
	for range 2 {
		mustPanic(t, "a slice as a key", func() { _, _ = c.Get(t.Context(), []int{1}) })
	}
	if v, err := c.Get(t.Context(), "a"); v != 1 || err != nil {
		t.Error(v, err)
	}
}

func mustPanic(t *testing.T, what string, fn func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s: no panic", what)
		}
	}()
	fn()
}

func TestNilFunctionsPanic(t *testing.T) {
	var sink signals.Sink
	all := signals.MustCompile("*")
	ints := patterns.NewCache(func(context.Context, int) (int, error) { return 0, nil }, patterns.CacheOptions{})
	for what, fn := range map[string]func(){
		"NewCache":    func() { patterns.NewCache[int, int](nil, patterns.CacheOptions{}) },
		"DropOn":      func() { ints.DropOn(&sink, all, nil) },
		"NewBatch":    func() { patterns.NewBatch[int](1, 0, nil, nil, coord.Options{}) },
		"NewPipeline": func() { patterns.NewPipeline(nil, nil, patterns.Stage[int]{}) },
		"Watch":       func() { patterns.Watch(&sink, all, time.Second, nil) },
		"Guarded":     func() { patterns.Guarded[int, int](patterns.NewBreaker(patterns.BreakerOptions{}), nil) },
	} {
		mustPanic(t, what, fn)
	}
}

// TestCacheSet: what is put in is there like what was loaded, and a load that began before does
// not replace it.
func TestCacheSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := patterns.NewCache(func(context.Context, int) (string, error) {
			time.Sleep(time.Second)
			return "loaded", nil
		}, patterns.CacheOptions{Size: 2, TTL: time.Minute})
		got := make(chan string, 1)
		go func() {
			v, _ := c.Get(t.Context(), 1)
			got <- v
		}()
		synctest.Wait()
		c.Set(1, "put")
		if v, err := c.Get(t.Context(), 1); v != "put" || err != nil {
			t.Error(v, err)
		}
		if v := <-got; v != "loaded" {
			t.Errorf("who waited got %q", v)
		}
		if v, _ := c.Peek(1); v != "put" {
			t.Errorf("kept: %q", v)
		}
		c.Set(2, "two")
		c.Set(3, "three")
		if _, ok := c.Peek(1); ok || c.Len() != 2 {
			t.Error("Size does not bound what is put in")
		}
		time.Sleep(time.Minute)
		if _, ok := c.Peek(3); ok {
			t.Error("what is put in does not age")
		}
		go func() {
			v, _ := c.Get(t.Context(), 4)
			got <- v
		}()
		synctest.Wait()
		c.Clear()
		if v := <-got; v != "loaded" || c.Len() != 0 {
			t.Errorf("after Clear %d entries, and who waited got %q", c.Len(), v)
		}
		if _, err := c.Get(t.Context(), 5); err != nil || c.Len() != 1 {
			t.Error("it does not work after Clear")
		}
	})
}

// TestCacheCrowd: gets, drops and evictions at the same time never give a value of another key.
func TestCacheCrowd(t *testing.T) {
	c := patterns.NewCache(func(_ context.Context, k int) (int, error) {
		if k%7 == 0 {
			return 0, errDown
		}
		return k * 10, nil
	}, patterns.CacheOptions{Size: 4})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 500 {
				k := (i + n) % 10
				if v, err := c.Get(t.Context(), k); k%7 == 0 != (err != nil) || err == nil && v != k*10 {
					t.Errorf("%d: %d, %v", k, v, err)
				}
				if n%5 == 0 {
					c.Drop(k)
				}
			}
		})
	}
	all.Wait()
	if c.Len() > 4 {
		t.Errorf("%d entries, want up to 4", c.Len())
	}
}

func TestCacheSamples(t *testing.T) {
	var sink signals.Sink
	n := 0
	defer sink.Subscribe(signals.MustCompile("cache.*"), func(signals.Event) { n++ })()
	c := patterns.NewCache(func(context.Context, int) (int, error) { return 1, nil }, patterns.CacheOptions{Signals: &sink, Sample: 10, Hot: 1000})
	for range 100 {
		if _, err := c.Get(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	}
	if n != 10 {
		t.Errorf("%d of a hundred signals were raised, want one in ten", n)
	}
}

func ExampleWriter() {
	lines := patterns.NewWriter(&[]string{}, coord.Options{})
	for _, l := range []string{"one", "two"} {
		_ = lines.Do(context.Background(), func(_ context.Context, all *[]string) error {
			*all = append(*all, l)
			fmt.Println(*all)
			return nil
		})
	}
	// Output:
	// [one]
	// [one two]
}

func ExampleBatch() {
	b := patterns.NewBatch(2, time.Minute, func(_ context.Context, rows []string) error {
		fmt.Println("insert", rows)
		return nil
	}, nil, coord.Options{})
	for _, row := range []string{"a", "b", "c"} {
		_ = b.Put(context.Background(), row)
	}
	_ = b.Drain(context.Background())
	// Output:
	// insert [a b]
	// insert [c]
}

func ExamplePipeline() {
	p := patterns.NewPipeline(nil, nil,
		patterns.Stage[int]{Name: "double", Fn: func(_ context.Context, v int) (int, error) { return 2 * v, nil }},
		patterns.Stage[int]{Name: "print", Limit: 1, Fn: func(_ context.Context, v int) (int, error) {
			fmt.Println(v)
			return v, nil
		}},
	)
	_ = p.Put(context.Background(), 21)
	_ = p.Drain(context.Background())
	// Output: 42
}

func ExampleCache() {
	c := patterns.NewCache(func(_ context.Context, name string) (int, error) {
		fmt.Println("load", name)
		return len(name), nil
	}, patterns.CacheOptions{})
	for range 2 {
		fmt.Println(c.Get(context.Background(), "eph"))
	}
	// Output:
	// load eph
	// 3 <nil>
	// 3 <nil>
}

// Controlled fan-out: so many at once in all, and so many of each key.
func Example_controlledFanOut() {
	var mu sync.Mutex
	done := map[string]int{}
	calls := coord.NewKeyed(func(url string) string { return url[:1] }, func(_ context.Context, op coord.Op[string], _ string) error {
		mu.Lock()
		defer mu.Unlock()
		done[op.Key]++
		return nil
	}, coord.Options{Limit: 16, PerKey: 2})
	for _, url := range []string{"a/1", "a/2", "b/1"} {
		_, _ = calls.Put(context.Background(), url)
	}
	_ = calls.Drain(context.Background())
	fmt.Println(done)
	// Output: map[a:2 b:1]
}

// Keyed priority fan-out: what is urgent passes what is not, also within its key.
func Example_keyedPriorityFanOut() {
	orders := coord.NewKeyed(func(string) string { return "customer" }, func(_ context.Context, _ coord.Op[string], what string) error {
		fmt.Println(what)
		return nil
	}, coord.Options{Limit: 1, Lanes: []coord.Lane{{Name: "urgent"}, {Name: "normal"}}, LaneOrder: coord.Overtake})
	orders.Pause()
	ctx := context.Background()
	_, _ = orders.Put(ctx, "newsletter", coord.InNamedLane("normal"))
	_, _ = orders.Put(ctx, "refund", coord.InNamedLane("urgent"))
	orders.Resume()
	_ = orders.Drain(ctx)
	// Output:
	// refund
	// newsletter
}

// Signal-coordinated reads: readers wait while an update runs, and it waits for them.
func Example_coordinatedReads() {
	config := "v1"
	reads := coord.New(func(context.Context, int) error {
		fmt.Println("read", config)
		return nil
	}, coord.Options{Limit: 4})
	ctx := context.Background()
	_ = reads.Do(ctx, 1)
	_ = reads.Quiesce(ctx, func() error { config = "v2"; return nil })
	_ = reads.Do(ctx, 2)
	// Output:
	// read v1
	// read v2
}
