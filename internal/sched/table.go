package sched

// table finds the queue of a key. Its chains run through the queues themselves, by hashes that
// were taken once and outside the lock: a key that cannot be hashed panics there. It grows and
// shrinks a few buckets at each change, so that no op pays for all the others, and gives its
// memory back when the last key leaves. A Go map does neither.
type table[K comparable, T any] struct {
	buckets []*queue[K, T] // their number is a power of two
	old     []*queue[K, T] // being moved to buckets; nil if nothing is
	moved   int            // buckets of old that are empty
	n       int            // queues
}

const (
	tableKeeps = 64 // buckets of memory that an empty table may keep
	tableMoves = 8  // old buckets moved at each change
)

// bucket is where the chain of a hash begins. There must be buckets.
func (t *table[K, T]) bucket(hash uint64) **queue[K, T] {
	if t.old != nil {
		if i := hash & uint64(len(t.old)-1); i >= uint64(t.moved) {
			return &t.old[i]
		}
	}
	return &t.buckets[hash&uint64(len(t.buckets)-1)]
}

func (t *table[K, T]) find(key K, hash uint64) *queue[K, T] {
	if t.n == 0 {
		return nil
	}
	for q := *t.bucket(hash); q != nil; q = q.chain {
		if q.hash == hash && q.key == key {
			return q
		}
	}
	return nil
}

func (t *table[K, T]) add(q *queue[K, T]) {
	if t.n >= len(t.buckets) {
		t.resize(max(2*len(t.buckets), tableKeeps))
	}
	b := t.bucket(q.hash)
	q.chain, *b = *b, q
	t.n++
	t.move()
}

// remove takes out a queue that is in the table. It is told from others by its address, for
// there are keys that do not equal themselves.
func (t *table[K, T]) remove(q *queue[K, T]) {
	b := t.bucket(q.hash)
	for *b != q {
		b = &(*b).chain
	}
	*b, q.chain = q.chain, nil
	t.n--
	switch {
	case len(t.buckets) <= tableKeeps:
	case t.n == 0:
		*t = table[K, T]{}
	case t.n < len(t.buckets)/8:
		t.resize(len(t.buckets) / 2)
	}
	t.move()
}

// resize begins a move to n buckets, unless one is under way: it ends before it matters.
func (t *table[K, T]) resize(n int) {
	if t.old == nil {
		t.old, t.buckets, t.moved = t.buckets, make([]*queue[K, T], n), 0
	}
}

func (t *table[K, T]) move() {
	if t.old == nil {
		return
	}
	for end := min(t.moved+tableMoves, len(t.old)); t.moved < end; {
		chain := t.old[t.moved]
		t.old[t.moved] = nil
		t.moved++
		for chain != nil {
			q := chain
			b := t.bucket(q.hash)
			chain, q.chain, *b = q.chain, *b, q
		}
	}
	if t.moved == len(t.old) {
		t.old, t.moved = nil, 0
	}
}

// all yields every queue, in no order. The table must not change meanwhile.
func (t *table[K, T]) all(yield func(*queue[K, T]) bool) {
	for _, buckets := range [...][]*queue[K, T]{t.old, t.buckets} {
		for _, q := range buckets {
			for ; q != nil; q = q.chain {
				if !yield(q) {
					return
				}
			}
		}
	}
}
