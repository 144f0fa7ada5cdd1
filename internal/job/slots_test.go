package job

import "testing"

func TestSlots(t *testing.T) {
	var s Slots
	for want := 1; want <= 130; want++ {
		if got := s.Take(); got != want {
			t.Fatalf("Take = %d, want %d", got, want)
		}
	}
	s.Give(65)
	s.Give(3)
	for _, want := range []int{3, 65, 131} {
		if got := s.Take(); got != want {
			t.Errorf("Take = %d, want %d, the lowest that is free", got, want)
		}
	}
}
