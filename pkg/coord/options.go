package coord

import (
	"context"
	"math"
	"math/rand/v2"
	"time"

	"github.com/mostlylucid/eph/internal/sched"
	"github.com/mostlylucid/eph/pkg/signals"
)

// Options configure a coordinator. The zero value means: GOMAXPROCS at once, one per key,
// 1024 waiting, one lane, no retry, the last 200 finished ops kept.
type Options struct {
	// Limit is how many ops run at once. 0 or less means GOMAXPROCS. SetLimit changes it.
	Limit int

	// PerKey is how many ops of one key run at once. 0 means 1, a negative value no limit.
	// Above 1 the order within a key is the order of starts, not of ends.
	PerKey int

	// Window is how many ops may wait, delayed ones included, before Put waits for room.
	// 0 means 1024, a negative value no limit. Ops that are retried keep their place, so the
	// number may be exceeded by up to Limit.
	Window int

	// KeyWindow is how many ops of one key may wait before Put waits. 0 or less means that
	// only Window counts.
	KeyWindow int

	// Lanes are the classes of urgency, the most urgent first. None means one; more than 64
	// make New panic.
	Lanes []Lane

	// LaneOrder says whether an op may pass those of its own key that stand in less urgent
	// lanes. The zero value is KeyOrder: it may not.
	LaneOrder LaneOrder

	// Aging bounds how long urgent ops may hold up others: an op that has been ready to start
	// for this long goes next, whatever its lane or priority; time behind a gate does not
	// count. 0 means that less urgent ops may wait forever.
	Aging time.Duration

	// Retry decides about failed attempts. nil means that the first failure is final.
	Retry Retry

	// Timeout ends the context of an attempt, with ErrTimeout as its cause. The attempt ends
	// when the function returns, and fails if that returns an error; one that is, or wraps,
	// context.DeadlineExceeded is wrapped in ErrTimeout then. 0 means never.
	Timeout time.Duration

	// Rate admits starts over time, retries included. nil means no limit.
	Rate Limiter

	// Gate holds back, or drops, the ops of all lanes; nil is always open.
	Gate *Gate

	// Hold are further gates: an op starts when all of them are open. None may be nil.
	Hold []*Gate

	// History is how many finished ops are kept for Recent and Find. 0 means 200, a negative
	// value none. SetHistory changes it, and MaxAge.
	History int

	// MaxAge hides ops that ended longer ago from Recent and Find. 0 or less means no limit.
	MaxAge time.Duration

	// NoClock takes no time stamps, which saves some 40 ns per op. Info then has no times, and
	// MaxAge hides nothing.
	NoClock bool

	// Signals is where op.started, op.done, op.failed, op.retry and op.dropped are raised,
	// with the op's ID and Info: see SignalStarted. nil raises none.
	Signals *signals.Sink

	base context.Context // of all ops; nil means context.Background()
}

func (o *Options) sched() sched.Options {
	lanes := make([]sched.Lane, len(o.Lanes))
	for i, l := range o.Lanes {
		lanes[i] = sched.Lane(l)
	}
	return sched.Options{
		Limit: o.Limit, PerKey: o.PerKey, Window: o.Window, KeyWindow: o.KeyWindow,
		Lanes: lanes, Overtake: o.LaneOrder == Overtake, Aging: o.Aging,
		Retry: o.Retry, Timeout: o.Timeout, Rate: o.Rate, Gate: o.Gate, Hold: o.Hold,
		History: o.History, MaxAge: o.MaxAge, NoClock: o.NoClock, Base: o.base,
	}
}

