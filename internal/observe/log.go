// Package observe holds those who watch the signals of a run and only look: the event log
// and the summary.
package observe

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/pkg/signals"
)

// logVersion is that of the format of a line. Within one version fields and names may be
// added, and nothing is renamed or changes its unit.
const logVersion = 1

// Log writes every signal of a run as a line of JSON: one write for each line, in order, with
// no gap in its counter n.
type Log struct {
	mu     sync.Mutex
	w      io.Writer
	close  func() error
	run    string
	began  time.Time
	n      int64
	buf    bytes.Buffer
	err    error // the first failure; nothing is written after it
	cancel func()
}

// line is what every line has, before the fields of its event.
type line struct {
	V     int           `json:"v"`
	Time  string        `json:"ts"`
	T     event.Seconds `json:"t_s"`
	Run   string        `json:"run"`
	N     int64         `json:"n"`
	Event string        `json:"event"`
	Level event.Level   `json:"level"`
	*event.Fields
}

// OpenLog starts a log of the events of a sink. dest is a file, which is made with mode 0600
// or appended to, "-" for stderr, or "fd:N" for a descriptor that eph inherited. Close it
// after the last event.
func OpenLog(dest, run string, stderr *os.File, s *signals.Sink) (*Log, error) {
	l := &Log{run: run, began: time.Now(), close: func() error { return nil }}
	switch number, isFD := strings.CutPrefix(dest, "fd:"); {
	case dest == "-":
		l.w = stderr
	case isFD:
		fd, err := strconv.Atoi(number)
		if err != nil || fd < 0 {
			return nil, fail.Usage("--log: %q is no descriptor", number).Place("--log "+dest, len("--log fd:"), len(number)).Advise("--log fd:3 3>run.ndjson")
		}
		var st syscall.Stat_t
		if err := syscall.Fstat(fd, &st); err != nil {
			return nil, fail.Usage("--log: descriptor %d is not open", fd).Advise("--log fd:3 3>run.ndjson")
		}
		syscall.CloseOnExec(fd)
		l.w = os.NewFile(uintptr(fd), dest)
	default:
		f, err := os.OpenFile(dest, os.O_WRONLY|os.O_CREATE|os.O_APPEND|syscall.O_NOFOLLOW, 0o600)
		if err != nil {
			return nil, fail.Own("--log: %w", err)
		}
		l.w, l.close = f, f.Close
	}
	l.cancel = s.Subscribe(signals.MustCompile("*"), l.write)
	return l, nil
}

func (l *Log) write(e signals.Event) {
	fields, _ := e.Value.(*event.Fields)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return
	}
	now := time.Now()
	l.buf.Reset()
	enc := json.NewEncoder(&l.buf)
	enc.SetEscapeHTML(false)
	l.err = enc.Encode(line{
		V: logVersion, Time: now.UTC().Format("2006-01-02T15:04:05.000000Z"), T: event.Seconds(now.Sub(l.began)),
		Run: l.run, N: l.n, Event: e.Name, Level: event.LevelOf(e.Name), Fields: fields,
	})
	if l.err == nil {
		_, l.err = l.w.Write(l.buf.Bytes())
	}
	l.n++
}

// Close ends the log and returns its first error.
func (l *Log) Close() error {
	l.cancel()
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.close(); l.err == nil {
		l.err = err
	}
	if l.err != nil {
		return fail.Own("--log: %w", l.err)
	}
	return nil
}

// Err is the first error of the log so far.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}
