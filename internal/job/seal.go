package job

import (
	"os"
	"strconv"
	"syscall"
)

// SealDescriptors keeps what this program was started with, beyond its three standard
// streams, from its jobs: a job that holds the lock or the pipe of another program by
// accident would hold that program up. It is for the beginning of main; descriptors that are
// opened later are private anyway.
func SealDescriptors() {
	dir, err := os.Open("/dev/fd")
	if err != nil {
		return // nothing that a run could not live with
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	for _, name := range names {
		if fd, err := strconv.Atoi(name); err == nil && fd > 2 {
			syscall.CloseOnExec(fd)
		}
	}
}
