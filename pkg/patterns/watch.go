package patterns

import (
	"container/list"
	"sync"
	"time"

	"github.com/mostlylucid/eph/pkg/signals"
)

// mostWatched is how many names and keys a Watch remembers.
const mostWatched = 10_000

// Watch calls fn for matching events, on the raiser's goroutine, but for each name and key at most
// once within again. Beyond ten thousand of them, the one that was seen first is forgotten. fn must
// not block; it may be called from several goroutines at once. A nil fn panics.
func Watch(s *signals.Sink, p signals.Pattern, again time.Duration, fn func(signals.Event)) (stop func()) {
	if fn == nil {
		panic("patterns: Watch with a nil function")
	}
	w := &watch{again: again, seen: make(map[fact]*list.Element)}
	return s.Subscribe(p, func(e signals.Event) {
		if w.news(fact{e.Name, e.Key}, time.Now()) {
			fn(e)
		}
	})
}

type fact struct{ name, key string }

type sighting struct {
	fact
	at time.Time
}

// watch remembers what was seen, the oldest first.
type watch struct {
	again time.Duration

	mu   sync.Mutex
	seen map[fact]*list.Element // of sightings
	line list.List
}

// news reports whether f was not seen within again, and remembers that it is now.
func (w *watch) news(f fact, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for e := w.line.Front(); e != nil; e = w.line.Front() {
		old := e.Value.(sighting)
		if now.Sub(old.at) < w.again && w.line.Len() < mostWatched {
			break
		}
		w.line.Remove(e)
		delete(w.seen, old.fact)
	}
	if _, ok := w.seen[f]; ok {
		return false
	}
	w.seen[f] = w.line.PushBack(sighting{f, now})
	return true
}
