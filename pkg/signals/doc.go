// Package signals carries small named facts between the parts of one program.
//
// These are not operating system signals, and nothing here crosses a process boundary. A [Sink]
// knows two kinds of fact:
//
//   - An event happens once: "job.failed". Subscribers see it when it is raised, and if the sink
//     keeps a window, it can be looked up for a while.
//   - A condition holds until it is cleared or its time runs out: "backpressure.disk".
//     Gates and waiters react to the change; nobody polls. Setting a condition also raises
//     an event with its name, and its end raises one with its name + ".cleared".
//
// The smallest use is three lines:
//
//	var sink signals.Sink
//	sink.Subscribe(signals.MustCompile("job.*"), func(e signals.Event) { fmt.Println(e.Name, e.Key) })
//	sink.Raise("job.failed", "item-7")
//
// # Names
//
// A name consists of words separated by dots, the most general first; what follows a colon is a
// value, read with [Command]. A [Pattern] selects names. The key says which entity the event is
// about; patterns ignore it.
//
// # Order
//
//   - Subscribers run on the raiser's goroutine, in the order of subscription, and all have
//     returned by the time Raise returns.
//   - Events raised by one goroutine reach each subscriber in that order. What a subscriber
//     raises in turn is delivered immediately, before the event it reacts to has reached the
//     subscribers after it.
//   - With a window, all events have one total order, and Seq is the position in it, from 1
//     without gaps. If one raise returned before another began, it has the smaller Seq.
//     Subscribers may see events of different goroutines in another order: sort by Seq where it
//     matters.
//   - An event whose raise begins after Subscribe has returned is seen; one whose raise begins
//     after stop has returned is not. To miss nothing, subscribe first and then call
//     [Sink.Since]; Seq identifies the overlap.
//   - A condition changes first, then OnChange functions are called, then subscribers. The
//     window has the events of a condition in the order of its changes.
//   - A [Dispatcher] keeps the order of arrival within a key, but not between keys.
//
// # How to stop listening
//
// Whatever starts listening returns a function named stop, which ends it: [Sink.Subscribe],
// [Sink.OnChange], [Dispatcher.Handle], [Forward]. It may be called from anywhere, even from the
// listening function itself, and more than once, and it does not wait. If it is never called,
// listening lasts as long as the sink. A [Reader] and a [Counter] have Close, which does the same; a
// [Dispatcher] has Shutdown, which waits for its handlers.
//
// # When something goes wrong
//
// A panic in a subscriber is contained: the raiser and the other subscribers continue,
// [Sink.Panics] counts it, and Options.OnPanic is called. runtime.Goexit is not contained,
// because the goroutine is the raiser's.
//
// A slow subscriber always slows the raiser. A slow consumer should read [Sink.Events], which drops
// the oldest events when the reader lags, or add a handler to a [Dispatcher], which has a defined
// policy for a full queue. Both count what they drop.
//
// A [Guard] stops signals that cause one another endlessly, provided that reactions are raised
// with [Sink.Follow]. A Raise in a subscriber starts a new chain.
//
// # What it does not do
//
// It keeps nothing on disk, it has no wildcards for keys, it does not order subscribers by
// priority, and it does not tell a raiser what became of its event. The package keeps no goroutine,
// timer or channel of its own, so every part of it can be tested in a testing/synctest bubble.
//
// The idea, signals with a bounded memory as the glue between concurrent parts, comes from
// the .NET library Mostlylucid.Ephemeral.
package signals
