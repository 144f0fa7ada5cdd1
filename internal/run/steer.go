package run

import (
	"context"
	"fmt"
	"iter"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/mostlylucid/eph/internal/control"
	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/observe"
	"github.com/mostlylucid/eph/internal/rule"
	"github.com/mostlylucid/eph/pkg/signals"
)

// steered is the face of a run for eph ctl.
type steered struct{ run *Run }

var _ control.Handler = steered{}

// listen opens the socket of eph ctl. A place that eph chose itself and cannot have is worth
// a warning, and one that was asked for an error.
func (r *Run) listen() (stop func(), err error) {
	nothing := func() {}
	path := r.plan.Control
	switch path {
	case ControlNone, "":
		return nothing, nil
	case ControlAuto:
		path = ""
	}
	s, err := control.Listen(r.id, path, steered{r})
	if err != nil {
		if path != "" {
			return nothing, err
		}
		r.say(event.Warning, &event.Fields{Message: "eph ctl cannot reach this run: " + err.Error()})
		return nothing, nil
	}
	r.environ.set("EPH_CONTROL", s.Path())
	return func() { _ = s.Close() }, nil
}

// asked says that a person asked for something.
func (r *Run) asked(command, argument string) {
	r.say(event.CtlCommand, &event.Fields{Value: command, Argument: argument})
}

// Jobs implements control.Handler.
func (s steered) Jobs(spec string) (string, error) {
	j, err := ParseJobs(spec, s.run.plan.CPUs)
	if err != nil {
		return "", err
	}
	if j.File != "" { // what a client says leads eph to no file
		return "", fail.Usage("eph ctl jobs does not accept a file").Advise("eph ctl jobs 4, or -j %s from the start", spec)
	}
	s.run.asked("jobs", spec)
	s.run.scale.bound(j, "ctl")
	return fmt.Sprintf("%d at once", s.run.scale.limit()), nil
}

// Rate implements control.Handler.
func (s steered) Rate(spec string) (string, error) {
	var to Rate
	if spec != "none" {
		var err error
		if to, err = ParseRate(spec); err != nil {
			return "", err
		}
	}
	if s.run.keyPaces != nil {
		return "", fail.Own("this run has a rate for each key, which cannot be changed")
	}
	s.run.asked("rate", spec)
	s.run.setRate(to, "ctl")
	return to.String(), nil
}

// Pause implements control.Handler.
func (s steered) Pause() error {
	s.run.asked("pause", "")
	if s.run.pause(true) {
		s.run.say(event.RunPaused, nil)
	}
	return nil
}

// Resume implements control.Handler.
func (s steered) Resume() error {
	s.run.asked("resume", "")
	s.run.unpause()
	return nil
}

func (r *Run) unpause() {
	if r.pause(false) {
		r.say(event.RunResumed, nil)
	}
}

// pause starts nothing more, or goes on, and reports whether that is a change. The coordinator is
// told under the lock, so that it has what r has.
func (r *Run) pause(on bool) (changed bool) {
	r.steering.Lock()
	defer r.steering.Unlock()
	if r.paused.Swap(on) == on {
		return false
	}
	if on {
		r.pool.Pause()
	} else {
		r.pool.Resume()
	}
	return true
}

// Drain implements control.Handler.
func (s steered) Drain() error {
	s.run.asked("drain", "")
	s.run.Drain(byCtl)
	s.run.unpause()
	return nil
}

// Cancel implements control.Handler.
func (s steered) Cancel(seq int64) error {
	s.run.asked("cancel", strconv.FormatInt(seq, 10))
	id, ok := s.run.pool.FindFunc(func(t *task) bool { return t.item.Seq == seq })
	if !ok || !s.run.pool.Drop(id, stopped{event.ReasonCtl}) {
		return fail.Own("item %d is neither waiting nor running", seq)
	}
	return nil
}

// Raise implements control.Handler.
func (s steered) Raise(text string) error {
	spoken, err := rule.Speak([]byte(text))
	if err != nil {
		return err
	}
	s.run.asked("raise", text)
	s.run.hear(spoken, byPerson, nil)
	return nil
}

// Retract implements control.Handler.
func (s steered) Retract(glob string) (int, error) {
	p, err := signals.Compile(glob)
	if err != nil {
		return 0, fail.Usage("%q is not a pattern for names", glob).Advise("eph ctl retract 'backpressure.*'")
	}
	s.run.asked("retract", glob)
	return s.run.retract(p), nil
}

// Reopen implements control.Handler. The new file begins with the line that says so.
func (s steered) Reopen() error {
	if s.run.log == nil {
		err := fail.Own("this run has no --log")
		if s.run.journal.file != nil {
			err = fail.Own("this run has no --log, and its journal must stay where it is").Advise("--log beside --journal, for a file that may be renamed")
		}
		return err
	}
	if err := s.run.log.Reopen(); err != nil {
		return err
	}
	s.run.asked("reopen", "")
	return nil
}

// Tail implements control.Handler.
func (s steered) Tail(ctx context.Context, glob string) (iter.Seq2[[]byte, error], error) {
	if glob == "" {
		glob = "*"
	}
	p, err := signals.Compile(glob)
	if err != nil {
		return nil, fail.Usage("%q is not a pattern for names", glob).Advise("eph ctl tail 'job.*'")
	}
	return observe.Tail(ctx, s.run.id, &s.run.sink, p), nil
}

// Status implements control.Handler.
func (s steered) Status() control.Status {
	r := s.run
	c := r.books.counts()
	stats := r.pool.Stats()
	st := control.Status{
		Run: r.id, PID: os.Getpid(), Command: strings.Join(r.commands.typed, " "), Dir: workingDir(), Began: r.began,
		Read: c.Read, Succeeded: c.Succeeded, Failed: c.Failed, Skipped: c.Skipped, Cancelled: c.Cancelled, Retried: c.Retried,
		Running: stats.Running, Waiting: stats.Pending, Delayed: stats.Delayed,
		Jobs: stats.Limit,
	}
	if a := r.pace.rate.Load(); a != nil {
		st.Rate = Rate{PerSecond: a.PerSecond(), Burst: 1}.String()
	}
	for _, a := range r.live.list() {
		st.Attempts = append(st.Attempts, control.Attempt{Seq: a.seq, Attempt: a.number, Key: a.key, Item: a.item, For: time.Since(a.began).Seconds()})
	}
	st.Held = r.held(stats)
	return st
}
