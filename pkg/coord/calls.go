package coord

import (
	"context"
	"errors"
)

// Calls is a coordinator whose ops return something. Its methods are safe for concurrent use.
type Calls[K comparable, In, Out any] struct {
	c *Keyed[K, *Future[In, Out]]
}

// Future is the pending result of an op. Its methods are safe for concurrent use, and may be called
// repeatedly.
type Future[In, Out any] struct {
	In   In // what the function was or will be called with
	out  Out
	err  error
	done chan struct{}
}

// NewCalls returns a coordinator for functions with results, and panics if fn is nil. keyOf may be
// nil: then nothing has a key, and K should be [NoKey]. The context that fn gets is as with
// [NewKeyed].
func NewCalls[K comparable, In, Out any](keyOf func(In) K, fn func(context.Context, In) (Out, error), o Options) *Calls[K, In, Out] {
	mustHave(fn != nil)
	var key func(*Future[In, Out]) K
	if keyOf != nil {
		key = func(f *Future[In, Out]) K { return keyOf(f.In) }
	}
	c := NewKeyed(key, func(ctx context.Context, _ Op[K], f *Future[In, Out]) error {
		if f.done == nil {
			return errNoCall
		}
		out, err := fn(ctx, f.In)
		if err == nil {
			f.out = out
		}
		return err
	}, o)
	c.resolve = func(i Info[K], f *Future[In, Out]) {
		if f.done != nil {
			f.err = i.Err
			close(f.done)
		}
	}
	c.Notify(Hooks[K, *Future[In, Out]]{})
	return &Calls[K, In, Out]{c}
}

// errNoCall is the error of a future that was made by hand.
var errNoCall = errors.New("coord: a future comes from Calls.Go alone")

// resolving returns hooks that call resolve after those of h, whatever those do.
func resolving[K comparable, T any](resolve func(Info[K], T), h Hooks[K, T]) Hooks[K, T] {
	finish := h.Finish
	h.Finish = func(i Info[K], v T) {
		defer resolve(i, v)
		if finish != nil {
			finish(i, v)
		}
	}
	return h
}

// Call submits a value, waiting for room if necessary, and waits for the result. Its error is that
// of the last attempt of fn, or one of Go or Wait; with an error the result is the zero value. The
// context bounds the wait. It does not end the op, and fn does not see it, unless the call is also
// Bound to it.
func (c *Calls[K, In, Out]) Call(ctx context.Context, in In, opts ...PutOption) (Out, error) {
	f, err := c.Go(ctx, in, opts...)
	if err != nil {
		var none Out
		return none, err
	}
	return f.Wait(ctx)
}

// Go submits a value, waiting for room if necessary, and returns a future without waiting for the
// result.
// Its errors are those of Keyed.Put.
func (c *Calls[K, In, Out]) Go(ctx context.Context, in In, opts ...PutOption) (*Future[In, Out], error) {
	f := &Future[In, Out]{In: in, done: make(chan struct{})}
	if _, err := c.c.Put(ctx, f, opts...); err != nil {
		return nil, err
	}
	return f, nil
}

// Drain is Keyed.Drain.
func (c *Calls[K, In, Out]) Drain(ctx context.Context) error { return c.c.Drain(ctx) }

// Shutdown is Keyed.Shutdown.
func (c *Calls[K, In, Out]) Shutdown(ctx context.Context) error { return c.c.Shutdown(ctx) }

// Cancel is Keyed.Cancel.
func (c *Calls[K, In, Out]) Cancel(cause error) { c.c.Cancel(cause) }

// Stats is Keyed.Stats.
func (c *Calls[K, In, Out]) Stats() Stats { return c.c.Stats() }

// Coordinator returns the underlying coordinator, for limits, hooks and listings. Submit work only
// through Call and Go: a future that was put by hand fails. A future has its result once
// Hooks.Finish has returned.
func (c *Calls[K, In, Out]) Coordinator() *Keyed[K, *Future[In, Out]] { return c.c }

// Wait returns the result once there is one, with the error of the function's last attempt, or one
// that wraps ErrDropped. If the context ends first, Wait returns its cause, and the op continues.
func (f *Future[In, Out]) Wait(ctx context.Context) (Out, error) {
	if f.done == nil {
		return f.out, errNoCall
	}
	select {
	case <-f.done:
		return f.out, f.err
	default:
	}
	select {
	case <-f.done:
		return f.out, f.err
	case <-ctx.Done():
		var none Out
		return none, context.Cause(ctx)
	}
}

// Done returns a channel that is closed once there is a result or an error.
func (f *Future[In, Out]) Done() <-chan struct{} { return f.done }
