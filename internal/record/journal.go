package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
)

// Sync says when what a journal holds is safe from the end of the machine. The end of eph alone
// loses nothing that was written.
type Sync uint8

// The times.
const (
	SyncBatch  Sync = iota // within BatchTime, and at the end
	SyncAlways             // before the next step of the run
	SyncNone               // when the system likes
)

// BatchTime is how much later than it is written a line is safe, with SyncBatch.
const BatchTime = 100 * time.Millisecond

// JournalOptions say how a journal is opened.
type JournalOptions struct {
	Flag string // the flag that names the file, for errors
	Sync Sync
	Look bool // read only: nothing is written, made or repaired
	Must bool // it has to be there
}

// Journal is the file that one run after the other records itself in: an event log of JSON whose
// lines are sealed. It is locked while it is open, so that no two runs share it. It gets one
// Write for each line, and each is one write of the system.
//
// After a Write or a sync that failed it is left as it was before, and refuses everything: what
// a disk that was full says later would tell of ends without their beginnings. A failed sync is
// final, too: the system has forgotten what it could not write.
type Journal struct {
	// Past is what it said when it was opened.
	Past Past
	// Torn is how many bytes of a line that was cut off were behind the last line. They were
	// taken away, unless the file was only looked at.
	Torn int64

	o    JournalOptions
	name string
	read *os.File // nil where the file is not there
	was  int64    // its size after the last whole line, when it was opened

	syncing sync.Mutex // held while a batch is synced, before mu

	mu    sync.Mutex
	f     file
	size  int64 // after the last line that was written whole
	err   error // the first
	timer *time.Timer
	lost  func() // told, once, of an error that no Write returns
}

// file is what a journal is written to.
type file interface {
	io.WriteCloser
	Sync() error
	Truncate(size int64) error
}

// mostLine is more than any line has: what is longer is not a journal.
const mostLine = 64 << 20

// OpenJournal opens and locks a journal, reads all of it, and takes a torn line off its end. A
// file that is not there is made, with mode 0600. Whatever else is wrong with it is an error
// that says where: a journal that is not understood is not gone on with. Its errors are
// *fail.Error.
func OpenJournal(name string, o JournalOptions) (*Journal, error) {
	j := &Journal{o: o, name: name}
	how := unix.O_RDWR | unix.O_APPEND
	switch {
	case o.Look:
		how = unix.O_RDONLY
	case !o.Must:
		how |= unix.O_CREAT
	}
	// Without O_NONBLOCK a fifo would have it wait for a reader.
	f, err := os.OpenFile(name, how|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
	switch {
	case errors.Is(err, fs.ErrNotExist) && o.Look && !o.Must:
		return j, nil
	case errors.Is(err, unix.ELOOP):
		return nil, j.own("%s is a symbolic link, and a journal is not read through one", name).Advise("the name of the file itself")
	case err != nil:
		return nil, fail.File(o.Flag, err)
	}
	j.read, j.f = f, f
	if err := j.enter(); err != nil {
		_ = f.Close()
		return nil, err
	}
	return j, nil
}

// own is an error that begins with the flag.
func (j *Journal) own(format string, args ...any) *fail.Error {
	return fail.Own(j.o.Flag+": "+format, args...)
}

// enter makes sure that the file is ours, locks it, and reads it.
func (j *Journal) enter() error {
	st, err := j.read.Stat()
	if err != nil {
		return j.own("%w", err)
	}
	if !st.Mode().IsRegular() {
		return j.own("%s is not a regular file, so nothing can be read back from it", j.name).Advise("%s run.ndjson", j.o.Flag)
	}
	if err := j.trust(); err != nil {
		return err
	}
	how := unix.LOCK_EX
	if j.o.Look {
		how = unix.LOCK_SH
	}
	err = j.lock(how)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return j.taken()
	}
	if err != nil {
		return j.own("cannot lock %s: %w", j.name, err).Advise("a file on a file system that supports locks")
	}
	if st, err = j.read.Stat(); err != nil {
		return j.own("%w", err)
	}
	if err := j.scan(st.Size()); err != nil {
		return err
	}
	if j.Torn > 0 && !j.o.Look {
		if err := j.f.Truncate(j.was); err != nil {
			return j.own("cannot remove the incomplete last line of %s: %w", j.name, err)
		}
	}
	j.size = j.was
	if st.Size() == 0 && !j.o.Look && j.o.Sync != SyncNone {
		return j.settle()
	}
	return nil
}

// lockPatience is how long to wait for the lock: a run of which one process was killed holds it
// until its jobs are gone.
const lockPatience = 2 * time.Second

func (j *Journal) lock(how int) error {
	for began := time.Now(); ; time.Sleep(lockPatience / 100) {
		err := unix.Flock(int(j.read.Fd()), how|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) || time.Since(began) > lockPatience {
			return err
		}
	}
}

