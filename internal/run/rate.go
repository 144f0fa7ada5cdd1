package run

import (
	"strconv"
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/value"
)

// Rate is how many starts there may be in a time. The zero Rate is no limit.
type Rate struct {
	PerSecond float64
	Burst     int // starts that may be made up for after a pause; at least 1
}

// String is the rate as ParseRate reads it.
func (r Rate) String() string {
	if r == (Rate{}) {
		return "unlimited"
	}
	n, unit := r.PerSecond, "s"
	switch {
	case n*60 < 1:
		n, unit = n*3600, "h"
	case n < 1:
		n, unit = n*60, "m"
	}
	text := strconv.FormatFloat(n, 'g', 4, 64) + "/" + unit
	if r.Burst > 1 {
		text += "," + strconv.Itoa(r.Burst)
	}
	return text
}

const rateForm = "--rate 50/s   (a number, then /s, /m, /h or a time as in 10/5s, then optionally ,BURST)"

// ParseRate reads the value of --rate: 50/s, 30/m, 100/h or 10/5s, with ,BURST perhaps.
func ParseRate(text string) (Rate, error) {
	bad := func(at, n int, format string, args ...any) (Rate, error) {
		return Rate{}, fail.Usage("--rate: "+format, args...).Place(text, at, n).Advise("%s", rateForm)
	}
	main, burst, hasBurst := strings.Cut(text, ",")
	number, unit, ok := strings.Cut(main, "/")
	if !ok {
		return bad(len(main), 1, "a time is missing after the number")
	}
	n, err := value.Positive(value.Decimal(number))
	if err != nil || n > 1e9 {
		return bad(0, len(number), "%q is not a number of starts", number)
	}
	at := len(number) + 1
	if unit != "" && strings.Trim(unit, "smhd") == "" {
		unit = "1" + unit
	}
	per, err := value.Positive(value.Duration(unit))
	if err != nil {
		return bad(at, len(main)-at, "%q is not a duration", main[at:])
	}
	r := Rate{PerSecond: n / per.Seconds(), Burst: 1}
	if r.PerSecond < 1e-6 {
		return bad(0, len(main), "it is less than one start in eleven days")
	}
	if hasBurst {
		b, err := value.Count(burst, 1, 1e6)
		if err != nil {
			return bad(len(main)+1, len(burst), "%s", err)
		}
		r.Burst = int(b)
	}
	return r, nil
}
