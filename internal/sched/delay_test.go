package sched

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// The heap against a sorted slice, with ops taken out of the middle.
func TestDelayHeap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var h delayHeap[int, int]
	var model []*node[int, int]
	due := make(map[*node[int, int]]int64)
	for i := range 5000 {
		if len(model) == 0 || r.IntN(5) > i/1000 {
			n := &node[int, int]{id: ID(i + 1)}
			due[n] = int64(r.IntN(100))
			h.push(delayed[int, int]{due[n], n})
			model = append(model, n)
		} else {
			n := model[r.IntN(len(model))]
			h.remove(int(n.place))
			model = slices.DeleteFunc(model, func(m *node[int, int]) bool { return m == n })
		}
		if len(h) != len(model) {
			t.Fatalf("%d ops, want %d", len(h), len(model))
		}
		for at, d := range h {
			if parent := (at - 1) / 2; at > 0 && h.less(at, parent) || int(d.op.place) != at || d.due != due[d.op] {
				t.Fatalf("op %d, due at %d, is at %d", d.op.id, d.due, at)
			}
		}
	}
}
