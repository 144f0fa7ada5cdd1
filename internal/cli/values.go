package cli

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/run"
	"github.com/mostlylucid/eph/internal/value"
)

// parseShare reads a percentage as a share of one.
func parseShare(s string) (float64, error) {
	if s == "0" {
		return 0, nil
	}
	p, err := value.Percent(s)
	return p / 100, err
}

// parseSeed reads the value of --shuf. Without one it is left to chance.
func parseSeed(s string) (uint64, error) {
	if s == randomSeed {
		return uint64(rand.Uint32()), nil
	}
	n, err := value.Count(s, 0, math.MaxInt64)
	return uint64(n), err
}

// parseBlock reads the size of a block.
func parseBlock(s string) (int, error) {
	n, err := value.Positive(value.Size(s))
	if err == nil && n > 1<<30 {
		err = fmt.Errorf("%s is more than a block can hold, which is 1G", s)
	}
	return int(n), err
}

// parseComma reads what stands between the fields of CSV.
func parseComma(s string) (byte, error) {
	c, err := item.ParseDelimiter(s)
	if err == nil && (len(c) != 1 || c[0] >= 0x80 || strings.Contains("\"\r\n\x00", c)) {
		err = fmt.Errorf("%q is not a single character that can separate fields", s)
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
		return run.Assignment{}, fmt.Errorf("%q is not NAME=VALUE", s)
	}
	return run.Assignment{Name: name, Value: value}, nil
}

// mostLanes is how many lanes a coordinator has room for, and mostWeight the weight from
// which on a lane should rather be strict.
const (
	mostLanes  = 64
	mostWeight = 1_000_000
)

// parseLanes reads gold:4,silver:2,bronze:1. name:! is strict, and so are bare names where
// there is no weight at all; else a bare name weighs 1.
func parseLanes(s string) ([]run.Lane, error) {
	var lanes []run.Lane
	var bare []int
	seen := map[string]bool{}
	for at, part := range value.List(s) {
		name, weight, given := strings.Cut(part, ":")
		bad := func(format string, args ...any) ([]run.Lane, error) {
			return nil, fail.Usage("--lanes: "+format, args...).Place(s, at, len(part))
		}
		l := run.Lane{Name: name}
		switch {
		case name == "":
			return bad("a lane has no name")
		case seen[name]:
			return bad("the lane %q is listed twice", name)
		case !given:
			bare = append(bare, len(lanes))
		case weight != "!":
			n, err := value.Count(weight, 1, mostWeight)
			if err != nil {
				return bad("the weight of %s: %s", name, err)
			}
			l.Weight = int(n)
		}
		seen[name] = true
		lanes = append(lanes, l)
	}
	if len(lanes) > mostLanes {
		return nil, fmt.Errorf("there can be at most %d lanes, but these are %d", mostLanes, len(lanes))
	}
	if len(bare) < len(lanes) {
		for _, i := range bare {
			lanes[i].Weight = 1
		}
	}
	return lanes, nil
}
