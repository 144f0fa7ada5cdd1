package signals

import (
	"context"
	"log/slog"
	"slices"
)

// Handler returns a slog.Handler that raises an event for each record and passes the record on to
// next, if that is not nil. The event is named "log.debug", "log.info", "log.warn" or "log.error",
// where levels in between count as the lower one, with the groups of the logger appended:
// "log.warn.http.client". Its Value is the [slog.Record], including the logger's own attributes and
// groups.
//
// A record that neither a listener nor next wants is not even built. The sink sees the record
// whatever the level of next is. A subscriber must not log to the same sink: it would be called
// again for what it logs.
func Handler(s *Sink, next slog.Handler) slog.Handler {
	h := &handler{sink: s, next: next}
	h.topics = h.resolve("")
	return h
}

type handler struct {
	sink   *Sink
	next   slog.Handler // nil: none
	path   string       // of groups: ".http.client"
	topics [4]*Topic    // by rank
	scopes []scope
}

// scope is one With or WithGroup of the logger: attributes, or the name of a group that
// holds all that follows.
type scope struct {
	attrs []slog.Attr
	group string
}

func rank(l slog.Level) int {
	switch {
	case l < slog.LevelInfo:
		return 0
	case l < slog.LevelWarn:
		return 1
	case l < slog.LevelError:
		return 2
	default:
		return 3
	}
}

func (h *handler) resolve(path string) (topics [4]*Topic) {
	for i, level := range [...]string{"debug", "info", "warn", "error"} {
		topics[i] = h.sink.Topic("log." + level + path)
	}
	return topics
}

func (h *handler) passes(ctx context.Context, l slog.Level) bool {
	return h.next != nil && h.next.Enabled(ctx, l)
}

func (h *handler) Enabled(ctx context.Context, l slog.Level) bool {
	return h.topics[rank(l)].Live() || h.passes(ctx, l)
}

func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	if t := h.topics[rank(r.Level)]; t.Live() {
		t.Raise("", h.complete(r))
	}
	if h.passes(ctx, r.Level) {
		return h.next.Handle(ctx, r)
	}
	return nil
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	inner := h.with(scope{attrs: attrs})
	if h.next != nil {
		inner.next = h.next.WithAttrs(attrs)
	}
	return inner
}

func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	inner := h.with(scope{group: name})
	inner.path = h.path + "." + name
	inner.topics = h.resolve(inner.path)
	if h.next != nil {
		inner.next = h.next.WithGroup(name)
	}
	return inner
}

func (h *handler) with(sc scope) *handler {
	inner := *h
	inner.scopes = append(slices.Clip(h.scopes), sc)
	return &inner
}

// complete returns the record with the scopes of the logger folded into it, from the
// innermost out.
func (h *handler) complete(r slog.Record) slog.Record {
	attrs := make([]slog.Attr, 0, r.NumAttrs())
	r.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, a)
		return true
	})
	for _, sc := range slices.Backward(h.scopes) {
		switch {
		case sc.group == "":
			attrs = slices.Concat(sc.attrs, attrs)
		case len(attrs) > 0:
			attrs = []slog.Attr{{Key: sc.group, Value: slog.GroupValue(attrs...)}}
		}
	}
	full := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	full.AddAttrs(attrs...)
	return full
}
