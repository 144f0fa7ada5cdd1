package sched

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"runtime"
	"slices"
	"sync"
	"time"
)

// Errors of a scheduler. They carry the name of the package that users see.
var (
	ErrClosed  = errors.New("coord: closed")
	ErrFull    = errors.New("coord: full")
	ErrDropped = errors.New("coord: dropped")
	ErrTimeout = fmt.Errorf("coord: attempt timed out: %w", context.DeadlineExceeded)
	ErrGoexit  = errors.New("coord: function ended its goroutine")
	ErrNoLane  = errors.New("coord: no such lane")
)

// PanicError is the failure of a function that panicked.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap returns Value when it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

type permanentError struct{ error }

func (e *permanentError) Unwrap() error { return e.error }

// Permanent marks an error that must not be retried. Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

type retryAfterError struct {
	error
	after time.Duration
}

func (e *retryAfterError) Unwrap() error { return e.error }

// RetryAfter marks an error that should be retried no sooner than d from now.
func RetryAfter(err error, d time.Duration) error {
	if err == nil {
		return nil
	}
	return &retryAfterError{err, d}
}

// Retry decides about failed attempts.
type Retry interface {
	// Next returns how long to wait before attempt+1, or false to give up.
	Next(attempt int, err error) (time.Duration, bool)
}

// Limiter admits starts over time.
type Limiter interface {
	// Reserve takes a permit and returns how long to wait until it may be used. It is
	// called with a lock held and must not block. When it panics, the op fails with that.
	// A limiter that also has an Unreserve() takes a permit back that was not used. One that has
	// an OnChange(func()) (stop func()) calls the function after its rate has changed.
	Reserve() time.Duration
}

// Lane is one class of urgency; a lower index is more urgent.
type Lane struct {
	Name   string
	Weight int   // 0: strict, before all weighted lanes; else its share of the starts under load
	Depth  int   // ops that may wait in it; 0: no limit of its own
	Gate   *Gate // nil: always open
}

// Options configure a scheduler. pkg/coord documents them.
type Options struct {
	Limit     int
	PerKey    int
	Window    int
	KeyWindow int
	Lanes     []Lane
	Overtake  bool
	Aging     time.Duration
	Retry     Retry
	Timeout   time.Duration
	Rate      Limiter
	Gate      *Gate
	Hold      []*Gate
	History   int
	MaxAge    time.Duration
	NoClock   bool
	Base      context.Context // of the contexts of all ops; nil: context.Background()
}

// Hooks are told what becomes of ops. Retry and Finish run on the worker, or for a drop on the
// goroutine that caused it, outside all locks. The op counts as running meanwhile; a panic
// fails it.
//
// Admit is asked about an op whose turn has come. With nil the op starts. A gate holds it, and
// what follows it in its key, until that gate opens; others go on, and neither a slot, nor a
// permit of the rate, nor an attempt is spent. Then the op is asked about again. Admit runs
// under the scheduler's lock: it must not block, nor end the goroutine, nor call the scheduler,
// nor change a gate that others may know. When it panics, the op starts and fails with that.
type Hooks[K comparable, T any] struct {
	Admit  func(Info[K], T) *Gate
	Retry  func(Info[K], T, time.Duration) // a failed attempt will be repeated after that time
	Finish func(Info[K], T)                // the op has ended: Done, Failed or Dropped
}

