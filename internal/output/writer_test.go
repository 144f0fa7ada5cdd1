package output

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"

	"golang.org/x/sys/unix"
)

// put writes text in pieces of size bytes.
func put(t testing.TB, w io.Writer, text string, size int) {
	t.Helper()
	for len(text) > 0 {
		n := min(size, len(text))
		if _, err := io.WriteString(w, text[:n]); err != nil {
			t.Fatal(err)
		}
		text = text[n:]
	}
}

func closeAll(t testing.TB, closers ...io.Closer) {
	t.Helper()
	for _, c := range closers {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// idle fails the test if w still holds memory or a part of its file.
func idle(t testing.TB, w *Writer) {
	t.Helper()
	if n := w.store.used.Load(); n != 0 {
		t.Errorf("memory in use at the end = %d, want 0", n)
	}
	if n := w.store.file.used; n != 0 {
		t.Errorf("bytes of the file in use at the end = %d, want 0", n)
	}
}

func TestGroup(t *testing.T) {
	var both bytes.Buffer
	w := New(&both, &both, Options{})
	a, b := w.Job(1, ""), w.Job(2, "")
	put(t, a.Stderr(), "a err\n", 3)
	put(t, b.Stdout(), "b out", 2)
	put(t, a.Stdout(), "a out\n", 1)
	if both.Len() > 0 {
		t.Errorf("printed before the end of a job: %q", &both)
	}
	closeAll(t, b, a, w)
	if got, want := both.String(), "b outa out\na err\n"; got != want {
		t.Errorf("output = %q, want %q", got, want)
	}
	idle(t, w)
}

// Output of any size comes out as it went in, wherever it was held meanwhile.
func TestSizes(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, mem := range []int64{-1, 1, 9 << 10, 100 << 10, 0} {
		for _, mode := range []Mode{Group, Lines} {
			for _, size := range []int{0, 1, 1023, 1024, 1025, blockSize - 1, blockSize, blockSize + 1, 3*blockSize + 7, 1 << 20} {
				text := strings.Repeat("0123456789abcde\n", size/16+1)[:size]
				if err := file.Truncate(0); err != nil {
					t.Fatal(err)
				}
				if _, err := file.Seek(0, io.SeekStart); err != nil {
					t.Fatal(err)
				}
				var buffer bytes.Buffer
				w := New(file, &buffer, Options{Mode: mode, SpoolMem: mem, TmpDir: t.TempDir(), KeepOrder: true})
				head, j := w.Job(1, ""), w.Job(2, "")
				put(t, j.Stdout(), text, 40_000)
				put(t, j.Stderr(), text, 4_000)
				closeAll(t, j, head, w)
				got, err := os.ReadFile(file.Name())
				if err != nil || string(got) != text || buffer.String() != text {
					t.Errorf("%d bytes, mode %d, memory %d: got %d and %d bytes, %v", size, mode, mem, len(got), buffer.Len(), err)
				}
				idle(t, w)
			}
		}
	}
}

// numbered returns the nth line of a job.
func numbered(job, n int) string {
	return fmt.Sprintf("%d %d %s\n", job, n, strings.Repeat("x", (job*7919+n*104729)%3000))
}

// Many jobs at once: nothing is torn, mixed, lost or, with order, out of order.
func TestInterleaving(t *testing.T) {
	const jobs, lines, slots = 120, 12, 8
	for _, o := range []Options{
		{Mode: Group},
		{Mode: Lines},
		{Mode: Group, KeepOrder: true, Window: 20},
		{Mode: Lines, KeepOrder: true, Window: 20},
		{Mode: Group, KeepOrder: true, SpoolMem: 50_000},
		{Mode: Lines, KeepOrder: true, SpoolMem: -1},
	} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			o.TmpDir = t.TempDir()
			var out, err bytes.Buffer
			w := New(&out, &err, o)
			seqs := make(chan int)
			var group sync.WaitGroup
			for range slots {
				group.Go(func() {
					for seq := range seqs {
						j := w.Job(int64(seq), "")
						var streams sync.WaitGroup
						for _, to := range []io.Writer{j.Stdout(), j.Stderr()} {
							streams.Go(func() {
								var text strings.Builder
								for n := range lines {
									text.WriteString(numbered(seq, n))
								}
								put(t, to, text.String(), 1+rand.IntN(5000))
							})
						}
						streams.Wait()
						if err := j.Close(); err != nil {
							t.Error(err)
						}
					}
				})
			}
			for seq := 1; seq <= jobs; seq++ {
				if err := w.Wait(t.Context(), int64(seq)); err != nil {
					t.Error(err)
				}
				if seq%10 == 0 {
					if err := w.Skip(int64(seq)); err != nil {
						t.Error(err)
					}
					continue
				}
				seqs <- seq
			}
			close(seqs)
			group.Wait()
			closeAll(t, w)
			inspect(t, out.String(), jobs, lines, o)
			inspect(t, err.String(), jobs, lines, o)
			idle(t, w)
		})
	}
}