// trust refuses a file that somebody else could have written: what stands in a journal decides
// what runs.
func (j *Journal) trust() error {
	if err := Trust(j.read, "what a journal says decides what runs"); err != nil {
		return j.own("%w", err).Advise("%s", err.Try)
	}
	return nil
}

// Trust refuses an open file that belongs to somebody else, or that others can write. why is what
// is at stake.
func Trust(f *os.File, why string) *fail.Error {
	var st unix.Stat_t
	name := f.Name()
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return fail.Own("%w", err)
	}
	switch {
	case int(st.Uid) != os.Geteuid():
		return fail.Own("%s belongs to user %d, and %s", name, st.Uid, why).Advise("a copy of it: cp %s mine%s", name, filepath.Ext(name))
	case st.Mode&0o022 != 0:
		return fail.Own("%s can be written by others, and %s", name, why).Advise("chmod go-w %s", name)
	}
	return nil
}

// taken says who has the lock.
func (j *Journal) taken() error {
	who := "another run"
	var p Past
	if _, _, err := lines(j.read, p.line); err == nil && p.Run != "" {
		who = fmt.Sprintf("run %s (process %d)", p.Run, p.PID)
	}
	return j.own("%s is the journal of %s, which has not ended", j.name, who).Advise("eph ctl status, or a separate journal for each run")
}

// settle has the name of a new file survive the end of the machine.
func (j *Journal) settle() error {
	dir, err := os.Open(filepath.Dir(j.name))
	if err == nil {
		err = errors.Join(dir.Sync(), dir.Close())
	}
	if err != nil && !errors.Is(err, unix.EINVAL) { // a file system without such a thing
		return j.own("cannot sync the directory of %s: %w", j.name, err)
	}
	return nil
}

// scan reads the whole file.
func (j *Journal) scan(size int64) error {
	whole, n, err := lines(io.NewSectionReader(j.read, 0, size), j.Past.line)
	j.was, j.Torn = whole, size-whole
	if bad, ok := errors.AsType[*damage](err); ok {
		return j.refuse(bad, n)
	}
	if err != nil {
		return j.own("cannot read %s: %w", j.name, err)
	}
	if whole == 0 && size > 0 && !j.begun() {
		return j.own("%s is not a journal", j.name).Advise("a file that does not exist yet: %s run.ndjson", j.o.Flag)
	}
	j.Past.finish()
	return nil
}

// begun reports whether the only line, which is torn, is one of a journal, and not the text of
// somebody who will miss it.
func (j *Journal) begun() bool {
	start := []byte(`{"v":1,"ts":"`)
	n, _ := j.read.ReadAt(start, 0) // less is compared with less
	return bytes.HasPrefix([]byte(`{"v":1,"ts":"`), start[:n])
}

// refuse says where a journal is damaged, and how to go on without what is behind that.
func (j *Journal) refuse(bad *damage, n int64) error {
	if n == 0 {
		if bytes.HasPrefix(bad.line, []byte(`{"v":`)) && !bytes.Contains(bad.line, []byte(`"crc"`)) {
			return j.own("%s is a log that was not written as a journal, so no run can resume from it", j.name).
				Advise("another file, with --journal or --resume from the first run on")
		}
		if !bytes.HasPrefix(bad.line, []byte(`{"v":`)) {
			return j.own("%s is not a journal", j.name).Advise("a file that does not exist yet: %s run.ndjson", j.o.Flag)
		}
	}
	return j.own("%s is damaged in line %d, at byte %d: %s", j.name, n+1, bad.at, bad.why).
		Advise("truncate -s %d %s: what ended after that point runs again; or another journal", bad.at, j.name)
}

// damage is a line that cannot be what was written.
type damage struct {
	at   int64
	why  string
	line []byte
}

func (d *damage) Error() string { return d.why }

// lines reads sealed lines, and hands each to do with the byte at which it begins. It returns
// how many bytes and lines are whole: what is behind the last newline is torn. An error is
// *damage, or one of reading.
func lines(r io.Reader, do func(line []byte, at int64) error) (whole, n int64, err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	var long []byte
	for {
		line, err := in.ReadSlice('\n')
		if err == bufio.ErrBufferFull || len(long) > 0 {
			long = append(long, line...)
			if len(long) > mostLine {
				return whole, n, &damage{whole, "no line is that long", long[:64]}
			}
			if err == bufio.ErrBufferFull {
				continue
			}
			line, long = long, long[:0]
		}
		switch {
		case err == io.EOF:
			return whole, n, nil
		case err != nil:
			return whole, n, err
		case !event.Sealed(line):
			return whole, n, &damage{whole, "the line is not what was written", line}
		}
		if err := do(line, whole); err != nil {
			return whole, n, &damage{whole, err.Error(), line}
		}
		whole += int64(len(line))
		n++
	}
}

