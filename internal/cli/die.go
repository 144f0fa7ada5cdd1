package cli

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mostlylucid/eph/internal/fail"
)

// dieBy ends this process by a signal, so that the shell that started it sees what happened.
// It returns the status that comes closest in case the signal does not kill, as when it is
// blocked.
func dieBy(s syscall.Signal) int {
	// Everything has ended in good order, so a QUIT has no use for a core file.
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	defaultAction(s)
	if unix.Kill(unix.Getpid(), s) == nil {
		time.Sleep(time.Second) // another thread may be the one that takes it
	}
	return int(fail.BySignal) + int(s)
}
