package control

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/mostlylucid/eph/internal/fail"
)

// suffix is what the names of sockets end with.
const suffix = ".sock"

// mostPath is the longest path that a socket's address has room for, on every system.
const mostPath = 100

// mostName is how long the name of a socket is at most, in the place that eph chooses.
const mostName = 36

// dir is where the sockets of this user are: the first of the usual places whose path leaves
// room for a name.
func dir() string {
	own := "eph-" + strconv.Itoa(os.Getuid())
	if d := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(d) && len(d)+len("/eph/")+mostName <= mostPath {
		return filepath.Join(d, "eph")
	}
	if d := os.TempDir(); filepath.IsAbs(d) && len(d)+len(own)+len("//")+mostName <= mostPath {
		return filepath.Join(d, own)
	}
	return filepath.Join("/tmp", own)
}

// own makes the directory, or checks that nobody else has made it: in a directory that all may
// write to, anybody can be first.
func own(dir string) error {
	err := os.Mkdir(dir, 0o700)
	if err == nil {
		err = os.Chmod(dir, 0o700) // it stays, and the umask of this run is no other's
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fail.Own("cannot create the socket's directory: %w", err).Advise("XDG_RUNTIME_DIR=DIR eph …")
	}
	st, err := os.Lstat(dir)
	if err != nil {
		return fail.Own("cannot examine the socket's directory: %w", err)
	}
	sys, ok := st.Sys().(*syscall.Stat_t)
	switch {
	case !st.IsDir():
		return fail.Own("%s should be a directory for sockets, but is not a directory", dir).Advise("XDG_RUNTIME_DIR=DIR eph …")
	case ok && int(sys.Uid) != os.Getuid():
		return fail.Own("%s belongs to another user", dir).Advise("XDG_RUNTIME_DIR=DIR eph …")
	case st.Mode().Perm()&0o077 != 0:
		return fail.Own("%s is accessible to other users", dir).Advise("chmod 700 %s", dir)
	}
	return nil
}

// Find returns the path of the socket that a client means: of the run with this id, or the
// beginning of one; of the run that this process is a job of; or of the only one there is.
func Find(id string) (string, error) {
	if inside := os.Getenv("EPH_CONTROL"); inside != "" && id == "" {
		return inside, nil
	}
	if strings.ContainsRune(id, '/') {
		return id, nil
	}
	var found []string
	for _, name := range List() {
		if strings.HasPrefix(name, id) {
			found = append(found, name)
		}
	}
	switch {
	case len(found) == 1:
		return filepath.Join(dir(), found[0]+suffix), nil
	case len(found) > 1:
		return "", &SeveralError{found}
	case id != "":
		return "", fail.Own("there is no run %s", id).Advise("eph ctl status")
	}
	return "", fail.Own("you have no run to steer")
}

// SeveralError says that more than one run can be meant.
type SeveralError struct{ IDs []string }

func (e *SeveralError) Error() string { return fmt.Sprintf("there are %d runs", len(e.IDs)) }

// Look asks the runs with these ids what they are doing, all at once. One that does not answer has
// nothing but its id.
func Look(ids []string) []Status {
	all := make([]Status, len(ids))
	var wait sync.WaitGroup
	for i, id := range ids {
		all[i].Run = id
		wait.Go(func() {
			_ = Do(filepath.Join(dir(), id+suffix), Request{Do: "status"}, func(a Answer) error {
				if a.Status != nil {
					all[i] = *a.Status
				}
				return nil
			})
		})
	}
	wait.Wait()
	return all
}

// List returns the ids of the runs of this user, the oldest first. Sockets that a run which was
// killed has left behind are removed.
func List() (ids []string) {
	d := dir()
	if own(d) != nil {
		return nil
	}
	entries, err := os.ReadDir(d)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), suffix)
		if !ok || e.Type() != fs.ModeSocket {
			continue
		}
		path := filepath.Join(d, e.Name())
		conn, err := dial(path)
		if errors.Is(err, syscall.ECONNREFUSED) {
			_ = os.Remove(path)
		}
		if err == nil {
			_ = conn.Close()
			ids = append(ids, id)
		}
	}
	return ids
}
