// Package record writes the records that a run leaves behind: the journal, the failed items, results.
package record

import (
	"bufio"
	"sync"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/pkg/signals"
)

// Failed writes the items that failed, in this run or in one that it resumes, and those that
// were skipped because an earlier one of their key did, in the format of the input, so that a run over the file does them again.
type Failed struct {
	mu        sync.Mutex
	f         *published
	w         *bufio.Writer
	delimiter string
	header    string
	listed    int64
	err       error
	cancel    func()
}

// OpenFailed watches the events of a sink until Close. Each item is followed by the
// delimiter; a header, if there is one, is written before the first of them.
//
// The file appears under its name, with mode 0600, when it is closed, so that it may also be
// the input of the run. What is not a regular file, a pipe for example, is written to at once.
func OpenFailed(name, delimiter, header string, s *signals.Sink) (*Failed, error) {
	r := &Failed{delimiter: delimiter, header: header}
	var err error
	if r.f, err = publish(name); err != nil {
		return nil, fail.Own("--failed: cannot write %s: %w", name, err)
	}
	r.w = bufio.NewWriter(r.f)
	r.cancel = s.Subscribe(signals.MustCompile(event.JobFailed+","+event.JobSkipped), r.write)
	return r, nil
}

func (r *Failed) write(e signals.Event) {
	f, ok := e.Value.(*event.Fields)
	if !ok || e.Name == event.JobSkipped && f.Reason != event.ReasonKey && f.Reason != event.ReasonFailed {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.header != "" {
		r.text(r.header)
		r.header = ""
	}
	r.text(f.Original)
	r.listed++
}

// Listed is how many items it holds.
func (r *Failed) Listed() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.listed
}

func (r *Failed) text(s string) {
	if r.err == nil {
		_, r.err = r.w.WriteString(s + r.delimiter)
	}
}

// Close writes what is left, gives the file its name, and returns the first error.
func (r *Failed) Close() error {
	r.cancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.w.Flush(); r.err == nil {
		r.err = err
	}
	if err := r.f.finish(r.err); err != nil {
		return fail.File("--failed", err)
	}
	return nil
}

// Discard ends it in place of Close, and leaves what had the name.
func (r *Failed) Discard() {
	r.cancel()
	r.f.discard()
}
