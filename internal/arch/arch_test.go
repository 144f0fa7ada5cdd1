// Package arch holds the test of the direction in which the rooms of the house import one
// another. The table in docs/architecture.md says why.
package arch

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/mostlylucid/eph/internal/sched"
)

const module = "github.com/mostlylucid/eph/"

// rooms reads the table of docs/architecture.md: for each room what it may import, rooms of
// this module by their path, and other modules by their path or, with a final slash, a prefix.
func rooms(t *testing.T) map[string][]string {
	t.Helper()
	text := read(t, "../../docs/architecture.md")
	may := make(map[string][]string)
	for line := range strings.Lines(text) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.HasPrefix(cells[1], " `") {
			continue
		}
		may[strings.Trim(cells[1], " `")] = strings.Fields(strings.ReplaceAll(cells[3], "`", ""))
	}
	if len(may) < 10 {
		t.Fatalf("found only %d rooms in the table of docs/architecture.md", len(may))
	}
	return may
}

// besides are folders of commands for developers, which nothing imports.
var besides = []string{"scripts/"}

func TestImportsPointOneWay(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports ","}}`, module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	may := rooms(t)
	seen := make(map[string]bool)
	for line := range strings.Lines(string(out)) {
		path, imports, _ := strings.Cut(strings.TrimSpace(line), " ")
		room := strings.TrimPrefix(path, module)
		if slices.ContainsFunc(besides, func(p string) bool { return strings.HasPrefix(room, p) }) {
			continue
		}
		seen[room] = true
		allowed, known := may[room]
		if !known {
			t.Errorf("room %s is not in the table of docs/architecture.md", room)
			continue
		}
		for imp := range strings.SplitSeq(imports, ",") {
			name := strings.TrimPrefix(imp, module)
			first, _, _ := strings.Cut(imp, "/")
			if !strings.Contains(first, ".") || slices.ContainsFunc(allowed, func(a string) bool {
				return name == a || strings.HasSuffix(a, "/") && strings.HasPrefix(name, a)
			}) {
				continue
			}
			t.Errorf("%s imports %s; it may import only %v and the standard library", room, imp, allowed)
		}
	}
	for room := range may {
		if !seen[room] {
			t.Errorf("docs/architecture.md lists a room %s that is not there", room)
		}
	}
}

// TestLibraryStandsAlone keeps the packages that others import free of other modules.
func TestLibraryStandsAlone(t *testing.T) {
	for _, room := range []string{"pkg/signals", "pkg/coord"} {
		out, err := exec.Command("go", "list", "-deps", module+room).Output()
		if err != nil {
			t.Fatalf("go list -deps %s: %v", room, err)
		}
		for dep := range strings.Lines(string(out)) {
			dep = strings.TrimSpace(dep)
			first, _, _ := strings.Cut(dep, "/")
			if strings.Contains(first, ".") && !strings.HasPrefix(dep, module) && !strings.HasPrefix(dep, "vendor/") {
				t.Errorf("%s depends on %s: someone who imports it for a service would build it too", room, dep)
			}
		}
	}
}

// TestStatesAreDocumented compares the table of states in the documentation with the one that
// the scheduler runs on.
func TestStatesAreDocumented(t *testing.T) {
	text := read(t, "../../docs/architecture.md")
	for _, r := range sched.Transitions {
		if row := fmt.Sprintf("| %v | %v | %v |\n", r.From, r.By, r.To); strings.Count(text, row) != 1 {
			t.Errorf("docs/architecture.md has not the row %q", row)
		}
	}
}

// TestDependenciesHaveReasons holds every module that go.mod requires directly against the page
// of reasons, and every row of the page against go.mod.
func TestDependenciesHaveReasons(t *testing.T) {
	mod, page := read(t, "../../go.mod"), read(t, "../../docs/dependencies.md")
	direct := make(map[string]bool)
	for line := range strings.Lines(mod) {
		f := strings.Fields(line)
		if len(f) == 2 && strings.HasPrefix(line, "\t") {
			direct[f[0]] = true
		}
	}
	for name := range direct {
		if !strings.Contains(page, "| `"+name+"` |") {
			t.Errorf("docs/dependencies.md gives no reason for %s", name)
		}
	}
	for line := range strings.Lines(page) {
		if name, _, ok := strings.Cut(strings.TrimPrefix(line, "| `"), "` |"); ok && strings.HasPrefix(line, "| `") && !direct[name] {
			t.Errorf("docs/dependencies.md gives a reason for %s, which go.mod does not require directly", name)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
