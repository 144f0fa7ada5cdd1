//go:build darwin || freebsd

package job

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// askPidfd reports false: there is no descriptor of a process to ask for.
func askPidfd(*syscall.SysProcAttr, *int) bool { return false }

// blockUntilExit returns when the child has ended, and leaves it to be reaped. It holds a
// thread for as long. waitid(WNOWAIT) would return for a stopped child too (go.dev/issue/19314).
func blockUntilExit(pid int) {
	queue, err := unix.Kqueue()
	for err != nil { // out of descriptors, which other jobs give back
		time.Sleep(10 * time.Millisecond)
		queue, err = unix.Kqueue()
	}
	defer unix.Close(queue)
	exit := []unix.Kevent_t{{
		Ident: uint64(pid), Filter: unix.EVFILT_PROC, Flags: unix.EV_ADD, Fflags: unix.NOTE_EXIT,
	}}
	event := make([]unix.Kevent_t, 1)
	for {
		n, err := unix.Kevent(queue, exit, event, nil)
		if n > 0 || err != unix.EINTR {
			return // ended, or ESRCH: ended before we asked
		}
	}
}
