package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mostlylucid/eph/internal/fail"
)

// fake is a run that notes what it was asked.
type fake struct {
	mu    sync.Mutex
	asked []string
	lines chan string
}

func (f *fake) note(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, fmt.Sprintf(format, args...))
}

func (f *fake) Status() Status {
	return Status{Run: "r\x1b[31m", Command: "true", Held: []Held{{By: "signal", What: "backpressure.deploy", Left: 3}}}
}

func (f *fake) Jobs(spec string) (string, error) { f.note("jobs %s", spec); return "4 at once", nil }
func (f *fake) Rate(spec string) (string, error) { return "", fail.Usage("no rate").Advise("50/s") }
func (f *fake) Pause() error                     { f.note("pause"); return nil }
func (f *fake) Resume() error                    { f.note("resume"); return nil }
func (f *fake) Drain() error                     { f.note("drain"); return nil }
func (f *fake) Cancel(seq int64) error           { f.note("cancel %d", seq); return nil }
func (f *fake) Raise(text string) error          { f.note("raise %s", text); return nil }
func (f *fake) Retract(glob string) (int, error) { f.note("retract %s", glob); return 2, nil }
func (f *fake) Reopen() error                    { f.note("reopen"); return nil }
func (f *fake) Tail(ctx context.Context, glob string) (iter.Seq2[[]byte, error], error) {
	return func(yield func([]byte, error) bool) {
		for {
			select {
			case line := <-f.lines:
				if !yield([]byte(line), nil) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}, nil
}

// here is a place for sockets that no other test uses.
func here(t *testing.T) string {
	t.Helper()
	d, err := os.MkdirTemp("/tmp", "eph-test") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(d) })
	t.Setenv("XDG_RUNTIME_DIR", d)
	t.Setenv("EPH_CONTROL", "")
	return d
}

