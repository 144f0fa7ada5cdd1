// Package sqlitewindow keeps the window of a [signals.Sink] in an SQLite file, where it outlives
// the program.
//
//	w, err := sqlitewindow.Open("events.db", sink, sqlitewindow.Options{})
//	...
//	defer w.Shutdown(ctx)
//	for r, err := range w.Load(ctx, 0) { ... }
//
// # What is promised
//
//   - An event is stored once. It is identified by the ID of its sink and its Seq. The mark of a
//     sink, which is how far it has been stored, is written in the transaction that stores its
//     events, and every batch begins by reading it. So it does not matter where a flush failed,
//     whether a failed commit took effect after all, who else has the file open, or whether the
//     same sink was stored before.
//   - Once Flush has returned nil, everything raised before it is on disk, and survives even a power
//     failure. What was raised later and not flushed is lost with the process.
//   - A raiser never waits for the database.
//   - Events wait in the window of the sink and nowhere else, so a database that stalls or fails
//     costs no memory. If that lasts longer than the window can hold, the oldest events are lost:
//     they are counted, by Stats and, once the database works again, in the file.
//
// # The file
//
// The table events has a row for each event, in order of its id; times are in Unix nanoseconds,
// or NULL if the sink does not stamp; value and causes are JSON. The table sinks has the marks,
// and how many events were lost. Sinks of several processes may share a file.
//
// The driver is modernc.org/sqlite, SQLite itself translated to Go: it needs no C compiler, and,
// unlike a WebAssembly build of SQLite, no runtime to start.
//
// This is a separate module: a program that does not import it does not download SQLite.
package sqlitewindow

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/patterns"
	"github.com/mostlylucid/eph/pkg/signals"
)

// ErrNoWindow is returned for a sink that keeps no window: its events have no Seq.
var ErrNoWindow = errors.New("sqlitewindow: the sink keeps no window; give signals.Options a Window")

// Options configure a Window. The zero value stores all events, 30 s after the first or when
// there are 1000, and keeps them for ever.
type Options struct {
	// Events selects what is stored. The zero Pattern is all.
	Events signals.Pattern

	// Every is how long an event may wait for a flush. 0 means 30 s, a negative value until
	// somebody calls Flush or Shutdown.
	Every time.Duration

	// Batch is how many events are stored in one transaction, and how many may have been
	// raised before a flush begins ahead of its time; 0 means 1000. A sink's window should
	// hold more than that.
	Batch int

	// Keep is how many events the file holds, those of all sinks together; older ones are
	// taken out as new ones come. 0 means all.
	Keep int

	// Busy is how long to wait for others who write to the file. 0 means 10 s.
	Busy time.Duration

	// OnError is told when a flush that nobody called for has failed. The next is tried
	// after Every, or a second if that is less and half a minute if it is more.
	OnError func(error)
}

// Window stores the events of a sink. Its methods may be called at the same time.
type Window struct {
	sink  *signals.Sink
	o     Options
	db    *sql.DB
	work  *patterns.Writer[*sql.DB]
	alarm *alarm

	stop func() // takes the alarm off the sink

	mu    sync.Mutex
	stats Stats
}

// DSN is how Open opens a file, for others who do: with a write-ahead log, so that readers and
// the writer do not wait for one another; with commits that reach the disk; with transactions
// that claim the right to write when they begin; and waiting busy for those who have it.
func DSN(path string, busy time.Duration) string {
	return (&url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: url.Values{
		"_pragma": {
			fmt.Sprintf("busy_timeout(%d)", busy.Milliseconds()),
			"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)",
		},
		"_txlock": {"immediate"},
	}.Encode()}).String()
}

// Open opens or makes the file and stores in it what is in the window of the sink and is not
// stored yet, and what is raised from now on. Call Shutdown when done.
func Open(path string, s *signals.Sink, o Options) (*Window, error) {
	if s.ID() == 0 {
		return nil, ErrNoWindow
	}
	if o.Events == (signals.Pattern{}) {
		o.Events = signals.MustCompile("*")
	}
	if o.Every == 0 {
		o.Every = 30 * time.Second
	}
	if o.Batch <= 0 {
		o.Batch = 1000
	}
	if o.Busy <= 0 {
		o.Busy = 10 * time.Second
	}
	db, err := sql.Open("sqlite", DSN(path, o.Busy))
	if err == nil {
		err = prepare(db)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sqlitewindow: cannot open %s: %w", path, err), closed(db))
	}
	w := &Window{sink: s, o: o, db: db, work: patterns.NewWriter(db, coord.Options{History: -1, NoClock: true})}
	w.alarm = newAlarm(o.Every, o.Batch, w.flushUnasked)
	// All events, since those that are not selected push others out of the window too.
	w.stop = s.Subscribe(signals.MustCompile("*"), func(signals.Event) { w.alarm.raised(1) })
	events, _ := s.Since(0)
	w.alarm.raised(len(events))
	return w, nil
}

func closed(db *sql.DB) error {
	if db == nil {
		return nil
	}
	return db.Close()
}

// Flush stores what was raised before it was called. When it fails, what was not stored is
// tried again by the next.
func (w *Window) Flush(ctx context.Context) error {
	w.alarm.flushing()
	return w.work.Do(ctx, func(ctx context.Context, db *sql.DB) error {
		mark := w.Stats().Mark
		for goal := w.newest(mark); mark < goal; {
			var err error
			if mark, err = w.batch(ctx, db); err != nil {
				return fmt.Errorf("sqlitewindow: flush: %w", err)
			}
		}
		return nil
	})
}

func (w *Window) flushUnasked(ctx context.Context) error {
	err := w.Flush(ctx)
	if err != nil && w.o.OnError != nil && ctx.Err() == nil {
		w.o.OnError(err)
	}
	return err
}

// newest is the Seq of the newest event of the sink, of which all up to seq are known.
func (w *Window) newest(seq uint64) uint64 {
	events, lost := w.sink.Since(seq)
	return seq + lost + uint64(len(events))
}

// Shutdown flushes, ends what runs in the background and closes the file. When the flush fails,
// or ctx ends first, the file is closed all the same, and what was not stored is with the sink
// as long as its window lasts. It is idempotent, and waits for a transaction that is under way.
func (w *Window) Shutdown(ctx context.Context) error {
	w.stop()
	w.alarm.end()
	err := w.Flush(ctx)
	if errors.Is(err, coord.ErrClosed) {
		err = nil // by an earlier Shutdown
	}
	return errors.Join(err, w.work.Drain(context.WithoutCancel(ctx)), w.db.Close())
}

// Stats count what became of the events of the sink, those that Events does not select
// included.
type Stats struct {
	Mark uint64 // Seq up to which the sink is stored
	Lost uint64 // events that had left the sink's window before they could be stored
}

// Stats is a consistent copy of what the last flush that went well has found.
func (w *Window) Stats() Stats {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stats
}

// Load yields the stored events of all sinks with an ID above since, the oldest first. It reads
// in steps, so the loop may take its time and may stop; it waits for no writer. After an error
// it yields no more. It sees what is stored while it runs.
func (w *Window) Load(ctx context.Context, since int64) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for {
			step, err := load(ctx, w.db, since, w.o.Batch)
			for _, r := range step {
				if !yield(r, nil) {
					return
				}
				since = r.ID
			}
			if err != nil {
				yield(Record{}, fmt.Errorf("sqlitewindow: load: %w", err))
				return
			}
			if len(step) < w.o.Batch {
				return
			}
		}
	}
}
