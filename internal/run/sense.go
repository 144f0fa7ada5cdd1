package run

import (
	"context"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/sensor"
)

// sense watches what the machine has to do, until stop is called. A sensor that is over its
// limit is a condition, like any that a person raises.
func (r *Run) sense() (stop func(), err error) {
	if r.plan.Pressure == (sensor.Options{}) {
		return func() {}, nil
	}
	s, err := sensor.New(r.plan.Pressure)
	if err != nil {
		return nil, err
	}
	s.Look(r.sensed) // before anything starts
	return r.besides(func(ctx context.Context) { s.Run(ctx, r.sensed) }), nil
}

// sensed is what a sensor says.
func (r *Run) sensed(name string, high bool, why string) {
	name = "backpressure." + name
	if high {
		r.hold(name, 0, &event.Fields{By: bySensor, Message: why})
	} else {
		r.saying.RLock()
		defer r.saying.RUnlock()
		r.sink.Clear(name, "")
	}
}

// stalled is the word of the output that nobody reads it, or that somebody does again.
func (r *Run) stalled(stalled bool) {
	r.sensed("downstream", stalled, "what reads the output has stopped")
}

// spilled is the word of the output that it goes on in a file. From then on, the room for
// that file is watched.
func (r *Run) spilled(dir string) {
	r.say(event.OutputSpilled, &event.Fields{Message: dir})
}
