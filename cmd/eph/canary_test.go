package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestSecretsStayInTheEnvironment starts eph with secrets in its environment, has it leave behind
// everything that it can, and looks for them there, in what it prints and in what its socket
// answers. --env is looked for as well: what it sets is for the job.
func TestSecretsStayInTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	for _, d := range []string{out, filepath.Join(dir, "run")} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("eph", "-j2", "-t", "--control", "--retries", "1", "--retry-delay", "1ms", "--env", "TOKEN=canary-of-a-flag-{}",
		"--log", "log.ndjson", "--log-level", "debug", "--joblog", "joblog.tsv", "--failed", "failed", "--junit", "junit.xml", "--metrics", "metrics.prom",
		"--results", "results/{#}/", "--progress", "plain", "--summary", "always", "--ci", "github",
		`test "$SECRET" = canary-of-the-"environment" && "$EPH" ctl status && { "$EPH" ctl tail & kill $!; } ; test {} != fails`, ":::", "works", "fails")
	cmd.Dir = out
	eph, err := exec.LookPath("eph")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(os.Environ(), "SECRET=canary-of-the-environment", "XDG_RUNTIME_DIR="+filepath.Join(dir, "run"), "GITHUB_STEP_SUMMARY="+filepath.Join(out, "step.md"), "EPH="+eph)
	printed, err := cmd.CombinedOutput()
	if status(err) != 123 {
		t.Fatalf("eph exits with %v: %s", err, printed)
	}
	files := map[string][]byte{"what it printed": printed}
	if err := filepath.WalkDir(out, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files[name], err = os.ReadFile(name)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if len(files) < 10 {
		t.Errorf("eph left %d files, and was to leave all that it can", len(files))
	}
	for name, text := range files {
		for _, canary := range []string{"canary-of-the-environment", "canary-of-a-flag"} {
			if bytes.Contains(text, []byte(canary)) {
				t.Errorf("%s holds the secret %s: %s", name, canary, text)
			}
		}
	}
	status, err := filepath.Glob(filepath.Join(out, "results", "1", "*out*"))
	if err != nil || len(status) != 1 || !bytes.Contains(files[status[0]], []byte("run ")) {
		t.Errorf("eph ctl status printed %q, %v", files[status[0]], err)
	}
}
