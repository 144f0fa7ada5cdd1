package main

import "github.com/mostlylucid/eph/pkg/signals"

// raises are ways in which a signal is raised.
func raises() []candidate {
	const (
		group = "raise"
		n     = 5_000_000
	)
	raise := func(sink *signals.Sink) func(int) {
		return func(n int) {
			for range n {
				sink.Raise("job.done", "item")
			}
		}
	}
	var unheard, heard signals.Sink
	heard.Subscribe(signals.MustCompile("job.*"), func(signals.Event) {})
	return []candidate{
		{group: group, name: "unheard", n: n, run: raise(&unheard), promise: 10},
		{group: group, name: "one subscriber", n: n, run: raise(&heard)},
		{group: group, name: "into a window", n: n, run: raise(signals.New(signals.Options{Window: 1024}))},
	}
}
