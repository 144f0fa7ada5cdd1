package run

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"os"
	"runtime/debug"
	"strings"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/observe"
	"github.com/mostlylucid/eph/internal/plain"
	"github.com/mostlylucid/eph/internal/record"
	"github.com/mostlylucid/eph/internal/template"
)

// Journal says where a run records itself, and what it does with what is recorded there.
type Journal struct {
	File       string // "" records nothing
	Flag       string // that names it
	Sync       record.Sync
	Resume     Resume
	AnyCommand bool // go on with a journal of another command
	Look       bool // for DryRun: write nothing
}

// Resume says which items of an earlier run run again.
type Resume uint8

// The ways to go on.
const (
	ResumeNone       Resume = iota // the run begins anew
	ResumeUnfinished               // those without an end
	ResumeFailed                   // those, and those that failed
	ResumeOnlyFailed               // those that failed, as the journal has them; no input is read
)

// journal is how a run is recorded. Of a run that is not, its methods do nothing.
//
// An item has its end in it when the line has been written, and the line is written when what
// the job wrote was delivered, and before its slot and its key are free. So whatever ends eph,
// an item that another run passes over was done whole, and one that was done whole and runs
// again is one that eph was about to write down.
type journal struct {
	run      *Run
	file     *record.Journal
	log      *observe.Log
	hash     hash.Hash // of items, for the goroutine that reads them
	command  string    // digest
	numbered bool      // the number of an item makes a difference to its job
	unknown  int64     // items that the journal does not have
	changed  bool      // the input is another
}

// prepare opens a journal that the input comes from.
func (j *journal) prepare(r *Run) (err error) {
	j.run, j.hash = r, sha256.New()
	p := &r.plan
	if p.Journal.Resume != ResumeOnlyFailed {
		return nil
	}
	if err = j.openFile(); err != nil {
		return err
	}
	header := string(j.file.Past.Journal.Header)
	p.Input.Sources = []item.Source{{}}
	if p.Input.Header {
		p.Input.Sources[0].Values = []string{header}
	}
	return nil
}

// bigJournal is the size of a journal whose marks are the most of what eph holds.
const bigJournal = 64 << 20

func (j *journal) openFile() (err error) {
	p := &j.run.plan.Journal
	if st, err := os.Stat(p.File); err == nil && st.Size() > bigJournal {
		debug.SetGCPercent(20) // they stay, and twice their size would be waste
	}
	j.file, err = record.OpenJournal(p.File, record.JournalOptions{
		Flag: p.Flag, Sync: p.Sync, Look: p.Look, Must: p.Resume == ResumeOnlyFailed,
	})
	return err
}

