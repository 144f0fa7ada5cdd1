package run

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/item"
)

// digest stands for all that makes jobs of the input: the command, and what an item is.
func (p *Plan) digest(columns []string, numbered bool) string {
	in := &p.Input
	colSep := ""
	if in.ColSep != nil {
		colSep = in.ColSep.String()
	}
	t := &p.Template
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q %q %q %q %d %q ", p.Words, p.Shell, p.ShellPath, p.ShellOpts, p.Env, p.Workdir, p.Stdin, p.StdinFile)
	fmt.Fprintf(h, "%q %t %d %t %d %q %t %q ", in.Delimiter, in.JSON, in.Comma, in.Words != nil, in.Trim, colSep, in.Header, columns)
	fmt.Fprintf(h, "%d %d %t %t %d %t %+v ", in.MaxArgs, in.MaxLines, in.Exact, p.Fill, p.MaxChars, in.Link, in.Blocks)
	fmt.Fprintf(h, "%q %t %t %t %d %t", t.Replace, t.NoAppend, t.Across, t.Fill, t.Missing, numbered)
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// digest stands for what an item is to its job: its records as they were read, and its number
// where the command uses it.
func (j *journal) digest(it *item.Item) (d event.Digest) {
	h := j.hash
	h.Reset()
	var n [8]byte
	count := func(i int) {
		binary.LittleEndian.PutUint64(n[:], uint64(i))
		_, _ = h.Write(n[:])
	}
	text := func(s string) {
		count(len(s))
		_, _ = io.WriteString(h, s)
	}
	if j.numbered {
		count(int(it.Seq))
	}
	if b := it.Block.Bytes(); b != nil {
		count(len(b))
		_, _ = h.Write(b)
	}
	for i := range it.Records {
		r := &it.Records[i]
		text(r.Text)
		text(r.Original())
		count(len(r.Fields))
		for _, f := range r.Fields {
			text(f)
		}
	}
	var sum [sha256.Size]byte
	copy(d[:], h.Sum(sum[:0]))
	return d
}
