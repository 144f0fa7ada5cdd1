package job_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/job"
)

func TestLookup(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for name, mode := range map[string]os.FileMode{
		"one/tool": 0o755, "two/tool": 0o755, "two/deploy": 0o755, "one/plain": 0o644, "two/plain": 0o755, "one/data": 0o644, "here": 0o755,
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir("two/folder", 0o755); err != nil {
		t.Fatal(err)
	}
	path := dir + "/one:" + dir + "/none:" + dir + "/two"
	for _, c := range []struct {
		name, path, want string
		status           fail.Status
		try              string
	}{
		{"tool", path, dir + "/one/tool", 0, ""},
		{"deploy", path, dir + "/two/deploy", 0, ""},
		{"plain", path, dir + "/two/plain", 0, ""},
		{"two/tool", path, "two/tool", 0, ""},
		{"here", ":" + path, "./here", 0, ""},
		{"data", path, "", fail.CannotExec, "chmod +x " + dir + "/one/data"},
		{"folder", path, "", fail.CannotExec, ""},
		{"./one", path, "", fail.CannotExec, ""},
		{"./one/data", path, "", fail.CannotExec, "chmod +x ./one/data"},
		{"here", path, "", fail.NotFound, "./here"},
		{"depoly", path, "", fail.NotFound, "deploy"},
		{"nothing", path, "", fail.NotFound, ""},
		{"./nothing", path, "", fail.NotFound, ""},
		{"tool", "", "", fail.NotFound, ""},
		{"", path, "", fail.NotFound, ""},
	} {
		got, err := job.Lookup(c.name, c.path)
		var e *fail.Error
		if c.status == 0 {
			if err != nil || got != c.want {
				t.Errorf("Lookup(%q) = %q, %v, want %q", c.name, got, err, c.want)
			}
		} else if !errors.As(err, &e) || e.Status != c.status || e.Try != c.try || got != "" {
			t.Errorf("Lookup(%q) = %q, %+v, want status %d and advice %q", c.name, got, err, c.status, c.try)
		}
	}
}
