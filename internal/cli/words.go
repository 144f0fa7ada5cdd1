package cli

import (
	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/run"
)

// words says what xargs has beside the other ways to read items: words, a last one, lines, and
// the length of a command line.
func (r *resolver) words(p *run.Plan, t *typed) {
	p.Input.Until = t.until.s
	p.Input.Exact = bool(t.exit)
	p.MaxChars = int(r.count(&t.maxChars, 1))
	lines := int(r.count(&t.maxLines, 1))
	if t.words {
		p.Input.Words = new(item.Words)
		p.Input.MaxLines = lines
	} else if lines > 0 {
		p.Input.MaxArgs = lines // of which each is a line
	}
	if p.MaxChars > 0 && !p.Fill && p.Input.MaxArgs == 0 && p.Input.MaxLines == 0 {
		p.Input.MaxArgs = 1
	}
}

// contradiction is two things that cannot be meant together, if both are there.
type contradiction struct {
	both      bool
	what, try string
}

// contradictionsOfWords are those among these flags.
func (t *typed) contradictionsOfWords(itemsAreCommands bool) []contradiction {
	words, table, fills := bool(t.words), bool(t.csv || t.tsv), bool(t.fill || t.fillWithin)
	return []contradiction{
		{words && t.colSep.set, "-C splits a line into columns, but --split words splits it into items", "only one of them"},
		{words && bool(t.header), "-H is for lines: the first one names the columns", "-H without --split words"},
		{words && bool(t.keepEmpty), "--keep-empty: the only empty word is '', which is an item anyway", "--split words alone"},
		{words && itemsAreCommands, "--split words splits lines, but here each item is itself a command line", "eph --split words command"},
		{t.until.set && (bool(t.json) || table), "-E works with lines, words and the like, but not with JSON values or rows", "--limit N"},
		{t.maxLines.set && t.maxArgs.set, "-n counts items, but -L counts the lines that they are on", "only one of them"},
		{t.maxLines.set && t.exactly.set, "-N counts items, but -L counts the lines that they are on", "only one of them"},
		{t.maxLines.set && t.batch.set, "--batch N,D counts items, but -L counts lines", "only one of them"},
		{t.maxLines.set && (bool(t.null || t.json) || table || t.delimiter.set), "-L counts lines, but items are not lines here", "-n " + t.maxLines.s},
		{t.maxLines.set && t.shuffle.set, "-L counts lines, but --shuf breaks them up", "-n " + t.maxLines.s},
		{t.maxLines.set && itemsAreCommands, "-L gives items to a command, but here each item is itself a command", "eph -L 2 command"},
		{t.maxChars.set && itemsAreCommands, "-s limits the command line of a command, but here each item is itself a command", "eph -s 4096 command"},
		{t.maxChars.set && t.batch.set, "-s fills command lines, but --batch does not wait for that", "only one of them"},
		{t.maxChars.set && t.exactly.set, "-s may give a job fewer items, but -N fixes how many it gets", "-n " + t.exactly.s},
		{bool(t.exit) && !t.maxChars.set && !fills, "-x: without -s, -X or -m there is always room", "-x -s 4096"},
		{bool(t.exit) && !t.maxArgs.set && !t.maxLines.set, "-x: without -n or -L any number of items will do", "-x -n 100"},
	}
}
