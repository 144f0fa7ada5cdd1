package arch

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestProofs: what the documents name as a proof is there.
func TestProofs(t *testing.T) {
	const root = "../.."
	var code strings.Builder
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "_test.go") {
			var text []byte
			text, err = os.ReadFile(path)
			code.Write(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	proof := regexp.MustCompile("`((?:Test|Fuzz|Example|Benchmark)[A-Z]\\w*|\\w+\\.txtar)`")
	for _, page := range []string{"docs/threats.md", "docs/limits.md"} {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		found := proof.FindAllStringSubmatch(string(text), -1)
		if len(found) == 0 {
			t.Errorf("%s names no proof", page)
		}
		for _, f := range found {
			there := strings.Contains(code.String(), "func "+f[1]+"(")
			if strings.HasSuffix(f[1], ".txtar") {
				_, err := os.Stat(filepath.Join(root, "testdata/script", f[1]))
				there = err == nil
			}
			if !there {
				t.Errorf("%s: there is no %s", page, f[1])
			}
		}
	}
}
