package run

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/internal/job/jobtest"
	"github.com/mostlylucid/eph/pkg/signals"
)

// played is what a run with a fake runner left behind.
type played struct {
	Report
	Counts event.Counts
	Events []signals.Event
	Stdout string
	Stderr string
	Fake   *jobtest.Fake
}

// said returns the fields of all events of a name.
func (p *played) said(name string) (all []*event.Fields) {
	for _, e := range p.Events {
		if e.Name == name {
			all = append(all, e.Value.(*event.Fields))
		}
	}
	return all
}

// script is what each job of a test does: it is given the item, which is the last argument.
type script func(ctx context.Context, item string, c job.Command) (job.Result, string)

// play runs a plan on items with scripted jobs. Call it in a bubble. during, if it is not
// nil, runs beside the run.
func play(t *testing.T, p Plan, items []string, do script, during func(*Run)) *played {
	t.Helper()
	if p.Words == nil {
		p.Words = []string{"true", "{}"}
	}
	p.ShellPath = "/bin/sh"
	p.Jobs.Least = max(p.Jobs.Least, 1)
	p.Jobs.Most = max(p.Jobs.Least, p.Jobs.Most)
	p.KeyJobs, p.Window, p.Attempts = max(p.KeyJobs, 1), max(p.Window, 1), max(p.Attempts, 1)
	if p.Input.Blocks == nil {
		p.Input.Sources = []item.Source{{Values: items}}
	}
	dir := t.TempDir()
	file := func(name string) *os.File {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
	s := Streams{In: os.Stdin, Out: file("out"), Err: file("err")}
	r, err := Prepare(t.Context(), p, s)
	if err != nil {
		t.Fatalf("Prepare: %v", err)
	}
	fake := &jobtest.Fake{Play: func(ctx context.Context, c job.Command) (job.Result, string) {
		return do(ctx, c.Argv[len(c.Argv)-1], c)
	}}
	r.runner = fake
	res := &played{Fake: fake}
	var mu sync.Mutex
	r.sink.Subscribe(signals.MustCompile("*"), func(e signals.Event) {
		mu.Lock()
		defer mu.Unlock()
		res.Events = append(res.Events, e)
	})
	var beside sync.WaitGroup
	if during != nil {
		beside.Go(func() { during(r) })
	}
	res.Report = r.Execute(t.Context())
	beside.Wait()
	res.Counts = r.books.counts()
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	res.Stdout, res.Stderr = read("out"), read("err")
	res.check(t)
	return res
}

// check holds what every run has to keep: the books add up, every item ends in one event, and
// run.finished is the last one.
func (p *played) check(t *testing.T) {
	t.Helper()
	if c := p.Counts; c.Ended() != c.Read {
		t.Errorf("read %d, but %+v", c.Read, c)
	}
	ends := make(map[int64]int)
	for _, name := range []string{event.JobSucceeded, event.JobFailed, event.JobSkipped, event.JobCancelled} {
		for _, f := range p.said(name) {
			ends[f.Seq]++
		}
	}
	for seq, n := range ends {
		if n != 1 {
			t.Errorf("item %d ended %d times", seq, n)
		}
	}
	if int64(len(ends)) != p.Counts.Read {
		t.Errorf("%d items ended, %d were read", len(ends), p.Counts.Read)
	}
	if n := len(p.Events); p.Events[0].Name != event.RunStarted || p.Events[n-1].Name != event.RunFinished {
		t.Errorf("the log begins with %s and ends with %s", p.Events[0].Name, p.Events[n-1].Name)
	}
	if p.Status == fail.Succeeded && p.DieBy == 0 && p.Counts.Succeeded != p.Counts.Read && len(p.said(event.HaltTriggered)) == 0 && p.Counts.Skipped == 0 {
		t.Errorf("status 0 with %+v", p.Counts)
	}
}

func ok(context.Context, string, job.Command) (job.Result, string) { return job.Result{}, "" }

func exit(code int) job.Result { return job.Result{End: job.Exited, Code: code} }

// codes is a script of jobs that take a second and exit with the number that they are given.
func codes(ctx context.Context, text string, _ job.Command) (job.Result, string) {
	jobtest.Sleep(ctx, time.Second)
	if ctx.Err() != nil {
		return job.Result{}, ""
	}
	code, _ := strconv.Atoi(text)
	return exit(code), ""
}

func numbers(n int) (items []string) {
	for i := range n {
		items = append(items, strconv.Itoa(i+1))
	}
	return items
}

// TestStatus has a case for each way in which a run can end.
func TestStatus(t *testing.T) {
	must := func(h Halt, err error) Halt {
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	ends := func(text string) Ends {
		e, err := ParseEnds("--x", text)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	for _, c := range []struct {
		name   string
		plan   Plan
		items  []string
		do     script
		during func(*Run)
		want   fail.Status
		counts event.Counts
	}{
		{name: "all succeed", items: []string{"0", "0"}, counts: event.Counts{Read: 2, Succeeded: 2}},
		{name: "no item", counts: event.Counts{}},
		{name: "no item, which is a failure", plan: Plan{Empty: EmptyFail}, want: fail.NoItem},
		{name: "no item, run once", plan: Plan{Empty: EmptyRun}, do: ok, counts: event.Counts{Read: 1, Succeeded: 1}},
		{name: "one fails", items: []string{"0", "1", "0"}, want: fail.JobsFailed, counts: event.Counts{Read: 3, Succeeded: 2, Failed: 1}},
		{name: "255 is a failure like others", items: []string{"255", "0"}, want: fail.JobsFailed, counts: event.Counts{Read: 2, Succeeded: 1, Failed: 1}},
		{
			name: "255 is fatal if told so", plan: Plan{FatalOn: ends("255")}, items: []string{"255", "0", "0"},
			want: fail.JobsFailed, counts: event.Counts{Read: 3, Failed: 1, Cancelled: 2},
		},
		{name: "a code that counts as success", plan: Plan{OKOn: ends("1..3")}, items: []string{"0", "3"}, counts: event.Counts{Read: 2, Succeeded: 2}},
		{
			name: "timeout", plan: Plan{Timeout: time.Millisecond}, items: []string{"0"},
			want: fail.JobsFailed, counts: event.Counts{Read: 1, Failed: 1},
		},
		{
			name: "killed by a signal", items: []string{"x"},
			do: func(context.Context, string, job.Command) (job.Result, string) {
				return job.Result{End: job.Signalled, Signal: syscall.SIGSEGV}, ""
			},
			want: fail.JobsFailed, counts: event.Counts{Read: 1, Failed: 1},
		},
		{
			name: "cannot start", items: []string{"x"},
			do: func(context.Context, string, job.Command) (job.Result, string) {
				return job.Result{End: job.NotStarted, Err: syscall.E2BIG}, ""
			},
			want: fail.JobsFailed, counts: event.Counts{Read: 1, Failed: 1},
		},
		{
			name: "output cannot be delivered", items: []string{"x", "y"},
			do: func(context.Context, string, job.Command) (job.Result, string) {
				time.Sleep(time.Second) // by then both are read
				return job.Result{End: job.Exited, Err: syscall.ENOSPC}, ""
			},
			want: fail.Broken, counts: event.Counts{Read: 2, Failed: 1, Cancelled: 1},
		},
		{
			name: "deadline", plan: Plan{Deadline: 1500 * time.Millisecond, Window: 10}, items: []string{"0", "0", "0"},
			want: fail.Unrun, counts: event.Counts{Read: 3, Succeeded: 1, Cancelled: 2, Interrupted: 1},
		},
		{
			name: "drain", plan: Plan{Window: 10}, items: []string{"0", "0", "0"},
			during: func(r *Run) { time.Sleep(1500 * time.Millisecond); r.Hangup() },
			want:   fail.Unrun, counts: event.Counts{Read: 3, Succeeded: 2, Cancelled: 1},
		},
		{
			name: "halt soon at a failure", plan: Plan{Window: 10, Halt: must(ParseHalt("soon,fail=1"))}, items: []string{"0", "1", "0"},
			want: fail.JobsFailed, counts: event.Counts{Read: 3, Succeeded: 1, Failed: 1, Cancelled: 1},
		},
		{
			name: "halt at a goal", plan: Plan{Window: 10, Halt: must(ParseHalt("now,success=1"))}, items: []string{"1", "0", "0"},
			want: fail.Succeeded, counts: event.Counts{Read: 3, Succeeded: 1, Failed: 1, Cancelled: 1},
		},
		{
			name: "too many failures", plan: Plan{Window: 10, MaxFails: Amount{N: 1}, MaxFailsSet: true}, items: []string{"1", "1", "0", "0"},
			want: fail.JobsFailed, counts: event.Counts{Read: 4, Failed: 2, Cancelled: 2},
		},
		{
			name: "as many failures as are borne", plan: Plan{MaxFails: Amount{N: 1}, MaxFailsSet: true}, items: []string{"1", "0"},
			want: fail.JobsFailed, counts: event.Counts{Read: 2, Succeeded: 1, Failed: 1},
		},
		{
			name: "a column that is missing", plan: Plan{Words: []string{"true", "{2}"}}, items: []string{"x"}, do: ok,
			want: fail.Broken, counts: event.Counts{Read: 1, Failed: 1},
		},
		{
			name: "a priority that is not a number", plan: Plan{Priority: "{}"}, items: []string{"3", "x"}, do: ok,
			want: fail.Broken, counts: event.Counts{Read: 2, Succeeded: 1, Failed: 1},
		},
		{
			name: "a lane that is not there", plan: Plan{Lane: "{}", Lanes: []Lane{{Name: "a"}}}, items: []string{"a", "b"}, do: ok,
			want: fail.Broken, counts: event.Counts{Read: 2, Succeeded: 1, Failed: 1},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if c.do == nil {
					c.do = codes
				}
				got := play(t, c.plan, c.items, c.do, c.during)
				if got.Status != c.want || got.Counts != c.counts {
					t.Errorf("status %d, %+v (%v), want %d, %+v", got.Status, got.Counts, got.Err, c.want, c.counts)
				}
			})
		})
	}
}

func TestRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var mu sync.Mutex
		starts := make(map[string][]time.Duration)
		got := play(t, Plan{Key: "k", Attempts: 3, RetryDelay: time.Second, RetryMaxDelay: time.Minute}, []string{"a", "b"},
			func(ctx context.Context, text string, c job.Command) (job.Result, string) {
				mu.Lock()
				defer mu.Unlock()
				starts[text] = append(starts[text], time.Since(began))
				if text == "a" && len(starts[text]) < 3 {
					return exit(75), "garbage\n"
				}
				return exit(0), text + " done\n"
			}, nil)
		if got.Counts != (event.Counts{Read: 2, Succeeded: 2, Retried: 2}) {
			t.Errorf("%+v", got.Counts)
		}
		// b waits for its key, which a holds through its pauses of one and two seconds.
		if want := "map[a:[0s 1s 3s] b:[3s]]"; fmt.Sprint(starts) != want {
			t.Errorf("starts are %v, want %s", starts, want)
		}
		if want := "a done\nb done\n"; got.Stdout != want {
			t.Errorf("stdout is %q, want %q: only the last attempt counts", got.Stdout, want)
		}
		if n := len(got.said(event.JobAttemptFailed)); n != 2 {
			t.Errorf("%d attempts failed, want 2", n)
		}
	})
}

