package record

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/pkg/signals"
)

// JUnit writes a report of items as test cases, in the form that CI services read. An item that
// failed before it succeeded has a flakyFailure for each such attempt, and one that failed for
// good a rerunFailure, as Maven's Surefire names them.
type JUnit struct {
	mu       sync.Mutex
	file     *published
	cases    *os.File // those so far, without a name; the counts that go before them are known at the end
	w        *bufio.Writer
	enc      *xml.Encoder
	began    time.Time
	attempts map[int64][]verdict // of items that are tried again
	tests    int
	failures int
	skipped  int
	err      error
	cancel   func()
}

type testcase struct {
	XMLName   xml.Name  `xml:"testcase"`
	Name      string    `xml:"name,attr"`
	Classname string    `xml:"classname,attr"`
	Time      string    `xml:"time,attr"`
	Failure   *verdict  `xml:"failure"`
	Rerun     []verdict `xml:"rerunFailure"`
	Flaky     []verdict `xml:"flakyFailure"`
	Skipped   *verdict  `xml:"skipped"`
	Out       *written  `xml:"system-out"` // its last lines, if it failed
	Err       *written  `xml:"system-err"`
}

// written is lines of text, one below the other in the report as well.
type written struct {
	Text string `xml:",innerxml"`
}

func writtenOf(all []string) *written {
	if len(all) == 0 {
		return nil
	}
	var b strings.Builder
	for i, s := range all {
		if i > 0 {
			b.WriteByte('\n')
		}
		_ = xml.EscapeText(&b, []byte(s)) // a builder takes everything
	}
	return &written{b.String()}
}

type verdict struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

const (
	suiteTail = "\n</testsuite>\n</testsuites>\n"
	mostCase  = 120 // characters of the name of a case
)

// OpenJUnit watches the events of a sink until Close, when the file appears under its name.
func OpenJUnit(name string, s *signals.Sink) (*JUnit, error) {
	p, err := publish(name)
	if err != nil {
		return nil, fail.Own("--junit: cannot write %s: %w", name, err)
	}
	cases, err := os.CreateTemp("", "eph-junit-*")
	if err != nil {
		p.discard()
		return nil, fail.Own("--junit: %w", err)
	}
	_ = os.Remove(cases.Name()) // it lives on without the name
	j := &JUnit{file: p, cases: cases, w: bufio.NewWriter(cases), began: time.Now(), attempts: make(map[int64][]verdict)}
	j.enc = xml.NewEncoder(j.w)
	j.enc.Indent("  ", "  ")
	j.cancel = s.Subscribe(signals.MustCompile("job.*"), j.write)
	return j, nil
}

// head is what stands before the cases.
func (j *JUnit) head() string {
	return xml.Header + "<testsuites>\n" + fmt.Sprintf(`<testsuite name="eph" tests="%d" failures="%d" errors="0" skipped="%d" time="%.3f">`+"\n",
		j.tests, j.failures, j.skipped, time.Since(j.began).Seconds())
}

func (j *JUnit) write(e signals.Event) {
	f, ok := e.Value.(*event.Fields)
	if !ok {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	said := verdict{Message: f.Error, Type: string(f.Reason), Text: f.Display}
	c := testcase{Classname: "eph", Time: seconds(time.Duration(f.Wall))}
	switch e.Name {
	case event.JobAttemptFailed:
		j.attempts[f.Seq] = append(j.attempts[f.Seq], said)
		return
	case event.JobSucceeded:
		c.Flaky = j.attempts[f.Seq]
	case event.JobFailed:
		c.Failure, c.Rerun = &said, j.attempts[f.Seq]
		c.Out, c.Err = writtenOf(f.Tail[0]), writtenOf(f.Tail[1])
		j.failures++
	case event.JobSkipped, event.JobCancelled:
		said.Message, said.Type = string(f.Reason), ""
		c.Skipped = &said
		j.skipped++
	default:
		return
	}
	delete(j.attempts, f.Seq)
	j.tests++
	if f.Item != nil {
		c.Name = string(*f.Item)
	}
	if r := []rune(c.Name); len(r) > mostCase {
		c.Name = string(r[:mostCase-1]) + "…"
	}
	c.Name = fmt.Sprintf("#%d %s", f.Seq, c.Name)
	if f.Key != nil {
		c.Classname = string(*f.Key)
	}
	if j.err == nil {
		j.err = j.enc.Encode(c)
	}
}

// Discard ends it in place of Close, and leaves what had the name.
func (j *JUnit) Discard() {
	j.cancel()
	_ = j.cases.Close()
	j.file.discard()
}

// Close writes the report, gives the file its name, and returns the first error.
func (j *JUnit) Close() error {
	j.cancel()
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, step := range []func() error{
		j.w.Flush,
		func() error { _, err := j.cases.Seek(0, io.SeekStart); return err },
		func() error { _, err := j.file.WriteString(j.head()); return err },
		func() error { _, err := io.Copy(j.file, j.cases); return err },
		func() error { _, err := j.file.WriteString(suiteTail); return err },
	} {
		if j.err == nil {
			j.err = step()
		}
	}
	_ = j.cases.Close()
	if err := j.file.finish(j.err); err != nil {
		return fail.File("--junit", err)
	}
	return nil
}
