package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
)

// line is one line of the log: docs/log.schema.json describes it.
type line struct {
	V       int       `json:"v"`
	Time    time.Time `json:"ts"`
	Run     string    `json:"run"`
	N       int64     `json:"n"`
	Event   string    `json:"event"`
	Level   string    `json:"level"`
	Seq     int64     `json:"seq"`
	Attempt int       `json:"attempt"`
	Exit    *int      `json:"exit"`
	Reason  string    `json:"reason"`
	Error   string    `json:"error"`
	Version string    `json:"version"`
	Status  *int      `json:"status"`
	Queued  *float64  `json:"queued_s"`
	Wall    *float64  `json:"wall_s"`
	User    float64   `json:"user_s"`
	Sys     float64   `json:"sys_s"`

	fields map[string]any // all of them, as they are
}

// parse reads a line, and says what is wrong with one that is none.
func parse(text []byte) (*line, error) {
	l := &line{}
	if err := json.Unmarshal(text, l); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
			return nil, fmt.Errorf("%s is a JSON %s, which it never is in a log of eph", wrong.Field, wrong.Value)
		}
		return nil, fmt.Errorf("no line of JSON: %w", err)
	}
	switch {
	case l.V == 0 || l.Run == "" || l.Event == "" || l.Time.IsZero():
		return nil, errors.New("it lacks one of v, ts, run and event; is it a log of eph, with --log?")
	case l.V != 1:
		return nil, fmt.Errorf("version %d of the log, and only 1 is known", l.V)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return l, d.Decode(&l.fields)
}

// name is the event without its value, as in rate-limit:5s.
func (l *line) name() string {
	name, _, _ := strings.Cut(l.Event, ":")
	return name
}

// renamed are the fields for which OpenTelemetry has a name. The others are called eph.NAME.
var renamed = map[string]string{
	"argv":    "process.command_args",
	"command": "process.command_args",
	"cwd":     "process.working_directory",
	"exit":    "process.exit.code",
	"pid":     "process.pid",
	"reason":  "error.type",
}

// general are the fields that are not attributes: they are the event itself, its time, or the
// resource.
var general = []string{"v", "ts", "t_s", "run", "n", "event", "level", "version"}

// attributes are the fields of the line, those that a later eph may add included.
func (l *line) attributes() (all []attribute.KeyValue) {
	for _, name := range slices.Sorted(maps.Keys(l.fields)) {
		if slices.Contains(general, name) {
			continue
		}
		key, ok := renamed[name]
		if !ok {
			key = "eph." + name
		}
		all = appendAttribute(all, key, l.fields[name])
	}
	return all
}

func appendAttribute(all []attribute.KeyValue, key string, v any) []attribute.KeyValue {
	switch v := v.(type) {
	case string:
		return append(all, attribute.String(key, v))
	case bool:
		return append(all, attribute.Bool(key, v))
	case json.Number:
		if n, err := v.Int64(); err == nil && !strings.HasSuffix(key, "_s") {
			return append(all, attribute.Int64(key, n))
		}
		f, _ := v.Float64()
		return append(all, attribute.Float64(key, f))
	case []any:
		texts := make([]string, len(v))
		for i := range v {
			texts[i] = text(v[i])
		}
		return append(all, attribute.StringSlice(key, texts))
	case map[string]any:
		if _, ok := v["text"]; ok {
			return append(all, attribute.String(key, text(v)))
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			all = appendAttribute(all, key+"."+name, v[name])
		}
	}
	return all
}

// text is bytes as the log has them: a string, or an object with the part that can be shown.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		if s, ok := v["text"].(string); ok {
			return s
		}
	}
	return fmt.Sprint(v)
}
