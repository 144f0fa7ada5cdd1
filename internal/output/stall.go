package output

import (
	"sync"
	"time"
)

// stall watches for a write that does not come to its end, because nobody reads. Its methods
// are called under the writer's lock.
type stall struct {
	tell  func(stalled bool) // may be nil: then nothing is watched
	timer *time.Timer

	mu   sync.Mutex
	busy bool // a write is under way
	told bool // that it stalls
}

// begin is called before a write.
func (s *stall) begin() {
	if s.tell == nil {
		return
	}
	s.mu.Lock()
	s.busy = true
	s.mu.Unlock()
	if s.timer == nil {
		s.timer = time.AfterFunc(StallTime, s.overdue)
	} else {
		s.timer.Reset(StallTime)
	}
}

// end is called after it.
func (s *stall) end() {
	if s.tell == nil {
		return
	}
	s.timer.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = false
	if s.told {
		s.told = false
		s.tell(false)
	}
}

// overdue is what the timer runs. Telling under the lock keeps the two words in order.
func (s *stall) overdue() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy && !s.told {
		s.told = true
		s.tell(true)
	}
}
