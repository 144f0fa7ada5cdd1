package sqlitewindow_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/mostlylucid/eph/pkg/coord"
	"github.com/mostlylucid/eph/pkg/patterns"
	"github.com/mostlylucid/eph/pkg/patterns/sqlitewindow"
	"github.com/mostlylucid/eph/pkg/signals"
)

func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx, path := context.Background(), filepath.Join(dir, "events.db")

	// Each turn of the loop stands for a process.
	for _, name := range []string{"first", "second"} {
		sink := signals.New(signals.Options{Window: 4096, Stamp: true})
		w, err := sqlitewindow.Open(path, sink, sqlitewindow.Options{})
		if err != nil {
			log.Fatal(err)
		}
		sink.Raise(name+".started", "")
		sink.Raise(name+".ended", "")
		if err := w.Flush(ctx); err != nil {
			log.Fatal(err)
		}
		for r, err := range w.Load(ctx, 1) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(r.ID, r.Seq, r.Name)
		}
		if err := w.Shutdown(ctx); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// 2 2 first.ended
	// 2 2 first.ended
	// 3 1 second.started
	// 4 2 second.ended
}

// Accounts is a database with one writer and cached reads: the shape of a service on SQLite. A
// write drops what it changes from the cache before it, so that no hit is older than a write
// that has begun, and after it, so that a read that raced with it is not kept.
type Accounts struct {
	db     *sql.DB
	writes *patterns.Writer[*sql.DB]
	reads  *patterns.Cache[string, int]
}

func NewAccounts(db *sql.DB, sink *signals.Sink) *Accounts {
	load := func(ctx context.Context, name string) (balance int, err error) {
		err = db.QueryRowContext(ctx, "SELECT balance FROM accounts WHERE name = ?", name).Scan(&balance)
		return balance, err
	}
	return &Accounts{
		db:     db,
		writes: patterns.NewWriter(db, coord.Options{Timeout: 30 * time.Second}),
		reads:  patterns.NewCache(load, patterns.CacheOptions{Signals: sink}),
	}
}

func (a *Accounts) Balance(ctx context.Context, name string) (int, error) {
	return a.reads.Get(ctx, name)
}

// Move moves an amount in one transaction.
func (a *Accounts) Move(ctx context.Context, from, to string, amount int) error {
	return a.writes.Do(ctx, func(ctx context.Context, db *sql.DB) error {
		a.drop(from, to)
		defer a.drop(from, to) // whether or not it went well: then it is loaded once more
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		const add = "UPDATE accounts SET balance = balance + ? WHERE name = ?"
		if _, err := tx.ExecContext(ctx, add, -amount, from); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, add, amount, to); err != nil {
			return err
		}
		return tx.Commit()
	})
}

func (a *Accounts) drop(names ...string) {
	for _, name := range names {
		a.reads.Drop(name)
	}
}

// One writer, and readers that are cached, over an SQLite file with a write-ahead log.
func Example_singleWriter() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	db, err := sql.Open("sqlite", sqlitewindow.DSN(filepath.Join(dir, "accounts.db"), 10*time.Second))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE TABLE accounts(name TEXT PRIMARY KEY, balance INTEGER NOT NULL CHECK(balance >= 0)); INSERT INTO accounts VALUES('ann', 100), ('bob', 0)"); err != nil {
		log.Fatal(err)
	}

	ctx := context.Background()
	var sink signals.Sink
	sink.Subscribe(signals.MustCompile("cache.*"), func(e signals.Event) { fmt.Println("  " + e.Name) })
	accounts := NewAccounts(db, &sink)
	show := func() {
		balance, err := accounts.Balance(ctx, "bob")
		fmt.Println("bob has", balance, err)
	}
	show()
	show()
	fmt.Println("moved:", accounts.Move(ctx, "ann", "bob", 30) == nil)
	show()
	fmt.Println("moved more than there is:", accounts.Move(ctx, "ann", "bob", 300) == nil)
	show()
	// Output:
	//   cache.miss
	// bob has 0 <nil>
	//   cache.hit
	// bob has 0 <nil>
	// moved: true
	//   cache.miss
	// bob has 30 <nil>
	// moved more than there is: false
	//   cache.miss
	// bob has 30 <nil>
}
