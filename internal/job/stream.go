package job

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// drainTime is how long what a job left behind may go on writing to its output.
const drainTime = 100 * time.Millisecond

// restSize bounds what is read from a pipe that is cut off: the largest pipe there is, so
// that a survivor which never stops writing cannot keep us reading.
const restSize = 1 << 20

// streams are the standard streams of one job. Their pipes are made for this job alone: a
// survivor must not be able to write into the output of a later one.
type streams struct {
	child    [3]*os.File // inherited files; nil is a pipe
	theirs   [4]int      // the job's ends of the pipes, -1 where there is none
	more     []*os.File  // inherited under their own numbers
	stdin    *feed
	captures []*capture // at most three
	pending  atomic.Int32
	drained  chan struct{} // closed when no capture is pending; nil without any
	fed      sync.WaitGroup
}

// open makes the pipes that c and out need. After an error nothing is left open.
func (s *streams) open(null *os.File, c *Command, out Output) (err error) {
	s.theirs = [4]int{-1, -1, -1, -1}
	s.more = c.Inherit
	defer func() {
		if err != nil {
			s.abandon()
		}
	}()
	switch in := c.Stdin.(type) {
	case nil:
		s.child[0] = null
	case *os.File:
		s.child[0] = in
	default:
		r, w, err := pipe()
		if err != nil {
			return err
		}
		s.theirs[0] = r
		s.stdin = &feed{from: in, to: pollable(w, "stdin of a job")}
	}
	if out.Signals != nil {
		if err = s.capture(signals, out.Signals, null); err != nil {
			return err
		}
	}
	if err = s.capture(1, out.Stdout, null); err != nil {
		return err
	}
	if same(out.Stdout, out.Stderr) {
		s.child[2] = s.child[1]
		return nil
	}
	return s.capture(2, out.Stderr, null)
}

// signals is the place of the signal descriptor among the streams; its number in the job is
// SignalFD.
const signals = 3

// same reports whether a and b are one writer. Writers that cannot be compared are two.
func same(a, b io.Writer) bool {
	return a != nil && b != nil && reflect.TypeOf(a).Comparable() && reflect.TypeOf(b).Comparable() && a == b
}

func (s *streams) capture(fd int, to io.Writer, null *os.File) error {
	switch to := to.(type) {
	case nil:
		s.child[fd] = null
		return nil
	case *os.File:
		s.child[fd] = to
		return nil
	}
	r, w, err := pipe()
	if err != nil {
		return err
	}
	s.theirs[fd] = w
	s.captures = append(s.captures, &capture{fd: fd, pipe: nonblocking(r), to: to})
	return nil
}

// pollable wraps our end of a pipe, or any descriptor that the poller can wait for, so that
// waiting for it costs no thread.
func pollable(fd int, name string) *os.File {
	return os.NewFile(uintptr(nonblocking(fd)), name)
}

func nonblocking(fd int) int {
	_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETFL, unix.O_NONBLOCK) // a fresh one has no other flag
	return fd
}

// files returns the job's descriptors from 0 on.
func (s *streams) files() []uintptr {
	fds := make([]uintptr, 3, 4)
	for i := range fds {
		switch {
		case s.theirs[i] >= 0:
			fds[i] = uintptr(s.theirs[i])
		case s.child[i] != nil:
			fds[i] = s.child[i].Fd()
		default:
			fds[i] = fds[1] // stderr shares the pipe of stdout
		}
	}
	if s.theirs[signals] >= 0 {
		fds = place(fds, SignalFD(s.more), s.theirs[signals])
	}
	for _, f := range s.more {
		fds = place(fds, int(f.Fd()), int(f.Fd()))
	}
	return fds
}

// place gives the job fd as its descriptor n; what lies between is closed for it.
func place(fds []uintptr, n, fd int) []uintptr {
	const closed = ^uintptr(0)
	for len(fds) <= n {
		fds = append(fds, closed)
	}
	fds[n] = uintptr(fd)
	return fds
}

// closeTheirs closes the job's ends of the pipes, which it has got by now.
func (s *streams) closeTheirs() {
	for i, fd := range s.theirs {
		if fd >= 0 {
			_ = unix.Close(fd)
			s.theirs[i] = -1
		}
	}
}

// abandon closes everything: the job was not started.
func (s *streams) abandon() {
	s.closeTheirs()
	if s.stdin != nil {
		_ = s.stdin.to.Close()
	}
	for _, c := range s.captures {
		_ = unix.Close(c.pipe)
	}
	*s = streams{}
}

// flow starts the copying. It ends with drain and stop.
func (s *streams) flow() {
	if s.stdin != nil {
		s.fed.Go(s.stdin.run)
	}
	if len(s.captures) == 0 {
		return
	}
	s.drained = make(chan struct{})
	s.pending.Store(int32(len(s.captures)))
	for _, c := range s.captures {
		c.from = pollable(c.pipe, "output of a job")
		c.raw, _ = c.from.SyscallConn() // fails for no open file
		go func() {
			c.run()
			if s.pending.Add(-1) == 0 {
				close(s.drained)
			}
		}()
	}
}