func TestRetryOn(t *testing.T) {
	for _, c := range []struct {
		on, notOn string
		code      int
		attempts  int
	}{
		{"", "", 1, 3},
		{"75", "", 75, 3},
		{"75", "", 1, 1},
		{"1..9,timeout", "", 9, 3},
		{"", "2", 2, 1},
		{"any", "2", 2, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := Plan{Attempts: 3}
			var err1, err2 error
			if c.on != "" {
				p.RetryOn, err1 = ParseEnds("--retry-on", c.on)
			}
			if c.notOn != "" {
				p.NoRetryOn, err2 = ParseEnds("--no-retry-on", c.notOn)
			}
			if err := errors.Join(err1, err2); err != nil {
				t.Fatal(err)
			}
			got := play(t, p, []string{strconv.Itoa(c.code)}, codes, nil)
			if n := len(got.Fake.Commands()); n != c.attempts {
				t.Errorf("--retry-on %q --no-retry-on %q: exit %d had %d attempts, want %d", c.on, c.notOn, c.code, n, c.attempts)
			}
		})
	}
}

// TestFailedBeforeDrain: an item that failed and was to be tried again is no item left unrun.
func TestFailedBeforeDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := play(t, Plan{Attempts: 2, RetryDelay: time.Hour, RetryMaxDelay: time.Hour}, []string{"1"}, codes,
			func(r *Run) { time.Sleep(time.Minute); r.Hangup() })
		if got.Status != fail.JobsFailed || got.Counts.Failed != 1 {
			t.Errorf("status %d, %+v, want %d and one failed", got.Status, got.Counts, fail.JobsFailed)
		}
	})
}

