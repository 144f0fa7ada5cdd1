package run

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/internal/record"
)

// Deserted is the error with which a run refuses its journal because of jobs that the run before it
// has left alive, for a process that does not do the run and sees more processes than the one that
// does. Any other fault of the journal it leaves to the run.
func (j *Journal) Deserted() error {
	if j.File == "" {
		return nil
	}
	file, err := record.OpenJournal(j.File, record.JournalOptions{Flag: j.Flag, Look: true})
	if err != nil {
		return nil
	}
	defer file.Close()
	return j.deserted(&file.Past)
}

// deserted waits a moment for the jobs that the last run was in the middle of when it was killed:
// what is left of it may be about to kill them. A journal is in use as long as one is alive, or an
// item would run beside itself.
func (j *Journal) deserted(past *record.Past) error {
	if past.Interrupted == 0 {
		return nil
	}
	for began := time.Now(); ; time.Sleep(desertedPatience / 100) {
		var of []string // which item each process is of
		pids := job.Alive(func(environ []string) bool {
			seq, ok := isJob(environ, past.Run)
			if ok = ok && past.Flies(seq); ok {
				of = append(of, fmt.Sprintf("item %d", seq))
			}
			return ok
		})
		if pids == nil {
			return nil
		}
		if time.Since(began) < desertedPatience {
			continue
		}
		var kill, found []string
		for i, pid := range pids[:min(len(pids), mostNamed)] {
			kill = append(kill, strconv.Itoa(pid))
			found = append(found, fmt.Sprintf("process %d of %s", pid, of[i]))
		}
		if n := len(pids) - len(found); n > 0 {
			found = append(found, fmt.Sprintf("and %d more", n))
		}
		return fail.Own("%s: %s is the journal of run %s, which was killed and left jobs alive: %s", j.Flag, j.File, past.Run, strings.Join(found, ", ")).
			Advise("kill -9 %s, or wait until they have ended; --isolate leaves none", strings.Join(kill, " "))
	}
}

// mostNamed is how many processes a message names.
const mostNamed = 20

// desertedPatience is how long jobs of a run that was killed may take to follow it.
const desertedPatience = 2 * time.Second
