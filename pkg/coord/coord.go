package coord

import (
	"context"
	"iter"
	"time"

	"github.com/mostlylucid/eph/internal/sched"
)

// Keyed orders work by key. The ops of a key start in the order in which they were accepted, and no
// more than Options.PerKey of them run at once; an op that waits for its retry holds its key and
// nothing else. Keys take turns, so a key with a long backlog does not hold up the others.
//
// All methods are safe for concurrent use, even from a running function and from Hooks.Retry and
// Hooks.Finish, with one exception: a function that waits for its own coordinator to become idle,
// or for room in it, may wait for itself. Create one with [New] or [NewKeyed]; the zero value is not
// usable. It need not be closed: see the package comment.
type Keyed[K comparable, T any] struct {
	s       *sched.Scheduler[K, T]
	news    *announcer[K]    // nil without Options.Signals
	resolve func(Info[K], T) // of Calls: is told of the end whatever Notify sets; may be nil
}

// Pool is a coordinator without keys. Its methods are those of [Keyed].
type Pool[T any] = Keyed[NoKey, T]

// NoKey is the key type of a [Pool].
type NoKey = struct{}

// New returns a pool that runs fn, for several values at the same time. It panics if fn is nil.
// See [NewKeyed] for the context that fn gets and for what happens to its error.
func New[T any](fn func(ctx context.Context, v T) error, o Options) *Pool[T] {
	mustHave(fn != nil)
	return NewKeyed(nil, func(ctx context.Context, _ Op[NoKey], v T) error { return fn(ctx, v) }, o)
}

// NewKeyed returns a coordinator that runs fn, and panics if that is nil. keyOf names the key of a
// value; it is called on the submitter's goroutine, and with a nil keyOf nothing has a key.
//
// The context that fn gets is for one attempt. It ends when the op is dropped, when its time is up,
// when the coordinator is cancelled, and in any case soon after fn has returned, so a goroutine that
// fn leaves behind can wait for it. It has the deadline of Options.Timeout, the values and the
// deadline of Bound, and within ForEach and Map those of their context; no others.
//
// An error of fn concerns only its op. Options.Retry may cause a retry; the error of the last
// attempt is passed to Hooks.Finish, returned by Do, available as Info.Err from Recent and Find, and
// counted in Stats.Failed. Calls that concern the coordinator as a whole, such as Put, Drain and
// Shutdown, do not return it. [ForEach] joins the errors of its ops, and [Map] and [Calls] return
// each with its result.
func NewKeyed[K comparable, T any](keyOf func(T) K, fn func(ctx context.Context, op Op[K], v T) error, o Options) *Keyed[K, T] {
	mustHave(fn != nil)
	sink := o.Signals
	var news *announcer[K]
	if sink != nil {
		news = newAnnouncer[K](sink)
	}
	run := func(ctx context.Context, op sched.Op[K], v T) error {
		if news != nil {
			news.begins(&op)
		}
		return fn(ctx, Op[K]{ID: op.ID, Key: op.Key, Lane: op.Lane, Attempt: op.Attempt, sink: sink}, v)
	}
	c := &Keyed[K, T]{s: sched.New(run, keyOf, o.sched()), news: news}
	if news != nil {
		c.Notify(Hooks[K, T]{})
	}
	return c
}

func mustHave(fn bool) {
	if !fn {
		panic("coord: the function to run is nil")
	}
}

// Notify sets the hooks, replacing earlier ones. Call it before the first Put; it panics once an op
// was accepted.
func (c *Keyed[K, T]) Notify(h Hooks[K, T]) {
	if c.news != nil {
		h = announcing(c.news, h)
	}
	if c.resolve != nil {
		h = resolving(c.resolve, h)
	}
	c.s.Notify(sched.Hooks[K, T](h))
}

// Put accepts v, waiting for room first if necessary; it does not wait for v to run. Waiting
// producers are served in order. The context bounds the wait, not the op: see Bound for that. The
// errors are ErrClosed, ErrNoLane and the cause of the context; with any of them v was not accepted.
func (c *Keyed[K, T]) Put(ctx context.Context, v T, opts ...PutOption) (ID, error) {
	return c.s.Put(ctx, v, submit(opts))
}

// TryPut is like Put, but returns ErrFull instead of waiting. It never blocks.
func (c *Keyed[K, T]) TryPut(v T, opts ...PutOption) (ID, error) {
	return c.s.TryPut(v, submit(opts))
}

