package value

import (
	"cmp"
	"errors"
	"math"
	"strings"
	"time"
)

// Duration reads a time: Go's units, behind a number of days if there are any, as in 500ms,
// 1m30s and 1d12h. A number alone is seconds, as for sleep(1).
func Duration(s string) (time.Duration, error) {
	text := s
	if _, err := Decimal(s); err == nil {
		text += "s"
	}
	days, rest, hasDays := strings.Cut(text, "d")
	if !hasDays {
		days, rest = "0", text
	}
	_, err1 := Decimal(days)
	hours, err2 := time.ParseDuration(days + "h")
	more, err3 := time.ParseDuration("0s" + rest) // behind a unit there is no sign
	switch {
	case strings.HasPrefix(s, "-"):
		return 0, errors.New("a time cannot be negative")
	case s == "", cmp.Or(err1, err2, err3) != nil, hours > math.MaxInt64/24, more > math.MaxInt64-24*hours:
		return 0, notA("duration", s)
	}
	return 24*hours + more, nil
}
