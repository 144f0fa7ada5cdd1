package coord

import "context"

// Calls is a coordinator whose ops return something. Its methods are safe for concurrent use.
type Calls[K comparable, In, Out any] struct {
	c *Keyed[K, *Future[In, Out]]
}

// Future is a result to come, and what it is a result of. Its methods are safe for concurrent use,
// and may be called again and again.
type Future[In, Out any] struct {
	In   In // what the function was or will be called with
	out  Out
	err  error
	done chan struct{}
}

// NewCalls returns a coordinator for functions with results. keyOf may be nil: then nothing has a
// key, and K is best [NoKey]. The context that fn gets is that of [NewKeyed].
func NewCalls[K comparable, In, Out any](keyOf func(In) K, fn func(context.Context, In) (Out, error), o Options) *Calls[K, In, Out] {
	var key func(*Future[In, Out]) K
	if keyOf != nil {
		key = func(f *Future[In, Out]) K { return keyOf(f.In) }
	}
	c := NewKeyed(key, func(ctx context.Context, _ Op[K], f *Future[In, Out]) error {
		out, err := fn(ctx, f.In)
		if err == nil {
			f.out = out
		}
		return err
	}, o)
	c.resolve = func(i Info[K], f *Future[In, Out]) {
		f.err = i.Err
		close(f.done)
	}
	c.Notify(Hooks[K, *Future[In, Out]]{})
	return &Calls[K, In, Out]{c}
}

// resolving returns hooks that call resolve after those of h, whatever these do.
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

// Call submits, waiting for room if need be, and waits for the result. Its error is that of fn,
// after its last attempt, or one of Go or Wait; with an error the result is the zero value.
func (c *Calls[K, In, Out]) Call(ctx context.Context, in In, opts ...PutOption) (Out, error) {
	f, err := c.Go(ctx, in, opts...)
	if err != nil {
		var none Out
		return none, err
	}
	return f.Wait(ctx)
}

// Go submits, waiting for room if need be, and returns a future without waiting for the result.
// Its errors are those of Keyed.Put.
func (c *Calls[K, In, Out]) Go(ctx context.Context, in In, opts ...PutOption) (*Future[In, Out], error) {
	f := &Future[In, Out]{In: in, done: make(chan struct{})}
	if _, err := c.c.Put(ctx, f, opts...); err != nil {
		return nil, err
	}
	return f, nil
}

// Coordinator is the coordinator underneath, for limits, hooks, listings and shutdown. Work
// is submitted through Call and Go alone. A future has its result after Hooks.Finish has returned.
func (c *Calls[K, In, Out]) Coordinator() *Keyed[K, *Future[In, Out]] { return c.c }

// Wait returns the result once there is one, with the error of the function after its last
// attempt, or one that wraps ErrDropped. When the context ends first it returns its cause, and the
// op goes on.
func (f *Future[In, Out]) Wait(ctx context.Context) (Out, error) {
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

// Done returns a channel that is closed when there is a result, an error included.
func (f *Future[In, Out]) Done() <-chan struct{} { return f.done }
