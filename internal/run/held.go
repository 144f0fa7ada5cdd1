package run

import (
	"fmt"
	"time"

	"github.com/mostlylucid/eph/internal/control"
	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/signals"
)

// held says why nothing starts, or why some items do not: the gates of a start in the order
// in which they are passed.
func (r *Run) held(s coord.Stats) (all []control.Held) {
	add := func(by, format string, left time.Duration, args ...any) {
		all = append(all, control.Held{By: by, What: fmt.Sprintf(format, args...), Left: left.Seconds()})
	}
	if ending := r.ends(); ending != nil {
		add("end", "%s", 0, ending.under(r.plan.Deadline))
	}
	if r.paused.Load() {
		add("pause", "paused; eph ctl resume starts jobs again", 0)
	}
	for c := range r.sink.Conditions() {
		if r.plan.CancelOn.Match(c.Name) || r.plan.DeferOn.Match(c.Name) {
			add("signal", "%s", left(c), c.Name)
		}
	}
	if d := r.limited.left(); d > 0 {
		add("rate-limit", "a job was asked to slow down", d)
	}
	for _, x := range r.circuits.open() {
		if state := x.State(); state.Open {
			add("breaker", "the circuit of %s is open", state.Left, x.scope)
		} else {
			add("breaker", "the circuit of %s is half open: a few jobs are trying", 0, x.scope)
		}
	}
	if n := r.tokens.waiting(); n > 0 {
		add("jobserver", "%d jobs wait for a slot from make", 0, n)
	}
	if s.Delayed > 0 {
		add("retry", "%d items wait for their next attempt or for a gate", 0, s.Delayed)
	}
	switch {
	case s.Pending == 0 && s.Running == 0 && s.Delayed == 0 && !r.read.Load():
		add("input", "nothing to do until the next item comes", 0)
	case s.Pending > 0 && s.Running >= s.Limit:
		add("slots", "all %d slots are taken", 0, s.Limit)
	case s.Pending > 0 && r.pace.rate.Load() != nil:
		add("rate", "the next start has to wait for the rate", 0)
	}
	return all
}

// left is for how long a condition holds, or 0 if that is until it is cleared.
func left(c signals.Condition) time.Duration {
	if c.Expires.IsZero() {
		return 0
	}
	return max(time.Until(c.Expires), time.Millisecond)
}
