package patterns

import (
	"context"

	"github.com/mostlylucid/eph/pkg/coord"
)

// Writer runs functions one at a time over a resource that allows only one writer, such as a file
// or an SQLite database: in order of arrival, with the retry, timeout, gate and window of its
// options. Reading needs no Writer.
type Writer[R any] struct {
	resource R
	work     *coord.Pool[func(context.Context, R) error]
}

// NewWriter returns a writer over r, which it does not close. Options.Limit is 1, whatever o says.
// A function that waits for a retry holds up those after it, to preserve the order.
func NewWriter[R any](r R, o coord.Options) *Writer[R] {
	o.Limit = 1
	w := &Writer[R]{resource: r}
	w.work = coord.NewKeyed(oneKey[func(context.Context, R) error], func(ctx context.Context, _ coord.Op[coord.NoKey], fn func(context.Context, R) error) error {
		return fn(ctx, w.resource)
	}, o)
	return w
}

// oneKey makes all work belong to one key, whose order is preserved across retries.
func oneKey[T any](T) coord.NoKey { return coord.NoKey{} }

// Do runs fn in its turn, waits for it and returns its error. If ctx ends first, fn does not run any
// more, or its context is cancelled, and Do returns the cause. The context of fn has the values and
// the deadline of ctx. Once intake has ended the error is coord.ErrClosed. fn must not call Do: it
// would wait for itself.
func (w *Writer[R]) Do(ctx context.Context, fn func(context.Context, R) error) error {
	return w.work.Do(ctx, fn, coord.Bound(ctx))
}

// Drain ends intake and waits until everything that was accepted has ended. It
// never returns the error of a function; if ctx ends first, it returns the cause, and the remaining
// functions continue.
func (w *Writer[R]) Drain(ctx context.Context) error { return w.work.Drain(ctx) }

// Shutdown is Drain and, if ctx ends first, Cancel with the cause of ctx, which it returns once the
// running function has ended: functions must heed their contexts.
func (w *Writer[R]) Shutdown(ctx context.Context) error { return w.work.Shutdown(ctx) }

// Cancel ends intake, drops what waits and cancels the context of the running function, all with this
// cause; nil means context.Canceled. It does not wait for that function.
func (w *Writer[R]) Cancel(cause error) { w.work.Cancel(cause) }

// Stats is a consistent copy of the counters.
func (w *Writer[R]) Stats() coord.Stats { return w.work.Stats() }
