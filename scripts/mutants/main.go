// Mutants breaks the scheduler on purpose, in one place at a time, and reports whether its
// tests notice. A mutant that survives is a missing test, unless it is equivalent.
//
// Run it from the root of the repository when internal/sched or its tests have changed:
//
//	go run ./scripts/mutants [name...]
//
// It works on a copy in a temporary folder, compiled once with all mutants in it: see weave. The
// exit status is 1 if a mutant survived that is not marked as equivalent, or no longer applies.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// limit bounds the tests of one mutant: one that hangs has been noticed.
const limit = time.Minute

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
	tried := mutants
	if len(names) > 0 {
		tried = nil
	}
	for _, name := range names {
		i := slices.IndexFunc(mutants, func(m mutant) bool { return m.name == name })
		if i < 0 {
			return 0, fmt.Errorf("no mutant is called %q", name)
		}
		tried = append(tried, mutants[i])
	}
	tests, missing, err := build(dir, tried)
	if err != nil {
		return 0, err
	}
	if failed, out := test(tests, 0); failed {
		return 0, fmt.Errorf("the tests fail without a mutant:\n%s", out)
	}
	for i, m := range tried {
		verdict, note := "SURVIVED", ""
		if m.equivalent != "" {
			note = "equivalent: " + m.equivalent
		}
		if slices.Contains(missing, m.name) {
			verdict = "no match"
		} else if killed, out := test(tests, i+1); killed {
			verdict, note = "killed", "by "+failing(out)
		}
		if verdict != "killed" && m.equivalent == "" {
			bad++
		}
		fmt.Printf("%-10s %-10s %-33s %s\n", verdict, m.file, m.name, note)
	}
	return bad, nil
}

var failed = regexp.MustCompile(`--- FAIL: (\w+)|running tests:\n\t(\w+)`)

// failing is the test that failed, or ran for too long.
func failing(out string) string {
	m := failed.FindStringSubmatch(out)
	if m == nil {
		return "a crash"
	}
	return m[1] + m[2]
}

// build returns the tests, with all mutants in them, as a program in the folder.
func build(dir string, all []mutant) (tests string, missing []string, err error) {
	sched := filepath.Join(dir, "internal", "sched")
	if err := os.CopyFS(sched, os.DirFS(filepath.Join("internal", "sched"))); err != nil {
		return "", nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module github.com/mostlylucid/eph\n\ngo 1.26\n"), 0o600); err != nil {
		return "", nil, err
	}
	if missing, err = weave(sched, all); err != nil {
		return "", nil, err
	}
	tests = filepath.Join(sched, "sched.test")
	cmd := exec.Command("go", "test", "-c", "-vet=off", "-o", tests, "./internal/sched")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("a mutant does not compile: %w\n%s", err, out)
	}
	return tests, missing, nil
}

// test reports whether the tests fail, or take too long, with a mutant, or with none for 0.
func test(tests string, mutant int) (failed bool, out string) {
	ctx, cancel := context.WithTimeout(context.Background(), limit+time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, tests, "-test.short", "-test.failfast", "-test.timeout", limit.String())
	cmd.Dir = filepath.Dir(tests)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", chosen, mutant))
	b, err := cmd.CombinedOutput()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		fatal(err)
	}
	return err != nil, string(b)
}
