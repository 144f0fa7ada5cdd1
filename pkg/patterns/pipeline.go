package patterns

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"sync"

	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/signals"
)

// Stage is one step of a Pipeline. Negative numbers count as 0.
type Stage[T any] struct {
	Name     string                              // "" means "stage" and its number, from 1
	Fn       func(context.Context, T) (T, error) // what it returns goes to the next stage; from the last, nowhere
	Limit    int                                 // at once; 0 means GOMAXPROCS
	Window   int                                 // values that wait for it; 0 means 1024
	MinLimit int                                 // at once while the stage after it is full; 0 means 1
	Retry    coord.Retry                         // of Fn; nil means that the first failure is final
}

// Pipeline passes values through stages (the reactive fan-out). A stage whose window is full
// makes the one before it wait, and run fewer at once until its window is half empty: so a slow
// last stage slows the first, and memory is bounded. A value on which a stage fails for good leaves
// the pipeline, and onError is called. Create one with NewPipeline, and end it with Drain,
// Shutdown or Cancel.
type Pipeline[T any] struct {
	stages []*step[T]
	stops  []func() // ends the listening to conditions
}

// step is a stage at work.
type step[T any] struct {
	name string
	work *coord.Pool[T]

	mu        sync.Mutex
	few, many int  // at once, while the next one is full and else
	full      bool // the next one is
}

// limit changes what the limit depends on.
func (s *step[T]) limit(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	if s.full {
		s.work.SetLimit(min(s.few, s.many))
	} else {
		s.work.SetLimit(s.many)
	}
}

// NewPipeline returns a pipeline of at least one stage. While a stage is full, the condition named
// "backpressure." plus the stage's name holds on the sink, which may be nil; pipelines that share a
// sink need stages with different names. onError may be nil; it may be called concurrently, and is
// also called for values that Cancel drops. Without a stage, or with one that has no Fn, NewPipeline
// panics.
func NewPipeline[T any](sink *signals.Sink, onError func(stage string, v T, err error), stages ...Stage[T]) *Pipeline[T] {
	if len(stages) == 0 {
		panic("patterns: a pipeline without a stage")
	}
	if sink == nil {
		sink = new(signals.Sink)
	}
	p := &Pipeline[T]{stages: make([]*step[T], len(stages))}
	pressure := make([]*Backpressure, len(stages))
	for i := len(stages) - 1; i >= 0; i-- {
		s := stages[i]
		if s.Fn == nil {
			panic("patterns: a stage without a function")
		}
		if s.Name == "" {
			s.Name = fmt.Sprintf("stage%d", i+1)
		}
		if s.Limit <= 0 {
			s.Limit = runtime.GOMAXPROCS(0)
		}
		if s.Window <= 0 {
			s.Window = 1024
		}
		s.MinLimit = min(max(s.MinLimit, 1), s.Limit)
		pressure[i] = &Backpressure{Sink: sink, Condition: "backpressure." + s.Name, High: s.Window, Low: s.Window / 2}
		pass := func(context.Context, T) error { return nil }
		if i+1 < len(stages) {
			next, felt := p.stages[i+1].work, pressure[i+1]
			pass = func(ctx context.Context, v T) error {
				felt.Add(+1)
				_, err := next.Put(ctx, v)
				if err != nil {
					felt.Add(-1)
				}
				return err
			}
		}
		work := coord.New(func(ctx context.Context, v T) error {
			out, err := s.Fn(ctx, v)
			if err != nil {
				return err
			}
			if err := pass(ctx, out); err != nil {
				return coord.Permanent(err) // the work is done; doing it again would not help
			}
			return nil
		}, coord.Options{Limit: s.Limit, Window: s.Window, Retry: s.Retry, NoClock: true})
		self := &step[T]{name: s.Name, work: work, few: s.MinLimit, many: s.Limit}
		p.stages[i] = self
		mine := pressure[i]
		work.Notify(coord.Hooks[coord.NoKey, T]{Finish: func(info coord.Info[coord.NoKey], v T) {
			if i > 0 {
				mine.Add(-1)
			}
			if info.State != coord.Done && onError != nil {
				onError(self.name, v, info.Err)
			}
		}})
		if i+1 < len(stages) {
			p.stops = append(p.stops, sink.OnChange(signals.Exact(pressure[i+1].Condition), func(full bool) {
				self.limit(func() { self.full = full })
			}))
		}
	}
	return p
}

// Put gives a value to the first stage, and waits for room, but not for the value to pass through.
// The error is coord.ErrClosed or the cause of ctx; in either case the value was not accepted.
func (p *Pipeline[T]) Put(ctx context.Context, v T) error {
	_, err := p.stages[0].work.Put(ctx, v)
	return err
}

// Drain ends intake and waits until every value has left, stage by stage from the front, so that
// none is lost. It never returns the error of a stage; if ctx ends first, it returns the cause, and
// the remaining values continue.
func (p *Pipeline[T]) Drain(ctx context.Context) error {
	for _, s := range p.stages {
		if err := s.work.Drain(ctx); err != nil {
			return err
		}
	}
	p.forget()
	return nil
}

// Shutdown is Drain and, if ctx ends first, Cancel with the cause of ctx, which it returns once the
// running calls have ended: functions must heed their contexts.
func (p *Pipeline[T]) Shutdown(ctx context.Context) error {
	err := p.Drain(ctx)
	if err != nil {
		p.Cancel(err)
		_ = p.Drain(context.WithoutCancel(ctx))
	}
	return err
}

// SetLimit changes Stage.Limit of the stages of that name; less than 1 counts as 1. While the next
// stage is full, no more than Stage.MinLimit run all the same. It reports whether there is such a
// stage, and does not wait.
func (p *Pipeline[T]) SetLimit(stage string, n int) bool {
	found := false
	for _, s := range p.stages {
		if s.name == stage {
			s.limit(func() { s.many = max(n, 1) })
			found = true
		}
	}
	return found
}

// Stats yields the name and the counters of each stage, from the first. Those of one stage are
// consistent, and those of different ones are not.
func (p *Pipeline[T]) Stats() iter.Seq2[string, coord.Stats] {
	return func(yield func(string, coord.Stats) bool) {
		for _, s := range p.stages {
			if !yield(s.name, s.work.Stats()) {
				return
			}
		}
	}
}

func (p *Pipeline[T]) forget() {
	for _, stop := range p.stops {
		stop()
	}
}

// Cancel ends intake, drops waiting values and cancels running calls, in all stages, with this
// cause; nil means context.Canceled. It does not wait for running calls: Drain does.
func (p *Pipeline[T]) Cancel(cause error) {
	p.forget()
	for _, s := range p.stages {
		s.work.Cancel(cause)
	}
}
