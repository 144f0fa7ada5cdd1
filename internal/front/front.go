// Package front puts a process between eph and whoever started it, so that no job is left running,
// whichever of the two processes ends, and however.
//
// The front is the process that was started: it owns the terminal, receives the signals and exits
// with the status. The worker is the same program with the same arguments in its own session, and
// does everything else. Each adopts the orphans of the processes below it. When the worker is
// killed, its jobs pass to the front, which kills them; when the front is killed, the worker sees
// that the connection between them is dead, kills its jobs and exits. A kill of the whole process
// group, which is what `kill -9 %1` does in a shell, reaches only the front.
//
// The separate session keeps the worker out of the terminal's job control, which then concerns a
// single process: signals typed at the terminal reach the front. The price is that the worker
// cannot read the terminal, because it could not wait until it is in the foreground. So the front
// reads it: the items that are typed, and the answers to questions.
package front

import (
	"io"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mostlylucid/eph/internal/job"
)

// Options say what the worker needs.
type Options struct {
	Items    *os.File // the terminal where items are typed, or nil
	Terminal *os.File // the terminal where questions are answered, or nil
	Isolate  bool     // a namespace of processes, in which nothing outlives the worker
}

// End is how a worker ended.
type End struct {
	Status int            // what it exited with, if DieBy is 0
	DieBy  syscall.Signal // what the front has to die by, or 0
	Killed bool           // the worker was killed by it, and did not mean to end so
	Broken bool           // the worker exited without a word, as what Go does when it breaks down
	Err    error          // why the typed items could not be read to their end, or nil
}

// passed are the signals that the front passes on.
var passed = []os.Signal{
	unix.SIGINT, unix.SIGTERM, unix.SIGQUIT, unix.SIGHUP,
	unix.SIGUSR1, unix.SIGUSR2, unix.SIGTSTP, unix.SIGCONT,
}

// lead is a front at work.
type lead struct {
	pid    int      // of the worker
	line   *os.File // to the worker
	mu     sync.Mutex
	reaped bool // its id may be another's
	toStop bool // it has asked to be stopped, with this process
	told   bool // of a TSTP to which it has not yet answered so
	goesOn bool // a CONT came after that TSTP

	ending atomic.Bool    // the run was told to end
	asked  chan struct{}  // holds a question
	ends   bool           // the worker said that it ends
	dieBy  syscall.Signal // and by what
}

// Lead starts a worker and is its front until it has ended, with all it started. Its error says
// that no worker could be started.
func Lead(o Options) (End, error) {
	job.Adopt()
	l := &lead{asked: make(chan struct{}, 1)}
	signals := make(chan os.Signal, 16) // caught before there is a worker, which may be quick
	for _, s := range passed {
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	typed, err := l.start(o)
	if err != nil {
		signal.Stop(signals)
		return End{}, err
	}
	// These three may wait for a key, or a signal, that never comes: they end with the process.
	go pass(signals, l.signal)
	if o.Terminal != nil {
		go l.answer(o.Terminal)
	}
	unread := make(chan error, 1)
	if typed != nil {
		go func() { unread <- l.feed(o.Items, typed) }()
	}
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		l.listen()
	}()

	status := l.wait()
	job.Sweep()
	// Nobody has the other end any more, but for what Sweep could not kill.
	_ = l.line.SetReadDeadline(time.Now().Add(time.Second))
	<-heard
	end := End{Status: status.ExitStatus(), DieBy: l.dieBy, Broken: !l.ends}
	if status.Signaled() {
		end.DieBy, end.Killed, end.Broken = status.Signal(), true, false
	}
	select {
	case end.Err = <-unread:
	default: // it still reads, for nobody
	}
	return end, nil
}

