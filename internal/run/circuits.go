package run

import (
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/pkg/patterns"
	"github.com/mostlylucid/eph/pkg/signals"
)

// errFailed is what a breaker is told of a failure.
var errFailed = errors.New("failed")

// circuits are the breakers of a run, one for each scope.
type circuits struct {
	plan *Breaker
	sink signals.Sink // of the breakers; the run says what they say

	mu  sync.Mutex
	all map[string]*circuit
}

// circuit is the breaker of one scope.
type circuit struct {
	*patterns.Breaker
	scope string
	tasks int // that were read and have not ended; guarded by circuits.mu
}

// mostCircuits is how many scopes are remembered that no task belongs to any more.
const mostCircuits = 10_000

// newCircuits returns the breakers of a plan, or nil if it has none. heard is told of every
// change of one of them.
func newCircuits(p *Breaker, heard func(signals.Event)) *circuits {
	if p.Failures == 0 && p.Calls == 0 {
		return nil
	}
	c := &circuits{plan: p, all: make(map[string]*circuit)}
	c.sink.Subscribe(signals.MustCompile("circuit.opened,circuit.half_opened,circuit.closed"), heard)
	return c
}

// enter returns the breaker of a scope, which is kept until the task that asks has left.
func (c *circuits) enter(scope string) *circuit {
	c.mu.Lock()
	defer c.mu.Unlock()
	x, ok := c.all[scope]
	if !ok {
		if len(c.all) >= mostCircuits {
			c.forget()
		}
		x = &circuit{scope: scope, Breaker: patterns.NewBreaker(c.options(scope))}
		c.all[scope] = x
	}
	x.tasks++
	return x
}

func (c *circuits) options(scope string) patterns.BreakerOptions {
	p := c.plan
	o := patterns.BreakerOptions{
		Failures: p.Failures, Span: p.Span, Ratio: p.Percent / 100, Calls: p.Calls,
		Cooldown: p.Cooldown, Probes: p.Probes, Signals: &c.sink, Name: scope,
	}
	if o.Span == 0 {
		o.Span = -1 // in a row
	}
	return o
}

func (c *circuits) leave(x *circuit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x.tasks--
}

// forget drops the breakers that no task needs and that are closed.
func (c *circuits) forget() {
	for scope, x := range c.all {
		if s := x.State(); x.tasks == 0 && !s.Open && !s.Half {
			delete(c.all, scope)
		}
	}
}

// open lists the breakers that are not closed, by scope.
func (c *circuits) open() []*circuit {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var open []*circuit
	for _, x := range c.all {
		if s := x.State(); s.Open || s.Half {
			open = append(open, x)
		}
	}
	slices.SortFunc(open, func(a, b *circuit) int { return strings.Compare(a.scope, b.scope) })
	return open
}

// circuit puts a task under the breaker of its scope.
func (r *Run) circuit(t *task) error {
	if r.circuits == nil {
		return nil
	}
	scope := "all"
	switch r.plan.Breaker.By {
	case BreakerByKey:
		scope = t.key
	case BreakerByTemplate:
		var err error
		if scope, err = r.commands.breaker.Expand(r.values(t, 1, 0)); err != nil {
			return err
		}
	}
	t.circuit = r.circuits.enter(scope)
	return nil
}

// circuitChanged says what a breaker says, with the fields of the run.
func (r *Run) circuitChanged(e signals.Event) {
	b := &r.plan.Breaker
	f := &event.Fields{Scope: event.TextOf(e.Key), By: "breaker"}
	if e.Name == event.CircuitOpened {
		f.Cooldown = event.Seconds(b.Cooldown)
	}
	r.say(e.Name, f)
	if e.Name == event.CircuitOpened && b.Action == BreakerHalt {
		r.halt(ending{detail: "--breaker: " + e.Key + " keeps failing"})
	}
}

// tell tells the breaker of a task how an attempt went. With --breaker-on that alone says what
// is a failure; any other end shows that the other side works. One that eph made shows nothing.
func (r *Run) tell(t *task) {
	failed := t.failure != nil
	if on := r.plan.Breaker.On; !on.Empty() {
		failed = on.Has(&t.result)
	}
	switch {
	case t.result.End == job.Cancelled:
		t.pass.Cancel()
	case failed:
		t.pass.Report(errFailed)
	default:
		t.pass.Report(nil)
	}
	t.pass = patterns.Pass{}
}
