package sched

import (
	"errors"
	"sync"
	"time"
)

// Gate holds work back. It may serve several schedulers, and lanes of them; a change reaches
// them before the call that made it returns, so that nothing starts after Shut has returned.
// The zero value is open. A Gate keeps a reference to a scheduler until that is closed and
// has ended its work.
type Gate struct {
	mu      sync.Mutex
	state   gateState
	cause   error
	until   *time.Timer // opens it again, after ShutFor
	version int         // of state, so that a late timer does nothing
	watch   map[*watcher]struct{}
}

type gateState uint8

const (
	open gateState = iota
	shut
	dropping
)

type watcher struct{ changed func() }

// errGate is why a gate without a cause dropped an op.
var errGate = errors.New("gate")

// Open lets work start.
func (g *Gate) Open() { g.set(open, nil, 0) }

// Shut lets nothing start until Open. What runs goes on.
func (g *Gate) Shut() { g.set(shut, nil, 0) }

// ShutFor is Shut for a while.
func (g *Gate) ShutFor(d time.Duration) { g.set(shut, nil, max(d, 1)) }

// Drop ends what waits, and what comes until Open, as Dropped with this cause.
func (g *Gate) Drop(cause error) {
	if cause == nil {
		cause = errGate
	}
	g.set(dropping, cause, 0)
}

// State reports whether work may start, and if not, whether it is dropped rather than held.
func (g *Gate) State() (isOpen, drops bool) {
	s, _ := g.read()
	return s == open, s == dropping
}

func (g *Gate) read() (gateState, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state, g.cause
}

func (g *Gate) set(to gateState, cause error, d time.Duration) {
	g.mu.Lock()
	g.version++
	if g.until != nil {
		g.until.Stop()
		g.until = nil
	}
	if d > 0 {
		version := g.version
		g.until = time.AfterFunc(d, func() { g.reopen(version) })
	}
	g.change(to, cause)
}

func (g *Gate) reopen(version int) {
	g.mu.Lock()
	if g.version != version {
		g.mu.Unlock()
		return
	}
	g.until = nil
	g.change(open, nil)
}

// change sets the state, releases the lock and tells who watches. Each of them reads the
// state again under its own lock, so changes that race leave all with the last one. One that
// finds the gate shut tells it again, for the call that shut it may not have told everybody yet.
func (g *Gate) change(to gateState, cause error) {
	same := g.state == to && to == open
	g.state, g.cause = to, cause
	watch := make([]*watcher, 0, len(g.watch))
	for w := range g.watch {
		watch = append(watch, w)
	}
	g.mu.Unlock()
	if same {
		return
	}
	for _, w := range watch {
		w.changed()
	}
}

func (g *Gate) follow(w *watcher) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.watch == nil {
		g.watch = make(map[*watcher]struct{})
	}
	g.watch[w] = struct{}{}
}

func (g *Gate) unfollow(w *watcher) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.watch, w)
}

// gates yields every gate with the mask of the lanes it governs.
func (s *Scheduler[K, T]) gates(yield func(*Gate, uint64)) {
	if s.o.Gate != nil {
		yield(s.o.Gate, 1<<len(s.lanes)-1)
	}
	for _, g := range s.o.Hold {
		yield(g, 1<<len(s.lanes)-1)
	}
	for i := range s.lanes {
		if g := s.lanes[i].Gate; g != nil {
			yield(g, 1<<i)
		}
	}
}

// regate takes the state of all gates in, after one has changed.
func (s *Scheduler[K, T]) regate() {
	s.mu.Lock()
	defer s.unlock()
	was := s.shut
	s.shut, s.falling = 0, 0
	s.gates(func(g *Gate, lanes uint64) {
		switch state, _ := g.read(); state {
		case shut:
			s.shut |= lanes
		case dropping:
			s.falling |= lanes
		}
	})
	if s.falling != 0 {
		s.dropAll(func(n *node[K, T]) error {
			if s.falling&(1<<n.lane) == 0 {
				return nil
			}
			return s.gateCause(n.lane)
		})
	}
	if was != s.shut {
		s.reopened(was &^ s.shut)
		s.relift()
	}
	s.spawn()
	s.arm()
}

func (s *Scheduler[K, T]) gateCause(lane uint8) error {
	cause := error(nil)
	s.gates(func(g *Gate, lanes uint64) {
		if state, c := g.read(); state == dropping && lanes&(1<<lane) != 0 && cause == nil {
			cause = c
		}
	})
	if cause == nil {
		cause = errGate
	}
	return cause
}
