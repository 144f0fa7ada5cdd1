package coord_test

import (
	"context"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mostlylucid/eph/internal/sched"
	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/signals"
)

var errDoom = errors.New("doom")

// The table of states in the package comment is the one that the scheduler runs on.
func TestDocumentedTransitions(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var documented, actual []string
	for line := range strings.Lines(file.Doc.Text()) {
		if strings.Contains(line, "-->") {
			documented = append(documented, strings.Join(strings.Fields(line), " "))
		}
	}
	for _, r := range sched.Transitions {
		actual = append(actual, fmt.Sprintf("%v --%v--> %v", r.From, r.By, r.To))
	}
	slices.Sort(documented)
	slices.Sort(actual)
	if !slices.Equal(documented, actual) {
		t.Errorf("documented:\n%s\nwant:\n%s", strings.Join(documented, "\n"), strings.Join(actual, "\n"))
	}
}

func TestDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := coord.New(func(_ context.Context, d time.Duration) error { time.Sleep(d); return errDoom }, coord.Options{})
		if err := pool.Do(t.Context(), time.Second); err != errDoom {
			t.Errorf("Do = %v, want the op's error", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := pool.Do(ctx, time.Minute); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Do = %v, want the end of its context", err)
		}
		if got := pool.Stats().Running; got != 1 {
			t.Errorf("%d run, want the op to go on", got)
		}
		if err := pool.Drain(t.Context()); err != nil {
			t.Error(err)
		}
		if err := pool.Do(t.Context(), 0); err != coord.ErrClosed {
			t.Errorf("Do after Drain = %v", err)
		}
	})
}

func TestPutAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []int
		pool := coord.New(func(_ context.Context, n int) error { got = append(got, n); return nil }, coord.Options{Limit: 1, Window: 2})
		if n, err := pool.PutAll(t.Context(), slices.Values([]int{1, 2, 3, 4, 5})); n != 5 || err != nil {
			t.Errorf("PutAll = %d, %v", n, err)
		}
		if err := pool.Drain(t.Context()); err != nil || !slices.Equal(got, []int{1, 2, 3, 4, 5}) {
			t.Errorf("ran %v, %v", got, err)
		}
		if n, err := pool.PutAll(t.Context(), slices.Values([]int{1})); n != 0 || err != coord.ErrClosed {
			t.Errorf("PutAll after Drain = %d, %v", n, err)
		}
	})
}

func TestPutOptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var got []string
		c := coord.NewKeyed(nil, func(_ context.Context, op coord.Op[int], name string) error {
			got = append(got, fmt.Sprint(name, op.Lane, op.Attempt, time.Since(began)))
			return nil
		}, coord.Options{Limit: 1, Lanes: []coord.Lane{{Name: "now"}, {Name: "later"}}})
		c.Pause()
		bound, cancel := context.WithCancel(t.Context())
		for _, err := range []error{
			second(c.TryPut("a", coord.InLane(1))),
			second(c.TryPut("b", coord.InNamedLane("later"), coord.Priority(2))),
			second(c.TryPut("c", coord.After(time.Second))),
			second(c.TryPut("d", coord.Bound(bound))),
		} {
			if err != nil {
				t.Error(err)
			}
		}
		if _, err := c.TryPut("e", coord.InNamedLane("never")); !errors.Is(err, coord.ErrNoLane) {
			t.Errorf("TryPut into no lane = %v", err)
		}
		cancel()
		synctest.Wait()
		c.Resume()
		if err := c.Drain(t.Context()); err != nil {
			t.Error(err)
		}
		if want := []string{"b1 1 0s", "a1 1 0s", "c0 1 1s"}; !slices.Equal(got, want) {
			t.Errorf("ran %q, want %q", got, want)
		}
	})
}

func second[A, B any](_ A, b B) B { return b }

