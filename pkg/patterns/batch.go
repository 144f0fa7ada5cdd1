package patterns

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mostlylucid/eph/pkg/coord"
)

// Batch collects values and hands them over together: when there are enough of them, or some time
// after the first. Batches are handed over one at a time, in order; one that fails is retried as the
// options of its coordinator say, holding up the next, and is finally reported to onError rather
// than lost silently. While as many batches wait as Options.Window allows, Put waits too.
//
// A Batch owns a timer while it holds values: end it with Drain, Shutdown or Cancel. Create one with
// NewBatch.
type Batch[T any] struct {
	size    int
	wait    time.Duration
	onError func([]T, error)
	work    *coord.Pool[[]T]

	closed   atomic.Bool           // no value is taken any more
	canceled atomic.Pointer[error] // why what was collected is dropped; nil: it is not
	giving   sync.WaitGroup        // of it to onError

	turn chan struct{} // a lock that heeds contexts, and serves in order; held over what follows
	now  []T
	due  *time.Timer // hands over what was collected; nil if there is nothing
}

// NewBatch returns a batch that calls fn with size values, or with fewer once wait has passed
// since the first of them. A size of 0 or less means 32, and a wait of 0 or less one second. In o,
// Limit is always 1 and a Window of 0 means 4 batches. onError may be nil; it is called for a batch
// that has failed for good or was dropped. The slices belong to fn and onError. A nil fn panics.
func NewBatch[T any](size int, wait time.Duration, fn func(context.Context, []T) error, onError func([]T, error), o coord.Options) *Batch[T] {
	if fn == nil {
		panic("patterns: NewBatch with a nil function")
	}
	if size <= 0 {
		size = 32
	}
	if wait <= 0 {
		wait = time.Second
	}
	o.Limit = 1
	if o.Window == 0 {
		o.Window = 4
	}
	if onError == nil {
		onError = func([]T, error) {}
	}
	b := &Batch[T]{size: size, wait: wait, onError: onError, turn: make(chan struct{}, 1)}
	b.work = coord.NewKeyed(oneKey[[]T], func(ctx context.Context, _ coord.Op[coord.NoKey], values []T) error { return fn(ctx, values) }, o)
	b.work.Notify(coord.Hooks[coord.NoKey, []T]{Finish: func(i coord.Info[coord.NoKey], values []T) {
		if i.State != coord.Done {
			onError(values, i.Err)
		}
	}})
	return b
}

// Put adds a value, waiting while too many batches wait. If ctx ends before there is room for the
// value, it is in no batch, and the error is the cause; once intake has ended it is coord.ErrClosed.
func (b *Batch[T]) Put(ctx context.Context, v T) error {
	if err := b.enter(ctx); err != nil {
		return err
	}
	defer b.leave()
	if b.closed.Load() {
		return coord.ErrClosed
	}
	if len(b.now) >= b.size { // an earlier Put's context ended before there was room
		if err := b.hand(ctx); err != nil {
			return err
		}
	}
	b.now = append(b.now, v)
	if len(b.now) < b.size {
		b.arm()
		return nil
	}
	_ = b.hand(ctx) // if ctx ends, the value is in the batch all the same, which goes when it can
	return nil
}

func (b *Batch[T]) enter(ctx context.Context) error {
	select {
	case b.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (b *Batch[T]) leave() {
	<-b.turn
	b.giveUp()
}

// giveUp drops what was collected, after Cancel. Who finds another at it leaves it to that one,
// which looks when it leaves.
func (b *Batch[T]) giveUp() {
	cause := b.canceled.Load()
	if cause == nil {
		return
	}
	select {
	case b.turn <- struct{}{}:
	default:
		return
	}
	b.giving.Add(1)
	defer b.giving.Done()
	values := b.now
	b.clear()
	<-b.turn
	if len(values) > 0 {
		b.onError(values, fmt.Errorf("%w: %w", coord.ErrDropped, *cause))
	}
}

// clear begins the next batch.
func (b *Batch[T]) clear() {
	b.now = nil
	if b.due != nil {
		b.due.Stop()
		b.due = nil
	}
}

// arm starts the timer of what was collected, unless it runs.
func (b *Batch[T]) arm() {
	if b.due != nil {
		return
	}
	var mine *time.Timer
	mine = time.AfterFunc(b.wait, func() {
		_ = b.enter(context.Background())
		defer b.leave()
		if b.due == mine { // else what it was for has gone
			_ = b.hand(context.Background())
		}
	})
	b.due = mine
}

// hand gives what was collected to the coordinator, and waits for room.
func (b *Batch[T]) hand(ctx context.Context) error {
	if len(b.now) == 0 {
		return nil
	}
	_, err := b.work.Put(ctx, b.now)
	switch {
	case err == nil:
		b.clear()
	case !errors.Is(err, coord.ErrClosed): // else leave gives it up
		b.arm()
	}
	return err
}

// Flush hands over what was collected and waits until nothing waits and nothing runs. It returns
// nil, whatever fn returned, or the cause of ctx if that ends first.
func (b *Batch[T]) Flush(ctx context.Context) error {
	if err := b.enter(ctx); err != nil {
		return err
	}
	err := b.hand(ctx)
	b.leave()
	if err != nil && !errors.Is(err, coord.ErrClosed) {
		return err
	}
	return b.work.Idle(ctx)
}

// Drain ends intake, hands over what was collected and waits until everything has ended. It
// returns no error of fn. If ctx ends first, it returns the cause, and the remaining work continues.
func (b *Batch[T]) Drain(ctx context.Context) error {
	b.closed.Store(true)
	if err := b.Flush(ctx); err != nil {
		return err
	}
	b.giving.Wait()
	return b.work.Drain(ctx)
}

// Shutdown is Drain and, if ctx ends first, Cancel with the cause of ctx, which it returns once fn has
// returned: fn must heed its context.
func (b *Batch[T]) Shutdown(ctx context.Context) error {
	err := b.Drain(ctx)
	if err != nil {
		b.Cancel(err)
		_ = b.Drain(context.WithoutCancel(ctx))
	}
	return err
}

// Cancel ends intake, drops what was collected and what waits, and cancels the context of fn, all
// with this cause; nil means context.Canceled. Nothing is tried again, and onError is called for what
// was dropped. It does not wait for fn.
func (b *Batch[T]) Cancel(cause error) {
	if cause == nil {
		cause = context.Canceled
	}
	b.closed.Store(true)
	b.canceled.CompareAndSwap(nil, &cause)
	b.work.Cancel(cause)
	b.giveUp()
}

// Stats is a consistent copy of the counters, which count batches.
func (b *Batch[T]) Stats() coord.Stats { return b.work.Stats() }
