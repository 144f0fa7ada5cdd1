package output

import (
	"cmp"
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// Mode says when the output of a job is printed.
type Mode uint8

// The modes, of which the package comment says more.
const (
	Group Mode = iota // when the job has ended
	Lines             // line by line
	Raw               // by the job itself; a job with a tag is treated as in Lines
)

// DefaultSpoolMem is how much output is held in memory where Options do not say.
const DefaultSpoolMem = 16 << 20

// Options say how output is put in order. The zero value groups it by job.
type Options struct {
	Mode Mode

	// KeepOrder prints in the order of sequence numbers. Raw mode has no order.
	KeepOrder bool

	// Window is how many sequence numbers Writer.Wait lets in ahead of the first that is not
	// printed yet. 0 is no limit. It counts only with KeepOrder.
	Window int64

	// SpoolMem is how many bytes all jobs together hold in memory before they go on in a
	// temporary file. 0 means DefaultSpoolMem; a negative number is no memory at all.
	SpoolMem int64

	// SpoolMax is how many bytes that file may hold. One that needs more than it may have is as
	// good as a full disk. 0 is no limit.
	SpoolMax int64

	// TmpDir is where that file is made, when it is needed. "" is the system's choice.
	TmpDir string

	// Row, if it is not nil, prints a job in place of its output, one job at a time, when it
	// has ended and has something to say of itself in About. The mode is then Group.
	Row func(w io.Writer, j *Job) error

	// Name is what New's stdout is called in errors. "" means standard output.
	Name string

	// Screen is the terminal of stderr, for Writer.Draw; nil is none.
	Screen *Screen

	// OnSpill is told, once, that memory was not enough and the file is in use; nil is not
	// told. It must not call the Writer.
	OnSpill func(dir string)

	// OnStall is told when a write to an output has not come to its end for StallTime, and
	// again when it has; nil is not told. It must not call the Writer.
	OnStall func(stalled bool)
}

// StallTime is how long a write may take before its reader counts as stalled.
const StallTime = time.Second

// Writer prints the output of jobs. Its methods may be called at the same time.
type Writer struct {
	o     Options
	store store
	first atomic.Pointer[error] // that happened

	print    sync.Mutex // held by whoever writes to out or err
	out, err dest
	region   *region // nil without a Screen

	order order
}

// New returns a Writer that prints to stdout and stderr, which it does not close.
func New(stdout, stderr io.Writer, o Options) *Writer {
	if o.SpoolMem == 0 {
		o.SpoolMem = DefaultSpoolMem
	}
	if o.Row != nil {
		o.Mode = Group
	}
	if o.Mode == Raw {
		o.KeepOrder = false
	}
	w := &Writer{o: o, order: order{head: 1, jobs: map[int64]*Job{}}}
	w.store = store{limit: o.SpoolMem, file: tempFile{dir: o.TmpDir, most: o.SpoolMax, opened: o.OnSpill}}
	stall := &stall{tell: o.OnStall}
	w.out = newDest(cmp.Or(o.Name, "standard output"), stdout, w.fail, stall)
	w.err = newDest("standard error", stderr, w.fail, stall)
	if o.Screen != nil {
		w.region = &region{tty: stderr}
		w.err.join(w.region)
		if o.Screen.Stdout {
			w.out.join(w.region)
		}
	}
	return w
}

// fail remembers the first error.
func (w *Writer) fail(err error) { w.first.CompareAndSwap(nil, &err) }

// Err returns the first error there was in printing: one for which errors.Is reports
// syscall.EPIPE when the reader of a stream has gone.
func (w *Writer) Err() error {
	if err := w.first.Load(); err != nil {
		return *err
	}
	return nil
}

// Job lets in the job of an item, whose sequence numbers begin at 1. tag, if it is not
// empty, is put before each of its lines, followed by a tab.
//
// Every job must be closed, and with KeepOrder every sequence number be used or skipped.
func (w *Writer) Job(seq int64, tag string) *Job {
	j := &Job{w: w, seq: seq, mode: w.o.Mode}
	if tag != "" && j.mode == Raw {
		j.mode = Lines
	}
	j.out.init(j, &w.out, tag)
	j.err.init(j, &w.err, tag)
	first := true
	if w.o.KeepOrder {
		first = w.order.enter(seq, j)
	}
	j.live.Store(first && j.mode == Lines)
	return j
}

// Note prints a line of eph's own on standard error, in no job's output.
func (w *Writer) Note(line string) error {
	w.print.Lock()
	defer w.printed()
	_, _ = io.WriteString(&w.err, line+"\n")
	return w.err.flush()
}

// Skip says that an item will never print, so that the order can go on. It blocks while it
// prints jobs that were waiting for this.
func (w *Writer) Skip(seq int64) error {
	if !w.o.KeepOrder {
		return nil
	}
	if w.order.leave(seq, nil) {
		w.advance()
	}
	return w.Err()
}

// Wait blocks while seq is more than Options.Window ahead of the first job that is not yet
// printed. All jobs that were let in before must be able to go on meanwhile. It returns the
// cause of ctx if that ends first.
func (w *Writer) Wait(ctx context.Context, seq int64) error {
	for w.o.KeepOrder && w.o.Window > 0 {
		moved := w.order.wait(seq - w.o.Window)
		if moved == nil {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// advance prints the jobs whose turn has come.
func (w *Writer) advance() {
	w.print.Lock()
	defer w.printed()
	for {
		j, over := w.order.take()
		switch {
		case over && j != nil:
			j.show()
			j.tell()
		case j != nil && j.mode == Lines:
			j.goLive()
			return
		case !over:
			return
		}
	}
}

// Close prints the jobs that ended but whose turn never came, in order, and gives the
// temporary file back. All jobs must have been closed. It returns the first error there was.
func (w *Writer) Close() error {
	w.print.Lock()
	for _, j := range w.order.rest() {
		j.show()
		j.tell()
	}
	w.print.Unlock()
	if err := w.store.file.close(); err != nil {
		w.fail(err)
	}
	return w.Err()
}

// Job takes what one job writes, through all its attempts.
type Job struct {
	w        *Writer
	seq      int64
	mode     Mode
	out, err stream

	// live: lines are printed as they come. It changes once, from false to true, under mu,
	// which guards the spools until then; from then on each belongs to its stream.
	live atomic.Bool
	mu   sync.Mutex

	closed bool // guarded by order.mu

	// About is for Options.Row. It is set before Close.
	About any

	// Printed, if it is not nil, is told once, when all that the job wrote has been printed, or
	// could not be: within Close, or with KeepOrder when the turn of the job has come. It is
	// set before Close, and must not call the Writer.
	Printed func(error)
}

// Stdout returns where the job's standard output goes. In Raw mode, and without a tag, it
// is the writer that was given to New, for the job to inherit if that is a file. Otherwise it
// may be used by one goroutine, beside that of Stderr, until Close is called. A Write returns
// an error when output cannot be held or printed; the job has then lost output, and must not
// be counted as successful.
func (j *Job) Stdout() io.Writer { return j.out.writer() }

// Stderr is the same for the job's standard error.
func (j *Job) Stderr() io.Writer { return j.err.writer() }

// Held returns what the job has written to its standard output, or error, and what was not
// printed yet. It may be read in Options.Row, as often as it is asked for.
func (j *Job) Held(stderr bool) io.Reader {
	if stderr {
		return j.err.spool.reader()
	}
	return j.out.spool.reader()
}

// Discard forgets what the job has written and was not printed.
func (j *Job) Discard() {
	j.out.spool.discard()
	j.err.spool.discard()
}

// Reset says that the job has failed and will be tried again. In Group mode it forgets what
// the attempt wrote, so only the output of the last attempt is printed. Otherwise the lines
// of the attempt are on their way, and stay.
func (j *Job) Reset() {
	if j.mode == Group {
		j.out.reset()
		j.err.reset()
	}
}

// Close says that the job has ended. It prints the job, or with KeepOrder leaves that to the
// job before. It blocks while the reader of a stream is slow, and returns the first error that
// the output of this job has met so far.
func (j *Job) Close() error {
	w := j.w
	if w.o.KeepOrder {
		failed := j.failed()
		if !w.order.leave(j.seq, j) {
			return failed
		}
		w.advance()
		return j.failed()
	}
	if j.out.spool.size+j.err.spool.size > 0 || j.About != nil {
		w.print.Lock()
		j.show()
		w.printed()
	}
	j.tell()
	return j.failed()
}

// tell says that the job has been printed.
func (j *Job) tell() {
	if j.Printed != nil {
		j.Printed(j.failed())
	}
}

// failed returns the first error of the job's output, that of stdout before that of stderr.
func (j *Job) failed() error {
	if j.out.failed != nil {
		return j.out.failed
	}
	return j.err.failed
}
