package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/mostlylucid/eph/internal/fail"
)

// TestReadmeExamples runs the console blocks of the README: what stands behind a prompt is
// typed, and has to print what stands below it.
func TestReadmeExamples(t *testing.T) {
	blocks := 0
	for _, block := range between(readme(t), "```console\n", "```\n") {
		blocks++
		dir := t.TempDir()
		commands := strings.Split(block, "$ ")[1:]
		for _, c := range commands {
			line, want, _ := strings.Cut(c, "\n")
			if tool := "jq"; strings.HasPrefix(line, tool) {
				if _, err := exec.LookPath(tool); err != nil {
					t.Logf("%s is not installed: %q was not run", tool, line)
					continue
				}
			}
			cmd := exec.Command("sh", "-c", line)
			cmd.Dir = dir
			out, _ := cmd.CombinedOutput()
			if string(out) != want {
				t.Errorf("$ %s\nprints\n%swant\n%s", line, out, want)
			}
		}
	}
	if blocks == 0 {
		t.Error("the README has no console block")
	}
}

// TestReadmeStatuses keeps the table of exit statuses equal to the one in the code.
func TestReadmeStatuses(t *testing.T) {
	text := readme(t)
	for _, s := range fail.Statuses {
		if row := fmt.Sprintf("| %s | %s |\n", s.Code, s.Meaning); !strings.Contains(text, row) {
			t.Errorf("the README lacks the row %q", row)
		}
	}
	for _, r := range fail.Rules {
		if row := fmt.Sprintf("| %s | %s |\n", r.Name, r.Meaning); !strings.Contains(text, row) {
			t.Errorf("the README lacks the row %q", row)
		}
	}
}

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func between(text, from, to string) (all []string) {
	for {
		_, rest, ok := strings.Cut(text, from)
		if !ok {
			return all
		}
		block, after, _ := strings.Cut(rest, to)
		all, text = append(all, block), after
	}
}
