package item

import (
	"strconv"
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
)

// ParseDelimiter returns the string that s stands for, as a user types it after -d: text
// with the escapes \a \b \f \n \r \t \v \\ \0, \ and up to three octal digits, and \x and
// up to two hexadecimal digits.
func ParseDelimiter(s string) (string, error) {
	if s == "" {
		return "", fail.Usage("the delimiter is empty").Advise("-0 splits at NUL bytes")
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			i++
			continue
		}
		c, n := escape(s[i+1:])
		if n == 0 {
			return "", fail.Usage("unknown escape in the delimiter").Place(s, i, min(2, len(s)-i)).
				Advise(`\n \t \0 \xHH, an octal number such as \072, or \\ for a backslash`)
		}
		b.WriteByte(c)
		i += 1 + n
	}
	return b.String(), nil
}

// escape reads what follows a backslash. It returns the byte and the length of its name, or
// 0 for an escape that does not exist.
func escape(s string) (byte, int) {
	if s == "" {
		return 0, 0
	}
	if s[0] == 'x' {
		return number(s, 1, 2, 16)
	}
	if s[0] >= '0' && s[0] <= '7' {
		return number(s, 0, 3, 8)
	}
	if at := strings.IndexByte(`abfnrtv\`, s[0]); at >= 0 {
		return "\a\b\f\n\r\t\v\\"[at], 1
	}
	return 0, 0
}

// number reads up to width digits from s[from:].
func number(s string, from, width, base int) (byte, int) {
	end := from
	for end < len(s) && end < from+width && strings.IndexByte("0123456789abcdef"[:base], s[end]|0x20) >= 0 {
		end++
	}
	v, err := strconv.ParseUint(s[from:end], base, 8)
	if err != nil {
		return 0, 0
	}
	return byte(v), end
}
