package item

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func next(t *testing.T, r *Reader, want string) {
	t.Helper()
	// A record that is there and not returned would block until the deadline.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	it, err := r.Next(ctx)
	if err != nil || it.Records[0].Text != want {
		t.Fatalf("Next = %v, %v, want %q", it, err, want)
	}
}

func write(t *testing.T, w *os.File, text string) {
	t.Helper()
	if _, err := w.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// An item is there as soon as its bytes are, while the pipe stays open.
func TestStreaming(t *testing.T) {
	tests := []struct {
		name   string
		o      Options
		writes []string
		want   []string
	}{
		{"lines", Options{}, []string{"one\n", "two\nthr", "ee\n"}, []string{"one", "two", "three"}},
		{"NUL", Options{Delimiter: "\x00"}, []string{"one\x00", "two\x00"}, []string{"one", "two"}},
		{"NDJSON", Options{JSON: true}, []string{`{"a":1}`, "\n" + `"x"`, `[1]`, "2\n"}, []string{`{"a":1}`, "x", "[1]", "2"}},
		{"array over lines", Options{JSON: true}, []string{"[\n{}", ",\n[1]", ", 3,"}, []string{"{}", "[1]", "3"}},
		{"sources", Options{Sources: []Source{{File: "-"}, {Values: []string{"1"}}}}, []string{"a\n", "b\n"}, []string{"a 1", "b 1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in, out := pipe(t)
			r := mustOpen(t, tt.o, in)
			read := 0
			for _, text := range tt.writes {
				write(t, out, text)
				if text == "two\nthr" {
					next(t, r, "two")
					read++
					continue
				}
				next(t, r, tt.want[read])
				read++
			}
		})
	}
}

// The end of the context ends a read that is blocked, in Open and in Next.
func TestCancel(t *testing.T) {
	cause := errors.New("stopped")
	blocked := func(t *testing.T, f func(context.Context) error) {
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan error)
		go func() { done <- f(ctx) }()
		cancel(cause)
		select {
		case err := <-done:
			if err != cause {
				t.Errorf("error = %v, want %v", err, cause)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("still blocked")
		}
	}
	t.Run("Next", func(t *testing.T) {
		for _, o := range []Options{{}, {JSON: true}, {MaxArgs: 5}} {
			in, out := pipe(t)
			write(t, out, "1\n2")
			r := mustOpen(t, o, in)
			if o.MaxArgs == 0 {
				next(t, r, "1")
			}
			blocked(t, func(ctx context.Context) error { _, err := r.Next(ctx); return err })
			if _, err := r.Next(t.Context()); err != cause {
				t.Errorf("Next after = %v, want %v", err, cause)
			}
		}
	})
	t.Run("Open", func(t *testing.T) {
		in, _ := pipe(t)
		o := Options{Sources: []Source{{Values: []string{"a"}}, {File: "-"}}}
		blocked(t, func(ctx context.Context) error { _, err := Open(ctx, o, in); return err })
	})
	t.Run("named pipe", func(t *testing.T) {
		name := filepath.Join(t.TempDir(), "fifo")
		if err := unix.Mkfifo(name, 0o600); err != nil {
			t.Skip(err)
		}
		o := Options{Sources: []Source{{Values: []string{"a"}}, {File: name}}}
		blocked(t, func(ctx context.Context) error { _, err := Open(ctx, o, nil); return err })
	})
	t.Run("before", func(t *testing.T) {
		r := mustOpen(t, Options{}, file(t, "a\n"))
		blocked(t, func(ctx context.Context) error {
			<-ctx.Done()
			_, err := r.Next(ctx)
			return err
		})
	})
}

// A deadline, by which the read is surely blocked, ends it as well.
func TestCancelWhileBlocked(t *testing.T) {
	in, _ := pipe(t)
	r := mustOpen(t, Options{}, in)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := r.Next(ctx); err != context.DeadlineExceeded {
		t.Errorf("Next = %v, want %v", err, context.DeadlineExceeded)
	}
}

// The other end of a shared descriptor may have made it non-blocking; that stays so.
func TestNonBlockingStdin(t *testing.T) {
	in, out := pipe(t)
	setNonblock(t, in)
	r := mustOpen(t, Options{}, in)
	go func() {
		for _, text := range []string{"a", "\nb\n", "c\n"} {
			time.Sleep(5 * time.Millisecond) // lets the reader find nothing
			_, _ = out.WriteString(text)
		}
	}()
	for _, want := range []string{"a", "b", "c"} {
		next(t, r, want)
	}
	if !nonblock(t, in) {
		t.Error("the descriptor was made blocking")
	}
}

// A blocking standard input stays one.
func TestBlockingStdin(t *testing.T) {
	in, out := pipe(t)
	write(t, out, "a\n")
	next(t, mustOpen(t, Options{}, in), "a")
	if nonblock(t, in) {
		t.Error("the descriptor was made non-blocking")
	}
}

// control calls f with the descriptor, without what os.File.Fd does to it.
func control(t *testing.T, f *os.File, do func(fd int)) {
	t.Helper()
	conn, err := f.SyscallConn()
	if err == nil {
		err = conn.Control(func(fd uintptr) { do(int(fd)) })
	}
	if err != nil {
		t.Fatal(err)
	}
}

func setNonblock(t *testing.T, f *os.File) {
	t.Helper()
	control(t, f, func(fd int) {
		if err := unix.SetNonblock(fd, true); err != nil {
			t.Fatal(err)
		}
	})
}

func nonblock(t *testing.T, f *os.File) (is bool) {
	t.Helper()
	control(t, f, func(fd int) {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		if err != nil {
			t.Fatal(err)
		}
		is = flags&unix.O_NONBLOCK != 0
	})
	return is
}

// Records that wait for others of their item are dropped when the run is called off.
func TestCancelWhileFilling(t *testing.T) {
	cause := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	o := Options{Fill: func([]Record, Record) bool { cancel(cause); return true }}
	r := mustOpen(t, o, file(t, "a\nb\nc\n"))
	for range 2 {
		if it, err := r.Next(ctx); err != cause {
			t.Errorf("Next = %v, %v, want %v", it, err, cause)
		}
	}
}

// A read error ends the input after the records that came before it.
func TestReadError(t *testing.T) {
	in, out := pipe(t)
	r := mustOpen(t, Options{MaxArgs: 2}, in)
	write(t, out, "a\nb\nc\nhal")
	next(t, r, "a")
	// The descriptor becomes one that cannot be read.
	if err := unix.Dup2(int(out.Fd()), int(in.Fd())); err != nil {
		t.Fatal(err)
	}
	next(t, r, "c")
	_, err := r.Next(t.Context())
	if !errors.Is(err, syscall.EBADF) || !strings.Contains(err.Error(), "cannot read standard input") {
		t.Errorf("Next = %v, want EBADF of standard input", err)
	}
}

func TestClose(t *testing.T) {
	name := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(name, []byte("a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	stdin := file(t, "x\n")
	r, err := Open(t.Context(), Options{Sources: []Source{{File: name}, {File: "-"}}}, stdin)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	if _, err := stdin.Seek(0, io.SeekStart); err != nil {
		t.Errorf("standard input was closed: %v", err)
	}
}
