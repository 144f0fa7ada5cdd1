package front

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// executable is this program, whatever has become of its file.
func executable() (string, error) { return "/proc/self/exe", nil }

// name is what a worker is called, other than the front: killall and pkill, which go by the name,
// find one of the two.
var name = []byte("worker\x00")

// settle makes a worker of this process. It is for the first thread, the name of which is that of
// the process. The end of the front wakes it, which may be stopped; that is the end of the first
// thread of the front, which lives as long.
func settle() {
	_ = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&name[0])), 0, 0, 0)
	_ = unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGCONT), 0, 0, 0)
}