// FailedItem is an item that failed for good, and that nobody has taken.
type FailedItem struct {
	Seq     int64
	Digest  event.Digest
	Records []string // as the input had them, unless they are redacted
}

// FailedItems yields the items that failed, in the order in which they did. With take they are
// taken, once each. It reads the file again, up to where it ended when it was opened.
func (j *Journal) FailedItems(take bool) iter.Seq2[FailedItem, error] {
	return func(yield func(FailedItem, error) bool) {
		enough := false
		from := j.Past.from
		_, _, err := lines(io.NewSectionReader(j.read, from, j.was-from), func(line []byte, _ int64) error {
			if string(field(line, `"event":"`)) != event.JobFailed {
				return nil
			}
			var f struct {
				Seq     int64         `json:"seq"`
				Digest  event.Digest  `json:"digest"`
				Records []event.Whole `json:"records"`
			}
			if err := json.Unmarshal(line, &f); err != nil {
				return err
			}
			if m := j.Past.marks.at(f.Digest); m == nil || m.failed == 0 || take && !j.Past.takeFailed(f.Digest) {
				return nil
			}
			it := FailedItem{Seq: f.Seq, Digest: f.Digest}
			for _, r := range f.Records {
				it.Records = append(it.Records, string(r))
			}
			if enough = !yield(it, nil); enough {
				return io.EOF
			}
			return nil
		})
		if err != nil && !enough {
			yield(FailedItem{}, j.own("cannot read %s: %w", j.name, err))
		}
	}
}

// Watch has lost told, once, when a line turns out not to be safe that Write took. It may be
// told at any time until Close returns, and must not wait for the journal.
func (j *Journal) Watch(lost func()) { j.lost = lost }

// displaced is the error of a journal that somebody has moved away, replaced or cut off: what this
// run writes there nobody would find, or understand. It costs a fraction of the write of a line.
func (j *Journal) displaced() error {
	var own, named unix.Stat_t
	if j.read == nil || j.o.Look || unix.Fstat(int(j.read.Fd()), &own) != nil {
		return nil
	}
	err := unix.Lstat(j.name, &named)
	switch {
	case err == unix.ENOENT || err == nil && (own.Dev != named.Dev || own.Ino != named.Ino):
		return j.own("%s was moved away, removed or replaced while it was in use", j.name).Advise("to put it back, then --resume: what ended after this runs again")
	case own.Size < j.size:
		return j.own("%s was truncated by somebody else while it was in use: %d bytes are left of %d", j.name, own.Size, j.size).Advise("--log for a file that may be rotated")
	}
	return nil
}

// Write adds a line.
func (j *Journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err != nil {
		return 0, j.err
	}
	if j.err = j.displaced(); j.err != nil {
		return 0, j.err
	}
	n, err := j.f.Write(line)
	if err == nil && n < len(line) {
		err = io.ErrShortWrite
	}
	if err != nil {
		_ = j.f.Truncate(j.size) // what stays there is a torn line, which the next run takes off
		j.broken("cannot write", err)
		return 0, j.err
	}
	j.size += int64(n)
	switch j.o.Sync {
	case SyncAlways:
		j.sync()
	case SyncBatch:
		if j.timer == nil {
			j.timer = time.AfterFunc(BatchTime, j.batch)
		}
	}
	return n, j.err
}

// batch syncs what was written since the last time. Meanwhile the run goes on.
func (j *Journal) batch() {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	j.mu.Lock()
	f := j.f
	due := j.timer != nil && j.err == nil // else Close was first
	j.timer = nil
	j.mu.Unlock()
	if !due {
		return
	}
	err := f.Sync()
	j.mu.Lock()
	first := err != nil && j.err == nil
	if first {
		j.broken("cannot sync", err)
	}
	j.mu.Unlock()
	if first && j.lost != nil {
		j.lost()
	}
}

// sync has what was written survive the end of the machine. The lock is held.
func (j *Journal) sync() {
	if j.err == nil {
		if err := j.f.Sync(); err != nil {
			j.broken("cannot sync", err)
		}
	}
}

// broken keeps the first error.
func (j *Journal) broken(what string, err error) {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	}
	j.err = j.own("%s %s: %w", what, j.name, err).Advise("to make room on that disk, then --resume: what ended after this runs again")
}

// Err is the first error of what was written.
func (j *Journal) Err() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.err
}

// Close syncs what has to be, gives the lock back, and returns the first error.
func (j *Journal) Close() error {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.timer != nil {
		j.timer.Stop()
		j.timer = nil
		j.sync()
	}
	if j.f == nil {
		return j.err
	}
	if j.err == nil {
		j.err = j.displaced()
	}
	if err := j.f.Close(); err != nil && j.err == nil {
		j.broken("cannot close", err)
	}
	j.f = nil
	return j.err
}
