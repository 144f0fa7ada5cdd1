package patterns

import (
	"context"

	"github.com/mostlylucid/eph/pkg/coord"
)

// Writer runs functions one at a time over a resource that bears one writer, such as a file or
// an SQLite database: in the order in which they came, with whatever retry, timeout, gate and
// window its options give. Reading needs no Writer.
type Writer[R any] struct {
	resource R
	work     *coord.Pool[func(context.Context, R) error]
}

// NewWriter returns a writer over r, which it does not close. Options.Limit is 1, whatever o says.
// What waits for another attempt holds up what came after it, so that the order stands.
func NewWriter[R any](r R, o coord.Options) *Writer[R] {
	o.Limit = 1
	w := &Writer[R]{resource: r}
	w.work = coord.NewKeyed(oneKey[func(context.Context, R) error], func(ctx context.Context, _ coord.Op[coord.NoKey], fn func(context.Context, R) error) error {
		return fn(ctx, w.resource)
	}, o)
	return w
}

// oneKey makes all work the work of one key, whose order stands through retries.
func oneKey[T any](T) coord.NoKey { return coord.NoKey{} }

// Do runs fn in its turn, waits for it and returns its error. When ctx ends first, fn does not run
// any more, or has its context cancelled, and Do returns the cause. After Drain the error is
// coord.ErrClosed. fn must not call Do: it would wait for itself.
func (w *Writer[R]) Do(ctx context.Context, fn func(context.Context, R) error) error {
	return w.work.Do(ctx, fn, coord.Bound(ctx))
}

// Drain ends intake and waits until everything that was accepted has ended. It
// returns no error of a function; when ctx ends first, it returns the cause and the rest goes on.
func (w *Writer[R]) Drain(ctx context.Context) error { return w.work.Drain(ctx) }
