package run

import (
	"errors"
	"math"
	"strings"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/value"
)

// Halt is a goal or a limit at which a run ends early. The zero Halt never does.
type Halt struct {
	Now  bool // end the running jobs too
	What Count
	At   Amount
	Flag string // as which it was asked for; "" is --halt
}

// Count is what a Halt counts.
type Count uint8

// What a Halt may count.
const (
	CountNothing Count = iota
	CountFail
	CountSuccess
	CountDone
)

// Amount is a number of items, or a share of those that have ended.
type Amount struct {
	N       int
	Percent float64
	OfAll   bool // Percent is of all items, for which the whole input is read first
}

// Halted is how a run stood when --halt ended it.
type Halted struct {
	Counts event.Counts
	Total  int64 // items in all, with a percentage of them
	Status int   // of the job that was the last
}

// fewest is how many items of the counted kind it takes before a percentage means anything.
const fewest = 3

// reached reports whether n of total has come to the amount.
func (a Amount) reached(n, total int64) bool {
	if a.OfAll {
		return float64(n)*100 >= a.Percent*float64(total)
	}
	if a.Percent > 0 {
		return n >= fewest && float64(n)*100 >= a.Percent*float64(total)
	}
	return n >= int64(a.N)
}

// exceeded reports whether n of total is more than the amount.
func (a Amount) exceeded(n, total int64) bool {
	if a.Percent > 0 {
		return n >= fewest && float64(n)*100 > a.Percent*float64(total)
	}
	return n > int64(a.N)
}

const haltForm = "--halt soon,fail=1   (now|soon, then fail|success|done, then = and a number or a percentage)"

// ParseHalt reads the value of --halt.
func ParseHalt(text string) (Halt, error) {
	bad := func(at, n int, format string, args ...any) (Halt, error) {
		return Halt{}, fail.Usage("--halt: "+format, args...).Place(text, at, n).Advise("%s", haltForm)
	}
	if text == "never" || text == "0" {
		return Halt{}, nil
	}
	when, rest, ok := strings.Cut(text, ",")
	if !ok {
		return bad(len(text), 1, "what to count is missing")
	}
	var h Halt
	switch when {
	case "now":
		h.Now = true
	case "soon":
	default:
		return bad(0, len(when), "%q is neither now nor soon", when)
	}
	what, amount, ok := strings.Cut(rest, "=")
	at := len(when) + 1
	switch what {
	case "fail":
		h.What = CountFail
	case "success":
		h.What = CountSuccess
	case "done":
		h.What = CountDone
	default:
		return bad(at, len(what), "%q is not fail, success or done", what)
	}
	if !ok {
		h.At.N = 1
		return h, nil
	}
	a, err := ParseAmount(amount)
	if err == nil && a == (Amount{}) {
		err = errors.New("must be at least 1")
	}
	if err != nil {
		return bad(at+len(what)+1, len(amount), "%s", err)
	}
	h.At = a
	return h, nil
}

// ParseAmount reads a number of items or a percentage.
func ParseAmount(text string) (Amount, error) {
	if strings.HasSuffix(text, "%") {
		p, err := value.Positive(value.Percent(text))
		return Amount{Percent: p}, err
	}
	n, err := value.Count(text, 0, math.MaxInt)
	return Amount{N: int(n)}, err
}
