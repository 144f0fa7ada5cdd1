// Package signals carries small named facts between the parts of one program.
//
// These are not the signals of the operating system, and nothing here crosses the border
// of a process. A [Sink] knows two kinds of fact:
//
//   - An event happened, once: "job.failed". Subscribers see it when it is raised and, if
//     the sink keeps a window, it can be looked up for a while.
//   - A condition holds until it is cleared or its time runs out: "backpressure.disk".
//     Gates and waiters react to the change; nobody polls. Setting a condition also raises
//     an event of its name, and its end one of its name + ".cleared".
//
// The smallest use is three lines:
//
//	var sink signals.Sink
//	sink.Subscribe(signals.MustCompile("job.*"), func(e signals.Event) { fmt.Println(e.Name, e.Key) })
//	sink.Raise("job.failed", "item-7")
//
// # Names
//
// A name is dotted words, most general first; what follows a colon is a value, read with
// [Command]. A [Pattern] selects names. The key says which entity the event is about, and
// patterns do not look at it.
//
// # Order
//
//   - Subscribers run on the raiser's goroutine, in the order of subscription, and have
//     returned when Raise returns.
//   - What one goroutine raises reaches each subscriber in that order. What a subscriber
//     raises in turn is delivered at once, so before the event it reacts to has reached
//     the subscribers after it.
//   - With a window, all events have one total order and Seq is the place in it, from 1
//     and without a gap. A raise that returned before another began has the smaller Seq.
//     Subscribers may see events of different goroutines in another order: sort by Seq
//     where it matters.
//   - An event whose raise begins after Subscribe returned is seen; one whose raise begins
//     after stop returned is not. Whoever subscribes first and then asks [Sink.Since]
//     misses nothing, and tells the overlap by Seq.
//   - A condition changes first, then OnChange functions are told, then subscribers. The
//     window has the events of a condition in the order of its changes.
//   - A [Dispatcher] keeps the order of arrival within a key, and none between keys.
//
// # Who ends it
//
// What begins to listen returns a function named stop, which ends it: [Sink.Subscribe],
// [Sink.OnChange], [Dispatcher.Handle], [Forward]. It may be called from anywhere, also from the
// function that listens, and more than once, and it does not wait. Whoever never calls it listens
// as long as the sink lives. A [Reader] and a [Counter] have Close, which does the same; a
// [Dispatcher] has Shutdown, which waits for its handlers.
//
// # When something goes wrong
//
// A panic of a subscriber is contained: the raiser and the other subscribers go on,
// [Sink.Panics] counts it and Options.OnPanic is told. runtime.Goexit is not contained,
// since the goroutine is the raiser's.
//
// A slow subscriber slows the raiser, always. To be slow in peace, read [Sink.Events], of
// which the oldest are let go when the reader lags, or add a handler to a [Dispatcher],
// which has a stated policy for a full queue. Both count what they let go.
//
// A [Guard] stops signals that cause one another without end, provided that reactions are
// raised with [Sink.Follow]. A Raise in a subscriber starts a chain of its own.
//
// # What it does not do
//
// It keeps nothing on disk, it has no wildcards for keys, it does not order the
// subscribers by priority, and it does not tell a raiser what became of its event. The
// package keeps no goroutine, timer or channel of its own, so every part of it can be
// tested inside a testing/synctest bubble.
//
// The idea, signals with a bounded memory as the glue between concurrent parts, comes from
// the .NET library Mostlylucid.Ephemeral.
package signals