// start starts the worker. With typed items it returns where the worker reads them.
func (l *lead) start(o Options) (typed *os.File, err error) {
	ends, err := socketpair()
	if err != nil {
		return nil, err
	}
	l.line = ends[0]
	defer ends[1].Close()
	defer func() {
		if err != nil {
			_ = l.line.Close()
			_ = typed.Close() // nil has none
			typed = nil
		}
	}()
	inherited := []*os.File{ends[1]}
	g := greeting{items: -1, terminal: -1, isolate: o.Isolate}
	if o.Items != nil {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		defer r.Close()
		inherited = append(inherited, r)
		typed, g.items = w, int(r.Fd())
	}
	if o.Terminal != nil {
		inherited = append(inherited, o.Terminal)
		g.terminal = int(o.Terminal.Fd())
	}
	// Every descriptor keeps its number, for the arguments may name those that eph was given.
	for _, f := range inherited {
		if _, err := unix.FcntlInt(f.Fd(), unix.F_SETFD, 0); err != nil {
			return typed, err
		}
	}
	if _, err := io.WriteString(l.line, g.String()); err != nil {
		return typed, err
	}
	exe, err := executable()
	if err != nil {
		return typed, err
	}
	sys := &syscall.SysProcAttr{Setsid: true}
	if o.Isolate {
		if err := isolated(sys); err != nil {
			return typed, err
		}
	}
	l.pid, err = syscall.ForkExec(exe, os.Args, &syscall.ProcAttr{
		Env:   append(os.Environ(), mark(ends[1])),
		Files: []uintptr{0, 1, 2},
		Sys:   sys,
	})
	return typed, err
}

// sameTime is how far apart two TERM are at most that are meant as one: timeout(1), for example,
// sends it to a process and then to its group, and the second would kill the jobs at once.
const sameTime = 50 * time.Millisecond

// pass hands signals on for as long as there are any.
func pass(signals <-chan os.Signal, to func(syscall.Signal)) {
	var told time.Time // of the last TERM
	for s := range signals {
		if s == unix.SIGTERM {
			now := time.Now()
			if !told.IsZero() && now.Sub(told) < sameTime {
				continue
			}
			told = now
		}
		to(s.(syscall.Signal))
	}
}

// signal signals the worker. One that somebody has stopped, other than by the terminal, is woken
// to end.
func (l *lead) signal(s syscall.Signal) {
	signals := []syscall.Signal{s}
	switch s {
	case unix.SIGINT, unix.SIGTERM, unix.SIGQUIT, unix.SIGHUP:
		l.ending.Store(true)
		signals = append(signals, unix.SIGCONT)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reaped {
		return
	}
	switch s {
	case unix.SIGTSTP:
		l.told, l.goesOn = true, false
	case unix.SIGCONT:
		l.toStop, l.goesOn = false, l.told
	}
	for _, s := range signals {
		_ = unix.Kill(l.pid, s)
	}
}

// stop stops the worker, which has asked for it, and has wait stop this process. When a CONT has
// overtaken that, nobody would send another: then the worker is to go on.
func (l *lead) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := unix.SIGSTOP
	if l.goesOn {
		s = unix.SIGCONT
	}
	l.toStop, l.told, l.goesOn = !l.goesOn, false, false
	if !l.reaped {
		_ = unix.Kill(l.pid, s)
	}
}

// stopped is called when the worker has stopped.
func (l *lead) stopped() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.toStop {
		_ = unix.Kill(unix.Getpid(), unix.SIGSTOP)
	}
	l.toStop = false
}

// wait returns when the worker has ended. When the worker is stopped because it has asked for that,
// so is this process, and its shell sees that. A worker that somebody else has stopped they continue
// as well, and tell nobody: this process would be left stopped.
func (l *lead) wait() (status syscall.WaitStatus) {
	for {
		_, err := syscall.Wait4(l.pid, &status, syscall.WUNTRACED, nil)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			status = syscall.WaitStatus(unix.SIGKILL) // whatever it was, it was no success
		case status.Stopped():
			l.stopped()
			continue
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.reaped = true
		return status
	}
}

// listen hears what the worker says, until it has ended.
func (l *lead) listen() {
	word := make([]byte, 1)
	for {
		if n, err := l.line.Read(word); n == 0 || err != nil {
			return
		}
		switch w := word[0]; w {
		case wordStop:
			l.stop()
		case wordAsk:
			select {
			case l.asked <- struct{}{}:
			default:
			}
		case wordShow:
			l.place()
		default:
			l.ends, l.dieBy = true, syscall.Signal(w)
		}
	}
}
