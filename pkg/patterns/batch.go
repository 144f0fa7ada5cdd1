package patterns

import (
	"context"
	"sync"
	"time"

	"github.com/mostlylucid/eph/pkg/coord"
)

// Batch collects values and hands them over together: when there are Size of them, or when Wait
// has passed since the first. Batches are handed over one at a time, in order; one that fails is
// tried again as the options of its coordinator say, and is then told to OnError, not lost in
// silence. While batches wait, as many as Options.Window says, Put waits too.
type Batch[T any] struct {
	size int
	wait time.Duration
	work *coord.Pool[[]T]

	put sync.Mutex // keeps values in order through a Put that waits
	mu  sync.Mutex
	now []T
	due *time.Timer
}

// NewBatch returns a batch that calls fn. A size of 0 means 32, and a wait of 0 one second. Of
// o, Limit is 1 and a Window of 0 means 4 batches. onError may be nil; it is told of a batch
// that has failed for good.
func NewBatch[T any](size int, wait time.Duration, fn func(context.Context, []T) error, onError func([]T, error), o coord.Options) *Batch[T] {
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
	b := &Batch[T]{size: size, wait: wait, work: coord.New(fn, o)}
	if onError != nil {
		b.work.Notify(coord.Hooks[coord.NoKey, []T]{Finish: func(i coord.Info[coord.NoKey], values []T) {
			if i.State != coord.Done {
				onError(values, i.Err)
			}
		}})
	}
	return b
}

// Put adds a value, and waits while too many batches wait. When ctx ends first the value is not
// in any batch.
func (b *Batch[T]) Put(ctx context.Context, v T) error {
	b.put.Lock()
	defer b.put.Unlock()
	b.mu.Lock()
	full := len(b.now) >= b.size
	b.mu.Unlock()
	if full { // its timer, or an earlier Put, could not hand it over
		if err := b.hand(ctx); err != nil {
			return err
		}
	}
	b.mu.Lock()
	b.now = append(b.now, v)
	full = len(b.now) >= b.size
	if len(b.now) == 1 && !full {
		b.due = time.AfterFunc(b.wait, func() { _ = b.hand(context.Background()) })
	}
	b.mu.Unlock()
	if full {
		_ = b.hand(ctx) // if ctx ends, the value is in the batch all the same, and the next Put tries again
	}
	return nil
}

// hand gives what was collected to the coordinator, and waits for room.
func (b *Batch[T]) hand(ctx context.Context) error {
	b.mu.Lock()
	values := b.now
	b.now = nil
	if b.due != nil {
		b.due.Stop()
		b.due = nil
	}
	b.mu.Unlock()
	if len(values) == 0 {
		return nil
	}
	_, err := b.work.Put(ctx, values)
	if err != nil { // give it back
		b.mu.Lock()
		b.now = append(values, b.now...)
		b.mu.Unlock()
	}
	return err
}

// Flush hands over what was collected and waits until it, and all before it, has been dealt with.
func (b *Batch[T]) Flush(ctx context.Context) error {
	b.put.Lock()
	err := b.hand(ctx)
	b.put.Unlock()
	if err != nil {
		return err
	}
	return b.work.Idle(ctx)
}

// Drain is Flush, and the end of intake.
func (b *Batch[T]) Drain(ctx context.Context) error {
	if err := b.Flush(ctx); err != nil {
		return err
	}
	return b.work.Drain(ctx)
}
