package sched

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// attemptContext is the context of one attempt, and ends with it. The cancellable context under
// it serves one attempt after another, until somebody looks: then it belongs to that attempt and
// is cancelled at its end. So an attempt that does not look costs no allocation (these are cut
// from slabs), and yet no context is shared by two ops.
type attemptContext struct {
	under context.Context
	state atomic.Uint32
}

// The states of an attemptContext.
const (
	unseen uint32 = iota
	seen          // while the attempt ran
	over          // it was not seen by the end of the attempt
)

// ended is what someone sees who looks too late.
var ended = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

func (c *attemptContext) look() context.Context {
	if c.state.Load() == seen || c.state.CompareAndSwap(unseen, seen) {
		return c.under
	}
	return ended
}

// end ends an attempt's claim and reports whether it made one.
func (c *attemptContext) end() bool {
	return !c.state.CompareAndSwap(unseen, over) && c.state.Load() == seen
}

func (c *attemptContext) Deadline() (time.Time, bool) { return c.under.Deadline() }
func (c *attemptContext) Done() <-chan struct{}       { return c.look().Done() }
func (c *attemptContext) Err() error                  { return c.look().Err() }

func (c *attemptContext) Value(key any) any {
	v := c.under.Value(key)
	if v == any(c.under) { // package context asks whom to ask for the cause
		return c.look().Value(key)
	}
	return v
}

// boundContext adds the values and the deadline of a bound. The end of the bound is told to the
// context by others.
type boundContext struct {
	context.Context
	bound context.Context
}

func (c *boundContext) Deadline() (time.Time, bool) {
	at, ok := c.Context.Deadline()
	if b, also := c.bound.Deadline(); also && (!ok || b.Before(at)) {
		return b, true
	}
	return at, ok
}

func (c *boundContext) Value(key any) any {
	if v := c.Context.Value(key); v != nil {
		return v
	}
	return c.bound.Value(key)
}

const mostContexts = 64 // in a slab

// newContext returns a context for the attempt that a worker begins.
func (w *worker[K, T]) newContext() *attemptContext {
	if len(w.slab) == 0 {
		w.slabSize = min(max(4, 2*w.slabSize), mostContexts)
		w.slab = make([]attemptContext, w.slabSize)
	}
	c := &w.slab[0]
	w.slab = w.slab[1:]
	c.under = w.ctx
	return c
}

// timed calls fn with a context that ends after d. An error that comes of that is an ErrTimeout.
func timed(ctx context.Context, d time.Duration, fn func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, d, ErrTimeout)
	defer cancel()
	err := fn(ctx)
	switch {
	case !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrTimeout) || context.Cause(ctx) != ErrTimeout:
		return err
	case err == context.DeadlineExceeded:
		return ErrTimeout
	}
	return fmt.Errorf("%w: %w", ErrTimeout, err)
}
