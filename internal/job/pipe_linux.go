package job

import "syscall"

// pipe returns a pipe whose ends no other job inherits.
func pipe() (r, w int, err error) {
	var fd [2]int
	err = syscall.Pipe2(fd[:], syscall.O_CLOEXEC)
	return fd[0], fd[1], err
}
