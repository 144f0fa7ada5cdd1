package job

import (
	"cmp"
	"context"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// process is one running job.
type process struct {
	local   *Local
	pid     int // also the id of its group and of its session, unless it shares those of eph
	shared  bool
	pidfd   int // until exit has it; -1 is none
	start   time.Time
	streams streams

	exit  *os.File // becomes readable when the process has ended, and stays so
	raw   syscall.RawConn
	ended *os.File       // without a pidfd: the other end of exit
	bg    sync.WaitGroup // what still runs on behalf of the process

	// Guarded by local.mu. Both make wait return, by the read deadline of exit.
	until  time.Time // when its clock runs out; zero is never
	roused bool      // the context has ended
}

// tryStart starts the command once.
//
// A process group (Setpgid) would do for killing, but a ^Z that meets Go between fork and
// exec then stops the half-born child for ever, and every later start with it; in a session
// of its own the kernel discards that stop.
func (l *Local) tryStart(c *Command, out Output) (*process, error) {
	if l.nullErr != nil {
		return nil, l.nullErr
	}
	p := &process{local: l, pidfd: -1, shared: c.Shared}
	err := p.streams.open(l.null, c, out)
	if err != nil {
		return nil, err
	}
	sys := &syscall.SysProcAttr{Setsid: !c.Shared}
	if l.noPidfd || !askPidfd(sys, &p.pidfd) {
		if p.exit, p.ended, err = os.Pipe(); err != nil {
			p.abandon()
			return nil, err
		}
	}
	attr := &syscall.ProcAttr{Dir: c.Dir, Env: c.Env, Files: p.streams.files(), Sys: sys}
	p.start = time.Now()
	start := func() {
		if l.refuse != nil {
			err = l.refuse()
		}
		if err == nil {
			p.pid, err = syscall.ForkExec(c.Path, c.Argv, attr)
		}
		if err == syscall.ENOEXEC && !binary(c) {
			p.pid, err = syscall.ForkExec("/bin/sh", script(c), attr)
		}
	}
	if c.Nice != 0 {
		atPriority(c.Nice, start)
	} else {
		start()
	}
	runtime.KeepAlive(p.streams.child)
	if err != nil {
		p.abandon()
		return nil, err
	}
	l.join(p)
	return p, nil
}

// abandon closes what was opened for a process that could not be started.
func (p *process) abandon() {
	p.streams.abandon()
	_ = p.exit.Close() // nil has none
	_ = p.ended.Close()
}

// script is the command line for an executable file that names no interpreter: a shell
// script, as execvp(3), and so xargs, has it.
func script(c *Command) []string {
	args := []string{"/bin/sh", c.Path}
	if len(c.Argv) > 1 {
		args = append(args, c.Argv[1:]...)
	}
	return args
}

// run sees the process to its end, in this order: it ends; its output is drained; what is
// left of its group is killed while its id still belongs to it; it is reaped.
func (p *process) run(ctx context.Context, c *Command) Result {
	p.streams.closeTheirs()
	if c.Started != nil {
		c.Started()
	}
	var ended End
	if !p.short(c.Timeout) {
		p.watch()
		p.streams.flow()
		ended = p.live(ctx, c)
	}
	wall := time.Since(p.start)
	held := p.streams.drain(cmp.Or(p.local.patience, drainTime))
	if !p.shared && !(c.Detach && ended == 0) {
		p.signal(unix.SIGKILL)
		if ended != 0 || held {
			killSession(p.pid)
		}
	}
	killed := p.local.leave(p)
	if c.Reaped != nil {
		p.local.reaping.Lock()
		defer p.local.reaping.Unlock()
	}
	status, usage := p.reap()
	err := p.streams.stop()

	r := Result{
		End: ended, Err: err, PID: p.pid, PipeHeld: held,
		Start: p.start, Wall: wall,
		User: time.Duration(usage.Utime.Nano()), Sys: time.Duration(usage.Stime.Nano()), MaxRSS: maxRSS(&usage),
		StdoutBytes: p.streams.bytes(1), StderrBytes: p.streams.bytes(2),
	}
	if status.Signaled() {
		r.Signal = status.Signal()
	} else {
		r.Code = status.ExitStatus()
	}
	switch {
	case ended != 0:
	case status.Signaled() && killed && r.Signal == unix.SIGKILL:
		r.End = Cancelled
	case status.Signaled():
		r.End = Signalled
	default:
		r.End = Exited
	}
	if c.Reaped != nil {
		c.Reaped(r)
	}
	return r
}

// watch makes p.exit of the process's descriptor, or has a goroutine close the other end of
// it when the process has ended.
func (p *process) watch() {
	if p.exit == nil {
		exit := pollable(p.pidfd, "pidfd")
		p.local.mu.Lock()
		p.exit, p.pidfd = exit, -1
		p.local.mu.Unlock()
	} else {
		p.bg.Go(func() {
			blockUntilExit(p.pid)
			_ = p.ended.Close()
		})
	}
	p.raw, _ = p.exit.SyscallConn() // fails for no open file
}

// live waits for the end of the process, and ends it when its time or its context is over.
// It returns which of the two it was, or 0.
func (p *process) live(ctx context.Context, c *Command) (ended End) {
	p.bg.Add(1)
	stop := context.AfterFunc(ctx, func() {
		p.rouse()
		p.bg.Done()
	})
	defer func() {
		if stop() {
			p.bg.Done()
		}
	}()
	if c.Timeout > 0 {
		p.setClock(p.start.Add(c.Timeout))
	}
	for !p.wait() {
		switch {
		case ctx.Err() != nil:
			ended = Cancelled
		case p.overdue():
			ended = TimedOut
		default:
			continue
		}
		p.end(c.Term)
		return ended
	}
	return 0
}

// end sends the signals of the steps, each with its time to work, and at last a KILL, until
// the process has ended.
func (p *process) end(steps []Step) {
	if steps == nil {
		steps = DefaultTerm
	}
	for _, step := range steps {
		if step.Signal == unix.SIGKILL {
			break
		}
		p.signal(step.Signal)
		p.signal(unix.SIGCONT)
		p.setClock(time.Now().Add(step.Wait))
		for !p.wait() {
			if p.overdue() {
				break
			}
			p.calm()
		}
		if p.hasEnded() {
			return
		}
	}
	p.signal(unix.SIGKILL)
	p.setClock(time.Time{})
	for !p.wait() {
		p.calm()
	}
}

// wait blocks until the process has ended, and reports true, or until something asks for
// attention.
func (p *process) wait() bool {
	err := p.raw.Read(func(fd uintptr) bool { return pollNow(int(fd)) != 0 })
	return err == nil || p.hasEnded()
}

func (p *process) hasEnded() bool {
	ended := false
	_ = p.raw.Control(func(fd uintptr) { ended = pollNow(int(fd)) != 0 })
	return ended
}

// signal signals the whole group, unless that is eph's. The process must not have been reaped.
func (p *process) signal(s syscall.Signal) {
	if p.shared {
		_ = unix.Kill(p.pid, s)
		return
	}
	_ = unix.Kill(-p.pid, s)
}

// setClock makes wait return at that time, later by as long as l is suspended meanwhile.
func (p *process) setClock(until time.Time) {
	p.local.mu.Lock()
	defer p.local.mu.Unlock()
	p.until, p.roused = until, false
	p.arm()
}

// overdue reports whether the clock has run out.
func (p *process) overdue() bool {
	p.local.mu.Lock()
	defer p.local.mu.Unlock()
	return p.local.suspended == nil && !p.until.IsZero() && !time.Now().Before(p.until)
}

// rouse makes wait return now.
func (p *process) rouse() {
	p.local.mu.Lock()
	defer p.local.mu.Unlock()
	p.roused = true
	p.arm()
}

// calm is the answer to rouse.
func (p *process) calm() {
	p.local.mu.Lock()
	defer p.local.mu.Unlock()
	p.roused = false
	p.arm()
}

// arm sets the deadline that makes wait return. It is called under local.mu.
func (p *process) arm() {
	deadline := p.until
	switch {
	case p.roused:
		deadline = past
	case p.local.suspended != nil:
		deadline = time.Time{}
	}
	_ = p.exit.SetReadDeadline(deadline)
}

// reap takes the process off the system's table, and ends all that watched it.
func (p *process) reap() (status syscall.WaitStatus, usage syscall.Rusage) {
	for {
		_, err := syscall.Wait4(p.pid, &status, 0, &usage)
		if err == syscall.EINTR {
			continue
		}
		if err != nil { // Sweep was faster
			status = syscall.WaitStatus(unix.SIGKILL)
		}
		break
	}
	p.bg.Wait()
	_ = p.exit.Close()
	if p.pidfd >= 0 {
		_ = unix.Close(p.pidfd)
	}
	return status, usage
}
