package sched

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// The model: a script of calls in a bubble, with a record of what was accepted, started and
// told. It checks promises that hold whatever the order of goroutines is.

// verdict is how an attempt goes.
type verdict uint8

const (
	succeeds verdict = iota
	fails
	failsForGood // Permanent
	failsLater   // RetryAfter
	panics
	exits        // runtime.Goexit
	nextPanics   // the retry policy panics
	nextExits    // the retry policy ends the goroutine
	finishPanics // the attempt succeeds, the hook does not
	finishExits
)

// job is an op of the model.
type job struct {
	n        int
	key      int
	lane     int
	priority int
	after    time.Duration
	verdicts []verdict // of each attempt; the last one repeats
	takes    time.Duration
	deaf     bool // does not listen to its context
	bound    bool
	blocked  bool // was put with a Put that may wait

	// guarded by the model's mutex
	id      ID
	refused error
	due     time.Time
	starts  int
	runs    bool
	doomed  bool // may be dropped, or have its context cancelled
	told    []Info[int]
	unbound context.CancelFunc
	ended   chan error
}

type model struct {
	t       *testing.T
	s       *Scheduler[int, *job]
	o       Options
	keyed   bool
	gates   []*Gate // of the lanes, then of all
	rate    *meter
	backoff time.Duration
	tries   int

	mu      sync.Mutex
	jobs    []*job
	limit   int // most that was in force since the last moment of quiet
	current int // in force
	paused  int
	gate    []gateState
	runs    int
	perKey  map[int]int
	closed  bool
	killed  bool // cancelled
	puts    sync.WaitGroup
	trace   strings.Builder
}

// meter is a limiter that lets one op start per period.
type meter struct {
	every time.Duration
	mu    sync.Mutex
	next  time.Time
	given []time.Time // when each permit may be used
}

func (r *meter) Reserve() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if r.next.Before(now) {
		r.next = now
	}
	at := r.next
	r.given = append(r.given, at)
	r.next = at.Add(r.every)
	return at.Sub(now)
}

// allows reports whether n starts in all are within the rate by now.
func (r *meter) allows(n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return n <= len(r.given) && !r.given[n-1].After(time.Now())
}

// holds reports whether a permit was taken whose time has not come.
func (r *meter) holds(starts int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.given) > starts && r.given[starts].After(time.Now())
}

type verdictError struct{ verdict }

func (e verdictError) Error() string { return fmt.Sprint("verdict ", uint8(e.verdict)) }

var errDoom = errors.New("doom")

func newModel(t *testing.T, s *script) *model {
	m := &model{t: t, perKey: make(map[int]int), keyed: !s.one(4)}
	m.o = Options{
		Limit:     1 + s.pick(5),
		PerKey:    among(s, 1, 1, 2, 3, -1),
		Window:    among(s, 0, 1, 3, 8, 30),
		KeyWindow: among(s, 0, 0, 2, 5),
		Overtake:  s.one(3),
		Aging:     among(s, 0, 0, 20*time.Millisecond),
		Timeout:   among(s, 0, 0, 6*time.Millisecond+1),
		History:   among(s, 0, 7, -1),
		NoClock:   s.one(4),
	}
	if s.one(4) {
		m.rate = &meter{every: time.Duration(1+s.pick(4)) * time.Millisecond}
		m.o.Rate = m.rate
	}
	m.tries, m.backoff = 1+s.pick(4), time.Duration(s.pick(12))*time.Millisecond
	if m.tries > 1 {
		m.o.Retry = m
	}
	for range 1 + s.pick(4) {
		g := new(Gate)
		m.gates = append(m.gates, g)
		m.o.Lanes = append(m.o.Lanes, Lane{Weight: among(s, 0, 0, 1, 3), Depth: among(s, 0, 0, 4), Gate: g})
	}
	m.o.Gate = new(Gate)
	m.gates = append(m.gates, m.o.Gate)
	m.gate = make([]gateState, len(m.gates))
	m.limit, m.current = m.o.Limit, m.o.Limit
	var keyOf func(*job) int
	if m.keyed {
		keyOf = func(j *job) int { return j.key }
	}
	m.s = New(m.run, keyOf, m.o)
	m.s.Notify(Hooks[int, *job]{Retry: m.retried, Finish: m.finished})
	m.note("%+v, keyed %v, tries %d, backoff %v\n", m.o, m.keyed, m.tries, m.backoff)
	return m
}