// Hooks are called with what becomes of ops; any of them may be nil. Notify sets them.
type Hooks[K comparable, T any] struct {
	// Admit is asked about an op whose turn has come, and which has its permit if there is an
	// Options.Rate. If it returns nil the op starts. If it returns a gate, such as that of a
	// circuit breaker or of a separate rate, the op and what follows it in its key are held
	// until that gate opens. Other keys proceed, and neither a slot, nor a permit, nor an
	// attempt is spent; meanwhile the op is Delayed. When the gate opens, Admit is asked again.
	//
	// Admit runs under the coordinator's lock: it must not block, nor end its goroutine, nor
	// call the coordinator, nor change a gate that others may know; it may call ShutFor on a
	// new one. If it panics, the attempt fails with a PanicError and fn is not called.
	Admit func(i Info[K], v T) *Gate

	// Retry is called for an attempt that has failed, with its error in Info.Err, and will be
	// retried after that time. It runs on the worker, outside all locks.
	Retry func(i Info[K], v T, after time.Duration)

	// Finish is called once for every accepted op, when it has ended as Done, Failed or
	// Dropped. Info.Err is nil for Done, the error of the last attempt for Failed, and wraps
	// ErrDropped for Dropped. It runs outside all locks, on the worker, or for a drop on the
	// goroutine that caused it; so it may run concurrently for several ops. The op counts as
	// running until Finish has returned, so when Drain returns all calls are complete. A panic
	// in Finish fails the op.
	//
	// Finish may call Put. If an op is dropped as it is put, while Finish is being called for
	// other drops, a new goroutine calls Finish for it. So a Finish that puts again what a gate
	// drops is called again and again until the gate opens.
	Finish func(i Info[K], v T)
}

// Lane is one class of urgency.
type Lane struct {
	// Name is for InNamedLane. It may be "".
	Name string

	// Weight is the lane's share of the starts. With 0 or less the lane is strict: it goes
	// before every weighted lane, and before the strict lanes that come later. Weighted lanes
	// share the remaining starts in proportion to their weights, and a lane accumulates no
	// credit while it is empty or shut.
	Weight int

	// Depth is how many ops may wait in the lane before Put waits. 0 or less means that only
	// Options.Window counts.
	Depth int

	// Gate governs this lane. nil is always open.
	Gate *Gate
}

// LaneOrder says how lanes and keys interact.
type LaneOrder uint8

const (
	// KeyOrder keeps the order of a key across lanes and priorities: an urgent op raises its
	// whole key. A key whose first op belongs to a shut lane waits with it, and a shut lane
	// raises no key.
	KeyOrder LaneOrder = iota

	// Overtake lets an op pass the ops of its own key that stand in less urgent lanes. They
	// still never run at the same time beyond PerKey, order within a key and lane is kept,
	// and an op that waits for its next attempt is not passed.
	Overtake
)

// Retry decides about failed attempts. [Backoff] is one.
type Retry interface {
	// Next gets the number of attempts so far, from 1, and the error of the last one. It
	// returns how long to wait before the next attempt, or false to give up. The wait is
	// extended to what RetryAfter asks for. Next is not called for errors marked with
	// Permanent, nor for an op that was told to end. It is called outside all locks, possibly
	// for several ops at once; a panic fails the op.
	Next(attempt int, err error) (wait time.Duration, again bool)
}

// Limiter admits starts over time. A patterns.Rate is one.
type Limiter interface {
	// Reserve takes a permit and returns how long to wait until it may be used; 0 or less
	// means at once. It is called with a lock held: it must not block, nor call the
	// coordinator, nor end its goroutine. If it panics, the attempt that it was asked for fails
	// with a PanicError and fn is not called.
	//
	// A Limiter that is shared, or whose rate may change, should also have a method Unreserve(),
	// under the same rule, which takes back an unused permit: when nothing is left that may
	// start, because it was dropped, paused or shut out by a gate, and in Keyed.Reconsider.
	// Without it the permit is kept for the coordinator's next op.
	//
	// It may also have a method OnChange(fn func()) (stop func()). The coordinator passes a
	// function that the limiter must call, with no lock of its own held, after each change of
	// its rate until stop: it is Keyed.Reconsider. The coordinator calls both under its lock,
	// when it begins to wait for a permit and when it no longer does.
	Reserve() time.Duration
}