func inspect(t *testing.T, text string, jobs, lines int, o Options) {
	t.Helper()
	next := make([]int, jobs+1)
	last, total := 0, 0
	for line := range strings.Lines(text) {
		first, _, _ := strings.Cut(line, " ")
		job, err := strconv.Atoi(first)
		if err != nil || job < 1 || job > jobs || line != numbered(job, next[job]) {
			t.Fatalf("line = %.50q, want line %d of a job", line, next[max(0, min(job, jobs))])
		}
		whole := last == 0 || last == job || next[last] == lines
		if (o.Mode == Group || o.KeepOrder) && !whole {
			t.Fatalf("job %d begins after line %d of job %d", job, next[last], last)
		}
		if o.KeepOrder && job < last {
			t.Fatalf("job %d comes after job %d", job, last)
		}
		next[job]++
		last = job
		total++
	}
	if want := (jobs - jobs/10) * lines; total != want {
		t.Errorf("lines = %d, want %d", total, want)
	}
}

func TestOrder(t *testing.T) {
	var out bytes.Buffer
	w := New(&out, io.Discard, Options{KeepOrder: true})
	step := func(do func() error, want string) {
		t.Helper()
		if err := do(); err != nil {
			t.Fatal(err)
		}
		if out.String() != want {
			t.Errorf("output = %q, want %q", &out, want)
		}
	}
	jobs := make([]*Job, 8)
	for seq := 1; seq < len(jobs); seq++ {
		if seq != 3 {
			jobs[seq] = w.Job(int64(seq), "")
			put(t, jobs[seq].Stdout(), strconv.Itoa(seq), 1)
		}
	}
	step(jobs[2].Close, "")
	step(jobs[4].Close, "")
	step(jobs[1].Close, "12")
	step(func() error { return w.Skip(3) }, "124")
	step(jobs[5].Close, "1245")
	step(jobs[7].Close, "1245")
	step(w.Close, "12457") // 6 never ended
}

func TestLines(t *testing.T) {
	var both bytes.Buffer
	w := New(&both, &both, Options{Mode: Lines})
	a, b := w.Job(1, ""), w.Job(2, "")
	put(t, a.Stdout(), "a1\na", 9)
	put(t, b.Stdout(), "b1\n", 9)
	put(t, a.Stderr(), "e", 9)
	put(t, a.Stdout(), "2\na3", 9)
	if got, want := both.String(), "a1\nb1\na2\n"; got != want {
		t.Errorf("output = %q, want %q", got, want)
	}
	closeAll(t, a, b, w)
	if got, want := both.String(), "a1\nb1\na2\na3e"; got != want {
		t.Errorf("output = %q, want %q", got, want)
	}
}

// With KeepOrder the job whose turn it is prints its lines at once.
func TestLinesInOrder(t *testing.T) {
	var out bytes.Buffer
	w := New(&out, io.Discard, Options{Mode: Lines, KeepOrder: true})
	a, b := w.Job(1, ""), w.Job(2, "")
	put(t, b.Stdout(), "b1\nb", 9)
	put(t, a.Stdout(), "a1\n", 9)
	if got, want := out.String(), "a1\n"; got != want {
		t.Errorf("output = %q, want %q", got, want)
	}
	closeAll(t, a)
	if got, want := out.String(), "a1\nb1\n"; got != want {
		t.Errorf("output after the end of the first = %q, want %q", got, want)
	}
	put(t, b.Stdout(), "2\nb3", 9)
	if got, want := out.String(), "a1\nb1\nb2\n"; got != want {
		t.Errorf("output of the second = %q, want %q", got, want)
	}
	closeAll(t, b)
	c := w.Job(3, "")
	put(t, c.Stdout(), "c1\n", 9)
	if got, want := out.String(), "a1\nb1\nb2\nb3c1\n"; got != want {
		t.Errorf("output at the end = %q, want %q", got, want)
	}
	closeAll(t, c, w)
}

