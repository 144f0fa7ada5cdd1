//go:build unix && !linux

package job

import "syscall"

// pipe returns a pipe whose ends no other job inherits: where the kernel cannot mark them
// in the same call, no process is started in between.
func pipe() (r, w int, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	var fd [2]int
	if err := syscall.Pipe(fd[:]); err != nil {
		return 0, 0, err
	}
	syscall.CloseOnExec(fd[0])
	syscall.CloseOnExec(fd[1])
	return fd[0], fd[1], nil
}
