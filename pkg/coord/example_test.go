package coord_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/signals"
)

func Example() {
	ctx := context.Background()
	pool := coord.New(func(_ context.Context, word string) error {
		if word == "" {
			return errors.New("no word")
		}
		fmt.Println(strings.ToUpper(word))
		return nil
	}, coord.Options{Limit: 1})
	pool.Notify(coord.Hooks[coord.NoKey, string]{Finish: func(i coord.Info[coord.NoKey], _ string) {
		if i.Err != nil {
			fmt.Printf("op %d %v: %v\n", i.ID, i.State, i.Err) // nobody else says so
		}
	}})
	for _, word := range []string{"one", "", "three"} {
		if _, err := pool.Put(ctx, word); err != nil {
			fmt.Println("not accepted:", err)
		}
	}
	if err := pool.Drain(ctx); err != nil {
		fmt.Println("not all has ended:", err)
	}
	fmt.Println(pool.Stats().Done, "done")
	// Output:
	// ONE
	// op 2 failed: no word
	// THREE
	// 2 done
}

// Ops of one key run one after the other, in order; different keys run side by side.
func ExampleNewKeyed() {
	type edit struct{ file, text string }
	files := make(map[string]*strings.Builder)
	for _, name := range []string{"a", "b"} {
		files[name] = new(strings.Builder)
	}
	c := coord.NewKeyed(func(e edit) string { return e.file }, func(_ context.Context, op coord.Op[string], e edit) error {
		files[op.Key].WriteString(e.text) // nobody else has this file now
		return nil
	}, coord.Options{Limit: 8})
	ctx := context.Background()
	for _, e := range []edit{{"a", "1"}, {"b", "x"}, {"a", "2"}, {"b", "y"}, {"a", "3"}} {
		if _, err := c.Put(ctx, e); err != nil {
			fmt.Println(err)
		}
	}
	if err := c.Drain(ctx); err != nil {
		fmt.Println(err)
	}
	fmt.Println(files["a"], files["b"])
	// Output: 123 xy
}

func ExampleBackoff() {
	pool := coord.NewKeyed(nil, func(_ context.Context, op coord.Op[coord.NoKey], url string) error {
		fmt.Println("attempt", op.Attempt)
		if op.Attempt < 3 {
			return errors.New("not yet")
		}
		return nil
	}, coord.Options{Retry: coord.Backoff{Attempts: 5, First: time.Millisecond}})
	fmt.Println(pool.Do(context.Background(), "https://example.org"))
	// Output:
	// attempt 1
	// attempt 2
	// attempt 3
	// <nil>
}

// Permanent says that another attempt would be in vain.
func ExamplePermanent() {
	pool := coord.New(func(context.Context, string) error {
		fmt.Println("trying")
		return coord.Permanent(errors.New("no such host"))
	}, coord.Options{Retry: coord.Backoff{}})
	fmt.Println(pool.Do(context.Background(), "https://example.invalid"))
	// Output:
	// trying
	// no such host
}

func ExampleMap() {
	ctx := context.Background()
	slow := func(_ context.Context, n int) (string, error) {
		time.Sleep(time.Duration(5-n) * time.Millisecond) // the first takes longest
		return strings.Repeat("*", n), nil
	}
	for line, err := range coord.Map(ctx, slices.Values([]int{1, 2, 3, 4}), slow, coord.Options{Limit: 4}) {
		fmt.Println(line, err)
	}
	// Output:
	// * <nil>
	// ** <nil>
	// *** <nil>
	// **** <nil>
}

func ExampleForEach() {
	check := func(_ context.Context, n int) error {
		if n%2 == 0 {
			return fmt.Errorf("%d is even", n)
		}
		return nil
	}
	err := coord.ForEach(context.Background(), slices.Values([]int{1, 2, 3, 4}), check, coord.Options{Limit: 1})
	fmt.Println(err)
	// Output:
	// 2 is even
	// 4 is even
}

func ExampleForEachUntilError() {
	check := func(_ context.Context, n int) error {
		fmt.Println("checking", n)
		if n%2 == 0 {
			return fmt.Errorf("%d is even", n)
		}
		return nil
	}
	err := coord.ForEachUntilError(context.Background(), slices.Values([]int{1, 2, 3, 4}), check, coord.Options{Limit: 1})
	fmt.Println(err)
	// Output:
	// checking 1
	// checking 2
	// 2 is even
}

// Strict lanes go first; what is left is shared by weight.
func ExampleLane() {
	pool := coord.New(func(_ context.Context, name string) error {
		fmt.Print(name, " ")
		return nil
	}, coord.Options{Limit: 1, Lanes: []coord.Lane{{Name: "urgent"}, {Name: "mail", Weight: 2}, {Name: "backup", Weight: 1}}})
	ctx := context.Background()
	pool.Pause()
	for i := range 4 {
		for _, lane := range []string{"backup", "mail", "urgent"} {
			if lane == "urgent" && i > 0 {
				continue
			}
			if _, err := pool.Put(ctx, lane, coord.InNamedLane(lane)); err != nil {
				fmt.Println(err)
			}
		}
	}
	pool.Resume()
	if err := pool.Drain(ctx); err != nil {
		fmt.Println(err)
	}
	// Output: urgent mail backup mail mail backup mail backup backup
}

// Work waits while a condition holds, and goes on by itself when it is cleared.
func ExampleGateOn() {
	var sink signals.Sink
	gate, stop := coord.GateOn(&sink, coord.GateRules{Hold: signals.MustCompile("disk.full")})
	defer stop()
	pool := coord.New(func(_ context.Context, name string) error {
		fmt.Println("write", name)
		return nil
	}, coord.Options{Gate: gate})

	ctx := context.Background()
	sink.Set("disk.full", "/var", 0)
	if _, err := pool.Put(ctx, "a.log"); err != nil {
		fmt.Println(err)
	}
	fmt.Println(pool.Stats().Pending, "waiting")
	sink.Clear("disk.full", "/var")
	if err := pool.Drain(ctx); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 1 waiting
	// write a.log
}

func ExampleNewCalls() {
	calls := coord.NewCalls[coord.NoKey](nil, func(_ context.Context, n int) (int, error) { return n * n, nil }, coord.Options{})
	ctx := context.Background()
	future, err := calls.Go(ctx, 12)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(future.Wait(ctx))
	// Output: 144 <nil>
}
