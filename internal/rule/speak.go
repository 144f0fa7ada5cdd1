// Package rule is the grammar of signals from outside the program: what a job writes to its signal
// descriptor, what a person raises, and rules that raise a signal when a job does something. It
// parses and matches, but does not act.
package rule

import (
	"bytes"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/value"
)

// MostSpoken is the longest line that is taken for a signal, in bytes.
const MostSpoken = 4096

// Spoken is a signal as somebody said it.
type Spoken struct {
	Name    string        // dotted words, or, with Retract, a pattern of them
	Value   string        // what follows a colon, or ""
	TTL     time.Duration // how long it holds; 0 is not said
	Delay   time.Duration // of rate-limit:D
	Retract bool          // what holds by this name is to be cleared
}

// Event is the name under which the signal is raised: with its value.
func (s Spoken) Event() string {
	if s.Value == "" {
		return s.Name
	}
	return s.Name + ":" + s.Value
}

// ours are the families of names that only eph itself raises: a job that could say
// run.finished could deceive whoever reads the log.
var ours = []string{"run", "job", "key", "input", "circuit", "halt", "os", "ctl", "output", "eph", "rate"}

const spokenForm = "backpressure.api:30s   (NAME, NAME:VALUE, NAME 30s; -NAME takes it back)"

// Speak reads one line: NAME[:VALUE][ TTL], or -GLOB to take back what holds. An error is a
// usage error with the place.
func Speak(line []byte) (Spoken, error) {
	text := string(bytes.TrimSpace(line))
	bad := func(at, n int, format string, args ...any) (Spoken, error) {
		return Spoken{}, fail.Usage("a signal: "+format, args...).Place(text, at, n).Advise("%s", spokenForm)
	}
	if len(line) > MostSpoken {
		return Spoken{}, fail.Usage("a signal: the line is longer than %d bytes", MostSpoken)
	}
	if glob, ok := strings.CutPrefix(text, "-"); ok {
		if at := unfit(glob, "*?,:"); at >= 0 || glob == "" {
			return bad(max(at, 0)+1, 1, "that is not a pattern for names")
		}
		if slices.Contains(strings.Split(glob, ","), "") {
			return bad(1, len(glob), "the pattern has an empty part")
		}
		return Spoken{Name: glob, Retract: true}, nil
	}
	what, ttl, hasTTL := strings.Cut(text, " ")
	name, said, hasValue := strings.Cut(what, ":")
	if at := unfit(name, ""); at >= 0 {
		return bad(at, 1, "a name consists of words of a-z, 0-9, _ and -, separated by dots")
	}
	if at := emptyWord(name); at >= 0 {
		return bad(at, 1, "a word of the name is missing")
	}
	s := Spoken{Name: name, Value: said}
	at := len(name) + 1
	if hasValue && said == "" {
		return bad(at, 1, "a value is missing")
	}
	if i := strings.IndexFunc(said, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }); i >= 0 {
		return bad(at+i, 1, "a value must be printable text")
	}
	if hasTTL {
		i := len(what) + 1
		d, err := value.Positive(value.Duration(strings.TrimSpace(ttl)))
		if err != nil {
			return bad(i, len(ttl), "%s", err)
		}
		s.TTL = d
	}
	family, rest, _ := strings.Cut(name, ".")
	switch {
	case name == "rate-limit":
		d, err := value.Positive(value.Duration(said))
		if err != nil {
			return bad(min(at, len(text)), len(said), "rate-limit needs a time, as in rate-limit:5s")
		}
		s.Delay = d
	case family == "backpressure":
		if rest == "" {
			return bad(len(name), 1, "a name is missing, as in backpressure.api")
		}
		if hasValue {
			d, err := value.Positive(value.Duration(said))
			if err != nil {
				return bad(at, len(said), "%s", err)
			}
			s.TTL = d
		}
	case family == "concurrency":
		if rest != "up" && rest != "down" {
			return bad(len(family)+1, len(rest), "it must be concurrency.up or concurrency.down")
		}
	case slices.Contains(ours, family):
		return bad(0, len(name), "only eph raises %s; you may raise user.%s", name, name)
	}
	return s, nil
}

// unfit is where s has something that no name has, or -1.
func unfit(s, also string) int {
	return strings.IndexFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '_' || r == '-' || r == '.' || strings.ContainsRune(also, r))
	})
}

// emptyWord is where a dotted name has no word, or -1.
func emptyWord(s string) int {
	if s == "" || s[0] == '.' {
		return 0
	}
	if i := strings.Index(s, ".."); i >= 0 {
		return i + 1
	}
	if strings.HasSuffix(s, ".") {
		return len(s)
	}
	return -1
}
