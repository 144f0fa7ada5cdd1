package sched

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The second scheduler: with Limit 1 the order of starts is fully determined, so a naive
// simulation, which looks at everything at every step, must start the same ops at the same
// nanoseconds.

// plan is an op and what becomes of it.
type plan struct {
	id       int // place in the list of plans; the op's id is one more
	key      int
	rank     rank
	after    time.Duration
	attempts []time.Duration // how long each takes; all but the last fail
	pauses   []time.Duration // before each attempt but the first
	gone     bool            // the last attempt fails for good
}

type stepKind uint8

const (
	stepPut stepKind = iota
	stepGate
	stepPause
	stepResume
	stepDrop
)

// stage is one step of a script for both schedulers, and when it is taken.
type stage struct {
	at   time.Duration
	kind stepKind
	n    int // the plan to put or drop, or the lane whose gate changes
	open bool
	last bool
}

type world struct {
	keyed    bool
	lanes    []Lane
	overtake bool
	aging    time.Duration
	plans    []*plan
	stages   []stage
}

// start is one attempt of one op.
type startOf struct {
	ID, Attempt int
	At          time.Duration
}

func (s startOf) String() string {
	return fmt.Sprintf("%v: op %d, attempt %d\n", s.At, s.ID, s.Attempt)
}

// newWorld decodes a script. Steps are taken at whole milliseconds and everything else lasts a
// number of nanoseconds of its own, so that hardly ever two things happen at once.
func newWorld(data []byte) *world {
	s := &script{data}
	w := &world{keyed: !s.one(4), overtake: s.one(3), aging: among(s, 0, 0, 7*time.Millisecond+333, 40*time.Millisecond+333)}
	for range 1 + s.pick(4) {
		w.lanes = append(w.lanes, Lane{Weight: among(s, 0, 0, 1, 2, 5)})
	}
	keys := 1 + s.pick(6)
	odd := func() time.Duration {
		return time.Duration(s.pick(256)<<8|s.pick(256))*7 + time.Duration(1+len(s.data))
	}
	now := time.Duration(0)
	for !s.empty() && len(w.stages) < 300 {
		st := stage{at: now}
		switch s.pick(12) {
		case 0:
			st.kind, st.n, st.open = stepGate, s.pick(len(w.lanes)), s.one(2)
		case 1:
			st.kind = among(s, stepPause, stepResume)
		case 2:
			if len(w.plans) == 0 {
				continue
			}
			st.kind, st.n = stepDrop, len(w.plans)-1-s.pick(len(w.plans))
		default:
			p := &plan{id: len(w.plans), key: s.pick(keys)}
			p.rank = rank{lane: uint8(s.pick(len(w.lanes))), priority: among(s, int32(0), 0, 0, 1, -1)}
			if s.one(6) {
				p.after = time.Duration(s.pick(20))*time.Millisecond + odd()
			}
			for range 1 + max(0, s.pick(6)-3) {
				p.attempts = append(p.attempts, time.Duration(s.pick(8))*time.Millisecond+odd())
				p.pauses = append(p.pauses, among(s, 0, time.Duration(s.pick(10))*time.Millisecond+odd()))
			}
			p.gone = s.one(5)
			st.n = len(w.plans)
			w.plans = append(w.plans, p)
		}
		w.stages = append(w.stages, st)
		if s.one(3) {
			now += time.Duration(1+s.pick(10)) * time.Millisecond
		}
	}
	now += time.Millisecond
	for i := range w.lanes {
		w.stages = append(w.stages, stage{at: now, kind: stepGate, n: i, open: true})
	}
	w.stages = append(w.stages, stage{at: now, kind: stepResume, last: true})
	return w
}

func (w *world) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "keyed %v, overtake %v, aging %v, lanes %v\n", w.keyed, w.overtake, w.aging, w.lanes)
	for _, st := range w.stages {
		fmt.Fprintf(&b, "%v: ", st.at)
		switch st.kind {
		case stepPut:
			p := w.plans[st.n]
			fmt.Fprintf(&b, "put %d: key %d, lane %d, priority %d, after %v, takes %v, pauses %v\n", p.id, p.key, p.rank.lane, p.rank.priority, p.after, p.attempts, p.pauses)
		case stepGate:
			fmt.Fprintf(&b, "gate of lane %d: open %v\n", st.n, st.open)
		case stepDrop:
			fmt.Fprintf(&b, "drop %d\n", st.n)
		default:
			fmt.Fprintf(&b, "%s\n", map[stepKind]string{stepPause: "pause", stepResume: "resume"}[st.kind])
		}
	}
	return b.String()
}

