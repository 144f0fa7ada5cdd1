package rule

import (
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/value"
)

// Stream is an output of a job that a rule looks at.
type Stream uint8

// The streams.
const (
	NoStream Stream = iota
	Stdout
	Stderr
)

// Rule raises a signal on what a job does. The zero Rule raises none.
type Rule struct {
	text   string
	say    string // the signal, in which $1 stands for a group of re
	spoken Spoken // the same, where there is no such reference

	codes  value.Codes
	signal syscall.Signal
	stream Stream
	re     *regexp.Regexp
	over   time.Duration
}

const raiseForm = `--raise-on exit=75:rate-limit:5s   (exit=CODES:, signal=NAME:, stderr=/RE/:, stdout=/RE/: or duration>D: and then the signal)`

// ParseRaise reads a rule, of the flag that it is the value of.
func ParseRaise(flag, text string) (Rule, error) {
	bad := func(at, n int, format string, args ...any) (Rule, error) {
		return Rule{}, fail.Usage(flag+": "+format, args...).Place(text, at, n).Advise("%s", raiseForm)
	}
	r := Rule{text: text}
	var at int // of the signal
	switch what, rest, _ := strings.Cut(text, "="); {
	case strings.HasPrefix(text, "duration>"):
		at = len("duration>")
		d, _, ok := strings.Cut(text[at:], ":")
		over, err := value.Positive(value.Duration(d))
		if err != nil {
			return bad(at, len(d), "%s", err)
		}
		if at += len(d) + 1; !ok {
			return bad(len(text), 1, "the signal is missing")
		}
		r.over = over
	case what == "exit", what == "signal":
		at = len(what) + 1
		list, _, ok := strings.Cut(rest, ":")
		if what == "signal" {
			var err error
			if r.signal, err = value.Signal(list); err != nil {
				return bad(at, len(list), "%s", err)
			}
		} else {
			for i, part := range value.List(list) {
				if err := r.codes.Add(part); err != nil {
					return bad(at+i, len(part), "%s", err)
				}
			}
		}
		if at += len(list) + 1; !ok {
			return bad(len(text), 1, "the signal is missing")
		}
	case what == "stderr", what == "stdout":
		r.stream = Stderr
		if what == "stdout" {
			r.stream = Stdout
		}
		at = len(what) + 1
		if !strings.HasPrefix(rest, "/") {
			return bad(at, 1, "the regular expression must be between slashes")
		}
		end := strings.LastIndex(rest, "/:")
		if end < 1 {
			return bad(len(text), 1, "the regular expression must be followed by a slash, a colon and the signal")
		}
		re, err := regexp.Compile(rest[1:end])
		if err != nil {
			return bad(at+1, end-1, "%s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		}
		r.re = re
		at += end + len("/:")
	default:
		return bad(0, len(what), "%q is not something that a job does", what)
	}
	r.say = text[at:]
	if r.re != nil && strings.Contains(r.say, "$") {
		return r, nil // what it says is known only with a match
	}
	s, err := Speak([]byte(r.say))
	if err != nil {
		e, ok := err.(*fail.Error)
		if !ok {
			return bad(at, len(r.say), "%s", err)
		}
		return bad(at+e.At, e.Len, "%s", strings.TrimPrefix(e.What, "a signal: "))
	}
	r.spoken = s
	return r, nil
}

// String is the rule as it was written.
func (r *Rule) String() string { return r.text }

// Stream is the output that the rule looks at.
func (r *Rule) Stream() Stream { return r.stream }

// Exit is what the rule says of an exit code.
func (r *Rule) Exit(code int) (Spoken, bool) {
	return r.spoken, r.codes.Has(code)
}

// Signal is what the rule says of a job that this signal of the system has killed.
func (r *Rule) Signal(s syscall.Signal) (Spoken, bool) {
	return r.spoken, r.signal != 0 && r.signal == s
}

// Took is what the rule says of a job that ran for so long.
func (r *Rule) Took(d time.Duration) (Spoken, bool) { return r.spoken, r.over > 0 && d > r.over }

// Line is what the rule says of a line of output. What a line makes of the signal's text is
// checked like any other: a line that leads to none is as one that does not match.
func (r *Rule) Line(stream Stream, line []byte) (Spoken, bool) {
	if r.re == nil || stream != r.stream {
		return Spoken{}, false
	}
	m := r.re.FindSubmatchIndex(line)
	if m == nil {
		return Spoken{}, false
	}
	if r.spoken.Name != "" {
		return r.spoken, true
	}
	s, err := Speak(r.re.Expand(nil, []byte(r.say), line, m))
	return s, err == nil
}
