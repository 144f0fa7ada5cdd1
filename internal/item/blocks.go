package item

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/mostlylucid/eph/internal/fail"
)

// DefaultBlock is how many bytes a block has where nothing else is said.
const DefaultBlock = 1 << 20

// Blocks say how an input is cut into blocks of whole records, each the standard input of a
// job.
type Blocks struct {
	// Size is about how many bytes a block has: it ends with the last record that ends within
	// them. A record that is longer makes a longer block, of up to 16 MiB or 16 times Size,
	// whatever is more; one that is longer still ends the input. It is at least 1.
	Size int

	// End ends a record, and Start begins one; a record ends where those that are given stand
	// together. Where neither is given, one ends anywhere.
	End, Start string

	// Records is how many records a block has, whatever its size. 0 lets Size decide.
	Records int

	// Every is how many of these make one record. 0 is one.
	Every int

	// Header is how many lines at the beginning of the input are put before each block.
	Header int

	// Later lets no record end at the first byte of a block of so many Records: an empty record goes
	// with the next, as it does with GNU parallel.
	Later bool

	// Bare takes the ends and starts of records off.
	Bare bool
}

// mostLonger bounds a record that is longer than a block: 16 MiB, or 16 blocks.
func (o *Blocks) mostLonger() int { return max(16<<20, 16*o.Size) }

// Block is what one job reads. It is held until it is released, so that the job can be run
// again. nil is no block.
type Block struct {
	data []byte
	from *blocks
}

// Bytes are those of the block, or nil. They are valid until Release.
func (b *Block) Bytes() []byte {
	if b == nil {
		return nil
	}
	return b.data
}

// Release gives the room of the block to a later one. It may be called at any time by any
// goroutine, for each block once.
func (b *Block) Release() {
	if b != nil {
		b.from.give(b.data)
		b.data = nil
	}
}

// blocks cuts an input. Where the size decides, a block is read straight into its own room,
// and only its last bytes are looked at.
type blocks struct {
	Blocks
	in  *input
	sep []byte // what stands where a record ends: End and Start

	rest []byte // read, and left for the next block
	head []byte // the lines of Header
	met  bool   // they were read

	mu   sync.Mutex
	free [][]byte
}

func newBlocks(in *input, o Blocks) *blocks {
	return &blocks{Blocks: o, in: in, sep: []byte(o.End + o.Start)}
}

func (b *blocks) next(ctx context.Context) (*Block, error) {
	if err := b.readHead(ctx); err != nil {
		return nil, err
	}
	block, err := b.cut(ctx)
	if err != nil || b.Header == 0 && !b.Bare {
		return block, err
	}
	whole := append(b.take(), b.head...)
	whole = append(whole, b.stripped(block.data)...)
	block.Release()
	return &Block{whole, b}, nil
}

// readHead reads the lines that are put before each block, once.
func (b *blocks) readHead(ctx context.Context) error {
	end := 0
	for n := 0; !b.met && n < b.Header; {
		if at := bytes.IndexByte(b.in.rest()[end:], '\n'); at >= 0 {
			end += at + 1
			n++
		} else if err := b.in.fill(ctx); err != nil {
			return err // without a header there is no block
		}
	}
	if !b.met && b.Header > 0 {
		b.head = bytes.Clone(b.in.rest()[:end])
		b.in.at += end
		if b.Records == 0 { // which is read past the input's own room
			b.rest = bytes.Clone(b.in.rest())
			b.in.at += len(b.rest)
		}
	}
	b.met = true
	return nil
}

// stripped is what a block holds of its records.
func (b *blocks) stripped(data []byte) []byte {
	if !b.Bare {
		return data
	}
	if len(b.sep) > 0 {
		data = bytes.ReplaceAll(data, b.sep, nil)
	}
	return bytes.TrimSuffix(bytes.TrimPrefix(data, []byte(b.Start)), []byte(b.End))
}

// cut is the next block as the input has it.
func (b *blocks) cut(ctx context.Context) (*Block, error) {
	if b.Records > 0 {
		return b.counted(ctx)
	}
	want := b.Size
	buf := b.take()
	for seen := 0; ; want *= 2 {
		var err error
		if buf, err = b.fill(ctx, buf, want); err == io.EOF && len(buf) > 0 && len(buf) <= b.Size {
			return &Block{buf, b}, nil
		}
		if err != nil && ctx.Err() != nil {
			return nil, err
		}
		if n := b.lastEnd(buf, seen); n > 0 {
			b.leave(buf[n:])
			return &Block{buf[:n], b}, nil
		}
		if err == io.EOF && len(buf) > 0 {
			return &Block{buf, b}, nil
		}
		if err != nil {
			return nil, err
		}
		if len(buf) >= b.mostLonger() {
			return nil, b.endless()
		}
		seen = max(0, len(buf)-len(b.sep)+1)
	}
}