// real runs the world's script on a Scheduler.
func (w *world) real(t *testing.T) (starts []startOf, ends []int) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		fail := errors.New("fail")
		fn := func(_ context.Context, op Op[int], p *plan) error {
			starts = append(starts, startOf{p.id, op.Attempt, time.Since(began)})
			time.Sleep(p.attempts[op.Attempt-1])
			if op.Attempt < len(p.attempts) || p.gone {
				return &planned{fail, p}
			}
			return nil
		}
		o := Options{Limit: 1, Window: -1, History: 1000, Overtake: w.overtake, Aging: w.aging, Retry: plannedRetry{}}
		gates := make([]Gate, len(w.lanes))
		for i, l := range w.lanes {
			l.Gate = &gates[i]
			o.Lanes = append(o.Lanes, l)
		}
		var keyOf func(*plan) int
		if w.keyed {
			keyOf = func(p *plan) int { return p.key }
		}
		s := New(fn, keyOf, o)
		paused := 0
		for _, st := range w.stages {
			time.Sleep(time.Until(began.Add(st.at)))
			switch st.kind {
			case stepPut:
				p := w.plans[st.n]
				id, err := s.TryPut(p, Submit{Lane: int(p.rank.lane), Priority: int(p.rank.priority), After: p.after})
				if err != nil || id != ID(p.id+1) {
					t.Fatalf("TryPut of op %d = %d, %v", p.id, id, err)
				}
			case stepGate:
				if st.open {
					gates[st.n].Open()
				} else {
					gates[st.n].Shut()
				}
			case stepPause:
				s.Pause()
				paused++
			case stepResume:
				for ; paused > 0 && st.last; paused-- {
					s.Resume()
				}
				s.Resume()
				paused = max(paused-1, 0)
			case stepDrop:
				s.mu.Lock()
				n := s.find(ID(st.n + 1))
				waits := n != nil && n.state != Running
				s.mu.Unlock()
				if waits {
					s.Drop(ID(st.n+1), nil)
				}
			}
		}
		if err := s.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i := range s.Recent() {
			ends = append(ends, int(i.ID)-1)
		}
		slices.Reverse(ends)
	})
	return starts, ends
}

// planned is a failure that knows its op.
type planned struct {
	error
	p *plan
}

type plannedRetry struct{}

func (plannedRetry) Next(attempt int, err error) (time.Duration, bool) {
	p := err.(*planned).p
	if attempt >= len(p.attempts) {
		return 0, false
	}
	return p.pauses[attempt], true
}

// ref is the naive scheduler.
type ref struct {
	*world
	now     time.Duration
	ops     []*refOp // in order of acceptance
	queues  []*refQueue
	shut    []bool
	paused  int
	running *refOp
	until   time.Duration
	filled  []bool // lanes that had something ready
	passes  []float64
	pass    float64
	turns   int

	starts []startOf
	ends   []int
}

// refOp is a plan that was accepted.
type refOp struct {
	*plan
	queue   *refQueue
	attempt int
	due     time.Duration
	since   time.Duration
	stamp   int // order of since
}

// refQueue is a key, or one unkeyed op.
type refQueue struct {
	key   int
	ops   []*refOp
	ready bool
	place rank
	turn  int
	head  *refOp // when it was stamped
}

// errTie says that two things happen at once, so that their order is not determined.
var errTie = errors.New("tie")

func (w *world) reference() (*ref, error) {
	r := &ref{world: w, shut: make([]bool, len(w.lanes)), filled: make([]bool, len(w.lanes)), passes: make([]float64, len(w.lanes))}
	for i, st := range w.stages {
		if i > 0 && w.stages[i-1].at == st.at {
			r.step(st) // nothing can happen in between
			continue
		}
		if err := r.advance(st.at); err != nil {
			return nil, err
		}
		r.step(st)
	}
	return r, r.advance(never)
}

