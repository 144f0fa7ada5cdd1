package output

import (
	"errors"
	"io/fs"
	"os"
	"sync"

	"github.com/mostlylucid/eph/internal/fail"
)

// blockSize is the unit in which the temporary file is given out. What is not written of a
// block takes no room on the disk.
const blockSize = 64 << 10

// tempFile is one file without a name, made when it is first needed, that many spools share:
// a file for each job would run out of descriptors before it runs out of disk. It is as big
// as the most that was ever held in it, and empty again whenever nothing is.
type tempFile struct {
	dir    string
	most   int64            // bytes that may be given out; 0 is no limit but the disk's
	opened func(dir string) // told of the making of the file; may be nil

	mu   sync.Mutex
	file *os.File // not changed once it is there
	free []int64  // blocks that were given back
	end  int64    // of the last block that was ever given out
	used int64    // bytes given out
}

// alloc gives out a block.
func (t *tempFile) alloc() (at int64, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file == nil {
		if t.dir == "" {
			t.dir = os.TempDir()
		}
		if t.file, err = openUnnamed(t.dir); err != nil {
			return 0, t.full(err)
		}
		if t.opened != nil {
			t.opened(t.dir)
		}
	}
	if t.most > 0 && t.used+blockSize > t.most {
		return 0, fail.Own("cannot hold back more output in %s: it has reached the %d bytes of --spool-max", t.dir, t.most).
			Advise("a larger --spool-max SIZE, or --max-output SIZE to keep only the beginning of what each job writes")
	}
	t.used += blockSize
	if n := len(t.free); n > 0 {
		at = t.free[n-1]
		t.free = t.free[:n-1]
		return at, nil
	}
	at = t.end
	t.end += blockSize
	return at, nil
}

// release takes back n bytes of blocks from at. The lowest of them is given out first, so
// that a spool gets blocks that follow each other.
func (t *tempFile) release(at, n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.used -= n
	if t.used == 0 {
		t.free, t.end = t.free[:0], 0
		_ = t.file.Truncate(0)
		return
	}
	for block := at + n - blockSize; block >= at; block -= blockSize {
		t.free = append(t.free, block)
	}
}

// write stores p in blocks that were given out.
func (t *tempFile) write(p []byte, at int64) error {
	_, err := t.file.WriteAt(p, at)
	if err != nil {
		return t.full(err)
	}
	return nil
}

// full says what could not be done where, and how to do it elsewhere.
func (t *tempFile) full(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	}
	return fail.Own("cannot hold back output in %s: %w", t.dir, err).
		Advise("--tmpdir DIR, a directory with more room")
}

func (t *tempFile) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file == nil {
		return nil
	}
	return t.file.Close()
}

// openNamed makes a file that only its owner can open and takes its name away.
func openNamed(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "eph-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}