// Scheduler runs ops within bounds. See the package comment.
type Scheduler[K comparable, T any] struct {
	fn    func(context.Context, Op[K], T) error
	keyOf func(T) K
	o     Options
	hooks Hooks[K, T]

	epoch  time.Time
	base   context.Context
	cancel context.CancelCauseFunc
	watch  watcher

	mu sync.Mutex

	window     int // 0: none
	perKey     int // 0: none
	limit      int
	historyCap int

	seed  maphash.Seed
	keys  table[K, T]
	loose map[rank]*queue[K, T]
	plain queue[K, T] // the loose queue of the zero rank

	lanes   []lane[K, T]
	work    uint64  // lanes that may have a ready queue
	strict  uint64  // lanes without a weight
	shut    uint64  // lanes that a gate holds
	falling uint64  // lanes that a gate drops
	pass    float64 // of the weighted lane that started last
	byAge   deque[aged[K, T]]
	stamps  uint64 // given so far

	delays    delayHeap[K, T]
	timer     *time.Timer
	timerAt   int64
	hasPermit bool
	permitAt  int64
	awaits    bool   // its time has not come, as far as has been looked
	broken    error  // the panic of the limiter, in place of a permit
	unwatch   func() // ends the watch on the limiter; nil while there is none

	running   []*worker[K, T]
	active    int // workers, lingering ones included
	lingering bool
	paused    int

	holds map[*Gate]*holding[K, T] // ops that were not admitted

	parked    list.List // of *producer
	choked    bool      // the window was full and has not emptied enough
	admitting bool

	closed  bool
	fallen  []fallen[K, T] // dropped, but nobody was told yet
	ending  int            // dropped, and being told
	telling int            // calls of announce under way
	waiters []waiter

	quiescing chan struct{} // holds a token while Quiesce is in progress

	pending, delayed                         int
	accepted, done, failed, dropped, retries uint64
	history                                  history[K]

	freeNodes   *node[K, T]
	nFreeNodes  int
	freeQueues  *queue[K, T] // by chain
	nFreeQueues int
	freeWorkers []*worker[K, T]
}

type fallen[K comparable, T any] struct {
	info  Info[K]
	value T
	done  chan error
}

// waiter waits for a moment of quiet.
type waiter struct {
	idle bool // nothing waits either
	ch   chan struct{}
}

// New returns a scheduler. With a nil keyOf nothing has a key.
func New[K comparable, T any](fn func(context.Context, Op[K], T) error, keyOf func(T) K, o Options) *Scheduler[K, T] {
	s := &Scheduler[K, T]{fn: fn, keyOf: keyOf, o: o, seed: maphash.MakeSeed(), epoch: time.Now(), timerAt: never}
	base := o.Base
	if base == nil {
		base = context.Background()
	}
	s.base, s.cancel = context.WithCancelCause(base)
	s.limit = o.Limit
	if s.limit <= 0 {
		s.limit = runtime.GOMAXPROCS(0)
	}
	s.perKey = orDefault(o.PerKey, 1)
	s.window = orDefault(o.Window, 1024)
	s.historyCap = orDefault(o.History, 200)
	lanes := o.Lanes
	if len(lanes) == 0 {
		lanes = []Lane{{}}
	}
	if len(lanes) > 64 {
		panic("coord: more than 64 lanes")
	}
	s.lanes = make([]lane[K, T], len(lanes))
	for i, l := range lanes {
		s.lanes[i].Lane = l
		if l.Weight <= 0 {
			s.strict |= 1 << i
		}
	}
	s.quiescing = make(chan struct{}, 1)
	s.watch.changed = s.regate
	gated := false
	s.gates(func(g *Gate, _ uint64) {
		gated = true
		g.follow(&s.watch)
	})
	if gated {
		s.regate()
	}
	return s
}

// Notify sets the hooks. It panics once an op was accepted, which would have missed them.
func (s *Scheduler[K, T]) Notify(h Hooks[K, T]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accepted > 0 {
		panic("coord: Notify after the first op")
	}
	s.hooks = h
}

// orDefault reads an option of which 0 means def and a negative value no limit, which is 0
// inside the scheduler.
func orDefault(n, def int) int {
	switch {
	case n == 0:
		return def
	case n < 0:
		return 0
	}
	return n
}

// unlock releases the mutex and tells whom it concerns what was dropped.
func (s *Scheduler[K, T]) unlock() {
	if fallen := s.release(); fallen != nil {
		s.announce(fallen)
	}
}

// unlockPut is unlock after an op was put. If that was dropped at once, while others are told of
// drops, perhaps by a hook that put it, another goroutine tells of it: a hook that puts again what
// a gate drops must not call itself without end.
func (s *Scheduler[K, T]) unlockPut() {
	within := s.telling > 0
	switch fallen := s.release(); {
	case fallen == nil:
	case within:
		go s.announce(fallen)
	default:
		s.announce(fallen)
	}
}

// release releases the mutex and returns what was dropped, for announce.
func (s *Scheduler[K, T]) release() []fallen[K, T] {
	fallen := s.fallen
	s.fallen = nil
	if fallen != nil {
		s.telling++
	}
	s.mu.Unlock()
	return fallen
}

