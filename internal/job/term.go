package job

import (
	"strconv"
	"syscall"
	"time"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/value"
)

// grace is how long a job may take to end after a signal, where nothing else is said. It is
// under the 7.5 s that CI services leave to the whole run.
const grace = 5 * time.Second

// DefaultTerm is what a nil Command.Term means: TERM, 5 s, KILL.
var DefaultTerm = []Step{{syscall.SIGTERM, grace}, {Signal: syscall.SIGKILL}}

// ParseSequence reads a termination sequence such as "INT,500ms,TERM,5s,KILL": signal names,
// with or without SIG, each followed by how long to wait for the job to end. A number
// without a unit is seconds, a signal without a time waits 5 s, and the KILL at the end
// need not be written.
func ParseSequence(text string) ([]Step, error) {
	var steps []Step
	timed := true // the last signal has its time, or there is none yet
	for at, word := range value.List(text) {
		wait, noTime := value.Duration(word)
		signal, noSignal := value.Signal(word)
		switch {
		case noTime == nil && timed:
			return nil, badStep("a signal name is expected before "+strconv.Quote(word), text, at, word)
		case noTime == nil:
			steps[len(steps)-1].Wait, timed = wait, true
		case word == "":
			return nil, badStep("a signal name is missing", text, at, word)
		case noSignal != nil:
			return nil, badStep(strconv.Quote(word)+" is neither a signal nor a time", text, at, word)
		case len(steps) > 0 && steps[len(steps)-1].Signal == syscall.SIGKILL:
			return nil, badStep("nothing can follow KILL", text, at, word)
		default:
			steps, timed = append(steps, Step{signal, grace}), false
		}
	}
	if last := &steps[len(steps)-1]; last.Signal == syscall.SIGKILL {
		last.Wait = 0
	} else {
		steps = append(steps, Step{Signal: syscall.SIGKILL})
	}
	return steps, nil
}

func badStep(what, text string, at int, word string) error {
	return fail.Usage("termination sequence: %s", what).Place(text, at, len(word)).Advise("TERM,5s,KILL")
}
