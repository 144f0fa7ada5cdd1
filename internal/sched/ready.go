package sched

import (
	"cmp"
	"container/heap"
	"math/bits"
	"slices"
)

// entry is a queue's place in a lane. It is stale once the queue has another ticket.
type entry[K comparable, T any] struct {
	queue  *queue[K, T]
	ticket uint32
}

func (e entry[K, T]) stale() bool { return e.ticket != e.queue.ticket || !e.queue.ready }

// aged is an op and since when it could have started. It is stale once that is no longer so.
type aged[K comparable, T any] struct {
	op    *node[K, T]
	stamp uint64
	since int64
}

func (a aged[K, T]) stale() bool {
	n := a.op
	return n.extra.stamp != a.stamp || n.state != Pending ||
		!n.queue.ready || n.queue.keyed && n.queue.head != n
}

// deque is a ring buffer that gives its memory back when it is empty, and drops what is stale
// before it grows.
type deque[E interface{ stale() bool }] struct {
	buf  []E // its length is a power of two
	head int
	n    int
}

const dequeKeeps = 256 // entries of memory that an empty deque may keep

func (d *deque[E]) push(e E) {
	if d.n == len(d.buf) {
		d.makeRoom()
	}
	d.n++
	*d.at(d.n - 1) = e
}

func (d *deque[E]) at(i int) *E { return &d.buf[(d.head+i)&(len(d.buf)-1)] }

// makeRoom drops what is stale, and grows if more than half is not.
func (d *deque[E]) makeRoom() {
	live := 0
	for i := range d.n {
		if e := *d.at(i); !e.stale() {
			*d.at(live) = e
			live++
		}
	}
	var zero E
	for i := live; i < d.n; i++ {
		*d.at(i) = zero
	}
	d.n = live
	if 2*live < len(d.buf) {
		return
	}
	buf := make([]E, max(8, 2*len(d.buf)))
	for i := range live {
		buf[i] = *d.at(i)
	}
	d.buf, d.head = buf, 0
}

func (d *deque[E]) front() *E { return &d.buf[d.head] }

func (d *deque[E]) pop() E {
	var zero E
	e := d.buf[d.head]
	d.buf[d.head] = zero
	d.head = (d.head + 1) & (len(d.buf) - 1)
	if d.n--; d.n == 0 && len(d.buf) > dequeKeeps {
		d.buf, d.head = nil, 0
	}
	return e
}

// level is the ready queues of one priority within a lane.
type level[K comparable, T any] struct {
	priority int32
	ready    deque[entry[K, T]]
	long     deque[entry[K, T]] // the keys that decide when all has ended, see decides
	served   bool               // the last one taken was of long
}

// turn returns the entries of which the first one is next, or nil. Those of long go first, but
// never two of them while others wait, so that nobody starves.
func (v *level[K, T]) turn() *deque[entry[K, T]] {
	for _, d := range []*deque[entry[K, T]]{&v.long, &v.ready} {
		for d.n > 0 && d.front().stale() {
			d.pop()
		}
	}
	switch {
	case v.long.n > 0 && !(v.served && v.ready.n > 0):
		return &v.long
	case v.ready.n > 0:
		return &v.ready
	}
	return nil
}

// lane is one class of urgency.
type lane[K comparable, T any] struct {
	Lane
	levels  levels[K, T] // a heap: the highest priority first
	byPrio  map[int32]*level[K, T]
	waiting int
	pass    float64 // starts so far, divided by the weight
}

type levels[K comparable, T any] []*level[K, T]

func (l levels[K, T]) Len() int           { return len(l) }
func (l levels[K, T]) Less(i, j int) bool { return l[i].priority > l[j].priority }
func (l levels[K, T]) Swap(i, j int)      { l[i], l[j] = l[j], l[i] }
func (l *levels[K, T]) Push(x any)        { *l = append(*l, x.(*level[K, T])) }
func (l *levels[K, T]) Pop() any {
	last := len(*l) - 1
	x := (*l)[last]
	(*l)[last] = nil
	*l = (*l)[:last]
	return x
}