func TestBackoff(t *testing.T) {
	type next struct {
		pause time.Duration
		again bool
	}
	for _, tt := range []struct {
		name    string
		backoff coord.Backoff
		want    []next // after each attempt
	}{
		{"defaults without jitter", coord.Backoff{Jitter: -1}, []next{{50 * time.Millisecond, true}, {100 * time.Millisecond, true}, {0, false}}},
		{
			"factor and most",
			coord.Backoff{Attempts: 5, First: time.Second, Factor: 3, Max: 5 * time.Second, Jitter: -1},
			[]next{{time.Second, true}, {3 * time.Second, true}, {5 * time.Second, true}, {5 * time.Second, true}, {0, false}},
		},
		{
			"no limit",
			coord.Backoff{Attempts: -1, Max: math.MaxInt64, Jitter: -1, First: math.MaxInt64 / 2},
			[]next{{math.MaxInt64 / 2, true}, {math.MaxInt64, true}, {math.MaxInt64, true}},
		},
		{"if", coord.Backoff{If: func(err error) bool { return err == nil }}, []next{{0, false}}},
	} {
		for i, want := range tt.want {
			pause, again := tt.backoff.Next(i+1, errDoom)
			if math.Abs(float64(pause-want.pause)) > float64(want.pause)/1e9 || again != want.again {
				t.Errorf("%s: Next(%d) = %v, %v, want %v", tt.name, i+1, pause, again, want)
			}
		}
	}
	for range 1000 {
		b := coord.Backoff{Jitter: 0.25, First: time.Second}
		if pause, _ := b.Next(1, errDoom); pause < 750*time.Millisecond || pause > time.Second {
			t.Fatalf("Next = %v, want 0.75 to 1 s", pause)
		}
		b.Jitter = 9
		if pause, _ := b.Next(1, errDoom); pause < 0 || pause > time.Second {
			t.Fatalf("Next = %v, want 0 to 1 s", pause)
		}
	}
	if pause, again := (coord.Backoff{Attempts: -1, Jitter: -1}).Next(5000, errDoom); pause != 30*time.Second || !again {
		t.Errorf("Next(5000) = %v, %v, want 30 s", pause, again)
	}
}

func TestSignals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := signals.New(signals.Options{Window: 100})
		c := coord.NewKeyed(func(n int) string { return fmt.Sprint("k", n) }, func(_ context.Context, op coord.Op[string], n int) error {
			op.Raise("app.step", op.Key)
			if !op.Emit(signals.Event{Name: "app.more", Op: 99}) {
				t.Error("nothing was emitted")
			}
			if n == 1 {
				return errDoom
			}
			return nil
		}, coord.Options{Limit: 1, Signals: sink, Retry: coord.Backoff{Attempts: 2, Jitter: -1}})
		told := 0
		c.Notify(coord.Hooks[string, int]{
			Retry:  func(coord.Info[string], int, time.Duration) { told++ },
			Finish: func(coord.Info[string], int) { told++ },
		})
		for n := range 2 {
			if _, err := c.Put(t.Context(), n); err != nil {
				t.Fatal(err)
			}
		}
		id, _ := c.Put(t.Context(), 2, coord.After(time.Hour))
		time.Sleep(time.Second)
		c.Drop(id, nil)
		if err := c.Drain(t.Context()); err != nil {
			t.Error(err)
		}
		var got []string
		for e := range sink.Recent(signals.MustCompile("*")) {
			info, _ := e.Value.(coord.Info[string])
			if (e.Key == "") != (info.Key == "" && e.Name != "app.step") {
				t.Errorf("%s has the key %q, its op has %q", e.Name, e.Key, info.Key)
			}
			if info.Started.IsZero() != (info.Attempt == 0) {
				t.Errorf("%s of attempt %d, started %v", e.Name, info.Attempt, info.Started)
			}
			got = append(got, fmt.Sprint(e.Name, " ", e.Op, " ", info.Key, " ", info.Attempt))
		}
		slices.Reverse(got)
		want := []string{
			"op.started 1 k0 1", "app.step 1  0", "app.more 1  0", "op.done 1 k0 1",
			"op.started 2 k1 1", "app.step 2  0", "app.more 2  0", "op.retry 2 k1 1",
			"op.started 2 k1 2", "app.step 2  0", "app.more 2  0", "op.failed 2 k1 2",
			"op.dropped 3 k2 0",
		}
		if !slices.Equal(got, want) || told != 4 {
			t.Errorf("raised %q,\nwant %q; the hooks were told %d times, want 4", got, want, told)
		}
	})
}

// TestInfoAny reads an Info without its type parameter.
func TestInfoAny(t *testing.T) {
	i := coord.Info[string]{ID: 1, Key: "k", Lane: 2, State: coord.Failed, Attempt: 3, Err: errDoom, Started: time.Unix(4, 0), Took: 5}
	want := coord.Info[any]{ID: 1, Key: "k", Lane: 2, State: coord.Failed, Attempt: 3, Err: errDoom, Started: time.Unix(4, 0), Took: 5}
	if got := any(i).(interface{ Any() coord.Info[any] }).Any(); got != want {
		t.Errorf("Any() = %+v, want %+v", got, want)
	}
}

func TestRaiseWithoutSink(t *testing.T) {
	pool := coord.NewKeyed(nil, func(_ context.Context, op coord.Op[int], _ int) error {
		op.Raise("a", "")
		if op.Emit(signals.Event{Name: "b"}) {
			t.Error("Emit without a sink = true")
		}
		return nil
	}, coord.Options{})
	if err := pool.Do(t.Context(), 1); err != nil {
		t.Error(err)
	}
}

func TestCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		c := coord.NewCalls(func(n int) int { return n % 2 }, func(_ context.Context, n int) (string, error) {
			tries++
			switch {
			case n == 3 && tries < 3:
				return "half", errDoom
			case n == 4:
				runtime.Goexit()
			case n == 5:
				time.Sleep(time.Hour)
			}
			return fmt.Sprint(n), nil
		}, coord.Options{Retry: coord.Backoff{}})
		for n, want := range map[int]error{3: nil, 4: coord.ErrGoexit} {
			tries = 0
			out, err := c.Call(t.Context(), n)
			if !errors.Is(err, want) || err == nil && out != fmt.Sprint(n) || err != nil && out != "" {
				t.Errorf("Call(%d) = %q, %v, want error %v", n, out, err, want)
			}
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errDoom)
		defer cancel()
		f, err := c.Go(t.Context(), 5)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := f.Wait(ctx); out != "" || err != errDoom {
			t.Errorf("Wait = %q, %v, want the cause of its context", out, err)
		}
		<-f.Done()
		if out, err := f.Wait(ctx); out != "5" || err != nil || f.In != 5 {
			t.Errorf("Wait = %q, %v, want the result, though the context has ended", out, err)
		}
		if err := c.Coordinator().Drain(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := c.Call(t.Context(), 1); err != coord.ErrClosed {
			t.Errorf("Call after Drain = %v", err)
		}
	})
}

// The hooks of a user, whatever they do, do not keep futures from their results.
func TestCallsWithHooks(t *testing.T) {
	c := coord.NewCalls[int](nil, func(context.Context, int) (int, error) { return 1, nil }, coord.Options{})
	told := 0
	c.Coordinator().Notify(coord.Hooks[int, *coord.Future[int, int]]{Finish: func(coord.Info[int], *coord.Future[int, int]) {
		told++
		panic("oops")
	}})
	if out, err := c.Call(t.Context(), 0); out != 1 || err != nil || told != 1 {
		t.Errorf("Call = %d, %v; told %d times", out, err, told)
	}
}

// A future that was made by hand fails, and takes nothing down.
func TestCallsOfAForeignFuture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := coord.NewCalls[coord.NoKey](nil, func(_ context.Context, n int) (int, error) { return n, nil }, coord.Options{})
		f := &coord.Future[int, int]{In: 4}
		if _, err := c.Coordinator().Put(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		if err := c.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i := range c.Coordinator().Recent() {
			if _, panicked := errors.AsType[*coord.PanicError](i.Err); i.State != coord.Failed || panicked {
				t.Errorf("the op ended as %v: %v", i.State, i.Err)
			}
		}
		if _, err := f.Wait(t.Context()); err == nil || c.Stats().Failed != 1 {
			t.Errorf("Wait = %v, %+v", err, c.Stats())
		}
	})
}

func TestNilFunction(t *testing.T) {
	for name, build := range map[string]func(){
		"New":      func() { coord.New[int](nil, coord.Options{}) },
		"NewKeyed": func() { coord.NewKeyed[int, int](nil, nil, coord.Options{}) },
		"NewCalls": func() { coord.NewCalls[int, int, int](nil, nil, coord.Options{}) },
		"ForEach":  func() { _ = coord.ForEach(t.Context(), upTo(0), nil, coord.Options{}) },
		"Map":      func() { coord.Map[int, int](t.Context(), upTo(0), nil, coord.Options{}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s of a nil function did not panic", name)
				}
			}()
			build()
		}()
	}
}

// The key of an op is that of its events if it is of any string type.
func TestSignalsHaveTheKey(t *testing.T) {
	type host string
	var sink signals.Sink
	var got []string
	sink.Subscribe(signals.MustCompile("op.*"), func(e signals.Event) { got = append(got, e.Name+" "+e.Key) })
	named := coord.NewKeyed(func(h host) host { return h }, func(context.Context, coord.Op[host], host) error { return nil }, coord.Options{Signals: &sink})
	numbered := coord.NewKeyed(func(n int) int { return n }, func(context.Context, coord.Op[int], int) error { return nil }, coord.Options{Signals: &sink})
	if err := errors.Join(named.Do(t.Context(), "db1"), numbered.Do(t.Context(), 7)); err != nil {
		t.Error(err)
	}
	if want := []string{"op.started db1", "op.done db1", "op.started ", "op.done "}; !slices.Equal(got, want) {
		t.Errorf("raised %q, want %q", got, want)
	}
}

// Signals that nobody hears cost no allocation.
func TestUnheardSignals(t *testing.T) {
	var sink signals.Sink
	sink.Subscribe(signals.MustCompile("other"), func(signals.Event) {})
	c := coord.NewKeyed(func(n int) string { return "k" }, func(context.Context, coord.Op[string], int) error { return nil }, coord.Options{Limit: 2, Signals: &sink})
	round := func() {
		for n := range 1000 {
			if _, err := c.Put(t.Context(), n); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Idle(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	round()
	if n := testing.AllocsPerRun(10, round) / 1000; n > 0.5 {
		t.Errorf("%.2f allocations per op", n)
	}
}
