package patterns_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/patterns"
	"github.com/mostlylucid/eph/pkg/signals"
)

// limits notes what a limit is set to.
type limits []int

func (l *limits) SetLimit(n int) { *l = append(*l, n) }

func TestScale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink signals.Sink
		var got limits
		stop := patterns.Scale{Min: 2, Max: 16, Start: 8}.Run(&sink, &got)
		for _, name := range []string{"concurrency.up", "concurrency.up", "wait", "concurrency.up", "wait", "concurrency.down", "wait", "concurrency.down", "wait", "concurrency.down", "wait", "concurrency.down"} {
			if name == "wait" {
				time.Sleep(time.Second)
				continue
			}
			sink.Raise(name, "")
		}
		stop()
		sink.Raise("concurrency.up", "")
		if fmt.Sprint(got) != "[8 16 8 4 2]" {
			t.Errorf("the limit was %v", got)
		}
	})
}

// TestScaleAlwaysSteps: a small factor moves a small limit too, and a huge one stays in bounds.
// asking asks for more when it is given a limit.
type asking struct {
	sink *signals.Sink
	limits
}

func (a *asking) SetLimit(n int) {
	a.limits.SetLimit(n)
	a.sink.Raise("concurrency.up", "")
}

// TestScaleOfOneThatAsks: what is resized may raise the very signal that resizes it.
func TestScaleOfOneThatAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink signals.Sink
		a := &asking{sink: &sink}
		defer patterns.Scale{Max: 8, Start: 1, Cooldown: time.Second}.Run(&sink, a)()
		for range 3 {
			sink.Raise("concurrency.up", "")
			time.Sleep(time.Second)
		}
		if got := fmt.Sprint(a.limits); got != "[1 2 4 8]" {
			t.Error(got)
		}
	})
}

func TestScaleAlwaysSteps(t *testing.T) {
	for _, c := range []struct {
		factor float64
		want   string
	}{
		{1.1, "[2 3 4 3 2]"},
		{1e300, "[2 4 1]"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var sink signals.Sink
			var got limits
			stop := patterns.Scale{Max: 4, Start: 2, Factor: c.factor, Cooldown: 1}.Run(&sink, &got)
			for _, name := range []string{"up", "up", "down", "down"} {
				time.Sleep(time.Second)
				sink.Raise("concurrency."+name, "")
			}
			stop()
			stop()
			if fmt.Sprint(got) != c.want {
				t.Errorf("factor %g: the limit was %v, want %s", c.factor, got, c.want)
			}
		})
	}
}

func TestBackpressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink signals.Sink
		b := &patterns.Backpressure{Sink: &sink, High: 4, Low: 2}
		gate, stop := coord.GateOn(&sink, coord.GateRules{Hold: signals.MustCompile("backpressure.*")})
		defer stop()
		var holds []bool
		for _, n := range []int{3, 1, 5, -6, -1, 1} {
			b.Add(n)
			open, _ := gate.State()
			holds = append(holds, !open)
		}
		if fmt.Sprint(holds) != "[false true true true false false]" {
			t.Errorf("it held %v", holds)
		}
	})
}

