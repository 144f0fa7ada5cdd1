package patterns

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/signals"
)

// ErrOpen is what Breaker.Allow and Breaker.Do return, wrapped, while a breaker is open, with the
// time left, and while it is half open and all its probes are under way.
var ErrOpen = errors.New("patterns: circuit open")

// The signals of breakers. Their key is BreakerOptions.Name.
const (
	CircuitOpened     = "circuit.opened"      // nothing is let through
	CircuitHalfOpened = "circuit.half_opened" // probes are
	CircuitClosed     = "circuit.closed"      // everything is

	// CircuitOpen is a condition that holds while a breaker is open, and not while it is half
	// open. It is for those who watch. To hold work back use Guarded: a gate on this condition
	// shuts for any breaker of the sink, and lets everything start as soon as probes may, most of
	// it to fail with ErrOpen.
	CircuitOpen = "circuit.open"
)

// BreakerOptions configure a Breaker. The zero value opens at 5 failures within 30 s, for
// 30 s, and closes after one probe that succeeds.
type BreakerOptions struct {
	// Failures opens the breaker: so many within Span, or, with a negative Span, so many in a
	// row. 0 or less means 5.
	Failures int
	// Span is the sliding time in which failures count, exact to a tenth; 0 means 30 s.
	Span time.Duration
	// Ratio, if positive, is used instead of Failures: the breaker opens when at least this share
	// of the last Calls calls failed, but not before there have been that many. More than 1 counts
	// as 1.
	Ratio float64
	// Calls is how many calls Ratio looks at; 0 or less means 20.
	Calls int

	// Cooldown is how long the breaker stays open; 0 or less means 30 s.
	Cooldown time.Duration
	// Probes is how many calls are let through then; if all succeed it closes, and the first
	// that fails opens it again. 0 or less means 1.
	Probes int

	// Counts says which errors are failures; whatever is not a failure is a success. It may be
	// called concurrently. nil means all except context.Canceled, which is neither: a caller that
	// gave up has found out nothing.
	Counts func(error) bool

	// Signals is where CircuitOpened, CircuitHalfOpened and CircuitClosed are raised and
	// CircuitOpen is set. nil raises none.
	Signals *signals.Sink
	// Name is the key of these signals. Breakers that share a sink need different ones.
	Name string
}

// Breaker stops calls to something that keeps failing, until it may have recovered. After
// Cooldown a few probes are let through, and their success closes it ("Release It!", Nygard 2007).
// Call it with Do; before a coordinator put it with Guarded.
//
// A breaker owns one timer while it is open, and need not be closed. Allowing a call takes no lock.
// Create one with NewBreaker.
type Breaker struct {
	o     BreakerOptions
	state atomic.Uint64 // phase, probes that may still begin, epoch

	// wait is where to wait after a refusal. A gate is opened once and then replaced by another,
	// so it is never shut while somebody waits behind it, and no wake-up is lost.
	wait atomic.Pointer[coord.Gate]

	news news

	mu        sync.Mutex
	failures  *signals.Counter // within Span
	inARow    int
	last      []uint64 // outcomes of the last calls, a bit for each, 1 is a failure
	next      int      // place of the oldest of them
	seen      int      // how many of them there were
	failed    int      // how many of them failed
	succeeded int      // probes that did
	until     time.Time
}

// The phases of a breaker. The state word holds the phase in its low two bits, the probes left
// above them, and in its upper half the epoch, which rises with every change of phase.
const (
	closed uint64 = iota
	open
	half
)

func word(phase uint64, probes int, epoch uint32) uint64 {
	return uint64(epoch)<<32 | uint64(probes)<<2 | phase
}

func phaseOf(w uint64) uint64 { return w & 3 }
func probesOf(w uint64) int   { return int(w & (1<<32 - 1) >> 2) }
func epochOf(w uint64) uint32 { return uint32(w >> 32) }

// Pass is permission to make one call. Report or Cancel it: a breaker that never hears of a probe
// stays half open for ever. The zero Pass belongs to no breaker, and reports to nobody.
type Pass struct {
	breaker *Breaker
	epoch   uint32
}

