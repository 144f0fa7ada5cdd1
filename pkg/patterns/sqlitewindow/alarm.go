package sqlitewindow

import (
	"context"
	"sync"
	"time"
)

// After a call that failed the next comes after the usual time, within these bounds.
const (
	leastPause = time.Second
	mostPause  = 30 * time.Second
)

// alarm calls a function when something was raised: after a time, or at once when it is much.
// It has a timer only while something waits.
type alarm struct {
	every  time.Duration // negative: never
	much   int
	ring   func(context.Context) error
	ctx    context.Context // of the calls
	cancel context.CancelFunc

	mu      sync.Mutex
	waiting int // events since the last call
	timer   *time.Timer
	state   alarmState
	calls   sync.WaitGroup
}

type alarmState uint8

const (
	quiet   alarmState = iota // nothing waits
	armed                     // the timer will ring
	ringing                   // a call is under way, or about to be
	backing                   // the last call failed; the timer will ring, however much waits
	ended
)

func newAlarm(every time.Duration, much int, ring func(context.Context) error) *alarm {
	a := &alarm{every: every, much: much, ring: ring}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	return a
}

// raised counts events.
func (a *alarm) raised(n int) {
	if n == 0 || a.every < 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waiting += n
	if a.state == quiet {
		a.arm(armed, a.every)
	}
	if a.state == armed && a.waiting >= a.much && a.timer.Stop() {
		a.arm(armed, 0)
	}
}

// arm sets the timer. The caller holds the lock, and no timer runs.
func (a *alarm) arm(s alarmState, after time.Duration) {
	a.state = s
	a.timer = time.AfterFunc(after, a.call)
}

func (a *alarm) call() {
	a.mu.Lock()
	if a.state != armed && a.state != backing {
		a.mu.Unlock()
		return
	}
	a.state = ringing
	a.calls.Add(1)
	a.mu.Unlock()
	defer a.calls.Done()
	err := a.ring(a.ctx)
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.state == ended:
	case err != nil:
		a.arm(backing, min(max(a.every, leastPause), mostPause))
	case a.waiting >= a.much:
		a.arm(armed, 0)
	case a.waiting > 0:
		a.arm(armed, a.every)
	default:
		a.state = quiet
	}
}

// flushing says that what was raised so far is about to be stored.
func (a *alarm) flushing() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waiting = 0
}

// end stops the timer, cancels a call that is under way and waits for it.
func (a *alarm) end() {
	a.mu.Lock()
	if a.timer != nil {
		a.timer.Stop()
	}
	a.state = ended
	a.mu.Unlock()
	a.cancel()
	a.calls.Wait()
}
