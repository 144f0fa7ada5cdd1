package event

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestTextMarshal(t *testing.T) {
	long := strings.Repeat("a", 1023) + "é" // the cut falls into a character
	for _, c := range []struct{ in, want string }{
		{"plain", `"plain"`},
		{"a<b>&c", `"a<b>&c"`},
		{"a\nb\x1b", `"a\nb\u001b"`},
		{"caf\xe9", `{"text":"caf\ufffd","base64":"Y2Fm6Q==","bytes":4}`},
		{long, `{"text":"` + long[:1023] + `","bytes":1025}`},
	} {
		got, err := json.Marshal(wrapper{Text(c.in)})
		if want := `{"t":` + c.want + `}`; err != nil || !sameJSON(t, string(got), want) {
			t.Errorf("Text(%.20q) is %s (%v), want %s", c.in, got, err, want)
		}
	}
}

type wrapper struct {
	T Text `json:"t"`
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	for _, p := range []struct {
		text string
		to   *any
	}{{a, &x}, {b, &y}} {
		if err := json.Unmarshal([]byte(p.text), p.to); err != nil {
			t.Fatalf("%s: %v", p.text, err)
		}
	}
	return reflect.DeepEqual(x, y)
}

func TestSeconds(t *testing.T) {
	got, err := json.Marshal(Seconds(1500*time.Millisecond + 2*time.Microsecond))
	if string(got) != "1.500002" || err != nil {
		t.Errorf("1.500002 s is %s (%v)", got, err)
	}
}

// TestVocabulary: every constant is in the table once, and the fields it names exist.
func TestVocabulary(t *testing.T) {
	known := make(map[string]bool)
	fields := reflect.TypeFor[Fields]()
	for i := range fields.NumField() {
		name, _, _ := strings.Cut(fields.Field(i).Tag.Get("json"), ",")
		known[name] = true
	}
	seen := make(map[string]bool)
	for _, n := range Names {
		if seen[n.Name] {
			t.Errorf("%s is in the table twice", n.Name)
		}
		seen[n.Name] = true
		if n.Meaning == "" || n.Level == "" {
			t.Errorf("%s has no meaning or no level", n.Name)
		}
		for f := range strings.FieldsSeq(n.Fields) {
			if !known[f] {
				t.Errorf("%s carries %s, which no field is called", n.Name, f)
			}
		}
	}
	for _, n := range []string{RunStarted, RunFinished, JobFailed, Warning} {
		if !seen[n] {
			t.Errorf("%s is not in the table", n)
		}
	}
}
