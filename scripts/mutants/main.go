// Mutants breaks the scheduler on purpose, in one place at a time, and reports whether its
// tests notice. A mutant that survives is a missing test, unless it is equivalent.
//
// Run it from the root of the repository when internal/sched or its tests have changed:
//
//	go run ./scripts/mutants [name...]
//
// It works on a copy in a temporary folder. The exit status is 1 if a mutant survived that is
// not marked as equivalent, or no longer applies.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// limit bounds the tests of one mutant: one that hangs has been noticed.
const limit = 2 * time.Minute

// mutant replaces a text that occurs once in a file.
type mutant struct {
	name, file, old, new string
	equivalent           string // why no test can notice; "" for those that must be killed
}

func main() {
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		fatal(err)
	}
	bad, err := run(dir, os.Args[1:])
	_ = os.RemoveAll(dir)
	if err != nil {
		fatal(err)
	}
	if bad > 0 {
		os.Exit(1)
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "mutants:", err)
	os.Exit(2)
}

// run tries the named mutants, or all, and returns how many are cause for work.
func run(dir string, names []string) (bad int, err error) {
	sched := filepath.Join(dir, "internal", "sched")
	if err := os.CopyFS(sched, os.DirFS(filepath.Join("internal", "sched"))); err != nil {
		return 0, err
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module github.com/mostlylucid/eph\n\ngo 1.26\n"), 0o600); err != nil {
		return 0, err
	}
	if killed, out := test(dir); killed {
		return 0, fmt.Errorf("the tests fail without a mutant:\n%s", out)
	}
	for _, m := range mutants {
		if len(names) > 0 && !slices.Contains(names, m.name) {
			continue
		}
		verdict, err := m.try(dir, filepath.Join(sched, m.file))
		if err != nil {
			return bad, err
		}
		if verdict != "killed" && m.equivalent == "" {
			bad++
		}
		fmt.Printf("%-10s %-28s %s%s\n", verdict, m.name, m.file, note(m.equivalent))
	}
	return bad, nil
}

func note(equivalent string) string {
	if equivalent == "" {
		return ""
	}
	return ": equivalent, " + equivalent
}

func (m mutant) try(dir, path string) (verdict string, err error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if bytes.Count(source, []byte(m.old)) != 1 {
		return "no match", nil
	}
	mutated := bytes.Replace(source, []byte(m.old), []byte(m.new), 1)
	if err := os.WriteFile(path, mutated, 0o600); err != nil {
		return "", err
	}
	killed, out := test(dir)
	if strings.Contains(out, "[build failed]") {
		verdict = "no build"
	} else if killed {
		verdict = "killed"
	} else {
		verdict = "SURVIVED"
	}
	return verdict, os.WriteFile(path, source, 0o600)
}

// test reports whether the tests fail, or take too long.
func test(dir string) (failed bool, out string) {
	ctx, cancel := context.WithTimeout(context.Background(), limit+time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "test", "-short", "-count=1", "-failfast", "-timeout", limit.String(), "./internal/sched")
	cmd.Dir = dir
	b, err := cmd.CombinedOutput()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		fatal(err)
	}
	return err != nil, string(b)
}
