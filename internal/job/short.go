package job

import (
	"time"

	"golang.org/x/sys/unix"
)

// shortTime is how long a job is waited for on the thread that started it.
const shortTime = 20 * time.Millisecond

// short sees a job to its end that ends at once and writes little: one wait of the system for
// all there is to wait for, on this thread, without a goroutine or the poller of the runtime.
// For thousands of small jobs that is the difference between the pace of C and of os/exec.
//
// It reports false for a job that takes longer, writes more, or leaves a pipe open, which then
// goes on in the general way; what was read by then is the beginning of its output. Nothing is
// delivered before the job has ended, for a writer may block.
//
// The wait holds a processor of the runtime, as the start of the process did: told of a system
// call that takes longer than some microseconds, the runtime gives the processor to another
// thread, and getting it back costs more switches than the job itself. One processor is left
// to everybody else.
func (p *process) short(timeout time.Duration) bool {
	if p.streams.stdin != nil || p.pidfd < 0 {
		return false
	}
	select {
	case p.local.short <- struct{}{}:
		defer func() { <-p.local.short }()
	default:
		return false
	}
	limit := shortTime
	if timeout > 0 {
		limit = min(limit, timeout)
	}
	if !p.endsBy(p.start.Add(limit)) {
		return false
	}
	for _, c := range p.streams.captures {
		for !c.eof {
			if !c.collect() || c.dry {
				return false
			}
		}
	}
	for _, c := range p.streams.captures {
		if c.chunk != nil {
			c.deliver()
		}
		_ = unix.Close(c.pipe)
	}
	return true
}

// endsBy waits for the end of the process until then, and collects what it writes. It reports
// false when the time is over or more was written than fits a chunk.
func (p *process) endsBy(limit time.Time) bool {
	var fds [4]unix.PollFd
	for {
		wait := fds[:1]
		wait[0] = unix.PollFd{Fd: int32(p.pidfd), Events: unix.POLLIN}
		for _, c := range p.streams.captures {
			if !c.eof {
				wait = append(wait, unix.PollFd{Fd: int32(c.pipe), Events: unix.POLLIN})
			}
		}
		left := time.Until(limit)
		if left <= 0 {
			return false
		}
		if err := holdingPoll(wait, left); err != nil && err != unix.EINTR {
			return false
		}
		if wait[0].Revents != 0 {
			return true
		}
		for _, c := range p.streams.captures {
			if !c.eof && !c.collect() {
				return false
			}
		}
	}
}

// collect reads what there is into the chunk, without delivering it, and reports whether there
// was room for it.
func (c *capture) collect() bool {
	if c.chunk == nil {
		c.chunk, c.size = buffers.Get().(*buffer), 0
	}
	if c.size == len(c.chunk) {
		return false
	}
	n, err := readNow(c.pipe, c.chunk[c.size:])
	c.dry = err == unix.EAGAIN
	c.eof = !c.dry && n <= 0
	c.size += max(n, 0)
	if c.size == 0 {
		buffers.Put(c.chunk)
		c.chunk = nil
	}
	return true
}
