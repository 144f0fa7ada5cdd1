package parallel

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mostlylucid/eph/internal/run"
)

// prefixes of numbers: capital letters and those with an i count by 1024, the others by 1000.
var prefixes = "kmgtpe"

// number reads a whole number with prefixes, as many as there are: 2Ki, 10M, 5k.
func number(s string) (int, error) {
	digits := leadingNumber(s)
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number", s)
	}
	for rest := s[len(digits):]; rest != ""; {
		power := strings.IndexByte(prefixes, rest[0]|0x20) + 1
		base := int64(1000)
		if rest[0] < 'a' {
			base = 1024
		}
		rest = rest[1:]
		if strings.HasPrefix(rest, "i") {
			base, rest = 1024, rest[1:]
		}
		if power == 0 {
			return 0, fmt.Errorf("%q is not a number; it can end in K, M or G", s)
		}
		for range power {
			if n > math.MaxInt64/base {
				return 0, fmt.Errorf("%s is too large", s)
			}
			n *= base
		}
	}
	return int(n), nil
}

var timeForm = regexp.MustCompile(`^(?i:[0-9]*\.?[0-9]+[smhd]?)`)

// duration reads a time: 2.5, 100s, 1.5m, 1d3h.
func duration(s string) (time.Duration, error) {
	sum := 0.0
	for rest := s; rest != "" || s == ""; {
		part := timeForm.FindString(rest)
		if part == "" {
			return 0, fmt.Errorf("%q is not a duration", s)
		}
		rest = rest[len(part):]
		unit := 1.0
		switch part[len(part)-1] | 0x20 {
		case 'm':
			unit = 60
		case 'h':
			unit = 3600
		case 'd':
			unit = 24 * 3600
		}
		n, err := strconv.ParseFloat(strings.TrimRight(part, "smhdSMHD"), 64)
		if err != nil {
			return 0, fmt.Errorf("%q is not a duration", s)
		}
		sum += n * unit
	}
	if sum > math.MaxInt64/float64(time.Second) {
		return 0, fmt.Errorf("%s is too large", s)
	}
	return time.Duration(sum * float64(time.Second)), nil
}

var escapeForm = regexp.MustCompile(`\\(?:[trn'"\\]|[0-7]{3}|[0-9])`)

// unescape reads \t \n \r, \NNN and \N as bytes, and leaves everything else as it is.
func unescape(s string) string {
	return escapeForm.ReplaceAllStringFunc(s, func(e string) string {
		switch e[1] {
		case 't':
			return "\t"
		case 'n':
			return "\n"
		case 'r':
			return "\r"
		case '\'', '"', '\\':
			return e[1:]
		}
		n, err := strconv.ParseUint(e[1:], 8, 8)
		if err != nil {
			return e
		}
		return string([]byte{byte(n)})
	})
}

// oldHalts are the values of --halt from before it had words.
var oldHalts = map[string]string{
	"0": "never", "1": "soon,fail=1", "2": "now,fail=1", "-1": "soon,success=1", "-2": "now,success=1",
}

var haltPercent = regexp.MustCompile(`^[0-9]+%$`)

// Halt is a value of --halt in words: when, what and how many, or never.
func Halt(s string) string {
	if long, ok := oldHalts[s]; ok {
		return long
	}
	if haltPercent.MatchString(s) {
		return "soon,fail=" + s
	}
	return s
}

// parseHalt reads the value of --halt. A percentage is of all jobs.
func parseHalt(s string) (run.Halt, error) {
	s = Halt(s)
	words := strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == '=' })
	if len(words) == 0 || words[0] != "never" && len(words) < 3 {
		return run.Halt{}, errors.New("it says when, what and how many: now,fail=1")
	}
	if words[0] == "never" {
		return run.Halt{}, nil
	}
	h, err := run.ParseHalt(words[0] + "," + words[1] + "=" + words[2])
	h.At.OfAll = h.At.Percent > 0
	return h, err
}

// TermSequence is that of eph for one of GNU parallel, whose times are milliseconds.
func TermSequence(s string) string {
	words := strings.Split(s, ",")
	for i, w := range words {
		if isNumber(w) {
			words[i] = w + "ms"
		}
	}
	return strings.Join(words, ",")
}