// advance lets time pass up to a moment that belongs to the script.
func (r *ref) advance(to time.Duration) error {
	for {
		next, what := to, (*refOp)(nil)
		if r.running != nil {
			if r.until == next {
				return errTie
			}
			if r.until < next {
				next, what = r.until, r.running
			}
		}
		for _, q := range r.queues {
			for _, n := range q.ops {
				if n.due > r.now && n.due == next {
					return errTie
				}
				if n.due > r.now && n.due < next {
					next, what = n.due, n
				}
			}
		}
		if what == nil {
			r.now = to
			return nil
		}
		r.now = next
		if what == r.running {
			r.end()
		}
		r.update()
	}
}

func (r *ref) step(st stage) {
	switch st.kind {
	case stepPut:
		r.put(r.plans[st.n])
	case stepGate:
		reopened := r.shut[st.n] && st.open
		r.shut[st.n] = !st.open
		if reopened {
			r.reopen(st.n)
		}
	case stepPause:
		r.paused++
	case stepResume:
		if r.paused = max(r.paused-1, 0); st.last {
			r.paused = 0
		}
	case stepDrop:
		r.drop(st.n)
	}
	r.update()
}

func (r *ref) put(p *plan) {
	n := &refOp{plan: p, due: r.now + p.after}
	r.ops = append(r.ops, n)
	for _, q := range r.queues {
		if r.keyed && q.key == p.key {
			n.queue = q
		}
	}
	if n.queue == nil {
		n.queue = &refQueue{key: p.key}
		r.queues = append(r.queues, n.queue)
	}
	q := n.queue
	at := len(q.ops)
	if r.overtake {
		for at > 0 && q.ops[at-1].attempt == 0 && q.ops[at-1].rank.lane > p.rank.lane {
			at--
		}
	}
	q.ops = slices.Insert(q.ops, at, n)
}

func (r *ref) drop(id int) {
	for _, q := range r.queues {
		if i := slices.IndexFunc(q.ops, func(n *refOp) bool { return n.id == id }); i >= 0 {
			q.ops = slices.Delete(q.ops, i, i+1)
			r.ends = append(r.ends, id)
		}
	}
}

// end ends the running attempt.
func (r *ref) end() {
	n := r.running
	r.running = nil
	if n.attempt == len(n.attempts) {
		r.ends = append(r.ends, n.id)
		return
	}
	n.due = r.now + n.pauses[n.attempt]
	n.queue.ops = slices.Insert(n.queue.ops, 0, n)
}

func (r *ref) reopen(lane int) {
	r.passes[lane] = max(r.passes[lane], r.pass)
	stand := slices.DeleteFunc(slices.Clone(r.queues), func(q *refQueue) bool { return !q.ready || int(q.place.lane) != lane })
	slices.SortFunc(stand, func(a, b *refQueue) int { return cmp.Compare(a.ops[0].id, b.ops[0].id) })
	for _, q := range stand {
		r.stamp(q.ops[0])
	}
}

func (r *ref) stamp(n *refOp) {
	r.turns++
	n.since, n.stamp = r.now, r.turns
	n.queue.head = n
}

// best is where a queue belongs.
func (r *ref) best(q *refQueue) rank {
	best := q.ops[0].rank
	if r.shut[best.lane] {
		return best
	}
	for _, n := range q.ops {
		if !r.shut[n.rank.lane] && n.rank.before(best) {
			best = n.rank
		}
	}
	return best
}

// update puts all queues where they belong and starts what may start.
func (r *ref) update() {
	r.place()
	if r.running != nil || r.paused > 0 {
		return
	}
	q := r.choose()
	if q == nil {
		return
	}
	n := q.ops[0]
	q.ops, q.ready = q.ops[1:], false
	n.attempt++
	r.running, r.until = n, r.now+n.attempts[n.attempt-1]
	r.starts = append(r.starts, startOf{n.id, n.attempt, r.now})
	r.place()
}

