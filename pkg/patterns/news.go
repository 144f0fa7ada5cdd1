package patterns

import "sync"

// news is delivered in the order in which it happened, by one goroutine at a time, and outside the
// locks of its owner: so the last thing reported about a condition is true, and a subscriber may use
// what the news is about. A goroutine that finds another one delivering leaves it to that one.
type news struct {
	mu   sync.Mutex
	left []func()
	busy bool
}

// add is called with the owner's lock held, which gives the order.
func (n *news) add(say func()) {
	n.mu.Lock()
	n.left = append(n.left, say)
	n.mu.Unlock()
}

// tell is called with no lock held.
func (n *news) tell() {
	n.mu.Lock()
	if n.busy || len(n.left) == 0 {
		n.mu.Unlock()
		return
	}
	n.busy = true
	say := n.left[0]
	n.left = n.left[1:]
	n.mu.Unlock()
	defer func() { // also when a subscriber ends the goroutine
		n.mu.Lock()
		n.busy = false
		n.mu.Unlock()
		n.tell()
	}()
	say()
}
