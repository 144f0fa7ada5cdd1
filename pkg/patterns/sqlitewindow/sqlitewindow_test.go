package sqlitewindow_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mostlylucid/eph/pkg/patterns/sqlitewindow"
	"github.com/mostlylucid/eph/pkg/signals"
)

func TestMain(m *testing.M) {
	switch path := os.Getenv("SQLITEWINDOW_CHILD"); {
	case path != "":
		child(path, os.Getenv("SQLITEWINDOW_STALL") != "")
	default:
		os.Exit(m.Run())
	}
}

func newSink(window int) *signals.Sink {
	return signals.New(signals.Options{Window: window, Stamp: true})
}

// byHand flushes only when asked.
var byHand = sqlitewindow.Options{Every: -1}

func open(t *testing.T, path string, s *signals.Sink, o sqlitewindow.Options) *sqlitewindow.Window {
	t.Helper()
	w, err := sqlitewindow.Open(path, s, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Shutdown(context.Background()) })
	return w
}

func flush(t *testing.T, w *sqlitewindow.Window) {
	t.Helper()
	if err := w.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func stored(t *testing.T, w *sqlitewindow.Window, since int64) (all []sqlitewindow.Record) {
	t.Helper()
	for r, err := range w.Load(t.Context(), since) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func names(all []sqlitewindow.Record) string {
	var names []string
	for _, r := range all {
		names = append(names, r.Name)
	}
	return strings.Join(names, " ")
}

func file(t *testing.T) string { return filepath.Join(t.TempDir(), "events ?#%41.db") }

// database opens the file beside a Window.
func database(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", sqlitewindow.DSN(path, time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func do(t *testing.T, db *sql.DB, query string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func TestEvent(t *testing.T) {
	path, s := file(t), newSink(10)
	w := open(t, path, s, byHand)
	s.Raise("first", "")
	event, _ := s.Since(0)
	s.Emit(signals.Event{
		Name: "job.failed\x00\xff", Key: "tenant 'Ω'; --", Op: 1<<64 - 1, Value: map[string]int{"exit": 75},
		Cause: &signals.Cause{Name: "near", Parent: &signals.Cause{Name: "far"}},
	})
	raised, _ := s.Since(event[0].Seq)
	flush(t, w)
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file is elsewhere: %v", err)
	}
	got := stored(t, w, 1)
	if len(got) != 1 {
		t.Fatalf("after the first: %v, want one", got)
	}
	r, e := got[0], raised[0]
	if r.ID != 2 || r.Sink != s.ID() || r.Seq != 2 || r.Name != e.Name || r.Key != e.Key || r.Op != e.Op || !r.Time.Equal(e.Time()) ||
		strings.Join(r.Causes, " ") != "near far" || string(r.Value) != `{"exit":75}` {
		t.Errorf("got %+v, want %+v", r, e)
	}
}

// bomb panics when it is looked at.
type bomb struct{}

func (bomb) MarshalJSON() ([]byte, error) { panic("bomb") }

// TestValues stores values that have no form in JSON: they must not stop those that follow.
func TestValues(t *testing.T) {
	s := signals.New(signals.Options{Window: 10})
	w := open(t, file(t), s, byHand)
	for _, v := range []any{nil, 7, errors.New("lost"), func() {}, bomb{}, make(chan int), "last"} {
		s.Emit(signals.Event{Name: "e", Value: v})
	}
	flush(t, w)
	all := stored(t, w, 0)
	if len(all) != 7 {
		t.Fatalf("stored %d of 7", len(all))
	}
	for i, want := range map[int]string{0: "", 1: "7", 2: "{}", 4: `"sqlitewindow_test.bomb"`, 6: `"last"`} {
		if got := string(all[i].Value); got != want {
			t.Errorf("value %d = %s, want %s", i, got, want)
		}
	}
	if !all[0].Time.IsZero() {
		t.Errorf("an event without a time was stored at %v", all[0].Time)
	}
}

func TestNoWindow(t *testing.T) {
	if _, err := sqlitewindow.Open(file(t), &signals.Sink{}, byHand); !errors.Is(err, sqlitewindow.ErrNoWindow) {
		t.Errorf("Open = %v, want ErrNoWindow", err)
	}
}

func TestCannotOpen(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	later := file(t)
	do(t, database(t, later), "PRAGMA user_version = 2")
	for path, want := range map[string]string{
		text:                                  "not a database",
		filepath.Join(t.TempDir(), "no", "f"): "unable to open",
		later:                                 "its format is 2",
	} {
		if _, err := sqlitewindow.Open(path, newSink(1), byHand); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("Open(%s) = %v, want %q in it", path, err, want)
		}
	}
}

