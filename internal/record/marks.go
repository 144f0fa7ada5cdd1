package record

import (
	"hash/maphash"

	"github.com/mostlylucid/eph/internal/event"
)

// mark is what a journal says of the items of one content, which may be several.
type mark struct {
	digest event.Digest // zero: no mark
	known  uint32       // were read
	done   uint32       // of those, succeeded
	failed uint32       // of those, failed for good
}

// marks finds marks by their digests. It is a hash table in many parts that grow by an eighth,
// each by itself: a map of Go takes twice the 24 bytes of a mark, and a table that doubles
// needs three times its size while it does. The zero value is empty.
//
// Where a digest is depends on a seed of this process: a journal whose digests were chosen so
// that they meet would take hours to read.
type marks struct{ parts [256]part }

var seed = maphash.MakeSeed()

type part struct {
	slots []mark
	used  int
}

// at returns the mark of a digest, or nil where there is none.
func (m *marks) at(d event.Digest) *mark {
	p, at := m.part(d)
	if len(p.slots) == 0 {
		return nil
	}
	if s := p.slot(d, at); s.digest == d {
		return s
	}
	return nil
}

// add returns the mark of a digest, a new one where there is none. It is valid until the next
// call.
func (m *marks) add(d event.Digest) *mark {
	p, at := m.part(d)
	if p.used*8 >= len(p.slots)*7 {
		old := p.slots
		p.slots = make([]mark, len(old)+len(old)/8+8)
		for i := range old {
			if old[i].digest != (event.Digest{}) {
				_, at := m.part(old[i].digest)
				*p.slot(old[i].digest, at) = old[i]
			}
		}
	}
	s := p.slot(d, at)
	if s.digest != d {
		s.digest = d
		p.used++
	}
	return s
}

// part is where a digest belongs, and where in that it is looked for, as a fraction of 1<<32.
func (m *marks) part(d event.Digest) (p *part, at uint32) {
	h := maphash.Bytes(seed, d[:])
	return &m.parts[h>>56], uint32(h)
}

// slot is where a digest is, or has to be. There is always a free one.
func (p *part) slot(d event.Digest, at uint32) *mark {
	n := len(p.slots)
	for i := int(uint64(at) * uint64(n) >> 32); ; i++ {
		if i == n {
			i = 0
		}
		if s := &p.slots[i]; s.digest == d || s.digest == (event.Digest{}) {
			return s
		}
	}
}

// each calls do with every mark.
func (m *marks) each(do func(*mark)) {
	for i := range m.parts {
		for j := range m.parts[i].slots {
			if s := &m.parts[i].slots[j]; s.digest != (event.Digest{}) {
				do(s)
			}
		}
	}
}
