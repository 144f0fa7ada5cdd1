//go:build !linux

package output

import "os"

// openUnnamed makes a file and takes its name away.
func openUnnamed(dir string) (*os.File, error) { return openNamed(dir) }
