package front

import (
	"io"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// TestPass: a TERM that comes twice at once is one, and nothing else is.
func TestPass(t *testing.T) {
	const late = time.Second
	for _, tt := range []struct {
		name string
		send []any // signals, and the time between them
		want []syscall.Signal
	}{
		{"as timeout does", []any{unix.SIGTERM, unix.SIGTERM, unix.SIGCONT, unix.SIGCONT}, []syscall.Signal{unix.SIGTERM, unix.SIGCONT, unix.SIGCONT}},
		{"twice", []any{unix.SIGTERM, late, unix.SIGTERM}, []syscall.Signal{unix.SIGTERM, unix.SIGTERM}},
		{"keys", []any{unix.SIGINT, unix.SIGINT}, []syscall.Signal{unix.SIGINT, unix.SIGINT}},
		{"slots", []any{unix.SIGUSR1, unix.SIGUSR1}, []syscall.Signal{unix.SIGUSR1, unix.SIGUSR1}},
		{"two kinds", []any{unix.SIGTERM, unix.SIGINT}, []syscall.Signal{unix.SIGTERM, unix.SIGINT}},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := make(chan os.Signal)
			var got []syscall.Signal
			go pass(c, func(s syscall.Signal) { got = append(got, s) })
			for _, x := range tt.send {
				switch x := x.(type) {
				case syscall.Signal:
					c <- x
				case time.Duration:
					time.Sleep(x)
				}
			}
			close(c)
			synctest.Wait()
			if !slices.Equal(got, tt.want) {
				t.Errorf("%s: %v are handed on, want %v", tt.name, got, tt.want)
			}
		})
	}
}

// TestJoin: whatever the environment says, a process without a greeting in the line is no worker,
// and takes nothing out of what it was pointed to.
func TestJoin(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	r, w := os.NewFile(uintptr(fds[0]), "r"), os.NewFile(uintptr(fds[1]), "w")
	defer r.Close()
	const text = "something else that is as long as a greeting"
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	w.Close()
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, value := range []string{"", "0", "1", "-1", "x", "99999", strconv.Itoa(fds[0]), strconv.Itoa(int(file.Fd()))} {
		t.Setenv(variable, value)
		if Join() != nil {
			t.Errorf("with %s=%q this process is a worker", variable, value)
		}
		if _, set := os.LookupEnv(variable); set {
			t.Errorf("%s=%q is left for the jobs", variable, value)
		}
	}
	if got, err := io.ReadAll(r); string(got) != text {
		t.Errorf("in the socket of another program there is %q (%v), want %q", got, err, text)
	}
}
