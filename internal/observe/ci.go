package observe

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/plain"
	"github.com/mostlylucid/eph/pkg/signals"
)

// Service is a CI service whose log understands more than text.
type Service uint8

// The services.
const (
	NoService Service = iota
	GitHub
	GitLab
)

// mostAnnotations is how many errors GitHub shows of a step.
const mostAnnotations = 10

// CI tells a CI service of the items that failed. It says so at the end of the run: until then
// GitHub takes no commands at all, for what jobs write could hold some, and which of two streams
// the service reads first nobody knows.
type CI struct {
	service Service
	token   string // ends the time without commands
	mu      sync.Mutex
	failed  []failedItem
	more    int
	cancel  func()
}

type failedItem struct {
	seq         int64
	title, what string
	tail        []string
}

// mostTail is how many lines of the output of a failed job are shown.
const mostTail = 20

// NewCI watches the events of a sink until Close.
func NewCI(service Service, s *signals.Sink) *CI {
	c := &CI{service: service, token: strings.ToLower(rand.Text())}
	c.cancel = s.Subscribe(signals.MustCompile(event.JobFailed), func(e signals.Event) {
		f, ok := e.Value.(*event.Fields)
		if !ok {
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if len(c.failed) == mostAnnotations {
			c.more++
			return
		}
		x := failedItem{seq: f.Seq, title: fmt.Sprintf("eph #%d", f.Seq), what: describe(e.Name, f).in(0, UTF8Marks), tail: slices.Concat(f.Tail[0], f.Tail[1])}
		x.tail = x.tail[max(0, len(x.tail)-mostTail):]
		if f.Key != nil {
			x.title += " " + plain.Cut(string(*f.Key), 40)
		}
		c.failed = append(c.failed, x)
	})
	return c
}

// Begin is what goes before the first output.
func (c *CI) Begin() string {
	if c.service == GitHub {
		return "::stop-commands::" + c.token + "\n"
	}
	return ""
}

// Close ends the watching, and returns what goes behind the last output.
func (c *CI) Close() string {
	c.cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	if c.service == GitHub {
		b.WriteString("::" + c.token + "::\n")
	}
	for i, x := range c.failed {
		if c.service == GitLab {
			c.section(&b, x)
			continue
		}
		what := x.what
		if c.more > 0 && i == len(c.failed)-1 {
			what += fmt.Sprintf(" (and %d more)", c.more)
		}
		if x.tail != nil {
			b.WriteString("::group::" + data(x.what) + "\n" + lines(x.tail) + "::endgroup::\n")
		}
		b.WriteString("::error title=" + property(x.title) + "::" + data(what) + "\n")
	}
	return b.String()
}

// section is a part of a log that GitLab shows closed.
func (c *CI) section(b *strings.Builder, x failedItem) {
	now := time.Now().Unix()
	fmt.Fprintf(b, "\x1b[0Ksection_start:%d:eph_%d[collapsed=true]\r\x1b[0K%s\n%s\x1b[0Ksection_end:%d:eph_%d\r\x1b[0K\n",
		now, x.seq, x.what, lines(x.tail), now, x.seq)
}

// lines are lines of a job, made fit to be shown: none is a command any more.
func lines(of []string) string {
	var b strings.Builder
	for _, l := range of {
		b.WriteString("  " + plain.Text(l) + "\n")
	}
	return b.String()
}

// data and property are texts as GitHub's commands take them.
var (
	data     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace
	property = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace
)
