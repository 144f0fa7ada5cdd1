package sched

import (
	"maps"
	"math/rand/v2"
	"testing"
)

// The table against a Go map, with hashes that collide, through growth and shrinking.
func TestTable(t *testing.T) {
	for _, mask := range []uint64{0, 7, 0xfff, ^uint64(0)} {
		r := rand.New(rand.NewPCG(1, mask))
		var table table[int, int]
		model := make(map[int]*queue[int, int])
		hash := func(key int) uint64 { return uint64(key) * 0x9e3779b97f4a7c15 >> 20 & mask }
		most := 3000
		if mask < 8 {
			most = 300
		}
		for i := range 20 * most {
			grow := i/(3*most)%2 == 0
			key := r.IntN(most)
			q, want := table.find(key, hash(key)), model[key]
			if q != want {
				t.Fatalf("find(%d) = %v, want %v", key, q, want)
			}
			switch {
			case q == nil && (grow || r.IntN(4) == 0):
				model[key] = &queue[int, int]{key: key, hash: hash(key)}
				table.add(model[key])
			case q != nil && (!grow || r.IntN(4) == 0):
				table.remove(q)
				delete(model, key)
			}
			if i%997 == 0 {
				all := make(map[int]*queue[int, int])
				for q := range table.all {
					all[q.key] = q
				}
				if table.n != len(model) || !maps.Equal(all, model) {
					t.Fatalf("%d queues, %d found, want %d", table.n, len(all), len(model))
				}
			}
		}
		for _, q := range model {
			if table.remove(q); table.n != 100 {
				continue
			}
			for range 3000 {
				table.add(q)
				table.remove(q)
			}
			if room := len(table.buckets) + len(table.old); room > 1024 {
				t.Errorf("%d buckets for 100 keys", room)
			}
		}
		if room := len(table.buckets) + len(table.old); room > tableKeeps {
			t.Errorf("%d buckets for no key", room)
		}
	}
}
