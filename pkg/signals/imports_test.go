package signals_test

import (
	"go/build"
	"strings"
	"testing"
)

// TestImports keeps the package light: whoever imports it builds the standard library and
// the scheduler, nothing else.
func TestImports(t *testing.T) {
	pkg, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range pkg.Imports {
		first, _, _ := strings.Cut(path, "/")
		if strings.Contains(first, ".") && path != "github.com/mostlylucid/eph/internal/sched" {
			t.Errorf("package signals imports %s", path)
		}
	}
}
