package patterns_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/patterns"
	"github.com/mostlylucid/eph/pkg/signals"
)

// This file has what steers work: breakers and gates before it, and commands to it.

// Work of a circuit that is open waits, and spends no slot and no attempt. What is not of it goes
// on.
func ExampleGuardedBy() {
	breaker := patterns.NewBreaker(patterns.BreakerOptions{Failures: 1, Cooldown: time.Millisecond})
	of := func(name string) *patterns.Breaker {
		if name == "good" {
			return nil
		}
		return breaker
	}
	call, admit := patterns.GuardedBy(of, func(_ context.Context, op coord.Op[coord.NoKey], name string) error {
		if name == "bad" && op.Attempt == 1 {
			fmt.Println(name, "is down")
			return errors.New("no answer")
		}
		fmt.Println(name)
		return nil
	})
	pool := coord.NewKeyed(nil, call, coord.Options{Limit: 4, Retry: coord.Backoff{First: 1}})
	pool.Notify(coord.Hooks[coord.NoKey, string]{Admit: admit})
	ctx := context.Background()
	_, _ = pool.Put(ctx, "bad")
	_, _ = pool.Put(ctx, "good")
	_ = pool.Drain(ctx)
	fmt.Println("open:", breaker.State().Open)
	// Unordered output:
	// bad is down
	// good
	// bad
	// open: false
}

// A breaker may listen in place of being called: too many failures in a time open it.
func ExampleBreaker_Feed() {
	var sink signals.Sink
	breaker := patterns.NewBreaker(patterns.BreakerOptions{Failures: 3, Span: time.Minute})
	defer breaker.Feed(&sink, signals.MustCompile("*.failed"))()
	for _, name := range []string{"login.failed", "login.done", "mail.failed", "mail.failed"} {
		sink.Raise(name, "")
		fmt.Println(name, breaker.State().Open)
	}
	// Output:
	// login.failed false
	// login.done false
	// mail.failed false
	// mail.failed true
}

// Priority processor: what the first cannot do goes to the second, and after three failures
// nobody asks the first any more until it has had time to recover.
func Example_failOver() {
	type service struct {
		name    string
		breaker *patterns.Breaker
		call    func(context.Context) error
	}
	services := []service{
		{"primary", patterns.NewBreaker(patterns.BreakerOptions{Failures: 3, Span: -1}), func(context.Context) error {
			return errors.New("down")
		}},
		{"backup", patterns.NewBreaker(patterns.BreakerOptions{Failures: 3, Span: -1}), func(context.Context) error {
			return nil
		}},
	}
	process := func(ctx context.Context) (by string, err error) {
		for _, s := range services {
			if err = s.breaker.Do(ctx, s.call); err == nil {
				return s.name, nil
			}
			fmt.Println(s.name, "asked:", !errors.Is(err, patterns.ErrOpen))
		}
		return "", err
	}
	for range 4 {
		fmt.Println(process(context.Background()))
	}
	// Output:
	// primary asked: true
	// backup <nil>
	// primary asked: true
	// backup <nil>
	// primary asked: true
	// backup <nil>
	// primary asked: false
	// backup <nil>
}

// Backpressure: producers gate on the condition, and nobody polls.
func ExampleBackpressure_gate() {
	var sink signals.Sink
	pressure := &patterns.Backpressure{Sink: &sink, Condition: "backpressure.store", High: 2, Low: 1}
	gate, stop := coord.GateOn(&sink, coord.GateRules{Hold: signals.MustCompile("backpressure.*"), Max: time.Minute})
	defer stop()
	fetch := coord.New(func(_ context.Context, name string) error {
		fmt.Println("fetch", name)
		return nil
	}, coord.Options{Limit: 1, Gate: gate})
	ctx := context.Background()
	pressure.Add(+2) // two wait for the store
	_, _ = fetch.Put(ctx, "a")
	fmt.Println("waiting:", fetch.Stats().Pending)
	pressure.Add(-1) // one was stored
	_ = fetch.Drain(ctx)
	// Output:
	// waiting: 1
	// fetch a
}

// Signal-aware work: one condition holds it back, another ends it.
func Example_signalAware() {
	var sink signals.Sink
	gate, stop := coord.GateOn(&sink, coord.GateRules{Hold: signals.MustCompile("maintenance"), Drop: signals.MustCompile("shutdown")})
	defer stop()
	work := coord.New(func(_ context.Context, name string) error {
		fmt.Println("run", name)
		return nil
	}, coord.Options{Limit: 1, Gate: gate})
	ctx := context.Background()
	sink.Set("maintenance", "", 0)
	_, _ = work.Put(ctx, "a") // deferred
	sink.Clear("maintenance", "")
	_ = work.Idle(ctx)
	sink.Set("shutdown", "", 0)
	fmt.Println(errors.Is(work.Do(ctx, "b"), coord.ErrDropped))
	sink.Clear("shutdown", "")
	fmt.Println(work.Do(ctx, "c"))
	// Output:
	// run a
	// true
	// run c
	// <nil>
}

// Commands that steer a limit and a rate while work goes on. Only a whole verb counts, and the
// program decides what is too much.
func Example_commands() {
	var sink signals.Sink
	pool := coord.New(func(context.Context, int) error { return nil }, coord.Options{Limit: 4})
	rate := patterns.NewRate(10, 20)
	defer sink.Subscribe(signals.MustCompile("limit.set:*,rate.limit.set:*,rate.limit.burst:*"), func(e signals.Event) {
		if n, ok := number(e, "limit.set"); ok {
			pool.SetLimit(min(max(int(n), 1), 64))
		}
		if n, ok := number(e, "rate.limit.set"); ok {
			rate.Set(min(max(n, 0.1), 1000), 20)
			pool.Reconsider() // if rate is its Options.Rate
		}
		if n, ok := number(e, "rate.limit.burst"); ok {
			rate.Set(rate.PerSecond(), int(n))
		}
	})()
	for _, name := range []string{"limit.set:8", "preset.limit.set:9", "limit.set:many", "limit.set:1000000", "rate.limit.set:0.5", "rate.limit.burst:3"} {
		sink.Raise(name, "")
		fmt.Println(pool.Stats().Limit, rate.PerSecond())
	}
	fmt.Println(rate.Allow(), rate.Allow(), rate.Allow(), rate.Allow())
	// Output:
	// 8 10
	// 8 10
	// 8 10
	// 64 10
	// 64 0.5
	// 64 0.5
	// true true true false
}

// number reads the payload of a command.
func number(e signals.Event, verb string) (float64, bool) {
	text, ok := signals.Command(e.Name, verb)
	n, err := strconv.ParseFloat(text, 64)
	return n, ok && err == nil
}
