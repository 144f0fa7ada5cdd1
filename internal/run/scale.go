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
	stepped     time.Time // when a signal last moved it
}

// rescaleTime is how often the file of -j @FILE is looked at, and the least time between two
// steps that signals of jobs ask for.
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

// bound changes the bounds; a person has asked for it, or a file says so.
func (s *scale) bound(j Jobs, why string) {
	s.change(why, func() int {
		s.least, s.most = affordable(j.Least), affordable(j.Most)
		if s.find != nil {
			s.find.SetBounds(s.least, s.most)
		}
		if s.least == s.most {
			return s.least
		}
		return s.now
	})
}

// add changes how many jobs run at once by n, and the bounds where they are in the way: it is
// a person who asks.
func (s *scale) add(n int, why string) {
	s.change(why, func() int {
		to := max(s.now+n, 1)
		s.least, s.most = min(s.least, to), max(s.most, to)
		return to
	})
}

// up and down do what concurrency.up and concurrency.down ask for.
func (s *scale) up(by string) { s.step("concurrency.up by "+by, by, func(n int) int { return n * 2 }) }

func (s *scale) down(by string) {
	s.step("concurrency.down by "+by, by, func(n int) int { return n / 2 })
}

// step follows a signal: a person's always, and of those of jobs and rules one in rescaleTime,
// for all the jobs that run may say the same of one event.
func (s *scale) step(why, by string, to func(int) int) {
	s.change(why, func() int {
		if now := time.Now(); by == byPerson || now.Sub(s.stepped) >= rescaleTime {
			s.stepped = now
			return to(s.now)
		}
		return s.now
	})
}

// change moves how many jobs run at once to what to returns, as near as the bounds allow. The
// coordinator is told under the lock, so that it has what s has.
func (s *scale) change(why string, to func() int) {
	s.mu.Lock()
	from := s.now
	s.now = max(min(to(), s.most), s.least, 1)
	now := s.now
	if now != from {
		s.run.pool.SetLimit(now)
	}
	s.mu.Unlock()
	if now != from {
		s.run.say(event.ConcurrencyChanged, &event.Fields{From: from, To: now, Message: why})
	}
}

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
	s.change("adaptive", func() int { return s.find.Done(t.result.Wall, t.failure != nil) })
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
