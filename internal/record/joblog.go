package record

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/value"
	"github.com/mostlylucid/eph/pkg/signals"
)

// Joblog writes a line for each item that was run, in the columns of GNU parallel's --joblog.
type Joblog struct {
	mu     sync.Mutex
	f      *os.File
	err    error
	cancel func()
}

// OpenJoblog watches the events of a sink until Close. With add the file is continued, and
// else begun anew.
func OpenJoblog(name string, add bool, s *signals.Sink) (*Joblog, error) {
	how := os.O_TRUNC
	if add {
		how = os.O_APPEND
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|unix.O_NOFOLLOW|how, 0o600)
	if err != nil {
		return nil, fail.File("--joblog", err)
	}
	l := &Joblog{f: f}
	if st, err := f.Stat(); err != nil || st.Size() == 0 {
		l.line("Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n")
	}
	l.cancel = s.Subscribe(signals.MustCompile(event.JobSucceeded+","+event.JobFailed), l.write)
	return l, nil
}

func (l *Joblog) write(e signals.Event) {
	f, ok := e.Value.(*event.Fields)
	if !ok || f.Attempt == 0 {
		return
	}
	exit := ExitVal(f.Exit, f.Reason == event.ReasonTimeout, f.Reason != event.ReasonStart)
	signal, _ := value.Signal(f.Signal) // none is 0
	began := 0.0
	if !f.Start.IsZero() {
		began = float64(f.Start.UnixMicro()) / 1e6
	}
	command := strings.ReplaceAll(f.Display, "\n", "\x00") // as parallel keeps it on a line
	l.line(fmt.Sprintf("%d\t:\t%.3f\t%10.3f\t%d\t%d\t%d\t%d\t%s\n",
		f.Seq, began, time.Duration(f.Wall).Seconds(), f.Sent, f.Stdout, exit, signal, command))
}

// line writes a line at once, so that the file is of use after any end of eph.
func (l *Joblog) line(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		_, l.err = l.f.WriteString(s)
	}
}

// Close ends the log and returns its first error.
func (l *Joblog) Close() error {
	l.cancel()
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.f.Close(); l.err == nil {
		l.err = err
	}
	if l.err != nil {
		return fail.File("--joblog", l.err)
	}
	return nil
}