func TestEveryCommand(t *testing.T) {
	d := here(t)
	f := &fake{}
	s, err := Listen("run-1", "", f)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{filepath.Join(d, "eph"): 0o700, s.Path(): 0o600} {
		if st, err := os.Stat(path); err != nil || st.Mode().Perm() != want {
			t.Errorf("%s has mode %v (%v), want %o", path, st.Mode(), err, want)
		}
	}
	path, err := Find("")
	if err != nil || path != s.Path() {
		t.Fatalf("found %q, %v", path, err)
	}
	for _, c := range []struct{ do, arg, text, wrong string }{
		{"jobs", "4", "4 at once", ""},
		{"rate", "x", "", "no rate"},
		{"pause", "", "", ""},
		{"resume", "", "", ""},
		{"drain", "", "", ""},
		{"cancel", "7", "", ""},
		{"cancel", "seven", "", `"seven" is not an item number`},
		{"raise", "backpressure.x:1s", "", ""},
		{"retract", "backpressure.*", "2 retracted", ""},
		{"reopen", "", "", ""},
		{"dance", "", "", `there is no command "dance"`},
	} {
		var got Answer
		err := Do(path, Request{c.do, c.arg}, func(a Answer) error { got = a; return nil })
		what := ""
		if e, ok := errors.AsType[*fail.Error](err); ok {
			what = e.What
			if len(e.Try) == 0 {
				t.Errorf("%s: nothing to try", c.do)
			}
		}
		if what != c.wrong || got.Text != c.text {
			t.Errorf("%s %s: %q, %q; want %q, %q", c.do, c.arg, got.Text, what, c.text, c.wrong)
		}
	}
	want := "[jobs 4 pause resume drain cancel 7 raise backpressure.x:1s retract backpressure.* reopen]"
	if got := fmt.Sprint(f.asked); got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
	var st *Status
	if err := Do(path, Request{Do: "status"}, func(a Answer) error { st = a.Status; return nil }); err != nil || st == nil {
		t.Fatal(err)
	}
	text := st.Text(time.Now())
	if !strings.Contains(text, "signal: backpressure.deploy, for 3s") || strings.Contains(text, "\x1b") {
		t.Errorf("status:\n%s", text)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(s.Path()); err == nil {
		t.Error("the socket is still there")
	}
	if _, err := Find(""); err == nil {
		t.Error("a run was found that has ended")
	}
}

func TestTailUntilClose(t *testing.T) {
	here(t)
	f := &fake{lines: make(chan string)}
	s, err := Listen("run-1", "", f)
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 2)
	ended := make(chan error)
	go func() {
		ended <- Do(s.Path(), Request{Do: "tail"}, func(a Answer) error { got <- a.Line; return nil })
	}()
	f.lines <- "one"
	f.lines <- "two"
	if a, b := <-got, <-got; a != "one" || b != "two" {
		t.Errorf("%q, %q", a, b)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestDeafTail: a client that reads nothing does not hold up the end of the run.
func TestDeafTail(t *testing.T) {
	here(t)
	defer func(was time.Duration) { patience = was }(patience)
	patience = time.Hour
	f := &fake{lines: make(chan string)}
	s, err := Listen("run-1", "", f)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("unix", s.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, `{"do":"tail"}`+"\n"); err != nil {
		t.Fatal(err)
	}
	f.lines <- strings.Repeat("x", 16<<20) // more than the socket holds
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestJunk: whatever a client sends, the server answers and goes on.
func TestJunk(t *testing.T) {
	here(t)
	s, err := Listen("run-1", "", &fake{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, junk := range []string{"\n", "x\n", "{\n", `{"do":7}` + "\n", "[]\n", strings.Repeat("x", mostRequest+10) + "\n", "\x00\xff\n"} {
		conn, err := net.Dial("unix", s.Path())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, junk)
		var a Answer
		if err := json.NewDecoder(conn).Decode(&a); err == nil && (a.OK || a.Error == "") {
			t.Errorf("%.20q was answered with %+v", junk, a)
		}
		_ = conn.Close()
	}
	if err := Do(s.Path(), Request{Do: "status"}, func(Answer) error { return nil }); err != nil {
		t.Error(err)
	}
}

// TestTooManyClients: beyond the most there may be one is refused, and none is once another has gone.
func TestTooManyClients(t *testing.T) {
	here(t)
	s, err := Listen("run-1", "", &fake{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var conns []net.Conn
	for range mostClients + 1 {
		conn, err := net.Dial("unix", s.Path())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conns = append(conns, conn)
	}
	_ = conns[mostClients].SetReadDeadline(time.Now().Add(patience))
	if _, err := conns[mostClients].Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("client %d: %v", mostClients+1, err)
	}
	_ = conns[0].Close()
	for err = errors.New("no"); err != nil && t.Context().Err() == nil; { // until the server has seen that it is gone
		err = Do(s.Path(), Request{Do: "status"}, func(Answer) error { return nil })
	}
}

func TestFind(t *testing.T) {
	d := here(t)
	dead := filepath.Join(d, "eph", "dead.sock")
	a, err := Listen("aa-1", "", &fake{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: dead, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	_ = l.Close()
	if path, err := Find(""); err != nil || path != a.Path() {
		t.Errorf("beside a dead socket: %q, %v", path, err)
	}
	if _, err := os.Stat(dead); err == nil {
		t.Error("the dead socket is still there")
	}
	b, err := Listen("ab-2", "", &fake{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if _, err := Find(""); err == nil || !slices.Equal(err.(*SeveralError).IDs, []string{"aa-1", "ab-2"}) {
		t.Errorf("two runs: %v", err)
	}
	if path, err := Find("ab"); err != nil || path != b.Path() {
		t.Errorf("by its beginning: %q, %v", path, err)
	}
	if _, err := Find("x"); err == nil {
		t.Error("a run was found that is not there")
	}
	t.Setenv("EPH_CONTROL", "/some/where")
	if path, err := Find(""); err != nil || path != "/some/where" {
		t.Errorf("inside of a job: %q, %v", path, err)
	}
}

func TestPlaceOfOthersIsRefused(t *testing.T) {
	d := here(t)
	if err := os.Mkdir(filepath.Join(d, "eph"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen("r", "", &fake{}); err == nil || !strings.Contains(err.Error(), "accessible to other users") {
		t.Errorf("a directory that all can read: %v", err)
	}
	_ = os.Remove(filepath.Join(d, "eph"))
	if err := os.Symlink("/tmp", filepath.Join(d, "eph")); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen("r", "", &fake{}); err == nil || !strings.Contains(err.Error(), "is not a directory") {
		t.Errorf("a link: %v", err)
	}
	if _, err := Listen("r", "/tmp/"+strings.Repeat("x", 200), &fake{}); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("a long path: %v", err)
	}
	long := filepath.Join(d, strings.Repeat("x", mostPath-len(d)-len("//s")))
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen("r", filepath.Join(long, "s"), &fake{}); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("a short name in a long path: %v", err)
	}
}

// TestUmask: the place outlives the run that makes it, and is fit for others.
func TestUmask(t *testing.T) {
	d := here(t)
	defer unix.Umask(unix.Umask(0o777))
	if err := own(filepath.Join(d, "eph")); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(filepath.Join(d, "eph")); err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("mode %v (%v)", st.Mode(), err)
	}
}

// TestListTakesNothingElse: what is no socket was not left behind by a run.
func TestListTakesNothingElse(t *testing.T) {
	d := filepath.Join(here(t), "eph")
	file, link, dir := filepath.Join(d, "file.sock"), filepath.Join(d, "link.sock"), filepath.Join(d, "dir.sock")
	err := errors.Join(os.Mkdir(d, 0o700), os.WriteFile(file, nil, 0o600), os.Symlink(file, link), os.Mkdir(dir, 0o700))
	if err != nil {
		t.Fatal(err)
	}
	if ids := List(); len(ids) > 0 {
		t.Errorf("the runs are %q", ids)
	}
	for _, name := range []string{file, link, dir} {
		if _, err := os.Lstat(name); err != nil {
			t.Error(err)
		}
	}
}

// TestListWhileRunsBegin: a socket that is not heard yet is not taken for one that was left behind.
func TestListWhileRunsBegin(t *testing.T) {
	here(t)
	ctx, cancel := context.WithCancel(t.Context())
	var listing sync.WaitGroup
	defer listing.Wait()
	defer cancel()
	for range 3 {
		listing.Go(func() {
			for ctx.Err() == nil {
				List()
			}
		})
	}
	for i := range 500 {
		s, err := Listen(fmt.Sprintf("run-%d", i), "", &fake{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(s.Path()); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
