package item

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// typist returns a file from which what write puts in comes, until it is closed.
func typist(t *testing.T) (in, out *os.File) {
	t.Helper()
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(int(in.Fd()), false); err != nil { // as that of a shell is
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = in.Close(), out.Close() })
	return in, out
}

// TestBatchAgain: an item that was due leaves the next ones their time, and the end of the input
// takes nothing.
func TestBatchAgain(t *testing.T) {
	in, out := typist(t)
	r, err := Open(t.Context(), Options{MaxArgs: 10, Batch: time.Millisecond}, in)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, text := range []string{"a", "b", "c"} {
		if _, err := io.WriteString(out, text+"\n"); err != nil {
			t.Fatal(err)
		}
		if it, err := r.Next(t.Context()); err != nil || len(it.Records) != 1 || it.Records[0].Text != text {
			t.Fatalf("Next = %+v, %v, want %s when it is due", it, err, text)
		}
	}
	stopped := errors.New("stopped")
	ctx, stop := context.WithCancelCause(t.Context())
	time.AfterFunc(10*time.Millisecond, func() { stop(stopped) }) // while Next waits, as far as that can be had
	if it, err := r.Next(ctx); err != stopped {
		t.Errorf("Next = %+v, %v, want what has ended its context", it, err)
	}
}

// dueAtTheEnd is a feed that ends when the item is due.
type dueAtTheEnd struct{}

func (dueAtTheEnd) next(ctx context.Context, _ *Record) error {
	if _, hurries := ctx.Deadline(); hurries {
		<-ctx.Done()
	}
	return io.EOF
}

func TestBatchDueAtTheEnd(t *testing.T) {
	r := &Reader{records: dueAtTheEnd{}, maxArgs: 10, within: time.Millisecond, batch: []Record{{Text: "a"}}}
	it, err := r.Next(t.Context())
	if err != nil || len(it.Records) != 1 {
		t.Errorf("Next = %+v, %v, want the item that was begun", it, err)
	}
	if _, err := r.Next(t.Context()); err != io.EOF {
		t.Errorf("Next = %v, want EOF", err)
	}
}

// TestBatchOfPieces: however an input comes, byte by byte, and however often an item is due
// meanwhile, each record is in one item, in order.
func TestBatchOfPieces(t *testing.T) {
	want := []string{"a b", "c", "d", "e"}
	for name, tt := range map[string]struct {
		o    Options
		text string
	}{
		"lines": {Options{}, "a b\nc\nd\ne"},
		"NUL":   {Options{Delimiter: "\x00"}, "a b\x00c\x00d\x00e"},
		"JSON":  {Options{JSON: true}, `"a b" "c"` + "\n" + `"d" "e"`},
		"CSV":   {Options{Comma: ','}, "\"a b\"\nc\nd\ne\n"},
		"words": {Options{Words: new(Words), Delimiter: "\n"}, "'a b' c\nd e"},
		"until": {Options{Until: "x"}, "a b\nc\nd\ne\nx\nf\n"},
		"skip":  {Options{Skip: 1}, "s\na b\nc\nd\ne\n"},
	} {
		t.Run(name, func(t *testing.T) {
			in, out := typist(t)
			tt.o.MaxArgs, tt.o.Batch = 2, 1
			r, err := Open(t.Context(), tt.o, in)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			go func() {
				for i := range tt.text {
					_, _ = out.WriteString(tt.text[i : i+1])
				}
				_ = out.Close()
			}()
			var got []string
			for {
				it, err := r.Next(t.Context())
				if err == io.EOF {
					break
				} else if err != nil {
					t.Fatal(err)
				}
				for _, rec := range it.Records {
					got = append(got, rec.columns()[0])
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("the items hold %q, want %q", got, want)
			}
		})
	}
}
