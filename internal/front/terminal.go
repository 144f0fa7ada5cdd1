package front

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// keyboard is a terminal that this process reads when it is in the foreground, and not once the
// run is told to end.
type keyboard struct {
	fd int
	l  *lead
}

// Read implements io.Reader. In the background it stops this process like the kernel, but only
// when something was typed, and never once the run is to end: the worker would end without anybody
// to see it.
func (k keyboard) Read(p []byte) (int, error) {
	for {
		fds := []unix.PollFd{{Fd: int32(k.fd), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, -1); err != nil && err != unix.EINTR {
			return 0, err
		}
		switch {
		case k.l.ending.Load():
			return 0, io.EOF
		case fds[0].Revents == 0:
			continue
		case background(k.fd):
			_ = unix.Kill(0, unix.SIGTTIN)
			time.Sleep(2 * sameTime) // a signal that comes with the CONT is heard first
			continue
		}
		n, err := syscall.Read(k.fd, p)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		}
		return n, nil
	}
}

// background reports whether a shell would have this process stopped for reading its terminal.
// There is no shell when the parent is of another session; then a read fails.
func background(fd int) bool {
	if Foreground(fd) {
		return false
	}
	own, _ := unix.Getsid(0)
	parent, err := unix.Getsid(unix.Getppid())
	return err == nil && own == parent
}

// Foreground reports whether no other process group has the terminal fd in this session. One that
// is not the terminal of this session nobody can take from this process.
func Foreground(fd int) bool {
	group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp()
}

// place tells the worker who has the terminal of standard error.
func (l *lead) place() {
	says := saysPlace
	if Foreground(int(os.Stderr.Fd())) {
		says += inFront
	}
	_, _ = io.WriteString(l.line, says+"\n")
}

// answer reads a line of the terminal for each question. The end of the terminal is an empty one.
func (l *lead) answer(terminal *os.File) {
	in := bufio.NewReader(keyboard{int(terminal.Fd()), l})
	for range l.asked {
		text, err := in.ReadString('\n')
		if err != nil {
			text = ""
		}
		_, _ = io.WriteString(l.line, saysAnswer+strings.TrimSuffix(text, "\n")+"\n")
	}
}

// feed copies what is typed at a terminal to the worker, and closes to. A worker that reads no more is no error.
func (l *lead) feed(from, to *os.File) error {
	defer to.Close()
	_, err := io.Copy(to, keyboard{int(from.Fd()), l})
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}
