package signals_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/mostlylucid/eph/pkg/signals"
)

func TestTopic(t *testing.T) {
	var s signals.Sink
	topic := s.Topic("job.failed")
	if topic.Name() != "job.failed" || topic.Live() {
		t.Errorf("a new topic is %q, live %v", topic.Name(), topic.Live())
	}
	var seen []string
	note := func(who string) func(signals.Event) {
		return func(e signals.Event) { seen = append(seen, fmt.Sprint(who, " ", e.Name, " ", e.Key, " ", e.Value)) }
	}
	topic.Raise("0", nil)
	cancelA := s.Subscribe(signals.MustCompile("job.*"), note("a"))
	s.Subscribe(signals.MustCompile("run.*"), note("other"))
	topic.Raise("1", "x")
	s.Subscribe(signals.MustCompile("*.failed"), note("b"))
	topic.Raise("2", nil)
	cancelA()
	topic.Raise("3", nil)
	expect(t, "seen", seen, "a job.failed 1 x", "a job.failed 2 <nil>", "b job.failed 2 <nil>", "b job.failed 3 <nil>")
	if !topic.Live() || s.Topic("nobody").Live() {
		t.Error("Live is wrong")
	}
}

func TestTopicInWindow(t *testing.T) {
	s := signals.New(signals.Options{Window: 1})
	topic := s.Topic("a")
	if !topic.Live() {
		t.Error("Live() = false with a window, want true")
	}
	topic.Raise("k", 1)
	if events, _ := s.Since(0); len(events) != 1 || events[0].Key != "k" || events[0].Value != 1 {
		t.Errorf("Since(0) = %+v, want the raised event", events)
	}
}

// TestTopicFollowsSubscriptions raises from several goroutines while subscriptions change:
// whoever subscribed before a raise is among its receivers.
func TestTopicFollowsSubscriptions(t *testing.T) {
	var s signals.Sink
	topic := s.Topic("a")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 300 {
				own := new(int)
				heard := false
				stop := s.Subscribe(all, func(e signals.Event) {
					if e.Value == own {
						heard = true
					}
				})
				topic.Raise("", own)
				stop()
				if !heard {
					t.Error("a topic missed a subscription")
					return
				}
			}
		})
	}
	wg.Wait()
	if topic.Live() {
		t.Error("Live() = true after every stop, want false")
	}
}
