package output

import (
	"os"

	"golang.org/x/sys/unix"
)

// openUnnamed makes a file that never has a name, where the file system can.
func openUnnamed(dir string) (*os.File, error) {
	if f, err := os.OpenFile(dir, os.O_RDWR|unix.O_TMPFILE, 0o600); err == nil {
		return f, nil
	}
	return openNamed(dir)
}
