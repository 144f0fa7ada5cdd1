package job

import (
	"math/bits"
	"sync"
)

// Slots numbers the jobs that run at once, from 1. The lowest free number is used again, so
// that no number is greater than the most jobs that ran at once. Its zero value is ready.
type Slots struct {
	mu    sync.Mutex
	taken []uint64
}

// Take returns the lowest free number.
func (s *Slots) Take() int {
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

// Give frees a number that Take has returned.
func (s *Slots) Give(slot int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken[(slot-1)/64] &^= 1 << ((slot - 1) % 64)
}
