package job

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/mostlylucid/eph/internal/fail"
)

// explain says why the command could not be started, in words rather than in an errno.
func explain(err error, c *Command) error {
	e := &fail.Error{Status: fail.CannotExec, What: fmt.Sprintf("cannot run %s: %v", c.Path, err), Err: err}
	switch err {
	case syscall.ENOENT, syscall.ENOTDIR, syscall.EACCES:
		explainPath(e, c)
	case syscall.E2BIG:
		explainSize(e, c)
	case syscall.EINVAL:
		if hasNUL(c) {
			e.What = fmt.Sprintf("cannot run %s: an argument or a variable contains a NUL byte", c.Path)
		}
	case syscall.EAGAIN:
		e.Advise("ulimit -u, or fewer jobs at once")
	case syscall.EMFILE:
		e.Advise("ulimit -n, or fewer jobs at once")
	case syscall.ENOEXEC:
		e.What = fmt.Sprintf("cannot run %s: it is neither a program for this machine nor a script", c.Path)
	case syscall.ETXTBSY:
		e.What = fmt.Sprintf("cannot run %s: something is still writing to it", c.Path)
	}
	return e
}

// explainPath tells which of the files that a start needs is in the way: the directory, the
// executable, or the interpreter it names.
func explainPath(e *fail.Error, c *Command) {
	if c.Dir != "" {
		if info, err := os.Stat(c.Dir); err != nil || !info.IsDir() {
			e.What = fmt.Sprintf("cannot run %s in %s: no such directory", c.Path, c.Dir)
			return
		}
	}
	path := c.file()
	if err, ok := executable(path, c.Path).(*fail.Error); ok {
		e.Status, e.What, e.Try = err.Status, err.What, err.Try
		return
	}
	if name := interpreter(path); name != "" {
		e.What = fmt.Sprintf("cannot run %s: its first line names %s, which cannot be run: %v", c.Path, name, e.Err)
	}
}

// file is the path of the executable, from the directory of this process.
func (c *Command) file() string {
	if c.Dir != "" && !strings.HasPrefix(c.Path, "/") {
		return c.Dir + "/" + c.Path
	}
	return c.Path
}

// binary reports whether the executable is no text that a shell could run: its first line, or the
// beginning of it, holds a NUL byte.
func binary(c *Command) bool {
	f, err := os.Open(c.file())
	if err != nil {
		return false
	}
	defer f.Close()
	line, _ := bufio.NewReader(io.LimitReader(f, 256)).ReadString('\n')
	return strings.Contains(line, "\x00")
}

// interpreter is what the first line of a script names, or "".
func interpreter(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	line, _ := bufio.NewReader(io.LimitReader(f, 256)).ReadString('\n')
	words, ok := strings.CutPrefix(line, "#!")
	if !ok || len(strings.Fields(words)) == 0 {
		return ""
	}
	return strings.Fields(words)[0]
}

// maxArgument is the longest argument that Linux takes, whatever the limit for all of them.
const maxArgument = 128<<10 - 1

func explainSize(e *fail.Error, c *Command) {
	total := 0
	for _, words := range [][]string{c.Argv, c.Env} {
		for _, word := range words {
			if len(word) > maxArgument {
				e.What = fmt.Sprintf("cannot run %s: an argument or a variable has %d bytes, but the system accepts %d",
					c.Path, len(word), maxArgument)
				return
			}
			total += len(word) + 1
		}
	}
	e.What = fmt.Sprintf("cannot run %s: arguments and environment have %d bytes, more than the system accepts", c.Path, total)
}

func hasNUL(c *Command) bool {
	for _, words := range [][]string{{c.Path, c.Dir}, c.Argv, c.Env} {
		for _, word := range words {
			if strings.IndexByte(word, 0) >= 0 {
				return true
			}
		}
	}
	return false
}
