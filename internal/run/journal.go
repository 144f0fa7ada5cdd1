package run

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/job"
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
	*Run
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
	j.Run, j.hash = r, sha256.New()
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
	p := &j.plan.Journal
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
	p := &j.plan.Journal
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
	j.numbered = j.commands.numbered()
	j.command = j.plan.digest(j.input.Columns(), j.numbered)
	past := &j.file.Past
	if !j.resumes() {
		return nil
	}
	if past.Journal.Command != j.command && !p.AnyCommand {
		var words []string
		for _, w := range past.Typed {
			words = append(words, template.Quote(w))
		}
		return fail.Own("%s: %s is of another command, or of items that were cut otherwise: it ran %s", p.Flag, p.File, plain.Cut(strings.Join(words, " "), 120)).
			Advise("the options and the command of that run; or --any-command, if what it did counts for this one")
	}
	if p.Resume != ResumeOnlyFailed {
		return nil
	}
	if j.numbered {
		return fail.Own("--retry-failed numbers the items anew, and the command uses {#}").Advise("--resume-failed, with the input")
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

// Deserted is the error with which a run refuses its journal because of jobs that the run before it
// has left alive, for a process that does not do the run and sees more processes than the one that
// does. Any other fault of the journal it leaves to the run.
func (j *Journal) Deserted() error {
	if j.File == "" {
		return nil
	}
	file, err := record.OpenJournal(j.File, record.JournalOptions{Flag: j.Flag, Look: true})
	if err != nil {
		return nil
	}
	defer file.Close()
	return j.deserted(&file.Past)
}

// deserted waits a moment for the jobs that the last run was in the middle of when it was killed:
// what is left of it may be about to kill them. A journal is in use as long as one is alive, or an
// item would run beside itself.
func (j *Journal) deserted(past *record.Past) error {
	if past.Interrupted == 0 {
		return nil
	}
	for began := time.Now(); ; time.Sleep(desertedPatience / 100) {
		var of []string // which item each process is of
		pids := job.Alive(func(environ []string) bool {
			seq, ok := isJob(environ, past.Run)
			if ok = ok && past.Flies(seq); ok {
				of = append(of, fmt.Sprintf("item %d", seq))
			}
			return ok
		})
		if pids == nil {
			return nil
		}
		if time.Since(began) < desertedPatience {
			continue
		}
		var kill, found []string
		for i, pid := range pids[:min(len(pids), mostNamed)] {
			kill = append(kill, strconv.Itoa(pid))
			found = append(found, fmt.Sprintf("process %d of %s", pid, of[i]))
		}
		if n := len(pids) - len(found); n > 0 {
			found = append(found, fmt.Sprintf("and %d more", n))
		}
		return fail.Own("%s: %s is the journal of run %s, which was killed and has left jobs alive: %s", j.Flag, j.File, past.Run, strings.Join(found, ", ")).
			Advise("kill -9 %s, or wait until they have ended; --isolate leaves none", strings.Join(kill, " "))
	}
}

// mostNamed is how many processes a message names.
const mostNamed = 20

// desertedPatience is how long jobs of a run that was killed may take to follow it.
const desertedPatience = 2 * time.Second

// resumes reports whether this run goes on with an earlier one.
func (j *journal) resumes() bool {
	return j.file != nil && j.plan.Journal.Resume != ResumeNone && j.file.Past.Run != ""
}

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
	j.file.Watch(func() { j.end(ending{reason: event.ReasonJournal}) })
	j.log = observe.LogTo(j.file, j.id, &j.sink, observe.LogOptions{Level: event.Debug, Redact: j.plan.LogOptions.Redact, Sealed: true})
}

