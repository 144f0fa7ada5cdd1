package run

import (
	"strconv"
	"strings"
	"syscall"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/job"
	"golang.org/x/sys/unix"
)

// Ends is a set of ways in which a job can end: exit codes, and the ways other than an exit.
// The zero value is empty.
type Ends struct {
	codes   []codeRange
	signals []syscall.Signal // none with anySignal
	timeout bool
	signal  bool // any signal
	start   bool
	any     bool
}

type codeRange struct{ from, to int }

const endsForm = "1..5,75,timeout,signal,signal:KILL,start,any"

// ParseEnds reads a list such as 1..5,75,timeout,signal:KILL,start,any. The name of the flag
// goes into the error.
func ParseEnds(flag, text string) (Ends, error) {
	var e Ends
	at := 0
	for part := range strings.SplitSeq(text, ",") {
		if why := e.add(part); why != "" {
			return Ends{}, fail.Usage("%s: %s", flag, why).Place(text, at, len(part)).Advise("%s %s", flag, endsForm)
		}
		at += len(part) + 1
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
		s := SignalNamed(name)
		if s == 0 {
			return strconv.Quote(name) + " is not a signal"
		}
		e.signals = append(e.signals, s)
		return ""
	}
	low, high, isRange := strings.Cut(part, "..")
	if !isRange {
		high = low
	}
	from, err1 := strconv.Atoi(low)
	to, err2 := strconv.Atoi(high)
	if err1 != nil || err2 != nil || from < 0 || to > 255 || from > to {
		return strconv.Quote(part) + " is not an exit code, range of codes, or way to end"
	}
	e.codes = append(e.codes, codeRange{from, to})
	return ""
}

// SignalNamed returns a signal by its name, with or without SIG, or by its number, and 0 for
// anything else.
func SignalNamed(name string) syscall.Signal {
	if n, err := strconv.Atoi(name); err == nil {
		if n > 0 && n < 65 {
			return syscall.Signal(n)
		}
		return 0
	}
	return unix.SignalNum("SIG" + strings.TrimPrefix(strings.ToUpper(name), "SIG"))
}

// Empty reports whether no end is in the set.
func (e *Ends) Empty() bool {
	return len(e.codes) == 0 && len(e.signals) == 0 && !e.timeout && !e.signal && !e.start && !e.any
}

// Has reports whether a job that ended like this is in the set. A job that eph itself
// cancelled is in none.
func (e *Ends) Has(r *job.Result) bool {
	switch r.End {
	case job.Exited:
		for _, c := range e.codes {
			if c.from <= r.Code && r.Code <= c.to {
				return true
			}
		}
		return e.any && r.Code != 0
	case job.Signalled:
		for _, s := range e.signals {
			if s == r.Signal {
				return true
			}
		}
		return e.signal || e.any
	case job.TimedOut:
		return e.timeout || e.any
	case job.NotStarted:
		return e.start || e.any
	}
	return false
}
