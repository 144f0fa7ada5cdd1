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

// downFor is how long the service of TestFlaky fails at first.
const downFor = 3 * time.Second

// moody is a service that answers 503 for a while from the first request on, and then bears
// some requests a second; beyond them it answers 429 and Retry-After. It counts its requests.
type moody struct {
	mu        sync.Mutex
	first     time.Time
	second    int64 // since the first request
	inSecond  int
	down      int // answers 503
	limited   int // answers 429
	delivered map[string]int
}

func (m *moody) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const bears = 25 // requests a second
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.first.IsZero() {
		m.first = time.Now()
	}
	since := time.Since(m.first)
	if second := int64(since / time.Second); second != m.second {
		m.second, m.inSecond = second, 0
	}
	m.inSecond++
	switch {
	case since < downFor:
		m.down++
		w.WriteHeader(http.StatusServiceUnavailable)
	case m.inSecond > bears:
		m.limited++
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	default:
		m.delivered[r.URL.Path]++
		fmt.Fprintln(w, r.URL.Path)
	}
}

// TestFlaky fetches from a service that is down and then wants to be spared. What makes eph
// cope with it saves requests, and every item comes all the same.
func TestFlaky(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
	// fetch tells apart what a service can say: 75 is try again, once the service asks for that.
	const fetch = `#!/bin/sh
answer=$(curl -s -o "out$2" -D - "$1$2" -w '%{http_code}') || exit
case $answer in
*200) ;;
*429) printf '%s\n' "$answer" | sed -n 's/^Retry-After: *\([0-9]*\).*/rate-limit:\1s/p' >&"${EPH_SIGNAL_FD:-2}"; exit 75 ;;
*) exit 22 ;;
esac
`
	const items = 60
	const patient = "eph -j4 -a paths --retries 1000 --retry-delay 50ms --retry-max-delay 200ms"
	lines := map[string]string{
		"without": patient + " ./fetch URL {}",
		"with":    patient + " --retry-on 22,75 --breaker 3 --breaker-on 22 --breaker-cooldown 1s --rate 25/s --signal-fd ./fetch URL {}",
	}
	var mu sync.Mutex
	requests := make(map[string]int)
	t.Run("run", func(t *testing.T) {
		for name, line := range lines {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				service := &moody{delivered: make(map[string]int)}
				fetchAll(t, service, line, fetch, items)
				mu.Lock()
				defer mu.Unlock()
				requests[name] = items + service.down + service.limited
				t.Logf("%d requests for %d items; %d while it was down, %d too soon; %v", requests[name], items,
					service.down, service.limited, time.Since(service.first).Round(100*time.Millisecond))
			})
		}
	})
	if requests["with"] >= requests["without"] {
		t.Errorf("%d requests with a breaker and a rate, %d without", requests["with"], requests["without"])
	}
}

// fetchAll runs a line against a service, whose address it has as URL, and has it deliver
// every item once.
func fetchAll(t *testing.T, service *moody, line, fetch string, items int) {
	server := httptest.NewServer(service)
	defer server.Close()
	dir := t.TempDir()
	var paths strings.Builder
	for id := range items {
		fmt.Fprintf(&paths, "/%d\n", id)
	}
	for name, text := range map[string]string{"paths": paths.String(), "fetch": fetch} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "out"), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", strings.Replace(line, "URL", server.URL, 1))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NO_PROXY=*", "no_proxy=*")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s\n%v\n%s", line, err, out)
	}
	for id := range items {
		path := fmt.Sprintf("/%d", id)
		if got, err := os.ReadFile(filepath.Join(dir, "out", path)); string(got) != path+"\n" || service.delivered[path] != 1 {
			t.Errorf("item %d: %q (%v), delivered %d times", id, got, err, service.delivered[path])
		}
	}
}
