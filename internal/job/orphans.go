package job

import (
	"time"

	"golang.org/x/sys/unix"
)

// How long Sweep waits for processes that do not die of a KILL: they sleep in the kernel, and
// will when they wake.
const sweepPatience = time.Second

// Sweep kills whatever this process has started or adopted, and what that leaves behind, until
// nothing is left. It spares what was here before: the session of this process, which jobs are
// not in. It reaps what it kills, so a job of a Local whose Run is still under way then counts
// as killed.
func Sweep() {
	own, err := unix.Getsid(0)
	if err != nil {
		return
	}
	seen := make(map[int]bool)
	pause := 100 * time.Microsecond
	for since := time.Now(); hasChildren() && time.Since(since) < sweepPatience; {
		found := false
		for _, pid := range append(children(), children()...) { // a list may miss one while another ends
			sid, err := unix.Getsid(pid)
			if err != nil || sid == own {
				continue
			}
			if !seen[pid] {
				seen[pid], since = true, time.Now()
			}
			found = killOrphan(pid) || found
		}
		if !found {
			return
		}
		time.Sleep(pause)
		pause = min(2*pause, 10*time.Millisecond)
	}
}

// killOrphan kills a child with its whole group, so that what forks faster than anybody looks
// is met as well, and reaps it. It reports whether another look is needed: not for a process
// of another user, which stays.
func killOrphan(pid int) bool {
	if group, err := unix.Getpgid(pid); err == nil {
		_ = unix.Kill(-group, unix.SIGKILL)
	}
	denied := unix.Kill(pid, unix.SIGKILL) == unix.EPERM
	ended, _ := unix.Wait4(pid, nil, unix.WNOHANG, nil)
	return ended == pid || !denied
}

// Tend reaps what this process has adopted and what has ended since, until done is closed. It is
// for the first thread of the program, to which orphans belong; a thread that starts jobs has
// those for its children.
func Tend(done <-chan struct{}) {
	now := time.NewTicker(time.Second)
	defer now.Stop()
	for {
		select {
		case <-done:
			return
		case <-now.C:
			reapOrphans()
		}
	}
}
