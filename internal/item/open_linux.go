package item

import (
	"os"

	"golang.org/x/sys/unix"
)

// open opens a file for reading. It does not wait for a named pipe to be opened for
// writing: the first read does, and that can be called off.
func open(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0)
}
