// Package otelsignals turns signals into spans and metrics, through the OpenTelemetry SDK that
// the program has set up.
//
//	shutdown, err := otelsignals.Attach(sink, tracer, meter, otelsignals.Options{})
//	...
//	defer shutdown(ctx)
//
// For every selected event:
//
//	signals.events   counter, by signal.name: the class of the event's name
//
// In addition, for what a coordinator with Options.Signals announces:
//
//	span "op"        one for each attempt, from its start to its end, of status Error if it failed
//	op.duration      histogram in seconds, by op.outcome: done, failed or retry, and error.type
//
// and about itself:
//
//	signals.dropped  counter of the events that came too fast to be handled
//
// # Why a span is made when an attempt ends
//
// The event at the end of an attempt says when the attempt began, so a span need not remember
// op.started: no span is lost with a dropped event, none stays open, and coordinators that share a
// sink, each of which counts its ops from 1, cannot be confused. The price is that the function of
// the op cannot have the span in its context; Options.Parent puts the span into an existing trace.
// An op that was dropped while it waited has no span for that, although its attempts, if there were
// any, have theirs. Ops of a coordinator with NoClock, which knows no times, have no spans either.
//
// # What it costs whom
//
// Raisers never wait: a [signals.Dispatcher] hands over the events, one at a time and in order,
// and when its queue is full the oldest are dropped and counted by signals.dropped.
//
// This is a separate module: a program that does not import it does not download OpenTelemetry. Its
// command eph-otel turns eph's event log into spans and metrics.
package otelsignals

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/signals"
)

// Options configure what Attach makes of signals. The zero value takes all of them.
type Options struct {
	// Events selects what is counted. The zero Pattern is all.
	Events signals.Pattern

	// Class names the class that an event is counted in; each is a series of the metric, so
	// there should be few. Nil takes the name of the event, without the value after a colon.
	Class func(signals.Event) string

	// Parent returns a context with the span that the span of an op is a child of. Nil makes
	// each the root of a trace.
	Parent func(signals.Event) context.Context

	// Attributes are added to the span of an op. Nil adds none.
	Attributes func(signals.Event) []attribute.KeyValue

	// Queue is how many events may wait; 0 means 5000.
	Queue int

	// OnError is told when one of the functions above panicked, with the event. Nil lets it go.
	OnError func(signals.Event, error)
}

// Attach makes spans with t and metrics with m of the events of s, from now on, until shutdown
// has been called; either may be nil. shutdown waits until what was raised before has been
// handled, but not for exporters, which are the program's own. When its context ends first the
// rest is dropped and shutdown returns the cause. Call it once. The error of Attach is that of m,
// when it cannot make an instrument.
func Attach(s *signals.Sink, t trace.Tracer, m metric.Meter, o Options) (shutdown func(context.Context) error, err error) {
	if o.Events == (signals.Pattern{}) {
		o.Events = signals.MustCompile("*")
	}
	if o.Class == nil {
		o.Class = class
	}
	if o.Parent == nil {
		o.Parent = func(signals.Event) context.Context { return context.Background() }
	}
	if o.Queue == 0 {
		o.Queue = 5000
	}
	d := signals.NewDispatcher(s, signals.DispatchOptions{
		Limit: 1, Queue: o.Queue, Overflow: signals.DropOldest, OnError: o.OnError,
		OrderBy: func(signals.Event) string { return "" },
	})
	var unregister func() error
	if m != nil {
		if unregister, err = measure(d, m, &o); err != nil {
			return nil, err
		}
	}
	if t != nil {
		d.Handle(attempts, func(_ context.Context, e signals.Event) error {
			span(t, e, &o)
			return nil
		})
	}
	return func(ctx context.Context) error {
		err := d.Shutdown(ctx)
		if unregister != nil {
			err = errors.Join(err, unregister())
		}
		return err
	}, nil
}

// attempts are the events at the end of an attempt.
var attempts = signals.MustCompile(coord.SignalDone + "," + coord.SignalFailed + "," + coord.SignalRetry)

func class(e signals.Event) string {
	name, _, _ := strings.Cut(e.Name, ":")
	return name
}

// measure adds the handlers that make metrics. unregister ends the one that is asked and not
// told.
func measure(d *signals.Dispatcher, m metric.Meter, o *Options) (unregister func() error, err error) {
	events, err := m.Int64Counter("signals.events", metric.WithUnit("{event}"), metric.WithDescription("Signals raised"))
	if err != nil {
		return nil, err
	}
	duration, err := m.Float64Histogram("op.duration", metric.WithUnit("s"), metric.WithDescription("Time from the start of an attempt to its end"))
	if err != nil {
		return nil, err
	}
	dropped, err := m.Int64ObservableCounter("signals.dropped", metric.WithUnit("{event}"), metric.WithDescription("Signals that came too fast to be handled"))
	if err != nil {
		return nil, err
	}
	asked, err := m.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		to.ObserveInt64(dropped, int64(d.Stats().Dropped))
		return nil
	}, dropped)
	if err != nil {
		return nil, err
	}
	d.Handle(o.Events, func(ctx context.Context, e signals.Event) error {
		events.Add(ctx, 1, metric.WithAttributes(attribute.String("signal.name", o.Class(e))))
		return nil
	})
	d.Handle(attempts, func(ctx context.Context, e signals.Event) error {
		if i, ok := timed(e); ok {
			duration.Record(ctx, i.Took.Seconds(), metric.WithAttributes(outcome(e, i)...))
		}
		return nil
	})
	return asked.Unregister, nil
}

// timed is what a coordinator tells of an attempt that has ended, if it knows when that began.
// Others may raise events of the same name.
func timed(e signals.Event) (i coord.Info[any], ok bool) {
	if v, is := e.Value.(interface{ Any() coord.Info[any] }); is {
		i = v.Any()
	}
	return i, !i.Started.IsZero()
}

func outcome(e signals.Event, i coord.Info[any]) []attribute.KeyValue {
	all := []attribute.KeyValue{attribute.String("op.outcome", strings.TrimPrefix(e.Name, "op."))}
	if i.Err != nil {
		all = append(all, attribute.String("error.type", fmt.Sprintf("%T", i.Err)))
	}
	return all
}

// span makes the span of an attempt that has ended.
func span(t trace.Tracer, e signals.Event, o *Options) {
	i, ok := timed(e)
	if !ok {
		return
	}
	all := append(outcome(e, i),
		attribute.Int64("op.id", int64(i.ID)), attribute.Int("op.attempt", i.Attempt), attribute.Int("op.lane", i.Lane))
	if _, unkeyed := i.Key.(coord.NoKey); !unkeyed {
		all = append(all, attribute.String("op.key", fmt.Sprint(i.Key)))
	}
	if o.Attributes != nil {
		all = append(all, o.Attributes(e)...)
	}
	_, s := t.Start(o.Parent(e), "op", trace.WithTimestamp(i.Started), trace.WithAttributes(all...))
	if i.Err != nil {
		s.SetStatus(codes.Error, i.Err.Error())
	}
	s.End(trace.WithTimestamp(i.Started.Add(i.Took)))
}
