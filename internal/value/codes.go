package value

import (
	"fmt"
	"strings"
)

// Codes is a set of exit codes. The zero value is empty.
type Codes []codeRange

// codeRange has its ends in it.
type codeRange struct{ from, to int64 }

// Add takes in a code, as 75, or a range of them, as 1..5.
func (c *Codes) Add(s string) error {
	const most = 255
	low, high, isRange := strings.Cut(s, "..")
	if !isRange {
		high = low
	}
	from, err1 := Count(low, 0, most)
	to, err2 := Count(high, from, most)
	if err1 != nil || err2 != nil {
		return fmt.Errorf("%q is neither an exit code, 0 to %d, nor a range of them", s, most)
	}
	*c = append(*c, codeRange{from, to})
	return nil
}

// Has reports whether a code is in the set.
func (c Codes) Has(code int) bool {
	for _, r := range c {
		if r.from <= int64(code) && int64(code) <= r.to {
			return true
		}
	}
	return false
}
