package job

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// atPriority calls start on a thread whose priority value is higher by nice: a process has that of
// the thread that starts it. The thread ends with the call, because few may lower the value again.
// To set it once the process runs is too late for what that asks and starts at once.
func atPriority(nice int, start func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if raw, err := unix.Getpriority(unix.PRIO_PROCESS, 0); err == nil {
			_ = unix.Setpriority(unix.PRIO_PROCESS, 0, 20-raw+nice)
		}
		start()
	}()
	<-done
}
