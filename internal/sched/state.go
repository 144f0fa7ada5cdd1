package sched

import "fmt"

// State is where an op is in its life.
type State uint8

const (
	none State = iota // not accepted yet

	// Pending: accepted and waiting for its turn. Left by start, hold or drop.
	Pending
	// Delayed: waiting for its time, before the first attempt or between two, or for a gate
	// that Hooks.Admit gave. It holds its key if it is at the head of it, and no slot. Left by
	// due or drop.
	Delayed
	// Running: holds a slot, and a place of its key. Left by succeed, fail or retry.
	Running

	// Done, Failed and Dropped are final: an op reaches one of them, once.
	Done    // its function returned nil
	Failed  // its last attempt returned an error, panicked or ended its goroutine
	Dropped // it ended without another attempt: cancelled, refused by a gate, or out of time
)

var stateNames = [...]string{"new", "pending", "delayed", "running", "done", "failed", "dropped"}

func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("State(%d)", uint8(s))
}

// Final reports whether an op in this state has ended.
func (s State) Final() bool { return s >= Done }

// Move is what takes an op from one state to the next.
type Move uint8

const (
	accept Move = iota
	postpone
	due
	start
	succeed
	fail
	retry
	hold
	drop
)

var moveNames = [...]string{"accept", "postpone", "due", "start", "succeed", "fail", "retry", "hold", "drop"}

func (m Move) String() string { return moveNames[m] }

// Transition is one row of the table of states.
type Transition struct {
	From State
	By   Move
	To   State
}

// Transitions is every move there is. The documentation prints it and a test compares.
var Transitions = []Transition{
	{none, accept, Pending},
	{none, postpone, Delayed},
	{Pending, start, Running},
	{Pending, hold, Delayed},
	{Pending, drop, Dropped},
	{Delayed, due, Pending},
	{Delayed, drop, Dropped},
	{Running, succeed, Done},
	{Running, fail, Failed},
	{Running, retry, Delayed},
}

// moves is Transitions by state and move, for the hot path.
var moves = func() (t [len(stateNames)][len(moveNames)]State) {
	for _, r := range Transitions {
		t[r.From][r.By] = r.To
	}
	return t
}()

// next panics on a move that the table does not have: that is a defect of the scheduler.
func (s State) next(m Move) State {
	to := moves[s][m]
	if to == none {
		panic(fmt.Sprintf("sched: no move %q from state %q", m, s))
	}
	return to
}
