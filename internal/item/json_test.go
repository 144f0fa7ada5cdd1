package item

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestJSON(t *testing.T) {
	tests := []struct {
		name string
		in   string
		want []string
	}{
		{"nothing", "", nil},
		{"blanks", " \n\t\r\n", nil},
		{"scalars", "\"a b\"\n12\n-1.5e+3\ntrue\nfalse\nnull\n", []string{"a b", "12", "-1.5e+3", "true", "false", "null"}},
		{"lines", "{\"k\":1}\n{\"k\":2}", []string{`{"k":1}`, `{"k":2}`}},
		{"concatenated", `{"a":1}{"a":2} {"a":3}"x""y"1 2[1]`, []string{`{"a":1}`, `{"a":2}`, `{"a":3}`, "x", "y", "1", "2", "[1]"}},
		{"compact", "{ \"b\" : [ 1 , 2 ] , \"a\" : \" x \" }", []string{`{"b":[1,2],"a":" x "}`}},
		{"over lines", "{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}\n", []string{`{"a":1}`, `{"a":2}`}},
		{"byte order mark", "\ufeff{\"a\":1}\n", []string{`{"a":1}`}},
		{"byte order mark alone", "\ufeff", nil},
		{"half a byte order mark", "\xef\xbb", []string{"!1:1"}},
		{"numbers as written", "12345678901234567890\n1e400\n0.10\n-0\n", []string{"12345678901234567890", "1e400", "0.10", "-0"}},
		{"escapes", `"a\n\t\"\\\/\u00e9\ud83d\ude00"` + "\n", []string{"a\n\t\"\\/é😀"}},
		{"carriage returns", "1\r\n{\"a\":1}\r\n", []string{"1", `{"a":1}`}},

		{"array", `[1, "a", {"b": 2}]`, []string{"1", "a", `{"b":2}`}},
		{"array over lines", "[\n  {\"a\": 1},\n  {\n    \"a\": 2\n  }\n]\n", []string{`{"a":1}`, `{"a":2}`}},
		{"empty array", "[]\n", nil},
		{"empty array over lines", "[\n]\n", nil},
		{"arrays in lines", "[1,2]\n[3]\n", []string{"[1,2]", "[3]"}},
		{"array, then another value", "[1, 2]\n\n 3", []string{"[1,2]", "3"}},
		{"array after a value", "3\n[1]", []string{"3", "[1]"}},
		{"array in an array", "[[1,2],[3]]", []string{"[1,2]", "[3]"}},
		{"two arrays over lines", "[\n1\n]\n[\n2\n]\n[3]", []string{"1", "2", "3"}},
		{"array over lines after a value", "3\n[\n1\n]", []string{"3", "[1]"}},
		{"array of one long line", "[" + strings.Repeat(`"0123456789",`, 20000) + "1]", append(slicesRepeat("0123456789", 20000), "1")},

		{"bad line", "{\"k\":1}\n{bad\n{\"k\":2}\n", []string{`{"k":1}`, "!2:2", `{"k":2}`}},
		{"rest of a bad line", "1 x 2\n3\n", []string{"1", "!1:3", "3"}},
		{"cut line", "{\"k\":1\n{\"k\":2}\n{\"k\":3}\n", []string{"!2:1", `{"k":2}`, `{"k":3}`}},
		{"string not closed", "{\"k\":\"1}\n{\"k\":2}\n", []string{"!1:9", `{"k":2}`}},
		{"broken over lines", "{\n  \"a\": bad,\n  \"b\": \"c\"\n}\n{\"a\":2}\n", []string{"!2:8", `{"a":2}`}},
		{"broken over lines, indented", "  {\n    \"a\": bad,\n    \"b\": \"c\"\n  }\n  2\n", []string{"!2:10", "2"}},
		{"broken in its first line", "{\"a\": bad,\n  \"b\": \"c\"\n}\n2\n", []string{"!1:7", "2"}},
		{"brace too many", "{\"a\":1}}\n2\n", []string{`{"a":1}`, "!1:8", "2"}},
		{"broken element", "[\n  {\"a\":1},\n  {bad},\n  {\"a\":3}\n]\n", []string{`{"a":1}`, "!3:4", `{"a":3}`}},
		{"broken element over lines", "[\n  {\n    \"a\": bad\n  }, {\n    \"a\": 2\n  }\n]\n", []string{"!3:10", `{"a":2}`}},
		{"broken last element", "[\n  {\"a\":1},\n  {bad}\n]\n2\n", []string{`{"a":1}`, "!3:4", "2"}},
		{"broken array on a line", "[1,bad,3]\n[2]\n", []string{"!1:4", "[2]"}},
		{"broken array on a later line", "[1]\n[2,bad,3]\n[4]", []string{"[1]", "!2:4", "[4]"}},
		{"broken array that is all", "[1,bad,3]\n", []string{"!1:4"}},
		{"array cut off on its line", "[1,2", []string{"!1:5"}},
		{"comma too many", "[1,2,\n]", []string{"1", "2", "!2:1"}},
		{"comma first", "[\n,1]", []string{"!2:1"}},
		{"comma missing", "[\n1\n2,\n3]\n", []string{"1", "!3:1", "3"}},
		{"array not closed", "[\n1,\n2\n", []string{"1", "2", "!4:1"}},
		{"array cut off", "[\n1,\n{\"a\":", []string{"1", "!3:6"}},
		{"cut off", "1\n{\"a\":", []string{"1", "!2:6"}},
		{"cut off in a string", `"abc`, []string{"!1:5"}},
		{"cut off in a word", `tru`, []string{"!1:4"}},
		{"number runs on", "12abc\n01\n-\n1.\n1e\n2\n", []string{"!1:3", "!2:2", "!3:2", "!4:3", "!5:3", "2"}},
		{"words run on", "nullx\ntrue1\nNaN\nInfinity\n2\n", []string{"!1:5", "!2:5", "!3:1", "!4:1", "2"}},
		{"commas between values", "1,2\n3\n", []string{"!1:2", "3"}},
		{"lone surrogates", "{\"f\":\"\\ud800\"}\n\"\\udc00\"\n\"\\ud800\\u0041\"\n\"\\ud83dx\"\n1\n", []string{"!1:7", "!2:2", "!3:2", "!4:2", "1"}},
		{"invalid UTF-8", "\"a\xff\"\n\"\xc3\"\n\"\xed\xa0\x80\"\n1\n", []string{"!1:3", "!2:2", "!3:2", "1"}},
		{"control characters", "\"a\tb\"\n\"\x00\"\n\x00\n1\n", []string{"!1:3", "!2:2", "!3:1", "1"}},
		{"bad escapes", `"\x"` + "\n" + `"\u12g4"` + "\n1\n", []string{"!1:3", "!2:6", "1"}},
		{"depth bomb", strings.Repeat("[", 100000) + "\n1\n", []string{"!1:1001", "1"}},
		{"deep", "1\n" + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth), []string{"1", strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth)}},
		{"too deep", "1\n" + strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1) + "\n2\n", []string{"1", "!2:1001", "2"}},
		{"too long", "1\n\"" + strings.Repeat("x", 3<<20) + "\" 2\n3\n", []string{"1", "!2:1", "2", "3"}},
		{"too long and broken", "1\n[\"" + strings.Repeat("x", 3<<20) + "\", bad] 2\n3\n", []string{"1", "!2:3145734", "3"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, Options{JSON: true}, tt.in, tt.want...) })
	}
}

