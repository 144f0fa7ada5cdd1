package job

import (
	"syscall"
	"time"
)

// Short is a Local on a system that has no room for a second job, and calls do when it has
// refused one so often.
func Short(often int, do func()) *Local {
	l := new(Local)
	l.refuse = func() error {
		if l.Running() == 0 {
			return nil
		}
		if often--; often == 0 {
			do()
		}
		return syscall.EAGAIN
	}
	return l
}

// WithoutPidfd is a Local that waits as on a system without descriptors of processes.
func WithoutPidfd() *Local { return &Local{noPidfd: true} }

// Patient is a Local that leaves survivors that long to finish their output.
func Patient(d time.Duration) *Local { return &Local{patience: d} }

// Starting is a Local that calls do each time before it starts a process.
func Starting(do func(*Local)) *Local {
	l := new(Local)
	l.refuse = func() error {
		do(l)
		return nil
	}
	return l
}
