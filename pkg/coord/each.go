package coord

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"sync"
	"time"
)

// mostErrors is how many errors ForEach keeps.
const mostErrors = 100

// errStopped is the cause with which ForEachUntilError drops what is left after the first failure.
var errStopped = errors.New("coord: stopped after a failure")

// ForEach runs fn over a whole sequence within the bounds of o, even if calls fail, and returns when
// all of them have ended. Its error joins the errors of fn, each from the last attempt, up to a
// hundred, in the order in which they occurred. If ctx ends before everything is done, the rest is
// cancelled, and the error is the cause of ctx, joined with the errors that have other reasons.
//
// The sequence is read on the calling goroutine, no further ahead than Window, so ForEach cannot
// return while the sequence is still producing a value. The contexts that fn gets have the values
// and the deadline of ctx, and end with its cause.
func ForEach[T any](ctx context.Context, seq iter.Seq[T], fn func(context.Context, T) error, o Options) error {
	return forEach[NoKey](ctx, seq, nil, fn, o, false)
}

// ForEachUntilError is like ForEach, but ends at the first failure: waiting calls do not run, the
// contexts of running ones are cancelled, the function waits for them, and the error is the first
// one.
func ForEachUntilError[T any](ctx context.Context, seq iter.Seq[T], fn func(context.Context, T) error, o Options) error {
	return forEach[NoKey](ctx, seq, nil, fn, o, true)
}

// ForEachKeyed is ForEach for values that have a key: those of one key start in their order, and no
// more than Options.PerKey of them run at once. See [Keyed].
func ForEachKeyed[K comparable, T any](ctx context.Context, seq iter.Seq[T], keyOf func(T) K, fn func(context.Context, T) error, o Options) error {
	return forEach(ctx, seq, keyOf, fn, o, false)
}

func forEach[K comparable, T any](ctx context.Context, seq iter.Seq[T], keyOf func(T) K, fn func(context.Context, T) error, o Options, untilError bool) error {
	mustHave(fn != nil)
	ctx, cancel := context.WithCancelCause(ctx)
	o.base = detached{context.WithoutCancel(ctx), ctx}
	c := NewKeyed(keyOf, func(ctx context.Context, _ Op[K], v T) error { return fn(ctx, v) }, o)
	defer func() { // also when seq panics
		cancel(nil)
		_ = c.Shutdown(ctx)
	}()
	f := failures{first: untilError}
	c.Notify(Hooks[K, T]{Finish: func(i Info[K], _ T) {
		if i.State != Done && !echoes(i.Err, context.Cause(ctx)) && f.add(i.Err) {
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

// detached is a context that does not end. The coordinator cancels those under it, and drops what
// waits at the same moment; otherwise ops would begin with a context that has ended.
type detached struct {
	context.Context // has the values of from
	from            context.Context
}

func (d detached) Deadline() (time.Time, bool) { return d.from.Deadline() }

// echoes reports whether an op ended with err only because its context ended with cause, which
// may be nil.
func echoes(err, cause error) bool {
	return cause != nil && (errors.Is(err, cause) || errors.Is(err, ErrDropped) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded))
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
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case cause == nil || errors.Is(cause, errStopped):
		return errors.Join(f.errs...)
	case len(f.errs) == 0:
		return cause
	}
	return errors.Join(cause, errors.Join(f.errs...))
}

// Map yields fn's results in the order of seq, each with the error of its last attempt, computing
// ahead within the bounds of o: up to Limit at once, and no further than Window beyond the loop;
// here a Window that is not positive means 1024. An error affects only its own pair. Breaking out of
// the loop cancels calls in progress and waits for them. So does the end of ctx before everything
// was yielded; then the last pair holds its cause.
//
// Nothing runs before the loop begins, and each loop runs everything again. The sequence is read on
// a separate goroutine, which the loop also waits for. If the sequence panics, the loop panics with
// the same value, after the results of what came before. The contexts that fn gets have the values
// and the deadline of ctx, and end with it.
func Map[In, Out any](ctx context.Context, seq iter.Seq[In], fn func(context.Context, In) (Out, error), o Options) iter.Seq2[Out, error] {
	mustHave(fn != nil)
	if o.Window <= 0 {
		o.Window = 1024
	}
	return func(yield func(Out, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		o := o
		o.base = detached{context.WithoutCancel(ctx), ctx}
		r := reading[In, Out]{
			calls:   NewCalls[NoKey](nil, fn, o),
			futures: make(chan *Future[In, Out], o.Window-1), // one more is in the reader's hands
		}
		var reader sync.WaitGroup
		reader.Go(func() { r.read(ctx, seq) })
		defer func() {
			reader.Wait()
			r.rethrow()
		}()
		defer func() { _ = r.calls.Shutdown(ctx) }()
		defer cancel()
		cut := false
		for f := range r.futures {
			out, err := f.Wait(ctx)
			if cut = ctx.Err() != nil; cut {
				break
			}
			if !yield(out, err) {
				return
			}
		}
		if cut || r.end == early {
			var none Out
			yield(none, context.Cause(ctx))
		}
	}
}

// reading is how Map reads its sequence.
type reading[In, Out any] struct {
	calls   *Calls[NoKey, In, Out]
	futures chan *Future[In, Out] // closed at the end

	end    ending // these two are set when futures is closed
	thrown any    // by the sequence
}

// ending is how a sequence came to its end.
type ending uint8

const (
	exited   ending = iota // with its goroutine
	threw                  // with a panic
	early                  // the context has ended
	complete               // by itself
)

func (r *reading[In, Out]) read(ctx context.Context, seq iter.Seq[In]) {
	defer close(r.futures)
	defer func() {
		if v := recover(); v != nil {
			r.end, r.thrown = threw, v
		}
	}()
	for in := range seq {
		f, err := r.calls.Go(ctx, in)
		if err != nil {
			r.end = early
			return
		}
		select {
		case r.futures <- f:
		case <-ctx.Done():
			r.end = early
			return
		}
	}
	r.end = complete
}

// rethrow does to the goroutine of the loop what the sequence has done to its own.
func (r *reading[In, Out]) rethrow() {
	switch r.end {
	case threw:
		panic(r.thrown)
	case exited:
		runtime.Goexit()
	}
}
