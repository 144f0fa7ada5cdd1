package patterns

import (
	"context"
	"errors"
	"sync"

	"github.com/mostlylucid/eph/pkg/signals"
)

// ErrCanceled is what Quorum.Wait returns, wrapped, when an event of cancelOn was raised.
var ErrCanceled = errors.New("patterns: quorum canceled")

// Quorum waits until need different ops or keys have raised a matching event. It counts from the
// moment it is created, so that nothing is missed before Wait is called.
type Quorum struct {
	need int
	done chan struct{} // closed when it is decided
	stop []func()

	mu       sync.Mutex
	seen     map[any]struct{}
	decided  bool
	canceled *signals.Event
}

// NewQuorum starts counting. An event of cancelOn, which may be the zero Pattern, calls it off. With
// a need of 0 or less there are enough already. Call Close when done.
func NewQuorum(s *signals.Sink, p, cancelOn signals.Pattern, need int) *Quorum {
	q := &Quorum{need: need, done: make(chan struct{}), seen: make(map[any]struct{})}
	if need <= 0 {
		q.decide()
	}
	q.stop = []func(){s.Subscribe(p, q.count), s.Subscribe(cancelOn, q.cancel)}
	return q
}

// count records a vote: that of an op or, for an event that no op raised, that of a key.
func (q *Quorum) count(e signals.Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.decided { // and nothing is remembered any more
		return
	}
	if e.Op != 0 {
		q.seen[e.Op] = struct{}{}
	} else {
		q.seen[e.Key] = struct{}{}
	}
	if len(q.seen) >= q.need {
		q.decide()
	}
}

func (q *Quorum) cancel(e signals.Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.decided {
		q.canceled = &e
		q.decide()
	}
}

func (q *Quorum) decide() {
	if !q.decided {
		q.decided = true
		close(q.done)
	}
}

// Wait waits until there are enough votes, and returns how many there are. Its error either wraps
// ErrCanceled and names the event that called it off, or is the cause of ctx.
func (q *Quorum) Wait(ctx context.Context) (seen int, err error) {
	select {
	case <-q.done:
	default:
		select {
		case <-q.done:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.canceled != nil {
		err = &canceled{q.canceled.Name}
	}
	return len(q.seen), err
}

// Close ends the counting, but not a Wait. It is idempotent.
func (q *Quorum) Close() {
	for _, stop := range q.stop {
		stop()
	}
}

type canceled struct{ by string }

func (c *canceled) Error() string { return ErrCanceled.Error() + " by " + c.by }
func (c *canceled) Unwrap() error { return ErrCanceled }
