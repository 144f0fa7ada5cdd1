// Engine compares the coordinators and signals of eph with their peers, by the CPU time of
// one operation, user and system together: wall time would favour whoever keeps more cores busy.
//
//	cd scripts/bench/engine && go run . [-rounds n] [-only text]
//
// The rounds of all candidates are interleaved, so that a disturbance hits all of them, and the
// median counts. Every promise is a ratio to a peer measured in the same run, or to the same thing
// at another size.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

// candidate does n operations.
type candidate struct {
	group, name string
	n           int
	run         func(n int)
	against     string  // the candidate that it is compared with, in any group; "" for none
	promise     float64 // the ratio that must not be passed, or the nanoseconds; 0 for none
}

// sample is what a round has cost, per operation.
type sample struct{ ns, allocs float64 }

func main() {
	rounds := flag.Int("rounds", 7, "rounds per candidate")
	only := flag.String("only", "", "measure the groups and candidates that contain this text")
	flag.Parse()
	var all []candidate
	for _, c := range slices.Concat(unkeyed(), keyed(), growth(), raises()) {
		if strings.Contains(c.group+" "+c.name, *only) || *only == "" {
			all = append(all, c)
		}
	}
	samples := make([][]sample, len(all))
	for range *rounds {
		for i, c := range all {
			samples[i] = append(samples[i], c.measure())
		}
	}
	if !report(all, samples) {
		os.Exit(1)
	}
}

func (c candidate) measure() sample {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu := cpuTime()
	c.run(c.n)
	cpu = cpuTime() - cpu
	runtime.ReadMemStats(&after)
	return sample{float64(cpu) / float64(c.n), float64(after.Mallocs-before.Mallocs) / float64(c.n)}
}

// cpuTime is what this process has used so far.
func cpuTime() time.Duration {
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func median(samples []sample) sample {
	by := func(value func(sample) float64) float64 {
		all := make([]float64, len(samples))
		for i, s := range samples {
			all[i] = value(s)
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	return sample{by(func(s sample) float64 { return s.ns }), by(func(s sample) float64 { return s.allocs })}
}

// report prints the table and whether all promises were kept.
func report(all []candidate, samples [][]sample) (kept bool) {
	medians := make(map[string]sample)
	for i, c := range all {
		medians[c.group+"/"+c.name] = median(samples[i])
	}
	kept = true
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "what\twho\tCPU ns/op\tallocs/op\tratio\tpromise\t")
	for _, c := range all {
		m := medians[c.group+"/"+c.name]
		ratio, promise := "", ""
		value := m.ns
		if base, ok := medians[c.against]; ok {
			value = m.ns / base.ns
			ratio = fmt.Sprintf("%.2fx %s", value, c.against)
		}
		if _, ok := medians[c.against]; c.promise > 0 && (ok || c.against == "") {
			promise = fmt.Sprintf("<= %gx", c.promise)
			if c.against == "" {
				promise = fmt.Sprintf("<= %g ns, 0 allocs", c.promise)
			}
			if value > c.promise || c.against == "" && m.allocs > 0.01 {
				promise += " BROKEN"
				kept = false
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%.1f\t%.2f\t%s\t%s\t\n", c.group, c.name, m.ns, m.allocs, ratio, promise)
	}
	_ = w.Flush()
	return kept
}
