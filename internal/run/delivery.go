package run

import (
	"sync/atomic"

	"github.com/mostlylucid/eph/internal/event"
)

// delivery is what becomes of the output of a task that has ended. Its turn to be printed can
// come before the end is said, after it, or meanwhile.
type delivery struct {
	say   func()
	steps atomic.Int32 // the end was said, it was printed
	held  bool         // it was said that it is not printed
	err   error
}

// deliver follows what is printed of a task, up to the end of finished.
func (j *journal) deliver(t *task) {
	if j.log == nil || t.out == nil {
		return
	}
	f := event.Fields{Seq: t.item.Seq, Digest: t.digest}
	d := &delivery{say: func() { j.run.say(event.JobDelivered, &f) }}
	t.delivery, t.out.Printed = d, d.printed
}

func (d *delivery) printed(err error) {
	d.err = err
	d.step()
}

// holds reports whether the output waits, for the line that says the end.
func (d *delivery) holds() bool {
	if d != nil {
		d.held = d.steps.Load() == 0
	}
	return d != nil && d.held
}

// said is called after that line.
func (d *delivery) said() {
	if d != nil && d.held {
		d.step()
	}
}

func (d *delivery) step() {
	if d.steps.Add(1) == 2 && d.err == nil {
		d.say()
	}
}
