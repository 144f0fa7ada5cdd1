package job_test

import (
	"context"
	"io"
	"os"
	"sync"
	"testing"

	"github.com/mostlylucid/eph/internal/job"
)

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

// BenchmarkTrue starts /bin/true in two slots, as a run with -j2 does. Compare with
// scripts/bench, which knows what the machine can do at the most; and try -cpu 2,3.
func BenchmarkTrue(b *testing.B) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer null.Close()
	for _, kind := range []struct {
		name           string
		stdout, stderr io.Writer
	}{
		{"captured", discard{}, &discard{}},
		{"merged", discard{}, discard{}},
		{"inherited", null, null},
	} {
		b.Run(kind.name, func(b *testing.B) {
			var local job.Local
			c := job.Command{Path: "/bin/true", Argv: []string{"true"}, Env: os.Environ()}
			b.ReportAllocs()
			items := make(chan struct{})
			var slots sync.WaitGroup
			for range 2 {
				slots.Go(func() {
					for range items {
						r := local.Run(context.Background(), c, job.Output{Stdout: kind.stdout, Stderr: kind.stderr})
						if !r.Succeeded() {
							b.Errorf("Run(true) = %+v, want success", r)
						}
					}
				})
			}
			for b.Loop() {
				items <- struct{}{}
			}
			close(items)
			slots.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
		})
	}
}