// A line that is longer than the memory is printed in one piece, between those of others.
func TestLongLine(t *testing.T) {
	var out bytes.Buffer
	w := New(&out, io.Discard, Options{Mode: Lines, SpoolMem: 20_000, TmpDir: t.TempDir()})
	a, b := w.Job(1, ""), w.Job(2, "")
	long := strings.Repeat("x", 5<<20)
	for part := range slices.Chunk([]byte(long), 1<<20) {
		put(t, a.Stdout(), string(part), 30_000)
		put(t, b.Stdout(), "b\n", 9)
	}
	if w.store.used.Load() > 20_000 {
		t.Errorf("memory = %d, want at most 20000", w.store.used.Load())
	}
	put(t, a.Stdout(), "\n", 1)
	closeAll(t, a, b, w)
	if want := strings.Repeat("b\n", 5) + long + "\n"; out.String() != want {
		t.Errorf("output has %d bytes, begins %.20q, want %d", out.Len(), &out, len(want))
	}
	idle(t, w)
}

func TestTag(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", ""},
		{"a\n\nb", "t\ta\nt\t\nt\tb"},
		{"a\n", "t\ta\n"},
		{"a", "t\ta"},
	}
	for _, tt := range tests {
		for _, mode := range []Mode{Group, Lines, Raw} {
			for size := 1; size <= 5; size++ {
				var out, err bytes.Buffer
				w := New(&out, &err, Options{Mode: mode})
				j := w.Job(1, "t")
				put(t, j.Stdout(), tt.text, size)
				put(t, j.Stderr(), tt.text, size)
				closeAll(t, j, w)
				if out.String() != tt.want || err.String() != tt.want {
					t.Errorf("mode %d: tagged %q = %q and %q, want %q", mode, tt.text, &out, &err, tt.want)
				}
			}
		}
	}
	var out bytes.Buffer
	w := New(&out, io.Discard, Options{})
	j := w.Job(1, "a\x1b]0;OWNED\a\t")
	put(t, j.Stdout(), "\x1b[2J\n", 9)
	closeAll(t, j, w)
	if got, want := out.String(), `a\x1b]0;OWNED\x07\t`+"\t\x1b[2J\n"; got != want {
		t.Errorf("output = %q, want %q", got, want)
	}
}

func TestReset(t *testing.T) {
	for mode, want := range map[Mode]string{Group: "t\tlast", Lines: "t\tone\nt\ttwo last"} {
		var out bytes.Buffer
		w := New(&out, io.Discard, Options{Mode: mode, SpoolMem: 1, TmpDir: t.TempDir()})
		j := w.Job(1, "t")
		put(t, j.Stdout(), "one\ntwo ", 3)
		j.Reset()
		put(t, j.Stdout(), "last", 3)
		closeAll(t, j, w)
		if out.String() != want {
			t.Errorf("mode %d: output = %q, want %q", mode, &out, want)
		}
		idle(t, w)
	}
}

func TestRaw(t *testing.T) {
	w := New(os.Stdout, os.Stderr, Options{Mode: Raw, KeepOrder: true, Window: 1})
	j := w.Job(7, "")
	if j.Stdout() != os.Stdout || j.Stderr() != os.Stderr {
		t.Errorf("streams = %v, %v, want those given to New", j.Stdout(), j.Stderr())
	}
	if err := w.Wait(t.Context(), 99); err != nil {
		t.Error(err)
	}
	closeAll(t, j, w)
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := New(io.Discard, io.Discard, Options{KeepOrder: true, Window: 2})
		for seq := int64(1); seq <= 3; seq++ {
			if err := w.Wait(t.Context(), seq); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		entered := make(chan error, 2)
		go func() { entered <- w.Wait(t.Context(), 4) }()
		go func() { entered <- w.Wait(ctx, 5) }()
		synctest.Wait()
		if len(entered) > 0 {
			t.Fatal("Wait(4) returned while 1 was not printed")
		}
		closeAll(t, w.Job(1, ""))
		synctest.Wait()
		if len(entered) != 1 || <-entered != nil {
			t.Fatal("Wait(4) did not return when 1 was printed")
		}
		cause := errors.New("stopped")
		cancel(cause)
		if err := <-entered; err != cause {
			t.Errorf("Wait = %v, want %v", err, cause)
		}
	})
}

