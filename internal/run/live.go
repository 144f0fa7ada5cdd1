package run

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// live are the attempts that are under way.
type live struct {
	mu    sync.Mutex
	tasks map[*task]time.Time
}

func (l *live) enter(t *task) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tasks == nil {
		l.tasks = make(map[*task]time.Time)
	}
	l.tasks[t] = time.Now()
}

func (l *live) leave(t *task) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.tasks, t)
}

func (l *live) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.tasks)
}

// attempt is what is known of one that is under way.
type attempt struct {
	seq       int64
	number    int
	key, item string
	began     time.Time
}

// list returns the attempts, the oldest item first.
func (l *live) list() []attempt {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]attempt, 0, len(l.tasks))
	for t, began := range l.tasks {
		all = append(all, attempt{seq: t.item.Seq, number: t.attempt, key: t.key, item: t.text(), began: began})
	}
	slices.SortFunc(all, func(a, b attempt) int { return cmp.Compare(a.seq, b.seq) })
	return all
}