// Permanent marks an error that must not be retried. Do, Info and the hooks see the marked error;
// errors.Is and errors.As look through the mark. Permanent(nil) is nil.
func Permanent(err error) error { return sched.Permanent(err) }

// RetryAfter marks an error that should be retried no sooner than d after the attempt; the rest
// is up to Options.Retry. errors.Is and errors.As look through the mark. RetryAfter(nil, d) is nil.
func RetryAfter(err error, d time.Duration) error { return sched.RetryAfter(err, d) }

// Backoff retries with growing pauses: the nth pause is First×Factorⁿ⁻¹, at most Max, of
// which Jitter is random. The zero value gives 3 attempts, 50 ms, factor 2, at most 30 s,
// full jitter ("Exponential Backoff And Jitter", Brooker 2015).
type Backoff struct {
	Attempts int              // in all; 0 means 3, negative no limit
	First    time.Duration    // 0 or less means 50 ms
	Max      time.Duration    // 0 or less means 30 s
	Factor   float64          // 0 means 2
	Jitter   float64          // share of the pause that is random; 0 means 1, negative none
	If       func(error) bool // which errors are retried; nil: all
}

// Next implements Retry.
func (b Backoff) Next(attempt int, err error) (time.Duration, bool) {
	attempts := b.Attempts
	if attempts == 0 {
		attempts = 3
	}
	if attempts > 0 && attempt >= attempts || b.If != nil && !b.If(err) {
		return 0, false
	}
	first, most, factor, jitter := b.First, b.Max, b.Factor, b.Jitter
	if first <= 0 {
		first = 50 * time.Millisecond
	}
	if most <= 0 {
		most = 30 * time.Second
	}
	if factor == 0 {
		factor = 2
	}
	if jitter == 0 {
		jitter = 1
	}
	pause := most
	if p := float64(first) * math.Pow(factor, float64(attempt-1)); p < float64(most) {
		pause = time.Duration(p)
	}
	random := float64(pause) * min(max(jitter, 0), 1) * rand.Float64()
	return pause - time.Duration(random), true
}

// PutOption is an option for a single op. If two set the same thing, the later one counts.
type PutOption struct {
	kind optionKind
	n    int64
	text string
	ctx  context.Context
}

type optionKind uint8

const (
	inLane optionKind = iota + 1
	inNamedLane
	priority
	after
	bound
)

// InLane puts the op into a lane by its index in Options.Lanes; 0 is the default. Put returns
// ErrNoLane if there is none.
func InLane(i int) PutOption { return PutOption{kind: inLane, n: int64(i)} }

// InNamedLane puts the op into a lane by its name, the last of that name if there are several. It
// wins over InLane, unless the name is "". Put returns ErrNoLane if there is none.
func InNamedLane(name string) PutOption { return PutOption{kind: inNamedLane, text: name} }

// Priority orders the op within its lane, higher first; 0 is the default. Priorities do not
// reorder a key: the most urgent op of a key raises the ones before it. The cost grows with the
// logarithm of the number of different priorities that wait.
func Priority(n int) PutOption { return PutOption{kind: priority, n: int64(n)} }

// After lets the op start no sooner than d from now; 0 or less means at once. Meanwhile it holds its
// key if it is first in it, but no slot.
func After(d time.Duration) PutOption { return PutOption{kind: after, n: int64(d)} }

// Bound drops the op if ctx ends while the op waits, and cancels the op's context if it is running;
// the cause is that of ctx. The context that the function gets also has the values and the deadline
// of ctx. The end of ctx costs O(1) for each op that is bound to it.
func Bound(ctx context.Context) PutOption { return PutOption{kind: bound, ctx: ctx} }

func submit(opts []PutOption) (s sched.Submit) {
	for _, o := range opts {
		switch o.kind {
		case inLane:
			s.Lane = int(o.n)
		case inNamedLane:
			s.LaneName = o.text
		case priority:
			s.Priority = int(o.n)
		case after:
			s.After = time.Duration(o.n)
		case bound:
			s.Bound = o.ctx
		}
	}
	return s
}
