package coord

import (
	"context"
	"errors"
	"iter"
	"sync"
)

// mostErrors is how many errors ForEach keeps.
const mostErrors = 100

// errStopped is the cause with which ForEachUntilError drops what is left after the first failure.
var errStopped = errors.New("coord: stopped after a failure")

// ForEach runs fn over a whole sequence within the bounds of o, even if calls fail, and returns when
// all of them have ended. Its error joins the errors of fn, each from the last attempt, up to a
// hundred, in the order in which they occurred. If ctx ends before everything is done, the rest is
// cancelled, and the error is only the cause of ctx.
//
// The sequence is read on the calling goroutine, no further ahead than Window, so ForEach cannot
// return while the sequence is still producing a value. The contexts that fn gets carry the values
// of ctx.
func ForEach[T any](ctx context.Context, seq iter.Seq[T], fn func(context.Context, T) error, o Options) error {
	return forEach(ctx, seq, fn, o, false)
}

// ForEachUntilError is like ForEach, but ends at the first failure: waiting calls do not run, the
// contexts of running ones are cancelled, the function waits for them, and the error is the first
// one.
func ForEachUntilError[T any](ctx context.Context, seq iter.Seq[T], fn func(context.Context, T) error, o Options) error {
	return forEach(ctx, seq, fn, o, true)
}

func forEach[T any](ctx context.Context, seq iter.Seq[T], fn func(context.Context, T) error, o Options, untilError bool) error {
	ctx, cancel := context.WithCancelCause(ctx)
	o.base = context.WithoutCancel(ctx)
	c := New(fn, o)
	defer func() { // also when seq panics
		cancel(nil)
		_ = c.Shutdown(ctx)
	}()
	f := failures{first: untilError}
	c.Notify(Hooks[NoKey, T]{Finish: func(i Info[NoKey], _ T) {
		if i.State != Done && f.add(i.Err) {
			cancel(errStopped)
			c.Cancel(errStopped) // here, before the slot of this op is free for another
		}
	}})
	// Do not wait until the sequence produces the next value, which may take long.
	watch := context.AfterFunc(ctx, func() { c.Cancel(context.Cause(ctx)) })
	defer watch()
	var cause error
	for v := range seq {
		if _, err := c.Put(ctx, v); err != nil {
			cause = context.Cause(ctx)
			break
		}
	}
	if err := c.Shutdown(ctx); cause == nil {
		cause = err
	}
	return f.join(cause)
}

// failures collects the errors of ForEach.
type failures struct {
	first bool // only the first counts, and ends it all
	mu    sync.Mutex
	errs  []error
}

// add records a failure and reports whether it is the one that ends everything.
func (f *failures) add(err error) (ends bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.errs) == mostErrors || f.first && len(f.errs) > 0 {
		return false
	}
	f.errs = append(f.errs, err)
	return f.first
}

// join returns the error of the whole loop, given the cause of an early end or nil.
func (f *failures) join(cause error) error {
	if cause != nil && !errors.Is(cause, errStopped) {
		return cause
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return errors.Join(f.errs...)
}

// Map yields fn's results in the order of seq, each with the error of its last attempt, computing
// ahead within the bounds of o: up to Limit at once, and no further than Window beyond the loop;
// here a Window that is not positive means 1024. An error affects only its own pair. Breaking out of
// the loop cancels calls in progress and waits for them. So does the end of ctx before everything is
// done; then the last pair holds its cause.
//
// Nothing runs before the loop begins, and each loop runs everything again. The sequence is read on
// a separate goroutine, which the loop also waits for. The contexts that fn gets carry the values
// of ctx.
func Map[In, Out any](ctx context.Context, seq iter.Seq[In], fn func(context.Context, In) (Out, error), o Options) iter.Seq2[Out, error] {
	if o.Window <= 0 {
		o.Window = 1024
	}
	return func(yield func(Out, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		o := o
		o.base = context.WithoutCancel(ctx)
		calls := NewCalls[NoKey](nil, fn, o)
		futures := make(chan *Future[In, Out], o.Window-1) // one more is in the reader's hands
		var reader sync.WaitGroup
		reader.Go(func() {
			defer close(futures)
			for in := range seq {
				f, err := calls.Go(ctx, in)
				if err != nil {
					return
				}
				select {
				case futures <- f:
				case <-ctx.Done():
					return
				}
			}
		})
		defer reader.Wait()
		defer func() { _ = calls.c.Shutdown(ctx) }()
		defer cancel()
		for f := range futures {
			out, err := f.Wait(ctx)
			if ctx.Err() != nil {
				break
			}
			if !yield(out, err) {
				return
			}
		}
		if ctx.Err() != nil {
			var none Out
			yield(none, context.Cause(ctx))
		}
	}
}
