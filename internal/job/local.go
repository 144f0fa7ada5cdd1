package job

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Local runs commands as processes of this machine. Its zero value is ready. It must not be
// copied, and nothing else in the program may wait for children it did not start, nor set a
// signal to be ignored, which jobs would inherit.
//
// Starting a process holds its P until the exec, so a program that starts many small ones
// gains from a GOMAXPROCS one above the number of cores.
type Local struct {
	mu        sync.Mutex
	running   map[*process]struct{}
	suspended chan struct{} // not nil while suspended; closed when that ends
	since     time.Time     // start of the suspension
	killed    bool

	reaping sync.Mutex // held from before a process is reaped until its Reaped has returned

	noPidfd  bool          // for tests: do as where there is none
	patience time.Duration // for tests: instead of drainTime
	refuse   func() error  // for tests: why the system starts nothing now, or nil

	once     sync.Once
	null     *os.File // for the streams that go nowhere, of all jobs
	nullErr  error
	starting chan struct{} // holds one for each start under way
	short    chan struct{} // holds a token for each job that is in its short time
}

var _ Runner = (*Local)(nil)

// ErrKilled is why a job was not started: KillAll came first.
var ErrKilled = errors.New("no job is started after KillAll")

// Run starts the command and sees it to its end. While l is suspended it waits before the
// start.
func (l *Local) Run(ctx context.Context, c Command, out Output) Result {
	p, err := l.start(ctx, &c, out)
	if err != nil {
		return Result{End: NotStarted, Err: err}
	}
	return p.run(ctx, &c)
}

// Running is the number of jobs that were started and have not ended.
func (l *Local) Running() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.running)
}

// Suspend stops every running job (STOP to its process group) and its clocks, and holds
// back jobs that are about to start, until Resume. Cancelling still ends a job. When it
// returns, every job is stopped, those included whose start was under way.
func (l *Local) Suspend() {
	l.once.Do(l.prepare)
	l.mu.Lock()
	if l.suspended != nil {
		l.mu.Unlock()
		return
	}
	l.suspended, l.since = make(chan struct{}), time.Now()
	l.mu.Unlock()
	l.holdStarts()
	defer func() {
		for range cap(l.starting) {
			<-l.starting
		}
	}()
	l.mu.Lock()
	defer l.mu.Unlock()
	for p := range l.running {
		p.signal(unix.SIGSTOP)
		p.arm()
	}
}

// halfBornTime is how long Suspend waits for a start before it looks for what holds it up.
const halfBornTime = time.Millisecond

// holdStarts waits until no start is under way, and lets none begin.
func (l *Local) holdStarts() {
	for range cap(l.starting) {
		l.holdStart()
	}
}

// holdStart waits until one start less is under way, and lets no other take its place.
//
// A child of the process group of eph that a ^Z has met between fork and exec is stopped before
// it is a job, and Go waits for its exec with a processor held, so that not even its garbage
// collector can go on. It is woken at once, and stopped again as the job it has become. The look
// for it must therefore allocate little.
func (l *Local) holdStart() {
	look := time.NewTicker(halfBornTime)
	defer look.Stop()
	for {
		select {
		case l.starting <- struct{}{}:
			return
		case <-look.C:
			l.wakeHalfBorn()
		}
	}
}

// wakeHalfBorn wakes the children that are no jobs yet. One that is not stopped takes no notice.
func (l *Local) wakeHalfBorn() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, pid := range children() {
		if !l.isJob(pid) {
			_ = unix.Kill(pid, unix.SIGCONT)
		}
	}
}

func (l *Local) isJob(pid int) bool {
	for p := range l.running {
		if p.pid == pid {
			return true
		}
	}
	return false
}

// PassOn sends a signal to every job, those included that are being started, for a caller that ends at
// once: nothing is started after it. A job can be at work before it is known here that it was started.
func (l *Local) PassOn(s syscall.Signal) {
	l.once.Do(l.prepare)
	l.holdStarts()
	l.mu.Lock()
	defer l.mu.Unlock()
	for p := range l.running {
		p.signal(s)
	}
}

// Resume continues what Suspend stopped.
func (l *Local) Resume() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.resume()
}

func (l *Local) resume() {
	if l.suspended == nil {
		return
	}
	close(l.suspended)
	l.suspended = nil
	pause := time.Since(l.since)
	for p := range l.running {
		if !p.until.IsZero() {
			p.until = p.until.Add(pause)
		}
		p.arm()
		p.signal(unix.SIGCONT)
	}
}

// KillAll kills every running job at once, whatever step its ending has reached. No job is
// started afterwards.
func (l *Local) KillAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.killed = true
	for p := range l.running {
		p.signal(unix.SIGKILL)
	}
	l.resume()
}

// admit waits until a job may start.
func (l *Local) admit(ctx context.Context) error {
	for {
		l.mu.Lock()
		suspended, killed := l.suspended, l.killed
		l.mu.Unlock()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case killed:
			return ErrKilled
		case suspended == nil:
			return nil
		}
		select {
		case <-suspended:
		case <-ctx.Done():
		}
	}
}

func (l *Local) isSuspended() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.suspended != nil
}

// join adds a job that has just been started, and does to it what it has missed.
func (l *Local) join(p *process) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running == nil {
		l.running = make(map[*process]struct{})
	}
	l.running[p] = struct{}{}
	switch {
	case l.killed:
		p.signal(unix.SIGKILL)
	case l.suspended != nil:
		p.signal(unix.SIGSTOP)
	}
}

// leave removes a job that is about to be reaped: from then on its id is not ours to signal.
func (l *Local) leave(p *process) (killed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.running, p)
	return l.killed
}

// prepare opens what all jobs share. No more starts are under way at once than can make
// progress: on a busy machine each further one would only hold a thread, hundreds of them.
func (l *Local) prepare() {
	l.null, l.nullErr = os.OpenFile(os.DevNull, os.O_RDWR, 0)
	l.starting = make(chan struct{}, runtime.GOMAXPROCS(0))
	l.short = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)-1))
}

// How long a start that the system refuses for the moment is tried again, and how often.
const (
	startPatience = time.Second
	firstPause    = time.Millisecond
	longestPause  = 20 * time.Millisecond
)

// start starts the command. What the system lacks for the moment (processes, descriptors,
// memory) is waited for as long as other jobs run, whose ends may give it back, and a little
// longer; an executable that is just being written, a little.
func (l *Local) start(ctx context.Context, c *Command, out Output) (*process, error) {
	l.once.Do(l.prepare)
	for pause, spent := firstPause, time.Duration(0); ; pause = min(2*pause, longestPause) {
		if err := l.admit(ctx); err != nil {
			return nil, err
		}
		l.starting <- struct{}{}
		if l.isSuspended() { // meanwhile
			<-l.starting
			continue
		}
		p, err := l.tryStart(c, out)
		<-l.starting
		if err == nil {
			return p, nil
		}
		switch short := lacking(err); {
		case short && l.Running() > 0:
			spent = 0
		case !short && err != syscall.ETXTBSY, spent >= startPatience:
			return nil, explain(err, c)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		spent += pause
	}
}

// lacking reports whether the system had no room for one process more.
func lacking(err error) bool {
	errno, _ := errors.AsType[syscall.Errno](err)
	switch errno {
	case syscall.EAGAIN, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM:
		return true
	}
	return false
}
