package run

import (
	"math"
	"strings"
	"time"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/value"
)

// Breaker says when to stop starting jobs of something that keeps failing. The zero Breaker
// never does.
type Breaker struct {
	// One of three: Failures within Span; Failures in a row, with no Span; or Percent of the
	// last Calls.
	Failures int
	Span     time.Duration
	Percent  float64
	Calls    int

	By       BreakerBy
	Template string        // the scope, with BreakerByTemplate
	On       Ends          // what counts as a failure; empty: any
	Cooldown time.Duration // how long it stays open
	Probes   int           // successes after that which close it
	Action   BreakerAction
}

// BreakerBy says what has a breaker of its own.
type BreakerBy uint8

// The scopes of breakers.
const (
	BreakerByAll BreakerBy = iota
	BreakerByKey
	BreakerByTemplate
)

// BreakerAction says what becomes of items that meet an open breaker.
type BreakerAction uint8

// What an open breaker does.
const (
	BreakerHold BreakerAction = iota // they wait
	BreakerSkip                      // they are skipped
	BreakerHalt                      // the run ends, like a --halt soon
)

const breakerForm = "--breaker 5/30s   (5 failures in 30 s; or 5: five in a row; or 50%/20: half of the last 20)"

// ParseBreaker reads the value of --breaker: N/D, N or P%/N.
func ParseBreaker(text string) (Breaker, error) {
	bad := func(at, n int, format string, args ...any) (Breaker, error) {
		return Breaker{}, fail.Usage("--breaker: "+format, args...).Place(text, at, n).Advise("%s", breakerForm)
	}
	number, rest, over := strings.Cut(text, "/")
	at := len(number) + 1
	if strings.HasSuffix(number, "%") {
		p, err := value.Positive(value.Percent(number))
		if err != nil {
			return bad(0, len(number), "%s", err)
		}
		if !over {
			return bad(len(number), 1, "how many jobs is missing, as in 50%%/20")
		}
		n, err := value.Count(rest, 2, mostCalls)
		if err != nil {
			return bad(at, len(rest), "%s", err)
		}
		return Breaker{Percent: p, Calls: int(n)}, nil
	}
	n, err := value.Count(number, 1, math.MaxInt)
	if err != nil {
		return bad(0, len(number), "%s", err)
	}
	if !over {
		return Breaker{Failures: int(n)}, nil
	}
	span, err := value.Positive(value.Duration(rest))
	if err != nil {
		return bad(at, len(rest), "%s", err)
	}
	return Breaker{Failures: int(n), Span: span}, nil
}

// mostCalls is the longest memory of a breaker that looks at the last jobs: a bit for each.
const mostCalls = 1 << 20
