package record

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
)

// parallelRow is the beginning of a row in the columns of GNU parallel.
func (r *Row) parallelRow() []string {
	began := "0.000"
	if !r.Start.IsZero() {
		began = fmt.Sprintf("%.3f", float64(r.Start.UnixMicro())/1e6)
	}
	return []string{
		strconv.FormatInt(r.Seq, 10), ":", began, fmt.Sprintf("%.3f", r.Wall.Seconds()), strconv.FormatInt(r.Sent, 10),
		strconv.FormatInt(r.Received, 10), strconv.Itoa(r.ExitVal), strconv.Itoa(r.SignalNumber), r.Command,
	}
}

// parallelColumns are the names of those columns.
const parallelColumns = "Seq Host Starttime JobRuntime Send Receive Exitval Signal Command"

// likeParallel writes a row of CSV or TSV as GNU parallel has it, and the names of the columns
// before the first.
func (t *Table) likeParallel(w io.Writer, r *Row, held func(bool) io.Reader, first bool) error {
	sep := ","
	if t.format == ParallelTSV {
		sep = "\t"
	}
	var b strings.Builder
	line := func(cells []string) {
		for i, c := range cells {
			if strings.ContainsAny(c, sep+"\" \t\n\v\f\r") {
				c = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
			}
			if i > 0 {
				b.WriteString(sep)
			}
			b.WriteString(c)
		}
	}
	if first {
		head := strings.Fields(parallelColumns)
		for i := range r.Args {
			name := "V" + strconv.Itoa(i+1)
			if i < len(r.Names) {
				name = r.Names[i]
			}
			head = append(head, name)
		}
		line(append(head, "Stdout", "Stderr"))
		b.WriteByte('\n')
	}
	line(append(r.parallelRow(), r.Args...))
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	for _, stderr := range []bool{false, true} {
		quote, err := needsQuotes(held(stderr), sep)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, sep); err != nil {
			return err
		}
		if err := pieces(held(stderr), func(p []byte, _ bool) error {
			_, err := w.Write(bytes.ReplaceAll(p, []byte(`"`), []byte(`""`)))
			return err
		}, w, quote); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// needsQuotes is the quote to put around what a reader has, or "".
func needsQuotes(r io.Reader, sep string) (quote string, err error) {
	p := make([]byte, 32<<10)
	for {
		n, err := r.Read(p)
		if bytes.ContainsAny(p[:n], sep+"\" \t\n\v\f\r\x00") {
			return `"`, nil
		}
		if err == io.EOF {
			return "", nil
		}
		if err != nil {
			return "", err
		}
	}
}

// objectLikeParallel writes a row as a line of JSON as GNU parallel has it.
func objectLikeParallel(w io.Writer, r *Row, held func(bool) io.Reader) error {
	c := r.parallelRow()
	args := make([]string, len(r.Args))
	for i, a := range r.Args {
		args[i] = `"` + jsonText(a) + `"`
	}
	if _, err := fmt.Fprintf(w, `{ "Seq": %s, "Host": "%s", "Starttime": %s, "JobRuntime": %s, "Send": %s, "Receive": %s, "Exitval": %s, "Signal": %s, "Command": "%s", "V": [ %s ]`,
		c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], jsonText(c[8]), strings.Join(args, ",")); err != nil {
		return err
	}
	for i, name := range []string{"Stdout", "Stderr"} {
		if _, err := io.WriteString(w, `, "`+name+`": `); err != nil {
			return err
		}
		if err := pieces(held(i == 1), func(p []byte, _ bool) error {
			_, err := io.WriteString(w, jsonText(string(p)))
			return err
		}, w, `"`); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, " }\n")
	return err
}

// jsonText is what stands between the quotes of a string of JSON. Bytes that are not text stay as
// they are, as with GNU parallel.
func jsonText(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ':
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// ForParallel is what only rows in the form of GNU parallel have.
type ForParallel struct {
	Args, Names           []string // of the job, and of the columns they are
	Sent, Received        int64    // bytes
	ExitVal, SignalNumber int      // as its --joblog has them
}

// ExitVal is the exit status that the columns of GNU parallel show: that of an exit, and -1 after
// a timeout.
func ExitVal(exit *int, timedOut, started bool) int {
	switch {
	case timedOut:
		return -1
	case !started:
		return int(fail.NotFound)
	case exit != nil:
		return *exit
	}
	return 0
}
