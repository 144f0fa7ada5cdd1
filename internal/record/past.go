package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/mostlylucid/eph/internal/event"
)

// Past is what a journal says of the run that the next one goes on with: one that began anew
// and all that resumed it.
//
// An item has its end when the line of it says so and what its job wrote was delivered: a line
// with held counts from its job.delivered on, and one that failed because its output could not
// be written not at all.
type Past struct {
	Run     string        // id of the last run; "" if there is none
	Lines   int64         // that it wrote
	PID     int           // of its process
	Typed   []string      // its command
	Journal event.Journal // what its first line says

	Known       int64 // items read
	Done        int64 // of those, succeeded
	Failed      int64 // of those, failed for good
	Interrupted int64 // started or not delivered when the last run ended without its last line
	Closed      bool  // an input was read to its end

	from   int64 // where the run that began anew begins
	marks  marks
	over   bool // its last line was read
	flight map[int64]flight
}

// Flies reports whether the last run ended, without its last line, in the middle of an item, by the
// number that the item had in that run.
func (p *Past) Flies(seq int64) bool {
	_, ok := p.flight[seq]
	return ok && !p.over
}

// flight is an item between its first and its last line.
type flight struct {
	digest event.Digest
	end    string // with held, the event that it ended with
}

// Fate is what a journal says of an item.
type Fate uint8

// The fates.
const (
	FateUnknown    Fate = iota // the journal has no such item
	FateDone                   // it succeeded
	FateFailed                 // it failed for good
	FateUnfinished             // it was read, and has no end
)

// Take says what became of an item, and takes it out: of several with the same content, each
// is taken once.
func (p *Past) Take(d event.Digest) Fate {
	m := p.marks.at(d)
	switch {
	case m == nil || m.known == 0:
		return FateUnknown
	case m.done > 0:
		m.known--
		m.done--
		return FateDone
	case m.failed > 0:
		m.known--
		m.failed--
		return FateFailed
	}
	m.known--
	return FateUnfinished
}

// Left is how many items nobody has taken.
func (p *Past) Left() (n int64) {
	p.marks.each(func(m *mark) { n += int64(m.known) })
	return n
}

// takeFailed is Take for one that failed, and reports whether there is one.
func (p *Past) takeFailed(d event.Digest) bool {
	m := p.marks.at(d)
	if m == nil || m.failed == 0 {
		return false
	}
	m.known--
	m.failed--
	return true
}

// line takes in the line at byte at, which is sealed. Its error says why the line cannot be one
// of a journal here.
func (p *Past) line(line []byte, at int64) error {
	id, n, name := field(line, `"run":"`), number(line, `"n":`), string(field(line, `"event":"`))
	if name == event.RunStarted {
		if n != 0 {
			return errors.New("a run begins in the middle")
		}
		return p.begin(line, at)
	}
	switch {
	case p.Run == "" || string(id) != p.Run:
		return errors.New("it belongs to a run whose beginning is not here")
	case n != p.Lines:
		return fmt.Errorf("line %d of its run is missing", p.Lines)
	case p.over:
		return errors.New("its run had already ended")
	}
	p.Lines++
	switch name {
	case event.RunFinished:
		p.over = true
	case event.InputClosed:
		p.Closed = true
	case event.JobQueued, event.JobStarted, event.JobSucceeded, event.JobFailed, event.JobSkipped, event.JobCancelled, event.JobDelivered:
		return p.item(line, name)
	}
	return nil
}