func (r *ref) place() {
	moved := slices.DeleteFunc(slices.Clone(r.queues), func(q *refQueue) bool { return len(q.ops) == 0 })
	// unkeyed ops: those tried already come first, in order of acceptance
	slices.SortFunc(moved, func(a, b *refQueue) int {
		x, y := a.ops[0], b.ops[0]
		return cmp.Compare(x.id, y.id)
	})
	for _, q := range r.queues {
		if len(q.ops) == 0 {
			q.ready = false
		}
	}
	for _, q := range moved {
		if head := q.ops[0]; head.due > r.now || r.running != nil && r.running.queue == q {
			q.ready = false
			continue
		}
		at := r.best(q)
		if !q.ready || q.head != q.ops[0] {
			r.stamp(q.ops[0])
		}
		if !q.ready || q.place != at {
			q.ready, q.place = true, at
			r.turns++
			q.turn = r.turns
			if !r.keyed && q.ops[0].attempt > 0 {
				q.turn = -1<<32 + q.ops[0].id
			}
		}
	}
	for i := range r.lanes {
		has := slices.ContainsFunc(r.queues, func(q *refQueue) bool { return q.ready && int(q.place.lane) == i })
		if has && !r.filled[i] {
			r.passes[i] = max(r.passes[i], r.pass)
		}
		r.filled[i] = has
	}
}

// choose returns the queue whose head starts next.
func (r *ref) choose() *refQueue {
	var open []*refQueue
	for _, q := range r.queues {
		if q.ready && !r.shut[q.place.lane] {
			open = append(open, q)
		}
	}
	if len(open) == 0 {
		return nil
	}
	charge := func(q *refQueue) {
		if w := r.lanes[q.place.lane].Weight; w > 0 {
			r.passes[q.place.lane] += 1 / float64(w)
		}
	}
	if r.aging > 0 {
		oldest := slices.MinFunc(open, func(a, b *refQueue) int { return cmp.Compare(a.ops[0].stamp, b.ops[0].stamp) })
		if r.now-oldest.ops[0].since >= r.aging {
			charge(oldest)
			return oldest
		}
	}
	// strict lanes before weighted ones, these by what they had; then priority, then turn
	first := slices.MinFunc(open, func(a, b *refQueue) int {
		x, y := a.place, b.place
		wx, wy := r.lanes[x.lane].Weight > 0, r.lanes[y.lane].Weight > 0
		order := 0
		switch {
		case wx != wy && wy:
			order = -1
		case wx != wy:
			order = 1
		case wx && x.lane != y.lane:
			order = cmp.Compare(r.passes[x.lane], r.passes[y.lane])
		}
		return cmp.Or(order, cmp.Compare(x.lane, y.lane), cmp.Compare(y.priority, x.priority), cmp.Compare(a.turn, b.turn))
	})
	if r.lanes[first.place.lane].Weight > 0 {
		r.pass = r.passes[first.place.lane]
	}
	charge(first)
	return first
}

// compare runs both schedulers. It reports false when the script is not determined.
func compare(t *testing.T, data []byte) bool {
	w := newWorld(data)
	r, err := w.reference()
	if err != nil {
		return false
	}
	starts, ends := w.real(t)
	for i := range max(len(starts), len(r.starts)) {
		if i >= len(starts) || i >= len(r.starts) || starts[i] != r.starts[i] {
			t.Fatalf("%sstart %d:\n%v\nwant %v", w, i, starts[max(0, i-3):min(i+3, len(starts))], r.starts[max(0, i-3):min(i+3, len(r.starts))])
		}
	}
	if !slices.Equal(ends, r.ends) {
		t.Fatalf("ends = %v, want %v", ends, r.ends)
	}
	return true
}

func TestReference(t *testing.T) {
	determined, seeds := 0, uint64(300)
	if raced {
		seeds = 100
	}
	for seed := range seeds {
		if compare(t, seeded(seed, 100+int(seed)*5)) {
			determined++
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if determined < int(seeds)*2/3 {
		t.Errorf("only %d scripts of %d were determined", determined, seeds)
	}
}

func FuzzReference(f *testing.F) {
	for seed := range uint64(5) {
		f.Add(seeded(seed, 300))
	}
	f.Fuzz(func(t *testing.T, data []byte) { compare(t, data) })
}
