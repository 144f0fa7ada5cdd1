package run

import (
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/internal/value"
)

// Ends is a set of ways in which a job can end: exit codes, and the ways other than an exit.
// The zero value is empty.
type Ends struct {
	codes   value.Codes
	signals []syscall.Signal // none with anySignal
	timeout bool
	signal  bool // any signal
	start   bool
	any     bool
	text    string // as it was given
}

const endsForm = "1..5,75,timeout,signal,signal:KILL,start,any"

// ParseEnds reads a list such as 1..5,75,timeout,signal:KILL,start,any. The name of the flag
// goes into the error.
func ParseEnds(flag, text string) (Ends, error) {
	e := Ends{text: text}
	for at, part := range value.List(text) {
		if why := e.add(part); why != "" {
			return Ends{}, fail.Usage("%s: %s", flag, why).Place(text, at, len(part)).Advise("%s %s", flag, endsForm)
		}
	}
	return e, nil
}

// add takes one element in, or says what is wrong with it.
func (e *Ends) add(part string) string {
	switch part {
	case "":
		return "an element is empty"
	case "timeout":
		e.timeout = true
		return ""
	case "signal":
		e.signal = true
		return ""
	case "start":
		e.start = true
		return ""
	case "any":
		e.any = true
		return ""
	}
	if name, ok := strings.CutPrefix(part, "signal:"); ok {
		s, err := value.Signal(name)
		if err != nil {
			return err.Error()
		}
		e.signals = append(e.signals, s)
		return ""
	}
	if e.codes.Add(part) != nil {
		return strconv.Quote(part) + " is neither an exit code, a range of codes nor a kind of ending"
	}
	return ""
}

// String is the set as it was given.
func (e *Ends) String() string { return e.text }

// Empty reports whether no end is in the set.
func (e *Ends) Empty() bool {
	return len(e.codes) == 0 && len(e.signals) == 0 && !e.timeout && !e.signal && !e.start && !e.any
}

// Has reports whether a job that ended like this is in the set. A job that eph itself
// cancelled is in none.
func (e *Ends) Has(r *job.Result) bool {
	switch r.End {
	case job.Exited:
		return e.codes.Has(r.Code) || e.any && r.Code != 0
	case job.Signalled:
		return slices.Contains(e.signals, r.Signal) || e.signal || e.any
	case job.TimedOut:
		return e.timeout || e.any
	case job.NotStarted:
		return e.start || e.any
	}
	return false
}
