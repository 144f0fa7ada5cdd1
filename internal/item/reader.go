package item

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

const (
	stdinName = "standard input"
	argument  = "argument"
)

// chunkRecords is how many records share a backing array. An item that is kept keeps the
// room of no more than this many others.
const chunkRecords = 16

// Reader reads items. It is used by one goroutine at a time.
type Reader struct {
	records     feed
	blocks      *blocks // in place of records, or nil
	columns     []string
	header      string
	maxArgs     int
	maxLines    int
	exact       bool
	fill        func([]Record, Record) bool
	share       int           // see Options.Share
	within      time.Duration // see Options.Batch
	skip, limit int64
	opened      []*os.File
	wait        waiter

	seq    int64
	taken  int64    // records read, used or not, those passed over by skip too
	batch  []Record // of the item that is being filled
	lines  int      // that end in it
	expect int      // how many records it is likely to get
	ahead  Record   // read for the next item, when hasAhead
	shared []Record // read, and left for the next items
	chunk  []Record
	errs   []error // of the sources held in memory, to be told first
	end    error   // what ended the input

	hasAhead bool
}

// Open opens the sources, reads their headers, and reads all but the first of them. The
// end of ctx calls off what blocks. stdin is used where Options name it, and not closed; nil
// is one that is closed. (Where the program was started without one, the Go runtime has put
// /dev/null in its place, and the input is empty.)
func Open(ctx context.Context, o Options, stdin *os.File) (*Reader, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	o.Delimiter = cmp.Or(o.Delimiter, "\n")
	o.MaxRecord = cmp.Or(o.MaxRecord, DefaultMaxRecord)
	if len(o.Sources) == 0 {
		o.Sources = []Source{{File: "-"}}
	}
	r := &Reader{fill: o.Fill, share: o.Share, within: o.Batch, maxArgs: o.MaxArgs, maxLines: o.MaxLines, exact: o.Exact, skip: o.Skip, limit: o.Limit}
	if r.maxArgs == 0 && r.maxLines == 0 && r.fill == nil {
		r.maxArgs = 1
	}
	if err := r.open(ctx, o, stdin); err != nil {
		_ = r.Close()
		return nil, err
	}
	return r, nil
}

// open builds the feed that all sources make together.
func (r *Reader) open(ctx context.Context, o Options, stdin *os.File) error {
	if o.Blocks != nil {
		in, err := r.input(o.Sources[0], stdin)
		if err == nil {
			r.blocks = newBlocks(in, *o.Blocks)
		}
		return err
	}
	f, err := r.combine(ctx, o, stdin)
	if err != nil {
		return err
	}
	if o.Shuffle {
		f = &shuffled{feed: f, seed: o.Seed}
	}
	r.records = f
	return nil
}

// combine opens the sources and makes one feed of them.
func (r *Reader) combine(ctx context.Context, o Options, stdin *os.File) (feed, error) {
	var feeds []feed
	for _, s := range o.Sources {
		f, err := r.source(ctx, o, s, stdin)
		if err != nil {
			return nil, err
		}
		feeds = append(feeds, f)
	}
	switch {
	case len(feeds) == 1:
		return feeds[0], nil
	case o.Link:
		return newLinked(feeds, o.JSON), nil
	}
	var groups []*group
	for i, s := range o.Sources {
		if !s.Link {
			groups = append(groups, &group{})
		}
		last := groups[len(groups)-1]
		last.feeds = append(last.feeds, feeds[i])
	}
	p := &product{first: groups[0], json: o.JSON, at: make([]int, len(groups)-1)}
	if o.Alike {
		for _, g := range groups {
			for i, f := range g.feeds {
				one := &atLeastOne{feed: f}
				g.feeds[i] = one
				p.sources = append(p.sources, one)
			}
		}
	}
	for _, g := range groups[1:] {
		rows, errs, err := g.hold(ctx)
		if err != nil {
			return nil, err
		}
		p.held = append(p.held, rows)
		r.errs = append(r.errs, errs...)
	}
	return p, nil
}

// source opens one source and takes its header off.
func (r *Reader) source(ctx context.Context, o Options, s Source, stdin *os.File) (feed, error) {
	f, err := r.bare(o, s, stdin)
	if err != nil {
		return nil, err
	}
	table, _ := f.(*rows)
	if s.File == "" && o.Alike && o.Until != "" {
		f = &until{feed: f, text: o.Until}
	}
	if o.SkipBlank {
		f = blankless{f}
	}
	if o.Continued {
		f = continued{f}
	}
	if o.ColSep != nil {
		f = split{f, o.ColSep}
	}
	if o.Trim != 0 {
		f = trimmed{f, o.Trim, o.KeepEmpty || s.File == ""}
	}
	if o.Header {
		var head Record
		switch err := f.next(ctx, &head); err {
		case nil:
			names := slices.Clone(head.columns())
			// A mark that some programs put before their text is not part of a name.
			names[0] = strings.TrimPrefix(names[0], "\ufeff")
			r.columns = append(r.columns, names...)
			if table != nil {
				table.width = len(names)
			}
			if len(o.Sources) == 1 {
				r.header = head.Original()
			}
		case io.EOF:
		default:
			return nil, err
		}
	}
	return f, nil
}