// A reader that does not read holds up the jobs, and gets everything in the end.
func TestSlowReader(t *testing.T) {
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	w := New(out, io.Discard, Options{SpoolMem: 100_000, TmpDir: t.TempDir()})
	const jobs, size = 4, 300_000
	var group sync.WaitGroup
	var ended sync.WaitGroup
	ended.Add(jobs)
	for seq := range int64(jobs) {
		group.Go(func() {
			j := w.Job(seq, "")
			put(t, j.Stdout(), strings.Repeat(string(rune('a'+seq)), size), 1<<15)
			ended.Done()
			if err := j.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	ended.Wait() // every job has written all it had, though nothing was read
	go func() {
		group.Wait()
		closeAll(t, w, out)
	}()
	got, err := io.ReadAll(in)
	if err != nil || len(got) != jobs*size {
		t.Fatalf("read %d bytes, %v, want %d", len(got), err, jobs*size)
	}
	for part := range slices.Chunk(got, size) {
		if len(bytes.Trim(part, string(part[:1]))) > 0 {
			t.Error("the output of two jobs is mixed")
		}
	}
}

// A stream that others made non-blocking is waited for.
func TestNonBlockingOutput(t *testing.T) {
	for _, mem := range []int64{-1, 0} {
		var fds [2]int
		if err := unix.Pipe(fds[:]); err != nil {
			t.Fatal(err)
		}
		in, out := os.NewFile(uintptr(fds[0]), "in"), os.NewFile(uintptr(fds[1]), "out")
		defer in.Close()
		if err := unix.SetNonblock(fds[1], true); err != nil { // behind the back of out
			t.Fatal(err)
		}
		text := strings.Repeat("0123456789", 100_000)
		w := New(out, io.Discard, Options{SpoolMem: mem, TmpDir: t.TempDir()})
		go func() {
			j := w.Job(1, "")
			put(t, j.Stdout(), text, 1<<15)
			closeAll(t, j, w, out)
		}()
		if got, err := io.ReadAll(in); err != nil || string(got) != text {
			t.Errorf("read %d bytes, %v, want %d", len(got), err, len(text))
		}
	}
}

func TestBrokenPipe(t *testing.T) {
	for _, mode := range []Mode{Group, Lines} {
		in, out, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		in.Close()
		var stderr bytes.Buffer
		w := New(out, &stderr, Options{Mode: mode})
		silent, a, b := w.Job(1, ""), w.Job(2, ""), w.Job(3, "")
		put(t, a.Stderr(), "e\n", 9)
		_, writeErr := io.WriteString(a.Stdout(), "a\n")
		if mode == Lines && !errors.Is(writeErr, syscall.EPIPE) {
			t.Errorf("Write of a line = %v, want EPIPE", writeErr)
		}
		if err := a.Close(); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("mode %d: Close = %v, want EPIPE", mode, err)
		}
		if _, err := io.WriteString(b.Stdout(), "b"); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("mode %d: Write after = %v, want EPIPE", mode, err)
		}
		if err := b.Close(); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("mode %d: Close after = %v, want EPIPE", mode, err)
		}
		if err := silent.Close(); err != nil {
			t.Errorf("mode %d: Close of a silent job = %v", mode, err)
		}
		if err := w.Close(); !errors.Is(err, syscall.EPIPE) || err != w.Err() || !strings.Contains(err.Error(), "standard output") {
			t.Errorf("mode %d: Writer.Close = %v, want EPIPE of standard output", mode, err)
		}
		if stderr.String() != "e\n" {
			t.Errorf("mode %d: stderr = %q, want it whole", mode, &stderr)
		}
		idle(t, w)
	}
}

func TestFullDevice(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	for _, mem := range []int64{-1, 0} {
		w := New(full, io.Discard, Options{SpoolMem: mem, TmpDir: t.TempDir()})
		j := w.Job(1, "")
		put(t, j.Stdout(), "a\n", 9)
		if err := j.Close(); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("memory %d: Close = %v, want ENOSPC", mem, err)
		}
		if err := w.Close(); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("memory %d: Writer.Close = %v, want ENOSPC", mem, err)
		}
	}
}

func TestTmpDirMissing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	w := New(io.Discard, io.Discard, Options{SpoolMem: -1, TmpDir: dir})
	j := w.Job(1, "")
	_, err := io.WriteString(j.Stdout(), "a")
	if !errors.Is(err, syscall.ENOENT) || !strings.Contains(err.Error(), dir) {
		t.Errorf("Write = %v, want ENOENT and the directory", err)
	}
	if err := j.Close(); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("Close = %v, want ENOENT", err)
	}
}

