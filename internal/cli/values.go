package cli

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/run"
)

// parseDuration reads a time: Go's units and d for days, a bare number being seconds, as for
// sleep(1).
func parseDuration(s string) (time.Duration, error) {
	days, rest, hasDays := strings.Cut(s, "d")
	if !hasDays {
		return bareSeconds(s)
	}
	if _, err := parseDecimal(days); err != nil {
		return 0, notA("duration", s)
	}
	hours, err := time.ParseDuration(days + "h")
	if err != nil || hours > math.MaxInt64/24 {
		return 0, notA("duration", s)
	}
	if rest == "" {
		return hours * 24, nil
	}
	more, err := time.ParseDuration(rest)
	if err != nil || more < 0 || hours*24 > math.MaxInt64-more {
		return 0, notA("duration", s)
	}
	return hours*24 + more, nil
}

func bareSeconds(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		d, err = time.ParseDuration(s + "s")
	}
	if err != nil {
		return 0, notA("duration", s)
	}
	if d < 0 {
		return 0, errors.New("a time cannot be negative")
	}
	return d, nil
}

var sizeUnits = map[string]int64{
	"": 1, "B": 1,
	"K": 1 << 10, "KIB": 1 << 10, "KB": 1e3,
	"M": 1 << 20, "MIB": 1 << 20, "MB": 1e6,
	"G": 1 << 30, "GIB": 1 << 30, "GB": 1e9,
	"T": 1 << 40, "TIB": 1 << 40, "TB": 1e12,
}

// parseSize reads a number of bytes as the GNU tools do: K and KiB are 1024, KB is 1000.
func parseSize(s string) (int64, error) {
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	n, err := strconv.ParseInt(s[:digits], 10, 64)
	unit, ok := sizeUnits[strings.ToUpper(s[digits:])]
	switch {
	case errors.Is(err, strconv.ErrRange) || err == nil && ok && n > math.MaxInt64/unit:
		return 0, fmt.Errorf("%s is more than can be counted", s)
	case err != nil || !ok:
		return 0, notA("size", s)
	}
	return n * unit, nil
}

// parseShare reads a percentage as a share of one.
func parseShare(s string) (float64, error) {
	p, ok := strings.CutSuffix(s, "%")
	f, err := parseDecimal(p)
	if err != nil || f > 100 || !ok && f != 0 {
		return 0, fmt.Errorf("%q is not a percentage between 0%% and 100%%", s)
	}
	return f / 100, nil
}

// parseDecimal reads digits with one point at most: no sign, no exponent, no infinity.
func parseDecimal(s string) (float64, error) {
	if strings.Trim(s, "0123456789.") != "" {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(s, 64)
}

// parseCount reads a whole number that is at least least.
func parseCount(s string, least int64) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("%s is more than can be counted", s)
	case err != nil:
		return 0, notA("whole number", s)
	case n < least:
		return 0, fmt.Errorf("it has to be at least %d", least)
	}
	return n, nil
}

// parseSeed reads the value of --shuf. Without one it is left to chance.
func parseSeed(s string) (uint64, error) {
	if s == randomSeed {
		return uint64(rand.Uint32()), nil
	}
	n, err := parseCount(s, 0)
	return uint64(n), err
}

// parseBlock reads the size of a block.
func parseBlock(s string) (int, error) {
	n, err := parseSize(s)
	switch {
	case err == nil && n < 1:
		err = errors.New("a block has at least one byte")
	case err == nil && n > 1<<30:
		err = fmt.Errorf("%s is more than a block can have, which is 1G", s)
	}
	return int(n), err
}

// parseComma reads what stands between the fields of CSV.
func parseComma(s string) (byte, error) {
	c, err := item.ParseDelimiter(s)
	if err == nil && (len(c) != 1 || c[0] >= 0x80 || strings.Contains("\"\r\n\x00", c)) {
		err = fmt.Errorf("%q is not a single character that can stand between fields", s)
	}
	if err != nil {
		return 0, err
	}
	return c[0], nil
}

// parseAssignment reads NAME=TEMPLATE.
func parseAssignment(s string) (run.Assignment, error) {
	name, value, ok := strings.Cut(s, "=")
	if !ok || name == "" {
		return run.Assignment{}, fmt.Errorf("%q gives no variable a value", s)
	}
	return run.Assignment{Name: name, Value: value}, nil
}

// mostLanes is how many lanes a coordinator has room for, and mostWeight the weight from
// which on a lane should rather be strict.
const (
	mostLanes  = 64
	mostWeight = 1_000_000
)

// laneError is what is wrong with one lane of a list.
type laneError struct {
	at, n int
	why   string
}

func (e *laneError) Error() string { return e.why }

// parseLanes reads gold:4,silver:2,bronze:1. name:! is strict, and so are bare names where
// there is no weight at all; else a bare name weighs 1.
func parseLanes(s string) ([]run.Lane, error) {
	var lanes []run.Lane
	var bare []int
	seen := map[string]bool{}
	at := 0
	for part := range strings.SplitSeq(s, ",") {
		name, weight, given := strings.Cut(part, ":")
		bad := func(format string, args ...any) ([]run.Lane, error) {
			return nil, &laneError{at, len(part), fmt.Sprintf(format, args...)}
		}
		l := run.Lane{Name: name}
		switch {
		case name == "":
			return bad("a lane has no name")
		case seen[name]:
			return bad("the lane %q is there twice", name)
		case !given:
			bare = append(bare, len(lanes))
		case weight != "!":
			n, err := parseCount(weight, 1)
			if err != nil || n > mostWeight {
				return bad("%q is not a weight from 1 to %d", weight, mostWeight)
			}
			l.Weight = int(n)
		}
		seen[name] = true
		lanes = append(lanes, l)
		at += len(part) + 1
	}
	if len(lanes) > mostLanes {
		return nil, fmt.Errorf("there can be %d lanes, and here are %d", mostLanes, len(lanes))
	}
	if len(bare) < len(lanes) {
		for _, i := range bare {
			lanes[i].Weight = 1
		}
	}
	return lanes, nil
}

func notA(what, s string) error { return fmt.Errorf("%q is not a %s", s, what) }
