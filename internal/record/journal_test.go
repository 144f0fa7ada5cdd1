package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
)

// book is a journal in the making.
type book struct {
	bytes.Buffer
	run string
	n   int
}

// add appends a line, of a new run if it is one that begins.
func (b *book) add(name string, f event.Fields) {
	if name == event.RunStarted {
		if f.Journal == nil {
			f.Journal = &event.Journal{Version: event.JournalVersion}
		}
		b.run, b.n = fmt.Sprintf("run-%d", b.Len()), 0
	}
	line, err := json.Marshal(struct {
		V     int    `json:"v"`
		Time  string `json:"ts"`
		Run   string `json:"run"`
		N     int    `json:"n"`
		Event string `json:"event"`
		*event.Fields
	}{1, "2026-01-01T00:00:00Z", b.run, b.n, name, &f})
	if err != nil {
		panic(err)
	}
	b.n++
	b.Write(event.Seal(append(line, '\n')))
}

// of is the digest of the item whose number this is in a test.
func of(i int) (d event.Digest) {
	binary.LittleEndian.PutUint64(d[:], uint64(i)*0x9e3779b97f4a7c15)
	d[11] = 1
	return d
}

// story is a journal of a run that was killed, and of one that resumed it: item 1 succeeded, 2
// failed, 3 was interrupted twice, 4 failed and succeeded later, 5 was never started, 6 waits
// for its turn to be printed.
func story() *book {
	b := new(book)
	b.add(event.RunStarted, event.Fields{PID: 7, Command: []string{"cmd"}})
	for i := 1; i <= 6; i++ {
		b.add(event.JobQueued, event.Fields{Seq: int64(i), Digest: of(i), Item: event.TextOf(`,"digest":"000000000000000000000000","run":"x`)})
	}
	for i := 1; i <= 4; i++ {
		b.add(event.JobStarted, event.Fields{Seq: int64(i), Digest: of(i), Attempt: 1})
	}
	b.add(event.JobSucceeded, event.Fields{Seq: 1, Digest: of(1), Attempt: 1})
	b.add(event.JobAttemptFailed, event.Fields{Seq: 2, Digest: of(2), Attempt: 1})
	b.add(event.JobStarted, event.Fields{Seq: 2, Digest: of(2), Attempt: 2})
	b.add(event.JobFailed, event.Fields{Seq: 2, Digest: of(2), Attempt: 2, Reason: event.ReasonExit, Records: []event.Whole{"two\xff"}})
	b.add(event.JobFailed, event.Fields{Seq: 4, Digest: of(4), Attempt: 1, Reason: event.ReasonExit, Records: []event.Whole{"four"}})
	b.add(event.RunStarted, event.Fields{PID: 8, Command: []string{"cmd"}, Journal: &event.Journal{Version: 1, Resumes: b.run, Lines: int64(b.n)}})
	for _, i := range []int{3, 4, 6} {
		was := event.WasUnfinished
		if i == 4 {
			was = event.WasFailed
		}
		b.add(event.JobQueued, event.Fields{Seq: int64(i), Digest: of(i), Was: was})
		b.add(event.JobStarted, event.Fields{Seq: int64(i), Digest: of(i), Was: was, Attempt: 1})
	}
	b.add(event.JobSucceeded, event.Fields{Seq: 4, Digest: of(4), Was: event.WasFailed, Attempt: 1, Held: true})
	b.add(event.JobSucceeded, event.Fields{Seq: 6, Digest: of(6), Was: event.WasUnfinished, Attempt: 1, Held: true})
	b.add(event.JobDelivered, event.Fields{Seq: 4, Digest: of(4)})
	return b
}

// open opens a journal of this text.
func open(t *testing.T, text []byte, o JournalOptions) (*Journal, error) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "journal")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	o.Flag = "--journal"
	j, err := OpenJournal(name, o)
	if err == nil {
		t.Cleanup(func() { _ = j.Close() })
	}
	return j, err
}