// NewBreaker returns a closed breaker.
func NewBreaker(o BreakerOptions) *Breaker {
	if o.Failures <= 0 {
		o.Failures = 5
	}
	if o.Span == 0 {
		o.Span = 30 * time.Second
	}
	if o.Calls <= 0 {
		o.Calls = 20
	}
	if o.Cooldown <= 0 {
		o.Cooldown = 30 * time.Second
	}
	o.Ratio = min(o.Ratio, 1)
	o.Probes = min(max(o.Probes, 1), 1<<20) // the state word has room for no more
	b := &Breaker{o: o}
	b.wait.Store(new(coord.Gate))
	switch {
	case o.Ratio > 0:
		b.last = make([]uint64, (o.Calls+63)/64)
	case o.Span > 0:
		b.failures = signals.NewCounter(o.Span, 10)
	}
	return b
}

// Allow returns a pass, whose Report or Cancel must be called once, or an error that wraps ErrOpen.
// It does not wait. While the breaker is closed it is one atomic load.
func (b *Breaker) Allow() (Pass, error) {
	if w := b.state.Load(); phaseOf(w) == closed {
		return Pass{b, epochOf(w)}, nil
	}
	return b.allowOrSay()
}

// allowOrSay is apart so that Allow can be inlined.
func (b *Breaker) allowOrSay() (Pass, error) {
	if p, ok := b.allow(); ok {
		return p, nil
	}
	if s := b.State(); s.Open {
		return Pass{}, fmt.Errorf("%w for %v", ErrOpen, s.Left)
	}
	return Pass{}, fmt.Errorf("%w: half open, and its probes are under way", ErrOpen)
}

// Admit is Allow for coord.Hooks.Admit: it returns a pass, or the gate to wait behind. It takes
// no lock and raises nothing. The pass has to get from the hook to the call: Guarded sees to that.
func (b *Breaker) Admit() (Pass, *coord.Gate) {
	if w := b.state.Load(); phaseOf(w) == closed {
		return Pass{b, epochOf(w)}, nil
	}
	return b.admit()
}

func (b *Breaker) admit() (Pass, *coord.Gate) {
	gate := b.wait.Load() // before the refusal: if things change in between, it opens
	if p, ok := b.allow(); ok {
		return p, nil
	}
	return Pass{}, gate
}

func (b *Breaker) allow() (Pass, bool) {
	for {
		w := b.state.Load()
		switch {
		case phaseOf(w) == closed:
		case phaseOf(w) == open || probesOf(w) == 0:
			return Pass{}, false
		case !b.state.CompareAndSwap(w, w-1<<2):
			continue
		}
		return Pass{b, epochOf(w)}, true
	}
}

// Do makes a call if the breaker allows it, and reports and returns its error; if not, fn is not
// called and the error wraps ErrOpen. A panic counts as a failure and propagates to the caller.
func (b *Breaker) Do(ctx context.Context, fn func(context.Context) error) error {
	p, err := b.Allow()
	if err != nil {
		return err
	}
	return p.call(func() error { return fn(ctx) })
}

// call makes the call and reports it.
func (p Pass) call(fn func() error) error {
	done := false
	defer func() {
		if !done && p.breaker != nil {
			p.breaker.report(p.epoch, true)
		}
	}()
	err := fn()
	p.Report(err)
	done = true // Counts may panic too
	return err
}

// Report says how the call went. If the breaker has changed its state since the call was allowed,
// the report is ignored.
func (p Pass) Report(err error) {
	b := p.breaker
	switch {
	case b == nil:
	case err == nil:
		b.report(p.epoch, false)
	case b.o.Counts != nil:
		b.report(p.epoch, b.o.Counts(err))
	case errors.Is(err, context.Canceled):
		b.cancel(p.epoch)
	default:
		b.report(p.epoch, true)
	}
}

// Cancel gives the permission back: the call was not made, or its outcome says nothing. It may be
// deferred, and called twice: at worst one more probe is let through.
func (p Pass) Cancel() {
	if p.breaker != nil {
		p.breaker.cancel(p.epoch)
	}
}

func (b *Breaker) report(epoch uint32, failure bool) {
	b.mu.Lock()
	w := b.state.Load()
	switch {
	case epochOf(w) != epoch:
	case phaseOf(w) == closed:
		if b.count(failure) {
			b.trip()
			return
		}
	case failure:
		b.trip()
		return
	default:
		if b.succeeded++; b.succeeded == b.o.Probes {
			b.close()
			return
		}
	}
	b.mu.Unlock()
}

func (b *Breaker) cancel(epoch uint32) {
	b.mu.Lock()
	w := b.state.Load()
	var waiting *coord.Gate
	for phaseOf(w) == half && epochOf(w) == epoch && probesOf(w)+b.succeeded < b.o.Probes {
		if b.state.CompareAndSwap(w, w+1<<2) {
			waiting = b.wait.Swap(shutGate())
			break
		}
		w = b.state.Load()
	}
	b.mu.Unlock()
	if waiting != nil {
		waiting.Open() // whoever waits may be the probe
	}
}

