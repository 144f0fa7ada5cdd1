package run

import (
	"errors"
	"io"
	"os"
	"sync/atomic"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/job"
)

// destinations are where the streams of an attempt go.
func (r *Run) destinations(t *task) job.Output {
	to := job.Output{Stdout: t.out.Stdout(), Stderr: t.out.Stderr()}
	if t.files != nil {
		to.Stdout = stored{t.files.Stdout, t.files.Name}
		if t.files.Stderr != nil {
			to.Stderr = stored{t.files.Stderr, t.files.Name + ".err"}
		}
	}
	return to
}

// outputOf is destinations with what --max-output and --merge make of them.
func (r *Run) outputOf(t *task) job.Output {
	to := r.destinations(t)
	if r.plan.MaxOut > 0 {
		t.excess.left.Store(r.plan.MaxOut)
		t.excess.over.Store(0)
		to.Stdout, to.Stderr = capped{to.Stdout, &t.excess}, capped{to.Stderr, &t.excess}
	}
	if r.plan.Merge {
		to.Stderr = to.Stdout
	}
	return to
}

// stored is a file of results.
type stored struct {
	*os.File
	name string
}

// Write is that of a file, with an error that says what could not be done where.
func (s stored) Write(p []byte) (int, error) {
	n, err := s.File.Write(p)
	if path, ok := errors.AsType[*os.PathError](err); ok {
		err = fail.Own("cannot write %s: %w", s.name, path.Err).Advise("to make room on that disk, or --max-output")
	}
	return n, err
}

// excess counts the bytes of both streams of an attempt.
type excess struct{ left, over atomic.Int64 }

// capped lets through what is left, and takes the rest without a word, so that the job goes on.
type capped struct {
	to io.Writer
	of *excess
}

func (c capped) Write(p []byte) (int, error) {
	left := c.of.left.Add(-int64(len(p)))
	keep := min(max(left+int64(len(p)), 0), int64(len(p)))
	c.of.over.Add(int64(len(p)) - keep)
	if keep == 0 {
		return len(p), nil
	}
	if n, err := c.to.Write(p[:keep]); err != nil {
		return n, err
	}
	return len(p), nil
}
