package item

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// joined are the items of an input, the texts of each joined with +.
func joined(t *testing.T, o Options, files map[string]string) (all []string) {
	dir := t.TempDir()
	o.Sources = slices.Clone(o.Sources)
	for i, s := range o.Sources {
		if s.File != "" {
			name := filepath.Join(dir, s.File)
			if err := os.WriteFile(name, []byte(files[s.File]), 0o600); err != nil {
				t.Fatal(err)
			}
			o.Sources[i].File = name
		}
	}
	r, err := Open(context.Background(), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		it, err := r.Next(context.Background())
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		text := string(it.Block.Bytes())
		var texts []string
		for _, rec := range it.Records {
			texts = append(texts, rec.Text)
		}
		all = append(all, text+strings.Join(texts, "+"))
	}
}

// TestLikeParallel holds what records and blocks become where eph stands in for GNU parallel.
func TestLikeParallel(t *testing.T) {
	one := []Source{{File: "f"}}
	atMost := func(n int) func([]Record, Record) bool {
		return func(records []Record, _ Record) bool { return len(records) < n }
	}
	told := 0
	blocks := func(b Blocks) Options {
		if b.Size == 0 {
			b.Size = 1 << 20
		}
		return Options{Sources: one, Blocks: &b}
	}
	for _, tt := range []struct {
		name  string
		o     Options
		files map[string]string
		want  []string
	}{
		{"shared", Options{Sources: one, Fill: atMost(9), Share: 2}, map[string]string{"f": "1\n2\n3\n4\n5\n6\n7\n"}, []string{"1+2+3+4", "5+6+7"}},
		{"shared behind a full one", Options{Sources: one, Fill: atMost(4), Share: 3}, map[string]string{"f": "1\n2\n3\n4\n5\n6\n7\n"}, []string{"1+2+3+4", "5", "6", "7"}},
		{"shared by more than there are", Options{Sources: one, Fill: atMost(4), Share: 9}, map[string]string{"f": "1\n2\n"}, []string{"1", "2"}},
		{"continued", Options{Sources: one, Continued: true}, map[string]string{"f": "a \nb\t\nc\nd\ne "}, []string{"a b\tc", "d", "e "}},
		{"blankless", Options{Sources: one, SkipBlank: true, KeepEmpty: true}, map[string]string{"f": " \na\n\n\t\nb\n"}, []string{"a", "b"}},
		{"exactly", Options{Sources: one, Delimiter: ",", Exactly: true}, map[string]string{"f": "a,b\n"}, []string{"a", "b\n"}},
		{"until among values", Options{Sources: []Source{{Values: []string{"a", "E", "b"}}}, Until: "E", Alike: true}, nil, []string{"a"}},
		{"an empty source beside another", Options{Sources: []Source{{File: "f"}, {Values: []string{"a", "b"}}}, Alike: true}, map[string]string{"f": ""}, []string{" a", " b"}},
		{"an empty source behind another", Options{Sources: []Source{{Values: []string{"a"}}, {File: "f"}}, Alike: true}, map[string]string{"f": ""}, []string{"a "}},
		{"empty sources", Options{Sources: []Source{{File: "f"}, {File: "f"}}, Alike: true}, map[string]string{"f": ""}, nil},
		{"NUL", Options{Sources: one, NUL: func() { told++ }}, map[string]string{"f": "a\x00b\nc\x00\n"}, []string{`a\0b`, `c\0`}},

		{"a header", blocks(Blocks{End: "\n", Records: 2, Header: 1}), map[string]string{"f": "h\n1\n2\n3\n"}, []string{"h\n1\n2\n", "h\n3\n"}},
		{"a header by size", blocks(Blocks{End: "\n", Size: 4, Header: 1}), map[string]string{"f": "h\n1\n2\n3\n"}, []string{"h\n1\n2\n", "h\n3\n"}},
		{"a header alone", blocks(Blocks{End: "\n", Header: 2}), map[string]string{"f": "h\n"}, nil},
		{"records of two lines", blocks(Blocks{End: "\n", Size: 7, Every: 2}), map[string]string{"f": "1\n2\n3\n4\n5\n6\n7\n"}, []string{"1\n2\n", "3\n4\n", "5\n6\n7\n"}},
		{"two records of two lines", blocks(Blocks{End: "\n", Records: 2, Every: 2}), map[string]string{"f": "1\n2\n3\n4\n5\n"}, []string{"1\n2\n3\n4\n", "5\n"}},
		{"bare", blocks(Blocks{Start: ">", Records: 2, Bare: true}), map[string]string{"f": ">a>b>c"}, []string{"ab", "c"}},
		{"an end at once", blocks(Blocks{End: ";", Records: 1, Later: true}), map[string]string{"f": ";a;b;"}, []string{";a;", "b;"}},
		{"anywhere", blocks(Blocks{Size: 3}), map[string]string{"f": "abcdefgh"}, []string{"abc", "def", "gh"}},
	} {
		if got := joined(t, tt.o, tt.files); !slices.Equal(got, tt.want) {
			t.Errorf("%s: items are %q, want %q", tt.name, got, tt.want)
		}
	}
	if told != 1 {
		t.Errorf("of NUL bytes it is told %d times, want once", told)
	}
	if _, err := Open(context.Background(), blocks(Blocks{Records: 1}), os.Stdin); err == nil {
		t.Error("records that end anywhere are counted")
	} else if errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

func TestColumnsAsRecords(t *testing.T) {
	got := Columns([]Record{{Text: "a b", Fields: []string{"a", "b"}}, {Text: "c"}})
	if len(got) != 3 || got[1].Text != "b" || got[1].Column != 2 || got[2].Text != "c" || got[2].Column != 1 {
		t.Errorf("Columns = %+v", got)
	}
}
