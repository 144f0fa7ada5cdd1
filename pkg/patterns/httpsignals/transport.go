// Package httpsignals raises signals around HTTP requests, and reports the progress of a body or any
// other reader. It is separate from package patterns so that a program that only wants a breaker
// does not link net/http.
package httpsignals

import (
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/mostlylucid/eph/pkg/signals"
)

// The signals that are raised.
const (
	Start    = "http.start"    // a request is sent; Value is the *http.Request
	Headers  = "http.headers"  // its answer begins; Value is the status, an int
	Progress = "http.progress" // more of a body was read; Value is a Transfer
	Done     = "http.done"     // a body was read or closed, or the request failed; Value is a Transfer

	// RateLimit and a time, as in "rate-limit:30s", is what an answer of 429 or 503 with a
	// Retry-After asks for; its Value is the time.Duration. See patterns.AdaptiveRate, which follows it.
	RateLimit = "rate-limit"
)

// Transfer is how far a body has been read.
type Transfer struct {
	Bytes int64
	Total int64 // -1 is unknown
	Err   error // with Done: what ended it, nil at its end
}

// Transport is an http.RoundTripper that raises signals around requests, with the host as key.
// It holds no body: progress is told as the caller reads.
type Transport struct {
	Next    http.RoundTripper // nil: http.DefaultTransport
	Signals *signals.Sink     // nil: none are raised
	Every   int64             // bytes between two Progress; 0: a hundredth of a known length, else 256 KiB
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	next := t.Next
	if next == nil {
		next = http.DefaultTransport
	}
	if t.Signals == nil {
		return next.RoundTrip(r)
	}
	host := r.URL.Host
	t.Signals.Emit(signals.Event{Name: Start, Key: host, Value: r})
	resp, err := next.RoundTrip(r)
	if err != nil {
		t.Signals.Emit(signals.Event{Name: Done, Key: host, Value: Transfer{Total: -1, Err: err}})
		return resp, err
	}
	t.Signals.Emit(signals.Event{Name: Headers, Key: host, Value: resp.StatusCode})
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable {
		if d, ok := RetryAfter(resp.Header, time.Now()); ok {
			t.Signals.Emit(signals.Event{Name: RateLimit + ":" + d.String(), Key: host, Value: d})
		}
	}
	body := progress(resp.Body, resp.ContentLength, t.Signals, host, t.Every)
	if w, ok := resp.Body.(io.Writer); ok { // a connection that was taken over, which has two directions
		resp.Body = struct {
			io.ReadCloser
			io.Writer
		}{body, w}
	} else {
		resp.Body = body
	}
	return resp, nil
}

// RetryAfter reads the header of that name: seconds, or a date (RFC 9110, 10.2.3). A date that
// has gone by is 0.
func RetryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	text := h.Get("Retry-After")
	if text == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	return max(at.Sub(now), 0), true
}

// NewReader wraps a reader so that Progress and Done are raised with this key, for anything that
// is read, a request or not. total is its length, or -1; a nil sink is told nothing. Close it, if
// the end is not read.
func NewReader(r io.Reader, total int64, s *signals.Sink, key string) io.ReadCloser {
	c, ok := r.(io.ReadCloser)
	if !ok {
		c = io.NopCloser(r)
	}
	if s == nil {
		return c
	}
	return progress(c, total, s, key, 0)
}

func progress(r io.ReadCloser, total int64, s *signals.Sink, key string, every int64) *reading {
	if every <= 0 {
		every = 256 << 10
		if total > 0 {
			every = max(total/100, 1)
		}
	}
	return &reading{r: r, sink: s, key: key, every: every, told: Transfer{Total: total}}
}

// reading tells how far a reader has come.
type reading struct {
	r     io.ReadCloser
	sink  *signals.Sink
	key   string
	every int64

	mu   sync.Mutex // Close may be called while a Read waits
	told Transfer   // so far
	last int64      // of the bytes of the last Progress
	done bool
}

func (r *reading) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.mu.Lock()
	r.told.Bytes += int64(n)
	now, tell := r.told, r.told.Bytes-r.last >= r.every && !r.done
	if tell {
		r.last = r.told.Bytes
	}
	r.mu.Unlock()
	if tell {
		r.sink.Emit(signals.Event{Name: Progress, Key: r.key, Value: now})
	}
	if err == io.EOF {
		r.end(nil)
	} else if err != nil {
		r.end(err)
	}
	return n, err
}

// Close closes what is wrapped.
func (r *reading) Close() error {
	err := r.r.Close()
	r.end(err)
	return err
}

// end raises Done, once.
func (r *reading) end(err error) {
	r.mu.Lock()
	again := r.done
	r.done, r.told.Err = true, err
	now := r.told
	r.mu.Unlock()
	if !again {
		r.sink.Emit(signals.Event{Name: Done, Key: r.key, Value: now})
	}
}
