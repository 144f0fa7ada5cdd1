package signals

// defaultMaxDepth is far above what a chain of reactions needs and far below what hurts.
const defaultMaxDepth = 10

// Guard keeps signals that cause other signals from running away. It judges events that carry a
// [Cause], which [Sink.Follow] adds and [Sink.Emit] may; what a subscriber raises with [Sink.Raise]
// carries none and is always let through, even when that goes round for ever. The zero Guard allows
// chains of up to ten links in which no name occurs twice.
type Guard struct {
	// MaxDepth is the longest chain an event may carry. 0 means 10; negative, no limit.
	MaxDepth int
	// AllowLoop permits a name that is already in its own chain.
	AllowLoop bool
	// Terminal names end their chain: nothing may follow them.
	Terminal Pattern
	// Leaf names are raised without their chain, hence never blocked. What follows one
	// starts a new chain, so a loop through a leaf is not seen.
	Leaf Pattern
	// OnBlocked is called for every event that was stopped, on the raiser's goroutine.
	OnBlocked func(e Event, why Reason)
}

// Reason says why a [Guard] stopped an event.
type Reason uint8

const (
	TooDeep       Reason = iota + 1 // its chain is longer than MaxDepth
	Loop                            // its name is in its own chain
	AfterTerminal                   // its chain holds a terminal name
)

func (r Reason) String() string {
	switch r {
	case TooDeep:
		return "too deep"
	case Loop:
		return "loop"
	case AfterTerminal:
		return "after terminal"
	default:
		return "allowed"
	}
}

// admit reports whether the event may be raised. It cuts the chain of a leaf.
func (g *Guard) admit(e *Event) bool {
	if g.Leaf.Match(e.Name) {
		e.Cause = nil
		return true
	}
	why := g.judge(e.Name, e.Cause)
	if why != 0 && g.OnBlocked != nil {
		g.OnBlocked(*e, why)
	}
	return why == 0
}

// judge walks no further than MaxDepth links, whatever the chain looks like.
func (g *Guard) judge(name string, chain *Cause) Reason {
	limit := g.MaxDepth
	if limit == 0 {
		limit = defaultMaxDepth
	}
	depth := 0
	for c := chain; c != nil; c = c.Parent {
		depth++
		switch {
		case limit > 0 && depth > limit:
			return TooDeep
		case !g.AllowLoop && c.Name == name:
			return Loop
		case g.Terminal.Match(c.Name):
			return AfterTerminal
		}
	}
	return 0
}
