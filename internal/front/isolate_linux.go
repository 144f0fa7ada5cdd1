package front

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// isolated has a process started as the first of a namespace of processes, which the kernel ends
// with it. Who is not root needs a namespace of users for that.
func isolated(sys *syscall.SysProcAttr) error {
	sys.Cloneflags = unix.CLONE_NEWPID | unix.CLONE_NEWNS
	if os.Geteuid() == 0 {
		return nil
	}
	sys.Cloneflags |= unix.CLONE_NEWUSER
	sys.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}}
	sys.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}}
	sys.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN} // to mount, over the exec
	return nil
}

// furnish gives the namespace a /proc of its own, and takes the privilege for that from this
// process. It is for the first thread, before anything else.
func furnish() error {
	if self, err := os.Readlink("/proc/self"); err == nil && self == "1" {
		return nil
	}
	// What is mounted outside later is seen here, and what jobs mount is not seen outside.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
		return fmt.Errorf("cannot separate the mounts: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("cannot mount a private /proc: %w", err)
	}
	if os.Geteuid() == 0 {
		return nil
	}
	// Other threads have the privilege as well. They do not outlive an exec.
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return err
	}
	return syscall.Exec("/proc/self/exe", os.Args, os.Environ())
}
