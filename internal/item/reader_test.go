package item

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mostlylucid/eph/internal/fail"
	"golang.org/x/sys/unix"
)

// file returns an open file that holds text, read from its beginning.
func file(t testing.TB, text string) *os.File {
	t.Helper()
	name := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// pipe returns a pipe of blocking descriptors, as a shell makes it, which are closed with
// the test.
func pipe(t testing.TB) (r, w *os.File) {
	t.Helper()
	var fds [2]int
	if err := unix.Pipe(fds[:]); err != nil {
		t.Fatal(err)
	}
	r, w = os.NewFile(uintptr(fds[0]), "in"), os.NewFile(uintptr(fds[1]), "out")
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

func mustOpen(t testing.TB, o Options, stdin *os.File) *Reader {
	t.Helper()
	r, err := Open(t.Context(), o, stdin)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// collect reads to the end. Each item is shown as its texts, joined by "|"; a record that
// cannot be used as "!" and its place; what ended the input other than its end as "error".
func collect(t testing.TB, r *Reader) (shown []string) {
	t.Helper()
	for seq := int64(1); ; {
		it, err := r.Next(t.Context())
		if err == io.EOF {
			return shown
		}
		if bad, ok := errors.AsType[*RecordError](err); ok {
			shown = append(shown, fmt.Sprintf("!%d:%d", bad.Line, bad.Column))
			continue
		}
		if err != nil {
			return append(shown, "error")
		}
		if it.Seq != seq {
			t.Errorf("Seq = %d, want %d", it.Seq, seq)
		}
		seq++
		var texts []string
		for _, rec := range it.Records {
			texts = append(texts, rec.Text)
		}
		shown = append(shown, strings.Join(texts, "|"))
	}
}

func check(t *testing.T, o Options, in string, want ...string) {
	t.Helper()
	got := collect(t, mustOpen(t, o, file(t, in)))
	if !slices.Equal(got, want) {
		t.Errorf("items of %.80q = %.300q, want %.300q", in, got, want)
	}
}

func TestLines(t *testing.T) {
	every := ""
	for b := 1; b < 256; b++ {
		if b != '\n' {
			every += string([]byte{byte(b)})
		}
	}
	nul, comma := Options{Delimiter: "\x00", KeepEmpty: true}, Options{Delimiter: ",", KeepEmpty: true}
	tests := []struct {
		name string
		o    Options
		in   string
		want []string
	}{
		{"no input", Options{}, "", nil},
		{"no final newline", Options{}, "a\nb", []string{"a", "b"}},
		{"only a newline", Options{}, "\n", nil},
		{"only a newline, kept", Options{KeepEmpty: true}, "\n", []string{""}},
		{"empty lines", Options{}, "a\n\n\nb\n", []string{"a", "b"}},
		{"empty lines, kept", Options{KeepEmpty: true}, "a\n\n\nb\n", []string{"a", "", "", "b"}},
		{"blanks", Options{}, "  lead trail  \n\t\n", []string{"  lead trail  ", "\t"}},
		{"carriage returns", Options{}, "a\r\nb\r\n", []string{"a\r", "b\r"}},
		{"byte order mark", Options{}, "\ufeffa\n", []string{"\ufeffa"}},
		{"NUL in a line", Options{}, "a\x00b\nc\n", []string{"!1:0", "c"}},
		{"NUL without a newline", Options{}, "x\na\x00b\x00", []string{"x", "!2:0"}},
		{"NUL ends records", nul, "a\nb\x00c\x00", []string{"a\nb", "c"}},
		{"no last NUL", nul, "a\x00b", []string{"a", "b"}},
		{"empty between NULs", nul, "\x00\x00a\x00", []string{"", "", "a"}},
		{"newline after the last NUL", nul, "a\x00\n", []string{"a", "\n"}},
		{"invalid UTF-8", Options{}, "\xff\xfe\x80z\n\xc3\n", []string{"\xff\xfe\x80z", "\xc3"}},
		{"every byte", Options{}, every + "\n", []string{every}},
		{"comma", comma, "a,b,c", []string{"a", "b", "c"}},
		{"comma, final newline", comma, "a,b\n", []string{"a", "b"}},
		{"comma, one only", comma, "a,b,\n", []string{"a", "b"}},
		{"comma, two final newlines", comma, "a\n\n", []string{"a\n"}},
		{"comma, newline within", comma, "a\nb,c", []string{"a\nb", "c"}},
		{"comma, empty", comma, "a,,b,", []string{"a", "", "b"}},
		{"comma, NUL within", comma, "a,b\x00c,d", []string{"a", "!2:0", "d"}},
		{"long delimiter", Options{Delimiter: "--"}, "a--b-c---d--", []string{"a", "b-c", "-d"}},
		{"delimiter overlaps itself", Options{Delimiter: "aa", KeepEmpty: true}, "aaaXaab", []string{"", "aX", "b"}},
		{"delimiter with a newline", Options{Delimiter: ";\n"}, "a;\nb;c;\n", []string{"a", "b;c"}},
		{"long", Options{}, strings.Repeat("x", 200<<10) + "\ny\n", []string{strings.Repeat("x", 200<<10), "y"}},
		{"at the limit", Options{MaxRecord: 4}, "1234\n12345\n1\n", []string{"1234", "!2:0", "1"}},
		{"at the limit, last", Options{MaxRecord: 4}, "1\n12345", []string{"1", "!2:0"}},
		{"at the limit without the final newline", Options{MaxRecord: 2, Delimiter: ","}, "1,12\n", []string{"1", "12"}},
		{"far over the limit", Options{}, "a\n" + strings.Repeat("x", 5<<20) + "\nsmall\n", []string{"a", "!2:0", "small"}},
		{"far over the limit, last", Options{}, "a\n" + strings.Repeat("x", 5<<20), []string{"a", "!2:0"}},
		{"over the limit, long delimiter", Options{MaxRecord: 3, Delimiter: "ab"}, strings.Repeat("x", 200<<10) + "ab1ab", []string{"!1:0", "1"}},
		{"two to an item", Options{MaxArgs: 2}, "a\nb\nc\n", []string{"a|b", "c"}},
		{"two to an item, one bad", Options{MaxArgs: 2}, "a\nb\x00\nc\n", []string{"!2:0", "a|c"}},
		{"skip and limit", Options{Skip: 1, Limit: 2}, "a\n\nb\nc\nd\n", []string{"b", "c"}},
		{"skip more than there is", Options{Skip: 9}, "a\n", nil},
		{"skip and limit count bad records", Options{Skip: 1, Limit: 2}, "\x00\n\x00\nb\nc\n", []string{"!2:0", "b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, tt.o, tt.in, tt.want...) })
	}
}

func TestFill(t *testing.T) {
	short := func(records []Record, next Record) bool {
		n := len(next.Text)
		for _, r := range records {
			n += len(r.Text)
		}
		return n <= 4
	}
	check(t, Options{Fill: short}, "a\nb\nccc\ndddddd\ne\nf\ng\nh\ni\n", "a|b", "ccc", "dddddd", "e|f|g|h", "i")
	check(t, Options{Fill: short, MaxArgs: 3}, "a\nb\nc\nd\n", "a|b|c", "d")
	check(t, Options{Fill: short}, "")
}

func TestSources(t *testing.T) {
	args := func(v ...string) Source { return Source{Values: v} }
	link := func(s Source) Source { s.Link = true; return s }
	stdin := Source{File: "-"}
	tests := []struct {
		name    string
		sources []Source
		in      string
		want    []string
	}{
		{"arguments", []Source{args("a", "", "b\nc")}, "", []string{"a", "", "b\nc"}},
		{"last varies fastest", []Source{args("a", "b"), args("1", "2")}, "", []string{"a 1", "a 2", "b 1", "b 2"}},
		{"three", []Source{args("a", "b"), args("1"), args("x", "y")}, "", []string{"a 1 x", "a 1 y", "b 1 x", "b 1 y"}},
		{"linked, first shorter", []Source{args("a", "b"), link(args("1", "2", "3"))}, "", []string{"a 1", "b 2"}},
		{"linked, second shorter", []Source{args("a", "b"), link(args("1"))}, "", []string{"a 1"}},
		{"linked, then combined", []Source{args("a", "b"), link(args("1", "2")), args("x", "y")}, "", []string{"a 1 x", "a 1 y", "b 2 x", "b 2 y"}},
		{"combined, then linked", []Source{args("x", "y"), args("a", "b"), link(args("1", "2"))}, "", []string{"x a 1", "x b 2", "y a 1", "y b 2"}},
		{"one is empty", []Source{args("a"), args()}, "", nil},
		{"first is read along", []Source{stdin, args("1", "2")}, "a\nb\n", []string{"a 1", "a 2", "b 1", "b 2"}},
		{"second is held", []Source{args("1", "2"), stdin}, "a\nb\n", []string{"1 a", "1 b", "2 a", "2 b"}},
		{"bad record loses its partner", []Source{stdin, link(args("1", "2", "3"))}, "a\n\x00\nc\n", []string{"a 1", "!2:0", "c 3"}},
		{"bad record held", []Source{args("1", "2"), stdin}, "a\n\x00\n", []string{"!2:0", "1 a", "2 a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, Options{Sources: tt.sources}, tt.in, tt.want...) })
	}
}

func TestColumns(t *testing.T) {
	tests := []struct {
		name    string
		o       Options
		in      string
		columns []string
		fields  [][]string
	}{
		{
			"split",
			Options{ColSep: regexp.MustCompile(`\s*,\s*`)},
			"a , b\n,\nc\n",
			nil,
			[][]string{{"a", "b"}, {"", ""}, {"c"}},
		},
		{
			"header",
			Options{ColSep: regexp.MustCompile(","), Header: true},
			"n,v\na,1\n",
			[]string{"n", "v"},
			[][]string{{"a", "1"}},
		},
		{"header without columns", Options{Header: true}, "n\na\n", []string{"n"}, [][]string{nil}},
		{"header alone", Options{Header: true}, "n\n", []string{"n"}, nil},
		{"header of nothing", Options{Header: true}, "", nil, nil},
		{
			"header of each source",
			Options{Header: true, ColSep: regexp.MustCompile(","), Sources: []Source{{File: "-"}, {Values: []string{"z", "9"}}}},
			"x,y\n1,2\n",
			[]string{"x", "y", "z"},
			[][]string{{"1", "2", "9"}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := mustOpen(t, tt.o, file(t, tt.in))
			if !slices.Equal(r.Columns(), tt.columns) {
				t.Errorf("Columns() = %q, want %q", r.Columns(), tt.columns)
			}
			for _, want := range tt.fields {
				it, err := r.Next(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if got := it.Records[0].Fields; !slices.Equal(got, want) {
					t.Errorf("Fields = %q, want %q", got, want)
				}
			}
			if _, err := r.Next(t.Context()); err != io.EOF {
				t.Errorf("Next at the end = %v, want io.EOF", err)
			}
		})
	}
}

func TestPlace(t *testing.T) {
	r := mustOpen(t, Options{}, file(t, "\na\n\n\x00\n"))
	it, err := r.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if rec := it.Records[0]; rec.Source != "standard input" || rec.Line != 2 {
		t.Errorf("place = %s:%d, want standard input:2", rec.Source, rec.Line)
	}
	_, err = r.Next(t.Context())
	if want := "standard input:4: the record has a NUL byte, which no argument can have"; err == nil || err.Error() != want {
		t.Errorf("Next = %v, want %s", err, want)
	}
	if e, ok := errors.AsType[*fail.Error](err); !ok || !strings.Contains(e.Try, "-0") {
		t.Errorf("advice of %v = %v, want -0", err, e)
	}
}

func TestOpenRefuses(t *testing.T) {
	closed := file(t, "")
	closed.Close()
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	tests := []struct {
		name   string
		o      Options
		stdin  *os.File
		status fail.Status
		says   string
	}{
		{"no stdin", Options{}, nil, fail.Broken, "cannot read standard input"},
		{"closed stdin", Options{}, closed, fail.Broken, "cannot read standard input"},
		{"directory", Options{}, dir, fail.Broken, "cannot read standard input: is a directory"},
		{"missing file", Options{Sources: []Source{{File: "/no/such"}}}, nil, fail.Broken, "cannot read /no/such: no such file or directory"},
		{"second is missing", Options{Sources: []Source{{Values: []string{"a"}}, {File: "/no/such"}}}, nil, fail.Broken, "/no/such"},
		{"stdin twice", Options{Sources: []Source{{File: "-"}, {File: "-"}}}, file(t, ""), fail.BadUsage, "two sources"},
		{"link first", Options{Sources: []Source{{Link: true}}}, nil, fail.BadUsage, "linked"},
		{"header of JSON", Options{JSON: true, Header: true}, file(t, ""), fail.BadUsage, "JSON"},
		{"columns of JSON", Options{JSON: true, ColSep: regexp.MustCompile(",")}, file(t, ""), fail.BadUsage, "JSON"},
		{"unusable header", Options{Header: true}, file(t, "\x00\n"), fail.Broken, "NUL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Open(t.Context(), tt.o, tt.stdin)
			if err == nil || fail.StatusOf(err) != tt.status || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Open = %v (status %d), want status %d and %q", err, fail.StatusOf(err), tt.status, tt.says)
			}
		})
	}
}

// A file that the jobs append to does not feed the run for ever.
func TestGrowingFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(name, []byte("a\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := mustOpen(t, Options{Sources: []Source{{File: name}}}, nil)
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("c\n"); err != nil {
		t.Fatal(err)
	}
	if got, want := collect(t, r), []string{"a", "b"}; !slices.Equal(got, want) {
		t.Errorf("items = %q, want %q", got, want)
	}
}

// What is behind the place where standard input stands is read, and no more.
func TestStdinFromTheMiddle(t *testing.T) {
	f := file(t, "header\na\nb\n")
	if _, err := f.Seek(7, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if got, want := collect(t, mustOpen(t, Options{}, f)), []string{"a", "b"}; !slices.Equal(got, want) {
		t.Errorf("items = %q, want %q", got, want)
	}
}

func TestOriginal(t *testing.T) {
	tests := []struct {
		o    Options
		in   string
		want []string
	}{
		{Options{}, "a b\n", []string{"a b"}},
		{Options{ColSep: regexp.MustCompile(",")}, "a,b\n", []string{"a,b"}},
		{Options{JSON: true}, `"x" {"b": 1, "a":2} 3` + "\n", []string{`"x"`, `{"b": 1, "a":2}`, "3"}},
	}
	for _, tt := range tests {
		r := mustOpen(t, tt.o, file(t, tt.in))
		for _, want := range tt.want {
			it, err := r.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got := it.Records[0].Original(); got != want {
				t.Errorf("Original() = %q, want %q", got, want)
			}
		}
	}
}

func TestParseDelimiter(t *testing.T) {
	tests := []struct{ in, want string }{
		{",", ","},
		{"ab", "ab"},
		{`\n`, "\n"},
		{`\t`, "\t"},
		{`\0`, "\x00"},
		{`\x3a`, ":"},
		{`\x3A-`, ":-"},
		{`\072`, ":"},
		{`\0721`, ":1"},
		{`\\`, `\`},
		{`a\rb`, "a\rb"},
		{`\xfz`, "\x0fz"},
		{"é", "é"},
		{"", ""},
		{`\`, ""},
		{`\q`, ""},
		{`\x`, ""},
		{`\xg`, ""},
		{`\777`, ""},
	}
	for _, tt := range tests {
		got, err := ParseDelimiter(tt.in)
		if got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("ParseDelimiter(%q) = %q, %v, want %q", tt.in, got, err, tt.want)
		}
		if err != nil && fail.StatusOf(err) != fail.BadUsage {
			t.Errorf("ParseDelimiter(%q): status %d, want usage", tt.in, fail.StatusOf(err))
		}
	}
}

// The end of the input stays the end.
func TestReadAgainAfterEnd(t *testing.T) {
	r := mustOpen(t, Options{MaxArgs: 3}, file(t, "a\n"))
	collect(t, r)
	for range 2 {
		if _, err := r.Next(context.Background()); err != io.EOF {
			t.Errorf("Next after the end = %v, want io.EOF", err)
		}
	}
}
