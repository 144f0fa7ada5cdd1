package item

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

const chunkSize = 64 << 10

// input is the bytes of one source that have been read and not yet been used: buf[at:].
// It holds as much as its user leaves unused and one chunk more.
type input struct {
	name string
	file *os.File // nil: all there is lies in buf
	fd   int
	wait *waiter
	left int64 // bytes still to be read of a regular file; -1: unknown

	buf []byte
	at  int
	err error // what ends the input: io.EOF, or why it cannot be read
}

// newInput reads from f, which it does not close. It never changes the mode of the
// descriptor, which other processes may share.
func newInput(f *os.File, name string, w *waiter) (*input, error) {
	in := &input{name: name, file: f, wait: w, left: -1}
	if f == nil {
		return nil, readError(name, errors.New("it is closed"))
	}
	st, err := f.Stat()
	if err != nil {
		return nil, readError(name, reason(err))
	}
	if st.IsDir() {
		return nil, readError(name, unix.EISDIR)
	}
	// A regular file that says it has no bytes may be one of those that the kernel makes up.
	if st.Mode().IsRegular() && st.Size() > 0 {
		if at, err := f.Seek(0, io.SeekCurrent); err == nil {
			in.left = max(0, st.Size()-at)
		}
	}
	conn, err := f.SyscallConn()
	if err != nil {
		return nil, readError(name, reason(err))
	}
	err = conn.Control(func(fd uintptr) { in.fd = int(fd) })
	if err != nil {
		return nil, readError(name, reason(err))
	}
	return in, nil
}

// memory is an input that holds all it ever will.
func memory(name, text string) *input {
	return &input{name: name, buf: []byte(text), err: io.EOF}
}

// rest returns what is unused. It is overwritten by fill.
func (in *input) rest() []byte { return in.buf[in.at:] }

// fill adds at least one byte to rest, as soon as there is one. It returns what ended the
// input, again and again.
func (in *input) fill(ctx context.Context) error {
	if in.err != nil {
		return in.err
	}
	in.makeRoom()
	n, err := in.read(ctx, in.buf[len(in.buf):cap(in.buf)])
	if n > 0 {
		in.buf = in.buf[:len(in.buf)+n]
		return nil
	}
	if err != nil {
		return err
	}
	in.err = io.EOF
	return in.err
}

// makeRoom moves the unused bytes to the front or, where they are more than half of what is
// held, doubles the room, so that each byte is moved a bounded number of times.
func (in *input) makeRoom() {
	if len(in.buf) < cap(in.buf) {
		return
	}
	rest := in.rest()
	if in.buf == nil || len(rest) > cap(in.buf)/2 {
		in.buf = make([]byte, 0, max(chunkSize, 2*cap(in.buf)))
	}
	in.buf = append(in.buf[:0], rest...)
	in.at = 0
}

// read waits for bytes and reads some. No byte and no error is the end of the input.
func (in *input) read(ctx context.Context, p []byte) (int, error) {
	if in.left >= 0 {
		p = p[:min(int64(len(p)), in.left)]
	}
	for len(p) > 0 {
		if err := in.wait.readable(ctx, in.fd); err != nil {
			if err != errDue {
				in.err = err
			}
			return 0, err
		}
		n, err := unix.Read(in.fd, p)
		if err == nil {
			if in.left >= 0 {
				in.left -= int64(n)
			}
			return n, nil
		}
		// EAGAIN: the other end made the descriptor non-blocking, and another reader was first.
		if err != unix.EAGAIN && err != unix.EINTR {
			in.err = readError(in.name, err)
			return 0, in.err
		}
	}
	return 0, nil
}

// reason takes the operation and the path from err, which the message names in its own words.
func reason(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
