package job

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// killSession kills what is left in the session of the process id leader, in whatever
// process group, until a look finds nothing new. The leader must not have been reaped. It
// reads the whole process table (a few hundred microseconds), so it is for jobs that had to
// be ended or were seen to leave something behind, not for every one.
func killSession(leader int) {
	seen := map[int]bool{leader: true}
	for again := true; again; {
		again = false
		for _, pid := range processes() {
			if sid, err := unix.Getsid(pid); err == nil && sid == leader && !seen[pid] {
				seen[pid], again = true, true
				killMember(pid, leader)
			}
		}
	}
}

// killMember kills the process if it still belongs to the session: its id may have passed
// to another one since it was read.
func killMember(pid, session int) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	if sid, err := unix.Getsid(pid); err == nil && sid == session {
		_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
	}
}

// processes lists the ids of all processes, or none without a /proc.
func processes() []int {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// Alive lists the processes that were started with an environment for which is is true, but for this
// one and the one that started it. Who has put on an environment of its own, or become another user,
// is not found.
func Alive(is func(environ []string) bool) (pids []int) {
	for _, pid := range processes() {
		text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ") // of who has ended it is empty
		if len(text) > 0 && pid != os.Getpid() && pid != os.Getppid() && is(strings.Split(string(text), "\x00")) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// children are the processes that the threads of this one have started and not yet reaped.
func children() (pids []int) {
	tasks, _ := filepath.Glob("/proc/self/task/*/children")
	for _, task := range tasks {
		text, _ := os.ReadFile(task)
		for _, word := range strings.Fields(string(text)) {
			if pid, err := strconv.Atoi(word); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}
