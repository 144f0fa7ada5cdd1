package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/alitto/pond/v2"
	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/panjf2000/ants/v2"
	"github.com/sourcegraph/conc/pool"
	"golang.org/x/sync/errgroup"
)

const (
	workers = 2
	window  = 1024
	ops     = 300_000
)

var background = context.Background()

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// unkeyed are pools of workers that do nothing, fed by one producer.
func unkeyed() []candidate {
	const group = "unkeyed no-op"
	return []candidate{
		{group: group, name: "channel and workers", n: ops, run: channel},
		{group: group, name: "errgroup", n: ops, run: errGroup},
		{group: group, name: "conc", n: ops, run: concPool},
		{group: group, name: "pond", n: ops, run: pondPool},
		{group: group, name: "ants", n: ops, run: antsPool},
		{group: group, name: "eph", n: ops, run: ephPool(coord.Options{}), against: group + "/ants", promise: 0.5},
		{group: group, name: "eph, no clock, no history", n: ops, run: ephPool(coord.Options{NoClock: true, History: -1}), against: group + "/ants", promise: 0.5},
	}
}

func channel(n int) {
	work := make(chan int, window)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range work {
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	wg.Wait()
}

func errGroup(n int) {
	var g errgroup.Group
	g.SetLimit(workers)
	for range n {
		g.Go(func() error { return nil })
	}
	check(g.Wait())
}

func concPool(n int) {
	p := pool.New().WithMaxGoroutines(workers)
	for range n {
		p.Go(func() {})
	}
	p.Wait()
}

func pondPool(n int) {
	p := pond.NewPool(workers, pond.WithQueueSize(window))
	for range n {
		check(p.Go(func() {}))
	}
	p.StopAndWait()
}

func antsPool(n int) {
	p, err := ants.NewPool(workers)
	check(err)
	defer p.Release()
	var wg sync.WaitGroup
	done := func() { wg.Done() }
	for range n {
		wg.Add(1)
		check(p.Submit(done))
	}
	wg.Wait()
}

func ephPool(o coord.Options) func(int) {
	o.Limit, o.Window = workers, window
	return func(n int) {
		p := coord.New(func(context.Context, int) error { return nil }, o)
		for i := range n {
			_, err := p.Put(background, i)
			check(err)
		}
		check(p.Drain(background))
	}
}

// keyed run one op of a key at a time, in order. Few pools can; what is usually written is a
// map of queues, each drained by a task of a pool.
func keyed() []candidate {
	var all []candidate
	for _, keys := range []int{10, 10_000} {
		group := fmt.Sprintf("%d keys, no-op", keys)
		all = append(all,
			candidate{group: group, name: "strand over pond", n: ops, run: strands(keys)},
			candidate{group: group, name: "eph", n: ops, run: ephKeyed(keys, window), against: "unkeyed no-op/ants", promise: 0.8},
		)
	}
	return all
}

func ephKeyed(keys, window int) func(int) {
	return func(n int) {
		c := coord.NewKeyed(func(i int) int { return i % keys }, func(context.Context, coord.Op[int], int) error { return nil },
			coord.Options{Limit: workers, Window: window})
		for i := range n {
			_, err := c.Put(background, i)
			check(err)
		}
		check(c.Drain(background))
	}
}

func strands(keys int) func(int) {
	return func(n int) {
		p := pond.NewPool(workers, pond.WithQueueSize(window))
		var mu sync.Mutex
		queues := make(map[int][]int)
		drain := func(key int) {
			for {
				mu.Lock()
				queue := queues[key]
				if len(queue) == 0 {
					delete(queues, key)
					mu.Unlock()
					return
				}
				queues[key] = queue[1:]
				mu.Unlock()
			}
		}
		for i := range n {
			key := i % keys
			mu.Lock()
			queue, busy := queues[key]
			queues[key] = append(queue, i)
			mu.Unlock()
			if !busy {
				check(p.Go(func() { drain(key) }))
			}
		}
		p.StopAndWait()
	}
}

// growth is whether an op costs more when there are more of them.
func growth() []candidate {
	var all []candidate
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		all = append(all, candidate{
			group: "all waiting at once", name: fmt.Sprintf("%d ops", n), n: n, run: backlog,
			against: "all waiting at once/10000 ops", promise: 1.5,
		})
	}
	for _, k := range []struct {
		keys    int
		promise float64
	}{{10, 0}, {10_000, 2}, {1_000_000, 6}} {
		all = append(all, candidate{
			group: "1e6 ops, all waiting at once", name: fmt.Sprintf("%d keys", k.keys), n: 1_000_000, run: keyedBacklog(k.keys),
			against: "1e6 ops, all waiting at once/10 keys", promise: k.promise,
		})
	}
	return all
}

func backlog(n int) {
	p := coord.New(func(context.Context, int) error { return nil }, coord.Options{Limit: workers, Window: -1})
	p.Pause()
	for i := range n {
		_, err := p.Put(background, i)
		check(err)
	}
	p.Resume()
	check(p.Drain(background))
}

func keyedBacklog(keys int) func(int) {
	return func(n int) {
		c := coord.NewKeyed(func(i int) int { return i % keys }, func(context.Context, coord.Op[int], int) error { return nil },
			coord.Options{Limit: workers, Window: -1})
		c.Pause()
		for i := range n {
			_, err := c.Put(background, i)
			check(err)
		}
		c.Resume()
		check(c.Drain(background))
	}
}
