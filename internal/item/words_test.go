package item

import (
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestWords(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		o        Options
		want     []string
	}{
		{"blanks", " a\tb  c\n\n\nd ", Options{}, []string{"a", "b", "c", "d"}},
		{"quotes", `'a b' "c  d" e\ f x'y'"z" '' "it's"`, Options{}, []string{"a b", "c  d", "e f", "xyz", "", "it's"}},
		{"an escaped newline", "a\\\nb", Options{}, []string{"a\nb"}},
		{"lines", "a b\nc \n d\n\ne", Options{MaxLines: 1}, []string{"a|b", "c|d", "e"}},
		{"two lines", "a b\nc\nd", Options{MaxLines: 2}, []string{"a|b|c", "d"}},
		{"a last word", "a\nEND\nb", Options{Until: "END"}, []string{"a"}},
		{"a last word, quoted, not first", "a 'END' b", Options{Until: "END"}, []string{"a"}},
		{"a last word at the very end", "a END", Options{Until: "END"}, []string{"a", "END"}},
		{"a NUL byte", "a\x00b c", Options{}, []string{"standard input:1: the word has a NUL byte, which no argument can have", "c"}},
		{"an open quote", "a\nb 'c\nd", Options{}, []string{"a", "b", "standard input:2: the line has a quote ' without its partner"}},
		{"an open quote in an item", "a b 'c\nd", Options{MaxArgs: 3}, []string{"a|b", "standard input:1: the line has a quote ' without its partner"}},
		{"an open quote in an exact item", "a b 'c\nd", Options{MaxArgs: 3, Exact: true}, []string{"standard input:1: the line has a quote ' without its partner"}},
		{"an open quote at the end", "a\n\"b c", Options{}, []string{"a", `standard input:2: the line has a quote " without its partner`}},
		{"a word that is too long", "a bbbbb c", Options{MaxRecord: 4}, []string{"a", "standard input:1: the record is longer than 4 bytes"}},
		{"whole lines", "  a  b \n\n'c\td' e\n", Options{Words: &Words{Whole: true}}, []string{"a  b ", "c\td e"}},
		{"between delimiters", "a,'b,,\n", Options{Delimiter: ",", Words: &Words{Ended: true}}, []string{"a", "'b", "", "\n"}},
	} {
		if tt.o.Words == nil {
			tt.o.Words = new(Words)
		}
		if tt.o.MaxArgs == 0 && tt.o.MaxLines == 0 {
			tt.o.MaxArgs = 1
		}
		// In one piece, byte by byte, and with each of its bytes at the end of a block.
		sizes := [][]byte{{255}, {0}, {1, 0}}
		for _, s := range sizes {
			if got := wordsOf(t, tt.o, chunks(t, []byte(tt.in), s)); !slices.Equal(got, tt.want) {
				t.Errorf("%s: %q in pieces of %v is %q, want %q", tt.name, tt.in, s, got, tt.want)
			}
		}
		for n := range len(tt.in) {
			padded := strings.Repeat("\v", blockSize-n) + tt.in
			if tt.o.Words.Ended {
				continue
			}
			if got := wordsOf(t, tt.o, file(t, padded)); !slices.Equal(got, tt.want) {
				t.Errorf("%s: %q over a block's end at %d is %q, want %q", tt.name, tt.in, n, got, tt.want)
			}
		}
	}
}

// wordsOf reads all items: their words with | between them, or the error.
func wordsOf(t *testing.T, o Options, in *os.File) (got []string) {
	t.Helper()
	r := mustOpen(t, o, in)
	defer r.Close()
	for {
		it, err := r.Next(t.Context())
		switch {
		case err == io.EOF:
			return got
		case err != nil:
			got = append(got, err.Error())
			if !unusable(err) {
				return got
			}
			continue
		}
		var words []string
		for _, rec := range it.Records {
			words = append(words, rec.Text)
		}
		got = append(got, strings.Join(words, "|"))
	}
}

// TestWordsAgain holds that a word can be read again from how it is written back.
func TestWordsAgain(t *testing.T) {
	for _, word := range []string{"a", "", "a b", "\n", `\`, `'"`, "\t x \v\f\r", "é"} {
		quoted := quoteWord(word)
		r := mustOpen(t, Options{Words: new(Words)}, file(t, quoted+"\n"))
		it, err := r.Next(t.Context())
		if err != nil || it.Records[0].Text != word || it.Records[0].Original() != quoted {
			t.Errorf("%q, written as %q, is read as %+v, %v", word, quoted, it, err)
		}
		_ = r.Close()
	}
}

// TestExact holds that an item which may not be shorter ends the input.
func TestExact(t *testing.T) {
	room := func(records []Record, _ Record) bool { return len(records) < 2 }
	for _, o := range []Options{{MaxArgs: 3}, {MaxLines: 1}} {
		o.Words, o.Fill, o.Exact = new(Words), room, true
		r := mustOpen(t, o, file(t, "a b c d\n"))
		if it, err := r.Next(t.Context()); !errors.Is(err, ErrListTooLong) {
			t.Errorf("an item without room = %+v, %v, want ErrListTooLong", it, err)
		}
		_ = r.Close()
	}
}
