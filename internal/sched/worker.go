package sched

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"time"
)

// worker is what one goroutine of the scheduler works with. Its context serves one op after
// another, and is replaced once it was cancelled: see attemptContext.
type worker[K comparable, T any] struct {
	ctx     context.Context
	cancel  context.CancelCauseFunc
	op      *node[K, T]
	started time.Time // of op; set under the mutex
	free    time.Time // when the last op was done with

	// what follows belongs to the goroutine

	step step // of the attempt
	out  outcome
	view *attemptContext // what the attempt sees of ctx; nil if it sees another one
	slab []attemptContext

	slabSize int
}

// step is how far an attempt has come.
type step uint8

const (
	fresh     step = iota
	calling        // the function
	timing         // it
	deciding       // whether to try again
	retelling      // the retry hook
	telling        // the finish hook
)

// begin reports whether a step was not begun yet, and begins it.
func (w *worker[K, T]) begin(next step) bool {
	if w.step >= next {
		return false
	}
	w.step = next
	return true
}

// outcome is how an attempt went.
type outcome struct {
	by    Move // succeed, fail or retry
	err   error
	after time.Duration // with retry
	took  time.Duration
}

func (o *outcome) fail(err error) {
	o.by = fail
	if o.err == nil {
		o.err = err
	} else {
		o.err = errors.Join(o.err, err)
	}
}

// spawn starts workers until the limit is reached or nothing may start. While a worker
// lingers there is no need: it looks by itself, and calls spawn if it finds more than one op.
func (s *Scheduler[K, T]) spawn() {
	for s.active < s.limit && !s.lingering {
		n := s.pick()
		if n == nil {
			return
		}
		w := s.newWorker()
		s.active++
		s.run(n, w)
		go s.serve(w)
	}
}

// pick takes the op that starts next, or nil if none may.
func (s *Scheduler[K, T]) pick() *node[K, T] {
	n := s.next()
	if n == nil && s.relieve() {
		n = s.next()
	}
	if n == nil {
		return nil
	}
	if s.broken != nil {
		n.spoil(s.broken)
	}
	s.hasPermit, s.broken = false, nil
	q := n.queue
	n.state = n.state.next(start)
	n.attempt++
	s.pending--
	s.lanes[n.lane].waiting--
	q.running++
	s.settle(q)
	s.admit()
	return n
}

// next takes an op out of its queue, if one may start. One whose bound has ended is dropped
// here if the watch on the bound has not come to it yet.
func (s *Scheduler[K, T]) next() *node[K, T] {
	for s.paused == 0 && s.work&^s.shut != 0 && s.permitted() {
		n := s.take()
		switch {
		case n == nil:
			return nil
		case n.extra != nil && n.extra.bound != nil && n.extra.bound.Err() != nil:
			n.queue.insert(nil, n)
			s.drop(n, context.Cause(n.extra.bound))
		case s.admitted(n):
			return n
		}
	}
	return nil
}

func (s *Scheduler[K, T]) newWorker() *worker[K, T] {
	w := &worker[K, T]{}
	if last := len(s.freeWorkers) - 1; last >= 0 {
		w, s.freeWorkers = s.freeWorkers[last], s.freeWorkers[:last]
	}
	if !s.o.NoClock {
		w.free = time.Now()
	}
	return w
}

// run gives an op to a worker.
func (s *Scheduler[K, T]) run(n *node[K, T], w *worker[K, T]) {
	if w.ctx == nil || w.ctx.Err() != nil {
		w.ctx, w.cancel = context.WithCancelCause(s.base)
	}
	w.op, w.started, w.step, w.out, w.view = n, w.free, fresh, outcome{}, nil
	n.place = int32(len(s.running))
	s.running = append(s.running, w)
}

// serve is the life of a worker: ops until there are none. When the user's code ends the
// goroutine (runtime.Goexit), another one takes over.
func (s *Scheduler[K, T]) serve(w *worker[K, T]) {
	busy := true
	defer func() {
		if busy {
			w.goexit()
			go s.serve(w)
		}
	}()
	for busy {
		s.attempt(w)
		s.mu.Lock()
		s.finish(w)
		busy = s.nextFor(w)
		s.unlock()
	}
}

// goexit notes that the goroutine was ended within a step.
func (w *worker[K, T]) goexit() {
	if w.step != fresh { // else the hook of another op did it
		w.out.fail(ErrGoexit)
	}
}

// nextFor finds the next op for a worker that has none, or lets the worker go and reports
// false. It may release the mutex for a moment.
func (s *Scheduler[K, T]) nextFor(w *worker[K, T]) bool {
	for lingered := false; s.active <= s.limit; lingered = true {
		if n := s.pick(); n != nil {
			if lingered && !s.o.NoClock {
				w.free = time.Now()
			}
			s.run(n, w)
			s.spawn()
			return true
		}
		if lingered || s.lingering {
			break
		}
		s.lingering = true
		s.mu.Unlock()
		runtime.Gosched()
		s.mu.Lock()
		s.lingering = false
	}
	s.active--
	if len(s.freeWorkers) < min(s.limit, recycled) {
		s.freeWorkers = append(s.freeWorkers, w)
	} else if w.ctx != nil {
		w.cancel(nil)
	}
	s.quiet()
	return false
}