// TestKilledIsNotFailed holds that a job which eph did not start any more was left unrun, so that a
// run which goes on with this one runs it.
func TestKilledIsNotFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := play(t, Plan{Attempts: 3}, []string{"a", "b"}, func(_ context.Context, _ string, _ job.Command) (job.Result, string) {
			return job.Result{End: job.NotStarted, Err: job.ErrKilled}, ""
		}, nil)
		if got.Counts.Cancelled != 2 || got.Counts.Failed != 0 || got.Counts.Retried != 0 {
			t.Errorf("counts = %+v, want 2 cancelled", got.Counts)
		}
	})
}

func TestKeyFail(t *testing.T) {
	items := []string{"a 0", "a 1", "a 0", "b 0", "a 0", "b 0"}
	plan := func(k KeyFail) Plan {
		p := Plan{Key: "{1}", KeyFail: k, Jobs: Jobs{Least: 4, Most: 4}, Window: 10, Words: []string{"true", "{1}", "{2}"}}
		p.Input.ColSep = mustRegexp(" ")
		return p
	}
	for _, c := range []struct {
		how    KeyFail
		counts event.Counts
	}{
		{KeyContinue, event.Counts{Read: 6, Succeeded: 5, Failed: 1}},
		{KeySkip, event.Counts{Read: 6, Succeeded: 3, Failed: 1, Skipped: 2}},
		{KeyHalt, event.Counts{Read: 6, Succeeded: 3, Failed: 1, Cancelled: 2}},
	} {
		synctest.Test(t, func(t *testing.T) {
			got := play(t, plan(c.how), items, codes, nil)
			if got.Counts != c.counts || got.Status != fail.JobsFailed {
				t.Errorf("key-fail %d: status %d, %+v, want %+v", c.how, got.Status, got.Counts, c.counts)
			}
		})
	}
}

func TestUrgency(t *testing.T) {
	for _, c := range []struct {
		name  string
		plan  Plan
		items []string
		want  string
	}{
		{"priority", Plan{Priority: "{}"}, []string{"1", "3", "2", "5", "4"}, "1 5 4 3 2"},
		{"lanes", Plan{Lane: "{}", Lanes: []Lane{{Name: "a"}, {Name: "b"}}}, []string{"b", "b", "a", "b", "a"}, "b a a b b"},
		{"order of input", Plan{}, []string{"1", "3", "2"}, "1 3 2"},
	} {
		synctest.Test(t, func(t *testing.T) {
			c.plan.Window = 10
			got := play(t, c.plan, c.items, func(ctx context.Context, _ string, _ job.Command) (job.Result, string) {
				jobtest.Sleep(ctx, time.Second)
				return job.Result{}, ""
			}, nil)
			var order []string
			for _, cmd := range got.Fake.Commands() {
				order = append(order, cmd.Argv[1])
			}
			if s := strings.Join(order, " "); s != c.want {
				t.Errorf("%s: started %s, want %s", c.name, s, c.want)
			}
		})
	}
}

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		play(t, Plan{Jobs: Jobs{Least: 10, Most: 10}, Window: 10, Delay: time.Second}, numbers(5), ok, nil)
		if took := time.Since(began); took != 4*time.Second {
			t.Errorf("five starts a second apart took %v", took)
		}
	})
}

// TestReadsNoFurtherThanTheWindow: what is held is bounded, also when the output of a slow
// first job keeps everything behind it.
func TestReadsNoFurtherThanTheWindow(t *testing.T) {
	for _, keep := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p := Plan{Jobs: Jobs{Least: 2, Most: 2}, Window: 5}
			p.Output.KeepOrder = keep
			var ahead int64
			got := play(t, p, numbers(100), func(ctx context.Context, text string, _ job.Command) (job.Result, string) {
				if text == "1" || !keep {
					jobtest.Sleep(ctx, time.Hour)
				}
				return job.Result{}, text + "\n"
			}, func(r *Run) {
				time.Sleep(time.Minute)
				ahead = r.books.counts().Read
			})
			if most := int64(5 + 2 + 1); ahead > most {
				t.Errorf("keep order %v: %d items were read while the first ones ran, want at most %d", keep, ahead, most)
			}
			if got.Counts.Succeeded != 100 {
				t.Errorf("%+v", got.Counts)
			}
			if want := strings.Join(numbers(100), "\n") + "\n"; keep && got.Stdout != want {
				t.Errorf("stdout is not in order: %.80q", got.Stdout)
			}
		})
	}
}

