//go:build !linux

package job

import (
	"time"

	"golang.org/x/sys/unix"
)

// holdingPoll is not used where there is no descriptor of a process.
func holdingPoll([]unix.PollFd, time.Duration) error { return unix.ENOSYS }