// announce tells of all drops, also if a hook ends the goroutine on the way.
func (s *Scheduler[K, T]) announce(all []fallen[K, T]) {
	told := 0
	defer func() {
		s.mu.Lock()
		s.ending -= told
		if told == len(all) {
			s.telling--
		}
		s.quiet()
		s.mu.Unlock()
		if told < len(all) {
			s.announce(all[told:])
		}
	}()
	for told < len(all) {
		f := &all[told]
		told++
		s.mourn(f)
	}
}

func (s *Scheduler[K, T]) mourn(f *fallen[K, T]) {
	defer func() {
		if f.done != nil {
			f.done <- f.info.Err
		}
	}()
	_ = s.tell(f.info, f.value, 0) // it has ended already: there is nothing to fail
}

// drop ends a waiting op.
func (s *Scheduler[K, T]) drop(n *node[K, T], cause error) {
	q := n.queue
	if n.state == Delayed {
		s.delays.remove(int(n.place))
		s.delayed--
		s.forgo(n)
	} else {
		s.pending--
	}
	s.lanes[n.lane].waiting--
	if q != nil {
		q.remove(n)
	}
	n.state = n.state.next(drop)
	s.dropped++
	s.ending++
	err := ErrDropped
	if cause != nil {
		err = fmt.Errorf("%w: %w", ErrDropped, cause)
	}
	f := fallen[K, T]{info: s.info(n, time.Time{}, Dropped, &outcome{err: err}), value: n.value}
	if n.extra != nil {
		f.done, n.extra.done = n.extra.done, nil // it hears of it when everybody does
	}
	s.fallen = append(s.fallen, f)
	s.settled(n, &f.info)
	if q != nil {
		s.settle(q)
		s.leave(q)
	}
	s.arm()
	s.admit()
}

// dropAll ends every waiting op for which why returns a cause. O(waiting).
func (s *Scheduler[K, T]) dropAll(why func(*node[K, T]) error) {
	for _, n := range slices.Collect(s.waitingOps) {
		if cause := why(n); cause != nil {
			s.drop(n, cause)
		}
	}
}

// waitingOps yields the ops that wait, in no order across queues.
func (s *Scheduler[K, T]) waitingOps(yield func(*node[K, T]) bool) {
	for q := range s.queues {
		for n := q.head; n != nil; n = n.next {
			if !yield(n) {
				return
			}
		}
	}
	for _, d := range s.delays {
		if d.op.queue == nil && !yield(d.op) {
			return
		}
	}
}

// queues yields every queue that may have waiting ops, in no order.
func (s *Scheduler[K, T]) queues(yield func(*queue[K, T]) bool) {
	if !yield(&s.plain) {
		return
	}
	for _, q := range s.loose {
		if !yield(q) {
			return
		}
	}
	s.keys.all(yield)
}

// end drops a waiting op or cancels the context of a running one.
func (s *Scheduler[K, T]) end(n *node[K, T], cause error) {
	if n.state == Running {
		s.running[n.place].cancel(cause)
		return
	}
	s.drop(n, cause)
	s.spawn()
}

// Drop ends a waiting op, or cancels the context of a running one with this cause, which is
// not tried again then. It reports whether the op was found. O(waiting).
func (s *Scheduler[K, T]) Drop(id ID, cause error) bool {
	s.mu.Lock()
	defer s.unlock()
	n := s.find(id)
	if n != nil {
		s.end(n, cause)
	}
	return n != nil
}

// find looks for an op that runs or waits.
func (s *Scheduler[K, T]) find(id ID) *node[K, T] {
	for _, w := range s.running {
		if w.op.id == id {
			return w.op
		}
	}
	for n := range s.waitingOps {
		if n.id == id {
			return n
		}
	}
	return nil
}

// FindFunc looks for an op that runs or waits by its value. match runs with the lock held.
// O(running and waiting).
func (s *Scheduler[K, T]) FindFunc(match func(T) bool) (ID, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.running {
		if match(w.op.value) {
			return w.op.id, true
		}
	}
	for n := range s.waitingOps {
		if match(n.value) {
			return n.id, true
		}
	}
	return 0, false
}

// DropOldest ends the waiting op that was accepted first. O(keys and delayed ops), and O(waiting
// ops) of a key of which some have overtaken others.
func (s *Scheduler[K, T]) DropOldest(cause error) bool {
	s.mu.Lock()
	defer s.unlock()
	oldest := s.oldest()
	if oldest == nil {
		return false
	}
	s.end(oldest, cause)
	return true
}

