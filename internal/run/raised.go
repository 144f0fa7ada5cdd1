package run

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/internal/rule"
	"github.com/mostlylucid/eph/pkg/signals"
)

// The speakers, as the log names them.
const (
	byJob    = "job"
	byRule   = "rule"
	byPerson = "ctl"
	bySensor = "sensor"
)

// hear acts on a signal that was spoken: by a job, a rule or a person. t is the task it is
// about, or nil.
func (r *Run) hear(s rule.Spoken, by string, t *task) {
	if s.Retract {
		if p, err := signals.Compile(s.Name); err == nil {
			r.retract(p)
		}
		return
	}
	f := &event.Fields{By: by, Value: s.Value, TTL: event.Seconds(s.TTL)}
	if t != nil {
		f.Seq = t.item.Seq
		if t.key != "" {
			f.Key = event.TextOf(t.key)
		}
	}
	switch {
	case s.Name == event.RateLimit:
		r.say(s.Event(), f)
		r.slow(s.Delay, t)
	case s.Name == event.ConcurrencyUp:
		r.say(s.Event(), f)
		r.scale.up(by)
	case s.Name == event.ConcurrencyDown:
		r.say(s.Event(), f)
		r.scale.down(by)
	case s.TTL > 0 || r.plan.DeferOn.Match(s.Name) || r.plan.CancelOn.Match(s.Name):
		r.hold(s.Name, s.TTL, f)
	default:
		r.say(s.Event(), f)
	}
}

// hold makes a condition hold, for ttl or, if that is 0, until it is retracted.
func (r *Run) hold(name string, ttl time.Duration, f *event.Fields) {
	r.saying.RLock()
	defer r.saying.RUnlock()
	if !r.silent {
		r.sink.Hold(signals.Event{Name: name, Value: f}, ttl)
	}
}

// retract ends the conditions whose name matches, and returns how many there were.
func (r *Run) retract(p signals.Pattern) int {
	r.saying.RLock()
	defer r.saying.RUnlock()
	if r.silent {
		return 0
	}
	return r.sink.ClearAll(p)
}

// mostSpoken is how many signals of all jobs together are heard in a second. What is more is
// read, so that no job waits, and counted.
const mostSpoken = 1000

// hearing bounds what jobs say.
type hearing struct {
	mu     sync.Mutex
	second time.Time
	heard  int
}

// admits reports whether one more signal is heard now.
func (h *hearing) admits(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now.Sub(h.second) >= time.Second {
		h.second, h.heard = now, 0
	}
	h.heard++
	return h.heard <= mostSpoken
}

// speech is what one job says on its signal descriptor.
type speech struct {
	run    *Run
	task   *task
	unfit  int // lines that are no signal
	lost   int // signals beyond what is heard
	reason string
}

// line takes a line of the descriptor. A line that is no signal is worth a warning, once for
// a job.
func (s *speech) line(line []byte) {
	if len(line) == 0 {
		return
	}
	if !s.run.hearing.admits(time.Now()) {
		s.lost++
		return
	}
	spoken, err := rule.Speak(line)
	if err != nil {
		if s.unfit == 0 {
			s.reason = err.Error()
		}
		s.unfit++
		return
	}
	s.run.hear(spoken, byJob, s.task)
}

// end says what was not understood or not heard.
func (s *speech) end() {
	seq := strconv.FormatInt(s.task.item.Seq, 10)
	if s.unfit > 0 {
		s.run.warn(fmt.Sprintf("item %s wrote %d lines to its signal descriptor that are not signals; the first: %s", seq, s.unfit, s.reason))
	}
	if s.lost > 0 {
		s.run.warn(fmt.Sprintf("item %s raised %d signals that were ignored: only %d a second are accepted from all jobs together", seq, s.lost, mostSpoken))
	}
}

// matching is what an attempt wrote, as far as rules look at it.
type matching struct {
	task    *task
	run     *Run
	retries bool // a line matched --retry-if-stderr
}

// stderr takes a line of the standard error of an attempt.
func (m *matching) stderr(line []byte) {
	if re := m.run.plan.RetryIfStderr; re != nil && !m.retries {
		m.retries = re.Match(line)
	}
	m.lines(rule.Stderr, line)
}

// stdout takes a line of its standard output.
func (m *matching) stdout(line []byte) { m.lines(rule.Stdout, line) }

func (m *matching) lines(stream rule.Stream, line []byte) {
	for i := range m.run.plan.RaiseOn {
		if s, ok := m.run.plan.RaiseOn[i].Line(stream, line); ok {
			m.run.hear(s, byRule, m.task)
		}
	}
}

// raise raises what the rules have to say of the end of an attempt.
func (r *Run) raise(t *task) {
	res := &t.result
	for i := range r.plan.RaiseOn {
		x := &r.plan.RaiseOn[i]
		var s rule.Spoken
		var ok bool
		switch res.End {
		case job.Exited:
			s, ok = x.Exit(res.Code)
		case job.Signalled:
			s, ok = x.Signal(res.Signal)
		}
		if !ok {
			s, ok = x.Took(res.Wall)
		}
		if ok {
			r.hear(s, byRule, t)
		}
	}
}
