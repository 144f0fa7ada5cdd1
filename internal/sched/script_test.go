package sched

import (
	"encoding/binary"
	"math/rand/v2"
)

// script reads decisions from bytes, so that a fuzzer can make them. At its end all are 0.
type script struct{ data []byte }

func (s *script) empty() bool { return len(s.data) == 0 }

// pick returns a number below n.
func (s *script) pick(n int) int {
	if len(s.data) == 0 {
		return 0
	}
	b := int(s.data[0])
	s.data = s.data[1:]
	return b % n
}

// one in n is true.
func (s *script) one(n int) bool { return s.pick(n) == n-1 }

// among returns one of the choices.
func among[E any](s *script, choices ...E) E { return choices[s.pick(len(choices))] }

// seeded returns the script of a seed.
func seeded(seed uint64, n int) []byte {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	b := make([]byte, n)
	_, _ = rand.NewChaCha8(key).Read(b)
	return b
}
