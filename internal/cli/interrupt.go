package cli

import (
	"os"
	"os/signal"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// controls is what signals do to a run.
type controls interface {
	Interrupt(unix.Signal)
	Kill()
	Hangup()
	AddSlots(int)
	Suspend()
	Resume()
	Say(string)
}

// watched are the signals that a run takes.
var watched = []os.Signal{
	unix.SIGINT, unix.SIGTERM, unix.SIGQUIT, unix.SIGHUP,
	unix.SIGUSR1, unix.SIGUSR2, unix.SIGTSTP, unix.SIGCONT,
}

// watch passes these signals of the system on to a run, until the function it returns is called. A
// HUP or INT that was ignored when eph was started, as nohup does, stays ignored; of others Go does
// not know. With hint, the first ^C says what a second one does. suspend stops this process, and
// giveUp ends it.
func watch(r controls, signals []os.Signal, hint bool, suspend func(), giveUp func(unix.Signal)) (stop func()) {
	c := make(chan os.Signal, 16)
	for _, s := range signals {
		if !signal.Ignored(s) {
			signal.Notify(c, s)
		}
	}
	var wg sync.WaitGroup
	wg.Go(func() { pass(c, r, hint, suspend, giveUp) })
	return func() {
		signal.Stop(c)
		close(c)
		wg.Wait()
	}
}

// patience is how long a run that was told to end twice may take.
const patience = time.Second

// giveUp ends eph once its jobs were killed and something else holds it up: a reader of its
// output that does not read, or a file that does not open.
func giveUp(s unix.Signal) { os.Exit(dieBy(s)) }

// pass acts on signals until c is closed. suspend stops this process, and giveUp ends it.
func pass(c <-chan os.Signal, r controls, hint bool, suspend func(), giveUp func(unix.Signal)) {
	interrupted, suspended := false, false
	var last *time.Timer
	defer func() {
		if last != nil {
			last.Stop()
		}
	}()
	var ahead []os.Signal // those that came while something else was done
	for {
		if len(ahead) == 0 {
			s, open := <-c
			if !open {
				return
			}
			ahead = append(ahead, s)
		}
		s := ahead[0]
		ahead = ahead[1:]
		switch s {
		case unix.SIGINT, unix.SIGTERM, unix.SIGQUIT:
			if interrupted {
				r.Kill()
				if last == nil {
					last = time.AfterFunc(patience, func() { giveUp(s.(unix.Signal)) })
				}
				continue
			}
			interrupted = true
			if hint && s == unix.SIGINT {
				r.Say("eph: ending the running jobs; ^C again kills them")
			}
			r.Interrupt(s.(unix.Signal))
		case unix.SIGHUP:
			r.Hangup()
		case unix.SIGUSR1:
			r.AddSlots(+1)
		case unix.SIGUSR2:
			r.AddSlots(-1)
		case unix.SIGTSTP:
			r.Suspend()
			suspended = true
			// A CONT that has come in the meantime wakes nobody who stops after it.
			if ahead = append(ahead, waiting(c)...); !slices.Contains(ahead, os.Signal(unix.SIGCONT)) {
				suspend()
			}
		case unix.SIGCONT:
			if suspended {
				r.Resume()
			}
			suspended = false
		}
	}
}

// waiting takes what waits in c.
func waiting(c <-chan os.Signal) (all []os.Signal) {
	for {
		select {
		case s, open := <-c:
			if !open {
				return all
			}
			all = append(all, s)
		default:
			return all
		}
	}
}

// suspendSelf stops eph with a signal that cannot be caught, since TSTP is. The CONT that
// ends it comes as a signal too; waiting for that instead of going on here matters, because
// another thread may be the one that takes the STOP.
func suspendSelf() { _ = unix.Kill(unix.Getpid(), unix.SIGSTOP) }
