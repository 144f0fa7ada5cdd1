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
		{words && t.colSep.set, "-C splits a line into columns, and --split words into items", "one of them"},
		{words && bool(t.header), "-H is for lines, of which the first names the columns", "-H without --split words"},
		{words && bool(t.keepEmpty), "--keep-empty: of words, only '' is empty, and it is an item", "--split words alone"},
		{words && itemsAreCommands, "--split words leaves no command line whole, and here each item is one", "eph --split words command"},
		{t.until.set && (bool(t.json) || table), "-E ends lines, words and the like, and not values or rows", "--limit N"},
		{t.maxLines.set && t.maxArgs.set, "-n counts items, and -L the lines that they stand on", "one of them"},
		{t.maxLines.set && t.exactly.set, "-N counts items, and -L the lines that they stand on", "one of them"},
		{t.maxLines.set && t.batch.set, "--batch N,D has the number of items, and -L that of lines", "one of them"},
		{t.maxLines.set && (bool(t.null || t.json) || table || t.delimiter.set), "-L counts lines, and items are not lines here", "-n " + t.maxLines.s},
		{t.maxLines.set && t.shuffle.set, "-L counts lines, which --shuf takes apart", "-n " + t.maxLines.s},
		{t.maxLines.set && itemsAreCommands, "-L gives items to a command, and here each item is one", "eph -L 2 command"},
		{t.maxChars.set && itemsAreCommands, "-s is about the command line of a command, and here each item is one", "eph -s 4096 command"},
		{t.maxChars.set && t.batch.set, "-s fills command lines, and --batch does not wait for that", "one of them"},
		{t.maxChars.set && t.exactly.set, "-s may give a job fewer items, and -N says how many it gets", "-n " + t.exactly.s},
		{bool(t.exit) && !t.maxChars.set && !fills, "-x: without -s, -X or -m there is always room", "-x -s 4096"},
		{bool(t.exit) && !t.maxArgs.set && !t.maxLines.set, "-x: without -n or -L any number of items will do", "-x -n 100"},
	}
}