// TestBackpressureSheds: a gate that drops what waits ends ops while the condition is being set,
// and their hooks count them off.
func TestBackpressureSheds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink signals.Sink
		b := &patterns.Backpressure{Sink: &sink, High: 3}
		gate, stop := coord.GateOn(&sink, coord.GateRules{Drop: signals.MustCompile("backpressure.*")})
		defer stop()
		work := coord.New(func(context.Context, int) error { time.Sleep(time.Hour); return nil }, coord.Options{Limit: 1, Gate: gate})
		work.Notify(coord.Hooks[coord.NoKey, int]{Finish: func(coord.Info[coord.NoKey], int) { b.Add(-1) }})
		for v := range 4 {
			if _, err := work.Put(t.Context(), v); err != nil {
				t.Fatal(err)
			}
			b.Add(+1)
		}
		if err := work.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s := work.Stats(); s.Dropped == 0 || s.Done == 0 || b.Add(0) != 0 || sink.Holds(signals.MustCompile("*")) {
			t.Errorf("%+v, and %d are left", s, b.Add(0))
		}
		var quiet patterns.Backpressure
		if n := quiet.Add(1000); n != 1000 {
			t.Errorf("without a sink %d are counted", n)
		}
	})
}

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink signals.Sink
		var seen []string
		stop := patterns.Watch(&sink, signals.MustCompile("disk.*"), time.Minute, func(e signals.Event) { seen = append(seen, e.Name+" "+e.Key) })
		sink.Raise("disk.full", "a")
		sink.Raise("disk.full", "a")
		sink.Raise("disk.full", "b")
		time.Sleep(time.Minute)
		sink.Raise("disk.full", "a")
		stop()
		sink.Raise("disk.slow", "a")
		if fmt.Sprint(seen) != "[disk.full a disk.full b disk.full a]" {
			t.Errorf("seen %v", seen)
		}
	})
}

func TestWatchForgets(t *testing.T) {
	var sink signals.Sink
	n := 0
	defer patterns.Watch(&sink, signals.MustCompile("*"), time.Hour, func(signals.Event) { n++ })()
	for i := range 20_000 {
		sink.Raise("x", strconv.Itoa(i))
	}
	sink.Raise("x", "0") // forgotten by now
	sink.Raise("x", "19999")
	if n != 20_001 {
		t.Errorf("told %d times", n)
	}
}

func TestDetector(t *testing.T) {
	for _, c := range []struct {
		name string
		d    patterns.Detector
		per  []int // events in each second
		at   int   // second in which it is first unusual; -1 is never
	}{
		{"threshold", patterns.Detector{Threshold: 5, Span: 2 * time.Second}, []int{2, 2, 0, 2, 3, 0}, 4},
		{"never", patterns.Detector{Threshold: 5, Span: 2 * time.Second}, []int{2, 2, 0, 2, 2, 0, 2}, -1},
		{"score", patterns.Detector{Span: time.Second, Learn: 5}, []int{10, 11, 9, 10, 10, 11, 9, 10, 30}, 8},
		{"score, while it learns", patterns.Detector{Span: time.Second, Learn: 5}, []int{10, 100, 10}, -1},
		{"score of something restless", patterns.Detector{Span: time.Second, Learn: 5}, []int{5, 30, 10, 25, 1, 30, 2, 28, 6, 32}, -1},
	} {
		synctest.Test(t, func(t *testing.T) {
			var sink signals.Sink
			c.d.Pattern = signals.MustCompile("login.failed")
			stop := c.d.Run(&sink)
			first := -1
			for second, n := range c.per {
				for range n {
					sink.Raise("login.failed", "")
				}
				if first < 0 && sink.Holds(signals.MustCompile("anomaly.*")) {
					first = second
				}
				time.Sleep(time.Second)
			}
			stop()
			if first != c.at {
				t.Errorf("%s: unusual in second %d, want %d", c.name, first, c.at)
			}
			time.Sleep(time.Minute)
			if sink.Holds(signals.MustCompile("anomaly.*")) {
				t.Errorf("%s: it is still unusual a minute later", c.name)
			}
		})
	}
}

func TestDetectorPerKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink signals.Sink
		defer patterns.Detector{Pattern: signals.MustCompile("x"), Condition: "odd", Threshold: 3, PerKey: true, MaxKeys: 2}.Run(&sink)()
		for _, key := range []string{"a", "b", "a", "b", "a", "c", "b", "d", "b"} { // c lets b go, which was longest unheard of
			sink.Raise("x", key)
		}
		var odd []string
		for c := range sink.Conditions() {
			odd = append(odd, c.Name+" "+c.Key)
		}
		if fmt.Sprint(odd) != "[odd a]" {
			t.Errorf("unusual: %v", odd)
		}
		time.Sleep(time.Minute)
	})
}

