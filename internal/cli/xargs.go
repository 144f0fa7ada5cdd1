package cli

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"

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

func (s shared) Interrupt(sig syscall.Signal) {
	s.PassOn(sig)
	giveUp(sig)
}

func (s shared) Hangup()    { s.Interrupt(syscall.SIGHUP) }
func (s shared) Kill()      { s.KillAll() }
func (s shared) Say(string) {} // eph xargs says nothing that xargs does not

// watchShared passes signals on to such a run until the function it returns is called.
func watchShared(r *xargs.Run) (stop func()) {
	c := make(chan os.Signal, 16)
	for _, s := range []os.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTSTP, syscall.SIGCONT} {
		if !signal.Ignored(s) {
			signal.Notify(c, s)
		}
	}
	if !signal.Ignored(syscall.SIGQUIT) {
		defaultAction(syscall.SIGQUIT) // not the stacks of the Go runtime
	}
	var wg sync.WaitGroup
	wg.Go(func() { pass(c, shared{r}, false, suspendSelf, giveUp) })
	return func() {
		signal.Stop(c)
		close(c)
		wg.Wait()
	}
}
