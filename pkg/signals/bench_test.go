package signals_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mostlylucid/eph/pkg/signals"
)

func BenchmarkRaise(b *testing.B) {
	ignore := func(signals.Event) {}
	subscribed := func(n int, pattern string, o signals.Options) *signals.Sink {
		s := signals.New(o)
		for range n {
			s.Subscribe(signals.MustCompile(pattern), ignore)
		}
		return s
	}
	for _, bb := range []struct {
		what string
		sink *signals.Sink
	}{
		{"unheard", &signals.Sink{}},
		{"window", signals.New(signals.Options{Window: 1024})},
		{"window,stamped", signals.New(signals.Options{Window: 1024, Stamp: true})},
		{"subscribers=1", subscribed(1, "job.*", signals.Options{})},
		{"subscribers=1,stamped", subscribed(1, "job.*", signals.Options{Stamp: true})},
		{"subscribers=10", subscribed(10, "job.*", signals.Options{})},
		{"others=10", subscribed(10, "run.*", signals.Options{})},
	} {
		b.Run(bb.what, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bb.sink.Raise("job.failed", "7")
			}
		})
	}
}

func BenchmarkRaiseParallel(b *testing.B) {
	s := signals.New(signals.Options{Window: 1024})
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			s.Raise("job.failed", "7")
		}
	})
}

func BenchmarkTopic(b *testing.B) {
	for _, others := range []int{0, 10} {
		b.Run(fmt.Sprint("others=", others), func(b *testing.B) {
			var s signals.Sink
			for range others {
				s.Subscribe(signals.MustCompile("run.*"), func(signals.Event) {})
			}
			s.Subscribe(signals.MustCompile("job.*"), func(signals.Event) {})
			topic := s.Topic("job.failed")
			b.ReportAllocs()
			for b.Loop() {
				topic.Raise("7", nil)
			}
		})
	}
	b.Run("unheard", func(b *testing.B) {
		var s signals.Sink
		topic := s.Topic("job.failed")
		for b.Loop() {
			topic.Raise("7", nil)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	const name = "backpressure.downstream.stdout"
	for _, pattern := range []string{name, "backpressure.*", "*.stdout", "back*down*out", "a.*,b.*,backpressure.*"} {
		p := signals.MustCompile(pattern)
		b.Run(pattern, func(b *testing.B) {
			for b.Loop() {
				p.Match(name)
			}
		})
	}
}

func BenchmarkCommand(b *testing.B) {
	const name, verb = "rate-limit:5s", "rate-limit"
	b.Run("command", func(b *testing.B) {
		for b.Loop() {
			signals.Command(name, verb)
		}
	})
	b.Run("scan", func(b *testing.B) { // the refused alternative: the verb anywhere
		for b.Loop() {
			if i := strings.Index(name, verb+":"); i >= 0 {
				_ = name[i+len(verb)+1:]
			}
		}
	})
}

func BenchmarkCondition(b *testing.B) {
	var s signals.Sink
	p := signals.MustCompile("backpressure.*")
	s.OnChange(p, func(bool) {})
	for i := range 1000 {
		s.Set("other", fmt.Sprint(i), 0)
	}
	b.Run("holds", func(b *testing.B) {
		for b.Loop() {
			s.Holds(p)
		}
	})
	b.Run("set+clear", func(b *testing.B) {
		for b.Loop() {
			s.Set("backpressure.disk", "", 0)
			s.Clear("backpressure.disk", "")
		}
	})
}
