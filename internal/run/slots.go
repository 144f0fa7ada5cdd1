package run

import (
	"math/bits"
	"sync"

	"github.com/mostlylucid/eph/pkg/coord"
)

// slots numbers the jobs that run at once, from 1; the lowest free number is used again, so
// that a number is never greater than the most jobs that ran at once.
type slots struct {
	mu    sync.Mutex
	taken []uint64
}

func (s *slots) take() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, word := range s.taken {
		if free := bits.TrailingZeros64(^word); free < 64 {
			s.taken[i] |= 1 << free
			return i*64 + free + 1
		}
	}
	s.taken = append(s.taken, 1)
	return len(s.taken)*64 - 63
}

func (s *slots) give(slot int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken[(slot-1)/64] &^= 1 << ((slot - 1) % 64)
}

// retries is the retry policy of a plan; nil when every item has one attempt.
func retries(p *Plan) coord.Retry {
	if p.Attempts <= 1 {
		return nil
	}
	b := coord.Backoff{Attempts: p.Attempts, First: max(p.RetryDelay, 1), Max: max(p.RetryMaxDelay, 1), Jitter: p.RetryJitter}
	if b.Jitter == 0 {
		b.Jitter = -1
	}
	return b
}