// PutAll accepts the values of a sequence up to the first error, and returns how many it accepted.
// It may wait for room before each of them; it saves writing the loop, not its cost.
func (c *Keyed[K, T]) PutAll(ctx context.Context, seq iter.Seq[T], opts ...PutOption) (int, error) {
	o := submit(opts)
	n := 0
	for v := range seq {
		if _, err := c.s.Put(ctx, v, o); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// Do is Put followed by a wait for the end of the op. It returns the op's error: nil, the error of
// the last attempt, or one that wraps ErrDropped. If the context ends first, Do returns its cause
// and the op continues, unless it is also Bound to the context; without that fn does not see it.
func (c *Keyed[K, T]) Do(ctx context.Context, v T, opts ...PutOption) error {
	o := submit(opts)
	o.Done = make(chan error, 1)
	if _, err := c.s.Put(ctx, v, o); err != nil {
		return err
	}
	select {
	case err := <-o.Done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Drop ends a waiting op as Dropped, with an error that wraps ErrDropped and the cause, which may
// be nil. The context of a running op is cancelled with the cause, and the op is not retried; it
// ends as what its function returns, so as Failed with that error, which need not wrap ErrDropped
// or the cause, or as Done. Drop does not wait for it. It reports whether the op was waiting or running. O(waiting or running ops).
func (c *Keyed[K, T]) Drop(id ID, cause error) bool { return c.s.Drop(id, cause) }

// SetLimit changes how many ops run at once; less than 1 counts as 1. Lowering it interrupts
// nothing: nothing starts until fewer ops than the new limit are running.
func (c *Keyed[K, T]) SetLimit(n int) { c.s.SetLimit(n) }

// Reconsider consults Options.Rate again after its rate has changed: a permit that is not due yet is
// given back, if the limiter takes permits back, and a new one is reserved. Without a rate it does
// nothing. A limiter that has OnChange calls it by itself: see Limiter.
func (c *Keyed[K, T]) Reconsider() { c.s.Reconsider() }

// FindFunc looks for a waiting or running op by its value. match is called with a lock held: it
// must be quick and must not call the coordinator. O(waiting or running ops).
func (c *Keyed[K, T]) FindFunc(match func(T) bool) (ID, bool) { return c.s.FindFunc(match) }

// Pause stops ops from starting until Resume has been called as often. Running ops continue. It does
// not wait.
func (c *Keyed[K, T]) Pause() { c.s.Pause() }

// Resume undoes one Pause; if there is none, it does nothing.
func (c *Keyed[K, T]) Resume() { c.s.Resume() }

// Idle waits until no op waits or runs, and then returns nil; if the context ends first, it returns
// the cause. Intake stays open. What may not start is waited for too: while the coordinator is
// paused or a gate is shut, Idle, Drain and Shutdown wait until that has ended, or their context.
func (c *Keyed[K, T]) Idle(ctx context.Context) error { return c.s.Idle(ctx) }

// Quiesce pauses, waits until nothing runs, calls fn, and resumes, even if fn panics. It lets an
// occasional writer share a resource with readers. Concurrent calls take turns, so fn must not call
// Quiesce. The error is that of fn, or the cause of ctx, which bounds the wait: then fn was not
// called.
func (c *Keyed[K, T]) Quiesce(ctx context.Context, fn func() error) error {
	return c.s.Quiesce(ctx, fn)
}

// Close ends intake: a Put that is waiting, or is called later, returns ErrClosed. Accepted ops
// still run. Close is idempotent and does not wait.
func (c *Keyed[K, T]) Close() { c.s.Close() }

// Drain is Close followed by Idle: when it returns nil, every op has ended and Hooks.Finish has been
// called for it. It returns nil even if ops have failed: see NewKeyed for what happens to their
// errors. If the context ends first, Drain returns its cause, and the remaining ops continue.
func (c *Keyed[K, T]) Drain(ctx context.Context) error { return c.s.Drain(ctx) }

// Cancel ends intake, drops waiting ops, and cancels the contexts of running ones, all with this
// cause; nil means context.Canceled. Nothing is retried any more. It does not wait for running ops,
// but calls Hooks.Finish for the dropped ones before it returns.
func (c *Keyed[K, T]) Cancel(cause error) { c.s.Cancel(cause) }

// Shutdown is Drain, and, if the context ends first, Cancel with the cause of the context, which it
// returns once the running ops have ended: functions must respect their contexts. Like Drain it
// never returns the error of an op.
func (c *Keyed[K, T]) Shutdown(ctx context.Context) error { return c.s.Shutdown(ctx) }

// Stats returns a consistent copy of the counters. O(lanes).
func (c *Keyed[K, T]) Stats() Stats { return Stats(c.s.Stats()) }

// Running yields the ops that are running, in no particular order. Like the other listings it works
// on a copy taken when the loop starts, so the loop may take its time and may call the coordinator.
func (c *Keyed[K, T]) Running() iter.Seq[Info[K]] { return c.s.Running() }

// Recent yields the last finished ops, newest first, with older pinned ones at the end.
func (c *Keyed[K, T]) Recent() iter.Seq[Info[K]] { return c.s.Recent() }

// SetHistory changes Options.History and Options.MaxAge, with the same meaning of zero and negative
// values; the newest n ops are kept, and so are pinned ones. An op that ended while no MaxAge was
// set has no age, and is always shown. O(n).
func (c *Keyed[K, T]) SetHistory(n int, maxAge time.Duration) { c.s.SetHistory(n, maxAge) }

// Waiting yields the waiting ops of a key, in the order in which they will start. Without keys it
// yields nothing.
func (c *Keyed[K, T]) Waiting(key K) iter.Seq[Info[K]] { return c.s.Waiting(key) }

// Find looks for an op among the waiting, running and recent ones. O(their number).
func (c *Keyed[K, T]) Find(id ID) (Info[K], bool) { return c.s.Find(id) }

// Pin keeps a finished op among the recent ones for d from now, however many end after it; a second
// call changes the time. It reports whether the op was still there.
func (c *Keyed[K, T]) Pin(id ID, d time.Duration) bool { return c.s.Pin(id, d) }

// Unpin undoes Pin. It reports whether the op was pinned.
func (c *Keyed[K, T]) Unpin(id ID) bool { return c.s.Unpin(id) }
