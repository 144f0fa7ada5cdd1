//go:build unix && !linux

package job

// Adopt does nothing where a process cannot adopt others: those pass to init.
func Adopt() {}

func reapOrphans() {}

// hasChildren reports false: they cannot be listed.
func hasChildren() bool { return false }