func (m *model) note(format string, args ...any) { fmt.Fprintf(&m.trace, format, args...) }

// errorf fails the test. The mutex is held.
func (m *model) errorf(format string, args ...any) {
	m.t.Helper()
	if !m.t.Failed() {
		m.t.Errorf(format+"\n%v", append(args, &m.trace)...)
	}
}

// Next implements Retry.
func (m *model) Next(attempt int, err error) (time.Duration, bool) {
	if v, ok := errors.AsType[verdictError](err); ok {
		switch v.verdict {
		case nextPanics:
			panic(v)
		case nextExits:
			runtime.Goexit()
		}
	}
	return m.backoff, attempt < m.tries
}

func (j *job) verdict(attempt int) verdict {
	return j.verdicts[min(attempt, len(j.verdicts))-1]
}

// run is the function of the scheduler.
func (m *model) run(ctx context.Context, op Op[int], j *job) error {
	m.started(op, j)
	defer m.left(j)
	if j.deaf {
		time.Sleep(j.takes)
	} else if j.takes > 0 {
		select {
		case <-time.After(j.takes):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	switch v := j.verdict(op.Attempt); v {
	case succeeds, finishPanics, finishExits:
		return nil
	case failsForGood:
		return Permanent(verdictError{v})
	case failsLater:
		return RetryAfter(verdictError{v}, 15*time.Millisecond)
	case panics:
		panic(verdictError{v})
	case exits:
		runtime.Goexit()
		return nil
	default:
		return verdictError{v}
	}
}

func (m *model) started(op Op[int], j *job) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if j.id == 0 {
		j.id = op.ID
	}
	j.starts++
	j.runs = true
	m.runs++
	m.perKey[j.key]++
	switch {
	case j.id != op.ID || j.starts != op.Attempt || op.Lane != j.lane || m.keyed && op.Key != j.key:
		m.errorf("op %d, started %d times, got %+v", j.id, j.starts, op)
	case m.runs > m.limit:
		m.errorf("%d run, want at most %d", m.runs, m.limit)
	case m.keyed && m.o.PerKey > 0 && m.perKey[j.key] > m.o.PerKey:
		m.errorf("%d run of key %d, want at most %d", m.perKey[j.key], j.key, m.o.PerKey)
	case len(j.told) > 0 && j.told[len(j.told)-1].State.Final():
		m.errorf("op %d started after its end", j.id)
	case time.Now().Before(j.due):
		m.errorf("op %d started %v early", j.id, time.Until(j.due))
	case m.rate != nil && !m.rate.allows(m.totalStarts()):
		m.errorf("op %d started too soon for the rate", j.id)
	}
	if !m.keyed || m.o.PerKey != 1 {
		return
	}
	for _, other := range m.jobs {
		if other == j || other.key != j.key || other.id == 0 || other.doomed || other.ended == nil || other.final() {
			continue
		}
		if other.starts > 0 {
			m.errorf("op %d started between two attempts of op %d", j.id, other.id)
		}
		if other.id < j.id && (!m.o.Overtake || other.lane <= j.lane) {
			m.errorf("op %d started before op %d", j.id, other.id)
		}
	}
}

func (m *model) totalStarts() (n int) {
	for _, j := range m.jobs {
		n += j.starts
	}
	return n
}

func (m *model) left(j *job) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j.runs = false
	m.runs--
	m.perKey[j.key]--
}

func (j *job) final() bool { return len(j.told) > 0 && j.told[len(j.told)-1].State.Final() }

func (m *model) retried(i Info[int], j *job, after time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j.told = append(j.told, i)
	j.due = time.Now().Add(after)
	want := m.backoff
	if j.verdict(i.Attempt) == failsLater && !errors.Is(i.Err, context.DeadlineExceeded) {
		want = max(want, 15*time.Millisecond)
	}
	if i.State != Delayed || i.Attempt != j.starts || i.Err == nil || after != want {
		m.errorf("told of a retry after %v, want %v: %+v", after, want, i)
	}
}

