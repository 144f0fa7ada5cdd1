//go:build !race

package signals_test

import (
	"testing"
	"time"

	"github.com/mostlylucid/eph/pkg/signals"
)

// TestAllocations holds what a raiser pays for in bytes. The race detector adds its own.
func TestAllocations(t *testing.T) {
	ignore := func(signals.Event) {}
	var unheard signals.Sink
	var heard signals.Sink
	heard.Subscribe(signals.MustCompile("job.*"), ignore)
	window := signals.New(signals.Options{Window: 4, Stamp: true})
	cause := signals.Event{Name: "job.a"}
	for range 4 {
		window.Raise("fill", "")
	}
	topic, silent := heard.Topic("job.failed"), unheard.Topic("job.failed")
	counter := heard.Counter(signals.MustCompile("job.*"), time.Minute, 10)
	pattern := signals.MustCompile("a*b?c,*.x,y.*")
	var set signals.Sink
	set.OnChange(pattern, func(bool) {})
	for _, tt := range []struct {
		what string
		want float64
		do   func()
	}{
		{"Raise unheard", 0, func() { unheard.Raise("job.failed", "7") }},
		{"Raise of another name", 0, func() { heard.Raise("run.failed", "7") }},
		{"Raise to a subscriber", 0, func() { heard.Raise("job.failed", "7") }},
		{"Raise into a window", 0, func() { window.Raise("job.failed", "7") }},
		{"Emit", 0, func() { heard.Emit(signals.Event{Name: "job.failed", Op: 4}) }},
		{"Follow", 1, func() { heard.Follow(cause, "job.b", "") }},
		{"Topic.Raise", 0, func() { topic.Raise("7", nil) }},
		{"Topic.Raise unheard", 0, func() { silent.Raise("7", nil) }},
		{"Counter.Count", 0, func() { counter.Count() }},
		{"Match", 0, func() { pattern.Match("axxxbxbxxc") }},
		{"Command", 0, func() { _, _ = signals.Command("rate-limit:5s", "rate-limit") }},
		{"Holds", 0, func() { set.Holds(pattern) }},
	} {
		if got := testing.AllocsPerRun(100, tt.do); got > tt.want {
			t.Errorf("%s: %v allocations, want %v", tt.what, got, tt.want)
		}
	}
}
