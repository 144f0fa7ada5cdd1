package signals_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mostlylucid/eph/pkg/signals"
)

func raiseAll(s *signals.Sink, names ...string) {
	for _, n := range names {
		s.Raise(n, "")
	}
}

func seqs(events []signals.Event) (all []uint64) {
	for _, e := range events {
		all = append(all, e.Seq)
	}
	return all
}

func TestRecent(t *testing.T) {
	s := signals.New(signals.Options{Window: 3})
	recent := func(pattern string) (got []string) {
		for e := range s.Recent(signals.MustCompile(pattern)) {
			got = append(got, fmt.Sprint(e.Name, e.Seq))
		}
		return got
	}
	expect(t, "empty", recent("*"))
	raiseAll(s, "a", "b")
	expect(t, "partly full", recent("*"), "b2", "a1")
	raiseAll(s, "a", "c", "a")
	expect(t, "full", recent("*"), "a5", "c4", "a3")
	expect(t, "matching", recent("a"), "a5", "a3")
	for e := range s.Recent(all) { // the loop may use the sink, and may stop
		s.Raise("again", e.Name)
		break
	}
	expect(t, "after a loop that raises", recent("*"), "again6", "a5", "c4")
}

func TestSince(t *testing.T) {
	for size := 1; size <= 4; size++ {
		for raised := range 10 {
			s := signals.New(signals.Options{Window: size})
			for range raised {
				s.Raise("a", "")
			}
			for from := range raised + 2 {
				events, lost := s.Since(uint64(from))
				oldest := max(raised-size, 0)
				wantLost := max(oldest-from, 0)
				var want []uint64
				for q := max(oldest, from) + 1; q <= raised; q++ {
					want = append(want, uint64(q))
				}
				if fmt.Sprint(seqs(events)) != fmt.Sprint(want) || lost != uint64(wantLost) {
					t.Errorf("window %d, %d raised: Since(%d) = %v, %d, want %v, %d",
						size, raised, from, seqs(events), lost, want, wantLost)
				}
			}
		}
	}
}

func TestID(t *testing.T) {
	a, b := signals.New(signals.Options{Window: 1}), signals.New(signals.Options{Window: 1})
	id, again := a.ID(), a.ID()
	if id == 0 || again != id || b.ID() == id {
		t.Errorf("the IDs of two sinks are %d, then %d, and %d", id, again, b.ID())
	}
	if id := signals.New(signals.Options{}).ID(); id != 0 {
		t.Errorf("the ID of a sink without a window is %d, want 0", id)
	}
}

func TestNoWindow(t *testing.T) {
	var s signals.Sink
	s.Raise("a", "")
	if events, lost := s.Since(0); events != nil || lost != 0 {
		t.Errorf("Since(0) = %v, %d, want nothing", events, lost)
	}
	for e := range s.Recent(all) {
		t.Errorf("Recent yields %+v, want nothing", e)
	}
}

func TestMaxAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := signals.New(signals.Options{Window: 10, MaxAge: 2 * time.Second})
		s.Raise("a", "")
		time.Sleep(time.Second)
		s.Raise("b", "")
		time.Sleep(time.Second) // a is as old as may be
		if events, lost := s.Since(0); len(events) != 2 || lost != 0 {
			t.Errorf("Since(0) = %v, %d, want 2 events", events, lost)
		}
		time.Sleep(time.Nanosecond)
		if events, lost := s.Since(0); len(events) != 1 || events[0].Name != "b" || lost != 1 {
			t.Errorf("Since(0) = %v, %d, want b, 1", events, lost)
		}
		time.Sleep(time.Second)
		if events, lost := s.Since(0); len(events) != 0 || lost != 2 {
			t.Errorf("Since(0) = %v, %d, want none, 2", events, lost)
		}
	})
}

// TestSetWindow holds a window that changes its size to the last events of each.
func TestSetWindow(t *testing.T) {
	for from := range 5 {
		for raised := range 8 {
			for to := 1; to < 8; to++ {
				s := signals.New(signals.Options{Window: from})
				var last []uint64
				seq := uint64(0)
				raise := func(n, size int) {
					for range n {
						s.Raise("a", "")
						if size > 0 {
							seq++
							last = append(last, seq)
						}
						last = last[max(len(last)-size, 0):]
					}
				}
				raise(raised, from)
				id := s.ID()
				s.SetWindow(to, 0)
				last = last[max(len(last)-to, 0):]
				for range 2 {
					events, lost := s.Since(0)
					if fmt.Sprint(seqs(events)) != fmt.Sprint(last) || lost != seq-uint64(len(last)) {
						t.Errorf("%d in a window of %d, then %d: Since(0) = %v, %d, want %v", raised, from, to, seqs(events), lost, last)
					}
					raise(5, to)
				}
				if from > 0 && s.ID() != id || s.ID() == 0 {
					t.Errorf("the ID was %d and is %d", id, s.ID())
				}
			}
		}
	}
}

func TestSetWindowToNone(t *testing.T) {
	s := signals.New(signals.Options{Window: 2})
	raiseAll(s, "a", "b")
	s.SetWindow(0, 0)
	topic := s.Topic("c")
	if id, live := s.ID(), topic.Live(); id != 0 || live {
		t.Errorf("without a window: ID %d, live %v", id, live)
	}
	raiseAll(s, "c")
	s.SetWindow(2, 0)
	topic.Raise("", nil)
	if events, lost := s.Since(0); fmt.Sprint(seqs(events)) != "[1]" || lost != 0 {
		t.Errorf("in the new window: %v, %d lost", seqs(events), lost)
	}
}

func TestSetWindowAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := signals.New(signals.Options{Window: 10})
		s.Raise("a", "") // has no time
		s.SetWindow(10, time.Second)
		s.Raise("b", "")
		time.Sleep(time.Second)
		if events, lost := s.Since(0); len(events) != 1 || events[0].Name != "b" || lost != 1 {
			t.Errorf("Since(0) = %v, %d, want b, 1", events, lost)
		}
		s.SetWindow(10, 0)
		if events, lost := s.Since(0); len(events) != 2 || lost != 0 {
			t.Errorf("without an age: Since(0) = %v, %d, want both", events, lost)
		}
	})
}

// The clock of the next test counts calls and returns.
type interval struct{ call, ret int64 }

type raised struct {
	interval
	seq uint64
}

type snapshot struct {
	interval
	from   uint64
	events []uint64
	lost   uint64
}

// TestWindowIsLinearizable runs writers and readers at once and checks what each saw
// against one order, that of Seq.
func TestWindowIsLinearizable(t *testing.T) {
	const writers, each, readers, looks, size = 4, 250, 2, 150, 64
	s := signals.New(signals.Options{Window: size})
	s.Subscribe(all, func(e signals.Event) { e.Value.(*raised).seq = e.Seq })
	var clock atomic.Int64
	logs := make([][]*raised, writers)
	snapshots := make([][]snapshot, readers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for range each {
				r := &raised{}
				r.call = clock.Add(1)
				s.Emit(signals.Event{Name: "a", Value: r})
				r.ret = clock.Add(1)
				logs[w] = append(logs[w], r)
			}
		})
	}
	for r := range readers {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(r)))
			for range looks {
				var sn snapshot
				sn.from = random.Uint64N(writers * each)
				sn.call = clock.Add(1)
				events, lost := s.Since(sn.from)
				sn.ret = clock.Add(1)
				sn.events, sn.lost = seqs(events), lost
				snapshots[r] = append(snapshots[r], sn)
			}
		})
	}
	wg.Wait()

	bySeq := make([]*raised, writers*each+1)
	for _, log := range logs {
		for _, r := range log {
			if r.seq == 0 || r.seq >= uint64(len(bySeq)) || bySeq[r.seq] != nil {
				t.Fatalf("Seq %d is out of range or taken twice", r.seq)
			}
			bySeq[r.seq] = r
		}
	}
	order := bySeq[1:]
	for i, early := range order {
		for _, late := range order[i+1:] {
			if late.ret < early.call {
				t.Fatalf("Seq %d was given after Seq %d had returned", early.seq, late.seq)
			}
		}
	}
	for _, log := range snapshots {
		for _, sn := range log {
			checkSnapshot(t, sn, bySeq, size)
		}
	}
}

func checkSnapshot(t *testing.T, sn snapshot, bySeq []*raised, size int) {
	t.Helper()
	last := sn.from + sn.lost
	for _, seq := range sn.events {
		if seq != last+1 {
			t.Fatalf("Since(%d) = %v, %d: a gap before %d", sn.from, sn.events, sn.lost, seq)
		}
		last = seq
	}
	if sn.lost > 0 && len(sn.events) != size {
		t.Fatalf("Since(%d) lost %d with %d events in a window of %d", sn.from, sn.lost, len(sn.events), size)
	}
	for seq := sn.from + 1; seq < uint64(len(bySeq)); seq++ {
		r := bySeq[seq]
		if seq > last && r.ret < sn.call {
			t.Fatalf("Since(%d) ends at %d, but %d had returned before", sn.from, last, seq)
		}
		if seq <= last && r.call > sn.ret {
			t.Fatalf("Since(%d) saw %d before it was raised", sn.from, seq)
		}
	}
}

// TestSubscribeBeforeRecord subscribes when a raise has begun and is not in the window yet:
// it would be in no look back, so it has to be delivered.
func TestSubscribeBeforeRecord(t *testing.T) {
	s := signals.New(signals.Options{Window: 1})
	topic := s.Topic("a")
	for what, raise := range map[string]func(){
		"Raise":       func() { s.Raise("a", "") },
		"Topic.Raise": func() { topic.Raise("", nil) },
	} {
		var wg sync.WaitGroup
		seen := 0
		var stop func()
		s.HoldWindow(func() {
			wg.Go(raise)
			for range 1000 { // it comes as far as it can; if it does not, nothing is tested
				runtime.Gosched()
			}
			stop = s.Subscribe(all, func(signals.Event) { seen++ })
		})
		wg.Wait()
		stop()
		if seen != 1 {
			t.Errorf("%s: seen %d times, want once", what, seen)
		}
	}
}

// TestSubscribeThenSince checks that nothing falls between a subscription and a look back.
func TestSubscribeThenSince(t *testing.T) {
	for range 200 {
		s := signals.New(signals.Options{Window: 1000})
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for range 20 {
					s.Raise("a", "")
				}
			})
		}
		var mu sync.Mutex
		seen := map[uint64]bool{}
		s.Subscribe(all, func(e signals.Event) {
			mu.Lock()
			defer mu.Unlock()
			seen[e.Seq] = true
		})
		events, _ := s.Since(0)
		wg.Wait()
		for _, e := range events {
			seen[e.Seq] = true
		}
		if len(seen) != 40 {
			t.Fatalf("subscribing and looking back saw %d events, want 40", len(seen))
		}
	}
}
