package xargs

import (
	"bufio"
	"errors"
	"os"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

func isTerminal(f *os.File) bool { return f != nil && term.IsTerminal(int(f.Fd())) }

// openTerminal opens the terminal of this process for reading. The runtime's poller would make
// the terminal non-blocking for all who share it.
func openTerminal() (*os.File, error) {
	fd, err := unix.Open("/dev/tty", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "/dev/tty"), nil
}

// terminal is where questions are answered. Its zero value is ready.
type terminal struct {
	file  *os.File
	lines *bufio.Reader
}

func (t *terminal) open() (err error) {
	if t.file == nil {
		if t.file, err = openTerminal(); err == nil {
			t.lines = bufio.NewReader(t.file)
		}
	}
	return err
}

// yes reads a line and reports whether it begins with a y.
func (t *terminal) yes() (bool, error) {
	line, err := t.lines.ReadString('\n')
	if line == "" && err != nil {
		//lint:ignore ST1005 these are the words of xargs, though it reads the terminal
		return false, errors.New("Failed to read from stdin")
	}
	return line[0]|0x20 == 'y', nil
}

func (t *terminal) close() {
	if t.file != nil {
		_ = t.file.Close()
	}
}

// openTTY is the standard input of a job with -o.
func (p *Program) openTTY() (*os.File, error) {
	f, err := openTerminal()
	if err != nil {
		p.say("%s: %s", named("/dev/tty"), explain(err))
	}
	return f, err
}
