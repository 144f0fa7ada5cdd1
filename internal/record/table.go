package record

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mostlylucid/eph/internal/plain"
)

// TableFormat is how a table of results is written.
type TableFormat uint8

// The formats.
const (
	CSV     TableFormat = iota
	TSV                 // as CSV, with tabs
	NDJSON              // one object a line
	JSONArr             // one array

	ParallelCSV  // these three in the columns of GNU parallel
	ParallelTSV  //
	ParallelJSON // one object a line
)

// Row is what a table says of a job, beside what it wrote.
type Row struct {
	Seq             int64
	Item, Key       string
	Attempt         int
	Exit            *int // nil if it did not exit
	Signal          string
	Reason, Error   string // why it failed; "" if it did not
	Command         string
	Start           time.Time // zero if it was not started
	Wall, User, Sys time.Duration

	ForParallel
}

// columns are the names of what a row of CSV holds.
const columns = "seq item key attempt exit signal reason error command start wall_s user_s sys_s stdout stderr"

// Table writes one row for each job. Its methods are called one at a time.
type Table struct {
	format TableFormat
	any    bool // a row was written
}

// NewTable returns an empty table.
func NewTable(f TableFormat) *Table { return &Table{format: f} }

// Begin is what stands before the first row, and End what stands behind the last.
func (t *Table) Begin() string {
	switch t.format {
	case CSV:
		return strings.ReplaceAll(columns, " ", ",") + "\n"
	case TSV:
		return strings.ReplaceAll(columns, " ", "\t") + "\n"
	case JSONArr:
		return "["
	}
	return ""
}

// End is described at Begin.
func (t *Table) End() string {
	if t.format != JSONArr {
		return ""
	}
	if t.any {
		return "\n]\n"
	}
	return "]\n"
}

// Row writes a row. held returns the output, or the errors, of the job from the beginning; it
// is called again for bytes that turn out not to be text, so that nothing of the size of an
// output is held in memory.
func (t *Table) Row(w io.Writer, r *Row, held func(stderr bool) io.Reader) error {
	first := !t.any
	before := ""
	switch {
	case t.format == JSONArr && t.any:
		before = ",\n"
	case t.format == JSONArr:
		before = "\n"
	}
	t.any = true
	if _, err := io.WriteString(w, before); err != nil {
		return err
	}
	switch t.format {
	case CSV:
		return separated(w, r, held, ",")
	case TSV:
		return separated(w, r, held, "\t")
	case ParallelCSV, ParallelTSV:
		return t.likeParallel(w, r, held, first)
	case ParallelJSON:
		return objectLikeParallel(w, r, held)
	}
	if err := object(w, r, held); err != nil || t.format == JSONArr {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// separated writes a row of CSV. Bytes stay as they are.
func separated(w io.Writer, r *Row, held func(bool) io.Reader, sep string) error {
	exit := ""
	if r.Exit != nil {
		exit = strconv.Itoa(*r.Exit)
	}
	cells := []string{
		strconv.FormatInt(r.Seq, 10), r.Item, r.Key, strconv.Itoa(r.Attempt), exit, r.Signal, r.Reason, r.Error,
		r.Command, stamp(r.Start), seconds(r.Wall), seconds(r.User), seconds(r.Sys),
	}
	for _, c := range cells {
		if strings.ContainsAny(c, sep+"\"\r\n") {
			c = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
		}
		if _, err := io.WriteString(w, c+sep); err != nil {
			return err
		}
	}
	for i, end := range []string{sep, "\n"} {
		if err := pieces(held(i == 1), func(p []byte, _ bool) error {
			_, err := w.Write(bytes.ReplaceAll(p, []byte(`"`), []byte(`""`)))
			return err
		}, w, `"`); err != nil {
			return err
		}
		if _, err := io.WriteString(w, end); err != nil {
			return err
		}
	}
	return nil
}

// pieces hands what a reader has to do, piece by piece, and writes quote around all of it. A
// piece ends with a whole character, where there is one; last says that no more follows.
func pieces(r io.Reader, do func(p []byte, last bool) error, w io.Writer, quote string) error {
	if _, err := io.WriteString(w, quote); err != nil {
		return err
	}
	in := bufio.NewReaderSize(r, 32<<10)
	for last := false; !last; {
		p, err := in.Peek(32 << 10)
		if last = err != nil; last && err != io.EOF {
			return err
		}
		if !last {
			p = plain.Whole(p)
		}
		if err := do(p, last); err != nil {
			return err
		}
		_, _ = in.Discard(len(p)) // they are buffered
	}
	_, err := io.WriteString(w, quote)
	return err
}

// object writes a row as JSON. What is not UTF-8 is there twice: as text in which U+FFFD stands
// for what is none, and as base64 under the same name with _b64 at its end.
func object(w io.Writer, r *Row, held func(bool) io.Reader) error {
	var b bytes.Buffer
	field := func(name string, v any) {
		if b.Len() == 0 {
			b.WriteByte('{')
		} else {
			b.WriteByte(',')
		}
		b.WriteString(`"` + name + `":`)
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(v) // a string or a number, into memory
		b.Truncate(b.Len() - 1)
	}
	text := func(name, s string) {
		field(name, s)
		if !utf8.ValidString(s) {
			field(name+"_b64", []byte(s))
		}
	}
	field("seq", r.Seq)
	text("item", r.Item)
	if r.Key != "" {
		text("key", r.Key)
	}
	field("attempt", r.Attempt)
	if r.Exit != nil {
		field("exit", *r.Exit)
	}
	for _, f := range []struct{ name, value string }{
		{"signal", r.Signal}, {"reason", r.Reason}, {"error", r.Error}, {"command", r.Command}, {"start", stamp(r.Start)},
	} {
		if f.value != "" {
			text(f.name, f.value)
		}
	}
	if !r.Start.IsZero() {
		for _, f := range []struct {
			name string
			d    time.Duration
		}{{"wall_s", r.Wall}, {"user_s", r.User}, {"sys_s", r.Sys}} {
			field(f.name, json.RawMessage(seconds(f.d)))
		}
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return err
	}
	for i, name := range []string{"stdout", "stderr"} {
		if err := outputField(w, name, func() io.Reader { return held(i == 1) }); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "}")
	return err
}

// outputField writes what a job wrote as a string of JSON.
func outputField(w io.Writer, name string, open func() io.Reader) error {
	if _, err := io.WriteString(w, `,"`+name+`":`); err != nil {
		return err
	}
	valid := true
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := pieces(open(), func(p []byte, _ bool) error {
		valid = valid && utf8.Valid(p)
		b.Reset()
		_ = enc.Encode(string(p)) // into memory
		_, err := w.Write(b.Bytes()[1 : b.Len()-2])
		return err
	}, w, `"`)
	if err != nil || valid {
		return err
	}
	if _, err := io.WriteString(w, `,"`+name+`_b64":"`); err != nil {
		return err
	}
	to := base64.NewEncoder(base64.StdEncoding, w)
	if _, err := io.Copy(to, open()); err != nil {
		return err
	}
	if err := to.Close(); err != nil {
		return err
	}
	_, err = io.WriteString(w, `"`)
	return err
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 6, 64) }
