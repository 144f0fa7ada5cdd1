package sensor

import (
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/value"
)

// ParseLoad reads a load: a number, or a percentage of cpus processors.
func ParseLoad(text string, cpus int) (float64, error) {
	number, percent := strings.CutSuffix(text, "%")
	load, err := value.Positive(value.Decimal(number))
	if percent {
		load *= float64(cpus) / 100
	}
	return load, err
}

// ParsePressure reads cpu=P,memory=P,io=P, of which each may be left out.
func ParsePressure(text string) (Pressure, error) {
	var p Pressure
	for at, part := range value.List(text) {
		bad := func(at, n int, format string, args ...any) (Pressure, error) {
			return Pressure{}, fail.Usage("--pressure: "+format, args...).Place(text, at, n).Advise("--pressure cpu=80,memory=10,io=20")
		}
		name, most, ok := strings.Cut(part, "=")
		to, known := map[string]*float64{"cpu": &p.CPU, "memory": &p.Memory, "io": &p.IO}[name]
		switch {
		case !known:
			return bad(at, len(name), "%q is not one of cpu, memory and io", name)
		case !ok:
			return bad(at+len(name), 1, "the percentage is missing")
		case *to != 0:
			return bad(at, len(part), "%s is listed twice", name)
		}
		p, err := value.Positive(value.Percent(strings.TrimSuffix(most, "%") + "%"))
		if err != nil {
			return bad(at+len(name)+1, len(most), "%q is not a percentage", most)
		}
		*to = p
	}
	return p, nil
}
