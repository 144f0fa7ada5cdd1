package record

import (
	"encoding/binary"

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
type marks struct{ parts [256]part }

type part struct {
	slots []mark
	used  int
}

// at returns the mark of a digest, or nil where there is none.
func (m *marks) at(d event.Digest) *mark {
	p := &m.parts[d[0]]
	if len(p.slots) == 0 {
		return nil
	}
	if s := p.slot(d); s.digest == d {
		return s
	}
	return nil
}

// add returns the mark of a digest, a new one where there is none. It is valid until the next
// call.
func (m *marks) add(d event.Digest) *mark {
	p := &m.parts[d[0]]
	if p.used*8 >= len(p.slots)*7 {
		old := p.slots
		p.slots = make([]mark, len(old)+len(old)/8+8)
		for i := range old {
			if old[i].digest != (event.Digest{}) {
				*p.slot(old[i].digest) = old[i]
			}
		}
	}
	s := p.slot(d)
	if s.digest != d {
		s.digest = d
		p.used++
	}
	return s
}

// slot is where a digest is, or has to be. There is always a free one.
func (p *part) slot(d event.Digest) *mark {
	n := len(p.slots)
	for i := int(uint64(binary.LittleEndian.Uint32(d[1:])) * uint64(n) >> 32); ; i++ {
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