// TestReopen opens the file again, and with another sink.
func TestReopen(t *testing.T) {
	path, s := file(t), newSink(100)
	s.Raise("before", "")
	w := open(t, path, s, byHand)
	s.Raise("a", "")
	if err := w.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.Shutdown(t.Context()); err != nil {
		t.Errorf("a second Shutdown: %v", err)
	}
	if err := w.Flush(t.Context()); err == nil {
		t.Error("Flush after Shutdown returned nil")
	}
	s.Raise("between", "")
	w = open(t, path, s, byHand)
	both := open(t, path, s, byHand) // the same sink twice
	s.Raise("b", "")
	flush(t, w)
	flush(t, both)
	other := newSink(100)
	third := open(t, path, other, byHand)
	other.Raise("c", "")
	flush(t, third)
	if got, want := names(stored(t, w, 0)), "before a between b c"; got != want {
		t.Errorf("stored %q, want %q", got, want)
	}
}

func TestSelected(t *testing.T) {
	path, s := file(t), newSink(100)
	w := open(t, path, s, sqlitewindow.Options{Every: -1, Batch: 2, Events: signals.MustCompile("job.*")})
	for _, name := range []string{"job.a", "x", "x", "x", "x", "job.b", "x"} {
		s.Raise(name, "")
	}
	flush(t, w)
	if got, want := names(stored(t, w, 0)), "job.a job.b"; got != want {
		t.Errorf("stored %q, want %q", got, want)
	}
	if got, want := w.Stats(), (sqlitewindow.Stats{Mark: 7}); got != want {
		t.Errorf("Stats = %+v, want %+v", got, want)
	}
}

func TestKeep(t *testing.T) {
	path, s := file(t), newSink(100)
	w := open(t, path, s, sqlitewindow.Options{Every: -1, Batch: 4, Keep: 3})
	for n := range 10 {
		s.Raise(fmt.Sprint("e", n), "")
	}
	flush(t, w)
	if got, want := names(stored(t, w, 0)), "e7 e8 e9"; got != want {
		t.Errorf("kept %q, want %q", got, want)
	}
}

// TestFailsMidway makes SQLite refuse one row in the middle of the third batch of four.
func TestFailsMidway(t *testing.T) {
	path, s := file(t), newSink(100)
	w := open(t, path, s, sqlitewindow.Options{Every: -1, Batch: 5})
	db := database(t, path)
	do(t, db, "CREATE TRIGGER bad BEFORE INSERT ON events WHEN NEW.name = 'e12' BEGIN SELECT RAISE(ABORT, 'injected'); END")
	var want []string
	for n := range 20 {
		want = append(want, fmt.Sprint("e", n))
		s.Raise(want[n], "")
	}
	for range 2 {
		if err := w.Flush(t.Context()); err == nil || !strings.Contains(err.Error(), "injected") {
			t.Fatalf("Flush = %v, want the injected failure", err)
		}
		if got, want := names(stored(t, w, 0)), strings.Join(want[:10], " "); got != want {
			t.Fatalf("after the failure: stored %q, want the two whole batches %q", got, want)
		}
		if got, want := w.Stats(), (sqlitewindow.Stats{Mark: 10}); got != want {
			t.Errorf("Stats = %+v, want %+v", got, want)
		}
	}
	do(t, db, "DROP TRIGGER bad")
	flush(t, w)
	if got, want := names(stored(t, w, 0)), strings.Join(want, " "); got != want {
		t.Errorf("stored %q, want %q", got, want)
	}
}