// open opens the journal and makes sure that this run can go on with it.
func (j *journal) open() error {
	p := &j.run.plan.Journal
	if p.File == "" {
		return nil
	}
	if j.file == nil {
		if err := j.openFile(); err != nil {
			return err
		}
	}
	if !p.Look {
		if err := p.deserted(&j.file.Past); err != nil {
			return err
		}
	}
	j.numbered = j.run.commands.numbered()
	j.command = j.run.plan.digest(j.run.input.Columns(), j.numbered)
	past := &j.file.Past
	if !j.resumes() {
		return nil
	}
	if past.Journal.Command != j.command && !p.AnyCommand {
		var words []string
		for _, w := range past.Typed {
			words = append(words, template.Quote(w))
		}
		return fail.Own("%s: %s belongs to another command, or to items that were cut differently: it ran %s", p.Flag, p.File, plain.Cut(strings.Join(words, " "), 120)).
			Advise("the options and command of that run; or --any-command, if what it did counts for this one too")
	}
	if p.Resume != ResumeOnlyFailed {
		return nil
	}
	if j.numbered {
		return fail.Own("--retry-failed renumbers the items, but the command uses {#}").Advise("--resume-failed, with the input")
	}
	for f, err := range j.file.FailedItems(false) {
		if err == nil {
			_, err = j.rebuild(f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// resumes reports whether this run goes on with an earlier one.
func (j *journal) resumes() bool {
	return j.file != nil && j.run.plan.Journal.Resume != ResumeNone && j.file.Past.Run != ""
}

// close gives up a journal before the run.
func (j *journal) close() {
	if j.file != nil {
		_ = j.file.Close()
	}
}

// watch begins to record.
func (j *journal) watch() {
	if j.file == nil {
		return
	}
	j.file.Watch(func() { j.run.end(ending{reason: event.ReasonJournal}) })
	j.log = observe.LogTo(j.file, j.run.id, &j.run.sink, observe.LogOptions{Level: event.Debug, Redact: j.run.plan.LogOptions.Redact, Sealed: true})
}

// header is what the first line says for later runs.
func (j *journal) header() *event.Journal {
	if j.file == nil {
		return nil
	}
	h := &event.Journal{Version: event.JournalVersion, Command: j.command, Header: event.Whole(j.run.input.Header())}
	if j.resumes() {
		h.Resumes, h.Lines = j.file.Past.Run, j.file.Past.Lines
	}
	return h
}

// tell says what the journal holds, and ends a run that cannot begin it.
func (j *journal) tell() {
	if j.file == nil {
		return
	}
	if j.err() != nil {
		j.run.end(ending{reason: event.ReasonJournal})
	}
	f := &event.Fields{}
	var notes []string
	if n := j.file.Torn; n > 0 {
		notes = append(notes, fmt.Sprintf("%s: the last line was incomplete; its %d bytes were removed", j.run.plan.Journal.File, n))
	}
	if j.resumes() {
		past := &j.file.Past
		f.Done, f.Failed, f.Interrupted = past.Done, past.Failed, past.Interrupted
		switch n := past.Interrupted; {
		case n > 0 && j.run.plan.Journal.Resume == ResumeOnlyFailed:
			notes = append(notes, fmt.Sprintf("interrupted at the end of run %s: %s; --resume runs what was interrupted", past.Run, items(n)))
		case n > 0:
			notes = append(notes, fmt.Sprintf("interrupted at the end of run %s: %s; what was interrupted runs again", past.Run, items(n)))
		}
		if n := past.Failed; n > 0 && j.run.plan.Journal.Resume == ResumeUnfinished {
			notes = append(notes, fmt.Sprintf("failed before: %s; --resume-failed runs what failed", items(n)))
		}
	} else if notes == nil {
		return
	}
	f.Message = strings.Join(notes, "; ")
	j.run.say(event.JournalRead, f)
}

func items(n int64) string {
	if n == 1 {
		return "1 item"
	}
	return fmt.Sprintf("%d items", n)
}

// err is why the run cannot be recorded any more, or nil.
func (j *journal) err() error {
	if j.log == nil {
		return nil
	}
	if err := j.log.Err(); err != nil {
		return err
	}
	return j.file.Err()
}

// passes finds out what the journal says of an item, and reports whether it is passed over.
func (j *journal) passes(t *task) bool {
	if j.file == nil {
		return false
	}
	t.digest = j.digest(&t.item)
	if !j.resumes() {
		return false
	}
	how := j.run.plan.Journal.Resume
	if how == ResumeOnlyFailed {
		t.was = event.WasFailed
		return false
	}
	switch j.file.Past.Take(t.digest) {
	case record.FateUnknown:
		j.unknown++
	case record.FateUnfinished:
		t.was = event.WasUnfinished
	case record.FateDone:
		j.run.books.resumed()
		j.pass(t)
		return true
	case record.FateFailed:
		t.was = event.WasFailed
		if how == ResumeUnfinished {
			j.passFailed(t)
			return true
		}
	}
	return false
}

// passFailed passes over an item that failed before, with what that means for its key.
func (j *journal) passFailed(t *task) {
	_, _ = j.run.classify(t) // it ran, so that it has a key
	if j.run.commands.key != nil && j.run.plan.KeyFail == KeySkip {
		j.run.books.failKey(t.key)
	}
	if j.run.plan.Journal.Look {
		j.run.books.skipped() // and nothing is at fault
	} else {
		j.run.books.failedBefore()
	}
	j.run.say(event.JobSkipped, j.run.lost(t, event.ReasonFailed))
	j.pass(t)
}

// pass lets the order of output go on without a task.
func (j *journal) pass(t *task) {
	defer j.run.letGo(t)
	if j.run.plan.Journal.Look || j.run.out.Wait(j.run.intake, t.item.Seq) != nil {
		return
	}
	_ = j.run.print(t) // the run ends if it cannot
}

// compare says how the input differs from that of the journal, once it was read to its end.
func (j *journal) compare() {
	if !j.resumes() || j.run.plan.Journal.Resume == ResumeOnlyFailed {
		return
	}
	f := &event.Fields{Gone: j.file.Past.Left()}
	if j.file.Past.Closed { // else it may have had them further on
		f.New = j.unknown
	}
	var notes []string
	if f.New > 0 {
		notes = append(notes, "new in the input: "+items(f.New))
	}
	if f.Gone > 0 {
		notes = append(notes, "gone from the input: "+items(f.Gone))
	}
	if j.changed = notes != nil; j.changed {
		f.Message = strings.Join(notes, "; ")
		j.run.say(event.InputChanged, f)
	}
}

// records are those of a task that has failed, from which another run can make it again.
func (j *journal) records(t *task) (all []event.Whole) {
	if j.file == nil {
		return nil
	}
	for i := range t.item.Records {
		r := &t.item.Records[i]
		if j.run.plan.Input.Words != nil {
			all = append(all, event.Whole(r.Text)) // of words on the command line no quote is taken
		} else {
			all = append(all, event.Whole(r.Original()))
		}
	}
	return all
}

// items is where items come from: read, or the journal. stop is for when no more are wanted.
func (j *journal) items(read next) (from next, stop func()) {
	if j.run.plan.Journal.Resume != ResumeOnlyFailed {
		return read, func() {}
	}
	failed, stop := iter.Pull2(j.file.FailedItems(true))
	var seq int64
	return func(ctx context.Context) (item.Item, error) {
		f, err, more := failed()
		switch {
		case ctx.Err() != nil:
			return item.Item{}, context.Cause(ctx)
		case !more:
			return item.Item{}, io.EOF
		case err != nil:
			return item.Item{}, err
		}
		it, err := j.rebuild(f)
		seq++
		it.Seq = seq
		return it, err
	}, stop
}

// rebuild makes an item of what the journal holds of it, byte for byte, or says that it cannot.
func (j *journal) rebuild(f record.FailedItem) (item.Item, error) {
	o := j.run.plan.Input
	header := 0
	if o.Header {
		header = 1
	}
	o.Skip, o.Limit, o.Shuffle, o.Batch, o.Fill, o.MaxLines, o.Exact = 0, 0, false, 0, nil, 0, false
	o.MaxArgs = max(1, len(f.Records))
	o.Sources = []item.Source{{Values: append(j.run.plan.Input.Sources[0].Values[:header:header], f.Records...)}}
	var it item.Item
	in, err := item.Open(context.Background(), o, nil)
	if err == nil {
		it, err = in.Next(context.Background())
		err = errors.Join(err, in.Close())
	}
	if err != nil || j.digest(&it) != f.Digest {
		return it, fail.Own("--retry-failed: item %d of %s cannot be restored byte for byte from what the journal holds: it was redacted, or comes from several sources", f.Seq, j.run.plan.Journal.File).
			Advise("--resume-failed, with the input")
	}
	return it, nil
}
