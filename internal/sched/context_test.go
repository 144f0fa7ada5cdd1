package sched

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// The context of an op ends with each attempt, and is no other op's: what an op has left behind
// is not told that another one is not wanted, whether it looked at its context in time or not.
func TestContextEndsWithItsAttempt(t *testing.T) {
	for _, late := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			left := make(chan context.Context, 1)
			var behind sync.WaitGroup
			s := New(func(ctx context.Context, _ Op[int], n int) error {
				if n > 1 {
					<-ctx.Done()
					return context.Cause(ctx)
				}
				if !late {
					done := ctx.Done()
					behind.Go(func() { <-done })
				}
				left <- ctx
				return nil
			}, nil, Options{Limit: 1})
			put(t, s, 1, Submit{})
			id := put(t, s, 2, Submit{})
			synctest.Wait()
			ctx := <-left
			if !late {
				behind.Wait() // though op 2 runs
			}
			s.Drop(id, errDoom)
			drain(t, s)
			<-ctx.Done()
			derived, cancel := context.WithCancel(ctx)
			defer cancel()
			for _, ctx := range []context.Context{ctx, derived} {
				if ctx.Err() != context.Canceled || context.Cause(ctx) != context.Canceled {
					t.Errorf("late %v: what op 1 left behind ended with %v, cause %v", late, ctx.Err(), context.Cause(ctx))
				}
			}
		})
	}
}

type contextKey struct{}

// An op that is bound sees the values and the deadline of its bound, one with a time limit too.
func TestBoundContext(t *testing.T) {
	for _, limit := range []time.Duration{0, time.Minute, 2 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			bound, cancel := context.WithTimeout(context.WithValue(t.Context(), contextKey{}, "v"), time.Hour)
			defer cancel()
			s := New(func(ctx context.Context, _ Op[int], _ int) error {
				at, ok := ctx.Deadline()
				left := time.Hour
				if limit > 0 {
					left = min(left, limit)
				}
				if v := ctx.Value(contextKey{}); v != "v" || !ok || time.Until(at) != left {
					t.Errorf("limit %v: value %v, deadline in %v, %v", limit, v, time.Until(at), ok)
				}
				<-ctx.Done()
				return context.Cause(ctx)
			}, nil, Options{Timeout: limit})
			done := make(chan error, 1)
			put(t, s, 1, Submit{Bound: bound, Done: done})
			if err := <-done; !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrTimeout) != (limit == time.Minute) {
				t.Errorf("limit %v: the op ended with %v", limit, err)
			}
			drain(t, s)
		})
	}
}

// Of the deadlines of the scheduler and of the bound, an op sees the sooner one.
func TestBoundDeadline(t *testing.T) {
	for _, tt := range []struct{ base, bound time.Duration }{
		{time.Hour, time.Minute}, {time.Minute, time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			within := func(d time.Duration) context.Context {
				ctx, cancel := context.WithTimeout(t.Context(), d)
				t.Cleanup(cancel)
				return ctx
			}
			s := New(func(ctx context.Context, _ Op[int], _ int) error {
				if at, _ := ctx.Deadline(); time.Until(at) != min(tt.base, tt.bound) {
					t.Errorf("base %v, bound %v: the deadline is in %v", tt.base, tt.bound, time.Until(at))
				}
				return nil
			}, nil, Options{Base: within(tt.base)})
			put(t, s, 1, Submit{Bound: within(tt.bound)})
			drain(t, s)
		})
	}
}

// An error that comes of the time limit is an ErrTimeout, as the function returns it or wrapped.
func TestErrTimeout(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  func(context.Context) error
		is   bool
		text string
	}{
		{"err", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, true, ErrTimeout.Error()},
		{"cause", func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) }, true, ErrTimeout.Error()},
		{
			"wrapped", func(ctx context.Context) error { <-ctx.Done(); return fmt.Errorf("read: %w", ctx.Err()) }, true,
			ErrTimeout.Error() + ": read: context deadline exceeded",
		},
		{"another", func(ctx context.Context) error { <-ctx.Done(); return errDoom }, false, "doom"},
		{"another's deadline", func(context.Context) error { return context.DeadlineExceeded }, false, "context deadline exceeded"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := New(func(ctx context.Context, _ Op[int], _ int) error { return tt.err(ctx) }, nil, Options{Timeout: time.Second})
			done := make(chan error, 1)
			put(t, s, 1, Submit{Done: done})
			if err := <-done; errors.Is(err, ErrTimeout) != tt.is || err.Error() != tt.text {
				t.Errorf("%s: the op ended with %v", tt.name, err)
			}
			drain(t, s)
		})
	}
}
