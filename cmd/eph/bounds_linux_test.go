package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestBounds reads in /proc what the two processes of a run have, while it has written down the
// ends of 500 jobs, as many run as may, and input for more waits. docs/limits.md has the numbers.
func TestBounds(t *testing.T) {
	for _, jobs := range []int{4, 100} {
		dir := t.TempDir()
		up := filepath.Join(dir, "up")
		if err := unix.Mkfifo(up, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mkfifo(filepath.Join(dir, "never"), 0o600); err != nil {
			t.Fatal(err)
		}
		started, err := os.OpenFile(up, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer started.Close()
		const before = 500
		cmd := exec.Command("eph", "-j", strconv.Itoa(jobs), "--control=none", "--summary=none", "--journal=journal", "--log=log", "--joblog=joblog",
			"--key={}", "--retries=2", "--timeout=1h", "-a", "items", "sh", "-c", `[ "$0" -le 500 ] || { echo up > up; read x < never; }`, "{}")
		var items strings.Builder
		for i := range 10 * before {
			fmt.Fprintln(&items, i+1)
		}
		if err := os.WriteFile(filepath.Join(dir, "items"), []byte(items.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd.Dir, cmd.Stderr = dir, os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		in := bufio.NewScanner(started)
		for range jobs {
			in.Scan()
		}
		front := cmd.Process.Pid
		children := childrenOf(front)
		if len(children) != 1 {
			t.Fatalf("the front has the children %v", children)
		}
		if n := len(childrenOf(children[0])); n > jobs {
			t.Errorf("%d jobs run of at most %d", n, jobs)
		}
		for pid, files := range map[int]int{front: 16, children[0]: 32 + 8*jobs} {
			who, _, _ := strings.Cut(procField(pid, "Name:"), "\n")
			if n := procFiles(pid); n > files {
				t.Errorf("%s, %d jobs: %d descriptors, want at most %d", who, jobs, n, files)
			}
			threads, _ := strconv.Atoi(procField(pid, "Threads:"))
			if most := 16 + 2*runtime.NumCPU(); threads > most || threads == 0 {
				t.Errorf("%s, %d jobs: %d threads, want at most %d", who, jobs, threads, most)
			}
			kib, _ := strconv.Atoi(strings.Fields(procField(pid, "VmHWM:"))[0])
			if !raceEnabled && kib > 64<<10 {
				t.Errorf("%s, %d jobs: %d KiB, want at most 64 MiB", who, jobs, kib)
			}
			t.Logf("%s, %d jobs: %d descriptors, %d threads, %d KiB", who, jobs, procFiles(pid), threads, kib)
		}
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}
}

func childrenOf(pid int) (pids []int) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for child := range strings.FieldsSeq(string(text)) {
			n, _ := strconv.Atoi(child)
			pids = append(pids, n)
		}
	}
	return pids
}

// procField is what the status of a process says behind a name.
func procField(pid int, name string) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, after, _ := strings.Cut(string(text), name)
	line, _, _ := strings.Cut(after, "\n")
	return strings.TrimSpace(line)
}

func procFiles(pid int) int {
	files, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return len(files)
}