func TestQuorum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink signals.Sink
		q := patterns.NewQuorum(&sink, signals.MustCompile("ready"), signals.MustCompile("abort"), 3)
		defer q.Close()
		sink.Raise("ready", "a") // before anybody waits
		sink.Raise("ready", "a")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errDown)
		defer cancel()
		if n, err := q.Wait(ctx); n != 1 || !errors.Is(err, errDown) {
			t.Errorf("one of three: %d, %v", n, err)
		}
		sink.Raise("ready", "b")
		sink.Emit(signals.Event{Name: "ready", Op: 7})
		if n, err := q.Wait(t.Context()); n != 3 || err != nil {
			t.Errorf("three of three: %d, %v", n, err)
		}
		other := patterns.NewQuorum(&sink, signals.MustCompile("ready"), signals.MustCompile("abort"), 2)
		defer other.Close()
		sink.Raise("abort", "")
		if _, err := other.Wait(t.Context()); !errors.Is(err, patterns.ErrCanceled) || err.Error() != "patterns: quorum canceled by abort" {
			t.Errorf("called off: %v", err)
		}
	})
}

// TestQuorumEdges: none needed, more than come, closed twice, called off without a name.
func TestQuorumEdges(t *testing.T) {
	var sink signals.Sink
	none := patterns.NewQuorum(&sink, signals.Pattern{}, signals.Pattern{}, -1)
	if n, err := none.Wait(t.Context()); n != 0 || err != nil {
		t.Errorf("none are needed: %d, %v", n, err)
	}
	none.Close()
	none.Close()
	q := patterns.NewQuorum(&sink, signals.MustCompile("ready"), signals.MustCompile("*"), 1)
	defer q.Close()
	sink.Raise("", "")
	for range 3 {
		sink.Raise("ready", "late")
	}
	if n, err := q.Wait(t.Context()); n != 0 || !errors.Is(err, patterns.ErrCanceled) {
		t.Errorf("called off: %d, %v", n, err)
	}
}

func ExampleScale() {
	var sink signals.Sink
	pool := coord.New(func(context.Context, int) error { return nil }, coord.Options{})
	defer patterns.Scale{Min: 1, Max: 8}.Run(&sink, pool)()
	sink.Raise("concurrency.down", "")
	fmt.Println(pool.Stats().Limit)
	// Output: 4
}

func ExampleBackpressure() {
	var sink signals.Sink
	pressure := &patterns.Backpressure{Sink: &sink, Condition: "backpressure.mail", High: 2}
	pressure.Add(+1)
	pressure.Add(+1)
	fmt.Println(sink.Holds(signals.MustCompile("backpressure.*")))
	pressure.Add(-1)
	fmt.Println(sink.Holds(signals.MustCompile("backpressure.*")))
	// Output:
	// true
	// false
}

func ExampleWatch() {
	var sink signals.Sink
	defer patterns.Watch(&sink, signals.MustCompile("log.error*"), time.Minute, func(e signals.Event) {
		fmt.Println("page somebody:", e.Name)
	})()
	sink.Raise("log.error.disk", "")
	sink.Raise("log.error.disk", "")
	// Output: page somebody: log.error.disk
}

func ExampleDetector() {
	var sink signals.Sink
	defer patterns.Detector{Pattern: signals.MustCompile("login.failed"), Condition: "anomaly.login", Threshold: 3, PerKey: true}.Run(&sink)()
	for range 3 {
		sink.Raise("login.failed", "mallory")
	}
	for c := range sink.Conditions() {
		fmt.Println(c.Name, c.Key)
	}
	// Output: anomaly.login mallory
}

func ExampleQuorum() {
	var sink signals.Sink
	q := patterns.NewQuorum(&sink, signals.MustCompile("replica.stored"), signals.Pattern{}, 2)
	defer q.Close()
	sink.Raise("replica.stored", "north")
	sink.Raise("replica.stored", "south")
	fmt.Println(q.Wait(context.Background()))
	// Output: 2 <nil>
}