// level returns the level of a priority, made if need be.
func (l *lane[K, T]) level(priority int32) *level[K, T] {
	if len(l.levels) > 0 && l.levels[0].priority == priority {
		return l.levels[0]
	}
	if v := l.byPrio[priority]; v != nil {
		return v
	}
	v := &level[K, T]{priority: priority}
	if l.byPrio == nil {
		l.byPrio = make(map[int32]*level[K, T])
	}
	l.byPrio[priority] = v
	heap.Push(&l.levels, v)
	return v
}

// top returns the highest level that has an entry which is not stale, and whose turn it is there,
// or nil. Levels that have run empty go on the way, but for the one of priority 0.
func (l *lane[K, T]) top() (*level[K, T], *deque[entry[K, T]]) {
	for len(l.levels) > 0 {
		v := l.levels[0]
		if turn := v.turn(); turn != nil {
			return v, turn
		}
		if len(l.levels) == 1 && v.priority == 0 {
			return nil, nil
		}
		heap.Pop(&l.levels)
		delete(l.byPrio, v.priority)
	}
	return nil, nil
}

// place is where a queue that has ops belongs. An urgent op lifts its whole key, so that order
// within the key never has to be broken; but it lifts it to no lane that is shut, where its
// head would wait for a gate that is none of its business.
func (s *Scheduler[K, T]) place(q *queue[K, T]) rank {
	switch {
	case !q.keyed:
		return q.at
	case s.shut&(1<<q.head.lane) != 0:
		return q.head.rank()
	}
	return q.best(s.shut)
}

// settle puts a queue where it belongs after any change: into its lane if its head may start,
// out of the lanes if not.
func (s *Scheduler[K, T]) settle(q *queue[K, T]) {
	if q.head == nil || q.head.state != Pending || q.keyed && s.perKey > 0 && int(q.running) >= s.perKey {
		q.withdraw()
		return
	}
	if s.o.Aging > 0 && q.keyed && (!q.ready || q.stamped != q.head.id) {
		q.stamped = q.head.id
		s.stamp(q.head)
	}
	at, long := s.place(q), s.decides(q)
	if q.ready && at == q.at && (q.long || !long) {
		return
	}
	q.withdraw()
	q.ready, q.at, q.long = true, at, long
	l := &s.lanes[at.lane]
	v := l.level(at.priority)
	if long {
		v.long.push(entry[K, T]{q, q.ticket})
	} else {
		v.ready.push(entry[K, T]{q, q.ticket})
	}
	if bit := uint64(1) << at.lane; s.work&bit == 0 {
		s.work |= bit
		l.pass = max(l.pass, s.pass) // no credit for the time it was empty
	}
}

// decides reports whether a key has so much waiting that it will be the last to end even if it
// runs all the time: more than its share of the slots can do. If such a key only took turns
// with all others, the whole would end later. All of them together never need all slots while
// others wait.
func (s *Scheduler[K, T]) decides(q *queue[K, T]) bool {
	return q.keyed && s.perKey > 0 && s.limit > s.perKey && q.waiting > 1 &&
		int(q.waiting)*s.limit >= s.pending*s.perKey
}

// withdraw makes the queue's entry stale, if it has one.
func (q *queue[K, T]) withdraw() {
	if q.ready {
		q.ready = false
		q.ticket++
	}
}

// take removes the op that starts next from its queue, or returns nil if none may start.
func (s *Scheduler[K, T]) take() *node[K, T] {
	if n := s.takeAged(); n != nil {
		return n
	}
	for {
		i := s.pickLane(s.work &^ s.shut)
		if i < 0 {
			return nil
		}
		l := &s.lanes[i]
		v, turn := l.top()
		if v == nil {
			s.work &^= 1 << i
			continue
		}
		if l.Weight > 0 {
			s.pass = l.pass
		}
		l.charge()
		v.served = turn == &v.long
		q := turn.front().queue
		n := q.head
		q.remove(n)
		if q.keyed || q.head == nil { // else the queue keeps its turn: it has the level to itself
			turn.pop()
			q.withdraw()
		}
		return n
	}
}