func TestTotal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := play(t, Plan{Words: []string{"true", "{#}/{@total}"}}, []string{"a", "b"}, ok, nil)
		if s := got.Fake.Commands()[1].Argv[1]; s != "2/2" {
			t.Errorf("{#}/{@total} is %s, want 2/2", s)
		}
	})
}

func TestEnvironment(t *testing.T) {
	t.Setenv("EPH_SLOT", "of another run")
	t.Setenv("__eph1", "would be exported")
	synctest.Test(t, func(t *testing.T) {
		p := Plan{Key: "k{}", Attempts: 2, Env: []Assignment{{"OUT", "{}.out"}}}
		got := play(t, p, []string{"a"}, ok, nil)
		env := strings.Join(got.Fake.Commands()[0].Env, "\n") + "\n"
		for _, want := range []string{"EPH_ITEM=a\n", "EPH_SEQ=1\n", "EPH_SLOT=1\n", "EPH_KEY=ka\n", "EPH_ATTEMPT=1\n", "EPH_MAX_ATTEMPTS=2\n", "OUT=a.out\n"} {
			if !strings.Contains(env, want) {
				t.Errorf("the environment lacks %q", want)
			}
		}
		for _, bad := range []string{"__eph1", "of another run"} {
			if strings.Contains(env, bad) {
				t.Errorf("the environment holds %q", bad)
			}
		}
	})
}

// TestBooksAddUp plays random runs that are interrupted, drained, halted and retried at
// random, and holds what check holds, and the order of every key.
func TestBooksAddUp(t *testing.T) {
	for seed := range uint64(150) {
		rng := rand.New(rand.NewPCG(seed, 0))
		p := Plan{
			Jobs: Jobs{Least: 1 + rng.IntN(8)}, Window: 1 + rng.IntN(20), Attempts: 1 + rng.IntN(4),
			RetryDelay: time.Duration(rng.IntN(3)) * time.Second, RetryMaxDelay: time.Minute, RetryJitter: rng.Float64(),
			KeyFail: KeyFail(rng.IntN(3)), Key: "{1}", Words: []string{"true", "{1}", "{2}"},
		}
		p.Input.ColSep = mustRegexp(" ")
		p.Output.KeepOrder = rng.IntN(2) == 0
		if rng.IntN(3) == 0 {
			p.Timeout = time.Duration(1+rng.IntN(5)) * time.Second
		}
		if rng.IntN(4) == 0 {
			p.Deadline = time.Duration(1+rng.IntN(60)) * time.Second
		}
		if rng.IntN(4) == 0 {
			p.Halt = Halt{Now: rng.IntN(2) == 0, What: Count(1 + rng.IntN(3)), At: Amount{N: 1 + rng.IntN(20)}}
		}
		stopAfter := time.Duration(rng.IntN(200)) * time.Second
		how := rng.IntN(4)
		var items []string
		for i := range 120 {
			items = append(items, fmt.Sprintf("k%d %d", rng.IntN(10), i))
		}
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			running := make(map[string]bool)
			last := make(map[string]int)
			play(t, p, items, func(ctx context.Context, text string, c job.Command) (job.Result, string) {
				key := c.Argv[1]
				n, _ := strconv.Atoi(text)
				mu.Lock()
				if running[key] {
					t.Errorf("seed %d: two jobs of %s at once", seed, key)
				}
				if n < last[key] {
					t.Errorf("seed %d: %s started %d after %d", seed, key, n, last[key])
				}
				running[key], last[key] = true, n
				sleep, code := time.Duration(rng.IntN(4000))*time.Millisecond, rng.IntN(3)/2
				mu.Unlock()
				jobtest.Sleep(ctx, sleep)
				mu.Lock()
				running[key] = false
				mu.Unlock()
				if ctx.Err() != nil {
					return job.Result{}, ""
				}
				return exit(code), text + "\n"
			}, func(r *Run) {
				time.Sleep(stopAfter)
				switch how {
				case 0:
					r.Interrupt(syscall.SIGINT)
				case 1:
					r.Hangup()
				case 2:
					r.AddSlots(2)
					time.Sleep(time.Second)
					r.AddSlots(-9)
				}
			})
		})
		if t.Failed() {
			t.Fatalf("seed %d: %+v", seed, p)
		}
	}
}