// header is what the first line says for later runs.
func (j *journal) header() *event.Journal {
	if j.file == nil {
		return nil
	}
	h := &event.Journal{Version: event.JournalVersion, Command: j.command, Header: event.Whole(j.input.Header())}
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
		j.end(ending{reason: event.ReasonJournal})
	}
	f := &event.Fields{}
	var notes []string
	if n := j.file.Torn; n > 0 {
		notes = append(notes, fmt.Sprintf("%s: the last line was torn, its %d bytes were taken off", j.plan.Journal.File, n))
	}
	if j.resumes() {
		past := &j.file.Past
		f.Done, f.Failed, f.Interrupted = past.Done, past.Failed, past.Interrupted
		switch n := past.Interrupted; {
		case n > 0 && j.plan.Journal.Resume == ResumeOnlyFailed:
			notes = append(notes, fmt.Sprintf("interrupted at the end of run %s: %s; --resume runs what was interrupted", past.Run, items(n)))
		case n > 0:
			notes = append(notes, fmt.Sprintf("interrupted at the end of run %s: %s; what was interrupted runs again", past.Run, items(n)))
		}
		if n := past.Failed; n > 0 && j.plan.Journal.Resume == ResumeUnfinished {
			notes = append(notes, fmt.Sprintf("failed before: %s; --resume-failed runs what failed", items(n)))
		}
	} else if notes == nil {
		return
	}
	f.Message = strings.Join(notes, "; ")
	j.say(event.JournalRead, f)
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
	how := j.plan.Journal.Resume
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
		j.books.resumed()
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
	_, _ = j.classify(t) // it ran, so that it has a key
	if j.commands.key != nil && j.plan.KeyFail == KeySkip {
		j.books.failKey(t.key)
	}
	if j.plan.Journal.Look {
		j.books.skipped() // and nothing is at fault
	} else {
		j.books.failedBefore()
	}
	j.say(event.JobSkipped, j.lost(t, event.ReasonFailed))
	j.pass(t)
}

// pass lets the order of output go on without a task.
func (j *journal) pass(t *task) {
	defer j.letGo(t)
	if j.plan.Journal.Look || j.out.Wait(j.intake, t.item.Seq) != nil {
		return
	}
	_ = j.print(t) // the run ends if it cannot
}

// compare says how the input differs from that of the journal, once it was read to its end.
func (j *journal) compare() {
	if !j.resumes() || j.plan.Journal.Resume == ResumeOnlyFailed {
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
		j.say(event.InputChanged, f)
	}
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

// records are those of a task that has failed, from which another run can make it again.
func (j *journal) records(t *task) (all []event.Whole) {
	if j.file == nil {
		return nil
	}
	for i := range t.item.Records {
		r := &t.item.Records[i]
		if j.plan.Input.Words != nil {
			all = append(all, event.Whole(r.Text)) // of words on the command line no quote is taken
		} else {
			all = append(all, event.Whole(r.Original()))
		}
	}
	return all
}

// items is where items come from: read, or the journal. stop is for when no more are wanted.
func (j *journal) items(read next) (from next, stop func()) {
	if j.plan.Journal.Resume != ResumeOnlyFailed {
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
	o := j.plan.Input
	header := 0
	if o.Header {
		header = 1
	}
	o.Skip, o.Limit, o.Shuffle, o.Batch, o.Fill, o.MaxLines, o.Exact = 0, 0, false, 0, nil, 0, false
	o.MaxArgs = max(1, len(f.Records))
	o.Sources = []item.Source{{Values: append(j.plan.Input.Sources[0].Values[:header:header], f.Records...)}}
	var it item.Item
	in, err := item.Open(context.Background(), o, nil)
	if err == nil {
		it, err = in.Next(context.Background())
		err = errors.Join(err, in.Close())
	}
	if err != nil || j.digest(&it) != f.Digest {
		return it, fail.Own("--retry-failed: item %d of %s cannot be made again, byte for byte, from what the journal holds of it: it was redacted, or is of several sources", f.Seq, j.plan.Journal.File).
			Advise("--resume-failed, with the input")
	}
	return it, nil
}

// delivery is what becomes of the output of a task that has ended. Its turn to be printed can
// come before the end is said, after it, or meanwhile.
type delivery struct {
	say   func()
	steps atomic.Int32 // the end was said, it was printed
	held  bool         // it was said that it is not printed
	err   error
}

// deliver follows what is printed of a task, up to the end of finished.
func (j *journal) deliver(t *task) {
	if j.log == nil || t.out == nil {
		return
	}
	f := event.Fields{Seq: t.item.Seq, Digest: t.digest}
	d := &delivery{say: func() { j.say(event.JobDelivered, &f) }}
	t.delivery, t.out.Printed = d, d.printed
}

func (d *delivery) printed(err error) {
	d.err = err
	d.step()
}

// holds reports whether the output waits, for the line that says the end.
func (d *delivery) holds() bool {
	if d != nil {
		d.held = d.steps.Load() == 0
	}
	return d != nil && d.held
}

// said is called after that line.
func (d *delivery) said() {
	if d != nil && d.held {
		d.step()
	}
}

func (d *delivery) step() {
	if d.steps.Add(1) == 2 && d.err == nil {
		d.say()
	}
}
