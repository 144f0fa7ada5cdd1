package output

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
)

// chunks are the pieces of memory that spools are made of: a small one, a bigger one, then
// as many of the biggest as there are needed.
var chunks = [...]struct {
	size int
	pool sync.Pool
}{{size: 1 << 10}, {size: 8 << 10}, {size: 64 << 10}}

// store is where the spools of a writer hold their bytes.
type store struct {
	limit int64
	used  atomic.Int64 // bytes of memory
	file  tempFile
}

// reserve takes n bytes of the memory, if there are so many left.
func (s *store) reserve(n int) bool {
	if s.used.Add(int64(n)) <= s.limit {
		return true
	}
	s.used.Add(-int64(n))
	return false
}

// piece is a part of a spool: in memory, or, if mem is nil, in the file.
type piece struct {
	mem  *[]byte
	at   int64 // place in the file
	room int64 // bytes that belong to it
	size int64 // bytes of them in use
	read int64 // bytes of those that were printed
}

// spool holds bytes until they can be printed.
type spool struct {
	store  *store
	pieces []piece
	few    [2]piece // where pieces begin
	size   int64    // bytes held
}

func (s *spool) init(st *store) {
	s.store = st
	s.pieces = s.few[:0]
}

// Write adds p. An error is one of the temporary file.
func (s *spool) Write(p []byte) (written int, err error) {
	for written < len(p) {
		last, err := s.open()
		if err != nil {
			return written, err
		}
		n := int(min(last.room-last.size, int64(len(p)-written)))
		part := p[written : written+n]
		if last.mem != nil {
			*last.mem = append(*last.mem, part...)
		} else if err := s.store.file.write(part, last.at+last.size); err != nil {
			return written, err
		}
		last.size += int64(n)
		s.size += int64(n)
		written += n
	}
	return written, nil
}

// open returns the last piece, with room for at least one byte more.
func (s *spool) open() (*piece, error) {
	n := len(s.pieces)
	if n > 0 && s.pieces[n-1].size < s.pieces[n-1].room {
		return &s.pieces[n-1], nil
	}
	c := &chunks[min(n, len(chunks)-1)]
	if s.store.reserve(c.size) {
		mem, ok := c.pool.Get().(*[]byte)
		if !ok {
			fresh := make([]byte, 0, c.size)
			mem = &fresh
		}
		s.pieces = append(s.pieces, piece{mem: mem, room: int64(c.size)})
		return &s.pieces[n], nil
	}
	at, err := s.store.file.alloc()
	if err != nil {
		return nil, err
	}
	if n > 0 && s.pieces[n-1].mem == nil && s.pieces[n-1].at+s.pieces[n-1].room == at {
		s.pieces[n-1].room += blockSize
		return &s.pieces[n-1], nil
	}
	s.pieces = append(s.pieces, piece{at: at, room: blockSize})
	return &s.pieces[n], nil
}

// drain takes n bytes off the front and writes them to d. It frees what they took up even
// if d fails.
func (s *spool) drain(n int64, d *dest) (err error) {
	for n > 0 {
		p := &s.pieces[0]
		k := min(n, p.size-p.read)
		if err == nil {
			err = s.print(p, k, d)
		}
		p.read += k
		s.size -= k
		n -= k
		if p.read == p.size {
			s.free(p)
			s.pieces = s.pieces[1:]
		}
	}
	if len(s.pieces) == 0 {
		s.pieces = s.few[:0]
	}
	return err
}

// print writes the next n bytes of p to d.
func (s *spool) print(p *piece, n int64, d *dest) error {
	if p.mem == nil {
		err := d.copy(s.store.file.file, p.at+p.read, n)
		if err != nil && d.err() == nil {
			err = s.store.file.full(err)
		}
		return err
	}
	_, err := d.Write((*p.mem)[p.read : p.read+n])
	return err
}

// reader reads what is held, and leaves it there.
func (s *spool) reader() io.Reader {
	parts := make([]io.Reader, 0, len(s.pieces))
	for _, p := range s.pieces {
		if p.mem != nil {
			parts = append(parts, bytes.NewReader((*p.mem)[p.read:p.size]))
			continue
		}
		parts = append(parts, io.NewSectionReader(s.store.file.file, p.at+p.read, p.size-p.read))
	}
	return io.MultiReader(parts...)
}

// free gives the room of p back.
func (s *spool) free(p *piece) {
	if p.mem == nil {
		s.store.file.release(p.at, p.room)
		return
	}
	*p.mem = (*p.mem)[:0]
	s.store.used.Add(-p.room)
	for i := range chunks {
		if int64(chunks[i].size) == p.room {
			chunks[i].pool.Put(p.mem)
		}
	}
}

// discard forgets all that is held.
func (s *spool) discard() {
	for i := range s.pieces {
		s.free(&s.pieces[i])
	}
	s.pieces, s.size = s.few[:0], 0
}