// TestHoldsFewBytes: the window counts items, and items can be large.
func TestHoldsFewBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var items []string
		for range 100 {
			items = append(items, strings.Repeat("x", 1<<20))
		}
		var ahead int64
		got := play(t, Plan{Window: 100}, items, func(ctx context.Context, _ string, _ job.Command) (job.Result, string) {
			jobtest.Sleep(ctx, time.Hour)
			return job.Result{}, ""
		}, func(r *Run) {
			time.Sleep(time.Minute)
			ahead = r.books.counts().Read
		})
		if most := int64(mostHeld>>20) + 1; ahead > most {
			t.Errorf("%d items of 1 MiB were read while the first one ran, want at most %d", ahead, most)
		}
		if got.Counts.Succeeded != 100 {
			t.Errorf("%+v", got.Counts)
		}
	})
}

// TestProgressInBackground: who has the terminal is not drawn over, and the bar comes back with it.
func TestProgressInBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var sizes []int64
		play(t, Plan{Progress: Progress{
			Kind: ProgressBar, Columns: func() int { return 80 },
			Foreground: func(context.Context) bool { d := time.Since(began); return d < 2*time.Second || d > 5*time.Second },
		}}, []string{"a"}, func(ctx context.Context, _ string, _ job.Command) (job.Result, string) {
			jobtest.Sleep(ctx, 7*time.Second)
			return job.Result{}, ""
		}, func(r *Run) {
			for _, at := range []time.Duration{100, 1900, 2200, 4900, 6900} {
				time.Sleep(time.Until(began.Add(at * time.Millisecond)))
				synctest.Wait()
				st, err := r.streams.Err.Stat()
				if err != nil {
					t.Error(err)
				}
				sizes = append(sizes, st.Size())
			}
		})
		if sizes[0] != 0 || sizes[1] == 0 || sizes[3] != sizes[2] || sizes[4] == sizes[3] {
			t.Errorf("written by 0.1, 1.9, 2.2, 4.9 and 6.9 seconds: %d bytes; want none, some, as many before and after 2.2 to 4.9, more", sizes)
		}
	})
}

// TestInterrupted: of the items that the end of the run cancels, those that had started are told
// apart from those that had not.
func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := play(t, Plan{Jobs: Jobs{Most: 2, Least: 2}, Deadline: time.Second, Window: 10}, []string{"a", "b", "c", "d", "e"}, func(ctx context.Context, item string, _ job.Command) (job.Result, string) {
			if item != "a" {
				jobtest.Sleep(ctx, time.Hour)
			}
			return job.Result{}, ""
		}, nil)
		if c := p.Counts; c.Succeeded != 1 || c.Cancelled != 4 || c.Interrupted != 2 {
			t.Errorf("%+v, want 1 succeeded and 4 cancelled, of which 2 interrupted", c)
		}
	})
}

// TestWhy: the bar says what ends the run, and the summary what has ended it.
func TestWhy(t *testing.T) {
	for _, tt := range []struct {
		e           ending
		live, after string
	}{
		{ending{reason: event.ReasonDeadline, now: true}, "stopping (the deadline of 1s was over)", "the deadline of 1s was over"},
		{ending{reason: event.ReasonStopped, signal: syscall.SIGTERM}, "stopping: another SIGTERM kills the jobs", "stopped by SIGTERM"},
		{ending{reason: event.ReasonStopped, signal: syscall.SIGINT}, "stopping: ^C again kills the jobs", "stopped by SIGINT"},
		{ending{reason: event.ReasonDrain, detail: byCtl}, "draining (eph ctl drain)", "drained by eph ctl"},
		{ending{reason: event.ReasonDrain, detail: byHangup, signal: syscall.SIGINT}, "stopping: ^C again kills the jobs", "drained by SIGHUP, then stopped by SIGINT"},
		{ending{reason: event.ReasonDrain, detail: "context"}, "draining", "drained"},
		{ending{reason: event.ReasonHalt, detail: "-F: 1 of 2 failed"}, "draining (-F: 1 of 2 failed)", "-F: 1 of 2 failed"},
	} {
		if live, after := tt.e.under(time.Second), tt.e.why(time.Second); live != tt.live || after != tt.after {
			t.Errorf("%+v: %q and %q, want %q and %q", tt.e, live, after, tt.live, tt.after)
		}
	}
}
