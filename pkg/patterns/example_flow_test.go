package patterns_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/patterns"
	"github.com/mostlylucid/eph/pkg/signals"
)

// This file has work in more than one step: molecules, reactions, waves, schedules, quorums.

// Molecule: a signal starts steps that run in order and share a state. Orders run side by side,
// and the steps of one after another, because the order is their key.
func Example_molecule() {
	type order struct {
		id   string
		done []string
	}
	type step struct {
		*order
		name string
		run  func(context.Context, *order) error
	}
	molecule := coord.NewKeyed(func(s step) *order { return s.order }, func(ctx context.Context, _ coord.Op[*order], s step) error {
		if len(s.done) > 0 && s.done[len(s.done)-1] == "failed" {
			return nil // so what follows is not done
		}
		if err := s.run(ctx, s.order); err != nil {
			s.done = append(s.done, "failed")
			return err
		}
		s.done = append(s.done, s.name)
		return nil
	}, coord.Options{})

	var sink signals.Sink
	orders := make(map[string]*order)
	defer sink.Subscribe(signals.MustCompile("order.placed"), func(e signals.Event) {
		o := &order{id: e.Key}
		orders[o.id] = o
		for _, s := range []step{
			{o, "reserve", func(context.Context, *order) error { return nil }},
			{o, "charge", func(_ context.Context, o *order) error {
				if strings.HasPrefix(o.id, "broke") {
					return errors.New("card declined")
				}
				return nil
			}},
			{o, "ship", func(context.Context, *order) error { return nil }},
		} {
			_, _ = molecule.TryPut(s)
		}
	})()

	sink.Raise("order.placed", "alice-1")
	sink.Raise("order.placed", "broke-2")
	_ = molecule.Drain(context.Background())
	fmt.Println(orders["alice-1"].done)
	fmt.Println(orders["broke-2"].done)
	// Output:
	// [reserve charge ship]
	// [reserve failed]
}

// Reactions: what a signal causes raises signals that cause more. With Follow each knows where it
// came from, and a circle ends.
func Example_reactions() {
	var sink signals.Sink
	then := func(on, raise string) {
		sink.Subscribe(signals.MustCompile(on), func(e signals.Event) { sink.Follow(e, raise, e.Key) })
	}
	then("upload.stored", "image.resized")
	then("image.resized", "page.rendered")
	then("page.rendered", "upload.stored") // a mistake: it would go round for ever
	sink.Subscribe(signals.MustCompile("*"), func(e signals.Event) {
		chain := e.Name
		for c := e.Cause; c != nil; c = c.Parent {
			chain += " <- " + c.Name
		}
		fmt.Println(chain)
	})
	sink.Raise("upload.stored", "cat.png")
	// What causes something is delivered before what it caused is: read from the end.
	// Output:
	// page.rendered <- image.resized <- upload.stored
	// image.resized <- upload.stored
	// upload.stored
}

// Waves: each begins when the one before it has ended, with so many at once, a time for each
// item, and a breaker that ends it all when too much fails.
func Example_waves() {
	breaker := patterns.NewBreaker(patterns.BreakerOptions{Failures: 3, Span: -1})
	deploy := func(ctx context.Context, host string) error {
		return breaker.Do(ctx, func(context.Context) error {
			if strings.HasPrefix(host, "old") {
				return errors.New("no room")
			}
			return nil
		})
	}
	for i, wave := range [][]string{{"canary"}, {"web1", "web2", "web3"}, {"old1", "old2", "old3", "old4"}, {"rest"}} {
		err := coord.ForEach(context.Background(), slices.Values(wave), deploy, coord.Options{Limit: 4, Timeout: time.Minute})
		if breaker.State().Open {
			fmt.Println("wave", i+1, "was the last")
			break
		}
		fmt.Println("wave", i+1, err)
	}
	// Output:
	// wave 1 <nil>
	// wave 2 <nil>
	// wave 3 was the last
}

// Scheduled work: each run puts the next one, due at its time. There is one timer, whatever the
// number of schedules, nothing is polled, and runs of one schedule never overlap.
func Example_schedule() {
	type job struct {
		name string
		next func(now time.Time) time.Time // of any cron library
	}
	var runs sync.WaitGroup
	runs.Add(3)
	n := 0
	var timetable *coord.Keyed[string, job]
	later := func(j job) {
		now := time.Now()
		// Of runs that were missed, by a machine that slept, none is caught up with: next is of now.
		_, _ = timetable.TryPut(j, coord.After(j.next(now).Sub(now)))
	}
	timetable = coord.NewKeyed(func(j job) string { return j.name }, func(_ context.Context, op coord.Op[string], j job) error {
		if n++; n <= 3 {
			fmt.Println(op.Key, n)
			runs.Done()
		}
		later(j)
		return nil
	}, coord.Options{Window: -1})
	later(job{"report", func(now time.Time) time.Time { return now.Add(time.Millisecond) }})
	runs.Wait()
	timetable.Cancel(nil)
	_ = timetable.Drain(context.Background()) // intake has ended, and so has the chain
	// Output:
	// report 1
	// report 2
	// report 3
}

// Contributors: an answer is good when enough of those who were asked agree, and then nobody waits
// for the rest, whose work is cancelled.
func Example_contributors() {
	var sink signals.Sink
	agreed := patterns.NewQuorum(&sink, signals.MustCompile("vote.yes"), signals.MustCompile("vote.veto"), 2)
	defer agreed.Close()
	ask := coord.New(func(ctx context.Context, who string) error {
		if who == "slow" {
			<-ctx.Done()
			return context.Cause(ctx)
		}
		sink.Raise("vote.yes", who)
		return nil
	}, coord.Options{Limit: 3})
	ctx := context.Background()
	for _, who := range []string{"slow", "north", "south"} {
		_, _ = ask.Put(ctx, who)
	}
	votes, err := agreed.Wait(ctx)
	ask.Cancel(errors.New("agreed")) // early exit
	_ = ask.Drain(ctx)
	fmt.Println(votes, err)
	// Output: 2 <nil>
}

// Early exit: the first good result ends the search, and what else runs is cancelled.
func Example_earlyExit() {
	ctx, found := context.WithCancelCause(context.Background())
	defer found(nil)
	numbers := func(yield func(int) bool) {
		for n := 11; yield(n); n++ {
		}
	}
	err := coord.ForEach(ctx, numbers, func(_ context.Context, n int) error {
		if n%5 == 0 {
			found(fmt.Errorf("found %d", n))
		}
		return nil
	}, coord.Options{Limit: 1, Window: 1})
	fmt.Println(err)
	// Output: found 15
}
