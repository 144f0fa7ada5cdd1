package item

import (
	"io"
	"os"
	"strings"
	"testing"
)

// benchmark reads a file of n records again and again.
func benchmark(b *testing.B, o Options, line string, n int) {
	in := file(b, strings.Repeat(line, n))
	b.ReportAllocs()
	b.SetBytes(int64(len(line) * n))
	for b.Loop() {
		if _, err := in.Seek(0, io.SeekStart); err != nil {
			b.Fatal(err)
		}
		read(b, o, in)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/record")
}

func read(b *testing.B, o Options, in *os.File) {
	r, err := Open(b.Context(), o, in)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	for {
		if _, err := r.Next(b.Context()); err == io.EOF {
			return
		} else if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLines(b *testing.B) { benchmark(b, Options{}, "12345678\n", 1_000_000) }

func BenchmarkFill(b *testing.B) {
	full := func(records []Record, _ Record) bool { return len(records) < 10_000 }
	benchmark(b, Options{Fill: full}, "12345678\n", 1_000_000)
}

func BenchmarkJSON(b *testing.B) {
	benchmark(b, Options{JSON: true}, `{"id":12345,"name":"something","tags":["a","b"]}`+"\n", 100_000)
}

func BenchmarkLongLines(b *testing.B) {
	benchmark(b, Options{}, strings.Repeat("x", 1<<20-1)+"\n", 50)
}
