package output

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Screen is the terminal on which a Writer keeps a live region below what it prints.
type Screen struct {
	Stdout bool // what goes to standard output is shown on it too
}

// frameTime is how long a frame is shown before another one takes its place.
const frameTime = 100 * time.Millisecond

// region is the last lines of a terminal, which are taken away before anything is printed and
// drawn again below it. Its methods are called under the writer's lock; a nil region is one
// that nobody asked for.
type region struct {
	tty     io.Writer
	frame   []string // to be drawn; none: nothing is shown
	lines   int      // that are on the screen
	drawn   time.Time
	midLine bool // what was printed last has no newline: a region would tear it, and waits
}

// Draw shows lines below what is printed, until the next call; without lines nothing. A line
// must be narrower than the screen and hold nothing that moves the cursor.
func (w *Writer) Draw(lines []string) {
	if w.region == nil {
		return
	}
	w.print.Lock()
	defer w.print.Unlock()
	w.region.frame = lines
	w.region.draw()
}

// Leave forgets the region, and leaves what is there of it: somebody else has the terminal, and
// the cursor is no longer where it was.
func (w *Writer) Leave() {
	if w.region == nil {
		return
	}
	w.print.Lock()
	defer w.print.Unlock()
	w.region.frame, w.region.lines = nil, 0
}

// Erase takes the region away at once, if nothing is being printed.
func (w *Writer) Erase() {
	if w.region != nil && w.print.TryLock() {
		w.region.frame = nil
		w.region.clear()
		w.print.Unlock()
	}
}

// Interject prints a line on standard error at once, even while another write does not come to
// its end.
func (w *Writer) Interject(line string) {
	if w.print.TryLock() {
		defer w.printed()
		w.region.clear()
	}
	_, _ = io.WriteString(w.err.out, line+"\n")
}

// printed gives the lock back, and what was below the print its place.
func (w *Writer) printed() {
	if r := w.region; r != nil && r.lines == 0 && time.Since(r.drawn) >= frameTime {
		r.draw()
	}
	w.print.Unlock()
}

// clear takes the region off the screen. The cursor is then where it was before it was drawn.
func (r *region) clear() {
	if r == nil || r.lines == 0 {
		return
	}
	_, _ = io.WriteString(r.tty, r.erasing())
	r.lines = 0
}

// erasing is what takes the region away. A terminal that has become narrower may show its lines
// on more rows, of which some then stay: to take more than is surely ours would take output.
func (r *region) erasing() string {
	if r.lines > 1 {
		return fmt.Sprintf("\r\x1b[%dA\x1b[J", r.lines-1)
	}
	return "\r\x1b[J"
}

// draw puts the frame in the place of what is there, in one write, which terminals that know
// synchronised output show at once.
func (r *region) draw() {
	if r.midLine || len(r.frame) == 0 {
		r.clear()
		return
	}
	var b strings.Builder
	b.WriteString("\x1b[?2026h")
	if r.lines > 0 {
		b.WriteString(r.erasing())
	}
	b.WriteString(strings.Join(r.frame, "\n") + "\x1b[?2026l")
	_, _ = io.WriteString(r.tty, b.String()) // a screen that is gone shows nothing
	r.lines = len(r.frame)
	r.drawn = time.Now()
}

// before makes room for n bytes of which the last is given.
func (r *region) before(last byte) {
	if r != nil {
		r.clear()
		r.midLine = last != '\n'
	}
}
