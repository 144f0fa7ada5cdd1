package item

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

// cut reads all blocks.
func cut(t testing.TB, o Blocks, stdin *os.File) (blocks []string, err error) {
	t.Helper()
	r := mustOpen(t, Options{Sources: []Source{{File: "-"}}, Blocks: &o}, stdin)
	for seq := int64(1); ; seq++ {
		it, err := r.Next(t.Context())
		if err == io.EOF {
			return blocks, nil
		}
		if err != nil {
			return blocks, err
		}
		if it.Seq != seq || it.Records != nil {
			t.Errorf("item %d has number %d and records %v", seq, it.Seq, it.Records)
		}
		blocks = append(blocks, string(it.Block.Bytes()))
		it.Block.Release()
	}
}

func TestBlocks(t *testing.T) {
	for _, tt := range []struct {
		o        Blocks
		in, want string // blocks, separated by "|"
	}{
		{Blocks{Size: 4, End: "\n"}, "", ""},
		{Blocks{Size: 4, End: "\n"}, "a\nb\nc\nd\n", "a\nb\n|c\nd\n"},
		{Blocks{Size: 5, End: "\n"}, "a\nb\nc\nd\n", "a\nb\n|c\nd\n"},
		{Blocks{Size: 5, End: "\n"}, "a\nb\nc", "a\nb\n|c"},
		{Blocks{Size: 100, End: "\n"}, "a\nb", "a\nb"},
		{Blocks{Size: 2, End: "\n"}, "a longer one\nb\nc\n", "a longer one\nb\n|c\n"},
		{Blocks{Size: 1, End: "\n"}, "\n\na\n", "\n|\n|a\n"},
		{Blocks{Size: 3, End: "\n"}, "no end", "no end"},
		{Blocks{Size: 4, End: "\x00"}, "a\nb\x00c\x00", "a\nb\x00|c\x00"},
		{Blocks{Size: 5, End: "--"}, "a--b-c--d--", "a--|b-c--|d--"},
		{Blocks{Size: 6, Start: ">"}, ">a\n>b\n>c\n", ">a\n|>b\n|>c\n"},
		{Blocks{Size: 7, Start: ">"}, ">a\n>b\n>c\n", ">a\n>b\n|>c\n"},
		{Blocks{Size: 4, Start: ">"}, "junk>a>b", "junk>a|>b"},
		{Blocks{Size: 9, End: "E\n", Start: "S"}, "SaE\nbE\nScE\nSd", "SaE\nbE\n|ScE\nSd"},

		{Blocks{Size: 1, End: "\n", Records: 2}, "a\nb\nc\n", "a\nb\n|c\n"},
		{Blocks{Size: 1, End: "\n", Records: 2}, "a\nb\nc\nd", "a\nb\n|c\nd"},
		{Blocks{Size: 1, End: "\n", Records: 1}, "\n\na", "\n|\n|a"},
		{Blocks{Size: 1, End: "ab", Records: 1}, "aabab", "aab|ab"},
		{Blocks{Size: 1, Start: ">", Records: 1}, ">a\n>b\n>c", ">a\n|>b\n|>c"},
		{Blocks{Size: 1, Start: ">", Records: 2}, ">a>b>c>d>e", ">a>b|>c>d|>e"},
		{Blocks{Size: 1, Start: ">", Records: 1}, ">>a", ">|>a"},
		{Blocks{Size: 1, End: "E\n", Start: "S", Records: 1}, "SaE\nbE\nScE\nSd", "SaE\nbE\n|ScE\n|Sd"},
	} {
		for how, stdin := range map[string]*os.File{"whole": file(t, tt.in), "byte by byte": chunks(t, []byte(tt.in), []byte{0})} {
			got, err := cut(t, tt.o, stdin)
			if err != nil || strings.Join(got, "|") != tt.want {
				t.Errorf("%+v of %q, %s = %q, %v, want %q", tt.o, tt.in, how, got, err, tt.want)
			}
		}
	}
}

// FuzzBlocks holds that no byte is lost, added or moved, and that every block ends where a record
// does.
func FuzzBlocks(f *testing.F) {
	f.Add([]byte("a\nbb\n\nccc"), false, uint8(3), uint8(0), "\n", "")
	f.Add([]byte(">a\n>b"), true, uint8(3), uint8(1), "", ">")
	f.Add([]byte("aE\nSbE\nS"), true, uint8(3), uint8(0), "E\n", "S")
	f.Fuzz(func(t *testing.T, in []byte, slow bool, size, records uint8, end, start string) {
		if end+start == "" || len(end+start) > 8 {
			t.Skip()
		}
		o := Blocks{Size: 1 + int(size), End: end, Start: start, Records: int(records)}
		stdin := file(t, string(in))
		if slow && len(in) < 1000 {
			stdin = chunks(t, in, []byte{0})
		}
		got, err := cut(t, o, stdin)
		if err != nil {
			t.Fatal(err)
		}
		if whole := strings.Join(got, ""); whole != string(in) {
			t.Fatalf("%+v of %q = %q", o, in, got)
		}
		at := 0
		for i, b := range got {
			at += len(b)
			if b == "" {
				t.Errorf("%+v of %q: block %d is empty", o, in, i)
			}
			if i < len(got)-1 && (!bytes.HasSuffix(in[:at], []byte(end)) || !bytes.HasPrefix(in[at:], []byte(start))) {
				t.Errorf("%+v of %q = %q: block %d does not end with a record", o, in, got, i)
			}
		}
	})
}

// TestBlockHeld holds that a block is the same until it is released, whatever is read
// meanwhile, so that its job can be run again.
func TestBlockHeld(t *testing.T) {
	text := strings.Repeat("0123456789\n", 1000)
	r := mustOpen(t, Options{Sources: []Source{{File: "-"}}, Blocks: &Blocks{Size: 100, End: "\n"}}, file(t, text))
	var held []*Block
	got := ""
	for {
		it, err := r.Next(t.Context())
		if err == io.EOF {
			break
		}
		if held = append(held, it.Block); len(held) == 3 {
			got += string(held[0].Bytes())
			held[0].Release()
			held = held[1:]
		}
	}
	for _, b := range held {
		got += string(b.Bytes())
	}
	if got != text {
		t.Errorf("blocks that were held changed")
	}
	if n := len(r.blocks.free); n > 3 {
		t.Errorf("there is room for %d blocks, want no more than were held at once", n)
	}
}

func TestBlocksEndless(t *testing.T) {
	b := newBlocks(memory("memory", strings.Repeat("x", 17<<20)), Blocks{Size: 1 << 20, End: "\n", Records: 1})
	if _, err := b.next(t.Context()); err == nil || !strings.Contains(err.Error(), "no record ends") {
		t.Errorf("next = %v, want an error", err)
	}
}

func TestBlocksCancel(t *testing.T) {
	in, out := pipe(t)
	r := mustOpen(t, Options{Sources: []Source{{File: "-"}}, Blocks: &Blocks{Size: 100, End: "\n"}}, in)
	if _, err := out.WriteString("a\nb"); err != nil {
		t.Fatal(err)
	}
	why := errors.New("why")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if it, err := r.Next(ctx); err != why {
		t.Errorf("Next = %v, %v, want %v", it, err, why)
	}
}

func TestBlocksRefuse(t *testing.T) {
	for _, sources := range [][]Source{{{File: "a"}, {File: "b"}}, {{Values: []string{"a"}}}} {
		if _, err := Open(t.Context(), Options{Sources: sources, Blocks: &Blocks{Size: 1, End: "\n"}}, nil); err == nil {
			t.Errorf("blocks of %v are not refused", sources)
		}
	}
}
