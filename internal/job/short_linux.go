package job

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// holdingPoll is poll(2) without a word to the runtime, so that it holds its processor while
// it waits. A signal, such as that with which the runtime stops all goroutines, ends it.
func holdingPoll(fds []unix.PollFd, limit time.Duration) error {
	ts := unix.NsecToTimespec(int64(limit))
	_, _, errno := syscall.RawSyscall6(unix.SYS_PPOLL,
		uintptr(unsafe.Pointer(&fds[0])), uintptr(len(fds)), uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
	if errno != 0 {
		for i := range fds {
			fds[i].Revents = 0
		}
		return errno
	}
	return nil
}
