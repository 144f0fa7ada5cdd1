package main

import (
	"fmt"
	"os/exec"
	"time"
)

// startup compares how long eph and xargs take to say their version, and to run one job: eph with
// both its processes, and with one.
func (b *bench) startup() error {
	const runs = 30 // in each round
	programs := map[string][]string{}
	if b.eph != "" {
		programs["eph --version"] = []string{b.eph, "--version"}
		programs["eph true ::: a"] = []string{b.eph, "true", ":::", "a"}
		programs["eph --detach true ::: a"] = []string{b.eph, "--detach", "true", ":::", "a"}
	}
	if path, ok := installed("xargs"); ok {
		programs["xargs --version"] = []string{path, "--version"}
	}
	times := map[string][]float64{}
	for range b.rounds * runs {
		for name, args := range programs {
			start := time.Now()
			if err := exec.Command(args[0], args[1:]...).Run(); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			times[name] = append(times[name], time.Since(start).Seconds()*1000)
		}
	}
	rows := [][]string{{"program", "ms", "promise"}}
	for _, p := range []struct{ name, promise string }{{"eph --version", "<= 10 ms"}, {"xargs --version", ""}, {"eph true ::: a", ""}, {"eph --detach true ::: a", ""}} {
		if figures := times[p.name]; figures != nil {
			rows = append(rows, []string{p.name, fmt.Sprintf("%.1f", median(figures)), p.promise})
		}
	}
	table(fmt.Sprintf("start-up, median of %d runs", b.rounds*runs), rows)
	return nil
}
