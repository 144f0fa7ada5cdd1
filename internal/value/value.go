// Package value reads the small things that flags, rules and lines of jobs are made of:
// numbers, times, sizes, signals of the system and exit codes. Each has one grammar, wherever it
// stands. An error says what is wrong with the text and no more; whoever has the flag adds its
// name, the place and a remedy.
package value

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"strconv"
	"strings"
	"time"
)

// Count reads a whole number from least to most. math.MaxInt or more is no upper bound.
func Count(s string, least, most int64) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, tooMuch(s)
	case err != nil || s[0] == '+':
		return 0, notA("whole number", s)
	case n >= least && n <= most:
		return n, nil
	case most >= math.MaxInt:
		return 0, fmt.Errorf("must be at least %d", least)
	}
	return 0, fmt.Errorf("must be from %d to %d", least, most)
}

// Decimal reads digits with one point at most: no sign, no exponent, no infinity.
func Decimal(s string) (float64, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || strings.Trim(s, "0123456789.") != "" {
		return 0, notA("number", s)
	}
	return f, nil
}

// Percent reads a percentage from 0% to 100%, with its sign.
func Percent(s string) (float64, error) {
	digits, ok := strings.CutSuffix(s, "%")
	f, err := Decimal(digits)
	if !ok || err != nil || f > 100 {
		return 0, fmt.Errorf("%q is not a percentage between 0%% and 100%%", s)
	}
	return f, nil
}

// Positive refuses a zero, where it would mean nothing: Positive(Duration("0s")).
func Positive[T int64 | float64 | time.Duration](x T, err error) (T, error) {
	if err == nil && x <= 0 {
		err = errors.New("must be more than 0")
	}
	return x, err
}

// List yields what stands between the commas of a text, and where each begins.
func List(s string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		at := 0
		for part := range strings.SplitSeq(s, ",") {
			if !yield(at, part) {
				return
			}
			at += len(part) + 1
		}
	}
}

func notA(what, s string) error { return fmt.Errorf("%q is not a %s", s, what) }

func tooMuch(s string) error { return fmt.Errorf("%s is too large", s) }
