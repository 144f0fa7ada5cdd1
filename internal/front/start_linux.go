package front

import "golang.org/x/sys/unix"

// executable is this program, whatever has become of its file.
func executable() (string, error) { return "/proc/self/exe", nil }

// wakeWhenAlone has the end of the front wake this process, which may be stopped. It is for the
// first thread, and fires with the first one of the front, which lives as long as the front.
func wakeWhenAlone() { _ = unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGCONT), 0, 0, 0) }
