package httpsignals_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mostlylucid/eph/pkg/patterns"
	"github.com/mostlylucid/eph/pkg/patterns/httpsignals"
	"github.com/mostlylucid/eph/pkg/signals"
)

var errDown = errors.New("down")

// answers is a RoundTripper that answers without a network.
type answers func(*http.Request) (*http.Response, error)

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

func answer(status int, body string, header ...string) answers {
	return func(r *http.Request) (*http.Response, error) {
		resp := &http.Response{StatusCode: status, Header: http.Header{}, Request: r, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body))}
		for i := 0; i < len(header); i += 2 {
			resp.Header.Set(header[i], header[i+1])
		}
		return resp, nil
	}
}

func TestTransport(t *testing.T) {
	for _, c := range []struct {
		name string
		next answers
		read bool
		want string
	}{
		{"read", answer(200, "0123456789"), true, "http.start, http.headers 200, http.progress 4, http.progress 8, http.done 10 of 10 <nil>"},
		{"closed early", answer(200, "0123456789"), false, "http.start, http.headers 200, http.done 0 of 10 <nil>"},
		{"retry-after", answer(429, "", "Retry-After", "7"), true, "http.start, http.headers 429, rate-limit:7s, http.done 0 of 0 <nil>"},
		{"nonsense", answer(503, "", "Retry-After", "soon"), true, "http.start, http.headers 503, http.done 0 of 0 <nil>"},
		{"no answer", func(*http.Request) (*http.Response, error) { return nil, errDown }, true, "http.start, http.done 0 of -1 down"},
	} {
		var sink signals.Sink
		var got []string
		sink.Subscribe(signals.MustCompile("*"), func(e signals.Event) {
			if e.Key != "host.test" {
				t.Errorf("%s: key %q", c.name, e.Key)
			}
			text := e.Name
			switch v := e.Value.(type) {
			case int:
				text += fmt.Sprintf(" %d", v)
			case httpsignals.Transfer:
				text += fmt.Sprintf(" %d", v.Bytes)
				if e.Name == httpsignals.Done {
					text += fmt.Sprintf(" of %d %v", v.Total, v.Err)
				}
			}
			got = append(got, text)
		})
		client := http.Client{Transport: &httpsignals.Transport{Next: c.next, Signals: &sink, Every: 4}}
		resp, err := client.Get("http://host.test/")
		if err == nil {
			if c.read {
				for buf := make([]byte, 2); err == nil; {
					_, err = resp.Body.Read(buf)
				}
			}
			_ = resp.Body.Close()
		} else if !errors.Is(err, errDown) {
			t.Error(err)
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.name, s, c.want)
		}
	}
}

// TestTransportUnheard: without a sink a Transport and a reader do their work all the same.
func TestTransportUnheard(t *testing.T) {
	client := http.Client{Transport: &httpsignals.Transport{Next: answer(200, "hello")}}
	resp, err := client.Get("http://host.test/")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(httpsignals.NewReader(resp.Body, -1, nil, ""))
	if string(text) != "hello" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"120": 2 * time.Minute, "0": 0,
		"Fri, 02 Jan 2026 03:05:05 GMT": time.Minute,
		"Fri, 02 Jan 2026 03:00:00 GMT": 0,
		"":                              -1, "-5": -1, "soon": -1, "99999999999999999999": -1,
	} {
		d, ok := httpsignals.RetryAfter(http.Header{"Retry-After": {text}}, now)
		if ok != (want >= 0) || ok && d != want {
			t.Errorf("%q: %v, %v; want %v", text, d, ok, want)
		}
	}
}

func ExampleTransport() {
	var sink signals.Sink
	rate := patterns.NewAdaptiveRate(patterns.AdaptiveOptions{Max: 50})
	defer rate.Follow(&sink, signals.MustCompile("rate-limit:*"))()
	client := http.Client{Transport: &httpsignals.Transport{Signals: &sink, Next: answer(429, "", "Retry-After", "30")}}

	resp, err := client.Get("http://api.test/")
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = resp.Body.Close()
	fmt.Println(resp.StatusCode, rate.Next().Round(time.Second))
	// Output: 429 30s
}

func ExampleNewReader() {
	var sink signals.Sink
	sink.Subscribe(signals.MustCompile("http.done"), func(e signals.Event) {
		fmt.Println(e.Key, e.Value.(httpsignals.Transfer).Bytes)
	})
	r := httpsignals.NewReader(strings.NewReader("hello"), 5, &sink, "upload")
	_, _ = io.Copy(io.Discard, r)
	// Output: upload 5
}
