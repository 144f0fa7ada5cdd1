package item

import (
	"regexp"
	"time"

	"github.com/mostlylucid/eph/internal/fail"
)

// DefaultMaxRecord is how many bytes a record may have where Options does not say.
const DefaultMaxRecord = 1 << 20

// Options say where records come from and how they become items. The zero value reads the
// lines of standard input, one to an item.
type Options struct {
	// Sources are combined as GNU parallel does: every record of one with every record of
	// the next, the last varying fastest. None means standard input.
	//
	// The first source is read as items are asked for; the others are read whole by [Open],
	// since each is gone through many times.
	Sources []Source

	// Delimiter ends a record. "" is a newline, "\x00" is what find -print0 writes.
	// One delimiter at the end of the input ends the last record and starts no other, and
	// with any delimiter but these two so does one final newline.
	Delimiter string

	// Exactly takes one newline at the end of the input for data.
	Exactly bool

	// NUL is told of a record with a NUL byte, once, and such bytes become \0. nil rejects the
	// record.
	NUL func()

	// KeepEmpty gives an empty record an item of its own. Without it such records of files
	// are passed over; those among Source.Values are always kept.
	KeepEmpty bool

	// Alike treats the records among Source.Values as those of files: Until ends them, and what
	// drops or joins records does so with them.
	Alike bool

	// SkipBlank passes over records of nothing but white space.
	SkipBlank bool

	// Continued joins a record that ends with white space with the next.
	Continued bool

	// Words splits files into words. nil does not.
	Words *Words

	// Until is the text of a record of a file that ends the input, and with Words the word that
	// does. "" is none.
	Until string

	// JSON reads JSON values: one to a line, or one after the other, or the elements of an
	// array. Arrays are taken for their elements when the first value of a source is one
	// that goes over several lines, or is longer than MaxRecord, or is all there is;
	// arrays that each fill a line are items, the first of which is there only when the
	// next value is. Of duplicate names the last counts.
	JSON bool

	// Comma stands between the fields of records that may be quoted as RFC 4180 has it: CSV
	// with ',', TSV with '\t'. The fields are Record.Fields. Empty lines are passed over. 0
	// reads no such table.
	Comma byte

	// Trim takes blanks off the ends of each record and of its columns.
	Trim Trim

	// ColSep splits each record into Record.Fields; with several sources, the columns of
	// all of them in order. nil does not split.
	ColSep *regexp.Regexp

	// Header takes the first record of each source for the names of its columns.
	Header bool

	// Link pairs the records of all sources, one of each, in place of combining them. A
	// source that has ended begins anew, until all have: what they yielded is held.
	Link bool

	// Shuffle yields the records in the order that Seed decides, after it has read and held
	// all of them. Skip and Limit count in that order.
	Shuffle bool
	Seed    uint64

	// Blocks cuts the one source into blocks in place of records: an item has a block, and no
	// text. Of the other options none but Sources counts then. nil reads records.
	Blocks *Blocks

	// MaxArgs is the most records that an item has. 0 means one, or with Fill or MaxLines any
	// number.
	MaxArgs int

	// MaxLines is the most lines that an item has the words of. 0 is no limit.
	MaxLines int

	// Exact ends the input with ErrListTooLong where Fill has no room for a record that
	// MaxArgs or MaxLines wants in the item. What ends the input then also drops the records
	// that were read before it and make no whole item.
	Exact bool

	// Batch is how long after its first record an item with room for more is handed out. 0
	// waits for as many as MaxArgs says, or the end. It counts where one source is read.
	Batch time.Duration

	// Fill reports whether next still fits into an item that has records already. It is
	// called once for each record but the first of an item. nil fills nothing.
	Fill func(records []Record, next Record) bool

	// Share divides what Fill has in an item when the input ends among this many items, evenly, so
	// that all that run at once have something to do. It does so once. 0 does not.
	Share int

	// Skip passes over this many records, and Limit ends the input after that many more.
	// An unusable record counts. A Limit of 0 is none.
	Skip, Limit int64

	// MaxRecord is the most bytes that a record of a file may have. A longer one becomes a
	// [RecordError] and is never held in memory as a whole. 0 means DefaultMaxRecord.
	MaxRecord int
}

// Source is one input.
type Source struct {
	// Values are the records themselves, as written after :::. They are used when File is "".
	Values []string

	// File is the name of a file of records; "-" is standard input. A regular file is read
	// up to the size it had when it was opened, so jobs that append to it do not feed the run.
	File string

	// Link pairs this source with the one before, record by record, and ends both with the
	// shorter, instead of combining every record with every other.
	Link bool
}

// check returns the first thing in o that cannot be meant.
func (o Options) check() error {
	if o.JSON && o.Header {
		return fail.Usage("a header names columns of lines, but the input is JSON").
			Advise("name the fields: {.name}")
	}
	if o.JSON && o.ColSep != nil {
		return fail.Usage("lines are split into columns, but the input is JSON").
			Advise("name the fields: {.name}, or {[0]} of an array")
	}
	if o.Blocks != nil {
		return o.Blocks.check(o.Sources)
	}
	stdin := 0
	for i, s := range o.Sources {
		if s.File == "-" {
			stdin++
		}
		if i == 0 && s.Link {
			return fail.Usage("the first source has no source before it to be linked with")
		}
	}
	if stdin > 1 {
		return fail.Usage("standard input cannot be two sources")
	}
	return nil
}
