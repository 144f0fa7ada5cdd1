package cli

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// defaultAction gives a signal the action it has in a fresh process. signal.Reset gives back
// that of the Go runtime instead, which answers a QUIT with its stacks and status 2.
func defaultAction(s syscall.Signal) {
	var action struct {
		handler, flags, restorer uintptr
		mask                     uint64
	}
	_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s), uintptr(unsafe.Pointer(&action)), 0, unsafe.Sizeof(action.mask), 0, 0)
}
