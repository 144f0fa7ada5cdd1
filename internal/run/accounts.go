package run

import (
	"sync"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
)

// books are the account of a run: every item that was read is in it exactly once.
type books struct {
	mu       sync.Mutex
	c        event.Counts
	unreadIn bool // the input was left before its end
	unrun    bool // an item was skipped that would have run
	broken   bool // an item, or a record, could not be used
	failures fail.Failures
	keys     map[string]struct{} // of which an item failed; only with --key-fail=skip
}

func (b *books) with(do func(*event.Counts)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	do(&b.c)
}

func (b *books) counts() (c event.Counts) {
	b.with(func(now *event.Counts) { c = *now })
	return c
}

func (b *books) read()      { b.with(func(c *event.Counts) { c.Read++ }) }
func (b *books) succeeded() { b.with(func(c *event.Counts) { c.Succeeded++ }) }
func (b *books) failed(status int) {
	b.with(func(c *event.Counts) { c.Failed++; b.failures.Add(status) })
}

// failedBefore counts an item that failed in an earlier run, and is passed over in this one.
func (b *books) failedBefore() {
	b.with(func(c *event.Counts) { c.Skipped++; b.failures.Add(0) })
}
func (b *books) skipped()    { b.with(func(c *event.Counts) { c.Skipped++ }) }
func (b *books) passedOver() { b.with(func(c *event.Counts) { c.Skipped++; b.unrun = true }) }

// cancelled counts an item that was left, started or not.
func (b *books) cancelled(started bool) {
	b.with(func(c *event.Counts) {
		c.Cancelled++
		if started {
			c.Interrupted++
		}
	})
}
func (b *books) retried()  { b.with(func(c *event.Counts) { c.Retried++ }) }
func (b *books) unread()   { b.with(func(*event.Counts) { b.unreadIn = true }) }
func (b *books) unfit()    { b.failed(0); b.with(func(*event.Counts) { b.broken = true }) }
func (b *books) resumed()  { b.with(func(c *event.Counts) { c.Resumed++ }) }
func (b *books) rejected() { b.with(func(c *event.Counts) { c.Rejected++; b.broken = true }) }

// incomplete reports whether some of the input is no item that has ended.
func (b *books) incomplete() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.unreadIn || b.unrun || b.c.Rejected > 0 || b.c.Cancelled > 0
}

// leftInput reports whether the input was left before its end.
func (b *books) leftInput() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.unreadIn
}

// status is the exit status that the counts lead to, where rule says what failed items mean.
func (b *books) status(empty Empty, e *ending, rule fail.Rule) fail.Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e != nil && e.goal {
		return fail.Succeeded
	}
	s := fail.Succeeded
	if b.c.Read == 0 && b.c.Rejected == 0 && !b.unreadIn && empty == EmptyFail {
		s = fail.NoItem
	}
	if b.unreadIn || b.unrun || b.c.Cancelled > 0 {
		s = fail.Worse(s, fail.Unrun)
	}
	if b.failures.Count > 0 {
		s = fail.Worse(s, fail.JobsFailed)
	}
	if b.broken {
		s = fail.Worse(s, fail.Broken)
	}
	if s == fail.JobsFailed {
		s = rule.Of(b.failures)
	}
	return s
}

func (b *books) failKey(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.keys == nil {
		b.keys = make(map[string]struct{})
	}
	b.keys[key] = struct{}{}
}

func (b *books) keyFailed(key string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, failed := b.keys[key]
	return failed
}
