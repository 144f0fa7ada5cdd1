package patterns

import (
	"container/list"
	"context"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/signals"
)

// CacheOptions configure a Cache. The zero value holds 1000 entries for 5 minutes each, and for
// 30 once an entry was hit 5 times.
type CacheOptions struct {
	Size   int           // entries; the one that was not used for the longest time goes; 0 means 1000
	TTL    time.Duration // from the last hit; 0 means 5 min
	HotTTL time.Duration // the same for an entry that was hit Hot times; 0 means 30 min
	MaxTTL time.Duration // from the load, whatever the hits; 0 means no limit
	Hot    int           // 0 means 5

	// Signals is where one in Sample of cache.hit, cache.miss, cache.hot, cache.evict and
	// cache.error is raised, errors always, with no key. nil raises none.
	Signals *signals.Sink
	// Sample raises one in this many hits, misses and the like; below 2 means all.
	Sample int
}

// Cache keeps what a loader returns for a time that grows with use. Misses of one key at the
// same time load it once; an error is not kept. What is too old is never returned. A key that is
// not equal to itself, NaN, is loaded each time and not kept. Create one with NewCache; it needs no
// closing.
type Cache[K comparable, V any] struct {
	o    CacheOptions
	load func(context.Context, K) (V, error)

	mu      sync.Mutex
	entries map[K]*list.Element // of *entry
	used    list.List           // the least recently used first
	loads   map[K]*loading[V]
	raised  atomic.Uint64
}

type entry[K comparable, V any] struct {
	key    K
	value  V
	loaded time.Time
	until  time.Time
	hits   int
}

// loading is a load in progress, and those who wait for it.
type loading[V any] struct {
	done    chan struct{}
	value   V
	err     error
	waiting int
	cancel  context.CancelFunc
}

// NewCache returns an empty cache of what load returns. A nil load panics.
func NewCache[K comparable, V any](load func(context.Context, K) (V, error), o CacheOptions) *Cache[K, V] {
	if load == nil {
		panic("patterns: NewCache with a nil function")
	}
	if o.Size <= 0 {
		o.Size = 1000
	}
	if o.TTL <= 0 {
		o.TTL = 5 * time.Minute
	}
	if o.HotTTL <= 0 {
		o.HotTTL = 30 * time.Minute
	}
	if o.Hot <= 0 {
		o.Hot = 5
	}
	return &Cache[K, V]{o: o, load: load, entries: make(map[K]*list.Element), loads: make(map[K]*loading[V])}
}

// Get returns the value of a key, loading it and waiting for that if necessary. Its error is that of
// the load, or the cause of ctx. The load continues as long as somebody waits for it: its context
// ends once the contexts of all of them have ended. A load that panics is an error for all of them,
// a *coord.PanicError. A loader must not Get the key that it loads.
func (c *Cache[K, V]) Get(ctx context.Context, k K) (V, error) {
	v, hits, l := c.join(ctx, k)
	if hits > 0 {
		c.say("cache.hit")
		if hits == c.o.Hot {
			c.say("cache.hot")
		}
		return v, nil
	}
	c.say("cache.miss")
	select {
	case <-l.done:
		return l.value, l.err
	case <-ctx.Done():
	}
	c.mu.Lock()
	if l.waiting--; l.waiting == 0 {
		l.cancel()
		if c.loads[k] == l {
			delete(c.loads, k) // who comes now starts anew
		}
	}
	c.mu.Unlock()
	return v, context.Cause(ctx)
}

// join returns a value and how often it was hit by now, or the load to wait for, which it begins
// if need be.
func (c *Cache[K, V]) join(ctx context.Context, k K) (v V, hits int, l *loading[V]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, hits = c.hit(k); hits > 0 {
		return v, hits, nil
	}
	l, under := c.loads[k]
	if !under {
		var loadCtx context.Context
		l = &loading[V]{done: make(chan struct{})}
		loadCtx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
		if k == k { // nobody could find a NaN again
			c.loads[k] = l
		}
		go c.fill(loadCtx, k, l)
	}
	l.waiting++
	return v, 0, l
}

// fill loads a value. The goroutine ends with the loader; Get waits for it unless its context
// ends, which cancels the loader's.
func (c *Cache[K, V]) fill(ctx context.Context, k K, l *loading[V]) {
	defer l.cancel()
	ok := false
	defer func() {
		switch v := recover(); {
		case v != nil:
			l.err = &coord.PanicError{Value: v, Stack: debug.Stack()}
		case !ok:
			l.err = coord.ErrGoexit
		}
		c.keep(k, l)
	}()
	l.value, l.err = c.load(ctx, k)
	ok = true
}