// shutGate is a gate for those who wait.
func shutGate() *coord.Gate {
	g := new(coord.Gate)
	g.Shut()
	return g
}

// Feed counts each matching event as a failure, as if a call had been allowed and had failed. Use it
// for what is observed rather than called.
func (b *Breaker) Feed(s *signals.Sink, p signals.Pattern) (stop func()) {
	return s.Subscribe(p, func(signals.Event) {
		if pass, ok := b.allow(); ok {
			b.report(pass.epoch, true)
		}
	})
}

// BreakerState is the state of a breaker at one moment.
type BreakerState struct {
	Open, Half bool          // both false: closed
	Failures   int           // that count now
	Left       time.Duration // until probes are let through; 0 unless open
}

// State returns the current state.
func (b *Breaker) State() BreakerState {
	b.mu.Lock()
	defer b.mu.Unlock()
	phase := phaseOf(b.state.Load())
	s := BreakerState{Open: phase == open, Half: phase == half, Failures: max(b.inARow, b.failed)}
	if b.failures != nil {
		s.Failures = b.failures.Count()
	}
	if s.Open {
		s.Left = max(time.Until(b.until), 0)
	}
	return s
}

// count records an outcome, and reports whether it is one failure too many.
func (b *Breaker) count(failure bool) bool {
	switch {
	case b.last != nil:
		return b.remember(failure)
	case b.failures != nil:
		if failure {
			b.failures.Add(1)
		}
		return failure && b.failures.Count() >= b.o.Failures
	case failure:
		b.inARow++
		return b.inARow >= b.o.Failures
	}
	b.inARow = 0
	return false
}

// remember replaces the oldest outcome.
func (b *Breaker) remember(failure bool) bool {
	bit := uint64(1) << (b.next % 64)
	at := &b.last[b.next/64]
	if b.next++; b.next == b.o.Calls {
		b.next = 0
	}
	if *at&bit != 0 {
		b.failed--
	}
	*at &^= bit
	if failure {
		*at |= bit
		b.failed++
	}
	b.seen = min(b.seen+1, b.o.Calls)
	return failure && b.seen == b.o.Calls && float64(b.failed) >= b.o.Ratio*float64(b.o.Calls)
}

// forget resets the counts.
func (b *Breaker) forget() {
	if b.failures != nil {
		b.failures.Reset()
	}
	b.inARow, b.next, b.seen, b.failed, b.succeeded = 0, 0, 0, 0, 0
	clear(b.last)
}

// trip opens the breaker, and releases its lock.
func (b *Breaker) trip() {
	b.forget()
	w := b.state.Load()
	epoch := epochOf(w) + 1
	if phaseOf(w) == closed { // else those who wait do so already
		b.wait.Store(shutGate())
	}
	b.state.Store(word(open, 0, epoch))
	b.until = time.Now().Add(b.o.Cooldown)
	time.AfterFunc(b.o.Cooldown, func() { b.probe(epoch) })
	b.raise(CircuitOpened, func(s *signals.Sink) { s.Set(CircuitOpen, b.o.Name, 0) })
	b.mu.Unlock()
	b.news.tell()
}

// probe lets the probes through. Nothing but this timer ends the phase that it belongs to.
func (b *Breaker) probe(epoch uint32) {
	b.mu.Lock()
	b.succeeded = 0
	b.state.Store(word(half, b.o.Probes, epoch+1))
	waiting := b.wait.Swap(shutGate())
	b.raise(CircuitHalfOpened, func(s *signals.Sink) { s.Clear(CircuitOpen, b.o.Name) })
	b.mu.Unlock()
	b.news.tell()
	waiting.Open()
}

// close closes the breaker, and releases its lock.
func (b *Breaker) close() {
	b.forget()
	b.state.Store(word(closed, 0, epochOf(b.state.Load())+1))
	waiting := b.wait.Load()
	b.raise(CircuitClosed, nil)
	b.mu.Unlock()
	b.news.tell()
	waiting.Open()
}

// raise queues the news of a change, to be delivered once the lock is released.
func (b *Breaker) raise(name string, then func(*signals.Sink)) {
	if s := b.o.Signals; s != nil {
		b.news.add(func() {
			s.Raise(name, b.o.Name)
			if then != nil {
				then(s)
			}
		})
	}
}
