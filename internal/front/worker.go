package front

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// variable names, in the environment of a worker, the descriptor of the line to its front. It is
// no proof of anything: what lies in the line is.
const variable = "EPH_FRONT"

func mark(line *os.File) string { return variable + "=" + strconv.Itoa(int(line.Fd())) }

// What a worker says to its front, a byte each. Any other byte is the signal that it ends by.
const (
	wordStop = 's' + 128 // stop me, and yourself
	wordAsk  = 'a' + 128 // read a line of the terminal for me
	wordShow = 'f' + 128 // do we have the foreground of the terminal of standard error?
)

// What a front says to its worker: a line each, which begins with one of these.
const (
	saysAnswer = "a" // and goes on with what was typed
	saysPlace  = "f" // and goes on with inFront, or anything else
	inFront    = "1"
)

// greeting is what a front has to say to its worker, and has said before that was started.
type greeting struct {
	items    int // a descriptor of what is typed at the terminal, or -1
	terminal int // one of the terminal, or -1
	isolate  bool
}

const greetingForm = "eph front %5d %5d %5t\n"

func (g greeting) String() string { return fmt.Sprintf(greetingForm, g.items, g.terminal, g.isolate) }

// Worker is what a worker has of its front.
type Worker struct {
	Items    *os.File // what is typed at the terminal, if the front reads it; or nil
	Terminal *os.File // the terminal, if there may be questions; or nil

	// Err is why this process cannot be the worker that was asked for.
	Err error

	line    *os.File
	answers chan string
	places  chan bool // whether the foreground is ours

	mu    sync.Mutex
	alone func() // what to do when the front is gone
	gone  bool
}

// Join returns what this process has of its front if it was started as a worker, and nil if not,
// whatever the environment says.
func Join() *Worker {
	w := join()
	_ = os.Unsetenv(variable)
	return w
}

func join() *Worker {
	fd, err := strconv.Atoi(os.Getenv(variable))
	if err != nil || fd < 3 {
		return nil
	}
	text := make([]byte, len(greeting{}.String()))
	var g greeting
	if n, _, err := unix.Recvfrom(fd, text, unix.MSG_PEEK|unix.MSG_DONTWAIT); err != nil || n != len(text) {
		return nil
	}
	if n, err := fmt.Sscanf(string(text), greetingForm, &g.items, &g.terminal, &g.isolate); err != nil || n != 3 {
		return nil
	}
	var failed error
	if g.isolate {
		failed = furnish()
	}
	_, _ = unix.Read(fd, text)
	settle()
	_ = unix.SetNonblock(fd, true)
	w := &Worker{Err: failed, Items: inherited(g.items), Terminal: inherited(g.terminal), line: os.NewFile(uintptr(fd), "front"), answers: make(chan string, 1), places: make(chan bool, 1)}
	syscall.CloseOnExec(fd)
	go w.listen()
	return w
}

// inherited is a file that the front has passed on, or nil for none. No job gets it unasked.
func inherited(fd int) *os.File {
	if fd < 0 {
		return nil
	}
	syscall.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), "/dev/tty")
}

// Alone says what to do once the front has ended, and does it if it has. Until it is called the
// process exits then.
func (w *Worker) Alone(do func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.alone = do
	if w.gone {
		do()
	}
}

// listen passes on what the front says until it has ended.
func (w *Worker) listen() {
	in := bufio.NewReader(w.line)
	for {
		text, err := in.ReadString('\n')
		if err != nil {
			break
		}
		text = strings.TrimSuffix(text, "\n")
		if place, ok := strings.CutPrefix(text, saysPlace); ok {
			offer(w.places, place == inFront)
		} else {
			offer(w.answers, strings.TrimPrefix(text, saysAnswer))
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gone = true
	if w.alone == nil {
		os.Exit(128 + int(unix.SIGKILL))
	}
	w.alone()
}

// offer sends x, unless nobody waits for it any more.
func offer[T any](to chan<- T, x T) {
	select {
	case to <- x:
	default:
	}
}

func (w *Worker) say(word byte) { _, _ = w.line.Write([]byte{word}) }

// Answer waits for a line that is typed at the terminal, or for the end of ctx.
func (w *Worker) Answer(ctx context.Context) (string, error) {
	w.say(wordAsk)
	select {
	case text := <-w.answers:
		return text, nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// Foreground asks the front whether the two have the foreground of the terminal of standard error,
// which only a process of its session can know. Without an answer before the end of ctx it is
// false: who is stopped has no terminal.
func (w *Worker) Foreground(ctx context.Context) bool {
	select {
	case <-w.places: // it came too late
	default:
	}
	w.say(wordShow)
	select {
	case yes := <-w.places:
		return yes
	case <-ctx.Done():
		return false
	}
}

// Stop has the front stop this process, and itself: the shell that started it takes the terminal
// back. It is continued with a CONT.
func (w *Worker) Stop() { w.say(wordStop) }

// DieBy tells the front that this process is about to exit, and that the front has to die by the
// signal then, unless it is 0.
func (w *Worker) DieBy(s syscall.Signal) { w.say(byte(s)) }
