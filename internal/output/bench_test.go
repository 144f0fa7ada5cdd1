package output

import (
	"bytes"
	"io"
	"os"
	"testing"
)

func BenchmarkSilentJob(b *testing.B) {
	w := New(io.Discard, io.Discard, Options{})
	b.ReportAllocs()
	for b.Loop() {
		_ = w.Job(1, "").Close()
	}
}

// benchmarkJobs prints jobs with size bytes of output to /dev/null.
func benchmarkJobs(b *testing.B, o Options, tag string, size int) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer null.Close()
	w := New(null, null, o)
	text := bytes.Repeat([]byte("0123456789abcde\n"), 1<<15/16)
	b.ReportAllocs()
	b.SetBytes(int64(size))
	for seq := int64(1); b.Loop(); seq++ {
		j := w.Job(seq, tag)
		for left := size; left > 0; left -= len(text) {
			if _, err := j.Stdout().Write(text[:min(left, len(text))]); err != nil {
				b.Fatal(err)
			}
		}
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkSmall(b *testing.B)        { benchmarkJobs(b, Options{}, "", 100) }
func BenchmarkSmallInOrder(b *testing.B) { benchmarkJobs(b, Options{KeepOrder: true}, "", 100) }
func BenchmarkSmallLines(b *testing.B)   { benchmarkJobs(b, Options{Mode: Lines}, "", 100) }
func BenchmarkTagged(b *testing.B)       { benchmarkJobs(b, Options{}, "tag", 1<<20) }
func BenchmarkMemory(b *testing.B)       { benchmarkJobs(b, Options{}, "", 10<<20) }
func BenchmarkFile(b *testing.B)         { benchmarkJobs(b, Options{}, "", 100<<20) }
