package jobserver

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func serve(t *testing.T, slots int, style Style) *Server {
	t.Helper()
	if style == Pipe && runtime.GOOS != "linux" {
		t.Skip("a jobserver of the pipe kind works on Linux only")
	}
	s, err := Serve(slots, style)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestSlots: never more hold a slot than there are, everybody gets one, and none is lost.
func TestSlots(t *testing.T) {
	for _, style := range []Style{Fifo, Pipe} {
		for _, slots := range []int{1, 2, 5} {
			s := serve(t, slots, style)
			clients := []*Client{s.Client()}
			if style == Fifo && slots > 1 { // another process: it has a slot of its own, so one of ours runs it
				c, err := FromEnv(s.MakeFlags("-k"))
				if err != nil {
					t.Fatal(err)
				}
				if own, err := s.Client().Acquire(t.Context()); err != nil || !own.own {
					t.Fatal(own, err)
				} else {
					defer s.Client().Release(own)
				}
				clients = append(clients, c)
			}
			var busy, most, done atomic.Int64
			var all sync.WaitGroup
			for i := range 40 {
				c := clients[i%len(clients)]
				all.Go(func() {
					for range 25 {
						token, err := c.Acquire(t.Context())
						if err != nil {
							t.Error(err)
							return
						}
						n := busy.Add(1)
						for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
						}
						runtime.Gosched()
						busy.Add(-1)
						done.Add(1)
						c.Release(token)
					}
				})
			}
			all.Wait()
			if most.Load() > int64(slots) || done.Load() != 1000 {
				t.Errorf("style %d, %d slots: %d at once, %d done", style, slots, most.Load(), done.Load())
			}
		}
	}
}

// TestGivingUp: who gives up waiting takes no slot with them.
func TestGivingUp(t *testing.T) {
	s := serve(t, 2, Fifo)
	c := s.Client()
	a, _ := c.Acquire(t.Context())
	b, err := c.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if _, err := c.Acquire(ctx); !errors.Is(err, why) {
				t.Errorf("Acquire returned %v", err)
			}
		})
	}
	cancel(why)
	all.Wait()
	c.Release(a)
	c.Release(b)
	for range 2 {
		if _, err := c.Acquire(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestFromEnv(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "plain"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, c := range []struct{ flags, wrong string }{
		{"", ErrNone.Error()},
		{"-k -j4", ErrNone.Error()},
		{"--jobserver-auth=-2,-2", "does not share its jobserver"},
		{"--jobserver-auth=3000,3001 -j", "does not share its jobserver"},
		{"--jobserver-fds=a,b", "unknown kind"},
		{"--jobserver-auth=fifo:/nonexistent/fifo", "cannot join"},
	} {
		if _, err := FromEnv(c.flags); err == nil || !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%q: %v, want %q", c.flags, err, c.wrong)
		}
	}
}

// TestMakeIsAClient has the machine's own make use a server of the pipe kind.
func TestMakeIsAClient(t *testing.T) {
	path, err := exec.LookPath("make")
	if err != nil {
		t.Skip("make is not installed")
	}
	s := serve(t, 3, Pipe)
	dir := t.TempDir()
	makefile := "all: a b c d e f g h\n%:\n\t@echo + >> log; sleep 0.05; echo - >> log\n.PHONY: all\n"
	if err := os.WriteFile(filepath.Join(dir, "Makefile"), []byte(makefile), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path)
	cmd.Dir = dir
	// os/exec numbers extra files from 3 on, whatever they are here.
	cmd.ExtraFiles = s.Client().Files()
	cmd.Env = append(os.Environ(), "MAKEFLAGS=-j3 --jobserver-auth=3,4")
	if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "warning") {
		t.Fatalf("%v: %s", err, out)
	}
	log, err := os.ReadFile(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	busy, most := 0, 0
	for line := range strings.Lines(string(log)) {
		if strings.HasPrefix(line, "+") {
			busy++
		} else {
			busy--
		}
		most = max(most, busy)
	}
	if busy != 0 || most > 3 || strings.Count(string(log), "+") != 8 {
		t.Errorf("at most %d at once, %d left\n%s", most, busy, log)
	}
	for range 3 { // make has given everything back
		if _, err := s.Client().Acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
