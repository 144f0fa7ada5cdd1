package job

import "golang.org/x/sys/unix"

// Adopt makes this process the parent of all that its jobs leave behind: a process whose parent
// has ended passes to it, wherever it has hidden, and not to init. Somebody has to Tend them.
func Adopt() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// reapOrphans reaps the children of the calling thread that have ended, if it is the first.
func reapOrphans() {
	if unix.Gettid() != unix.Getpid() {
		return
	}
	for {
		pid, err := unix.Wait4(-1, nil, unix.WNOHANG|unix.WNOTHREAD, nil)
		if pid <= 0 && err != unix.EINTR {
			return
		}
	}
}

// hasChildren reports whether there is any child, ended or not.
func hasChildren() bool {
	return unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil) != unix.ECHILD
}