// drain gives what the job left behind some time to finish its output, and reports whether
// something held it for longer.
func (s *streams) drain(patience time.Duration) (held bool) {
	if s.drained == nil {
		return false
	}
	limit := time.NewTimer(patience)
	defer limit.Stop()
	select {
	case <-s.drained:
		return false
	case <-limit.C:
	}
	for _, c := range s.captures {
		c.held = c.hasWriters()
		held = held || c.held
	}
	return held
}

// stop cuts off the streams that are held, waits until all output has been delivered, and
// returns the first error of a stream.
func (s *streams) stop() error {
	var err error
	if s.stdin != nil {
		_ = s.stdin.to.SetWriteDeadline(past)
		s.fed.Wait()
		err = s.stdin.err
	}
	for _, c := range s.captures {
		if c.held {
			_ = c.from.SetReadDeadline(past)
		}
	}
	if s.drained != nil {
		<-s.drained
	}
	for i := len(s.captures) - 1; i >= 0; i-- {
		if e := s.captures[i].err; e != nil {
			err = e
		}
	}
	return err
}

// bytes is how much of the stream fd was delivered.
func (s *streams) bytes(fd int) int64 {
	for _, c := range s.captures {
		if c.fd == fd {
			return c.n
		}
	}
	return 0
}

// past is a deadline that wakes whoever waits for a file.
var past = time.Unix(1, 0)

// buffer is what one read takes at most; buffers are shared by all captures, and one that
// waits for output holds none.
type buffer [32 << 10]byte

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// capture copies one output stream of a job to a writer.
type capture struct {
	fd   int
	pipe int // our end of the pipe
	to   io.Writer
	from *os.File // the same end, once it is polled; closed by run
	raw  syscall.RawConn

	chunk *buffer // read and not yet delivered; nil at the end of the pipe
	size  int
	n     int64 // delivered
	err   error
	held  bool

	eof bool // of the last collect: the pipe has ended,
	dry bool // or has nothing for now
}

// run copies until all writers of the pipe are gone or ours fails. A deadline on the pipe
// cuts it off: then what is in it is still delivered.
func (c *capture) run() {
	defer c.from.Close()
	more := c.chunk == nil || c.deliver()
	for more && c.raw.Read(c.read) == nil {
		more = c.deliver()
	}
	for left := restSize; more && left > 0; left -= c.size {
		more = c.raw.Control(func(fd uintptr) { c.read(fd) }) == nil && c.deliver()
	}
}

// read takes a chunk from the pipe, and reports false if there is none yet.
func (c *capture) read(fd uintptr) bool {
	b := buffers.Get().(*buffer)
	n, err := readNow(int(fd), b[:])
	if n <= 0 {
		buffers.Put(b)
		b = nil
	}
	c.chunk, c.size = b, n
	return err != unix.EAGAIN
}

// deliver hands the chunk to the writer, and reports whether there can be more.
func (c *capture) deliver() bool {
	if c.chunk == nil {
		return false
	}
	n, err := c.to.Write(c.chunk[:c.size])
	buffers.Put(c.chunk)
	c.n += int64(n)
	if err == nil && n < c.size {
		err = io.ErrShortWrite
	}
	if err != nil {
		c.err = fmt.Errorf("cannot deliver the job's %s: %w", [...]string{1: "stdout", 2: "stderr", signals: "signals"}[c.fd], err)
	}
	return err == nil
}

// hasWriters reports whether a process still holds the other end of the pipe.
func (c *capture) hasWriters() bool {
	held := false
	_ = c.raw.Control(func(fd uintptr) { held = pollNow(int(fd))&unix.POLLHUP == 0 })
	return held
}

// feed copies a reader to the standard input of a job.
type feed struct {
	from io.Reader
	to   *os.File // our end of the pipe, closed by run
	err  error
}

func (f *feed) run() {
	defer f.to.Close()
	if b, ok := f.from.(*bytes.Reader); ok { // in memory already
		_, _ = b.WriteTo(f.to)
		return
	}
	r := readErr{Reader: f.from}
	_, _ = io.Copy(f.to, &r) // a job need not read all it is given
	if r.err != nil {
		f.err = fmt.Errorf("cannot read the job's stdin: %w", r.err)
	}
}

// readErr keeps the error of a Read apart from those of the Writes around it.
type readErr struct {
	io.Reader
	err error
}

func (r *readErr) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// readNow reads without waiting for the poller.
func readNow(fd int, b []byte) (int, error) {
	for {
		n, err := syscall.Read(fd, b)
		if err != syscall.EINTR {
			return n, err
		}
	}
}

// pollNow returns what fd is ready for, without waiting.
func pollNow(fd int) int16 {
	f := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		if _, err := unix.Poll(f[:], 0); err != unix.EINTR {
			return f[0].Revents
		}
	}
}
