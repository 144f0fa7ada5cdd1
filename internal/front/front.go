// Package front puts a process between eph and whoever started it, so that no end of either of
// the two leaves a job running.
//
// The front is the process that was started: it has the terminal, takes the signals and ends with
// the status. The worker is the same program with the same arguments in a session of its own, and
// does everything else. Each adopts the orphans of what is below it. When the worker is killed,
// its jobs pass to the front, which kills them; when the front is killed, the worker sees that the
// line between them is dead, kills its jobs and ends. A kill of the whole process group, which is
// what `kill -9 %1` is in a shell, finds the front alone.
//
// A session of its own keeps the worker out of the terminal's job control, which then is about one
// process: what is typed there as a signal comes to the front. The price is that the worker cannot
// read the terminal when its turn would be to wait for the foreground, so the front reads it: the
// items that are typed, and the answers to questions.
package front

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mostlylucid/eph/internal/job"
)

// Terminal says what the worker needs of the terminal.
type Terminal struct {
	Items bool     // standard input is the terminal, and items are typed there
	File  *os.File // /dev/tty for questions, or nil
}

// End is how a worker ended.
type End struct {
	Status int            // what it exited with, if DieBy is 0
	DieBy  syscall.Signal // what the front has to die by, or 0
	Killed bool           // the worker was killed by it, and did not mean to end so
	Err    error          // why the typed items could not be read to their end, or nil
}

// passed are the signals that the front passes on.
var passed = []os.Signal{
	unix.SIGINT, unix.SIGTERM, unix.SIGQUIT, unix.SIGHUP,
	unix.SIGUSR1, unix.SIGUSR2, unix.SIGTSTP, unix.SIGCONT,
}

// lead is a front at work.
type lead struct {
	pid      int        // of the worker
	line     *os.File   // to the worker
	terminal *os.File   // or nil
	mu       sync.Mutex // its id may be given to another process once it has been reaped
	reaped   bool

	asked chan struct{}
	dieBy syscall.Signal // what the worker said that it ends by
}

// Lead starts a worker and is its front until it has ended, with all it started. Its error says
// that no worker could be started.
func Lead(t Terminal) (End, error) {
	job.Adopt()
	l := &lead{terminal: t.File, asked: make(chan struct{}, 1)}
	typed, err := l.start(t)
	if err != nil {
		return End{}, err
	}
	signals := make(chan os.Signal, 16)
	for _, s := range passed {
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	// These three may wait for a key, or a signal, that never comes: they end with the process.
	go pass(signals, l.signal)
	go l.answer()
	unread := make(chan error, 1)
	if typed != nil {
		go func() { unread <- feed(typed) }()
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
	end := End{Status: status.ExitStatus(), DieBy: l.dieBy}
	if status.Signaled() {
		end.DieBy, end.Killed = status.Signal(), true
	}
	select {
	case end.Err = <-unread:
	default: // it still reads, for nobody
	}
	return end, nil
}

// start starts the worker. With typed items it returns where the worker reads them.
func (l *lead) start(t Terminal) (typed *os.File, err error) {
	ends, err := socketpair()
	if err != nil {
		return nil, err
	}
	l.line = ends[0]
	defer ends[1].Close()
	files := []uintptr{0, 1, 2}
	if t.Items {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		defer r.Close()
		typed, files[0] = w, r.Fd()
	}
	inherited := []*os.File{ends[1]}
	g := greeting{items: t.Items, terminal: -1}
	if t.File != nil {
		inherited = append(inherited, t.File)
		g.terminal = int(t.File.Fd())
	}
	// Every descriptor keeps its number, for the arguments may name those that eph was given.
	for _, f := range inherited {
		if _, err := unix.FcntlInt(f.Fd(), unix.F_SETFD, 0); err != nil {
			return nil, err
		}
	}
	if _, err := io.WriteString(l.line, g.String()); err != nil {
		return nil, err
	}
	exe, err := executable()
	if err != nil {
		return nil, err
	}
	l.pid, err = syscall.ForkExec(exe, os.Args, &syscall.ProcAttr{
		Env:   append(os.Environ(), mark(ends[1])),
		Files: files,
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		_ = l.line.Close()
		return nil, err
	}
	return typed, nil
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

func (l *lead) signal(s syscall.Signal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.reaped {
		_ = unix.Kill(l.pid, s)
	}
}

// wait returns when the worker has ended. While the worker is stopped, so is this process, and its
// shell sees that.
func (l *lead) wait() (status syscall.WaitStatus) {
	for {
		_, err := syscall.Wait4(l.pid, &status, syscall.WUNTRACED, nil)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			status = syscall.WaitStatus(unix.SIGKILL) // whatever it was, it was no success
		case status.Stopped():
			_ = unix.Kill(unix.Getpid(), unix.SIGSTOP)
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
			l.signal(unix.SIGSTOP)
		case wordAsk:
			select {
			case l.asked <- struct{}{}:
			default:
			}
		default:
			l.dieBy = syscall.Signal(w)
		}
	}
}

// answer reads a line of the terminal for each question. The end of the terminal is an empty one.
func (l *lead) answer() {
	if l.terminal == nil {
		return
	}
	in := bufio.NewReader(l.terminal)
	for range l.asked {
		text, err := in.ReadString('\n')
		if err != nil {
			text = ""
		}
		_, _ = io.WriteString(l.line, strings.TrimSuffix(text, "\n")+"\n")
	}
}

// feed copies what is typed to the worker, and closes to. A worker that reads no more is no error.
func feed(to *os.File) error {
	defer to.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := syscall.Read(0, buf)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return err
		case n == 0:
			return nil
		}
		if _, err := to.Write(buf[:n]); err != nil {
			if errors.Is(err, syscall.EPIPE) {
				err = nil
			}
			return err
		}
	}
}
