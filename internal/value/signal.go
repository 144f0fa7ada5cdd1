package value

import (
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Signal reads the name of a signal of the system, in any case and with or without SIG, or its
// number.
func Signal(s string) (syscall.Signal, error) {
	name := strings.TrimPrefix(strings.ToUpper(s), "SIG")
	if n, err := Count(name, 1, 64); err == nil {
		return syscall.Signal(n), nil
	}
	if n := unix.SignalNum("SIG" + name); n != 0 {
		return n, nil
	}
	return 0, notA("signal", s)
}

// SignalName is a name that Signal reads: SIGTERM, or SIG35 for one that has only a number.
func SignalName(s syscall.Signal) string {
	if name := unix.SignalName(s); name != "" {
		return name
	}
	return "SIG" + strconv.Itoa(int(s))
}