// attempt runs an op once and decides what comes of it. No lock is held. Each step is begun
// once: if the user's code ends the goroutine, the next one goes on behind it.
func (s *Scheduler[K, T]) attempt(w *worker[K, T]) {
	n, out := w.op, &w.out
	if w.begin(calling) {
		if err := s.call(w, n); err != nil {
			out.err = err
		}
	}
	if w.begin(timing) && !s.o.NoClock {
		w.free = time.Now()
		out.took = w.free.Sub(w.started)
	}
	if w.begin(deciding) {
		out.by = succeed
		if out.err != nil {
			out.by = fail
			s.decide(w)
		}
	}
	if s.hooks.Retry != nil && out.by == retry && w.begin(retelling) {
		if err := s.tell(s.info(n, w.started, Delayed, out), n.value, out.after); err != nil {
			out.fail(err)
		}
	}
	if s.hooks.Finish != nil && out.by != retry && w.begin(telling) {
		if err := s.tell(s.info(n, w.started, Running.next(out.by), out), n.value, 0); err != nil {
			out.fail(err)
		}
	}
	if w.step > deciding && !s.o.NoClock {
		w.free = time.Now()
	}
}

func (s *Scheduler[K, T]) info(n *node[K, T], started time.Time, state State, out *outcome) Info[K] {
	i := Info[K]{
		ID: n.id, Lane: int(n.lane), State: state, Attempt: int(n.attempt),
		Err: out.err, Started: started, Took: out.took,
	}
	if n.queue != nil && n.queue.keyed {
		i.Key = n.queue.key
	}
	return i
}

// decide asks the retry policy, which is the user's code, about a failed attempt. An op whose
// own context has ended is not tried again.
func (s *Scheduler[K, T]) decide(w *worker[K, T]) {
	if s.o.Retry == nil || w.ctx.Err() != nil {
		return
	}
	out := &w.out
	if _, permanent := errors.AsType[*permanentError](out.err); permanent {
		return
	}
	after, again, err := s.ask(int(w.op.attempt), out.err)
	switch {
	case err != nil:
		out.fail(err)
	case again:
		out.by, out.after = retry, after
		if later, ok := errors.AsType[*retryAfterError](out.err); ok {
			out.after = max(out.after, later.after)
		}
	}
}

func (s *Scheduler[K, T]) ask(attempt int, failure error) (after time.Duration, again bool, err error) {
	defer recovered(&err)
	after, again = s.o.Retry.Next(attempt, failure)
	return after, again, nil
}

func (s *Scheduler[K, T]) call(w *worker[K, T], n *node[K, T]) (err error) {
	defer recovered(&err)
	if err := n.spoilt(); err != nil {
		return err
	}
	op := Op[K]{ID: n.id, Lane: int(n.lane), Attempt: int(n.attempt), Started: w.started}
	if n.queue.keyed {
		op.Key = n.queue.key
	}
	ctx := w.ctx
	if s.o.Timeout <= 0 {
		w.view = w.newContext()
		ctx = w.view
	}
	if n.extra != nil && n.extra.bound != nil {
		ctx = &boundContext{ctx, n.extra.bound}
	}
	if s.o.Timeout > 0 {
		return timed(ctx, s.o.Timeout, func(ctx context.Context) error { return s.fn(ctx, op, n.value) })
	}
	return s.fn(ctx, op, n.value)
}

// tell calls the hook for an attempt that has ended and turns a panic into an error.
func (s *Scheduler[K, T]) tell(i Info[K], v T, after time.Duration) (err error) {
	defer recovered(&err)
	switch {
	case i.State == Delayed && s.hooks.Retry != nil:
		s.hooks.Retry(i, v, after)
	case i.State.Final() && s.hooks.Finish != nil:
		s.hooks.Finish(i, v)
	}
	return nil
}

func recovered(err *error) {
	if v := recover(); v != nil {
		*err = &PanicError{Value: v, Stack: debug.Stack()}
	}
}

// finish takes an attempt's outcome into the books. The worker is out of the running list
// afterwards.
func (s *Scheduler[K, T]) finish(w *worker[K, T]) {
	n := w.op
	last := len(s.running) - 1
	moved := s.running[last]
	s.running[n.place], s.running[last] = moved, nil
	moved.op.place = n.place
	s.running = s.running[:last]
	w.op = nil

	q := n.queue
	q.running--
	n.state = n.state.next(w.out.by)
	if n.state == Delayed {
		s.tryAgain(n, w)
	} else {
		if n.state == Done {
			s.done++
		} else {
			s.failed++
		}
		i := s.info(n, w.started, n.state, &w.out)
		s.settled(n, &i)
	}
	s.settle(q)
	s.leave(q)
	if w.view != nil && w.view.end() {
		w.cancel(nil)
		w.ctx = nil
	}
}

// tryAgain gives an op back to its key, at the head, until its time has come.
func (s *Scheduler[K, T]) tryAgain(n *node[K, T], w *worker[K, T]) {
	s.retries++
	if n.queue.keyed {
		n.queue.giveBack(n)
	} else {
		n.queue = nil
	}
	s.postpone(n, w.out.after)
	switch {
	case w.ctx.Err() != nil: // cancelled while it was decided
		s.drop(n, context.Cause(w.ctx))
	case s.falling&(1<<n.lane) != 0:
		s.drop(n, s.gateCause(n.lane))
	case w.out.after <= 0:
		s.wake()
	}
	s.arm()
}

// settled records a final op, answers who waits for it, and recycles it.
func (s *Scheduler[K, T]) settled(n *node[K, T], i *Info[K]) {
	if s.historyCap > 0 {
		var now time.Time
		if s.o.MaxAge > 0 && !s.o.NoClock {
			now = time.Now()
		}
		s.history.add(i, now, s.historyCap)
	}
	if n.extra != nil && n.extra.done != nil {
		n.extra.done <- i.Err
	}
	s.freeNode(n)
}
