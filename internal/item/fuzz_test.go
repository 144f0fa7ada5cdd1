package item

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// chunks returns a descriptor from which each read takes one chunk of text, of the sizes
// given, again and again.
func chunks(t testing.TB, text, sizes []byte) *os.File {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET, 0)
	if err != nil {
		t.Skip(err)
	}
	in, out := os.NewFile(uintptr(fds[0]), "in"), os.NewFile(uintptr(fds[1]), "out")
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer out.Close()
		for i := 0; len(text) > 0; i++ {
			n := len(text)
			if len(sizes) > 0 {
				n = min(n, 1+int(sizes[i%len(sizes)]))
			}
			if _, err := out.Write(text[:min(n, 1000)]); err != nil {
				return
			}
			text = text[min(n, 1000):]
		}
	}()
	t.Cleanup(func() { in.Close(); <-done })
	return in
}

// drain reads all records and says what became of each.
func drain(t testing.TB, o Options, stdin *os.File) (records []Record, shown []string) {
	t.Helper()
	records, shown, err := drainTo(t, o, stdin)
	if err != io.EOF {
		t.Fatal(err)
	}
	return records, shown
}

// drainTo reads all records up to the error that ends the input.
func drainTo(t testing.TB, o Options, stdin *os.File) (records []Record, shown []string, end error) {
	t.Helper()
	r, err := Open(t.Context(), o, stdin)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		it, err := r.Next(t.Context())
		switch {
		case err == nil:
			records = append(records, it.Records...)
			shown = append(shown, fmt.Sprintf("%#v", it.Records))
		case err != io.EOF && unusable(err):
			shown = append(shown, err.Error())
		default:
			return records, shown, err
		}
	}
}

// split by the rules of the package, in the simplest way.
func reference(text string, o Options) (want []string) {
	delim := cmp.Or(o.Delimiter, "\n")
	if text == "" {
		return nil
	}
	all := strings.Split(text, delim)
	last := len(all) - 1
	if delim != "\n" && delim != "\x00" {
		all[last] = strings.TrimSuffix(all[last], "\n")
	}
	if all[last] == "" {
		all = all[:last]
	}
	return slices.DeleteFunc(all, func(s string) bool {
		return len(s) > o.MaxRecord || s == "" && !o.KeepEmpty || delim != "\x00" && strings.Contains(s, "\x00")
	})
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb\n\nc"), []byte{0}, "\n", false, uint8(20))
	f.Add([]byte("a,b,\n"), []byte{1, 0}, ",", true, uint8(2))
	f.Add([]byte("aaaXaab"), []byte{2}, "aa", true, uint8(1))
	f.Add([]byte("a\x00b\nc\x00\x00"), []byte{0, 4}, "\x00", true, uint8(3))
	f.Fuzz(func(t *testing.T, text, sizes []byte, delim string, keep bool, limit uint8) {
		o := Options{Delimiter: delim, KeepEmpty: keep, MaxRecord: 1 + int(limit)}
		records, _ := drain(t, o, chunks(t, text, sizes))
		var got []string
		for _, r := range records {
			got = append(got, r.Text)
		}
		if want := reference(string(text), o); !slices.Equal(got, want) {
			t.Errorf("records of %q by %q in chunks of %v = %q, want %q", text, delim, sizes, got, want)
		}
	})
}

var surrogate = regexp.MustCompile(`(?i)\\ud`)

func FuzzJSON(f *testing.F) {
	for _, text := range []string{
		`{"a":1}{"a":[2,{}]} "x\ud83d\ude00" 1 -2.5e+7 true`, "[1,\n2]\n[3]", "[1]\n[2]", "[{\"a\":\n[1]},2]", "{\"a\":bad}\n1", "\ufeff[]",
		"[\n {\n  \"a\" \n }\n,2]", `"é\u00e9\\"`, "{\n\"a\n{}", "12a\n3",
	} {
		f.Add([]byte(text), []byte{0}, uint8(99))
		f.Add([]byte(text), []byte{2, 0}, uint8(3))
	}
	f.Fuzz(func(t *testing.T, text, sizes []byte, limit uint8) {
		o := Options{JSON: true, MaxRecord: 1 + int(limit)}
		records, whole := drain(t, o, chunks(t, text, nil))
		if _, parts := drain(t, o, chunks(t, text, sizes)); !slices.Equal(whole, parts) {
			t.Errorf("records of %q in chunks of %v = %q, want %q", text, sizes, parts, whole)
		}
		bare := bytes.TrimPrefix(text, []byte("\ufeff"))
		if len(records) < len(whole) {
			if len(text) <= o.MaxRecord && json.Valid(bare) && utf8.Valid(text) && !surrogate.Match(text) {
				t.Errorf("records of %q = %q, but it is valid", text, whole)
			}
			return
		}
		var got, plain, elements []any
		for _, r := range records {
			got = append(got, r.Value)
		}
		d := json.NewDecoder(bytes.NewReader(bare))
		d.UseNumber()
		for {
			var v any
			if err := d.Decode(&v); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("records of %q = %q, want %v", text, whole, err)
			}
			plain = append(plain, v)
			if array, ok := v.([]any); ok {
				elements = append(elements, array...)
			} else {
				elements = append(elements, v)
			}
		}
		if !reflect.DeepEqual(got, plain) && !reflect.DeepEqual(got, elements) {
			t.Errorf("values of %q = %v, want %v or %v", text, got, plain, elements)
		}
	})
}

// FuzzWords holds that words do not depend on the pieces in which they come, and that what a word
// is written as when it failed is read as that word again.
func FuzzWords(f *testing.F) {
	f.Add([]byte("a 'b c'\\\nd \"e\nf"), []byte{0}, false, "", uint8(9))
	f.Add([]byte("a \n'b'\t\\ c\nEND d"), []byte{1, 0}, false, "END", uint8(3))
	f.Add([]byte("  a  b \n\n'c\td' e\\\n"), []byte{2}, true, "e", uint8(20))
	f.Fuzz(func(t *testing.T, text, sizes []byte, whole bool, until string, limit uint8) {
		o := Options{Words: &Words{Whole: whole}, Until: until, MaxRecord: 1 + int(limit)}
		records, shown, end := drainTo(t, o, chunks(t, text, nil))
		if _, parts, endOfParts := drainTo(t, o, chunks(t, text, sizes)); !slices.Equal(shown, parts) || end.Error() != endOfParts.Error() {
			t.Errorf("words of %q in chunks of %v = %q, %v, want %q, %v", text, sizes, parts, endOfParts, shown, end)
		}
		var again strings.Builder
		for _, r := range records {
			again.WriteString(r.Original() + "\n")
		}
		reread, _, _ := drainTo(t, Options{Words: &Words{}}, file(t, again.String()))
		if !slices.EqualFunc(records, reread, func(a, b Record) bool { return a.Text == b.Text }) {
			t.Errorf("words of %q = %+v, and written again %q they are %+v", text, records, again.String(), reread)
		}
	})
}
