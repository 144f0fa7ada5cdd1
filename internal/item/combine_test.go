package item

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestTrim(t *testing.T) {
	for _, tt := range []struct {
		o        Options
		in, want string
	}{
		{Options{Trim: TrimLeft}, " a \n\tb\n", "a |b"},
		{Options{Trim: TrimRight}, " a \r\n b\t\v\f\n", " a| b"},
		{Options{Trim: TrimLeft | TrimRight}, "  a  b  \n \t \n\u00a0c\n", "a  b|\u00a0c"},
		{Options{Trim: TrimLeft | TrimRight, KeepEmpty: true}, " \na\n", "|a"},
		{Options{Trim: TrimLeft | TrimRight, Delimiter: "\x00", KeepEmpty: true}, " a\x00\n\x00", "a|"},
	} {
		if got := strings.Join(collect(t, mustOpen(t, tt.o, file(t, tt.in))), "|"); got != tt.want {
			t.Errorf("%v of %q = %q, want %q", tt.o.Trim, tt.in, got, tt.want)
		}
	}
	r := mustOpen(t, Options{Trim: TrimLeft | TrimRight, ColSep: regexp.MustCompile(","), Header: true}, file(t, " a , b\n 1 ,2 3 \n"))
	it, err := r.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rec := it.Records[0]
	if !slices.Equal(r.Columns(), []string{"a", "b"}) || !slices.Equal(rec.Fields, []string{"1", "2 3"}) || rec.Original() != " 1 ,2 3 " || r.Header() != " a , b" {
		t.Errorf("columns %q, header %q, fields %q, original %q", r.Columns(), r.Header(), rec.Fields, rec.Original())
	}
	empty := mustOpen(t, Options{Trim: TrimLeft, Sources: []Source{{Values: []string{" ", "a"}}}}, nil)
	if got := collect(t, empty); !slices.Equal(got, []string{"", "a"}) {
		t.Errorf("arguments = %q, want the empty one as well", got)
	}
}

func TestLink(t *testing.T) {
	values := func(v ...string) Source { return Source{Values: v} }
	for _, tt := range []struct {
		sources []Source
		want    string
	}{
		{[]Source{values("a", "b"), values("1", "2")}, "a 1|b 2"},
		{[]Source{values("a", "b", "c"), values("1", "2"), values("x")}, "a 1 x|b 2 x|c 1 x"},
		{[]Source{values("a"), values("1", "2", "3")}, "a 1|a 2|a 3"},
		{[]Source{values("a", "b"), {Values: []string{"1", "2", "3"}, Link: true}}, "a 1|b 2|a 3"},
		{[]Source{values(), values("1", "2")}, ""},
		{[]Source{values("a", "b"), values()}, ""},
		{[]Source{values("a", "b", "c"), {File: "-"}}, "a x|b y|c x"},
		{[]Source{{File: "-"}, values("a")}, "x a|y a"},
	} {
		got := strings.Join(collect(t, mustOpen(t, Options{Sources: tt.sources, Link: true}, file(t, "x\ny\n"))), "|")
		if got != tt.want {
			t.Errorf("link of %v = %s, want %s", tt.sources, got, tt.want)
		}
	}
	// A record that cannot be used takes its partner with it, each time it comes round.
	bad := Options{Link: true, JSON: true, Sources: []Source{{Values: []string{"1", "2", "3", "4"}}, {Values: []string{"x", `"y"`}}}}
	if got := collect(t, mustOpen(t, bad, nil)); !slices.Equal(got, []string{"!1:1", "2 y", "!1:1", "4 y"}) {
		t.Errorf("link with a bad record = %q", got)
	}
}

// TestLinkHoldsNoMoreThanNeeded holds that the longest source, which may be endless, is not
// held once the others have ended.
func TestLinkHoldsNoMoreThanNeeded(t *testing.T) {
	l := newLinked([]feed{&values{texts: slices.Repeat([]string{"a"}, 1000)}, &values{texts: []string{"1", "2"}}}, false)
	var rec Record
	for l.next(t.Context(), &rec) == nil {
		if n := len(l.held[0]); n > 3 {
			t.Fatalf("%d records of the longer source are held", n)
		}
	}
}

func TestShuffle(t *testing.T) {
	in := "a\nb\nx\x00\nc\nd\ne\nf\ng\n"
	order := func(seed uint64, o Options) []string {
		o.Shuffle, o.Seed = true, seed
		return collect(t, mustOpen(t, o, file(t, in)))
	}
	first := order(1, Options{})
	if first[0] != "!3:0" || slices.IsSorted(first[1:]) {
		t.Errorf("shuffled = %q, want the record that cannot be used, then the others in another order", first)
	}
	if again := order(1, Options{}); !slices.Equal(first, again) {
		t.Errorf("seed 1 gives %q and then %q", first, again)
	}
	if other := order(2, Options{}); slices.Equal(first, other) {
		t.Errorf("seeds 1 and 2 both give %q", first)
	}
	sorted := slices.Sorted(slices.Values(first[1:]))
	if want := strings.Split("a b c d e f g", " "); !slices.Equal(sorted, want) {
		t.Errorf("shuffled = %q, want a permutation of %q", first[1:], want)
	}
	sample := order(1, Options{Limit: 3})
	if want := first[:3]; !slices.Equal(sample, want) {
		t.Errorf("a sample = %q, want the first of the shuffled, %q", sample, want)
	}
}
