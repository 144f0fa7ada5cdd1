package item

import (
	"context"
	"os"

	"golang.org/x/sys/unix"
)

// waiter blocks until a descriptor can be read or a context ends. It uses poll(2) and a
// pipe of its own: a read(2) that has begun cannot be called off, the runtime's poller would
// make a shared descriptor non-blocking, and a goroutine that reads would outlive the run.
type waiter struct {
	wake, waker *os.File // made by the first wait that has to block
	wakeFD      int
}

// readable returns nil when a read of fd does not block, be it for an error or the end. A
// process that shares the descriptor may still be faster, and the read block after all.
func (w *waiter) readable(ctx context.Context, fd int) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}, {Fd: -1, Events: unix.POLLIN}}
	if err := poll(fds, 0); err != nil || fds[0].Revents != 0 {
		return err
	}
	if err := w.open(); err != nil {
		return err
	}
	fds[1].Fd = int32(w.wakeFD)

	woken := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(woken)
		_, _ = w.waker.Write([]byte{0})
	})
	err := poll(fds, -1)
	if !stop() {
		<-woken
		var woke [1]byte
		_, _ = w.wake.Read(woke[:]) // or the next wait would be over at once
		return context.Cause(ctx)
	}
	return err
}

func (w *waiter) open() error {
	if w.wake != nil {
		return nil
	}
	r, wr, err := os.Pipe()
	if err != nil {
		return readError("the input", reason(err))
	}
	w.wake, w.waker, w.wakeFD = r, wr, int(r.Fd())
	return nil
}

func (w *waiter) close() {
	if w.wake != nil {
		_ = w.wake.Close()
		_ = w.waker.Close()
	}
}

// poll waits up to timeout milliseconds, or for ever if that is negative.
func poll(fds []unix.PollFd, timeout int) error {
	for {
		_, err := unix.Poll(fds, timeout)
		if err == nil {
			return nil
		}
		if err != unix.EINTR {
			return readError("the input", err)
		}
	}
}
