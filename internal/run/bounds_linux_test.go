package run

import (
	"bufio"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/mostlylucid/eph/internal/item"
)

// TestGoroutines: a run has so many goroutines, and so many more for each job, and none is left
// of it. docs/limits.md has the numbers.
func TestGoroutines(t *testing.T) {
	const own, perJob = 16, 3
	for _, jobs := range []int{1, 50} {
		dir := t.TempDir()
		up, gate := filepath.Join(dir, "up"), filepath.Join(dir, "gate")
		for _, name := range []string{up, gate} {
			if err := unix.Mkfifo(name, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		started, err := os.OpenFile(up, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		p := Plan{
			Words:     []string{"sh", "-c", `echo up > "$0"; read x < "$1"`, up, gate, "{}"},
			ShellPath: "/bin/sh", Jobs: Jobs{Least: jobs, Most: jobs}, KeyJobs: 1, Window: 1000, Attempts: 1,
		}
		p.Input.Sources = []item.Source{{Values: numbers(2 * jobs)}}
		before := runtime.NumGoroutine()
		r, err := Prepare(t.Context(), p, Streams{In: null, Out: null, Err: null})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan Report)
		go func() { done <- r.Execute(t.Context()) }()
		in := bufio.NewScanner(started)
		for range jobs {
			in.Scan()
		}
		if n := runtime.NumGoroutine() - before; n > own+perJob*jobs {
			t.Errorf("%d jobs: %d goroutines, want at most %d", jobs, n, own+perJob*jobs)
		} else {
			t.Logf("%d jobs: %d goroutines", jobs, n)
		}
		open, err := os.OpenFile(gate, os.O_RDWR, 0) // lets all through, also those to come
		if err != nil {
			t.Fatal(err)
		}
		for range 2 * jobs {
			if _, err := open.WriteString("\n"); err != nil {
				t.Fatal(err)
			}
		}
		if rep := <-done; rep.Status != 0 {
			t.Errorf("%d jobs: %+v", jobs, rep)
		}
		for _, f := range []*os.File{open, started, null} {
			_ = f.Close()
		}
		// What has done its last work may not yet be gone.
		for range 1000 {
			if runtime.NumGoroutine() <= before {
				break
			}
			runtime.Gosched()
		}
		if n := runtime.NumGoroutine(); n > before {
			t.Errorf("%d jobs: %d goroutines are left", jobs, n-before)
		}
	}
}
