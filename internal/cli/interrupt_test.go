package cli

import (
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// recorder is a run that writes down what it is told.
type recorder struct{ did []string }

func (r *recorder) Interrupt(s unix.Signal) { r.did = append(r.did, "interrupt "+unix.SignalName(s)) }
func (r *recorder) Kill()                   { r.did = append(r.did, "kill") }
func (r *recorder) Say(s string)            { r.did = append(r.did, s) }
func (r *recorder) Hangup()                 { r.did = append(r.did, "hangup") }
func (r *recorder) Suspend()                { r.did = append(r.did, "suspend") }
func (r *recorder) Resume()                 { r.did = append(r.did, "resume") }
func (r *recorder) AddSlots(n int) {
	r.did = append(r.did, map[int]string{1: "more", -1: "less"}[n])
}

func TestPass(t *testing.T) {
	const stop = "stop" // this process
	stopped := os.Signal(unix.Signal(0))
	for _, tt := range []struct {
		name    string
		signals []os.Signal // what stands behind stopped comes when this process has stopped
		want    []string
	}{
		{"one interrupt", []os.Signal{unix.SIGINT}, []string{"interrupt SIGINT"}},
		{"two", []os.Signal{unix.SIGTERM, unix.SIGTERM}, []string{"interrupt SIGTERM", "kill"}},
		{"two of two kinds", []os.Signal{unix.SIGQUIT, unix.SIGINT}, []string{"interrupt SIGQUIT", "kill"}},
		{"hangup, then interrupt", []os.Signal{unix.SIGHUP, unix.SIGINT}, []string{"hangup", "interrupt SIGINT"}},
		{"slots", []os.Signal{unix.SIGUSR1, unix.SIGUSR2, unix.SIGUSR1}, []string{"more", "less", "more"}},
		{"suspend", []os.Signal{unix.SIGTSTP, stopped, unix.SIGCONT}, []string{"suspend", stop, "resume"}},
		{"continue without suspend", []os.Signal{unix.SIGCONT}, nil},
		{"continue twice", []os.Signal{unix.SIGTSTP, stopped, unix.SIGCONT, unix.SIGCONT}, []string{"suspend", stop, "resume"}},
		{"continue before the stop", []os.Signal{unix.SIGTSTP, unix.SIGCONT}, []string{"suspend", "resume"}},
		{"suspend, end and continue before the stop", []os.Signal{unix.SIGTSTP, unix.SIGTERM, unix.SIGCONT}, []string{"suspend", "interrupt SIGTERM", "resume"}},
		{"suspend again", []os.Signal{unix.SIGTSTP, unix.SIGCONT, unix.SIGTSTP, stopped, unix.SIGCONT}, []string{"suspend", "resume", "suspend", stop, "resume"}},
	} {
		c := make(chan os.Signal, len(tt.signals))
		rest := tt.signals
		deliver := func() {
			for len(rest) > 0 && rest[0] != stopped {
				c <- rest[0]
				rest = rest[1:]
			}
			if len(rest) == 0 {
				close(c)
				return
			}
			rest = rest[1:]
		}
		deliver()
		var r recorder
		pass(c, &r, false, func() { r.did = append(r.did, stop); deliver() }, nil)
		if !slices.Equal(r.did, tt.want) {
			t.Errorf("%s: the run is told %q, want %q", tt.name, r.did, tt.want)
		}
	}
}

// TestGiveUp: a run that was told twice to end, and is held up by something, is left after a
// while; one that ends is not.
func TestGiveUp(t *testing.T) {
	for _, ends := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c := make(chan os.Signal)
			var gaveUp atomic.Int64
			var wg sync.WaitGroup
			wg.Go(func() { pass(c, &recorder{}, false, nil, func(s unix.Signal) { gaveUp.Store(int64(s)) }) })
			c <- unix.SIGTERM
			time.Sleep(time.Hour) // one signal waits for as long as it takes
			c <- unix.SIGINT
			if ends {
				close(c)
				wg.Wait()
			}
			time.Sleep(patience)
			synctest.Wait()
			want := unix.SIGINT
			if ends {
				want = 0
			}
			if got := unix.Signal(gaveUp.Load()); got != want {
				t.Errorf("run ends %v: left by %v, want %v", ends, got, want)
			}
			if !ends {
				close(c)
				wg.Wait()
			}
		})
	}
}

// TestHint holds that only the first ^C says what a second one does.
func TestHint(t *testing.T) {
	for _, tt := range []struct {
		signals []os.Signal
		want    int
	}{
		{[]os.Signal{unix.SIGINT, unix.SIGINT}, 1},
		{[]os.Signal{unix.SIGTERM, unix.SIGINT}, 0},
	} {
		c := make(chan os.Signal, 2)
		c <- tt.signals[0]
		c <- tt.signals[1]
		close(c)
		var r recorder
		pass(c, &r, true, nil, nil)
		if got := len(slices.DeleteFunc(r.did, func(s string) bool { return !strings.Contains(s, "^C again kills them") })); got != tt.want {
			t.Errorf("%v: %d hints, want %d", tt.signals, got, tt.want)
		}
	}
}

// TestWatch sends real signals to this process, one of which was ignored.
func TestWatch(t *testing.T) {
	signal.Ignore(unix.SIGHUP)
	defer signal.Reset(unix.SIGHUP)
	told := make(chan string, 1)
	stop := watch(&telling{told: told}, watched, false, nil, nil)
	for _, s := range []unix.Signal{unix.SIGHUP, unix.SIGUSR1} {
		if err := unix.Kill(unix.Getpid(), s); err != nil {
			t.Fatal(err)
		}
	}
	if got := <-told; got != "slots" {
		t.Errorf("the run is told %s first, want slots: the hangup was ignored", got)
	}
	stop()
}

// telling is a run that tells of a hangup and of slots.
type telling struct {
	recorder
	told chan<- string
}

func (t *telling) Hangup()      { t.told <- "hangup" }
func (t *telling) AddSlots(int) { t.told <- "slots" }
