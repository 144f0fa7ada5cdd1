package job

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/mostlylucid/eph/internal/fail"
)

// Lookup finds the executable that a shell would run for name, in path as the variable PATH
// has it. The result always has a slash in it, so it can be run as it is, from the current
// directory. The error is a [fail.Error] with the status NotFound or CannotExec.
func Lookup(name, path string) (string, error) {
	if name == "" {
		return "", &fail.Error{Status: fail.NotFound, What: "the command is empty"}
	}
	if strings.Contains(name, "/") {
		if err := executable(name, name); err != nil {
			return "", err
		}
		return name, nil
	}
	var denied error
	for _, dir := range filepath.SplitList(path) {
		file := inDir(dir, name)
		err := executable(file, name)
		if err == nil {
			return file, nil
		}
		if fail.StatusOf(err) == fail.CannotExec && denied == nil {
			denied = err
		}
	}
	if denied != nil {
		return "", denied
	}
	return "", notFound(name, path)
}

// inDir is name in a directory of PATH, where "" is the current one.
func inDir(dir, name string) string {
	if dir == "" {
		dir = "."
	}
	return dir + "/" + name
}

// executable says why file, that the user called name, cannot be run.
func executable(file, name string) error {
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return &fail.Error{Status: fail.CannotExec, What: file + " cannot be reached: permission denied", Err: err}
	case err != nil:
		return &fail.Error{Status: fail.NotFound, What: fmt.Sprintf("command %q not found", name), Err: err}
	case info.IsDir():
		return &fail.Error{Status: fail.CannotExec, What: file + " is a directory", Err: syscall.EISDIR}
	}
	if err := unix.Access(file, unix.X_OK); err != nil {
		e := &fail.Error{Status: fail.CannotExec, What: file + " is not executable", Err: err}
		return e.Advise("chmod +x %s", file)
	}
	return nil
}

// notFound says that name is not in path, and what may have been meant.
func notFound(name, path string) error {
	e := &fail.Error{Status: fail.NotFound, What: fmt.Sprintf("command %q not found", name), Err: fs.ErrNotExist}
	if executable("./"+name, name) == nil {
		return e.Advise("./%s", name)
	}
	if like := similar(name, path); like != "" {
		return e.Advise("%s", like)
	}
	return e
}

// similar is the first command in path that is one slip of the fingers away from name, or "".
func similar(name, path string) string {
	for _, dir := range filepath.SplitList(path) {
		entries, _ := os.ReadDir(inDir(dir, ""))
		for _, entry := range entries {
			if like := entry.Name(); fail.IsSlip(name, like) && executable(inDir(dir, like), like) == nil {
				return like
			}
		}
	}
	return ""
}
