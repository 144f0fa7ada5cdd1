package output

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync/atomic"

	"github.com/mostlylucid/eph/internal/fail"
	"golang.org/x/sys/unix"
)

// bufferSize is how much is collected before it is written, so that small pieces need one
// system call.
const bufferSize = 64 << 10

// dest is a stream that jobs print to. Its methods but err are called under the writer's lock.
type dest struct {
	name   string
	out    io.Writer
	buf    *bufio.Writer
	failed *atomic.Pointer[error] // for good
	tell   func(error)
	stall  *stall
	region *region // below which nothing is printed; nil is none
}

func newDest(name string, out io.Writer, tell func(error), stall *stall) dest {
	return dest{
		name: name, out: out, tell: tell, failed: new(atomic.Pointer[error]), stall: stall,
		buf: bufio.NewWriterSize(patient{out, stall, nil}, bufferSize),
	}
}

// join lets the stream print above a region.
func (d *dest) join(r *region) {
	d.region = r
	d.buf.Reset(patient{d.out, d.stall, r})
}

// err returns what the stream has failed with.
func (d *dest) err() error {
	if err := d.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// done keeps the first error of the stream.
func (d *dest) done(err error) error {
	if err != nil && d.err() == nil {
		if path, ok := errors.AsType[*fs.PathError](err); ok {
			err = path.Err
		}
		var failed error = fail.Own("cannot write to %s: %w", d.name, err)
		d.failed.Store(&failed)
		d.tell(failed)
	}
	return d.err()
}

// Write collects p.
func (d *dest) Write(p []byte) (int, error) {
	n, err := d.buf.Write(p)
	return n, d.done(err)
}

// flush writes what was collected.
func (d *dest) flush() error { return d.done(d.buf.Flush()) }

// copy writes n bytes of f from at, as far as the system can without passing them through
// this process. If d has not failed afterwards, an error is one of f.
func (d *dest) copy(f *os.File, at, n int64) error {
	if err := d.flush(); err != nil {
		return err
	}
	for n > 0 {
		if _, err := f.Seek(at, io.SeekStart); err != nil {
			return err
		}
		if d.region != nil {
			var last [1]byte
			_, _ = f.ReadAt(last[:], at+n-1) // the error is that of the copy too
			d.region.before(last[0])
		}
		d.stall.begin()
		k, err := io.Copy(d.out, io.LimitReader(f, n))
		d.stall.end()
		at += k
		n -= k
		switch {
		case errors.Is(err, unix.EAGAIN):
			writable(d.out)
		case isOf(err, f):
			return err
		case err != nil:
			return d.done(err)
		case k == 0:
			return io.ErrUnexpectedEOF
		}
	}
	return nil
}

// isOf reports whether err is about f.
func isOf(err error, f *os.File) bool {
	path, ok := errors.AsType[*fs.PathError](err)
	return ok && path.Path == f.Name()
}

// patient waits where a write would block. A job that shares a terminal with eph may make it
// non-blocking at any time, for both.
type patient struct {
	out    io.Writer
	stall  *stall
	region *region
}

func (w patient) Write(p []byte) (written int, err error) {
	if len(p) > 0 {
		w.region.before(p[len(p)-1])
	}
	w.stall.begin()
	defer w.stall.end()
	for {
		n, err := w.out.Write(p[written:])
		written += n
		if !errors.Is(err, unix.EAGAIN) {
			return written, err
		}
		writable(w.out)
	}
}

// writable blocks until a file takes bytes again.
func writable(w io.Writer) {
	f, ok := w.(*os.File)
	if !ok {
		return
	}
	conn, err := f.SyscallConn()
	if err != nil {
		return
	}
	_ = conn.Control(func(fd uintptr) {
		_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, -1)
	})
}
