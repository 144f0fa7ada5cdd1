package patterns_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/patterns"
	"github.com/mostlylucid/eph/pkg/signals"
)

// This file has what remembers, and what tells others: windows, echoes, pins, logs, telemetry.

// Long window: with ten thousand signals of an hour kept, a late reader looks back, and one that
// reads all the time asks for what is new.
func Example_longWindow() {
	sink := signals.New(signals.Options{Window: 10_000, MaxAge: time.Hour})
	for i := range 12_000 {
		sink.Raise([]string{"job.done", "job.failed"}[i/100%2], fmt.Sprint(i))
	}
	failed := 0
	for range sink.Recent(signals.MustCompile("job.failed")) {
		failed++
	}
	_, lost := sink.Since(0)
	news, _ := sink.Since(11_998)
	fmt.Println(failed, "failed,", lost, "lost,", len(news), "new")
	// Output: 5000 failed, 2000 lost, 2 new
}

// Window size: signals of an operator set how much is kept, and for how long, within limits.
func Example_windowSize() {
	sink := signals.New(signals.Options{Window: 3})
	size, age := 3, time.Duration(0)
	sink.Subscribe(signals.MustCompile("window.**"), func(e signals.Event) {
		if n, ok := signals.Command(e.Name, "window.size"); ok {
			if n, err := strconv.Atoi(n); err == nil {
				size = min(max(n, 16), 50_000)
			}
		} else if d, ok := signals.Command(e.Name, "window.age"); ok {
			if d, err := time.ParseDuration(d); err == nil {
				age = min(max(d, 5*time.Second), time.Hour)
			}
		}
		sink.SetWindow(size, age)
	})
	look := func() {
		for range 100 {
			sink.Raise("job.done", "")
		}
		events, _ := sink.Since(0)
		fmt.Println(len(events), "kept")
	}
	look()
	sink.Raise("window.size:50", "")
	look()
	sink.Raise("window.size:1", "")
	sink.Raise("window.age:1m", "")
	look()
	// Output:
	// 3 kept
	// 50 kept
	// 16 kept
}

// Volatile work leaves nothing behind: what remains of an op is what Finish is told.
func Example_volatile() {
	pool := coord.New(func(context.Context, string) error { return nil }, coord.Options{Limit: 1, History: -1})
	pool.Notify(coord.Hooks[coord.NoKey, string]{Finish: func(i coord.Info[coord.NoKey], name string) {
		fmt.Println(name, i.State)
	}})
	_, _ = pool.Put(context.Background(), "secret")
	_ = pool.Drain(context.Background())
	kept := 0
	for range pool.Recent() {
		kept++
	}
	fmt.Println(kept, "kept")
	// Output:
	// secret done
	// 0 kept
}

// Echo: the last words of an op, typed, outlive it in a bounded window.
func Example_echo() {
	type lastWords struct{ Rows int }
	sink := signals.New(signals.Options{Window: 256})
	pool := coord.NewKeyed(nil, func(_ context.Context, op coord.Op[coord.NoKey], rows int) error {
		op.Emit(signals.Event{Name: "import.echo", Value: lastWords{Rows: rows}})
		return nil
	}, coord.Options{Limit: 1, History: -1, Signals: sink})
	for _, rows := range []int{10, 32} {
		_, _ = pool.Put(context.Background(), rows)
	}
	_ = pool.Drain(context.Background())
	for e := range sink.Recent(signals.MustCompile("import.echo")) {
		fmt.Println("op", e.Op, "read", e.Value.(lastWords).Rows)
	}
	// Output:
	// op 2 read 32
	// op 1 read 10
}

// Responsibility: a finished op stays among the recent ones until somebody has taken it over, and
// a time limits how long it may be in the way.
func Example_responsibility() {
	var sink signals.Sink
	pool := coord.New(func(context.Context, string) error { return nil }, coord.Options{Limit: 1, History: 1})
	taken := make(map[string]coord.ID)
	defer sink.Subscribe(signals.MustCompile("file.taken"), func(e signals.Event) { pool.Unpin(taken[e.Key]) })()
	ctx := context.Background()
	for _, name := range []string{"a", "b", "c"} {
		id, _ := pool.Put(ctx, name)
		_ = pool.Idle(ctx)
		if name == "a" {
			taken[name] = id
			pool.Pin(id, time.Hour)
		}
	}
	recent := func() (ids []coord.ID) {
		for i := range pool.Recent() {
			ids = append(ids, i.ID)
		}
		return ids
	}
	fmt.Println(recent())
	sink.Raise("file.taken", "a")
	fmt.Println(recent())
	// Output:
	// [3 1]
	// [3]
}