// fates is what a journal says of the items 1 to 6, by a letter each.
func fates(p *Past) string {
	var b strings.Builder
	for i := 1; i <= 6; i++ {
		b.WriteByte("?dfu"[p.Take(of(i))])
	}
	return b.String()
}

func TestPast(t *testing.T) {
	j, err := open(t, story().Bytes(), JournalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p := &j.Past
	if p.Done != 2 || p.Failed != 1 || p.Interrupted != 2 || p.Known != 6 || p.PID != 8 || p.Closed {
		t.Errorf("done %d, failed %d, interrupted %d, known %d, pid %d, closed %t", p.Done, p.Failed, p.Interrupted, p.Known, p.PID, p.Closed)
	}
	var failed []string
	for f, err := range j.FailedItems(false) {
		if err != nil {
			t.Fatal(err)
		}
		failed = append(failed, f.Records...)
	}
	if !slices.Equal(failed, []string{"two\xff"}) {
		t.Errorf("what failed is %q", failed)
	}
	if got, want := fates(p), "dfuduu"; got != want {
		t.Errorf("fates = %s, want %s", got, want)
	}
	if got := fates(p); got != "??????" {
		t.Errorf("fates of what was taken = %s", got)
	}
	if p.Left() != 0 {
		t.Errorf("left %d", p.Left())
	}
}

// TestPastDuplicates: of equal items each counts.
func TestPastDuplicates(t *testing.T) {
	b := new(book)
	b.add(event.RunStarted, event.Fields{})
	for i := range 4 {
		b.add(event.JobQueued, event.Fields{Seq: int64(i + 1), Digest: of(1)})
		if i < 3 {
			b.add(event.JobStarted, event.Fields{Seq: int64(i + 1), Digest: of(1), Attempt: 1})
		}
	}
	b.add(event.JobSucceeded, event.Fields{Seq: 3, Digest: of(1), Attempt: 1})
	b.add(event.JobFailed, event.Fields{Seq: 1, Digest: of(1), Attempt: 1, Reason: event.ReasonExit})
	b.add(event.JobFailed, event.Fields{Seq: 2, Digest: of(1), Attempt: 1, Reason: event.ReasonOutput}) // was not delivered
	j, err := open(t, b.Bytes(), JournalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for range 5 {
		got += string("?dfu"[j.Past.Take(of(1))])
	}
	if got != "dfuu?" {
		t.Errorf("fates = %s, want dfuu?", got)
	}
}

// TestPastAnew: a run that begins anew knows nothing of those before.
func TestPastAnew(t *testing.T) {
	b := story()
	b.add(event.RunStarted, event.Fields{})
	b.add(event.JobQueued, event.Fields{Seq: 1, Digest: of(2)})
	b.add(event.JobFailed, event.Fields{Seq: 1, Digest: of(2), Records: []event.Whole{"new two"}})
	b.add(event.RunFinished, event.Fields{})
	j, err := open(t, b.Bytes(), JournalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for f, err := range j.FailedItems(true) {
		if err != nil || f.Records[0] != "new two" {
			t.Errorf("%v %v", f, err)
		}
	}
	if got := fates(&j.Past); got != "??????" || j.Past.Interrupted != 0 {
		t.Errorf("fates = %s, %d interrupted", got, j.Past.Interrupted)
	}
}

// atMost reports whether a journal that says got, of which bytes are missing, has left nothing
// out that want has not done: what it says is done, is.
func atMost(got, want string) bool {
	for i := range got {
		if got[i] == 'd' && want[i] != 'd' || got[i] == 'f' && want[i] == 'u' {
			return false
		}
	}
	return true
}

// TestJournalCut: wherever a journal is cut off, as the end of the machine may leave it, the
// torn line is taken off, and nothing counts as done that was not.
func TestJournalCut(t *testing.T) {
	text := story().Bytes()
	for cut := range len(text) {
		var p Past
		whole, _, err := lines(bytes.NewReader(text[:cut]), p.line)
		if err != nil || whole != int64(bytes.LastIndexByte(text[:cut], '\n')+1) {
			t.Fatalf("cut to %d bytes: %d are whole (%v)", cut, whole, err)
		}
		if got := fates(&p); !atMost(got, "dfuduu") && !atMost(got, "dfufuu") {
			t.Fatalf("cut to %d bytes: %s", cut, got)
		}
	}
	for cut := len(text) - 200; cut < len(text); cut++ {
		j, err := open(t, text[:cut], JournalOptions{})
		if err != nil {
			t.Fatalf("cut to %d bytes: %v", cut, err)
		}
		whole := bytes.LastIndexByte(text[:cut], '\n') + 1
		left, err := os.ReadFile(j.name)
		if err != nil || !bytes.Equal(left, text[:whole]) || j.Torn != int64(cut-whole) {
			t.Fatalf("cut to %d bytes: %d are left, and %d were torn; %d are whole (%v)", cut, len(left), j.Torn, whole, err)
		}
	}
}

// TestJournalPowerLoss: of what was written since the last sync a disk that loses its power may have
// any sectors and not the others, which read as zeros, up to any length. Whichever they are, nothing that
// was synced is lost, nothing counts as done that is not, and where the journal is refused it can be
// gone on with once it is cut off at the byte that the error names.
func TestJournalPowerLoss(t *testing.T) {
	const sector = 512
	text := story().Bytes()
	states, refused := 0, 0
	for synced := 0; synced < len(text); {
		first := synced / sector // it has synced bytes, which stay
		sectors := (len(text)-1)/sector - first + 1
		for lost := range 1 << sectors {
			left := bytes.Clone(text)
			for i := range sectors {
				if lost&(1<<i) != 0 {
					clear(left[max(synced, (first+i)*sector):min(len(text), (first+i+1)*sector)])
				}
			}
			for _, size := range []int{len(left), len(left) - len(left)%sector, synced + (len(left)-synced)/2} {
				if size < synced {
					continue
				}
				states++
				var p Past
				whole, _, err := lines(bytes.NewReader(left[:size]), p.line)
				if _, ok := errors.AsType[*damage](err); err != nil && !ok {
					t.Fatal(err)
				}
				if whole < int64(synced) {
					t.Fatalf("synced up to %d, sectors %b lost of %d bytes: only %d are whole (%v)", synced, lost, size, whole, err)
				}
				if err != nil {
					refused++
					p = Past{}
					if _, _, err := lines(bytes.NewReader(left[:whole]), p.line); err != nil {
						t.Fatalf("synced up to %d, sectors %b lost of %d bytes: cut to %d: %v", synced, lost, size, whole, err)
					}
				}
				if got := fates(&p); !atMost(got, "dfuduu") && !atMost(got, "dfufuu") {
					t.Fatalf("synced up to %d, sectors %b lost of %d bytes: %s", synced, lost, size, got)
				}
			}
		}
		for range 4 {
			if next := bytes.IndexByte(text[synced:], '\n'); next >= 0 {
				synced += next + 1
			}
		}
	}
	t.Logf("%d states, of which %d are refused", states, refused)
}

// TestJournalFlip: each flipped bit is noticed.
func TestJournalFlip(t *testing.T) {
	b := new(book)
	b.add(event.RunStarted, event.Fields{})
	b.add(event.JobQueued, event.Fields{Seq: 1, Digest: of(1)})
	b.add(event.JobStarted, event.Fields{Seq: 1, Digest: of(1), Attempt: 1})
	b.add(event.JobSucceeded, event.Fields{Seq: 1, Digest: of(1), Attempt: 1})
	b.add(event.RunStarted, event.Fields{Journal: &event.Journal{Version: 1, Resumes: b.run, Lines: int64(b.n)}})
	text := b.Bytes()
	refused := 0
	for i := range text {
		for bit := range 8 {
			bad := bytes.Clone(text)
			bad[i] ^= 1 << bit
			var p Past
			whole, n, err := lines(bytes.NewReader(bad), p.line)
			if _, ok := errors.AsType[*damage](err); ok {
				refused++
				if whole > int64(i) {
					t.Fatalf("bit %d of byte %d: found at byte %d, line %d", bit, i, whole, n+1)
				}
				continue
			}
			if err != nil || whole > int64(i) { // else it is behind the last newline
				t.Fatalf("bit %d of byte %d of %d is not noticed (%v)", bit, i, len(text), err)
			}
		}
	}
	if refused != 8*(len(text)-1) { // all but those of the last newline, without which the line is torn
		t.Errorf("%d of %d flips are refused", refused, 8*len(text))
	}
}

// TestJournalLines: a line that is missing, doubled or of another journal is noticed.
func TestJournalLines(t *testing.T) {
	all := bytes.SplitAfter(story().Bytes(), []byte("\n"))
	all = all[:len(all)-1]
	for i := range all {
		for name, bad := range map[string][][]byte{
			"missing": slices.Delete(slices.Clone(all), i, i+1),
			"doubled": slices.Insert(slices.Clone(all), i, all[i]),
			"swapped": slices.Concat(all[:i], [][]byte{all[(i+1)%len(all)], all[i]}, all[min(i+2, len(all)):]),
		} {
			var p Past
			_, n, err := lines(bytes.NewReader(bytes.Join(bad, nil)), p.line)
			switch {
			case name == "missing" && i == len(all)-1: // a journal that was one line shorter
			case name == "doubled" && i == 0: // a run that recorded nothing stands before it
			case err == nil:
				t.Errorf("line %d %s: nobody notices", i+1, name)
			case n > int64(i+1):
				t.Errorf("line %d %s: noticed in line %d", i+1, name, n+1)
			}
		}
	}
}

// disk is a file that fails: from the write with this number on, of which so many bytes are
// still taken, and from this sync on. 0 never fails.
type disk struct {
	bytes.Buffer
	writes              int
	syncs               atomic.Int64 // by the goroutine of a timer
	failWrite, failSync int
	short               int
	stuck               bool // nor can it be truncated
}

func (d *disk) Write(p []byte) (int, error) {
	d.writes++
	if d.failWrite > 0 && d.writes >= d.failWrite {
		n := min(d.short, len(p))
		d.Buffer.Write(p[:n])
		return n, unix.ENOSPC
	}
	return d.Buffer.Write(p)
}

func (d *disk) Sync() error {
	if n := d.syncs.Add(1); d.failSync > 0 && n >= int64(d.failSync) {
		return unix.EIO
	}
	return nil
}

func (d *disk) Truncate(size int64) error {
	if d.stuck {
		return unix.EIO
	}
	d.Buffer.Truncate(int(size))
	return nil
}

func (d *disk) Close() error { return nil }

// TestJournalWriteFails: whatever write fails, at whatever byte, what was confirmed is there,
// nothing is written after it, and the file can be gone on with.
func TestJournalWriteFails(t *testing.T) {
	all := bytes.SplitAfter(story().Bytes(), []byte("\n"))
	all = all[:len(all)-1]
	for fails := range len(all) + 1 {
		for short := range 40 {
			for _, stuck := range []bool{false, true} {
				d := &disk{failWrite: fails + 1, short: short * 17, stuck: stuck}
				j := &Journal{f: d, name: "journal", o: JournalOptions{Flag: "--journal"}}
				confirmed := 0
				for i, line := range all {
					n, err := j.Write(line)
					if err == nil && n != len(line) || (err == nil) != (i < fails) {
						t.Fatalf("write %d of %d failing from %d: %d, %v", i, len(all), fails, n, err)
					}
					if err == nil {
						confirmed += n
					}
				}
				err := j.Close()
				if (err == nil) != (fails == len(all)) {
					t.Fatalf("failing from write %d: Close = %v", fails, err)
				}
				if err != nil && (!errors.Is(err, unix.ENOSPC) || fail.StatusOf(err) != fail.Broken || !strings.Contains(err.Error(), "cannot write journal")) {
					t.Errorf("Close = %v", err)
				}
				var p Past
				whole, _, err := lines(bytes.NewReader(d.Bytes()), p.line)
				if err != nil || whole < int64(confirmed) || !stuck && d.Len() != confirmed {
					t.Fatalf("failing from write %d after %d bytes: %d confirmed, %d whole, %d there (%v)", fails, short, confirmed, whole, d.Len(), err)
				}
			}
		}
	}
}

// TestJournalSync: when lines are safe, and that a sync that failed is final.
func TestJournalSync(t *testing.T) {
	for _, c := range []struct {
		sync  Sync
		syncs []int64 // after the first line, the second, BatchTime later, and Close
	}{
		{SyncAlways, []int64{1, 2, 2, 2}},
		{SyncBatch, []int64{0, 0, 1, 1}},
		{SyncNone, []int64{0, 0, 0, 0}},
	} {
		synctest.Test(t, func(t *testing.T) {
			d := new(disk)
			j := &Journal{f: d, o: JournalOptions{Sync: c.sync}}
			var got []int64
			for _, do := range []func(){
				func() { _, _ = j.Write([]byte("a\n")) },
				func() { _, _ = j.Write([]byte("b\n")) },
				func() { time.Sleep(BatchTime); synctest.Wait() },
				func() { _ = j.Close() },
			} {
				do()
				got = append(got, d.syncs.Load())
			}
			if !slices.Equal(got, c.syncs) {
				t.Errorf("sync %d: syncs %v, want %v", c.sync, got, c.syncs)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		d := new(disk)
		j := &Journal{f: d}
		_, _ = j.Write([]byte("a\n"))
		if err := j.Close(); err != nil || d.syncs.Load() != 1 {
			t.Errorf("closed within a batch: %v, %d syncs, want 1", err, d.syncs.Load())
		}
		time.Sleep(time.Second)
		if d.syncs.Load() != 1 {
			t.Error("synced after Close")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		d := &disk{failSync: 1}
		j := &Journal{f: d, name: "journal", o: JournalOptions{Flag: "--journal"}}
		lost := 0
		j.Watch(func() { lost++ })
		_, _ = j.Write([]byte("a\n"))
		time.Sleep(BatchTime)
		synctest.Wait()
		if _, err := j.Write([]byte("b\n")); lost != 1 || !errors.Is(err, unix.EIO) || d.Len() != 2 {
			t.Errorf("told %d times; the next write: %v; %q is there", lost, err, d.Bytes())
		}
		if err := j.Close(); !errors.Is(err, unix.EIO) {
			t.Errorf("Close = %v", err)
		}
	})
	d := &disk{failSync: 2}
	j := &Journal{f: d, o: JournalOptions{Sync: SyncAlways}}
	if _, err := j.Write([]byte("a\n")); err != nil {
		t.Error(err)
	}
	if _, err := j.Write([]byte("b\n")); !errors.Is(err, unix.EIO) {
		t.Errorf("a line that is not safe: %v", err)
	}
}

func TestJournalLocked(t *testing.T) {
	j, err := open(t, story().Bytes(), JournalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []JournalOptions{{Flag: "--log"}, {Flag: "--log", Look: true}} {
		_, err = OpenJournal(j.name, o)
		if err == nil || !strings.Contains(err.Error(), j.Past.Run+" (process 8), which has not ended") {
			t.Errorf("OpenJournal(%+v) = %v", o, err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := OpenJournal(j.name, JournalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_ = again.Close()
}

// TestMarks compares the table with a map.
func TestMarks(t *testing.T) {
	var m marks
	want := make(map[event.Digest]uint32)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		d := of(rng.IntN(5000))
		m.add(d).known++
		want[d]++
	}
	got := make(map[event.Digest]uint32)
	m.each(func(x *mark) { got[x.digest] = x.known })
	if !maps.Equal(got, want) {
		t.Fatalf("%d marks, want %d", len(got), len(want))
	}
	for d, n := range want {
		if x := m.at(d); x == nil || x.known != n {
			t.Fatalf("%v is %+v, want %d", d, x, n)
		}
	}
	if x := m.at(of(9999)); x != nil {
		t.Errorf("what was not added is %+v", x)
	}

	var large marks
	const n = 200_000
	for i := range n {
		sum := sha256.Sum256(strconv.AppendInt(nil, int64(i), 10))
		large.add(event.Digest(sum[:12])).known++
	}
	slots := 0
	for i := range large.parts {
		slots += len(large.parts[i].slots)
	}
	if size := slots * int(unsafe.Sizeof(mark{})) / n; size > 32 {
		t.Errorf("%d bytes for a mark, want up to 32", size)
	}

	var alike marks
	for i := range 100 * len(alike.parts) {
		var d event.Digest
		binary.BigEndian.PutUint32(d[8:], uint32(i+1))
		alike.add(d)
	}
	for i := range alike.parts {
		if used := alike.parts[i].used; used > 1000 {
			t.Errorf("part %d has %d of %d marks whose digests are alike", i, used, 100*len(alike.parts))
		}
	}
}

// TestNoDigest: the digest of zeros, which stands for no mark, is that of no item.
func TestNoDigest(t *testing.T) {
	var b book
	b.add(event.RunStarted, event.Fields{})
	var p Past
	if _, _, err := lines(bytes.NewReader(b.Bytes()), p.line); err != nil {
		t.Fatal(err)
	}
	line := `{"run":"` + p.Run + `","n":1,"event":"job.queued","seq":1,"digest":"` + strings.Repeat("0", 24) + `"}` + "\n"
	if err := p.line(event.Seal([]byte(line)), 0); err == nil {
		t.Errorf("%s is taken", line)
	}
}

// FuzzJournal: no bytes have the reader fail in another way than by saying where, and what it
// leaves is a journal that says the same.
func FuzzJournal(f *testing.F) {
	text := story().Bytes()
	f.Add(text)
	f.Add(text[:len(text)-1])
	f.Add(text[:bytes.LastIndexByte(text[:len(text)-1], '\n')+1])
	f.Add(event.Seal([]byte("{}\n")))
	f.Add(event.Seal([]byte(`{"v":1,"run":"","n":0,"event":"run.started","journal":{"version":1}}` + "\n")))
	f.Add(event.Seal([]byte(`{"run":"a","n":0,"event":"run.started","journal":{"version":1,"resumes":"b"}}` + "\n")))
	f.Add([]byte("\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		// What a fuzzer makes is never sealed: seal each line that looks like one.
		var sealed bytes.Buffer
		for line := range bytes.Lines(text) {
			if i := bytes.LastIndex(line, []byte(sealedAt)); i >= 0 && bytes.HasSuffix(line, []byte("\n")) {
				line = event.Seal(append(bytes.Clone(line[:i]), "}\n"...))
			}
			sealed.Write(line)
		}
		for _, in := range [][]byte{text, sealed.Bytes()} {
			var p, q Past
			whole, _, err := lines(bytes.NewReader(in), p.line)
			if _, ok := errors.AsType[*damage](err); err != nil && !ok {
				t.Fatal(err)
			}
			if err == nil && whole != int64(bytes.LastIndexByte(in, '\n')+1) {
				t.Fatalf("%d of %d bytes are whole", whole, len(in))
			}
			again, _, err := lines(io.LimitReader(bytes.NewReader(in), whole), q.line)
			if err != nil || again != whole || fates(&p) != fates(&q) || p.Left() != q.Left() {
				t.Fatalf("read again: %d of %d bytes (%v)", again, whole, err)
			}
		}
	})
}

const sealedAt = `,"crc":"`

// BenchmarkPast reads a journal.
func BenchmarkPast(b *testing.B) {
	var k book
	k.add(event.RunStarted, event.Fields{})
	for i := range 10_000 {
		f := event.Fields{Seq: int64(i + 1), Digest: of(i), Attempt: 1, Item: event.TextOf("item"), Argv: event.Texts([]string{"true", "item"})}
		k.add(event.JobQueued, f)
		k.add(event.JobStarted, f)
		k.add(event.JobSucceeded, f)
	}
	b.SetBytes(int64(k.Len()))
	for b.Loop() {
		var p Past
		if _, _, err := lines(bytes.NewReader(k.Bytes()), p.line); err != nil {
			b.Fatal(err)
		}
	}
}
