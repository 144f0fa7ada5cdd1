package cli

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/mostlylucid/eph/internal/run"
	"github.com/mostlylucid/eph/internal/xargs"
)

// xargs stands in for xargs, under the name by which it was called.
func (p *program) xargs(name string, args []string) run.Report {
	x, status, ready := xargs.New(name, args, name+" ("+versionLine()[:len(versionLine())-1]+", in place of GNU xargs 4.9)\n",
		xargs.Streams{In: p.streams.In, Out: p.streams.Out, Err: p.streams.Err})
	if !ready {
		return run.Report{Status: status}
	}
	defer x.Close()
	ctx := context.Background()
	r, status := x.Prepare(ctx)
	if r == nil {
		return run.Report{Status: status}
	}
	// A collection that is due while a ^Z holds up a start waits for it, and holds up everything
	// else: let there be few.
	debug.SetGCPercent(400)
	stop := watchShared(r)
	defer stop()
	work(func() { status = r.Execute(ctx) })
	return run.Report{Status: status}
}

// shared is what signals do to a run whose jobs share the process group of eph. The terminal
// signals them itself; what only eph was told is passed on, and eph dies of it at once.
type shared struct{ *xargs.Run }

func (s shared) Interrupt(sig unix.Signal) {
	s.PassOn(sig)
	giveUp(sig)
}

func (s shared) Hangup()    { s.Interrupt(unix.SIGHUP) }
func (s shared) Kill()      { s.KillAll() }
func (s shared) Say(string) {} // eph xargs says nothing that xargs does not

// watchShared is watch for such a run. INT and QUIT end eph by themselves.
func watchShared(r *xargs.Run) (stop func()) {
	if !signal.Ignored(unix.SIGQUIT) {
		defaultAction(unix.SIGQUIT) // not the stacks of the Go runtime
	}
	rest := slices.DeleteFunc(slices.Clone(watched), func(s os.Signal) bool { return s == unix.SIGINT || s == unix.SIGQUIT })
	return watch(shared{r}, rest, false, suspendSelf, giveUp)
}