// A first array that is longer than a record may be is read by its elements, also where it
// could be held as a whole.
func TestJSONLimit(t *testing.T) {
	check(t, Options{JSON: true, MaxRecord: 4}, "[1,2,3]\n[4]\n", "1", "2", "3", "4")
	check(t, Options{JSON: true, MaxRecord: 4}, "1 [1,2,3] 12345\n1234", "1", "!1:3", "!1:11", "1234")
}

func slicesRepeat(s string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = s
	}
	return all
}

func TestJSONValue(t *testing.T) {
	tests := []struct {
		in, text, raw string
		value         any
	}{
		{`"a\u0000b"`, "a\x00b", `"a\u0000b"`, "a\x00b"},
		{`12345678901234567890`, "12345678901234567890", "", json.Number("12345678901234567890")},
		{`true`, "true", "", true},
		{`null`, "null", "", nil},
		{`{"f":1,"f":2}`, `{"f":1,"f":2}`, "", map[string]any{"f": json.Number("2")}},
		{`{"b": [null], "a":"<"}`, `{"b":[null],"a":"<"}`, `{"b": [null], "a":"<"}`, map[string]any{"b": []any{nil}, "a": "<"}},
	}
	for _, tt := range tests {
		for _, o := range []Options{{JSON: true}, {JSON: true, Sources: []Source{{Values: []string{tt.in}}}}} {
			it, err := mustOpen(t, o, file(t, tt.in)).Next(t.Context())
			if err != nil {
				t.Errorf("Next of %s = %v", tt.in, err)
				continue
			}
			rec := it.Records[0]
			if rec.Text != tt.text || rec.Raw != tt.raw || !reflect.DeepEqual(rec.Value, tt.value) {
				t.Errorf("record of %s = %q %q %v, want %q %q %v", tt.in, rec.Text, rec.Raw, rec.Value, tt.text, tt.raw, tt.value)
			}
		}
	}
}

func TestJSONSources(t *testing.T) {
	o := Options{JSON: true, Sources: []Source{{File: "-"}, {Values: []string{`[1]`, `x`, ` "y"`, `1 2`}}}}
	r := mustOpen(t, o, file(t, "{\"a\":1}\n"))
	got := collect(t, r)
	if want := []string{"!2:1", "!4:3", `{"a":1} [1]`, `{"a":1} y`}; !reflect.DeepEqual(got, want) {
		t.Errorf("items = %q, want %q", got, want)
	}
}

func TestJSONErrorText(t *testing.T) {
	tests := []struct{ in, want string }{
		{"1\n{bad", "standard input:2:2: malformed JSON: a name in double quotes expected here, but there is 'b'"},
		{"{", "standard input:1:2: malformed JSON: a name in double quotes expected here, but the input ends"},
		{`"\ud800"`, `standard input:1:2: malformed JSON: \ud800 is half of a surrogate pair`},
	}
	for _, tt := range tests {
		r := mustOpen(t, Options{JSON: true}, file(t, tt.in))
		_, err := r.Next(t.Context())
		if err == nil {
			_, err = r.Next(t.Context())
		}
		if err == nil || err.Error() != tt.want {
			t.Errorf("error of %q = %v, want %s", tt.in, err, tt.want)
		}
	}
}
