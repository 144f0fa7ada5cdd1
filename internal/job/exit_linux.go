package job

import (
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// hasPidfd reports whether a descriptor of a process can be waited for (Linux 5.3).
var hasPidfd = sync.OnceValue(func() bool {
	fd, err := unix.PidfdOpen(unix.Getpid(), 0)
	if err == nil {
		_ = unix.Close(fd)
	}
	return err == nil
})

// askPidfd makes the start store a descriptor of the process in *pidfd, and reports false
// where there is none.
func askPidfd(sys *syscall.SysProcAttr, pidfd *int) bool {
	if !hasPidfd() {
		return false
	}
	sys.PidFD = pidfd
	return true
}

// blockUntilExit returns when the child has ended, and leaves it to be reaped. It holds a
// thread for as long.
func blockUntilExit(pid int) {
	for unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
}

// maxRSS is the largest resident set in bytes.
func maxRSS(u *syscall.Rusage) int64 { return u.Maxrss << 10 }
