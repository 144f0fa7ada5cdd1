//go:build !linux

package item

import "os"

// open opens a file for reading. For a named pipe it blocks until that is opened for
// writing: elsewhere than on Linux a non-blocking open reads as the end of the file.
func open(name string) (*os.File, error) { return os.Open(name) }
