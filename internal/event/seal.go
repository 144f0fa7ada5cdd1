package event

import (
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
)

// A line of a journal ends with a sum of all that stands before it, so that what a reader acts
// on is what was written. Without it a flipped bit in a digest, or in the name of an event, is
// a line that says something else.
const (
	sealStart = `,"crc":"`
	sealEnd   = "\"}\n"
	sealSize  = len(sealStart) + 8 + len(sealEnd)
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Seal adds the sum to a line of JSON that ends with "}\n", and returns the longer line.
func Seal(line []byte) []byte {
	line = line[:len(line)-len("}\n")]
	return appendSeal(line, crc32.Checksum(line, castagnoli))
}

// Sealed reports whether a line, with its newline, is one that Seal returned.
func Sealed(line []byte) bool {
	at := len(line) - sealSize
	if at < 0 {
		return false
	}
	var buf [sealSize]byte
	return string(appendSeal(buf[:0], crc32.Checksum(line[:at], castagnoli))) == string(line[at:])
}

func appendSeal(to []byte, sum uint32) []byte {
	to = append(to, sealStart...)
	to = hex.AppendEncode(to, binary.BigEndian.AppendUint32(nil, sum))
	return append(to, sealEnd...)
}
