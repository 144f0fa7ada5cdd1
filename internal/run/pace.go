package run

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/patterns"
)

// pace is the rate of all starts, which may change and may be none. It is a coord.Limiter.
type pace struct {
	rate atomic.Pointer[patterns.AdaptiveRate]
}

// set changes the rate; the zero Rate lifts it.
func (p *pace) set(r Rate) {
	if r == (Rate{}) {
		p.rate.Store(nil)
		return
	}
	p.rate.Store(adaptive(r))
}

// adaptive is a rate that can be asked to slow down.
func adaptive(r Rate) *patterns.AdaptiveRate {
	return patterns.NewAdaptiveRate(patterns.AdaptiveOptions{Max: r.PerSecond, Burst: r.Burst})
}

// Reserve implements coord.Limiter.
func (p *pace) Reserve() time.Duration {
	if a := p.rate.Load(); a != nil {
		return a.Reserve()
	}
	return 0
}

// Unreserve gives back a permit that was not used.
func (p *pace) Unreserve() {
	if a := p.rate.Load(); a != nil {
		a.Unreserve()
	}
}

// paces are the rates of keys.
type paces struct {
	rate Rate

	mu   sync.Mutex
	keys map[string]*keyPace
}

// keyPace is the rate of one key.
type keyPace struct {
	*patterns.AdaptiveRate
	limited time.Time // until when somebody asked not to start anything
}

// admit takes a permit of a key, or returns a gate that opens when there may be one. It is
// called under the coordinator's lock.
func (p *paces) admit(key string, now time.Time) *coord.Gate {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.of(key)
	wait := max(k.limited.Sub(now), k.Next())
	if wait <= 0 && k.Allow() {
		return nil
	}
	gate := new(coord.Gate)
	gate.ShutFor(max(wait, 1))
	return gate
}

// giveBack takes a permit back that was not used.
func (p *paces) giveBack(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of(key).Unreserve()
}

// slow starts nothing of a key for d, and less from then on.
func (p *paces) slow(key string, d time.Duration, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.of(key)
	if until := now.Add(d); until.After(k.limited) {
		k.limited = until
	}
	k.Slow(0)
}

// ok tells that a job of a key has ended well.
func (p *paces) ok(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of(key).OK()
}

// mostPaces is how many keys are remembered before those that have all their permits are
// forgotten.
const mostPaces = 10_000

func (p *paces) of(key string) *keyPace {
	k, ok := p.keys[key]
	if !ok {
		if len(p.keys) >= mostPaces {
			p.forget(time.Now())
		}
		k = &keyPace{AdaptiveRate: adaptive(p.rate)}
		p.keys[key] = k
	}
	return k
}

// forget drops the keys that could start something now.
func (p *paces) forget(now time.Time) {
	for key, k := range p.keys {
		if !k.limited.After(now) && k.Next() == 0 {
			delete(p.keys, key)
		}
	}
}

// slow does what rate-limit:D asks for: nothing starts for d, of the key of t with
// --rate-by key and at all otherwise, and a rate goes down.
func (r *Run) slow(d time.Duration, t *task) {
	if r.keyPaces != nil {
		if t != nil {
			r.keyPaces.slow(t.key, d, time.Now())
		}
		return
	}
	if d > 0 {
		r.limited.extend(d)
	}
	r.adapt(func(a *patterns.AdaptiveRate) { a.Slow(0) })
}

// well tells the rate that a job has ended well.
func (r *Run) well(t *task) {
	if r.keyPaces != nil {
		r.keyPaces.ok(t.key)
		return
	}
	r.adapt(func(a *patterns.AdaptiveRate) { a.OK() })
}

// adapt changes the rate and says so.
func (r *Run) adapt(change func(*patterns.AdaptiveRate)) {
	a := r.pace.rate.Load()
	if a == nil {
		return
	}
	from := a.PerSecond()
	change(a)
	if to := a.PerSecond(); to != from {
		r.pool.Reconsider()
		r.say(event.RateChanged, &event.Fields{RateFrom: from, RateTo: to, Message: "rate-limit"})
	}
}

// setRate changes the rate of all starts; the zero Rate lifts it.
func (r *Run) setRate(to Rate, why string) {
	var from float64
	if a := r.pace.rate.Load(); a != nil {
		from = a.PerSecond()
	}
	r.pace.set(to)
	r.pool.Reconsider()
	r.say(event.RateChanged, &event.Fields{RateFrom: from, RateTo: to.PerSecond, Message: why})
}

// limited lets nothing start because somebody asked to slow down.
type limited struct {
	gate coord.Gate

	mu    sync.Mutex
	until time.Time
}

// extend lets nothing start for d; a longer time that was asked for stays.
func (l *limited) extend(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := time.Now().Add(d); until.After(l.until) {
		l.until = until
		l.gate.ShutFor(d)
	}
}

// left is for how long nothing starts.
func (l *limited) left() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(time.Until(l.until), 0)
}
