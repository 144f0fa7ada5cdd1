package item

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

var table = Options{Comma: ','}

// cells reads to the end. A record is shown as its fields in brackets, one that cannot be
// used as "!" and its place.
func cells(t testing.TB, r *Reader) (shown []string) {
	t.Helper()
	for {
		it, err := r.Next(t.Context())
		switch {
		case err == io.EOF:
			return shown
		case unusable(err):
			place, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "standard input:"), ": ")
			shown = append(shown, "!"+place)
		case err != nil:
			t.Fatal(err)
		default:
			shown = append(shown, fmt.Sprintf("%q", it.Records[0].Fields))
		}
	}
}

func TestCSV(t *testing.T) {
	every := ""
	for b := 1; b < 256; b++ {
		if !strings.ContainsRune("\"\r\n,", rune(b)) {
			every += string([]byte{byte(b)})
		}
	}
	for _, tt := range []struct {
		name, in string
		want     []string
	}{
		{"no input", "", nil},
		{"plain", "a,b\nc,d\n", []string{`["a" "b"]`, `["c" "d"]`}},
		{"no final newline", "a,b", []string{`["a" "b"]`}},
		{"ragged", "a\nb,c\n", []string{`["a"]`, `["b" "c"]`}},
		{"empty fields", ",\n\"\",\n", []string{`["" ""]`, `["" ""]`}},
		{"empty lines", "\n\r\na\n\n\r\nb\n\n", []string{`["a"]`, `["b"]`}},
		{"blanks are data", " a , b\n", []string{`[" a " " b"]`}},
		{"quotes", `"a,b","c ""d"""` + "\n", []string{`["a,b" "c \"d\""]`}},
		{"lines in quotes", "\"a\n\nb\",c\nd\n", []string{`["a\n\nb" "c"]`, `["d"]`}},
		{"carriage returns", "a,b\r\n\"c\r\nd\",e\r\n", []string{`["a" "b"]`, `["c\r\nd" "e"]`}},
		{"carriage returns in front", "\"\r\r\n\",a\rb\n", []string{`["\r\r\n" "a\rb"]`}},
		{"byte order mark", "\ufeff\"a\",b\n\ufeffc\n", []string{`["a" "b"]`, `["\ufeffc"]`}},
		{"part of a mark", "\xef\xbb", []string{`["\xef\xbb"]`}},
		{"every byte", every + "\n", []string{fmt.Sprintf("%q", []string{every})}},
		{"not UTF-8, in quotes", "\"\xff,\xfe\"\n", []string{`["\xff,\xfe"]`}},
		{"NUL", "a\x00,b\nc\n", []string{"!1", `["c"]`}},
		{"a quote in a field", "a\"b\nc\n", []string{"!1:2", `["c"]`}},
		{"behind a quote", "a\nb,\"c\"d\ne\n", []string{`["a"]`, "!2:5", `["e"]`}},
		{"behind a quote of two lines", "\"a\nb\"c\ne\n", []string{"!2:2", `["e"]`}},
		{"never closed", "a\nb,\"c\nd\n", []string{`["a"]`, "!2:3"}},
		{"never closed, on a later line", "\"a\nb\",\"c\nd\n", []string{"!2:4"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := cells(t, mustOpen(t, table, file(t, tt.in))); !slices.Equal(got, tt.want) {
				t.Errorf("cells of %.80q = %q, want %q", tt.in, got, tt.want)
			}
			sizes := []byte{0}
			if got := cells(t, mustOpen(t, table, chunks(t, []byte(tt.in), sizes))); !slices.Equal(got, tt.want) {
				t.Errorf("cells of %.80q, byte by byte = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

// TestCSVLimit holds that a record over the limit is dropped up to its end, and that what
// lies within its quotes is not taken for records.
func TestCSVLimit(t *testing.T) {
	long := strings.Repeat("x", 10)
	for _, tt := range []struct{ in, want string }{
		{"a\n" + long + "\nb\n", `["a"] !2:1 ["b"]`},
		{"a\n\"" + long + "\n" + long + "\"\nb\n", `["a"] !2:1 ["b"]`},
		{"\"" + long + "\nb\nc\n", `!1:1`},
		{long, `!1:1`},
		{"12345678\r\nb", `["12345678"] ["b"]`},
		{"a\n" + long + "\n\"b\n", `["a"] !2:1 !3:1`},
	} {
		for _, in := range []string{"whole", "by byte"} {
			o := Options{Comma: ',', MaxRecord: 8}
			stdin := file(t, tt.in)
			if in == "by byte" {
				stdin = chunks(t, []byte(tt.in), []byte{0})
			}
			if got := strings.Join(cells(t, mustOpen(t, o, stdin)), " "); got != tt.want {
				t.Errorf("cells of %q, %s = %s, want %s", tt.in, in, got, tt.want)
			}
		}
	}
}

// TestCSVHeader names the columns, and refuses a row that has more of them, for then one of
// them is not what its name says.
func TestCSVHeader(t *testing.T) {
	r := mustOpen(t, Options{Comma: ',', Header: true}, file(t, "\ufeff\"a\nb\",c\n1,2\n3\n1,2,3\n4,5\n"))
	if got, want := r.Columns(), []string{"a\nb", "c"}; !slices.Equal(got, want) {
		t.Errorf("Columns() = %q, want %q", got, want)
	}
	if got, want := r.Header(), "\"a\nb\",c"; got != want {
		t.Errorf("Header() = %q, want %q", got, want)
	}
	if got, want := cells(t, r), []string{`["1" "2"]`, `["3"]`, "!5", `["4" "5"]`}; !slices.Equal(got, want) {
		t.Errorf("cells = %q, want %q", got, want)
	}
}

func TestCSVArguments(t *testing.T) {
	o := Options{Comma: '\t', Sources: []Source{{Values: []string{"a\t\"b\tc\"", "", "a\nb", "\"a\nb\"\tc", "\"a"}}}}
	r := mustOpen(t, o, nil)
	want := []string{`["a" "b\tc"]`, `[""]`, "!argument:3", `["a\nb" "c"]`, "!argument:5:1"}
	if got := cells(t, r); !slices.Equal(got, want) {
		t.Errorf("cells = %q, want %q", got, want)
	}
}

// FuzzCSV holds what is read against encoding/csv, and that the originals, written one after
// the other, are read as the same records.
func FuzzCSV(f *testing.F) {
	f.Add([]byte("a,\"b\nc\"\r\n\"d\"\"\",e\n"), []byte{3})
	f.Add([]byte("\"a\r\nb\",\n\n,c"), []byte{0, 1})
	f.Add([]byte("a\"b\n\"c\"d\n\"e\n"), []byte{200})
	f.Fuzz(func(t *testing.T, in, sizes []byte) {
		if strings.Contains(string(in)+"\r", "\r\r") {
			t.Skip("which of two carriage returns belongs to the end of a line is a matter of taste")
		}
		r := mustOpen(t, table, chunks(t, in, sizes))
		var got [][]string
		var originals strings.Builder
		clean := true
		for {
			it, err := r.Next(t.Context())
			if err == io.EOF {
				break
			}
			if err != nil {
				clean = false
				continue
			}
			got = append(got, it.Records[0].Fields)
			originals.WriteString(it.Records[0].Original() + "\n")
		}
		if clean {
			p := csv.NewReader(strings.NewReader(strings.ReplaceAll(strings.TrimPrefix(string(in), byteOrderMark), "\r\n", "\r\r\n")))
			p.FieldsPerRecord = -1
			want, err := p.ReadAll()
			for i := range want { // the trick of the carriage returns shows at the ends of lines
				last := len(want[i]) - 1
				if i < len(got) && len(got[i]) == last+1 && got[i][last]+"\r" == want[i][last] {
					want[i][last] = got[i][last]
				}
			}
			want = slices.DeleteFunc(want, func(row []string) bool { return len(row) == 1 && row[0] == "\r" })
			if err == nil && !slices.EqualFunc(got, want, slices.Equal) {
				t.Errorf("rows of %q = %q, encoding/csv says %q", in, got, want)
			}
		}
		again := mustOpen(t, table, file(t, originals.String()))
		for i, row := range got {
			it, err := again.Next(t.Context())
			if err != nil || !slices.Equal(it.Records[0].Fields, row) {
				t.Fatalf("row %d of what %q was written back as = %v, %v, want %q", i, in, it, err, row)
			}
		}
	})
}
