//go:build !linux

package cli

import (
	"os/signal"
	"syscall"
)

// defaultAction gives a signal the action that the Go runtime gives it: death by it, or for a
// QUIT the stacks and status 2.
func defaultAction(s syscall.Signal) { signal.Reset(s) }
