// Package coord runs work within bounds: how much at once, how much per key, how much may
// wait, in which order, and what happens when it fails.
//
// The smallest use fetches eight URLs at a time and returns the errors of all:
//
//	err := coord.ForEach(ctx, slices.Values(urls), fetch, coord.Options{Limit: 8})
//
// Where values come little by little, a pool takes them. Its errors are told to a hook:
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
// perhaps more than once, and ends once. [Pool], [Keyed] and [Calls], [ForEach] and [Map] are
// views of one scheduler, so that what is said here holds for each of them.
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
// Done, failed and dropped are final. A running op holds a slot and a place of its key; a
// delayed one holds its key, when it is at the head of it, and no slot.
//
// # Order
//
//   - For one key, ops start in the order in which they were accepted. An op that is tried
//     again goes first: no op of a key starts between two attempts of another.
//   - Keys take turns. A key that may not start, because it runs already or waits for a retry,
//     holds up nobody else. A key with so long a backlog that it decides when all has ended is
//     not held up by turns either: it goes first, though never twice while others wait.
//   - Strict lanes go before weighted ones; within a lane the higher priority goes first.
//     What urgency may do to the order within a key is [LaneOrder], and to the patience of
//     others, Options.Aging.
//   - Without keys, lanes and priorities it is first come, first served.
//
// # When it fails, when it is full, when it ends
//
// An error of the function is given to Options.Retry, if there is one, and is final
// otherwise. A panic is an error ([PanicError]) and so is the end of the goroutine
// ([ErrGoexit]); neither takes the program or the coordinator down. [Permanent] and
// [RetryAfter] mark errors for the retry policy.
//
// The final error goes to Hooks.Finish and to whoever waits for that op: in Do, in Call, in
// ForEach, in the loop over Map. Put and Drain return only what went wrong with accepting and
// with waiting.
//
// When as many ops wait as Options.Window allows, Put waits, in order of arrival, and TryPut
// returns [ErrFull].
//
// Close ends intake, Drain waits for the rest, Cancel drops it, and Shutdown does the first
// and, when time runs out, the second. A coordinator that is idle owns no goroutine and no
// timer and, for the keys it has seen, no memory, so it may also just be forgotten, unless it
// has a [Gate] that outlives it.
//
// # What it does not do
//
// It does not outlive the process, does not preempt a running op other than through its
// context, and does not order the results: [Map] does.
//
// The ideas are those of the .NET library Mostlylucid.Ephemeral; the promises are stated, and
// tested, anew.
package coord
