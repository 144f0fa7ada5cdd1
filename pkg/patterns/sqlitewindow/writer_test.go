package sqlitewindow_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/mostlylucid/eph/pkg/signals"
)

func newAccounts(t *testing.T) (*Accounts, *sql.DB) {
	t.Helper()
	db := database(t, filepath.Join(t.TempDir(), "accounts.db"))
	do(t, db, "CREATE TABLE accounts(name TEXT PRIMARY KEY, balance INTEGER NOT NULL); INSERT INTO accounts VALUES('ann', 1000), ('bob', 0)")
	return NewAccounts(db, &signals.Sink{}), db
}

// TestReadBesideWrite reads while a transaction is open, which is no wait with a write-ahead
// log: it sees, and caches, the state before. After the write the cache must not have it.
func TestReadBesideWrite(t *testing.T) {
	accounts, db := newAccounts(t)
	var mode string
	if err := db.QueryRow("PRAGMA journal_mode").Scan(&mode); err != nil || mode != "wal" {
		t.Fatalf("journal_mode = %s, %v", mode, err)
	}
	balance := func(want int) {
		t.Helper()
		if got, err := accounts.Balance(t.Context(), "bob"); err != nil || got != want {
			t.Errorf("bob has %d, %v; want %d", got, err, want)
		}
	}
	balance(0)
	err := accounts.writes.Do(t.Context(), func(ctx context.Context, db *sql.DB) error {
		accounts.drop("bob")
		defer accounts.drop("bob")
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := tx.ExecContext(ctx, "UPDATE accounts SET balance = 7 WHERE name = 'bob'"); err != nil {
			return err
		}
		balance(0) // the reader that races, and is cached again
		return tx.Commit()
	})
	if err != nil {
		t.Fatal(err)
	}
	balance(7)
}

// TestWritersTakeTurns moves money from many goroutines, with readers in between: nothing is
// refused as locked, and nothing is lost.
func TestWritersTakeTurns(t *testing.T) {
	accounts, _ := newAccounts(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 25 {
				if err := accounts.Move(t.Context(), "ann", "bob", 1); err != nil {
					t.Error(err)
				}
				if _, err := accounts.Balance(t.Context(), "bob"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := accounts.writes.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"ann": 800, "bob": 200} {
		if got, err := accounts.Balance(t.Context(), name); err != nil || got != want {
			t.Errorf("%s has %d, %v; want %d", name, got, err, want)
		}
	}
}

// TestDSN opens a file by the name that was given, whatever is in it, with its settings on every
// connection.
func TestDSN(t *testing.T) {
	db := database(t, file(t))
	for range 2 {
		c, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for pragma, want := range map[string]int{"busy_timeout": int(time.Minute.Milliseconds()), "synchronous": 2, "foreign_keys": 1} {
			var got int
			if err := c.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s = %d, %v; want %d", pragma, got, err, want)
			}
		}
	}
}