// TestStalled holds the right to write while more is raised than the sink's window takes: the
// raisers do not wait, what left the window is counted, and the rest is stored.
func TestStalled(t *testing.T) {
	path, s := file(t), newSink(10)
	w := open(t, path, s, sqlitewindow.Options{Every: -1, Busy: time.Millisecond})
	s.Raise("first", "")
	flush(t, w)
	tx, err := database(t, path).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 25 {
		s.Raise(fmt.Sprint("e", n), "")
	}
	if err := w.Flush(t.Context()); err == nil || !strings.Contains(err.Error(), "locked") {
		t.Fatalf("Flush = %v, want that it is locked", err)
	}
	if got := names(stored(t, w, 0)); got != "first" {
		t.Errorf("a reader sees %q while another writes", got)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	flush(t, w)
	if got, want := names(stored(t, w, 1)), "e15 e16 e17 e18 e19 e20 e21 e22 e23 e24"; got != want {
		t.Errorf("stored %q, want %q", got, want)
	}
	if got, want := w.Stats(), (sqlitewindow.Stats{Mark: 26, Lost: 15}); got != want {
		t.Errorf("Stats = %+v, want %+v", got, want)
	}
	again := open(t, path, s, byHand)
	s.Raise("more", "")
	flush(t, again)
	if got, want := again.Stats(), (sqlitewindow.Stats{Mark: 27, Lost: 15}); got != want {
		t.Errorf("opened again, Stats = %+v, want %+v: the file does not tell what was lost", got, want)
	}
}

// TestLostAddsUp loses events twice, the second time none that is selected among those that are
// left, and asks the file.
func TestLostAddsUp(t *testing.T) {
	path, s := file(t), newSink(2)
	o := sqlitewindow.Options{Every: -1, Events: signals.MustCompile("job.*")}
	w := open(t, path, s, o)
	for _, name := range []string{"job.a", "x"} {
		for range 5 {
			s.Raise(name, "")
		}
		flush(t, w)
	}
	w = open(t, path, s, o)
	s.Raise("job.b", "")
	flush(t, w)
	if got, want := w.Stats(), (sqlitewindow.Stats{Mark: 11, Lost: 6}); got != want {
		t.Errorf("Stats = %+v, want %+v", got, want)
	}
}

// TestFlushesItself stores without being asked, and tells when it cannot.
func TestFlushesItself(t *testing.T) {
	path, s := file(t), newSink(100)
	failed := make(chan error)
	w := open(t, path, s, sqlitewindow.Options{Every: time.Hour, Batch: 3, OnError: func(err error) { failed <- err }})
	db := database(t, path)
	do(t, db, "CREATE TRIGGER told AFTER INSERT ON events WHEN NEW.name = 'third' BEGIN SELECT RAISE(ABORT, 'three are much'); END")
	s.Raise("first", "")
	s.Raise("second", "")
	s.Raise("third", "")
	if err := <-failed; !strings.Contains(err.Error(), "three are much") {
		t.Errorf("OnError got %v", err)
	}
	do(t, db, "DROP TRIGGER told")
	if err := w.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := names(stored(t, open(t, path, newSink(1), byHand), 0)), "first second third"; got != want {
		t.Errorf("Shutdown stored %q, want %q", got, want)
	}
}

// TestTogether raises and flushes from several goroutines.
func TestTogether(t *testing.T) {
	s := newSink(10_000)
	w := open(t, file(t), s, sqlitewindow.Options{Every: time.Millisecond, Batch: 7})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for n := range 250 {
				s.Raise("e", "")
				if n%50 == 0 {
					if err := w.Flush(t.Context()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	flush(t, w)
	all := stored(t, w, 0)
	if len(all) != 1000 {
		t.Fatalf("stored %d, want 1000", len(all))
	}
	for i, r := range all {
		if r.Seq != uint64(i+1) || r.ID != int64(i+1) {
			t.Fatalf("place %d has Seq %d and ID %d", i+1, r.Seq, r.ID)
		}
	}
}

func TestLoadStops(t *testing.T) {
	s := newSink(100)
	w := open(t, file(t), s, sqlitewindow.Options{Every: -1, Batch: 2})
	for range 10 {
		s.Raise("e", "")
	}
	flush(t, w)
	seen := 0
	for r := range w.Load(t.Context(), 3) {
		if seen++; r.ID == 6 {
			break
		}
	}
	if seen != 3 {
		t.Errorf("saw %d after 3 up to 6", seen)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range w.Load(ctx, 0) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Load yields %v, want that it was cancelled", err)
		}
	}
}

// waiter is a value that tells when it is being stored, and then never lets that end.
type waiter struct{}

func (waiter) MarshalJSON() ([]byte, error) {
	fmt.Println("storing")
	select {}
}

// child raises and flushes until it is killed, and tells what has been flushed. With stall the
// last flush hangs in the middle of its transaction.
func child(path string, stall bool) {
	s := newSink(10_000)
	w, err := sqlitewindow.Open(path, s, sqlitewindow.Options{Every: -1, Batch: 16})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for n := 0; ; n++ {
		for range 40 {
			s.Raise("e", "")
		}
		if stall && n == 3 {
			go func() { select {} }() // as long as there is one, no runtime takes it for a deadlock
			s.Emit(signals.Event{Name: "stall", Value: waiter{}})
		}
		if err := w.Flush(context.Background()); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(w.Stats().Mark)
	}
}

// TestKilled kills a process that stores, at any moment and in the middle of a transaction. The
// file is whole, has all that was flushed, and nothing twice.
func TestKilled(t *testing.T) {
	for _, c := range []struct {
		name  string
		stall string
		until string // the line at which it is killed
	}{
		{"at any moment", "", "800"},
		{"in a transaction", "1", "storing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := file(t)
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), "SQLITEWINDOW_CHILD="+path, "SQLITEWINDOW_STALL="+c.stall)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(out)
			flushed := 0
			for lines.Scan() {
				if n, err := strconv.Atoi(lines.Text()); err == nil {
					flushed = n
				} else if lines.Text() != c.until {
					t.Errorf("child: %s", lines.Text())
				}
				if lines.Text() == c.until {
					break
				}
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, out)
			_ = cmd.Wait()

			s := newSink(10)
			w := open(t, path, s, byHand)
			all := stored(t, w, 0)
			if len(all) < flushed {
				t.Fatalf("%d are stored, and %d were flushed", len(all), flushed)
			}
			for i, r := range all {
				if r.Seq != uint64(i+1) {
					t.Fatalf("place %d has Seq %d", i+1, r.Seq)
				}
			}
			if c.stall != "" && len(all) != 152 {
				t.Errorf("stored %d, want the 120 that were flushed and two whole batches and nothing of the one under way", len(all))
			}
			var verdict string
			if err := database(t, path).QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
				t.Errorf("integrity: %s, %v", verdict, err)
			}
			s.Raise("next", "")
			flush(t, w)
			if next := stored(t, w, int64(len(all))); names(next) != "next" {
				t.Errorf("the next process stored %q after it", names(next))
			}
		})
	}
}
