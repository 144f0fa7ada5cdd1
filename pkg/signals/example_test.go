package signals_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/mostlylucid/eph/pkg/signals"
)

func Example() {
	var sink signals.Sink // the zero value is ready
	sink.Subscribe(signals.MustCompile("job.*"), func(e signals.Event) {
		fmt.Println(e.Name, e.Key)
	})
	sink.Raise("job.started", "item-7")
	sink.Raise("run.progress", "")
	sink.Raise("job.failed", "item-7")
	// Output:
	// job.started item-7
	// job.failed item-7
}

// A condition holds until it is cleared. A gate follows it without polling.
func ExampleSink_OnChange() {
	var sink signals.Sink
	sink.OnChange(signals.MustCompile("backpressure.*"), func(holds bool) {
		fmt.Println("gate shut:", holds)
	})
	sink.Set("backpressure.disk", "", time.Minute)
	sink.Set("backpressure.memory", "", 0)
	sink.Clear("backpressure.disk", "")
	sink.Clear("backpressure.memory", "")
	// Output:
	// gate shut: true
	// gate shut: false
}

// A window lets a late reader catch up, and says what it missed.
func ExampleSink_Since() {
	sink := signals.New(signals.Options{Window: 2})
	for i := range 4 {
		sink.Raise("job.done", fmt.Sprint("item-", i))
	}
	events, lost := sink.Since(1)
	fmt.Println("lost:", lost)
	for _, e := range events {
		fmt.Println(e.Seq, e.Key)
	}
	// Output:
	// lost: 1
	// 3 item-2
	// 4 item-3
}

// Reactions raised with Follow carry their chain, so that a loop is stopped.
func ExampleSink_Follow() {
	sink := signals.New(signals.Options{Guard: signals.Guard{
		OnBlocked: func(e signals.Event, why signals.Reason) { fmt.Println("stopped", e.Name+":", why) },
	}})
	sink.Subscribe(signals.MustCompile("ping"), func(e signals.Event) { sink.Follow(e, "pong", "") })
	sink.Subscribe(signals.MustCompile("pong"), func(e signals.Event) {
		fmt.Println("pong at depth", e.Depth())
		sink.Follow(e, "ping", "")
	})
	sink.Raise("ping", "")
	// Output:
	// pong at depth 1
	// stopped ping: loop
}

func ExampleSink_Events() {
	var sink signals.Sink
	ctx, cancel := context.WithCancel(context.Background())
	reader := sink.Events(ctx, signals.MustCompile("job.*"), 2)
	for _, key := range []string{"a", "b", "c"} {
		sink.Raise("job.done", key)
	}
	cancel() // nothing more comes; what is held is still read
	for e := range reader.All() {
		fmt.Println(e.Key)
	}
	fmt.Println("lost:", reader.Lost())
	// Output:
	// b
	// c
	// lost: 1
}

func ExampleCommand() {
	var sink signals.Sink
	sink.Subscribe(signals.MustCompile("rate-limit:*"), func(e signals.Event) {
		if payload, ok := signals.Command(e.Name, "rate-limit"); ok {
			fmt.Println("wait", payload)
		}
	})
	sink.Raise("rate-limit:5s", "api.example.org")
	// Output: wait 5s
}

func ExampleDispatcher() {
	var sink signals.Sink
	d := signals.NewDispatcher(&sink, signals.DispatchOptions{})
	d.Handle(signals.MustCompile("job.done"), func(ctx context.Context, e signals.Event) error {
		fmt.Println("stored", e.Key) // may be slow: the raiser does not wait
		return nil
	})
	sink.Raise("job.done", "a")
	sink.Raise("job.done", "b")
	if err := d.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// stored a
	// stored b
}

func ExampleHandler() {
	var sink signals.Sink
	sink.Subscribe(signals.MustCompile("log.warn.*"), func(e signals.Event) {
		fmt.Println(e.Name, "-", e.Value.(slog.Record).Message)
	})
	log := slog.New(signals.Handler(&sink, nil))
	log.WithGroup("http").Warn("slow answer")
	log.WithGroup("http").Info("not listened to, not built")
	// Output: log.warn.http - slow answer
}