func (m *model) finished(i Info[int], j *job) {
	m.mu.Lock()
	if j.id == 0 {
		j.id = i.ID
	}
	if j.final() || i.ID != j.id || !i.State.Final() || i.Attempt != j.starts {
		m.errorf("told of %+v, after %+v", i, j.told)
	}
	j.told = append(j.told, i)
	m.mu.Unlock()
	switch v := j.verdict(max(i.Attempt, 1)); {
	case i.State != Done:
	case v == finishPanics:
		panic(v)
	case v == finishExits:
		runtime.Goexit()
	}
}

// newJob reads an op.
func (m *model) newJob(s *script) *job {
	j := &job{n: len(m.jobs), key: s.pick(5), lane: s.pick(len(m.o.Lanes)), priority: among(s, 0, 0, 1, -2), ended: make(chan error, 1)}
	if s.one(5) {
		j.after = time.Duration(s.pick(30)) * time.Millisecond
	}
	for range 1 + s.pick(3) {
		v := verdict(0)
		if s.one(2) {
			v = verdict(s.pick(int(finishExits) + 1))
		}
		j.verdicts = append(j.verdicts, v)
	}
	j.takes, j.deaf = time.Duration(s.pick(10))*time.Millisecond, s.one(3)
	return j
}

func (m *model) submit(j *job, s *script) Submit {
	o := Submit{Lane: j.lane, Priority: j.priority, After: j.after, Done: j.ended}
	if s.one(6) {
		ctx, cancel := context.WithCancel(context.Background())
		j.bound, o.Bound, j.unbound = true, ctx, cancel
	}
	return o
}

// accepted notes what Put returned.
func (m *model) accepted(j *job, id ID, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		j.refused = err
		if j.starts > 0 || len(j.told) > 0 || id != 0 {
			m.errorf("op %d ran though it was refused: %v", id, err)
		}
		return
	}
	if j.id != 0 && j.id != id {
		m.errorf("Put = %d, but it ran as %d", id, j.id)
	}
	j.id = id
	if j.starts == 0 {
		j.due = time.Now().Add(j.after)
	}
}

