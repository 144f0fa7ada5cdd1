package front

import (
	"os"

	"golang.org/x/sys/unix"
)

// line is the lowest descriptor for the line between the two, where there are as many: those
// below may be named in arguments by mistake, and should be closed then.
const lowest = 200

// socketpair makes a line.
func socketpair() (ends [2]*os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return ends, err
	}
	for i, fd := range fds {
		if high, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, lowest); err == nil {
			_ = unix.Close(fd)
			fd = high
		}
		unix.CloseOnExec(fd)
		if i == 0 {
			_ = unix.SetNonblock(fd, true)
		}
		ends[i] = os.NewFile(uintptr(fd), "line")
	}
	return ends, nil
}
