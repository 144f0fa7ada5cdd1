package xargs

import (
	"fmt"
	"os"
	"syscall"
)

// What POSIX and the system say of the length of a command line.
const (
	least    = 4096      // that every system takes
	headroom = 2048      // that is left to the command, to set variables
	usual    = 128 << 10 // where -s does not say
	pointer  = 8         // bytes of one
	mostJobs = 1<<31 - 1 // of -P
)

// limits are how many bytes a command line may have, its NUL bytes counted and pointers not.
type limits struct {
	environ int64 // bytes of the environment
	most    int64 // that -s can ask for: the system's limit less the headroom and the environment
	max     int64 // that count
	words   int64 // how many words a command line may have, whatever -s says
}

func systemLimits() limits {
	var l limits
	for _, v := range os.Environ() {
		l.environ += int64(len(v)) + 1
	}
	l.most = argMax() - headroom - l.environ
	l.max = min(l.most, usual)
	l.words = l.most/pointer - 2
	return l
}

// argMax is ARG_MAX as the C library has it: a quarter of the stack, at least 128 KiB.
func argMax() int64 {
	var stack syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_STACK, &stack); err != nil {
		return usual
	}
	return int64(max(min(stack.Cur, 1<<62)/4, usual))
}

// taken is how many bytes of arguments, and of pointers to them, the system surely takes: it
// counts the pointers to the environment too.
func (l *limits) taken() int64 { return l.most - pointer*int64(len(os.Environ())+1) }

func (l *limits) show() string {
	return fmt.Sprintf("Your environment variables take up %d bytes\n"+
		"POSIX upper limit on argument length (this system): %d\n"+
		"POSIX smallest allowable upper limit on argument length (all systems): %d\n"+
		"Maximum length of command we could actually use: %d\n"+
		"Size of command buffer we are actually using: %d\n"+
		"Maximum parallelism (--max-procs must be no greater): %d\n",
		l.environ, l.most, least, l.most-l.environ, l.max, mostJobs)
}
