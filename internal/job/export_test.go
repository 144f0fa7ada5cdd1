package job

import "time"

// WithoutPidfd is a Local that waits as on a system without descriptors of processes.
func WithoutPidfd() *Local { return &Local{noPidfd: true} }

// Patient is a Local that leaves survivors that long to finish their output.
func Patient(d time.Duration) *Local { return &Local{patience: d} }
