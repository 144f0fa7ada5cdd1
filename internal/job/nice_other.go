//go:build unix && !linux

package job

import (
	"sync"

	"golang.org/x/sys/unix"
)

var lowered sync.Once

// atPriority calls start. Threads have no priority value of their own here, and once the job runs
// it is too late, so that of this process becomes higher by nice, for good.
func atPriority(nice int, start func()) {
	lowered.Do(func() {
		if now, err := unix.Getpriority(unix.PRIO_PROCESS, 0); err == nil {
			_ = unix.Setpriority(unix.PRIO_PROCESS, 0, now+nice)
		}
	})
	start()
}
