package run

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// How long the reader of standard output may take to read what it holds, and how long it then
// has to make lines of it.
const (
	mostSettling = time.Second
	lastSettling = 100 * time.Millisecond
)

// settle gives a service that reads standard output and standard error as two pipes the time to see
// the end of the first, before something is said on the second that changes what the first means.
// There is no way to know that it has; what it can not have seen is what still lies in the pipe.
func settle(out, err *os.File) {
	var o, e unix.Stat_t
	if unix.Fstat(int(out.Fd()), &o) != nil || unix.Fstat(int(err.Fd()), &e) != nil || o.Mode&unix.S_IFMT != unix.S_IFIFO || o.Ino == e.Ino && o.Dev == e.Dev {
		return
	}
	for end := time.Now().Add(mostSettling); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if n, err := unix.IoctlGetInt(int(out.Fd()), unix.TIOCINQ); err != nil || n == 0 {
			break
		}
	}
	time.Sleep(lastSettling)
}
