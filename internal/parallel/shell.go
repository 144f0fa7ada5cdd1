package parallel

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
)

// shells are the programs that GNU parallel takes for a shell.
var shells = map[string]bool{}

func init() {
	for name := range strings.FieldsSeq("ash bash bsd-csh csh dash fdsh fish fizsh ksh ksh93 lksh mksh pdksh posh rbash rc rush rzsh sash sh static-sh tcsh yash zsh") {
		shells[name] = true
	}
}

// Shell is the name of the shell that parallel gives commands to here, or "" where none is found.
func Shell(getenv func(string) string) string {
	path, err := findShell(getenv)
	if err != nil {
		return ""
	}
	return filepath.Base(path)
}

// findShell is the shell that runs the commands: that of PARALLEL_SHELL, or the one that has
// started this program, or that of SHELL, or /bin/sh.
func findShell(getenv func(string) string) (string, error) {
	name := getenv("PARALLEL_SHELL")
	if name == "" {
		if name = parentShell(); name == "" {
			name = getenv("SHELL")
		}
	}
	if name == "" {
		return "/bin/sh", nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fail.Usage("the shell %s was not found", name).Advise("PARALLEL_SHELL=/bin/sh parallel …")
	}
	return path, nil
}

// parentShell is the nearest shell among the processes that this one descends from, or "". Where
// the system has no /proc there is none.
func parentShell() string {
	for pid := os.Getppid(); pid > 1; {
		dir := filepath.Join("/proc", strconv.Itoa(pid))
		line, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		if err != nil {
			return ""
		}
		first, _, _ := bytes.Cut(line, []byte{0})
		if name := strings.TrimPrefix(filepath.Base(string(first)), "-"); shells[name] {
			if path, err := os.Readlink(filepath.Join(dir, "exe")); err == nil && shells[filepath.Base(path)] {
				return path
			}
			return name
		}
		if pid = parentOf(dir); pid == 0 {
			return ""
		}
	}
	return ""
}

// parentOf is the process that started the one with this directory below /proc, or 0.
func parentOf(dir string) int {
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return 0
	}
	// The name, in parentheses, can hold anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 2 {
		return 0
	}
	pid, _ := strconv.Atoi(fields[1])
	return pid
}

func seed() uint64 { return uint64(rand.Uint32()) }
