package run

import (
	"context"
	"time"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/observe"
	"github.com/mostlylucid/eph/internal/output"
	"github.com/mostlylucid/eph/pkg/signals"
)

// Progress says how a run shows how far it has come.
type Progress struct {
	Kind    ProgressKind
	Columns func() int // how wide the terminal of standard error is; nil where there is none
	Stdout  bool       // with ProgressBar: it is that of standard output too
	ASCII   bool       // nothing else can be shown

	// Foreground reports, with ProgressBar, whether the terminal is not somebody else's just now.
	// It may block until its context ends.
	Foreground func(context.Context) bool
}

// ProgressKind is a way to show progress.
type ProgressKind uint8

// The ways.
const (
	ProgressNone  ProgressKind = iota
	ProgressBar                // a region of the terminal
	ProgressLines              // a line of standard error now and then
)

const (
	frameTime  = 100 * time.Millisecond
	firstFrame = 500 * time.Millisecond // a run that is over sooner shows nothing
	beat       = 30 * time.Second
	signalTime = 10 * time.Second
	askTime    = time.Second // for an answer to who has the terminal
)

func (p *Progress) marks() observe.Marks {
	if p.ASCII {
		return observe.ASCIIMarks
	}
	return observe.UTF8Marks
}

// columns is how wide the terminal of standard error is, or 0.
func (p *Progress) columns() int {
	if p.Columns == nil {
		return 0
	}
	return p.Columns()
}

// screen is where the writer has to leave room.
func (p *Progress) screen() *output.Screen {
	if p.Kind != ProgressBar {
		return nil
	}
	return &output.Screen{Stdout: p.Stdout}
}

// progress shows how far the run has come, until stop is called.
func (r *Run) progress() (stop func()) {
	p := &r.plan.Progress
	var pace observe.Pace
	switch p.Kind {
	case ProgressLines:
		return r.besides(func(ctx context.Context) {
			observe.Every(ctx, beat, func() {
				s := r.come(&pace)
				_ = r.out.Note(s.Line(p.marks())) // a broken stderr ends no run
			})
		})
	case ProgressBar:
		unwatch := r.sink.Subscribe(signals.MustCompile(event.JobFailed+","+event.JobAttemptFailed), func(e signals.Event) {
			if f, ok := e.Value.(*event.Fields); ok {
				_ = r.out.Note(observe.Failure(e.Name, f, p.columns(), p.marks()))
			}
		})
		stop := r.besides(func(ctx context.Context) {
			observe.Every(ctx, frameTime, func() {
				s := r.come(&pace)
				if s.Took < firstFrame || r.suspended.Load() {
					return
				}
				asked, cancel := context.WithTimeout(ctx, askTime)
				defer cancel()
				switch {
				case p.Foreground(asked):
					r.out.Draw(s.Frame(p.columns(), p.marks()))
				case ctx.Err() == nil:
					r.out.Leave()
				}
			})
		})
		return func() {
			unwatch()
			stop()
			r.out.Draw(nil)
		}
	}
	return func() {}
}

// tellProgress says how far the run has come, until stop is called, if anybody listens.
func (r *Run) tellProgress() (stop func()) {
	if !r.heard(event.RunProgress) {
		return func() {}
	}
	return r.besides(func(ctx context.Context) {
		observe.Every(ctx, signalTime, func() {
			counts, stats := r.books.counts(), r.pool.Stats()
			r.say(event.RunProgress, &event.Fields{Counts: &counts, Running: stats.Running, Waiting: stats.Pending + stats.Delayed})
		})
	})
}

// come is how far the run has come.
func (r *Run) come(pace *observe.Pace) observe.Progress {
	stats := r.pool.Stats()
	s := observe.Progress{
		Counts: r.books.counts(), Total: r.known(), Took: time.Since(r.began),
		Waiting: stats.Pending + stats.Delayed, Delayed: stats.Delayed, Slots: stats.Limit,
	}
	s.Counts.Read -= s.Counts.Resumed // it is this run that is shown
	s.Total = max(0, s.Total-s.Counts.Resumed)
	s.Rate = pace.Take(s.Took, s.Counts.Done())
	for _, a := range r.live.list() {
		s.Running = append(s.Running, observe.Running{Seq: a.seq, Key: a.key, Item: a.item, For: time.Since(a.began)})
	}
	for _, h := range r.held(stats) {
		switch h.By {
		case "slots", "retry", "input", "rate": // what the numbers say already
		default:
			s.Held, s.Ends = h.What, h.By == "end"
			return s
		}
	}
	return s
}

// known is how many items there will be, or 0 while that is not known.
func (r *Run) known() int64 {
	switch p := &r.plan.Input; {
	case r.read.Load():
		return r.books.counts().Read
	case r.total.Load() > 0:
		return r.total.Load()
	case len(p.Sources) != 1 || p.Sources[0].File != "" || p.Header || p.Skip > 0 || p.Limit > 0 || r.plan.Fill || r.plan.MaxChars > 0 || p.Until != "":
		return 0
	default:
		n := max(p.MaxArgs, 1)
		return int64((len(p.Sources[0].Values) + n - 1) / n)
	}
}
