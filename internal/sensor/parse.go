package sensor

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
)

// ParseLoad reads a load: a number, or a percentage of cpus processors.
func ParseLoad(text string, cpus int) (float64, error) {
	number, percent := strings.CutSuffix(text, "%")
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || !(f > 0 && f < 1e9) {
		return 0, fmt.Errorf("%q is not a load", text)
	}
	if percent {
		f *= float64(cpus) / 100
	}
	return f, nil
}

// ParsePressure reads cpu=P,memory=P,io=P, of which each may be left out.
func ParsePressure(text string) (Pressure, error) {
	var p Pressure
	at := 0
	for part := range strings.SplitSeq(text, ",") {
		bad := func(at, n int, format string, args ...any) (Pressure, error) {
			return Pressure{}, fail.Usage("--pressure: "+format, args...).Place(text, at, max(n, 1)).Advise("--pressure cpu=80,memory=10,io=20")
		}
		name, value, ok := strings.Cut(part, "=")
		to, known := map[string]*float64{"cpu": &p.CPU, "memory": &p.Memory, "io": &p.IO}[name]
		switch {
		case !known:
			return bad(at, len(name), "%q is none of cpu, memory and io", name)
		case !ok:
			return bad(at+len(name), 1, "how many percent?")
		case *to != 0:
			return bad(at, len(part), "%s is there twice", name)
		}
		f, err := strconv.ParseFloat(strings.TrimSuffix(value, "%"), 64)
		if err != nil || !(f > 0 && f <= 100) {
			return bad(at+len(name)+1, len(value), "%q is not a percentage", value)
		}
		*to = f
		at += len(part) + 1
	}
	return p, nil
}
