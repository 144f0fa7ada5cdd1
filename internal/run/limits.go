package run

import (
	"context"
	"sync"
	"syscall"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
)

const (
	// filesPerJob is how many descriptors a job costs while it runs: two pipes, the process,
	// and at its start both ends of the pipes; with grouped output perhaps two files.
	filesPerJob = 8
	// filesOfOwn are kept for eph itself.
	filesOfOwn = 32
)

// openFiles is how many descriptors a process may have, or false for as many as it wants.
func openFiles() (most int, ok bool) {
	var lim syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim); err != nil || lim.Cur > 1<<30 {
		return 0, false
	}
	return int(lim.Cur), true
}

// EnoughFiles is an error where the limit on open files allows no run. It is to be asked first: with
// fewer than about ten Go itself breaks down.
func EnoughFiles() error {
	const least = filesOfOwn + filesPerJob
	if most, ok := openFiles(); ok && most < least {
		return fail.Own("the limit on open files is %d, but a run needs %d", most, least).Advise("ulimit -n %d", least)
	}
	return nil
}

// affordable is how many jobs the limit on open files allows, at most want and at least one.
func affordable(want int) int {
	most, ok := openFiles()
	if !ok {
		return want
	}
	return max(1, min(want, (most-filesOfOwn)/filesPerJob))
}

// fillTo is how many bytes of arguments, pointers to them included, -X fills a command line
// to: what xargs does, and far below what a system takes beside any environment.
const fillTo = 128 << 10

// fits reports whether a record still fits into an item with -X or -s. It is asked for each
// record of an item but the first.
func (r *Run) fits(records []item.Record, next item.Record) bool {
	if r.commands.command == nil {
		return false
	}
	if r.plan.Template.Parallel != nil {
		return r.fitsShown(records, next)
	}
	if r.tally == nil {
		r.tally = r.commands.command.Tally(r.values(&task{}, 1, 1))
	}
	if len(records) == 1 {
		r.tally.Reset()
		r.tally.Add(&records[0])
	}
	total, _ := r.tally.Add(&next)
	if most := r.plan.MaxChars; most > 0 {
		return r.tally.Bytes() <= most
	}
	return total <= fillTo
}

// MostShown is how many bytes the command line for a shell may have where nothing else is said:
// what Linux takes as one argument, less some for what is put before it.
const MostShown = 128<<10 - 1024

// fitsShown is fits by the rule of GNU parallel: what counts is the line as it is displayed. Each
// record makes it longer by as much as it does beside itself.
func (r *Run) fitsShown(records []item.Record, next item.Record) bool {
	shown := func(records ...item.Record) int {
		return len(r.commands.command.Display(r.values(&task{item: item.Item{Records: r.plan.Args(records)}}, 1, 1)))
	}
	if len(records) == 1 {
		r.shown = shown(records[0])
	}
	r.shown += shown(next, next) - shown(next)
	return r.shown < r.mostShown()
}

func (r *Run) mostShown() int {
	if r.plan.MaxChars > 0 {
		return min(r.plan.MaxChars, MostShown)
	}
	return MostShown
}

// short says why a command line is too long for -s, or nil.
func (r *Run) short(t *task) error {
	if r.plan.Template.Parallel != nil {
		if r.plan.MaxChars > 0 {
			if n := len(r.commands.display(t, r)); n >= r.mostShown() {
				return fail.Own("item %d: its command line has %d bytes, but --max-chars allows %d less one", t.item.Seq, n, r.plan.MaxChars).Advise("-s %d", n+1)
			}
		}
		return nil
	}
	n := 0
	for _, a := range t.argv {
		n += len(a) + 1
	}
	if most := r.plan.MaxChars; most > 0 && n > most {
		return fail.Own("item %d: its command line has %d bytes, but --max-chars allows %d", t.item.Seq, n, most).Advise("-s %d", n)
	}
	return nil
}

// mostHeld is how many bytes of items are held at once, however many items that is.
// Blocks are larger: of them there may be as many bytes as one for each slot has.
const mostHeld = 8 << 20

// budget bounds the bytes of the items that were read and have not ended. One goroutine
// takes, any may give.
type budget struct {
	mu   sync.Mutex
	held int
	room chan struct{} // closed when something is given back; nil while nobody waits
}

// mostHeld is how many bytes of items may be held now.
func (r *Run) mostHeld() int {
	if b := r.plan.Input.Blocks; b != nil {
		return max(mostHeld, r.scale.limit()*b.Size)
	}
	return mostHeld
}

// take waits until n bytes fit into most, or nothing else is held, for an item larger than the budget
// has to run as well.
func (b *budget) take(ctx context.Context, n, most int) error {
	for {
		b.mu.Lock()
		if b.held == 0 || b.held+n <= most {
			b.held += n
			b.mu.Unlock()
			return nil
		}
		room := make(chan struct{})
		b.room = room
		b.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (b *budget) give(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held -= n
	if b.room != nil {
		close(b.room)
		b.room = nil
	}
}

// weight is about how many bytes a task holds.
func (t *task) weight() int {
	const each = 128
	n := each
	for i := range t.item.Records {
		r := &t.item.Records[i]
		text := len(r.Text) + len(r.Raw)
		if r.Value != nil {
			text *= 4 // the decoded value
		}
		for _, f := range r.Fields {
			text += len(f)
		}
		n += each + text
	}
	if block := t.item.Block.Bytes(); block != nil {
		n = len(block)
	}
	return n
}
