// Package observe holds the passive observers of a run's signals: the event log, the progress
// display and the summary.
package observe

import (
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/pkg/signals"
)

// LogOptions say what a log shows, and how. The zero value is all signals of level info and
// above, as JSON.
type LogOptions struct {
	Format Format
	Level  event.Level      // the least; "" is info
	Names  signals.Pattern  // only these, beside the first and the last line; the zero Pattern is all
	Redact []*regexp.Regexp // what matches is shown as [redacted]
	Sealed bool             // lines of JSON end with a sum, as those of a journal do
}

// shows reports whether a signal is to be logged. The first and the last line always are: by
// them one knows that a log is whole.
func (o *LogOptions) shows(name string) bool {
	if name == event.RunStarted || name == event.RunFinished {
		return true
	}
	return event.LevelOf(name).AtLeast(o.Level) && (o.Names == (signals.Pattern{}) || o.Names.Match(name))
}

// Log writes signals of a run as lines: one write for each, in order, with no gap in its
// counter n.
type Log struct {
	mu      sync.Mutex
	o       LogOptions
	w       io.Writer
	close   func() error
	encoder encoder
	err     error  // the first failure; nothing is written after it
	named   bool   // errors of w say where they are from
	over    bool   // the last line was written; a condition may still end after it
	name    string // of the file, if it is one that the log has opened
	cancel  func()
}

// OpenLog starts a log of the events of a sink. dest is a file, which is made with mode 0600
// or appended to, "-" for stderr, or "fd:N" for a descriptor that eph inherited. Close it
// after the last event.
func OpenLog(dest, run string, stderr *os.File, s *signals.Sink, o LogOptions) (*Log, error) {
	l := newLog(run, o)
	switch number, isFD := strings.CutPrefix(dest, "fd:"); {
	case dest == "-":
		l.w = stderr
	case isFD:
		fd, err := strconv.Atoi(number)
		if err != nil || fd < 0 {
			return nil, fail.Usage("--log: %q is not a descriptor", number).Place("--log "+dest, len("--log fd:"), len(number)).Advise("--log fd:3 3>run.ndjson")
		}
		var st syscall.Stat_t
		if err := syscall.Fstat(fd, &st); err != nil {
			return nil, fail.Usage("--log: descriptor %d is not open", fd).Advise("--log fd:3 3>run.ndjson")
		}
		syscall.CloseOnExec(fd)
		l.w = os.NewFile(uintptr(fd), dest)
	default:
		l.name = dest
		if err := l.open(); err != nil {
			return nil, err
		}
	}
	l.watch(s)
	return l, nil
}

// open opens the file. Every write goes to where it ends then, so that there is no hole in it after
// somebody has cut it off.
func (l *Log) open() error {
	f, err := os.OpenFile(l.name, os.O_WRONLY|os.O_CREATE|os.O_APPEND|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return fail.File("--log", err)
	}
	l.w, l.close = f, f.Close
	return nil
}

// Reopen has the lines from now on written to a new file of the same name, after somebody has
// renamed the old one. No line is lost, or in both. With an error the log goes on where it was.
func (l *Log) Reopen() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.name == "":
		return fail.Own("the log of this run is not a file that can be reopened").Advise("--log run.ndjson")
	case l.err != nil:
		return fail.File("--log", l.err)
	case l.over:
		return fail.Own("the run has ended")
	}
	was := l.close
	if err := l.open(); err != nil {
		return err
	}
	if err := was(); err != nil { // of lines that stand there, or not
		l.err = err
		return fail.File("--log", err)
	}
	return nil
}

// LogTo is OpenLog for a journal, which gets one Write for each line and is closed with the
// log. Its errors say themselves where they are from.
func LogTo(w io.WriteCloser, run string, s *signals.Sink, o LogOptions) *Log {
	l := newLog(run, o)
	l.w, l.close, l.named = w, w.Close, true
	l.watch(s)
	return l
}

func newLog(run string, o LogOptions) *Log {
	if o.Level == "" {
		o.Level = event.Info
	}
	l := &Log{o: o, close: func() error { return nil }}
	l.encoder = encoder{format: o.Format, redact: o.Redact, sealed: o.Sealed, run: run, began: time.Now()}
	return l
}

func (l *Log) watch(s *signals.Sink) { l.cancel = s.Subscribe(signals.MustCompile("*"), l.write) }

func (l *Log) write(e signals.Event) {
	if !l.o.shows(e.Name) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil || l.over {
		return
	}
	l.over = e.Name == event.RunFinished
	var line []byte
	if line, l.err = l.encoder.line(e); l.err == nil {
		_, l.err = l.w.Write(line)
	}
}

// Close ends the log and returns its first error.
func (l *Log) Close() error {
	l.cancel()
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.close(); l.err == nil {
		l.err = err
	}
	if l.err != nil && !l.named {
		return fail.File("--log", l.err)
	}
	return l.err
}

// Err is the first error of the log so far.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}
