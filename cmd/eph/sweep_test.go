package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestSweep runs the line of the README that fetches from services that fail, against one that
// answers every first request with 429 or 503: all items come, each with two requests.
func TestSweep(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
	var mu sync.Mutex
	asked := make(map[string]int)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked[r.URL.Path]++
		switch {
		case asked[r.URL.Path] > 1:
			fmt.Fprintln(w, r.URL.Path)
		case len(asked)%2 == 0:
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()

	dir := t.TempDir()
	const items = 30
	var urls strings.Builder
	for id := range items {
		fmt.Fprintf(&urls, `{"id":%d,"host":"h%d","url":"%s/%d"}`+"\n", id, id%3, server.URL, id)
	}
	if err := os.WriteFile(filepath.Join(dir, "urls.ndjson"), []byte(urls.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "out"), 0o700); err != nil {
		t.Fatal(err)
	}
	const begins = "eph --json -a urls.ndjson --rate 50/s"
	_, rest, ok := strings.Cut(readme(t), begins)
	line, _, _ := strings.Cut(rest, "\neph ")
	if !ok || !strings.Contains(line, "--breaker-by key curl") {
		t.Fatal("the README has no such line")
	}
	// Half of all requests fail, which is what the breaker of the README is there for; its
	// cooldown would only make the test long.
	line = strings.Replace(begins+line, "--breaker-by key", "--breaker-by key --breaker-cooldown 100ms --retry-delay 50ms", 1)
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NO_PROXY=*", "no_proxy=*")
	began := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s\n%v\n%s", line, err, out)
	}
	t.Logf("%d items in %v", items, time.Since(began).Round(time.Millisecond))
	for id := range items {
		path := fmt.Sprintf("/%d", id)
		if got, err := os.ReadFile(filepath.Join(dir, "out", path)); string(got) != path+"\n" || asked[path] != 2 {
			t.Errorf("item %d: %q (%v), asked %d times", id, got, err, asked[path])
		}
	}
}