// Output that cannot be read back is an error of its job and of the run, also when another
// job prints it, and the jobs after it are printed.
func TestUnreadableTmpFile(t *testing.T) {
	var out bytes.Buffer
	w := New(&out, io.Discard, Options{SpoolMem: 1 << 10, TmpDir: t.TempDir(), KeepOrder: true})
	small, lost, head := w.Job(3, ""), w.Job(2, ""), w.Job(1, "")
	put(t, small.Stdout(), "small", 9)
	put(t, lost.Stdout(), "lost", 9)
	closeAll(t, small, lost, w.store.file.file)
	if err := head.Close(); err != nil {
		t.Errorf("Close of the head = %v", err)
	}
	if err := w.Err(); !errors.Is(err, os.ErrClosed) || !strings.Contains(err.Error(), w.store.file.dir) {
		t.Errorf("Err = %v, want a closed file and its directory", err)
	}
	if out.String() != "small" {
		t.Errorf("output = %q, want small", &out)
	}
}

// What fits is printed, the job whose output does not is told so, and the others go on.
func TestTmpDirFull(t *testing.T) {
	dir := t.TempDir()
	if err := mountTmpfs(dir, 1<<20); err != nil {
		t.Skipf("no small file system to be filled: %v", err)
	}
	defer func() {
		if err := unmount(dir); err != nil {
			t.Error(err)
		}
	}()
	var out bytes.Buffer
	w := New(&out, io.Discard, Options{SpoolMem: -1, TmpDir: dir})
	big, small := w.Job(1, ""), w.Job(2, "")
	block := strings.Repeat("x", 1<<15)
	var err error
	written := 0
	for err == nil && written < 4<<20 {
		_, err = io.WriteString(big.Stdout(), block)
		written += len(block)
	}
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), dir) {
		t.Errorf("Write = %v, want ENOSPC and the directory", err)
	}
	if err := big.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Close = %v, want ENOSPC", err)
	}
	if out.Len() < 1<<19 {
		t.Errorf("printed %d bytes, want what fitted", out.Len())
	}
	out.Reset()
	put(t, small.Stdout(), "small", 9)
	closeAll(t, small, w)
	if out.String() != "small" {
		t.Errorf("output = %q, want small", &out)
	}
}

// The temporary file has no name, is for its owner only, and gives back what it held.
func TestTmpFile(t *testing.T) {
	dir := t.TempDir()
	for name, open := range map[string]func(string) (*os.File, error){"unnamed": openUnnamed, "named": openNamed} {
		f, err := open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		st, err := f.Stat()
		if err != nil || st.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: mode = %v, %v, want none for others", name, st.Mode(), err)
		}
		if flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("%s: descriptor flags = %d, %v, want close on exec", name, flags, err)
		}
	}
	w := New(io.Discard, io.Discard, Options{SpoolMem: -1, TmpDir: dir})
	a, b := w.Job(1, ""), w.Job(2, "")
	put(t, a.Stdout(), strings.Repeat("x", 10*blockSize), 1<<15)
	put(t, b.Stdout(), strings.Repeat("x", 10*blockSize), 1<<15)
	closeAll(t, a)
	c := w.Job(3, "")
	put(t, c.Stdout(), strings.Repeat("x", 10*blockSize), 1<<15)
	if got, want := w.store.file.end, int64(20*blockSize); got != want {
		t.Errorf("size = %d, want %d: room that was given back is used again", got, want)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("directory = %v, %v, want it empty", entries, err)
	}
	closeAll(t, b, c)
	if st, err := w.store.file.file.Stat(); err != nil || st.Size() != 0 {
		t.Errorf("size when nothing is held = %d, %v, want 0", st.Size(), err)
	}
	closeAll(t, w)
}

// Memory is shared: what one job takes up another cannot have.
func TestSpoolMem(t *testing.T) {
	w := New(io.Discard, io.Discard, Options{SpoolMem: 200_000, TmpDir: t.TempDir()})
	var jobs []*Job
	for seq := range int64(10) {
		j := w.Job(seq, "")
		put(t, j.Stdout(), strings.Repeat("x", 100_000), 1<<15)
		jobs = append(jobs, j)
		if n := w.store.used.Load(); n > 200_000 {
			t.Fatalf("memory = %d, want at most 200000", n)
		}
	}
	for _, j := range jobs {
		closeAll(t, j)
	}
	closeAll(t, w)
	idle(t, w)
}

func TestAllocations(t *testing.T) {
	w := New(io.Discard, io.Discard, Options{})
	silent := testing.AllocsPerRun(1000, func() { _ = w.Job(1, "").Close() })
	if silent > 1 {
		t.Errorf("allocations of a silent job = %v, want the Job alone", silent)
	}
	line := []byte("some output\n")
	small := testing.AllocsPerRun(1000, func() {
		j := w.Job(1, "")
		_, _ = j.Stdout().Write(line)
		_ = j.Close()
	})
	if small > 2 { // the race detector makes pools forget
		t.Errorf("allocations of a job with a line = %v, want at most 2", small)
	}
}
