// Package jobserver takes part in GNU make's jobserver, through which everything that one build
// starts shares a number of slots: as a client, which takes a slot for each job beyond its first,
// and as a server for jobs that are makes themselves.
//
// The protocol: a pipe or a named pipe holds a byte for each free slot. To take a slot, a process
// reads a byte; to return it, it writes the same byte back. Every process has one slot from the
// start, the one that it runs in itself.
package jobserver

import (
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/mostlylucid/eph/internal/fail"
	"golang.org/x/sys/unix"
)

// ErrNone is what FromEnv returns when there is no jobserver.
var ErrNone = errors.New("there is no jobserver")

// Client takes slots. Its methods may be called at the same time.
type Client struct {
	own     chan struct{} // holds the slot that this process runs in, while it is free
	reading chan struct{} // holds a token while somebody waits for a byte
	in      *os.File      // of its own file description, so that not to block is not make's affair
	out     *os.File
	files   []*os.File // that jobs inherit
}

// Token is a slot that was taken.
type Token struct {
	own  bool
	byte byte
}

func newClient(in, out *os.File, files []*os.File) *Client {
	c := &Client{own: make(chan struct{}, 1), reading: make(chan struct{}, 1), in: in, out: out, files: files}
	c.own <- struct{}{}
	return c
}

// FromEnv joins the jobserver that MAKEFLAGS speaks of: --jobserver-auth=fifo:PATH of make 4.4,
// --jobserver-auth=R,W, or --jobserver-fds=R,W of old. It returns ErrNone where there is none,
// and says what to do where make keeps it to itself.
func FromEnv(makeflags string) (*Client, error) {
	auth := ""
	for word := range strings.FieldsSeq(makeflags) {
		for _, name := range []string{"--jobserver-auth=", "--jobserver-fds="} {
			if v, ok := strings.CutPrefix(word, name); ok {
				auth = v // the last one counts
			}
		}
	}
	if auth == "" {
		return nil, ErrNone
	}
	if path, ok := strings.CutPrefix(auth, "fifo:"); ok {
		both, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0)
		if err != nil {
			return nil, fail.Own("cannot join make's jobserver: %w", err)
		}
		return newClient(both, both, nil), nil
	}
	r, w, ok := strings.Cut(auth, ",")
	rfd, err1 := strconv.Atoi(r)
	wfd, err2 := strconv.Atoi(w)
	if !ok || err1 != nil || err2 != nil {
		return nil, fail.Own("MAKEFLAGS has a jobserver of an unknown kind: %q", auth)
	}
	if !isPipe(rfd) || !isPipe(wfd) {
		return nil, fail.Own("make does not share its jobserver here: it shares it only with commands that it takes for make").
			Advise("+eph --jobserver …   (a + before the recipe line)")
	}
	out := os.NewFile(uintptr(wfd), "jobserver")
	inherited := os.NewFile(uintptr(rfd), "jobserver")
	in, err := reopen(inherited)
	if err != nil {
		return nil, err
	}
	return newClient(in, out, []*os.File{inherited, out}), nil
}

// reopen opens our end of a pipe anew, so that it has a file description of its own: not to
// block is a property of that, and others who share it may not expect it.
func reopen(f *os.File) (*os.File, error) {
	in, err := os.OpenFile("/proc/self/fd/"+strconv.Itoa(int(f.Fd())), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fail.Own("a jobserver of the pipe kind works only on Linux: %w", err).Advise("make --jobserver-style=fifo")
	}
	return in, nil
}

func isPipe(fd int) bool {
	var st unix.Stat_t
	return fd >= 0 && unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFIFO
}

// Files are what jobs have to inherit, under the same descriptors, to be clients too.
func (c *Client) Files() []*os.File { return c.files }

// past is a deadline that wakes who waits.
var past = time.Unix(1, 0)

// Acquire takes a slot, and waits for one until ctx ends. What it returns must be released.
func (c *Client) Acquire(ctx context.Context) (Token, error) {
	for {
		select {
		case <-c.own:
			return Token{own: true}, nil
		default:
		}
		select {
		case <-c.own:
			return Token{own: true}, nil
		case <-ctx.Done():
			return Token{}, context.Cause(ctx)
		case c.reading <- struct{}{}:
		}
		t, ok, err := c.read(ctx)
		<-c.reading
		switch {
		case ok:
			return t, nil
		case ctx.Err() != nil:
			return Token{}, context.Cause(ctx)
		case err != nil:
			return Token{}, fail.Own("make's jobserver is gone: %w", err)
		}
	}
}

// read waits for a byte, for our own slot, or for the end of ctx.
func (c *Client) read(ctx context.Context) (t Token, ok bool, err error) {
	_ = c.in.SetReadDeadline(time.Time{})
	select {
	case <-c.own: // it came before the deadline was reset
		return Token{own: true}, true, nil
	default:
	}
	defer context.AfterFunc(ctx, func() { _ = c.in.SetReadDeadline(past) })()
	var b [1]byte
	n, err := c.in.Read(b[:])
	switch {
	case n == 1:
		return Token{byte: b[0]}, true, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return Token{}, false, nil
	case err == nil:
		err = io.ErrUnexpectedEOF
	}
	return Token{}, false, err
}

// Release gives a slot back.
func (c *Client) Release(t Token) {
	if t.own {
		c.own <- struct{}{}
		_ = c.in.SetReadDeadline(past) // whoever waits for a byte looks for this one
		return
	}
	for {
		if _, err := unix.Write(int(c.out.Fd()), []byte{t.byte}); err != unix.EINTR {
			return
		}
	}
}
