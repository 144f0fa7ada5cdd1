// Package coord runs work within bounds: how much at once, how much per key, how much may
// wait, in which order, and what happens when it fails.
//
// The smallest use fetches eight URLs at a time and returns the errors of all:
//
//	err := coord.ForEach(ctx, slices.Values(urls), fetch, coord.Options{Limit: 8})
//
// If values arrive one by one, use a pool. It reports errors to a hook:
//
//	pool := coord.New(fetch, coord.Options{Limit: 8})
//	pool.Notify(coord.Hooks[coord.NoKey, string]{Finish: func(i coord.Info[coord.NoKey], url string) {
//		if i.Err != nil {
//			log.Printf("%s: %v", url, i.Err)
//		}
//	}})
//	for url := range urls {
//		if _, err := pool.Put(ctx, url); err != nil {
//			return err // url was not accepted
//		}
//	}
//	return pool.Drain(ctx) // waits until every op has ended
//
// A value that is put in becomes an op. An op is accepted once, waits for its turn, runs,
// perhaps more than once, and ends once. [Pool], [Keyed], [Calls], [ForEach] and [Map] are views
// of one scheduler, so everything said here holds for each of them.
//
// # The life of an op
//
//	new      --accept-->    pending
//	new      --postpone-->  delayed
//	pending  --start-->     running
//	pending  --hold-->      delayed
//	pending  --drop-->      dropped
//	delayed  --due-->       pending
//	delayed  --drop-->      dropped
//	running  --succeed-->   done
//	running  --fail-->      failed
//	running  --retry-->     delayed
//
// Done, failed and dropped are final. A running op holds a slot and one of its key's places; a
// delayed one holds its key if it is first in it, but no slot.
//
// # Order
//
//   - Ops of one key start in the order in which they were accepted. An op that is retried goes
//     first: no op of a key starts between two attempts of another.
//   - Keys take turns. A key that may not start, because it is already running or waits for a
//     retry, does not hold up other keys. Nor do turns hold up a key whose backlog is so long that
//     it decides when everything ends: it goes first, but never twice in a row while others wait.
//   - Strict lanes go before weighted ones; within a lane the higher priority goes first.
//     [LaneOrder] says how urgency may affect the order within a key, and Options.Aging limits how
//     long others have to wait for it.
//   - Without keys, lanes and priorities it is first come, first served.
//
// # When it fails, when it is full, when it ends
//
// An error that the function returns is passed to Options.Retry if that is set; otherwise it is
// final. A panic counts as an error ([PanicError]) and so does the end of the goroutine
// ([ErrGoexit]); neither takes down the program or the coordinator. [Permanent] and [RetryAfter]
// mark errors for the retry policy.
//
// The final error goes to Hooks.Finish and to whoever waits for that op: in Do, in Call, in
// ForEach, in the loop over Map. Put and Drain return only errors in accepting and in waiting.
//
// When as many ops wait as Options.Window allows, Put waits, in order of arrival, and TryPut
// returns [ErrFull].
//
// Close ends intake, Drain waits for the rest, Cancel drops it, and Shutdown does what Drain does
// and, when time runs out, what Cancel does. An idle coordinator owns no goroutine, no timer and no
// memory for the keys it has seen, so it may simply be abandoned, unless it has a [Gate] that
// outlives it.
//
// # What it does not do
//
// It does not outlive the process, it preempts a running op only through its context, and it does
// not order the results, except in [Map].
//
// The ideas come from the .NET library Mostlylucid.Ephemeral; the promises are stated and tested
// afresh.
package coord
