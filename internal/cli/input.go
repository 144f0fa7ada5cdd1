package cli

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/run"
)

// randomSeed is what --shuf is without a seed.
const randomSeed = "random"

// settle replaces --split by the flag that says the same, after it has made sure that no
// other flag says what an item is.
func (t *typed) settle() error {
	said := ""
	for _, f := range []struct {
		name string
		on   bool
	}{
		{"--split", t.split.set},
		{"--json", bool(t.json)},
		{"--csv", bool(t.csv)},
		{"--tsv", bool(t.tsv)},
		{"-0", bool(t.null)},
		{"-d", t.delimiter.set},
	} {
		switch {
		case f.on && said == "--json":
			return fail.Usage("--json finds the ends of values by itself, but %s would split them", f.name).Advise("--json alone")
		case f.on && said != "":
			return fail.Usage("%s and %s both say what an item is", said, f.name).Advise("only one of them")
		case f.on:
			said = f.name
		}
	}
	if !t.split.set {
		return nil
	}
	var r resolver
	if on := chosen(&r, &t.split, splitChoices); on != nil {
		*on(t) = true
	}
	return r.err
}

// input says where items come from and what they are.
func (r *resolver) input(p *run.Plan, t *typed, sources []item.Source) {
	p.Input = item.Options{
		Sources:   sources,
		Delimiter: parsed(r, &t.delimiter, item.ParseDelimiter),
		KeepEmpty: bool(t.keepEmpty || t.null) || t.delimiter.set,
		JSON:      bool(t.json),
		Comma:     r.comma(t),
		Header:    bool(t.header),
		Trim:      chosen(r, &t.trim, trimChoices),
		Link:      bool(t.link),
		Shuffle:   t.shuffle.set,
		Seed:      parsed(r, &t.shuffle, parseSeed),
		MaxArgs:   int(r.count(&t.maxArgs, 0)),
		Skip:      r.count(&t.skip, 0),
		Limit:     r.count(&t.limit, 1),
	}
	if p.Input.Comma == 0 {
		p.Input.ColSep = parsed(r, &t.colSep, regexp.Compile)
	}
	if t.null {
		p.Input.Delimiter = "\x00"
	}
	r.words(p, t)
	p.Template.Replace = t.replace.s
	p.Template.JSON = bool(t.json)
	p.Template.Fill = bool(t.fill) || t.exactly.set
	p.Template.GuardDash = bool(t.guardDash)
	p.Template.Missing = chosen(r, &t.missing, missingChoices)
	switch n := r.count(&t.exactly, 0); {
	case bool(t.pipe):
		r.blocks(p, t, int(n))
	case t.exactly.set && n > 0:
		p.Input.MaxArgs, p.Template.Across = int(n), true
	case t.exactly.set || t.maxArgs.set && p.Input.MaxArgs == 0:
		p.Input.MaxArgs = 1
		p.Template.NoItem = "a job that gets no items has none to name"
	case t.batch.set:
		var err error
		if p.Input.MaxArgs, p.Input.Batch, err = item.ParseBatch(t.batch.s); err != nil {
			r.refuse(err)
		}
	}
}

// again refuses --failed for a value that would be several items, or another, in a file of the
// format of the input.
func (r *resolver) again(p *run.Plan) {
	in := &p.Input
	if p.Failed == "" || in.JSON || in.Comma != 0 || in.Blocks != nil {
		return
	}
	ends := cmp.Or(in.Delimiter, "\n")
	for _, s := range in.Sources {
		for _, v := range s.Values {
			if strings.Contains(v, ends) || in.Words != nil && strings.ContainsAny(v, " \t\n'\"\\") {
				r.refuse(fail.Usage("--failed: %.60q would not be a single item in that file", v).Advise("-0, which ends each item with a NUL byte, here and later with -a FILE"))
			}
		}
	}
}

// comma is what stands between the fields of a table, or 0 where none is read.
func (r *resolver) comma(t *typed) byte {
	switch {
	case bool(t.csv) && t.colSep.set:
		return parsed(r, &t.colSep, parseComma)
	case bool(t.csv):
		return ','
	case bool(t.tsv):
		return '\t'
	}
	return 0
}

// blocks says how --pipe cuts the input.
func (r *resolver) blocks(p *run.Plan, t *typed, records int) {
	b := &item.Blocks{
		Size:    parsed(r, &t.block, parseBlock),
		End:     parsed(r, &t.recEnd, item.ParseDelimiter),
		Start:   parsed(r, &t.recStart, item.ParseDelimiter),
		Records: records,
	}
	if b.End == "" && b.Start == "" {
		b.End = "\n"
	}
	p.Input = item.Options{Sources: p.Input.Sources, Blocks: b}
	p.Template.NoItem = "--pipe gives jobs blocks on standard input, and there is no item to name"
}

// unpiped returns the first flag on the command line that is about items with a text, and
// makes no sense with blocks.
func (t *typed) unpiped() (name, try string) {
	for _, f := range []struct {
		on        bool
		name, try string
	}{
		{bool(t.null), "-0", `--recend '\0'`},
		{t.delimiter.set, "-d", "--recend " + cmp.Or(t.delimiter.s, ",")},
		{t.split.set, "--split", `--recend '\n'`},
		{bool(t.json), "--json", `JSON lines without --json: --pipe cuts at lines`},
		{bool(t.csv), "--csv", `rows without newlines in their fields, and no --csv: --pipe cuts at lines`},
		{bool(t.tsv), "--tsv", `rows without newlines in their fields, and no --tsv: --pipe cuts at lines`},
		{t.colSep.set, "-C", "cut(1) or awk(1) in the job"},
		{bool(t.header), "-H", "tail -n +2 FILE | eph --pipe command"},
		{t.trim.set, "--trim", "sed(1) in the job"},
		{t.until.set, "-E", "sed '/^END$/Q' FILE | eph --pipe command"},
		{t.maxLines.set, "-L", "-N 1000 for that many records per block"},
		{t.maxChars.set, "-s", "--block 10M"},
		{bool(t.exit), "-x", "--pipe alone"},
		{t.maxArgs.set, "-n", "-N 1000 for that many records per block"},
		{t.batch.set, "--batch", "-N 1000 for that many records per block"},
		{bool(t.fill), "-X", "--block 10M"},
		{bool(t.fillWithin), "-m", "--block 10M"},
		{bool(t.keepEmpty), "--keep-empty", "--pipe alone: it changes no bytes"},
		{bool(t.guardDash), "--guard-dash", "--pipe alone: a job reads its block and gets no item as an argument"},
		{bool(t.link), "--link", "paste a b | eph --pipe command"},
		{t.shuffle.set, "--shuf", "shuf FILE | eph --pipe command"},
		{t.skip.set, "--skip", "tail -n +2 FILE | eph --pipe command"},
		{t.limit.set, "--limit", "head -n 100 FILE | eph --pipe command"},
		{t.stdin.set, "--stdin", "--pipe alone: the block is the job's standard input"},
		{t.missing.set, "--missing", "--pipe alone"},
		{bool(t.tag), "--tag", "--tagstring '{#}'"},
	} {
		if f.on {
			return f.name, f.try
		}
	}
	return "", ""
}

// countless reports whether a number was typed that is not 0, which means no item at all.
func countless(v *text) bool { return v.set && strings.Trim(v.s, "0") == "" && v.s != "" }
