package signals

// Alarmed reports whether the sink has a timer.
func (s *Sink) Alarmed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conditions.alarm != nil
}

// HoldWindow calls fn while nothing can enter the window of the sink.
func (s *Sink) HoldWindow(fn func()) {
	w := s.window.Load()
	w.mu.Lock()
	defer w.mu.Unlock()
	fn()
}
