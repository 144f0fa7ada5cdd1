package output

import (
	"maps"
	"slices"
	"sync"
)

// order knows whose turn it is to print.
type order struct {
	mu    sync.Mutex
	head  int64          // the first number that has not had its turn
	jobs  map[int64]*Job // let in and not printed; nil: skipped
	moved chan struct{}  // closed when head goes on; nil while nobody waits
}

// enter lets in a job and reports whether it is its turn.
func (o *order) enter(seq int64, j *Job) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.jobs[seq] = j
	return seq == o.head
}

// leave says that a job has ended, or with nil will never run. It reports whether it is its
// turn; the caller must then go on with the order.
func (o *order) leave(seq int64, j *Job) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.jobs[seq] = j
	if j != nil {
		j.closed = true
	}
	return seq == o.head
}

// take returns the job whose turn it is, if it was let in, and whether it is over: then the
// turn has passed to the next. A number that was skipped is over and has no job.
func (o *order) take() (j *Job, over bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	j, in := o.jobs[o.head]
	if !in || j != nil && !j.closed {
		return j, false
	}
	delete(o.jobs, o.head)
	o.head++
	if o.moved != nil {
		close(o.moved)
		o.moved = nil
	}
	return j, true
}

// wait returns nil when head has come to seq, and else what is closed when it goes on.
func (o *order) wait(seq int64) <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.head >= seq {
		return nil
	}
	if o.moved == nil {
		o.moved = make(chan struct{})
	}
	return o.moved
}

// rest returns the jobs that ended and were not printed, in order.
func (o *order) rest() (jobs []*Job) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, seq := range slices.Sorted(maps.Keys(o.jobs)) {
		if j := o.jobs[seq]; j != nil && j.closed {
			jobs = append(jobs, j)
		}
	}
	clear(o.jobs)
	return jobs
}
