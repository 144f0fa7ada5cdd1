// Package event is the vocabulary of a run: the names of everything that can happen, and what each
// means and carries. The run raises these signals, the log writes them, and documentation and tests
// read the table in names.go.
package event

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/mostlylucid/eph/internal/plain"
	"github.com/mostlylucid/eph/pkg/signals"
)

// Fields are what a signal of a run may carry, in the order in which a line of the log shows
// them. A zero value means unknown and is left out. Sizes are in bytes and named _bytes,
// times in seconds and named _s.
type Fields struct {
	// Of the run.
	Version string   `json:"version,omitzero"`
	Command []string `json:"command,omitzero"`
	Dir     string   `json:"cwd,omitzero"`
	PID     int      `json:"pid,omitzero"`
	Jobs    int      `json:"jobs,omitzero"`
	Seed    *uint64  `json:"seed,omitzero"`
	Journal *Journal `json:"journal,omitzero"`

	// Of an item.
	Seq         int64   `json:"seq,omitzero"`
	Key         *Text   `json:"key,omitzero"`
	Lane        string  `json:"lane,omitzero"`
	Priority    int     `json:"priority,omitzero"`
	Attempt     int     `json:"attempt,omitzero"`
	AttemptsMax int     `json:"attempts_max,omitzero"`
	Slot        int     `json:"slot,omitzero"`
	Digest      Digest  `json:"digest,omitzero"` // of the content of the item, in a journal
	Was         Was     `json:"was,omitzero"`
	Held        bool    `json:"held,omitzero"` // its output has not had its turn; job.delivered follows
	Item        *Text   `json:"item,omitzero"`
	Argv        []Text  `json:"argv,omitzero"`
	Shell       bool    `json:"shell,omitzero"`
	Exit        *int    `json:"exit,omitzero"`
	Signal      string  `json:"signal,omitzero"`
	Reason      Reason  `json:"reason,omitzero"`
	Error       string  `json:"error,omitzero"`
	Queued      Seconds `json:"queued_s,omitzero"`
	Wall        Seconds `json:"wall_s,omitzero"`
	User        Seconds `json:"user_s,omitzero"`
	Sys         Seconds `json:"sys_s,omitzero"`
	MaxRSS      int64   `json:"max_rss_bytes,omitzero"`
	Stdout      int64   `json:"stdout_bytes,omitzero"`
	Stderr      int64   `json:"stderr_bytes,omitzero"`
	PipeHeld    bool    `json:"pipe_held,omitzero"`
	RetryIn     Seconds `json:"retry_in_s,omitzero"`

	// Records are those of an item that failed, whole, for --retry-failed.
	Records []Whole `json:"records,omitzero"`

	// Of the input, of a change, and of the end.
	Source  string  `json:"source,omitzero"`
	Line    int64   `json:"line,omitzero"`
	Column  int64   `json:"column,omitzero"`
	Total   int64   `json:"total,omitzero"`
	From    int     `json:"from,omitzero"`
	To      int     `json:"to,omitzero"`
	Status  *int    `json:"status,omitzero"`
	Counts  *Counts `json:"counts,omitzero"`
	Message string  `json:"message,omitzero"`

	// Of a signal that somebody raised, and of what reacts to it.
	By       string  `json:"by,omitzero"`
	Value    string  `json:"value,omitzero"`
	Argument string  `json:"argument,omitzero"`
	TTL      Seconds `json:"ttl_s,omitzero"`
	Scope    *Text   `json:"scope,omitzero"`
	Cooldown Seconds `json:"cooldown_s,omitzero"`
	RateFrom float64 `json:"rate_from_per_s,omitzero"`
	RateTo   float64 `json:"rate_to_per_s,omitzero"`
	Running  int     `json:"running,omitzero"`
	Waiting  int     `json:"waiting,omitzero"`

	// Of what the journal holds, and of what has become of the input since.
	Done        int64 `json:"done,omitzero"`
	Failed      int64 `json:"failed,omitzero"`
	Interrupted int64 `json:"interrupted,omitzero"`
	New         int64 `json:"new,omitzero"`
	Gone        int64 `json:"gone,omitzero"`

	// Original is the item as its input had it, for those who write it back to a file. It is
	// not logged.
	Original string `json:"-"`
	// Start is when the attempt began. It is not logged.
	Start time.Time `json:"-"`
	// Display is the command as a person would type it, for those who show it. It is not
	// logged.
	Display string `json:"-"`
	// Tail is the end of what the job wrote to standard output and to standard error, for a CI
	// service and its report. It is not logged.
	Tail [2][]string `json:"-"`

	// Limit is how long the attempt could have taken, if it took longer. It is not logged.
	Limit time.Duration `json:"-"`

	// Sent is how many bytes of a block the job was given to read. It is not logged.
	Sent int64 `json:"-"`
}

// Journal is what the first line of a run in a journal says for the runs that go on with it.
type Journal struct {
	Version int    `json:"version"`
	Command string `json:"command"` // digest of all that makes jobs of items
	Resumes string `json:"resumes"` // the run before, or "" for one that begins anew
	Lines   int64  `json:"lines"`   // of that run
	Header  Whole  `json:"header"`  // the record that names the columns
}

// JournalVersion is that of what a journal says beyond a log.
const JournalVersion = 1

// Was is what the journal of an earlier run says of an item that runs again.
type Was string

// What an item was.
const (
	WasFailed     Was = "failed"
	WasUnfinished Was = "unfinished" // it was read, and has no end
)

// Digest stands for the content of an item. Items with one digest are the same, so it is long
// enough that nobody finds another content for one.
type Digest [12]byte

