package observe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/plain"
	"github.com/mostlylucid/eph/pkg/signals"
)

// logVersion is that of the format of a line. Within one version fields and names may be
// added, and nothing is renamed or changes its unit.
const logVersion = 1

// Format is how a line of the log looks.
type Format uint8

// The formats.
const (
	JSON      Format = iota // one object a line, for programs; what the schema describes
	PlainText               // for people
	Logfmt                  // key=value
)

// redacted stands for what --redact matches.
const redacted = "[redacted]"

// line is what every line has, before the fields of its event.
type line struct {
	V     int           `json:"v"`
	Time  string        `json:"ts"`
	T     event.Seconds `json:"t_s"`
	Run   string        `json:"run"`
	N     int64         `json:"n"`
	Event string        `json:"event"`
	Level event.Level   `json:"level"`
	*event.Fields
}

// encoder makes lines of events. It is not safe for concurrent use.
type encoder struct {
	format Format
	redact []*regexp.Regexp
	sealed bool // as JSON, for a journal
	run    string
	began  time.Time
	n      int64
	buf    bytes.Buffer
}

// line returns the next line, with its newline. It is valid until the next call.
func (c *encoder) line(e signals.Event) ([]byte, error) {
	fields, _ := e.Value.(*event.Fields)
	if fields == nil {
		fields = new(event.Fields)
	}
	if fields.Key == nil && e.Key != "" && fields.Scope == nil {
		keyed := *fields
		keyed.Key = event.TextOf(e.Key)
		fields = &keyed
	}
	name := e.Name
	if len(c.redact) > 0 {
		fields = c.clean(fields)
		if known, ok := event.Lookup(name); !ok || known.Raised { // somebody chose it
			name = c.cleanText(name)
		}
	}
	now := time.Now()
	l := line{
		V: logVersion, Time: now.UTC().Format("2006-01-02T15:04:05.000000Z"), T: event.Seconds(now.Sub(c.began)),
		Run: c.run, N: c.n, Event: name, Level: event.LevelOf(e.Name), Fields: fields,
	}
	c.n++
	c.buf.Reset()
	var err error
	switch c.format {
	case PlainText:
		c.text(now, &l)
	case Logfmt:
		c.logfmt(&l)
	default:
		enc := json.NewEncoder(&c.buf)
		enc.SetEscapeHTML(false)
		if err = enc.Encode(l); err == nil && c.sealed {
			return event.Seal(plain.JSON(c.buf.Bytes())), nil
		}
		return plain.JSON(c.buf.Bytes()), err
	}
	return c.buf.Bytes(), err
}

// text is a line for people: when, what, of which item, and the rest as in logfmt.
func (c *encoder) text(now time.Time, l *line) {
	fmt.Fprintf(&c.buf, "%s %-5s %-18s", now.Format("15:04:05.000"), l.Level, l.Event)
	for _, p := range pairs(l.Fields) {
		if p.name == "argv" {
			continue
		}
		c.buf.WriteString(" " + p.name + "=" + quoted(p.value))
	}
	c.buf.WriteByte('\n')
}

func (c *encoder) logfmt(l *line) {
	fmt.Fprintf(&c.buf, "v=%d ts=%s t_s=%.6f run=%s n=%d event=%s level=%s",
		l.V, l.Time, time.Duration(l.T).Seconds(), l.Run, l.N, quoted(l.Event), l.Level)
	for _, p := range pairs(l.Fields) {
		c.buf.WriteString(" " + p.name + "=" + quoted(p.value))
	}
	c.buf.WriteByte('\n')
}

// pair is a field as a line without structure shows it.
type pair struct{ name, value string }

// fieldNames are the names of event.Fields in the log, by their place; "" is not logged.
var fieldNames = func() (names []string) {
	t := reflect.TypeFor[event.Fields]()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, strings.TrimPrefix(name, "-"))
	}
	return names
}()

// pairs lists the fields that are known. What has parts is shown as JSON.
func pairs(f *event.Fields) (all []pair) {
	v := reflect.ValueOf(f).Elem()
	for i, name := range fieldNames {
		field := v.Field(i)
		if name == "" || field.IsZero() {
			continue
		}
		all = append(all, pair{name, shown(field.Interface())})
	}
	return all
}

func shown(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case *event.Text:
		return string(*v)
	case event.Reason:
		return string(v)
	case *int:
		return strconv.Itoa(*v)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// mostShown is how much of a value a line without structure shows.
const mostShown = 200

// quoted is a value as logfmt has it, with nothing in it that a terminal would obey.
func quoted(s string) string {
	s = plain.Cut(s, mostShown)
	if s == "" || strings.ContainsAny(s, " =\"\\\t") {
		return strconv.Quote(s)
	}
	return s
}

// clean returns the fields without what must not be shown.
func (c *encoder) clean(f *event.Fields) *event.Fields {
	g := *f
	v := reflect.ValueOf(&g).Elem()
	for i := range v.NumField() {
		if fieldNames[i] == "" {
			continue
		}
		field := v.Field(i)
		switch x := field.Interface().(type) {
		case string:
			field.SetString(c.cleanText(x))
		case *event.Text:
			if x != nil {
				field.Set(reflect.ValueOf(event.TextOf(c.cleanText(string(*x)))))
			}
		case []event.Text:
			texts := make([]event.Text, len(x))
			for i := range x {
				texts[i] = event.Text(c.cleanText(string(x[i])))
			}
			field.Set(reflect.ValueOf(texts))
		case []event.Whole:
			texts := make([]event.Whole, len(x))
			for i := range x {
				texts[i] = event.Whole(c.cleanText(string(x[i])))
			}
			field.Set(reflect.ValueOf(texts))
		case *event.Journal:
			if x != nil {
				j := *x
				j.Header = event.Whole(c.cleanText(string(j.Header)))
				field.Set(reflect.ValueOf(&j))
			}
		case []string:
			texts := make([]string, len(x))
			for i := range x {
				texts[i] = c.cleanText(x[i])
			}
			field.Set(reflect.ValueOf(texts))
		}
	}
	return &g
}

func (c *encoder) cleanText(s string) string {
	for _, re := range c.redact {
		s = re.ReplaceAllLiteralString(s, redacted)
	}
	return s
}
