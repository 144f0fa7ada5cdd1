package patterns

import (
	"sync"
	"time"
)

// AIMDOptions configure an AIMD. The zero value moves between 1 and 64. Unless stated otherwise, a
// negative value counts as 0.
type AIMDOptions struct {
	Min, Max int     // 0 means 1 and 64
	Start    int     // 0 means Min
	Factor   float64 // by which overload multiplies the limit, between 0 and 1; anything else means 0.8
	Patience float64 // calls that take this many times as long as the quickest tell of overload; 0 means 4, negative never
}

// AIMD finds out how many concurrent calls something can bear from how the calls go: one more after
// each round of successful calls, and a fifth fewer when one fails because of overload. A round has
// as many calls as the limit: that is how long a change takes to show, and until then complaints
// about earlier calls do not count again. It considers the latency of a round, not of a single call,
// because any single call may be slow.
//
// The idea is that of TCP's congestion control, and of Netflix's concurrency-limits. It limits
// nothing by itself: pass Limit to SetLimit of a coordinator. Create one with NewAIMD.
type AIMD struct {
	o AIMDOptions

	mu    sync.Mutex
	limit float64
	round int           // calls of this round
	deaf  int           // calls that still tell of how it was before the last decrease
	took  time.Duration // of this round, in all
	least time.Duration // mean of the quickest round so far; rises slowly, for things change
}

// NewAIMD returns an AIMD with the limit Start.
func NewAIMD(o AIMDOptions) *AIMD {
	o.Min = max(o.Min, 1)
	if o.Max <= 0 {
		o.Max = 64
	}
	o.Max = max(o.Max, o.Min)
	o.Start = min(max(o.Start, o.Min), o.Max)
	if o.Factor <= 0 || o.Factor >= 1 {
		o.Factor = 0.8
	}
	if o.Patience == 0 {
		o.Patience = 4
	}
	return &AIMD{o: o, limit: float64(o.Start)}
}

// Limit returns the best known number of concurrent calls.
func (a *AIMD) Limit() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return int(a.limit)
}

// SetBounds changes Min and Max, and moves the limit between them. A minimum below 1 counts as 1,
// and a maximum below the minimum as the minimum.
func (a *AIMD) SetBounds(minimum, maximum int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.o.Min = max(minimum, 1)
	a.o.Max = max(maximum, a.o.Min)
	a.limit = min(max(a.limit, float64(a.o.Min)), float64(a.o.Max))
}

// Done reports how a call went: how long it took, and whether it failed in a way that indicates
// overload. It returns the new limit, which is at least 1.
func (a *AIMD) Done(took time.Duration, overloaded bool) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.deaf > 0:
		a.deaf--
	case overloaded:
		a.lower()
	default:
		a.round++
		a.took += took
		if a.round >= int(a.limit) {
			a.judge()
		}
	}
	return int(a.limit)
}

// judge looks at a round of calls that all went well.
func (a *AIMD) judge() {
	mean := a.took / time.Duration(a.round)
	switch {
	case a.least == 0 || mean < a.least:
		a.least = mean
	case a.o.Patience > 0 && float64(mean) > float64(a.least)*a.o.Patience && mean-a.least > noise:
		a.lower()
		return
	default:
		a.least += (mean - a.least) / 64
	}
	a.limit = min(a.limit+1, float64(a.o.Max))
	a.round, a.took = 0, 0
}

// noise is a difference between latencies that means nothing.
const noise = 5 * time.Millisecond

func (a *AIMD) lower() {
	a.deaf = int(a.limit) - 1 // what runs beside this call began under the same limit
	a.limit = max(a.limit*a.o.Factor, float64(a.o.Min))
	a.round, a.took = 0, 0
}