// startable reports whether a queue stands in a lane that is not shut.
func (s *Scheduler[K, T]) startable() bool {
	for m := s.work &^ s.shut; m != 0; m &= m - 1 {
		i := bits.TrailingZeros64(m)
		if v, _ := s.lanes[i].top(); v != nil {
			return true
		}
		s.work &^= 1 << i
	}
	return false
}

// pickLane chooses among the lanes of a mask: strict ones by their order, then the weighted
// one that had the least of its share (stride scheduling, Waldspurger and Weihl 1995).
func (s *Scheduler[K, T]) pickLane(mask uint64) int {
	if strict := mask & s.strict; strict != 0 {
		return bits.TrailingZeros64(strict)
	}
	best := -1
	for m := mask; m != 0; m &= m - 1 {
		if i := bits.TrailingZeros64(m); best < 0 || s.lanes[i].pass < s.lanes[best].pass {
			best = i
		}
	}
	return best
}

func (l *lane[K, T]) charge() { l.count(+1) }

// count takes n starts into a lane's account.
func (l *lane[K, T]) count(n float64) {
	if l.Weight > 0 {
		l.pass += n / float64(l.Weight)
	}
}

// stamp notes that an op could start from now on: an unkeyed one as soon as it is pending, a
// keyed one when it is the head of a ready queue.
func (s *Scheduler[K, T]) stamp(n *node[K, T]) {
	if s.o.Aging <= 0 {
		return
	}
	if n.extra == nil {
		n.extra = new(extra)
	}
	s.stamps++
	n.extra.stamp = s.stamps
	s.byAge.push(aged[K, T]{n, s.stamps, s.now()})
}

// takeAged takes the op that could have started for the longest time, if that is longer than
// Options.Aging: it goes before everything else.
func (s *Scheduler[K, T]) takeAged() *node[K, T] {
	for s.byAge.n > 0 {
		a := *s.byAge.front()
		switch {
		case a.stale(), s.shut&(1<<a.op.queue.at.lane) != 0:
			s.byAge.pop() // what waits for a gate does not age: see regate
			continue
		case s.now()-a.since < int64(s.o.Aging):
			return nil
		}
		s.byAge.pop()
		q := a.op.queue
		s.lanes[q.at.lane].charge()
		if q.head == a.op {
			q.withdraw()
		}
		q.remove(a.op)
		return a.op
	}
	return nil
}

// reopened brings the lanes of a mask, which no gate holds any more, back into play.
func (s *Scheduler[K, T]) reopened(lanes uint64) {
	for i := range s.lanes {
		if l := &s.lanes[i]; lanes&(1<<i) != 0 {
			l.pass = max(l.pass, s.pass) // no credit for the time it was shut
		}
	}
	if s.o.Aging <= 0 || lanes == 0 {
		return
	}
	var stamped []*node[K, T]
	for n := range s.waitingOps {
		if n.state == Pending && n.queue.ready && lanes&(1<<n.queue.at.lane) != 0 &&
			(!n.queue.keyed || n.queue.head == n) {
			stamped = append(stamped, n)
		}
	}
	slices.SortFunc(stamped, byID)
	for _, n := range stamped {
		s.stamp(n)
	}
}

// relift moves the keyed queues whose place has changed with the lanes that are shut. O(keys).
func (s *Scheduler[K, T]) relift() {
	var heads []*node[K, T]
	for q := range s.keys.all {
		if q.ready && s.place(q) != q.at {
			heads = append(heads, q.head)
		}
	}
	slices.SortFunc(heads, byID)
	for _, n := range heads {
		s.settle(n.queue)
	}
}

func byID[K comparable, T any](a, b *node[K, T]) int { return cmp.Compare(a.id, b.id) }
