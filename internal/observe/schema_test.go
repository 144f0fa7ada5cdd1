package observe

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/pkg/signals"
)

// schema is the shipped schema, ready to judge lines.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile("../../docs/log.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLinesFitTheSchema(t *testing.T) {
	s := schema(t)
	lines := append(logged(t, LogOptions{Level: event.Debug}), logged(t, LogOptions{Level: event.Debug, Sealed: true})...)
	c := encoder{run: "run-1", sealed: true}
	status := 0
	for _, f := range []*event.Fields{
		{Item: event.TextOf("caf\xe9"), Key: event.TextOf(strings.Repeat("x", 5000)), Argv: event.Texts([]string{"a\xff", "b"})},
		{Journal: &event.Journal{Version: 1, Header: "caf\xe9"}, Digest: event.Digest{1}, Was: event.WasFailed, Held: true, Records: []event.Whole{"a", "b\xff"}},
		{Status: &status, Counts: &event.Counts{Read: 3}, Wall: 1, RateFrom: 0.5, Running: 3},
	} {
		line, err := c.line(signals.Event{Name: event.RunFinished, Value: f})
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
	}
	for _, text := range lines {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(v); err != nil {
			t.Errorf("%s\n%v", text, err)
		}
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &line); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]any{"weather": "rain", "n": -1, "level": "loud", "seq": "one"} {
		bad := map[string]any{name: value}
		for k, v := range line {
			if k != name {
				bad[k] = v
			}
		}
		if s.Validate(bad) == nil {
			t.Errorf("a line with %s %v fits the schema", name, value)
		}
	}
}
