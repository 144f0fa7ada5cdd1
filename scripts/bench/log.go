package main

import (
	"fmt"
	"path/filepath"
)

// log compares a run that writes an event log, two events a job, with one that does not.
func (b *bench) log() error {
	if b.eph == "" {
		return nil
	}
	silent := &contender{name: "eph -j2", args: []string{b.eph, "-j2", "/bin/true"}, share: 1}
	logged := &contender{name: "eph -j2 --log F", args: []string{b.eph, "-j2", "--log", filepath.Join(b.dir, "log"), "/bin/true"}, share: 1}
	both := []*contender{silent, logged}
	for range b.rounds {
		for _, c := range both {
			rate, err := b.race(c)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			c.rates = append(c.rates, rate)
		}
	}
	table(fmt.Sprintf("an event log, %d jobs a round, median of %d rounds", b.jobs, b.rounds), [][]string{
		{"program", "jobs/s", "time", "promise"},
		{silent.name, fmt.Sprintf("%.0f", median(silent.rates)), "1.00", ""},
		{logged.name, fmt.Sprintf("%.0f", median(logged.rates)), ratio(silent, logged), "<= 1.15"},
	})
	return nil
}
