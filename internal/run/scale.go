package run

import (
	"context"
	"sync"
	"time"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/pkg/patterns"
)

// scale moves how many jobs run at once, between bounds that may move as well.
type scale struct {
	run  *Run
	find *patterns.AIMD // finds the number, with --adaptive; else nil

	mu          sync.Mutex
	least, most int
	now         int
}

// rescaleTime is how often the file of -j @FILE is looked at, and the least time between two
// steps that signals ask for.
const rescaleTime = time.Second

func newScale(r *Run) *scale {
	j := r.plan.Jobs
	s := &scale{run: r, least: j.Least, most: j.Most, now: j.Most}
	if r.plan.Adaptive {
		s.now = j.Least
		s.find = patterns.NewAIMD(patterns.AIMDOptions{Min: j.Least, Max: j.Most})
	}
	return s
}

// set runs n jobs at once, as near as the bounds allow.
func (s *scale) set(n int, why string) {
	s.mu.Lock()
	from := s.now
	s.now = max(min(n, s.most), s.least, 1)
	to := s.now
	s.mu.Unlock()
	if to == from {
		return
	}
	s.run.pool.SetLimit(to)
	s.run.say(event.ConcurrencyChanged, &event.Fields{From: from, To: to, Message: why})
}

// bound changes the bounds; a person has asked for it, or a file says so.
func (s *scale) bound(j Jobs, why string) {
	s.mu.Lock()
	s.least, s.most = affordable(j.Least), affordable(j.Most)
	n := s.now
	if s.least == s.most {
		n = s.least
	}
	if s.find != nil {
		s.find.SetBounds(s.least, s.most)
	}
	s.mu.Unlock()
	s.set(n, why)
}

// add changes how many jobs run at once by n, and the bounds where they are in the way: it is
// a person who asks.
func (s *scale) add(n int, why string) {
	s.mu.Lock()
	to := max(s.now+n, 1)
	s.least, s.most = min(s.least, to), max(s.most, to)
	s.mu.Unlock()
	s.set(to, why)
}

// up and down do what concurrency.up and concurrency.down ask for.
func (s *scale) up(by string)   { s.set(s.limit()*2, "concurrency.up by "+by) }
func (s *scale) down(by string) { s.set(s.limit()/2, "concurrency.down by "+by) }

func (s *scale) limit() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// learn tells how an attempt went.
func (s *scale) learn(t *task) {
	if s.find == nil || t.result.End == job.Cancelled || t.result.End == job.NotStarted {
		return
	}
	s.set(s.find.Done(t.result.Wall, t.failure != nil), "adaptive")
}

// follow looks at the file of -j @FILE again and again, until stop is called, and takes what
// it holds whenever that has changed. The time of the file's last change would not do: the
// file may have changed between the first reading and the first look at its time.
func (s *scale) follow(file string) (stop func()) {
	if file == "" {
		return func() {}
	}
	return s.run.besides(func(ctx context.Context) {
		look := time.NewTicker(rescaleTime)
		defer look.Stop()
		last, complaint := s.run.wanted, ""
		for {
			select {
			case <-ctx.Done():
				return
			case <-look.C:
			}
			j, err := readJobs(file, s.run.plan.CPUs)
			switch {
			case err == nil && j != last:
				last, complaint = j, ""
				s.bound(j, file)
			case err != nil && err.Error() != complaint:
				complaint = err.Error()
				s.run.warn(complaint)
			}
		}
	})
}
