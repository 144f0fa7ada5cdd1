// Package arch holds the test of the direction in which the rooms of the house import one
// another. The table in docs/architecture.md says why.
package arch

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
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

// modules are the folders with a go.mod of their own, whose rooms are rooms like others. Only
// their sources are read: what they depend on need not be here.
func modules(t *testing.T) (dirs []string) {
	t.Helper()
	found, err := filepath.Glob("../../pkg/*/*/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, mod := range found {
		dirs = append(dirs, filepath.Dir(mod))
	}
	if len(dirs) < 2 {
		t.Fatalf("found only the modules %v", dirs)
	}
	return dirs
}

// nested lists the rooms of a module and their imports, as go list does.
func nested(t *testing.T, dir string) (lines string) {
	t.Helper()
	imports := make(map[string][]string)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		room := module + strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "../../")
		for _, imp := range f.Imports {
			imports[room] = append(imports[room], strings.Trim(imp.Path.Value, `"`))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for room, all := range imports {
		lines += room + " " + strings.Join(all, ",") + "\n"
	}
	return lines
}

func TestImportsPointOneWay(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports ","}}`, module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	lines := string(out)
	for _, dir := range modules(t) {
		lines += nested(t, dir)
	}
	may := rooms(t)
	seen := make(map[string]bool)
	for line := range strings.Lines(lines) {
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

// TestDependenciesHaveReasons holds every module that a go.mod requires directly against the page
// of reasons, and every row of the page against them.
func TestDependenciesHaveReasons(t *testing.T) {
	mod, page := read(t, "../../go.mod"), read(t, "../../docs/dependencies.md")
	for _, dir := range modules(t) {
		mod += read(t, filepath.Join(dir, "go.mod"))
	}
	direct := make(map[string]bool)
	for line := range strings.Lines(mod) {
		f := strings.Fields(line)
		if len(f) == 2 && strings.HasPrefix(line, "\t") && f[0]+"/" != module {
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