// Reputation: each failure counts half as much after every half-life.
func Example_reputation() {
	type record struct {
		score float64
		at    time.Time
	}
	const halfLife = 10 * time.Minute
	bad := map[string]record{}
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC) // time.Now, but for this example
	score := func(key string) float64 {
		r := bad[key]
		return r.score * math.Exp2(-float64(now.Sub(r.at))/float64(halfLife))
	}
	var mu sync.Mutex
	var sink signals.Sink
	defer sink.Subscribe(signals.MustCompile("login.failed"), func(e signals.Event) {
		mu.Lock()
		defer mu.Unlock()
		bad[e.Key] = record{score(e.Key) + 1, now}
	})()
	for range 4 {
		sink.Raise("login.failed", "mallory")
	}
	fmt.Println(score("mallory"), score("alice"))
	now = now.Add(2 * halfLife)
	fmt.Println(score("mallory"))
	sink.Raise("login.failed", "mallory")
	fmt.Println(score("mallory"))
	// Output:
	// 4 0
	// 1
	// 2
}

// Log bridge, both ways: records become signals (signals.Handler), and signals records. The
// record of a signal is written by another handler, for else it would be a signal again.
func Example_logBridge() {
	var sink signals.Sink
	plain := slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{} // so that this example says the same every day
		}
		return a
	}})
	defer sink.Subscribe(signals.MustCompile("job.failed,circuit.*"), func(e signals.Event) {
		slog.New(plain).Warn(e.Name, "key", e.Key)
	})()
	defer sink.Subscribe(signals.MustCompile("log.error*"), func(e signals.Event) {
		fmt.Println("page somebody:", e.Value.(slog.Record).Message)
	})()
	log := slog.New(signals.Handler(&sink, plain))
	log.Info("begun")
	log.Error("disk full")
	sink.Raise("job.failed", "item-7")
	// Output:
	// level=INFO msg=begun
	// page somebody: disk full
	// level=ERROR msg="disk full"
	// level=WARN msg=job.failed key=item-7
}

// Telemetry: a dispatcher takes the signals of a coordinator to a client that may be slow. When
// it lags the oldest go, and the work never waits for it.
func Example_telemetry() {
	var sink signals.Sink
	export := signals.NewDispatcher(&sink, signals.DispatchOptions{Limit: 1, Queue: 5000, Overflow: signals.DropOldest})
	counts := map[string]int{} // in place of a client
	export.Handle(signals.MustCompile("op.*"), func(_ context.Context, e signals.Event) error {
		counts[e.Name]++
		return nil
	})
	pool := coord.New(func(_ context.Context, n int) error {
		if n == 2 {
			return errors.New("two")
		}
		return nil
	}, coord.Options{Signals: &sink})
	ctx := context.Background()
	for n := range 4 {
		_, _ = pool.Put(ctx, n)
	}
	_ = pool.Drain(ctx)
	_ = export.Shutdown(ctx)
	fmt.Println(counts)
	// Output: map[op.done:3 op.failed:1 op.started:4]
}

// Persistent window: signals go into a store by their Seq, many in one transaction, and the mark
// moves when that is committed. So a failed flush is repeated, and nothing is stored twice.
func Example_persistentWindow() {
	type store struct { // a database with one table
		rows []string
		mark uint64
	}
	sink := signals.New(signals.Options{Window: 1000})
	commits := 0
	window := patterns.NewWriter(&store{}, coord.Options{Retry: coord.Backoff{First: 1}})
	flush := func(_ context.Context, db *store) error {
		events, lost := sink.Since(db.mark)
		if commits++; commits == 1 {
			return errors.New("the database is locked")
		}
		for _, e := range events {
			db.rows = append(db.rows, fmt.Sprint(e.Seq, " ", e.Name))
			db.mark = e.Seq
		}
		fmt.Println(len(events), "stored,", lost, "lost")
		return nil
	}
	ctx := context.Background()
	sink.Raise("job.started", "a")
	sink.Raise("job.done", "a")
	_ = window.Do(ctx, flush) // every thirty seconds, see Example_schedule
	sink.Raise("job.started", "b")
	_ = window.Do(ctx, flush)
	_ = window.Do(ctx, func(_ context.Context, db *store) error {
		fmt.Println(db.rows)
		return nil
	})
	// Output:
	// 2 stored, 0 lost
	// 1 stored, 0 lost
	// [1 job.started 2 job.done 3 job.started]
}
