//go:build unix && !linux

package job

// killSession does nothing where the members of a session cannot be listed: a process that
// left its group survives there.
func killSession(int) {}

// stoppedChildren finds none where the state of a process cannot be read.
func stoppedChildren() []int { return nil }