// keep ends a load, and keeps its value unless it failed or was dropped.
func (c *Cache[K, V]) keep(k K, l *loading[V]) {
	evicted := 0
	c.mu.Lock()
	if c.loads[k] == l {
		delete(c.loads, k)
		if l.err == nil {
			evicted = c.put(k, l.value)
		}
	}
	c.mu.Unlock()
	close(l.done)
	c.sayEvicted(evicted)
	if l.err != nil && c.o.Signals != nil {
		c.o.Signals.Raise("cache.error", "")
	}
}

// put makes an entry, and returns how many others went for it.
func (c *Cache[K, V]) put(k K, v V) (evicted int) {
	if k != k { // a NaN is not kept
		return 0
	}
	now := time.Now()
	e := &entry[K, V]{key: k, value: v, loaded: now}
	c.renew(e, now)
	c.remove(k)
	c.entries[k] = c.used.PushBack(e)
	for ; c.used.Len() > c.o.Size; evicted++ {
		c.remove(c.used.Front().Value.(*entry[K, V]).key)
	}
	return evicted
}

func (c *Cache[K, V]) sayEvicted(n int) {
	for range n {
		c.say("cache.evict")
	}
}

// hit returns a value that is young enough, and renews it. hits is how often it was hit by now,
// or 0 if there is no such value.
func (c *Cache[K, V]) hit(k K) (v V, hits int) {
	element, ok := c.entries[k]
	if !ok {
		return v, 0
	}
	e := element.Value.(*entry[K, V])
	now := time.Now()
	if !now.Before(e.until) {
		c.remove(k)
		return v, 0
	}
	e.hits++
	c.renew(e, now)
	c.used.MoveToBack(element)
	return e.value, e.hits
}

func (c *Cache[K, V]) renew(e *entry[K, V], now time.Time) {
	ttl := c.o.TTL
	if e.hits >= c.o.Hot {
		ttl = c.o.HotTTL
	}
	e.until = now.Add(ttl)
	if c.o.MaxTTL > 0 && e.until.After(e.loaded.Add(c.o.MaxTTL)) {
		e.until = e.loaded.Add(c.o.MaxTTL)
	}
}

func (c *Cache[K, V]) remove(k K) bool {
	element, ok := c.entries[k]
	if ok {
		c.used.Remove(element)
		delete(c.entries, k)
	}
	return ok
}

// Peek returns a value that is present and young enough. It loads nothing and renews nothing.
func (c *Cache[K, V]) Peek(k K) (v V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.entries[k]
	if !ok {
		return v, false
	}
	if e := element.Value.(*entry[K, V]); time.Now().Before(e.until) {
		return e.value, true
	}
	return v, false
}

// Drop removes a key, and reports whether it was present. A load in progress still answers those who
// wait for it, but its value is not kept: it may have been read before the change.
func (c *Cache[K, V]) Drop(k K) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.loads, k) // so that keep does not find it
	return c.remove(k)
}

// Set puts a value in, as if it had just been loaded. A load that is under way still answers those
// who wait for it, but does not replace the value.
func (c *Cache[K, V]) Set(k K, v V) {
	c.mu.Lock()
	delete(c.loads, k)
	evicted := c.put(k, v)
	c.mu.Unlock()
	c.sayEvicted(evicted)
}

// Clear is Drop of all keys.
func (c *Cache[K, V]) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.loads)
	clear(c.entries)
	c.used.Init()
}

// DropOn drops the keys that matching events name; key may refuse an event with false. A nil key
// panics.
func (c *Cache[K, V]) DropOn(s *signals.Sink, p signals.Pattern, key func(signals.Event) (K, bool)) (stop func()) {
	if key == nil {
		panic("patterns: DropOn with a nil function")
	}
	return s.Subscribe(p, func(e signals.Event) {
		if k, ok := key(e); ok {
			c.Drop(k)
		}
	})
}

// Len returns the number of entries, including those that are too old.
func (c *Cache[K, V]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.used.Len()
}

// say raises one in Sample of the signals. It is called without the lock, since a subscriber may
// use the cache.
func (c *Cache[K, V]) say(name string) {
	if c.o.Signals == nil {
		return
	}
	if n := c.raised.Add(1); c.o.Sample < 2 || (n-1)%uint64(c.o.Sample) == 0 {
		c.o.Signals.Raise(name, "")
	}
}