// bare opens one source, records whole.
func (r *Reader) bare(o Options, s Source, stdin *os.File) (feed, error) {
	if s.File == "" {
		return &values{texts: s.Values, json: o.JSON, comma: o.Comma}, nil
	}
	in, err := r.input(s, stdin)
	if err != nil {
		return nil, err
	}
	switch {
	case o.Words != nil:
		return newWords(in, *o.Words, o.Until, o.Delimiter, o.MaxRecord), nil
	case o.JSON:
		return &jsonValues{scan: newScanner(in, o.MaxRecord)}, nil
	case o.Comma != 0:
		return &rows{in: in, comma: o.Comma, max: o.MaxRecord}, nil
	}
	l := &lines{in: in, delim: o.Delimiter, keepEmpty: o.KeepEmpty, exact: o.Exactly, tellNUL: o.NUL, max: o.MaxRecord}
	if o.Until != "" {
		return &until{feed: l, text: o.Until}, nil
	}
	return l, nil
}

// input opens the file of a source.
func (r *Reader) input(s Source, stdin *os.File) (*input, error) {
	if s.File == "-" {
		return newInput(stdin, stdinName, &r.wait)
	}
	file, err := open(s.File)
	if err != nil {
		return nil, readError(s.File, reason(err))
	}
	r.opened = append(r.opened, file)
	return newInput(file, s.File, &r.wait)
}

// Ended reports whether Next has met the end of the input. It meets it only where an item has
// room for more.
func (r *Reader) Ended() bool { return r.end == io.EOF }

// Columns returns the names that the headers gave to the columns, those of all sources in order.
func (r *Reader) Columns() []string { return r.columns }

// Header returns the record that named the columns as the input had it, without its delimiter,
// or "" where there is none, or where there are several sources.
func (r *Reader) Header() string { return r.header }

// Next returns the next item. It returns as soon as the bytes of its last record have been
// read; with MaxArgs or Fill it waits for enough records, or the end.
//
// A *RecordError is about one record that is left out; reading goes on with the next call.
// Any other error ends the input: io.EOF, the cause of ctx if it ended first, or a
// *fail.Error that names what could not be read. Unless ctx ended, all records that were
// read before it have been returned.
func (r *Reader) Next(ctx context.Context) (Item, error) {
	if r.blocks != nil {
		b, err := r.blocks.next(ctx)
		if err != nil {
			return Item{}, err
		}
		r.seq++
		return Item{Seq: r.seq, Block: b}, nil
	}
	began := false
	for !r.full() {
		if !began && len(r.batch) > 0 && r.within > 0 {
			began = true
			var cancel context.CancelFunc
			ctx, cancel = hurry(ctx, time.Now().Add(r.within))
			defer cancel()
		}
		err := r.lookAhead(ctx)
		if err == errDue {
			break
		}
		if r.end != nil && r.exact && err != io.EOF {
			r.batch = nil
		}
		if err != nil && (r.end == nil || len(r.batch) == 0) {
			return Item{}, err
		}
		if err != nil {
			break
		}
		if len(r.batch) > 0 && r.fill != nil && !r.fill(r.batch, r.ahead) {
			if r.exact && (r.maxArgs > 0 || r.maxLines > 0) {
				r.end, r.batch = ErrListTooLong, nil
				return Item{}, r.end
			}
			break
		}
		r.accept()
	}
	r.divide()
	r.seq++
	r.expect = len(r.batch) + len(r.batch)/8
	it := Item{Seq: r.seq, Records: r.batch}
	r.batch, r.lines = nil, 0
	return it, nil
}

// divide leaves a part of the last item to others.
func (r *Reader) divide() {
	if r.fill == nil || r.share < 1 || r.end != io.EOF {
		return
	}
	if n := len(r.batch); n > 1 {
		r.maxArgs = (n + r.share - 1) / r.share
		r.batch, r.shared = r.batch[:r.maxArgs:r.maxArgs], r.batch[r.maxArgs:]
	}
	r.share = 0
}

// full reports whether the item has all the records it may have.
func (r *Reader) full() bool {
	return r.maxArgs > 0 && len(r.batch) >= r.maxArgs || r.maxLines > 0 && r.lines >= r.maxLines
}

// accept moves the record read ahead into the item.
func (r *Reader) accept() {
	if r.maxArgs != 1 {
		if r.batch == nil {
			r.batch = make([]Record, 0, r.expect)
		}
		r.batch = append(r.batch, r.ahead)
	} else {
		if len(r.chunk) == cap(r.chunk) {
			r.chunk = make([]Record, 0, chunkRecords)
		}
		n := len(r.chunk)
		r.chunk = append(r.chunk, r.ahead)
		r.batch = r.chunk[n : n+1 : n+1]
	}
	r.hasAhead = false
	if r.ahead.EndsLine {
		r.lines++
	}
}

// lookAhead reads a record if none is read ahead.
func (r *Reader) lookAhead(ctx context.Context) error {
	if r.hasAhead {
		return nil
	}
	if len(r.shared) > 0 {
		r.ahead, r.shared = r.shared[0], r.shared[1:]
		r.hasAhead = true
		return nil
	}
	if len(r.errs) > 0 {
		err := r.errs[0]
		r.errs = r.errs[1:]
		return err
	}
	if r.end != nil {
		return r.end
	}
	err := r.record(ctx)
	r.hasAhead = err == nil
	if err == nil || err == errDue || unusable(err) {
		return err
	}
	r.end = err
	if calm(ctx).Err() != nil { // of an item that is only due, nothing is lost
		r.batch = nil
	}
	return err
}

// record reads the next record that is neither before the first nor after the last wanted.
func (r *Reader) record(ctx context.Context) error {
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if r.limit > 0 && r.taken-r.skip >= r.limit {
			return io.EOF
		}
		err := r.records.next(ctx, &r.ahead)
		if err != nil && !unusable(err) {
			return err
		}
		r.taken++
		if r.taken > r.skip {
			return err
		}
	}
}

// Close closes the files that Open opened. Next must not be running.
func (r *Reader) Close() error {
	r.wait.close()
	var errs []error
	for _, f := range slices.Backward(r.opened) {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}