func (s *Scheduler[K, T]) oldest() (oldest *node[K, T]) {
	consider := func(n *node[K, T]) {
		if oldest == nil || n.id < oldest.id {
			oldest = n
		}
	}
	for q := range s.queues {
		for n := q.head; n != nil; n = n.next {
			if consider(n); !q.unsorted {
				break
			}
		}
	}
	for _, d := range s.delays {
		consider(d.op)
	}
	return oldest
}

// SetLimit changes how many run at once; less than 1 counts as 1. Lowering it interrupts
// nothing: surplus workers leave as their ops end.
func (s *Scheduler[K, T]) SetLimit(n int) {
	s.mu.Lock()
	defer s.unlock()
	s.limit = max(n, 1)
	s.spawn()
}

// Pause stops the starting of ops until as many calls of Resume.
func (s *Scheduler[K, T]) Pause() {
	s.mu.Lock()
	defer s.unlock()
	s.paused++
	s.arm()
}

// Resume undoes one Pause. Without one it does nothing.
func (s *Scheduler[K, T]) Resume() {
	s.mu.Lock()
	defer s.unlock()
	s.paused = max(s.paused-1, 0)
	s.spawn()
}

// quiet wakes who waits for idleness, or for nothing to run.
func (s *Scheduler[K, T]) quiet() {
	if len(s.waiters) == 0 && !s.closed || len(s.running) > 0 {
		return
	}
	idle := s.active == 0 && s.pending == 0 && s.delayed == 0 && s.ending == 0
	if idle && s.closed { // before anybody hears of it
		s.gates(func(g *Gate, _ uint64) { g.unfollow(&s.watch) })
	}
	left := s.waiters[:0]
	for _, w := range s.waiters {
		if w.idle && !idle {
			left = append(left, w)
		} else {
			close(w.ch)
		}
	}
	clear(s.waiters[len(left):])
	s.waiters = left
}

func (s *Scheduler[K, T]) awaitQuiet(ctx context.Context, idle bool) error {
	w := waiter{idle, make(chan struct{})}
	s.mu.Lock()
	s.waiters = append(s.waiters, w)
	s.quiet()
	s.mu.Unlock()
	select {
	case <-w.ch:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.waiters {
		if s.waiters[i].ch == w.ch {
			s.waiters = append(s.waiters[:i], s.waiters[i+1:]...)
			return context.Cause(ctx)
		}
	}
	return nil // it came at the last moment
}

// Idle waits until nothing waits, runs, or is being told that it was dropped.
func (s *Scheduler[K, T]) Idle(ctx context.Context) error { return s.awaitQuiet(ctx, true) }

// Quiesce pauses, waits for what runs, calls fn, and resumes, also if fn panics. Two calls
// take turns.
func (s *Scheduler[K, T]) Quiesce(ctx context.Context, fn func() error) error {
	select {
	case s.quiescing <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-s.quiescing }()
	s.Pause()
	defer s.Resume()
	if err := s.awaitQuiet(ctx, false); err != nil {
		return err
	}
	return fn()
}

// Close ends intake: producers that wait get ErrClosed. What was accepted still runs.
func (s *Scheduler[K, T]) Close() {
	s.mu.Lock()
	defer s.unlock()
	s.close()
}

func (s *Scheduler[K, T]) close() {
	s.closed = true
	s.refuse(ErrClosed)
	s.quiet()
}

// Drain is Close and Idle. When the context ends first, the rest goes on.
func (s *Scheduler[K, T]) Drain(ctx context.Context) error {
	s.Close()
	return s.Idle(ctx)
}

// Cancel ends intake, drops what waits, and cancels the context of what runs.
func (s *Scheduler[K, T]) Cancel(cause error) {
	if cause == nil {
		cause = context.Canceled
	}
	s.mu.Lock()
	s.close()
	s.cancel(cause)
	s.dropAll(func(*node[K, T]) error { return cause })
	s.quiet()
	s.unlock()
}

// Shutdown is Drain; if the context ends first, Cancel, and a wait for what runs.
func (s *Scheduler[K, T]) Shutdown(ctx context.Context) error {
	if err := s.Drain(ctx); err != nil {
		s.Cancel(context.Cause(ctx))
		_ = s.Idle(context.Background())
		return err
	}
	return nil
}