// put adds an op, with a Put that may wait or with TryPut.
func (m *model) put(s *script) {
	j := m.newJob(s)
	o := m.submit(j, s)
	try, patience := s.one(3), among(s, 0, 0, 5*time.Millisecond)
	m.mu.Lock()
	m.jobs = append(m.jobs, j)
	m.doom(j)
	m.mu.Unlock()
	m.note("put %d: key %d, lane %d, priority %d, after %v, verdicts %v, takes %v, deaf %v, bound %v, try %v, patience %v\n",
		j.n, j.key, j.lane, j.priority, j.after, j.verdicts, j.takes, j.deaf, j.bound, try, patience)
	if try {
		id, err := m.s.TryPut(j, o)
		m.accepted(j, id, err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	if patience > 0 {
		ctx, cancel = context.WithTimeoutCause(context.Background(), patience, errDoom)
	}
	j.blocked = true
	m.puts.Go(func() {
		defer cancel()
		id, err := m.s.Put(ctx, j, o)
		m.accepted(j, id, err)
	})
}

// doom notes that an op may be dropped from now on by what is in force. The mutex is held.
func (m *model) doom(j *job) {
	if m.killed || m.gate[j.lane] == dropping || m.gate[len(m.gates)-1] == dropping {
		j.doomed = true
	}
}

func (m *model) doomAll() {
	for _, j := range m.jobs {
		m.doom(j)
	}
}

func (m *model) step(s *script) {
	switch s.pick(20) {
	default:
		m.put(s)
		if s.one(2) {
			m.quiet()
		}
	case 0, 1:
		n := 1 + s.pick(6)
		m.note("limit %d\n", n)
		m.mu.Lock()
		m.current, m.limit = n, max(m.limit, n)
		m.mu.Unlock()
		m.s.SetLimit(n)
	case 2, 3:
		i, to := s.pick(len(m.gates)), among(s, open, open, shut, shut, dropping)
		m.note("gate %d to %d\n", i, to)
		m.mu.Lock()
		m.gate[i] = to
		m.doomAll()
		m.mu.Unlock()
		switch to {
		case open:
			m.gates[i].Open()
		case shut:
			m.gates[i].Shut()
		case dropping:
			m.gates[i].Drop(errDoom)
		}
	case 4:
		m.note("pause\n")
		m.paused++
		m.s.Pause()
	case 5:
		m.note("resume\n")
		m.paused = max(m.paused-1, 0)
		m.s.Resume()
	case 6:
		if len(m.jobs) > 0 {
			m.drop(m.jobs[len(m.jobs)-1-s.pick(len(m.jobs))])
		}
	case 7:
		m.unbind(s)
	case 8, 9, 10, 11, 12:
		d := time.Duration(1+s.pick(12)) * time.Millisecond
		m.note("sleep %v\n", d)
		time.Sleep(d)
		m.quiet()
	case 13:
		if s.one(10) {
			m.note("close\n")
			m.closed = true
			m.s.Close()
		}
	case 14:
		if s.one(15) {
			m.cancel()
		}
	}
	m.sums()
}

func (m *model) drop(j *job) {
	m.mu.Lock()
	id, final := j.id, j.final()
	if id != 0 {
		j.doomed = true
	}
	m.mu.Unlock()
	if id == 0 {
		return
	}
	found := m.s.Drop(id, errDoom)
	m.note("drop %d: %v\n", j.n, found)
	if found && final && j.verdict(j.starts) < finishPanics && !j.final() {
		m.errorf("Drop of op %d, which has ended, = true", id)
	}
}

func (m *model) unbind(s *script) {
	for _, j := range m.jobs[len(m.jobs)-s.pick(len(m.jobs)+1):] {
		if j.bound {
			m.note("unbind %d\n", j.n)
			m.mu.Lock()
			j.doomed = true
			m.mu.Unlock()
			j.unbound()
			return
		}
	}
}

func (m *model) cancel() {
	m.note("cancel\n")
	m.mu.Lock()
	m.closed, m.killed = true, true
	m.doomAll()
	m.mu.Unlock()
	m.s.Cancel(errDoom)
}

// sums checks the sum law, at any moment.
func (m *model) sums() Stats {
	st := m.s.Stats()
	lanes := 0
	for _, n := range st.Lanes {
		lanes += n
	}
	if st.Accepted != st.Done+st.Failed+st.Dropped+uint64(st.Pending+st.Delayed+st.Running) || lanes != st.Pending+st.Delayed {
		m.errorf("sums of %+v", st)
	}
	return st
}

// waiting are the ops that were accepted and neither run nor have ended.
func (m *model) waiting() iter.Seq[*job] {
	return func(yield func(*job) bool) {
		for _, j := range m.jobs {
			if j.id != 0 && j.refused == nil && !j.runs && !j.final() && !yield(j) {
				return
			}
		}
	}
}

// quiet checks what holds when nothing moves by itself: that all that may run does.
func (m *model) quiet() {
	synctest.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	st := m.sums()
	if st.Running != m.runs {
		m.errorf("%d run, Stats = %+v", m.runs, st)
	}
	m.limit = max(m.current, m.runs)
	m.fits(st)
	m.history()
	m.queues()
	now := time.Now()
	free := m.runs < m.current && m.paused == 0 && (m.rate == nil || !m.rate.holds(m.totalStarts()))
	for j := range m.waiting() {
		if m.gate[j.lane] == dropping || m.gate[len(m.gates)-1] == dropping {
			m.errorf("op %d waits though its gate drops", j.id)
		}
		if free && !j.due.After(now) && m.open(j.lane) && m.leads(j) {
			m.errorf("op %d could run, and does not: %+v", j.id, st)
		}
		for other := range m.waiting() {
			m.inOrder(j, other)
		}
	}
}

// queues checks what the queues know of themselves.
func (m *model) queues() {
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	var oldest *node[int, *job]
	for n := range m.s.waitingOps {
		if oldest == nil || n.id < oldest.id {
			oldest = n
		}
	}
	if m.s.oldest() != oldest {
		m.errorf("the oldest op is %+v, want %+v", m.s.oldest(), oldest)
	}
	for q := range m.s.queues {
		if fault := faultOf(q); fault != "" {
			m.errorf("%s of a queue, keyed %v", fault, q.keyed)
		}
	}
}

// faultOf compares what a queue keeps with what it holds.
func faultOf[K comparable, T any](q *queue[K, T]) string {
	var tail, tried *node[K, T]
	last := make(map[uint8]*node[K, T])
	best, waiting, sorted := rank{}, 0, true
	for n := q.head; n != nil; n = n.next {
		switch {
		case n.prev != tail:
			return "wrong links"
		case n.attempt == 0:
			last[n.lane] = n
		case tried == tail:
			tried = n
		}
		if waiting == 0 || n.rank().before(best) {
			best = n.rank()
		}
		sorted = sorted && (tail == nil || tail.id < n.id)
		tail = n
		waiting++
	}
	if q.mixed != nil && q.mixed.last != nil {
		for lane, n := range q.mixed.last {
			if last[uint8(lane)] != n {
				return "wrong last op of a lane"
			}
		}
	}
	switch {
	case q.tail != tail || int(q.waiting) != waiting:
		return "wrong end or number"
	case q.tried != tried:
		return "wrong last op that was tried"
	case !q.unsorted && !sorted:
		return "wrong order"
	case q.keyed && waiting > 0 && q.best(0) != best:
		return "wrong best rank"
	}
	return ""
}

func (m *model) open(lane int) bool { return m.gate[lane] == open && m.gate[len(m.gates)-1] == open }

// leads reports whether an op is the next of its key.
func (m *model) leads(j *job) bool {
	if !m.keyed {
		return true
	}
	if m.o.PerKey > 0 && m.perKey[j.key] >= m.o.PerKey {
		return false
	}
	for other := range m.waiting() {
		if other != j && other.key == j.key && m.before(other, j) {
			return false
		}
	}
	return true
}

// before reports whether a goes before b within their key.
func (m *model) before(a, b *job) bool {
	switch {
	case (a.starts > 0) != (b.starts > 0):
		return a.starts > 0
	case m.o.Overtake && a.starts == 0 && a.lane != b.lane:
		return a.lane < b.lane
	}
	return a.id < b.id
}

// inOrder checks that no op started while another waited that goes before it; unlike started
// it sees this with any PerKey, and for unkeyed ops.
func (m *model) inOrder(waits, other *job) {
	if waits.starts > 0 || other.starts == 0 || waits.id > other.id || waits.doomed || waits.after > 0 {
		return
	}
	same := waits.lane == other.lane
	if m.keyed && waits.key == other.key && (same || !m.o.Overtake) || !m.keyed && same && waits.priority == other.priority {
		m.errorf("op %d has started, op %d has not", other.id, waits.id)
	}
}

// fits checks the bounds of what waits, and that no producer waits without need.
func (m *model) fits(st Stats) {
	window := m.s.window
	if most := window + m.s.limit + 6; window > 0 && st.Pending+st.Delayed > most { // what is tried again adds to it
		m.errorf("%d wait, want at most %d", st.Pending+st.Delayed, most)
	}
	var parked []*job
	for _, j := range m.jobs {
		if j.blocked && j.id == 0 && j.refused == nil {
			parked = append(parked, j)
		}
	}
	if len(parked) != st.Producers {
		m.errorf("%d producers wait, Stats = %+v", len(parked), st)
	}
	if st.Pending+st.Delayed > window*3/4 && (m.runs >= m.current || m.paused > 0) {
		return
	}
	for _, j := range parked {
		if (window == 0 || st.Pending+st.Delayed < window) &&
			(m.o.Lanes[j.lane].Depth == 0 || st.Lanes[j.lane] < m.o.Lanes[j.lane].Depth) &&
			(m.o.KeyWindow == 0 || !m.keyed || m.waitingOf(j.key) < m.o.KeyWindow) {
			m.errorf("the producer of %d waits though there is room: %+v", j.n, st)
		}
	}
}

func (m *model) waitingOf(key int) (n int) {
	for j := range m.waiting() {
		if j.key == key {
			n++
		}
	}
	return n
}

// history checks the list of recent ops against what the hook was told.
func (m *model) history() {
	recent := slices.Collect(m.s.Recent())
	ended := 0
	for _, j := range m.jobs {
		if j.final() {
			ended++
		}
	}
	if want := min(ended, m.s.historyCap); len(recent) != want {
		m.errorf("%d recent ops, want %d", len(recent), want)
	}
	seen := make(map[ID]bool)
	for _, i := range recent {
		at := slices.IndexFunc(m.jobs, func(j *job) bool { return j.id == i.ID })
		if at < 0 || seen[i.ID] {
			m.errorf("recent op %+v", i)
			return
		}
		seen[i.ID] = true
		j := m.jobs[at]
		told := j.told[len(j.told)-1]
		if v := j.verdict(max(j.starts, 1)); told.State == Done && (v == finishPanics || v == finishExits) {
			told.State, told.Err = Failed, i.Err
		}
		if i.State != told.State || i.Attempt != told.Attempt || i.Lane != told.Lane || i.Took != told.Took || (i.Err == nil) != (told.Err == nil) {
			m.errorf("recent op %+v, was told %+v", i, told)
		}
	}
}

// end lets everything go and checks that it ended as planned.
func (m *model) end() {
	m.note("end\n")
	for i, g := range m.gates {
		g.Open()
		m.gate[i] = open
	}
	for range m.paused {
		m.s.Resume()
	}
	m.paused = 0
	m.quiet()
	if err := m.s.Shutdown(context.Background()); err != nil {
		m.errorf("Shutdown = %v", err)
	}
	m.puts.Wait()
	m.quiet()
	st := m.s.Stats()
	if st.Pending+st.Delayed+st.Running+st.Keys+st.Producers != 0 || st.Accepted != st.Done+st.Failed+st.Dropped {
		m.errorf("at the end: %+v", st)
	}
	m.s.mu.Lock()
	if len(m.s.delays) > 0 || m.s.active > 0 || m.s.timerAt != never || m.s.ending > 0 || len(m.s.loose) > 0 || m.s.keys.n > 0 || m.s.plain.head != nil {
		m.errorf("left over: %+v", m.s)
	}
	m.s.mu.Unlock()
	for _, j := range m.jobs {
		if j.unbound != nil {
			j.unbound()
		}
		m.judge(j)
	}
}

// judge checks how an op ended.
func (m *model) judge(j *job) {
	if j.refused != nil {
		if !errors.Is(j.refused, ErrClosed) && !errors.Is(j.refused, ErrFull) && !errors.Is(j.refused, errDoom) {
			m.errorf("Put = %v", j.refused)
		}
		return
	}
	if !j.final() {
		m.errorf("nobody was told of the end of op %d", j.id)
		return
	}
	last := j.told[len(j.told)-1]
	select {
	case err := <-j.ended:
		if !errors.Is(err, last.Err) && j.verdict(last.Attempt) < finishPanics {
			m.errorf("op %d ended with %v, but the hook was told %v", j.id, err, last.Err)
		}
	default:
		m.errorf("op %d ended, but whoever waits for it was not told", j.id)
	}
	if j.doomed {
		return // anything goes
	}
	want, attempts := m.fate(j)
	if last.State != want || j.starts != attempts {
		m.errorf("op %d ended as %v after %d attempts, want %v after %d", j.id, last.State, j.starts, want, attempts)
	}
}

// fate is how an op ends that nobody disturbs.
func (m *model) fate(j *job) (State, int) {
	for attempt := 1; ; attempt++ {
		v := j.verdict(attempt)
		late := m.o.Timeout > 0 && j.takes > m.o.Timeout && !j.deaf
		switch {
		case late:
		case v == succeeds, v == finishPanics, v == finishExits:
			return Done, attempt
		case m.o.Retry != nil && (v == nextPanics || v == nextExits), v == failsForGood:
			return Failed, attempt
		}
		if attempt == m.tries {
			return Failed, attempt
		}
	}
}

// schedule plays a script, of which it takes the first 2000 bytes: the checks are quadratic.
func schedule(t *testing.T, data []byte) {
	data = data[:min(len(data), 2000)]
	synctest.Test(t, func(t *testing.T) {
		s := &script{data}
		m := newModel(t, s)
		for !s.empty() && !t.Failed() {
			m.step(s)
		}
		m.end()
	})
}

func TestSchedules(t *testing.T) {
	seeds := uint64(400)
	if raced || testing.Short() {
		seeds = 200
	}
	for seed := range seeds {
		schedule(t, seeded(seed, 100+int(seed%8)*150))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func FuzzSchedule(f *testing.F) {
	for seed := range uint64(10) {
		f.Add(seeded(seed, 400))
	}
	f.Fuzz(schedule)
}
