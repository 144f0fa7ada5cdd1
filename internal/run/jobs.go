package run

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/value"
)

// Jobs is how many jobs run at once. Where Most is more than Least, the number moves between
// them; with a File, it holds the number, and is read again whenever it has changed.
type Jobs struct {
	Least, Most int // at least 1, at most Unlimited
	File        string
}

const jobsForm = "-j 4   (or 50%, +1, -1, 0 for all, 2..16, @FILE)"

// ParseJobs reads the value of --jobs, of cpus processors: N, N%, +N, -N, 0, MIN..MAX or
// @FILE, where the file holds any of the others.
func ParseJobs(text string, cpus int) (Jobs, error) {
	if file, ok := strings.CutPrefix(text, "@"); ok && file != "" {
		return Jobs{File: file}, nil
	}
	least, most, isRange := strings.Cut(text, "..")
	n, err := parseJobs(least, cpus)
	if err != nil {
		return Jobs{}, fail.Usage("--jobs: %s", err).Place(text, 0, len(least)).Advise("%s", jobsForm)
	}
	if !isRange {
		return Jobs{Least: n, Most: n}, nil
	}
	at := len(least) + 2
	m, err := parseJobs(most, cpus)
	if err != nil {
		return Jobs{}, fail.Usage("--jobs: %s", err).Place(text, at, len(most)).Advise("%s", jobsForm)
	}
	if m < n {
		return Jobs{}, fail.Usage("--jobs: %s is less than %s", most, least).Place(text, at, len(most)).Advise("-j %s..%s", most, least)
	}
	return Jobs{Least: n, Most: m}, nil
}

// readJobs reads how many jobs run at once from a file. It waits for nobody, and of a file
// without an end reads no more than its beginning.
func readJobs(file string, cpus int) (Jobs, error) {
	const most = 64 // bytes; it holds one number
	f, err := os.OpenFile(file, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return Jobs{}, fail.File("--jobs", err)
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && !st.Mode().IsRegular() {
		return Jobs{}, fail.Own("--jobs: %s is not a regular file, so it cannot be read repeatedly", file).Advise("-j 4, and eph ctl jobs N")
	}
	data, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return Jobs{}, fail.File("--jobs", err)
	}
	text := strings.TrimSpace(string(data))
	if strings.HasPrefix(text, "@") {
		return Jobs{}, fail.Own("--jobs: %s holds %q, which is not a number of jobs", file, text)
	}
	j, err := ParseJobs(text, cpus)
	if err != nil {
		return Jobs{}, fail.Own("--jobs: %s holds %q, which is not a number of jobs", file, text).Advise("echo 4 > %s", file)
	}
	j.File = file
	return j, nil
}

// parseJobs reads N, N%, +N, -N or 0.
func parseJobs(s string, cpus int) (int, error) {
	if p, ok := strings.CutSuffix(s, "%"); ok {
		f, err := value.Positive(value.Decimal(p))
		if err != nil {
			return 0, fmt.Errorf("%q is not a number of jobs", s)
		}
		return int(max(1, min(f*float64(cpus)/100, Unlimited))), nil
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number of jobs", s)
	}
	switch {
	case s[0] == '+' || s[0] == '-':
		n += cpus
	case n == 0:
		n = Unlimited
	}
	return max(1, min(n, Unlimited)), nil
}
