package cli

import (
	"fmt"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/front"
	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/internal/run"
	"github.com/mostlylucid/eph/internal/value"
)

// lead has a worker do the run, and reports how that ended. It reports false where no worker can
// be started; the run is then done here, as well as one process can.
func (p *program) lead(plan *run.Plan) bool {
	t := front.Options{Isolate: plan.Isolate}
	if plan.Isolate { // the worker will not see what runs outside
		if err := plan.Journal.Deserted(); err != nil {
			p.report = run.Report{Status: fail.StatusOf(err), Err: err}
			return true
		}
	}
	switch {
	case p.itemsAreTyped(plan):
		t.Items = p.streams.In
	case ttySource(plan) >= 0:
		t.Items, _ = os.Open(tty) // the run says that there is none
	}
	if plan.Ask || plan.OpenTTY {
		t.Terminal, _ = os.OpenFile(tty, os.O_RDWR, 0)
	}
	end, err := front.Lead(t)
	if err != nil && t.Isolate {
		p.report = failed(noIsolation(err))
		return true
	}
	if err != nil {
		return false
	}
	p.report = run.Report{Status: fail.Status(end.Status), DieBy: end.DieBy}
	switch {
	case end.Killed && fatal(end.DieBy):
		p.report.Err = fail.Own("the worker of this run was killed by %s; none of its jobs is left", value.SignalName(end.DieBy))
	case end.Broken: // Go has said why, and its status 2 would say that nothing was run
		p.report.Err = fail.Own("the worker of this run crashed; none of its jobs is left")
		p.report.Status = fail.Broken
	case end.Err != nil && end.DieBy == 0:
		p.report.Err = fail.Own("cannot read standard input: %w", end.Err)
		p.report.Status = fail.Worse(p.report.Status, fail.Broken)
	}
	return true
}

// noIsolation is the error where there is no namespace.
func noIsolation(err error) *fail.Error {
	return fail.Own("--isolate: the system allows this user no process namespace: %w", err).
		Advise("eph without --isolate, which also leaves nothing unless both its processes are killed at once")
}

func failed(err *fail.Error) run.Report { return run.Report{Status: fail.StatusOf(err), Err: err} }

// fatal reports whether a signal is none that somebody sends to have a program end.
func fatal(s syscall.Signal) bool {
	switch s {
	case unix.SIGINT, unix.SIGTERM, unix.SIGQUIT, unix.SIGHUP, unix.SIGUSR1, unix.SIGUSR2, unix.SIGPIPE:
		return false
	}
	return true
}

// tty is the terminal of whoever opens it. A worker has none of its own.
const tty = "/dev/tty"

// ttySource is the place of the terminal among the sources of the items, or -1.
func ttySource(plan *run.Plan) int {
	return slices.IndexFunc(plan.Input.Sources, func(s item.Source) bool { return s.File == tty })
}

// join takes what the front has for this process, if it has one.
func (p *program) join(plan *run.Plan) error {
	if !plan.Detach {
		job.Adopt()
	}
	w := p.worker
	if w == nil {
		return nil
	}
	if w.Err != nil {
		return noIsolation(w.Err)
	}
	if w.Terminal != nil {
		p.streams.Terminal, p.streams.Answer = w.Terminal, w.Answer
	}
	if w.Items == nil {
		return nil
	}
	if readsInput(plan) {
		p.streams.In = w.Items
	} else if i := ttySource(plan); i >= 0 {
		plan.Input.Sources[i].File = fmt.Sprintf("/dev/fd/%d", w.Items.Fd())
	}
	return nil
}

// itemsAreTyped reports whether the items come from a terminal.
func (p *program) itemsAreTyped(plan *run.Plan) bool {
	return readsInput(plan) && (isTerminal(p.streams.In) || p.worker != nil && p.worker.Items != nil)
}

// watch passes signals on to a run, and what becomes of the front, until stop is called.
func (p *program) watch(r *run.Run) (stop func()) {
	hint := isTerminal(p.streams.Err)
	if p.worker == nil {
		return watch(r, watched, hint, suspendSelf, giveUp)
	}
	p.worker.Alone(func() {
		r.Kill()
		job.Sweep()
		os.Exit(int(fail.BySignal) + int(unix.SIGKILL))
	})
	return watch(r, watched, hint, p.worker.Stop, func(s unix.Signal) { os.Exit(p.dieBy(s)) })
}

// dieBy ends this process by a signal, or, with a front, has that die by it.
func (p *program) dieBy(s syscall.Signal) int {
	if p.worker == nil {
		return dieBy(s)
	}
	p.worker.DieBy(s)
	return int(fail.BySignal) + int(s)
}

// work does what may start jobs, and tends to what these leave behind. It is not done on the
// first thread, which has other children.
func work(do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	job.Tend(done)
}
