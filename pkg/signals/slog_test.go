package signals_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/slogtest"

	"github.com/mostlylucid/eph/pkg/signals"
)

// fields turns attributes into the nested maps that slogtest compares.
func fields(attrs []slog.Attr) map[string]any {
	m := map[string]any{}
	for _, a := range attrs {
		v := a.Value.Resolve()
		switch {
		case a.Equal(slog.Attr{}):
		case v.Kind() != slog.KindGroup:
			m[a.Key] = v.Any()
		case a.Key == "":
			for k, inner := range fields(v.Group()) {
				m[k] = inner
			}
		case len(v.Group()) > 0:
			m[a.Key] = fields(v.Group())
		}
	}
	return m
}

func recordFields(r slog.Record) map[string]any {
	var attrs []slog.Attr
	r.Attrs(func(a slog.Attr) bool { attrs = append(attrs, a); return true })
	m := fields(attrs)
	m[slog.LevelKey], m[slog.MessageKey] = r.Level, r.Message
	if !r.Time.IsZero() {
		m[slog.TimeKey] = r.Time
	}
	return m
}

func TestHandlerKeepsTheContract(t *testing.T) {
	var got map[string]any
	slogtest.Run(t, func(*testing.T) slog.Handler {
		var s signals.Sink
		s.Subscribe(all, func(e signals.Event) { got = recordFields(e.Value.(slog.Record)) })
		return signals.Handler(&s, nil)
	}, func(*testing.T) map[string]any { return got })
}

func TestHandlerNames(t *testing.T) {
	var s signals.Sink
	seen := names(&s, all)
	log := slog.New(signals.Handler(&s, nil))
	log.Debug("")
	log.Log(t.Context(), slog.LevelInfo+1, "")
	log.WithGroup("http").With("a", 1).WithGroup("client").WithGroup("").With().Warn("")
	log.Error("")
	log.Log(t.Context(), slog.LevelError+5, "")
	log.Log(t.Context(), slog.LevelDebug-5, "")
	expect(t, "names", *seen, "log.debug", "log.info", "log.warn.http.client", "log.error", "log.error", "log.debug")
}

func TestHandlerPassesOn(t *testing.T) {
	var s signals.Sink
	var out bytes.Buffer
	drop := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	next := slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: drop})
	h := signals.Handler(&s, next)
	log := slog.New(h)
	if h.Enabled(t.Context(), slog.LevelInfo) || !h.Enabled(t.Context(), slog.LevelWarn) {
		t.Error("with no listener, Enabled is not that of next")
	}
	seen := names(&s, signals.MustCompile("log.info.*"))
	log.Info("not wanted")
	log.With("a", 1).WithGroup("g").Info("for the sink", "b", 2)
	log.With("a", 1).WithGroup("g").Warn("for next", "b", 2)
	expect(t, "seen", *seen, "log.info.g")
	expect(t, "written", strings.Split(out.String(), "\n"), `level=WARN msg="for next" a=1 g.b=2`, "")
}

// TestHandlerSiblings checks that loggers made from one do not share what is added later.
func TestHandlerSiblings(t *testing.T) {
	var s signals.Sink
	var got []map[string]any
	s.Subscribe(all, func(e signals.Event) { got = append(got, recordFields(e.Value.(slog.Record))) })
	base := slog.New(signals.Handler(&s, nil)).With("a", 1).With("b", 2).With("c", 3)
	left, right := base.With("side", "left"), base.With("side", "right")
	left.InfoContext(context.Background(), "")
	right.Info("")
	if got[0]["side"] != "left" || got[1]["side"] != "right" {
		t.Errorf("records are %v", got)
	}
}
