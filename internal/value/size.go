package value

import (
	"fmt"
	"math"
	"strings"
)

var sizeUnits = map[string]int64{
	"": 1, "B": 1,
	"K": 1 << 10, "KIB": 1 << 10, "KB": 1e3,
	"M": 1 << 20, "MIB": 1 << 20, "MB": 1e6,
	"G": 1 << 30, "GIB": 1 << 30, "GB": 1e9,
	"T": 1 << 40, "TIB": 1 << 40, "TB": 1e12,
}

// Size reads a number of bytes as the GNU tools do: K and KiB are 1024, KB is 1000.
func Size(s string) (int64, error) {
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	unit, ok := sizeUnits[strings.ToUpper(s[digits:])]
	if !ok || digits == 0 {
		return 0, notA("size", s)
	}
	n, err := Count(s[:digits], 0, math.MaxInt64)
	if err != nil || n > math.MaxInt64/unit {
		return 0, tooMuch(s)
	}
	return n * unit, nil
}

// SizeText is a number of bytes for people: 1 GiB, 1.5 MiB, 999 bytes.
func SizeText(n int64) string {
	unit := int64(1)
	name := "bytes"
	for _, larger := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if n/unit < 1024 {
			break
		}
		unit, name = unit*1024, larger
	}
	if n%unit == 0 {
		return fmt.Sprintf("%d %s", n/unit, name)
	}
	return fmt.Sprintf("%.1f %s", float64(n)/float64(unit), name)
}
