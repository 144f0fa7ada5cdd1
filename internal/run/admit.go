package run

import (
	"time"

	"github.com/mostlylucid/eph/pkg/coord"
)

// admit is the coordinator's question, before it starts a task, whether it may. It runs under
// the coordinator's lock.
func (r *Run) admit(_ coord.Info[string], t *task) *coord.Gate {
	if r.keyPaces != nil {
		if gate := r.keyPaces.admit(t.key, time.Now()); gate != nil {
			return gate
		}
	}
	if t.circuit != nil && r.plan.Breaker.Action == BreakerHold {
		var gate *coord.Gate
		if t.pass, gate = t.circuit.Admit(); gate != nil {
			if r.keyPaces != nil {
				r.keyPaces.giveBack(t.key)
			}
			return gate
		}
	}
	if r.plan.Ask && t.attempt == 0 {
		r.terminal.enqueue(t)
	}
	return nil
}
