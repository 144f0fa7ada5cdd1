package output

import (
	"bytes"
	"io"

	"github.com/mostlylucid/eph/internal/plain"
)

// stream is one of the two streams of a job.
type stream struct {
	job   *Job
	to    *dest
	spool spool

	prefix  []byte // the tag and its tab, before each line
	midLine bool   // the last byte was no newline
	lines   int64  // bytes in the spool up to its last newline, while the job is not live
	failed  error  // the first that its output met
}

func (s *stream) init(j *Job, to *dest, tag string) {
	s.job, s.to = j, to
	s.spool.init(&j.w.store)
	if tag != "" {
		s.prefix = append([]byte(plain.Text(tag)), '\t')
	}
}

// writer returns what the job writes to.
func (s *stream) writer() io.Writer {
	if s.job.mode == Raw {
		return s.to.out
	}
	return s
}

// Write implements [io.Writer], with the contract that Job.Stdout states.
func (s *stream) Write(p []byte) (int, error) {
	err := s.to.err()
	if err == nil {
		err = s.take(p)
	}
	if err != nil {
		s.note(err)
		return 0, err
	}
	return len(p), nil
}

func (s *stream) note(err error) {
	if s.failed == nil {
		s.failed = err
	}
}

// take holds or prints p.
func (s *stream) take(p []byte) error {
	if s.job.mode == Group {
		return s.emit(&s.spool, p)
	}
	if held, err := s.hold(p); held {
		return err
	}
	end := bytes.LastIndexByte(p, '\n') + 1
	if end > 0 {
		if err := s.printLines(p[:end]); err != nil {
			return err
		}
	}
	return s.emit(&s.spool, p[end:])
}

// hold spools p if it is not yet the turn of the job.
func (s *stream) hold(p []byte) (held bool, err error) {
	j := s.job
	if j.live.Load() {
		return false, nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.live.Load() {
		return false, nil
	}
	end := bytes.LastIndexByte(p, '\n') + 1
	if end > 0 {
		if err := s.emit(&s.spool, p[:end]); err != nil {
			return true, err
		}
		s.lines = s.spool.size
	}
	return true, s.emit(&s.spool, p[end:])
}

// printLines prints the line that has begun and the lines of p that end it.
func (s *stream) printLines(p []byte) error {
	w := s.job.w
	w.print.Lock()
	defer w.printed()
	if err := s.spool.drain(s.spool.size, s.to); err != nil {
		return err
	}
	if err := s.emit(s.to, p); err != nil {
		return err
	}
	return s.to.flush()
}

// emit writes p to w, with the prefix before each line.
func (s *stream) emit(w io.Writer, p []byte) error {
	for len(p) > 0 {
		part := p
		if s.prefix != nil {
			if !s.midLine {
				if _, err := w.Write(s.prefix); err != nil {
					return err
				}
			}
			if end := bytes.IndexByte(p, '\n') + 1; end > 0 {
				part = p[:end]
			}
		}
		if _, err := w.Write(part); err != nil {
			return err
		}
		s.midLine = part[len(part)-1] != '\n'
		p = p[len(part):]
	}
	return nil
}

// print writes n bytes of the spool out. The writer's lock is held.
func (s *stream) print(n int64) {
	if n == 0 {
		return
	}
	err := s.spool.drain(n, s.to)
	if err == nil {
		err = s.to.flush()
	}
	if err != nil {
		s.note(err)
		s.job.w.fail(err)
	}
}

func (s *stream) reset() {
	s.spool.discard()
	s.midLine, s.failed = false, nil
}

// show prints all that the job holds. The writer's lock is held.
func (j *Job) show() {
	if row := j.w.o.Row; row != nil {
		j.showRow(row)
		return
	}
	j.out.print(j.out.spool.size)
	j.err.print(j.err.spool.size)
}

// showRow prints what stands for the job. The writer's lock is held.
func (j *Job) showRow(row func(io.Writer, *Job) error) {
	defer j.Discard()
	if j.About == nil {
		return
	}
	err := row(&j.w.out, j)
	if err == nil {
		err = j.w.out.flush()
	}
	if err != nil {
		j.out.note(err)
		j.w.fail(err)
	}
}

// goLive prints the lines that the job holds and lets it go on by itself, unless it does
// already. The writer's lock is held.
func (j *Job) goLive() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.live.Load() {
		return
	}
	j.out.print(j.out.lines)
	j.err.print(j.err.lines)
	j.live.Store(true)
}
