//go:build unix && !linux

package job

// killSession does nothing where the members of a session cannot be listed: a process that
// left its group survives there.
func killSession(int) {}

// children finds none where they cannot be listed.
func children() []int { return nil }

// Alive finds none where nobody can see the environment of another process.
func Alive(func([]string) bool) []int { return nil }
