// Package output delivers the output of jobs: whole, in order, and without holding more than a
// bounded part of it in memory.
//
// A [Writer] has a [Job] for each item. What a job writes goes, by [Mode],
//
//	Group  into a spool, and out when the job has ended: its stdout, then its stderr
//	Lines  out with every complete line; an incomplete line waits in a spool
//	Raw    nowhere near this package: the job inherits the streams
//
// and, with Options.KeepOrder, not before all jobs with lower sequence numbers have ended. In
// Lines mode the job whose turn it is prints as it goes; the others are spooled.
//
// A spool is memory while Options.SpoolMem lasts, and beyond it a part of one temporary file
// that has no name, so nothing is left behind however the run ends.
//
// Bytes are never changed: a missing final newline stays missing, even after a tag, as with GNU
// parallel. The exception is the tag itself, see [plain.Text]. A line of any length comes out in
// one piece.
//
// All writing to a stream happens under one lock. A reader of standard output that is slow
// therefore blocks the jobs that have something to print, and through them the run: that is
// the backpressure. A destination that has failed stays failed: later writes to it return the same
// error, and nothing is retried.
//
// On Unix a Go program that writes to a broken standard output dies from SIGPIPE. A program that
// wants the error instead must handle that signal, see os/signal.
package output
