// Package sched is the one scheduler of eph. The coordinators of pkg/coord and the
// dispatcher of pkg/signals are views of it; nothing else in the project keeps a queue.
//
// It is a monitor: one mutex, no background goroutine, and these structures.
//
//   - An op (node) is accepted once and ends once. Its life is the table in state.go.
//   - A queue holds the waiting ops of one key in order. The ops that have no key stand in
//     one queue per lane and priority, which has no limit of its own, so that keyed and
//     unkeyed work are the same code.
//   - The table of keys holds a key only while it has waiting or running ops.
//   - Each lane holds its ready queues, not its ops: first by priority, then in turn. A
//     queue that moves leaves a stale entry behind, told by its ticket and skipped once,
//     which costs less than taking it out of the middle.
//   - The delay heap holds ops that wait for their time, with one timer for the earliest.
//   - Producers that wait for room stand in one list and are served in order.
//
// Workers are goroutines that exist while there is work. A worker that finds none yields
// once before it leaves, so that a steady trickle does not start one for each op. The rule
// that makes the scheduler work-conserving: whenever the mutex is released, as many ops run
// as the limit allows, or nothing that may start is waiting, or a worker is about to look.
//
// Refused alternatives: a heap of all ops ordered by arrival, which costs O(log n) and lets
// the backlog of one hot key pass the others (keys take turns here, in O(1)); and a worker
// per key, which keeps a goroutine for every key and a slot for every waiting one.
package sched