// MarshalText writes it in hexadecimal digits.
func (d Digest) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, d[:]), nil }

// UnmarshalText is the inverse of MarshalText.
func (d *Digest) UnmarshalText(text []byte) error {
	if hex.DecodedLen(len(text)) != len(d) || len(text)%2 != 0 {
		return errors.New("a digest that is not whole")
	}
	_, err := hex.Decode(d[:], text)
	return err
}

// Counts are the books of a run. Every item read ends in exactly one of Succeeded, Failed,
// Skipped and Cancelled, or is one of Resumed, which an earlier run has done; Rejected counts
// records that could not become items, and Interrupted those of Cancelled whose job had started.
type Counts struct {
	Read      int64 `json:"read"`
	Succeeded int64 `json:"succeeded"`
	Failed    int64 `json:"failed"`
	Skipped   int64 `json:"skipped"`
	Cancelled int64 `json:"cancelled"`
	Rejected  int64 `json:"rejected"`
	Retried   int64 `json:"retried"`
	Resumed   int64 `json:"resumed"`

	Interrupted int64 `json:"interrupted"`
}

// Ended is how many items have ended in this run.
func (c *Counts) Ended() int64 { return c.Succeeded + c.Failed + c.Skipped + c.Cancelled }

// Done is how many of those were not cancelled.
func (c *Counts) Done() int64 { return c.Ended() - c.Cancelled }

// Reason says why something did not succeed.
type Reason string

// The reasons.
const (
	ReasonExit     Reason = "exit"      // it exited with a code that counts as a failure
	ReasonSignal   Reason = "signal"    // a signal killed it
	ReasonTimeout  Reason = "timeout"   // it ran longer than --timeout
	ReasonStart    Reason = "start"     // it could not be started
	ReasonTemplate Reason = "template"  // a template does not fit the item
	ReasonOutput   Reason = "output"    // what it wrote could not be delivered
	ReasonKey      Reason = "key"       // an earlier item of its key failed
	ReasonMissing  Reason = "missing"   // a field is missing, with --missing=skip
	ReasonHalt     Reason = "halt"      // --halt, --fail-fast, --max-fails or --fatal-on
	ReasonDeadline Reason = "deadline"  // --deadline
	ReasonDrain    Reason = "drain"     // eph was told to drain
	ReasonStopped  Reason = "stopped"   // eph was told to stop
	ReasonBreaker  Reason = "breaker"   // its circuit is open, with --breaker-action=skip
	ReasonCancelOn Reason = "cancel-on" // a signal of --cancel-on holds
	ReasonDeclined Reason = "declined"  // somebody was asked, with --interactive, and said no
	ReasonCtl      Reason = "ctl"       // eph ctl cancelled it
	ReasonFailed   Reason = "failed"    // it failed in an earlier run, with --resume
	ReasonJournal  Reason = "journal"   // its start could not be recorded
)

// Seconds is a span of time that JSON shows as a number of seconds.
type Seconds time.Duration

// MarshalJSON writes microseconds as decimals.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, time.Duration(s).Seconds(), 'f', 6, 64), nil
}

// mostText is how many bytes of an item, key or argument are shown.
const mostText = 1024

// Text is bytes of the user, shown as a JSON string. What is not UTF-8, or too long, is shown
// as an object that says so: {"text":…,"base64":…,"bytes":N}.
type Text string

// TextOf returns s as an optional Text.
func TextOf(s string) *Text {
	t := Text(s)
	return &t
}

// Texts returns a list as Texts.
func Texts(list []string) []Text {
	texts := make([]Text, len(list))
	for i, s := range list {
		texts[i] = Text(s)
	}
	return texts
}

// MarshalJSON never loses a byte of a short text, nor shows more than the first part of a
// long one.
func (t Text) MarshalJSON() ([]byte, error) {
	shown := string(t)
	if len(shown) > mostText {
		shown = plain.Whole(shown[:mostText])
	}
	return showJSON(shown, len(t))
}

// Whole is a Text that is never cut.
type Whole string

// MarshalJSON loses no byte.
func (w Whole) MarshalJSON() ([]byte, error) { return showJSON(string(w), len(w)) }

// UnmarshalJSON is the inverse of MarshalJSON.
func (w *Whole) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(w))
	}
	var o textObject
	if err := json.Unmarshal(b, &o); err != nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(o.Base64)
	if err == nil && len(raw) != o.Bytes {
		err = errors.New("a text that is not whole")
	}
	*w = Whole(raw)
	return err
}

type textObject struct {
	Text   string `json:"text"`
	Base64 string `json:"base64,omitzero"`
	Bytes  int    `json:"bytes"`
}

// showJSON is a text, or the part of one of n bytes that is shown.
func showJSON(shown string, n int) ([]byte, error) {
	if len(shown) == n && utf8.ValidString(shown) {
		return plainJSON(shown)
	}
	o := textObject{Text: shown, Bytes: n}
	if !utf8.ValidString(shown) {
		o.Base64 = base64.StdEncoding.EncodeToString([]byte(shown))
	}
	return plainJSON(o)
}

// plainJSON is json.Marshal without the escapes that are meant for HTML.
func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// Raise raises a signal of a run with its fields, which may be nil.
func Raise(s *signals.Sink, name string, f *Fields) {
	key := ""
	if f == nil {
		f = &Fields{}
	}
	if f.Key != nil {
		key = string(*f.Key)
	}
	s.Emit(signals.Event{Name: name, Key: key, Op: uint64(f.Seq), Value: f})
}