// begin takes in the first line of a run.
func (p *Past) begin(line []byte, at int64) error {
	var first struct {
		Run     string         `json:"run"`
		Command []string       `json:"command"`
		PID     int            `json:"pid"`
		Journal *event.Journal `json:"journal"`
	}
	if err := json.Unmarshal(line, &first); err != nil {
		return err
	}
	j := first.Journal
	switch {
	case first.Run == "" || j == nil:
		return errors.New("its run was not recorded so that another could resume it")
	case j.Version != event.JournalVersion:
		return fmt.Errorf("its format is version %d, but this eph knows version %d", j.Version, event.JournalVersion)
	case j.Resumes == "":
		*p = Past{from: at}
	case j.Resumes != p.Run:
		return fmt.Errorf("its run resumes run %q, which is not the one before it", j.Resumes)
	case j.Lines != p.Lines:
		return fmt.Errorf("its run resumes from %d lines of the one before it, but %d are here", j.Lines, p.Lines)
	}
	p.Run, p.PID, p.Typed, p.Journal = first.Run, first.PID, first.Command, *j
	p.Lines, p.over, p.flight = 1, false, make(map[int64]flight)
	return nil
}

// item takes in a line about an item.
func (p *Past) item(line []byte, name string) error {
	seq := number(line, `"seq":`)
	f, flying := p.flight[seq]
	if name == event.JobDelivered {
		if !flying || f.end == "" {
			return errors.New("it delivers an item that had not ended")
		}
		delete(p.flight, seq)
		return p.end(f.digest, f.end)
	}
	var d event.Digest
	if text := field(line, `"digest":"`); text == nil {
		return errors.New("it does not say which item it is about")
	} else if err := d.UnmarshalText(text); err != nil {
		return err
	} else if d == (event.Digest{}) {
		return errors.New("no item has that digest")
	}
	was := event.Was(field(line, `"was":"`))
	if name == event.JobQueued {
		if was == "" {
			p.marks.add(d).known++
			p.Known++
		}
		return nil
	}
	if p.marks.at(d) == nil {
		return errors.New("its item was never read")
	}
	first := number(line, `"attempt":`) == 1 && name == event.JobStarted
	if was == event.WasFailed && (first || !flying && (name == event.JobSucceeded || name == event.JobFailed)) {
		m := p.marks.at(d)
		if m.failed == 0 {
			return errors.New("its item had not failed before")
		}
		m.failed--
		p.Failed--
	}
	switch {
	case name == event.JobStarted:
		p.flight[seq] = flight{digest: d}
		return nil
	case bytes.Contains(line, []byte(`,"held":true`)):
		p.flight[seq] = flight{d, name}
		return nil
	}
	delete(p.flight, seq)
	if name == event.JobFailed && event.Reason(field(line, `"reason":"`)) == event.ReasonOutput {
		return nil
	}
	return p.end(d, name)
}

// end counts an item that has its end.
func (p *Past) end(d event.Digest, name string) error {
	m := p.marks.at(d)
	ends := name == event.JobSucceeded || name == event.JobFailed
	if ends && m.done+m.failed >= m.known {
		return errors.New("its item ended more often than it was read")
	}
	switch name {
	case event.JobSucceeded:
		m.done++
		p.Done++
	case event.JobFailed:
		m.failed++
		p.Failed++
	}
	return nil
}

// finish is told that there are no more lines.
func (p *Past) finish() { p.Interrupted = int64(len(p.flight)) }

// field returns the text of a field of a sealed line, or nil if the line has no such field. name is
// everything that precedes the text, as in `"run":"`. A sealed line is exactly as the encoder wrote
// it: quotes within a text are escaped, so nothing in an item can be mistaken for a field.
func field(line []byte, name string) []byte {
	i := bytes.Index(line, []byte(name))
	if i < 0 {
		return nil
	}
	rest := line[i+len(name):]
	end := bytes.IndexByte(rest, '"')
	return rest[:max(end, 0)]
}

// number does the same for a numeric field; it returns -1 if there is none.
func number(line []byte, name string) int64 {
	i := bytes.Index(line, []byte(name))
	if i < 0 {
		return -1
	}
	rest := line[i+len(name):]
	end := slices.IndexFunc(rest, func(b byte) bool { return b < '0' || b > '9' })
	n, err := strconv.ParseInt(string(rest[:max(end, 0)]), 10, 64)
	if err != nil {
		return -1
	}
	return n
}
