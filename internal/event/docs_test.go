package event

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the documents that are made of the vocabulary")

// TestDocuments keeps what the documents say of the vocabulary equal to the code.
func TestDocuments(t *testing.T) {
	lines, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	const page = "../../docs/signals.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- names -->\n", "<!-- end of names -->\n"
	before, rest, ok1 := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no place for the names", page)
	}
	for name, want := range map[string]string{
		"../../docs/log.schema.json": string(lines) + "\n",
		page:                         before + begin + table() + end + after,
	} {
		got, err := os.ReadFile(name)
		if string(got) == want {
			continue
		}
		if !*update {
			t.Errorf("%s is not what the code says (%v); go test ./internal/event -update writes it", name, err)
			continue
		}
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// table is the vocabulary as Markdown.
func table() string {
	var b strings.Builder
	b.WriteString("| name | level | meaning | fields |\n|---|---|---|---|\n")
	for _, n := range Names {
		name := "`" + n.Name + "`"
		if n.Raised {
			name += " †"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, n.Level, n.Meaning, n.Fields)
	}
	return b.String()
}
