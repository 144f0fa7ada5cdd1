package run

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/output"
	"github.com/mostlylucid/eph/internal/record"
)

// Results says where what jobs write is stored in place of being printed.
type Results struct {
	Kind     ResultsKind
	Path     string             // of the directory or the table; "-" is a table on standard output
	Template string             // of the names of files; "" for those of GNU parallel
	Format   record.TableFormat // of a table
}

// ResultsKind is a way to store results.
type ResultsKind uint8

// The ways.
const (
	ResultsNone  ResultsKind = iota
	ResultsTree              // files for each job
	ResultsTable             // a row for each job
)

// ParseResults reads the value of --results. A name with a placeholder is a template, one that
// ends like a table is one, and any other is a directory. replace is what stands for {}.
func ParseResults(s, replace string) Results {
	if s == "" {
		return Results{}
	}
	if strings.Contains(s, "{") || replace != "" && strings.Contains(s, replace) {
		return Results{Kind: ResultsTree, Template: s}
	}
	for _, t := range []struct {
		suffix string
		format record.TableFormat
	}{{".csv", record.CSV}, {".tsv", record.TSV}, {".ndjson", record.NDJSON}, {".json", record.JSONArr}} {
		name, ok := strings.CutSuffix(s, t.suffix)
		switch {
		case ok && name == "-" && t.format == record.JSONArr: // a stream is read as it comes
			return Results{Kind: ResultsTable, Path: "-", Format: record.NDJSON}
		case ok && name == "-":
			return Results{Kind: ResultsTable, Path: "-", Format: t.format}
		case ok:
			return Results{Kind: ResultsTable, Path: s, Format: t.format}
		}
	}
	return Results{Kind: ResultsTree, Path: s}
}

// results store what jobs write.
type results struct {
	run   *Run
	to    later // the file of the table
	table *record.Table
	tree  *record.Tree
}

// later is a file that is opened when the run begins.
type later struct{ *os.File }

// files are those of an attempt.
type files struct {
	record.Results
	place  record.Place
	placed bool
}

// init says how the writer prints, and to what.
func (s *results) init(r *Run) io.Writer {
	s.run = r
	p := &r.plan
	if p.Results.Kind != ResultsTable {
		return r.streams.Out
	}
	s.table = record.NewTable(p.Results.Format)
	p.Output.Row = func(w io.Writer, j *output.Job) error { return s.table.Row(w, j.About.(*record.Row), j.Held) }
	if p.Results.Path == "-" {
		s.to.File = r.streams.Out
		return r.streams.Out
	}
	p.Output.Name = p.Results.Path
	return &s.to
}

// open makes the directory or the file.
func (s *results) open() (err error) {
	p := &s.run.plan.Results
	switch p.Kind {
	case ResultsTable:
		if p.Path != "-" {
			s.to.File, err = os.OpenFile(p.Path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|unix.O_NOFOLLOW, 0o600)
		}
		if err == nil {
			_, err = s.to.WriteString(s.table.Begin())
		}
		if err != nil {
			return fail.File("--results", err)
		}
	case ResultsTree:
		root := p.Path
		if t := s.run.commands.results; t != nil {
			root = t.Prefix()[:strings.LastIndexByte(t.Prefix(), '/')+1]
		}
		s.tree, err = record.OpenTree(root)
	}
	return err
}

// close ends the table.
func (s *results) close() error {
	if s.tree != nil {
		return s.tree.Close()
	}
	if s.table == nil || s.run.out.Err() != nil {
		return nil
	}
	_, err := s.to.WriteString(s.table.End())
	if s.run.plan.Results.Path != "-" {
		err = errors.Join(err, s.to.Close())
	}
	if err != nil {
		return fail.File("--results", err)
	}
	return nil
}

// begin makes the files of the next attempt.
func (s *results) begin(t *task) (err error) {
	switch {
	case s.tree != nil:
		if t.files == nil {
			t.files = new(files)
		}
		if !t.files.placed {
			names, inside, err := s.names(t)
			if err != nil {
				return err
			}
			t.files.place, t.files.placed = s.tree.Reserve(t.item.Seq, names, inside), true
		}
		t.files.Results, err = s.tree.Open(t.item.Seq, t.files.place)
	case s.run.plan.Files:
		s.forget(t)
		var f *os.File
		if f, err = os.CreateTemp(s.run.plan.Output.TmpDir, "eph-*.out"); err != nil {
			return fail.File("--files", err)
		}
		t.files = &files{Results: record.Results{Stdout: f, Name: f.Name()}}
	}
	return err
}

