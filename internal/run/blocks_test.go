package run

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/internal/job/jobtest"
)

// blocksOf is a plan that cuts a file with this text.
func blocksOf(t *testing.T, text string, b item.Blocks) Plan {
	t.Helper()
	name := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Plan{Words: []string{"true"}, Window: 100, Input: item.Options{Sources: []item.Source{{File: name}}, Blocks: &b}}
}

// TestBlocksHeld holds that no more blocks are read than one for each slot, and one more.
func TestBlocksHeld(t *testing.T) {
	const size, slots, blocks = mostHeld, 2, 6
	synctest.Test(t, func(t *testing.T) {
		p := blocksOf(t, strings.Repeat(strings.Repeat("x", size-1)+"\n", blocks), item.Blocks{Size: size, End: "\n"})
		p.Jobs.Least = slots
		var ahead int64
		got := play(t, p, nil, func(ctx context.Context, _ string, _ job.Command) (job.Result, string) {
			jobtest.Sleep(ctx, time.Hour)
			return job.Result{}, ""
		}, func(r *Run) {
			time.Sleep(time.Minute)
			ahead = r.books.counts().Read
		})
		if ahead != slots+1 {
			t.Errorf("%d blocks were read while the first ran, want %d", ahead, slots+1)
		}
		if got.Counts.Succeeded != blocks {
			t.Errorf("%+v", got.Counts)
		}
	})
}

// TestBlocksRetried holds that every try reads the whole block, while others come and go in
// the room of those that have ended.
func TestBlocksRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var want []string
		for i := range 200 {
			want = append(want, strings.Repeat(string(rune('a'+i%26)), 10+i%7)+"\n")
		}
		p := blocksOf(t, strings.Join(want, ""), item.Blocks{Size: 10, End: "\n", Records: 1})
		p.Jobs.Least, p.Attempts, p.RetryDelay, p.RetryMaxDelay = 3, 2, time.Second, time.Minute
		var mu sync.Mutex
		tries := map[string]int{}
		var read []string
		got := play(t, p, nil, func(ctx context.Context, _ string, c job.Command) (job.Result, string) {
			b, err := io.ReadAll(c.Stdin)
			jobtest.Sleep(ctx, time.Millisecond)
			seq := c.Env[slices.IndexFunc(c.Env, func(v string) bool { return strings.HasPrefix(v, "EPH_SEQ=") })]
			mu.Lock()
			defer mu.Unlock()
			tries[seq]++
			if err != nil || tries[seq] == 1 {
				return exit(1), ""
			}
			read = append(read, string(b))
			return job.Result{End: job.Exited}, ""
		}, nil)
		if got.Counts.Succeeded != 200 || got.Counts.Retried != 200 {
			t.Errorf("%+v", got.Counts)
		}
		slices.Sort(read)
		slices.Sort(want)
		if !slices.Equal(read, want) {
			t.Error("the second tries did not read the blocks of the input")
		}
	})
}
