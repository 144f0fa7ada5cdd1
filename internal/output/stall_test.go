package output

import (
	"testing"
	"testing/synctest"
	"time"
)

// slow is a reader that takes its time for each write.
type slow struct{ takes time.Duration }

func (s *slow) Write(p []byte) (int, error) {
	time.Sleep(s.takes)
	return len(p), nil
}

func TestStallIsToldOnceAndTakenBack(t *testing.T) {
	for _, c := range []struct {
		takes time.Duration
		want  []bool
	}{
		{StallTime / 2, nil},
		{StallTime * 5, []bool{true, false}},
	} {
		synctest.Test(t, func(t *testing.T) {
			var told []bool
			w := New(&slow{c.takes}, &slow{}, Options{OnStall: func(stalled bool) { told = append(told, stalled) }})
			j := w.Job(1, "")
			if _, err := j.Stdout().Write([]byte("x\n")); err != nil {
				t.Fatal(err)
			}
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if len(told) != len(c.want) || len(told) == 2 && (!told[0] || told[1]) {
				t.Errorf("a write of %v: told %v, want %v", c.takes, told, c.want)
			}
		})
	}
}

func TestSpillIsToldOnce(t *testing.T) {
	told := 0
	w := New(&slow{}, &slow{}, Options{SpoolMem: -1, TmpDir: t.TempDir(), OnSpill: func(string) { told++ }})
	for seq := range int64(3) {
		j := w.Job(seq+1, "")
		if _, err := j.Stdout().Write([]byte("x\n")); err != nil {
			t.Fatal(err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if told != 1 {
		t.Errorf("told %d times, want once", told)
	}
}