// fill reads until buf has want bytes.
func (b *blocks) fill(ctx context.Context, buf []byte, want int) ([]byte, error) {
	buf = slices.Grow(buf, max(0, want-len(buf)))
	n := min(max(0, want-len(buf)), len(b.rest))
	if buf = append(buf, b.rest[:n]...); n < len(b.rest) {
		b.rest = b.rest[n:]
	} else {
		b.rest = b.rest[:0] // its room stays
	}
	for len(buf) < want {
		if b.in.err != nil {
			return buf, b.in.err
		}
		n, err := b.in.read(ctx, buf[len(buf):want])
		if err != nil {
			return buf, err
		}
		if n == 0 {
			b.in.err = io.EOF
		}
		buf = buf[:len(buf)+n]
	}
	return buf, nil
}

// leave puts back what was read of the next block.
func (b *blocks) leave(p []byte) {
	if len(b.rest) > 0 {
		p = slices.Concat(p, b.rest)
	}
	b.rest = append(b.rest[:0], p...)
}

// lastEnd is where the last record that ends in buf does so, of those that end behind seen;
// 0 if there is none.
func (b *blocks) lastEnd(buf []byte, seen int) int {
	if b.Every > 1 {
		return b.lastOfEvery(buf)
	}
	at := bytes.LastIndex(buf[seen:], b.sep)
	if at < 0 {
		return 0
	}
	return seen + at + len(b.End)
}

// lastOfEvery is lastEnd where it takes several ends to end a record.
func (b *blocks) lastOfEvery(buf []byte) int {
	end := 0
	for n, at := 1, 0; ; n++ {
		i := bytes.Index(buf[at:], b.sep)
		if i < 0 {
			return end
		}
		at += i + len(b.sep)
		if n%b.Every == 0 {
			end = at - len(b.Start)
		}
	}
}

// counted is a block of so many records.
func (b *blocks) counted(ctx context.Context) (*Block, error) {
	end, seen := 0, 0
	if b.End == "" || b.Later {
		seen = 1 // the record at hand begins with Start, and does not end there
	}
	for count := 0; count < b.Records*max(b.Every, 1); {
		rest := b.in.rest()
		if at := bytes.Index(rest[min(seen, len(rest)):], b.sep); at >= 0 {
			end = seen + at + len(b.End)
			seen = end
			if b.End == "" {
				seen++
			}
			count++
			continue
		}
		if len(rest)-end > b.mostLonger() {
			return nil, b.endless()
		}
		seen = max(seen, len(rest)-len(b.sep)+1)
		err := b.in.fill(ctx)
		if err == io.EOF && len(b.in.rest()) > 0 {
			end = len(b.in.rest())
			break
		}
		if err != nil {
			return nil, err
		}
	}
	data := append(b.take(), b.in.rest()[:end]...)
	b.in.at += end
	return &Block{data, b}, nil
}

func (b *blocks) endless() error {
	b.in.err = fail.Own("%s: no record ends within %d bytes", b.in.name, b.mostLonger()).
		Advise("--recend or --recstart to say where records end; --block for larger blocks")
	return b.in.err
}

// take returns room for a block, which is empty.
func (b *blocks) take() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.free); n > 0 {
		room := b.free[n-1]
		b.free = b.free[:n-1]
		return room
	}
	return nil
}

// give keeps the room of a block, unless it is much larger than others need.
func (b *blocks) give(room []byte) {
	if cap(room) > 2*b.Size {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free = append(b.free, room[:0])
}

// check returns what in o cannot be meant.
func (o *Blocks) check(sources []Source) error {
	if len(sources) > 1 || len(sources) == 1 && sources[0].File == "" {
		return fail.Usage("blocks are cut from one input").Advise("cat a b | eph --pipe command")
	}
	if o.Size < 1 || o.End+o.Start == "" && o.Records+o.Every > 0 {
		return errors.New("item: blocks need a size, and counted blocks also the end or the start of a record")
	}
	return nil
}

// String says in words what the blocks are.
func (o *Blocks) String() string {
	if o.Records > 0 {
		return fmt.Sprintf("blocks of %d records", o.Records)
	}
	return fmt.Sprintf("blocks of about %d bytes", o.Size)
}
