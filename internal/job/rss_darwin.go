package job

import "syscall"

// maxRSS is the largest resident set in bytes.
func maxRSS(u *syscall.Rusage) int64 { return u.Maxrss }
