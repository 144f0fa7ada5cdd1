package record

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/plain"
)

// Tree is a directory that holds what each job wrote, in files of its own. No name in it leads
// out of it, and none is followed through a symbolic link: what an item is called must not
// decide where eph writes.
type Tree struct {
	root string
	seed maphash.Seed

	mu   sync.Mutex
	fd   int
	used map[uint64]bool // the names that this run has given
}

// OpenTree opens a directory, and makes it, with mode 0700, if there is none.
func OpenTree(root string) (*Tree, error) {
	if root == "" {
		root = "."
	}
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, fail.File("--results", err)
	}
	fd, err := unix.Open(root, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fail.Own("--results: cannot open %s: %w", root, err)
	}
	return &Tree{root: root, fd: fd, seed: maphash.MakeSeed(), used: make(map[uint64]bool)}, nil
}

// Close gives the directory back.
func (t *Tree) Close() error { return unix.Close(t.fd) }

// Place is where the files of one job are.
type Place struct {
	dirs []string // below the root
	base string   // what their names begin with: "" for stdout, stderr and seq
}

// Reserve gives a job a place: names are the steps that lead to it. With inside the last of
// them is a directory, else it is what the names of its files begin with. A place that this
// run has given before is given once more under another name, with \# and the number of the
// item at its end.
func (t *Tree) Reserve(seq int64, names []string, inside bool) Place {
	steps := make([]string, len(names))
	for i, n := range names {
		steps[i] = fit(n)
	}
	key := maphash.String(t.seed, strings.Join(steps, "/"))
	t.mu.Lock()
	taken := t.used[key]
	t.used[key] = true
	t.mu.Unlock()
	last := len(steps) - 1
	if taken {
		steps[last] += `\#` + strconv.FormatInt(seq, 10)
	}
	if inside {
		return Place{dirs: steps}
	}
	return Place{dirs: steps[:last], base: steps[last]}
}

// Results are the files of one attempt.
type Results struct {
	Stdout, Stderr *os.File
	Name           string // of Stdout
}

// Open makes the files of a job anew: those of an earlier attempt, or run, are gone.
func (t *Tree) Open(seq int64, p Place) (r Results, err error) {
	names := []string{"stdout", "stderr", "seq"}
	if p.base != "" {
		names = []string{p.base, p.base + ".err", p.base + ".seq"}
	}
	path := filepath.Join(append([]string{t.root}, p.dirs...)...)
	r.Name = filepath.Join(path, names[0])
	dir, err := t.descend(p.dirs)
	if err != nil {
		return r, fail.Own("--results: cannot make %s: %w", path, err)
	}
	defer unix.Close(dir)
	var files [3]*os.File
	for i, name := range names {
		if files[i], err = fresh(dir, name); err != nil {
			for _, f := range files {
				_ = f.Close() // nil has none
			}
			return r, fail.Own("--results: cannot write %s: %w", filepath.Join(path, name), err)
		}
	}
	r.Stdout, r.Stderr = files[0], files[1]
	_, err = files[2].WriteString(strconv.FormatInt(seq, 10))
	if err = errors.Join(err, files[2].Close()); err != nil {
		_ = r.Close()
		return r, fail.File("--results", err)
	}
	return r, nil
}

// Close ends the writing.
func (r *Results) Close() error { return errors.Join(r.Stdout.Close(), r.Stderr.Close()) }

// descend opens a directory below the root, and makes those that are not there.
func (t *Tree) descend(steps []string) (dir int, err error) {
	if dir, err = unix.Dup(t.fd); err != nil {
		return -1, err
	}
	unix.CloseOnExec(dir)
	for _, s := range steps {
		if err = unix.Mkdirat(dir, s, 0o700); err != nil && err != unix.EEXIST {
			break
		}
		next, openErr := unix.Openat(dir, s, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err = openErr; err != nil {
			break
		}
		_ = unix.Close(dir)
		dir = next
	}
	if err != nil {
		_ = unix.Close(dir)
		return -1, err
	}
	return dir, nil
}

// fresh makes a file that was not there a moment ago.
func fresh(dir int, name string) (*os.File, error) {
	if err := unix.Unlinkat(dir, name, 0); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	fd, err := unix.Openat(dir, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

// SafeName is a value as a step of a path: no separator, no way up, nothing that a line or a
// terminal would take for more than a name. Two values never have one name. The escapes of / \
// and tab are those of GNU parallel.
func SafeName(value string) string {
	switch value {
	case "":
		return `\e`
	case ".", "..":
		return `\` + value
	}
	if !strings.ContainsFunc(value, func(r rune) bool { return r == '/' || r == '\\' || r < ' ' || r == 0x7f }) {
		return value
	}
	var b strings.Builder
	for _, c := range []byte(value) {
		switch {
		case c == '/':
			b.WriteString(`\_`)
		case c == '\\':
			b.WriteString(`\\`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\n':
			b.WriteString(`\n`)
		case c == 0:
			b.WriteString(`\0`)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// mostName is how long a name may be, with room for what is put behind it: file systems take
// 255 bytes.
const mostName = 220

// fit cuts a name that is too long, and puts a digest of all of it behind the rest.
func fit(name string) string {
	if len(name) <= mostName {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	tail := `\~` + hex.EncodeToString(sum[:8])
	return plain.Whole(name[:mostName-len(tail)]) + tail
}