// forget removes what --files has of an earlier attempt.
func (s *results) forget(t *task) {
	if t.files != nil {
		_ = os.Remove(t.files.Name)
	}
}

// names are the steps to the files of a task. inside says that the last of them is a directory.
func (s *results) names(t *task) (names []string, inside bool, err error) {
	if text := s.run.commands.results; text != nil {
		path, err := text.ExpandEach(s.run.values(t, t.attempt, t.slot), record.SafeName)
		path = path[min(len(path), strings.LastIndexByte(text.Prefix(), '/')+1):]
		for step := range strings.SplitSeq(path, "/") {
			switch step {
			case "", ".": // as everywhere in a path
			case "..":
				return nil, false, fail.Own("--results: %s leads out of its directory", path)
			default:
				names = append(names, step)
			}
		}
		return names, strings.HasSuffix(path, "/"), err
	}
	values := []string{t.text()}
	if len(t.item.Records) == 1 && t.item.Records[0].Fields != nil {
		values = t.item.Records[0].Fields
	}
	if s.run.plan.Args != nil && len(t.item.Records) > 0 {
		records := slices.Clone(t.item.Records)
		if len(s.run.input.Columns()) > 0 { // as GNU parallel has it: by name
			slices.SortStableFunc(records, func(a, b item.Record) int {
				x, y := s.column(a.Column-1), s.column(b.Column-1)
				n, _ := strconv.ParseFloat(x, 64)
				m, _ := strconv.ParseFloat(y, 64)
				return cmp.Or(cmp.Compare(n, m), cmp.Compare(x, y))
			})
		}
		for _, rec := range records {
			names = append(names, s.column(rec.Column-1), record.SafeName(rec.Text))
		}
		return names, true, nil
	}
	for i, v := range values {
		names = append(names, s.column(i), record.SafeName(v))
	}
	return names, true, nil
}

// column is the step of a path for a column, by its index.
func (s *results) column(i int) string {
	if header := s.run.input.Columns(); i >= 0 && i < len(header) {
		return record.SafeName(header[i])
	}
	return strconv.Itoa(max(i, 0) + 1)
}

// end closes the files of an attempt, and says what was left out of them.
func (s *results) end(t *task) {
	if n := t.excess.over.Load(); n > 0 {
		note := fmt.Sprintf("item %d: output cut after %d bytes; %d more were left out", t.item.Seq, s.run.plan.MaxOut, n)
		to := s.run.destinations(t)
		w := to.Stderr
		if s.run.plan.Merge {
			w = to.Stdout
		}
		_, _ = io.WriteString(w, "eph: "+note+"\n") // an error stays with the writer
		s.run.warn(note)
	}
	if t.files == nil {
		return
	}
	err := t.files.Stdout.Close()
	if t.files.Stderr != nil {
		err = errors.Join(err, t.files.Stderr.Close())
	}
	if err != nil && t.result.Err == nil {
		t.result.Err = fail.File("--results", err)
	}
}

// settle decides, once it is known how a task has ended, what is printed of it. err is why it
// did not succeed.
func (s *results) settle(t *task, err error) {
	f, _ := errors.AsType[*failure](err)
	p := &s.run.plan
	if t.out == nil {
		if s.table == nil || f == nil {
			return
		}
		t.out = s.run.out.Job(t.item.Seq, "")
	}
	switch {
	case p.Quiet && err == nil:
		t.out.Discard()
	case p.Files && t.files != nil:
		_, _ = io.WriteString(t.out.Stdout(), t.files.Name+"\n") // an error stays with the writer
	case s.table != nil:
		t.out.About = s.row(t, err)
	}
}

// row is what a table says of a task.
func (s *results) row(t *task, err error) *record.Row {
	f := s.run.ended(t, err)
	row := &record.Row{
		Seq: t.item.Seq, Item: t.text(), Key: t.key, Attempt: t.attempt, Exit: f.Exit, Signal: f.Signal,
		Reason: string(f.Reason), Error: f.Error, Command: s.run.commands.display(t, s.run),
		Start: t.result.Start, Wall: t.result.Wall, User: t.result.User, Sys: t.result.Sys,
	}
	row.ForParallel = record.ForParallel{
		Names: s.run.input.Columns(), Received: f.Stdout, Sent: f.Sent, SignalNumber: int(t.result.Signal),
		ExitVal: record.ExitVal(f.Exit, f.Reason == event.ReasonTimeout, f.Reason != event.ReasonStart),
	}
	for i := range t.item.Records {
		row.Args = append(row.Args, t.item.Records[i].Text)
	}
	if skip, ok := errors.AsType[errSkipped](err); ok {
		row.Reason = string(skip.reason)
	}
	return row
}
