package patterns

import (
	"context"
	"sync"

	"github.com/mostlylucid/eph/pkg/coord"
)

// Guarded puts a breaker before the work of a coordinator, for any Options.Limit: guarded is what
// the coordinator runs, and admit its Hooks.Admit.
//
//	call, admit := patterns.Guarded(breaker, fetch)
//	c := coord.NewKeyed(hostOf, call, coord.Options{Limit: 8})
//	c.Notify(coord.Hooks[string, Request]{Admit: admit})
//
// While the breaker is open ops wait, and spend no slot, no permit and no attempt; after Cooldown
// as many start as there are probes. The error of fn is reported, and a panic counts as a failure.
// A nil function panics.
//
// The two belong together, and to one coordinator. Without admit the breaker still guards fn, but
// an op that it refuses fails, with an error that wraps ErrOpen.
func Guarded[K comparable, T any](b *Breaker, fn func(context.Context, coord.Op[K], T) error) (guarded func(context.Context, coord.Op[K], T) error, admit func(coord.Info[K], T) *coord.Gate) {
	return GuardedBy(func(T) *Breaker { return b }, fn)
}

// GuardedBy is Guarded with a breaker for each value, such as one for each host: what it refuses
// waits, and the rest goes on. of may return nil, for work without a breaker. It runs under
// the coordinator's lock: it must not block, nor call the coordinator.
func GuardedBy[K comparable, T any](of func(T) *Breaker, fn func(context.Context, coord.Op[K], T) error) (guarded func(context.Context, coord.Op[K], T) error, admit func(coord.Info[K], T) *coord.Gate) {
	if of == nil || fn == nil {
		panic("patterns: Guarded with a nil function")
	}
	var passes passes
	guarded = func(ctx context.Context, op coord.Op[K], v T) error {
		pass, ok := passes.take(op.ID)
		if b := of(v); !ok && b != nil { // nobody has asked for it
			var err error
			if pass, err = b.Allow(); err != nil {
				return err
			}
		}
		return pass.call(func() error { return fn(ctx, op, v) })
	}
	admit = func(i coord.Info[K], v T) *coord.Gate {
		b := of(v)
		if b == nil {
			return nil
		}
		pass, gate := b.Admit()
		if gate == nil {
			passes.put(i.ID, pass)
		}
		return gate
	}
	return guarded, admit
}

// passes are those of ops that are admitted and have not called their function yet.
type passes struct {
	mu sync.Mutex
	of map[coord.ID]Pass
}

func (p *passes) put(id coord.ID, pass Pass) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of == nil {
		p.of = make(map[coord.ID]Pass)
	}
	p.of[id] = pass
}

func (p *passes) take(id coord.ID) (Pass, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pass, ok := p.of[id]
	delete(p.of, id)
	return pass, ok
}
