package run

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/mostlylucid/eph/pkg/coord"
)

// TestStep: what several jobs say of one event is one step, and each word of a person is another.
func TestStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &Run{plan: Plan{Jobs: Jobs{Least: 2, Most: 64}}}
		r.scale = newScale(r)
		r.pool = coord.NewKeyed(nil, r.attempt, coord.Options{Limit: r.scale.limit()})
		for _, step := range []struct {
			after time.Duration
			do    func(by string)
			by    string
			want  int
		}{
			{0, r.scale.down, byJob, 32},
			{0, r.scale.down, byJob, 32},
			{rescaleTime - 1, r.scale.down, byRule, 32},
			{1, r.scale.down, byRule, 16},
			{0, r.scale.down, byPerson, 8},
			{0, r.scale.down, byPerson, 4},
			{0, r.scale.up, byJob, 4},
			{rescaleTime, r.scale.up, byJob, 8},
		} {
			time.Sleep(step.after)
			step.do(step.by)
			if got := r.pool.Stats().Limit; got != step.want || got != r.scale.limit() {
				t.Errorf("after %v by %s: %d at once, and %d for the scale, want %d", step.after, step.by, got, r.scale.limit(), step.want)
			}
		}
	})
}
