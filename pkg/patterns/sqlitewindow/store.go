package sqlitewindow

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/mostlylucid/eph/pkg/signals"
)

// Record is a stored event.
type Record struct {
	ID     int64  // its place in the file; IDs rise, and go on where an earlier process ended
	Sink   uint64 // the signals.Sink.ID of its sink
	Seq    uint64 // its place in the order of its sink
	Name   string
	Key    string
	Op     uint64
	Time   time.Time       // the zero time if its sink does not stamp
	Causes []string        // names of what led to it, the nearest first
	Value  json.RawMessage // nil if it had none; a text if it has no form in JSON
}

// format is the user_version of a file.
const format = 1

// schema makes the tables. SQLite's integers have a sign: what has none is stored as the number
// of the same bits.
const schema = `
CREATE TABLE IF NOT EXISTS sinks(
	id   INTEGER PRIMARY KEY,
	mark INTEGER NOT NULL,
	lost INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS events(
	id     INTEGER PRIMARY KEY AUTOINCREMENT,
	sink   INTEGER NOT NULL,
	seq    INTEGER NOT NULL,
	name   TEXT NOT NULL,
	key    TEXT NOT NULL,
	op     INTEGER NOT NULL,
	time   INTEGER,
	causes TEXT,
	value  TEXT,
	UNIQUE(sink, seq)
);`

// prepare makes the tables in a new file, and refuses one of a later format.
func prepare(db *sql.DB) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var version int
	if err := tx.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	switch {
	case version == format:
		return nil
	case version != 0:
		return fmt.Errorf("its format is %d, and only %d is known", version, format)
	}
	if _, err := tx.Exec(fmt.Sprintf("%s; PRAGMA user_version = %d", schema, format)); err != nil {
		return err
	}
	return tx.Commit()
}

// batch stores the next events of the sink in one transaction, and returns how far it is stored
// then. Where nothing is to be told, the mark moves in memory alone.
func (w *Window) batch(ctx context.Context, db *sql.DB) (mark uint64, err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()
	id, stored, gone := int64(w.sink.ID()), int64(0), int64(0)
	err = tx.QueryRowContext(ctx, "SELECT mark, lost FROM sinks WHERE id = ?", id).Scan(&stored, &gone)
	if err != nil && err != sql.ErrNoRows {
		return 0, err
	}
	from := max(uint64(stored), w.Stats().Mark)
	events, lost := w.sink.Since(from)
	events = events[:min(len(events), w.o.Batch)]
	mark = from + lost + uint64(len(events))
	n, err := w.insert(ctx, tx, id, events)
	if err != nil {
		return 0, err
	}
	if n > 0 || lost > 0 {
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO sinks(id, mark, lost) VALUES(?, ?, ?)", id, int64(mark), gone+int64(lost)); err != nil {
			return 0, err
		}
		if err := tx.Commit(); err != nil {
			return 0, err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stats = Stats{Mark: mark, Lost: uint64(gone) + lost}
	return mark, nil
}

// insert adds those of the events that are selected, and takes out what is too old.
func (w *Window) insert(ctx context.Context, tx *sql.Tx, sink int64, events []signals.Event) (n int, err error) {
	add, err := tx.PrepareContext(ctx, "INSERT INTO events(sink, seq, name, key, op, time, causes, value) VALUES(?, ?, ?, ?, ?, ?, ?, ?)")
	if err != nil {
		return 0, err
	}
	defer add.Close()
	for _, e := range events {
		if !w.o.Events.Match(e.Name) {
			continue
		}
		var at any // NULL
		if t := e.Time(); !t.IsZero() {
			at = t.UnixNano()
		}
		if _, err := add.ExecContext(ctx, sink, int64(e.Seq), e.Name, e.Key, int64(e.Op), at, causes(e.Cause), value(e.Value)); err != nil {
			return 0, err
		}
		n++
	}
	if w.o.Keep > 0 {
		_, err = tx.ExecContext(ctx, "DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?", w.o.Keep)
	}
	return n, err
}

func causes(c *signals.Cause) any {
	var names []string
	for ; c != nil; c = c.Parent {
		names = append(names, c.Name)
	}
	if names == nil {
		return nil
	}
	return value(names)
}

// value is v as JSON. One that has no such form, or panics at the question, is a text: it must
// not hold up those that come after it.
func value(v any) (text any) {
	if v == nil {
		return nil
	}
	defer func() {
		if recover() != nil {
			b, _ := json.Marshal(fmt.Sprintf("%T", v))
			text = string(b)
		}
	}()
	b, err := json.Marshal(v)
	if err != nil {
		b, _ = json.Marshal(fmt.Sprint(v))
	}
	return string(b)
}

// load reads at most n events.
func load(ctx context.Context, db *sql.DB, since int64, n int) (all []Record, err error) {
	rows, err := db.QueryContext(ctx, "SELECT id, sink, seq, name, key, op, time, causes, value FROM events WHERE id > ? ORDER BY id LIMIT ?", since, n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r Record
		var sink, seq, op int64
		var at sql.NullInt64
		var causes, value sql.NullString
		if err := rows.Scan(&r.ID, &sink, &seq, &r.Name, &r.Key, &op, &at, &causes, &value); err != nil {
			return all, err
		}
		r.Sink, r.Seq, r.Op = uint64(sink), uint64(seq), uint64(op)
		if at.Valid {
			r.Time = time.Unix(0, at.Int64)
		}
		if causes.Valid {
			if err := json.Unmarshal([]byte(causes.String), &r.Causes); err != nil {
				return all, fmt.Errorf("event %d: causes: %w", r.ID, err)
			}
		}
		if value.Valid {
			r.Value = json.RawMessage(value.String)
		}
		all = append(all, r)
	}
	return all, rows.Err()
}
