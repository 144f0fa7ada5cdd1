package run

import (
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/mostlylucid/eph/internal/template"
)

// mostItemVariable is the longest item that EPH_ITEM holds: Linux takes no string of 128 KiB
// or more for a new process, and a job that does not care should not fail for it.
const mostItemVariable = 128<<10 - 64

// environ is what every job's environment has in common, built once.
type environ struct {
	base     []string
	attempts string
	slot     string // the name of a variable that counts slots from 0
}

// newEnviron takes the environment of eph without what eph itself sets: EPH_* of a run that
// this one may be a job of, and __eph*, the variables of shell templates, which would be
// exported to the job if they came in.
func newEnviron(p *Plan, id string) environ {
	var e environ
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "EPH_") && !strings.HasPrefix(v, "__eph") {
			e.base = append(e.base, v)
		}
	}
	e.base = append(e.base, "EPH_RUN="+id)
	for _, v := range p.Variables {
		name, value, _ := strings.Cut(v, "=")
		e.set(name, value)
	}
	e.attempts = "EPH_MAX_ATTEMPTS=" + strconv.Itoa(p.Attempts)
	e.slot = p.SlotVar
	return e
}

// set gives a variable a value for every job.
func (e *environ) set(name, value string) {
	e.base = slices.DeleteFunc(e.base, func(v string) bool { return strings.HasPrefix(v, name+"=") })
	e.base = append(e.base, name+"="+value)
}

// of is the environment of a task's next attempt.
func (e *environ) of(t *task, v *template.Values, extra []variable) ([]string, error) {
	env := make([]string, len(e.base), len(e.base)+8+len(extra))
	copy(env, e.base)
	env = append(env,
		"EPH_SEQ="+strconv.FormatInt(t.item.Seq, 10),
		"EPH_SLOT="+strconv.Itoa(t.slot),
		"EPH_ATTEMPT="+strconv.Itoa(t.attempt),
		e.attempts,
	)
	if e.slot != "" {
		env = slices.DeleteFunc(env, func(v string) bool { return strings.HasPrefix(v, e.slot+"=") })
		env = append(env, e.slot+"="+strconv.Itoa(t.slot-1))
	}
	for _, set := range []struct{ name, value string }{
		{"EPH_ITEM", t.text()}, {"EPH_KEY", t.key}, {"EPH_LANE", t.lane},
	} {
		if set.value != "" && len(set.value) < mostItemVariable && strings.IndexByte(set.value, 0) < 0 {
			env = append(env, set.name+"="+set.value)
		}
	}
	for _, x := range extra {
		value, err := x.value.Expand(v)
		if err != nil {
			return nil, err
		}
		env = append(env, x.name+"="+value)
	}
	return env, nil
}

// isJob reports whether an environment is that of a job of a run, and the number of its item.
func isJob(environ []string, run string) (seq int64, ok bool) {
	if !slices.Contains(environ, "EPH_RUN="+run) {
		return 0, false
	}
	for _, v := range environ {
		if text, is := strings.CutPrefix(v, "EPH_SEQ="); is {
			seq, err := strconv.ParseInt(text, 10, 64)
			return seq, err == nil
		}
	}
	return 0, false
}
