// Package sensor reports when the machine is too busy: by its load, by the memory that is left, by
// how long tasks stall for lack of a resource (Linux PSI), and by the room on a disk.
package sensor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/mostlylucid/eph/internal/fail"

	"github.com/mostlylucid/eph/internal/value"
)

// Options are limits; those that are zero are not looked at.
type Options struct {
	Load     float64  // tasks that run or wait for a processor or a disk
	MemFree  int64    // bytes of memory that have to be free
	Pressure Pressure // of time in which tasks stall
}

// Pressure is shares of time in percent, in which some task was stalled.
type Pressure struct{ CPU, Memory, IO float64 }

// Every is how often sensors look.
const Every = time.Second

// relief is how far below its limit a reading has to fall before it counts as low again, so that a
// reading close to the limit does not flap.
const relief = 0.9

// Describe describes each limit in words that follow "while".
func (o Options) Describe() (all []string) {
	if o.Load > 0 {
		all = append(all, fmt.Sprintf("the load is over %g", o.Load))
	}
	if o.MemFree > 0 {
		all = append(all, fmt.Sprintf("less than %s of memory are free", value.SizeText(o.MemFree)))
	}
	for _, p := range []struct {
		of   string
		most float64
	}{{"the CPU", o.Pressure.CPU}, {"memory", o.Pressure.Memory}, {"input and output", o.Pressure.IO}} {
		if p.most > 0 {
			all = append(all, fmt.Sprintf("tasks wait for %s for more than %g%% of the time", p.of, p.most))
		}
	}
	return all
}

// Sensors look at one machine.
type Sensors struct {
	fsys fs.FS // the root of the file system
	all  []*one
}

// one is one sensor.
type one struct {
	name string
	most float64
	read func(fs.FS) (float64, error)
	say  func(reading float64) string
	high bool
}

// New returns the sensors of these limits, having read each once: an error says what this
// machine does not tell.
func New(o Options) (*Sensors, error) { return newSensors(o, os.DirFS("/")) }

func newSensors(o Options, fsys fs.FS) (*Sensors, error) {
	s := &Sensors{fsys: fsys}
	add := func(name string, most float64, read func(fs.FS) (float64, error), say string) {
		if most > 0 {
			s.all = append(s.all, &one{name: name, most: most, read: read, say: func(x float64) string { return fmt.Sprintf(say, x, most) }})
		}
	}
	add("load", o.Load, load, "the load is %.2f, over %g")
	if o.MemFree > 0 {
		least := float64(o.MemFree)
		s.all = append(s.all, &one{
			name: "memory", most: 1,
			read: func(fsys fs.FS) (float64, error) {
				free, err := memory(fsys)
				return least / max(free, 1), err // over 1 is too little
			},
			say: func(x float64) string {
				return fmt.Sprintf("%.0f MiB of memory are free, less than %.0f", least/x/(1<<20), least/(1<<20))
			},
		})
	}
	add("cpu", o.Pressure.CPU, psi("cpu"), "tasks wait for a processor for %.1f%% of the time, over %g%%")
	add("memory", o.Pressure.Memory, psi("memory"), "tasks wait for memory for %.1f%% of the time, over %g%%")
	add("io", o.Pressure.IO, psi("io"), "tasks wait for input or output for %.1f%% of the time, over %g%%")
	for _, x := range s.all {
		if _, err := x.read(fsys); err != nil {
			return nil, fail.Own("this machine does not report its %s: %w", x.name, err)
		}
	}
	return s, nil
}

// Look reads the sensors once, and calls tell for each whose reading has risen over its limit, or
// has fallen well below it, since the last look. It must not run beside Run.
func (s *Sensors) Look(tell func(name string, high bool, why string)) {
	for _, x := range s.all {
		reading, err := x.read(s.fsys)
		if err != nil {
			continue // it could be read before, and will be again
		}
		limit := x.most
		if x.high {
			limit *= relief
		}
		if high := reading > limit; high != x.high {
			x.high = high
			if high || !s.anotherHigh(x) {
				tell(x.name, high, x.say(reading))
			}
		}
	}
}

// Run looks again and again until ctx ends.
func (s *Sensors) Run(ctx context.Context, tell func(name string, high bool, why string)) {
	look := time.NewTicker(Every)
	defer look.Stop()
	for {
		select {
		case <-look.C:
			s.Look(tell)
		case <-ctx.Done():
			return
		}
	}
}

// anotherHigh reports whether a sensor of the same name is still high.
func (s *Sensors) anotherHigh(x *one) bool {
	for _, y := range s.all {
		if y != x && y.name == x.name && y.high {
			return true
		}
	}
	return false
}

// load is the mean of the last minute.
func load(fsys fs.FS) (float64, error) {
	data, err := fs.ReadFile(fsys, "proc/loadavg")
	if err != nil {
		return 0, err
	}
	mean, _, _ := strings.Cut(string(data), " ")
	return strconv.ParseFloat(mean, 64)
}

// memory is how many bytes could be had without swapping: of the machine, or of the control
// group if its limit is nearer.
func memory(fsys fs.FS) (float64, error) {
	data, err := fs.ReadFile(fsys, "proc/meminfo")
	if err != nil {
		return 0, err
	}
	free := -1.0
	for line := range strings.Lines(string(data)) {
		if kib, ok := strings.CutPrefix(line, "MemAvailable:"); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(kib), "kB")), 64)
			if err != nil {
				return 0, err
			}
			free = n * 1024
		}
	}
	if free < 0 {
		return 0, errors.New("/proc/meminfo has no MemAvailable")
	}
	most, err1 := number(fsys, "sys/fs/cgroup/memory.max")
	used, err2 := number(fsys, "sys/fs/cgroup/memory.current")
	if err1 == nil && err2 == nil {
		free = min(free, max(most-used, 0))
	}
	return free, nil
}

func number(fsys fs.FS, name string) (float64, error) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(strings.TrimSpace(string(data)), 64) // "max" is not a number, and no limit
}

// psi reads how much of the last ten seconds some task was stalled for.
func psi(of string) func(fs.FS) (float64, error) {
	return func(fsys fs.FS) (float64, error) {
		data, err := fs.ReadFile(fsys, "proc/pressure/"+of)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.EOPNOTSUPP):
			return 0, errors.New("the kernel has no pressure stall information; the boot parameter psi=1 turns it on")
		case err != nil:
			return 0, err
		}
		_, after, ok := strings.Cut(string(data), "some avg10=")
		if !ok {
			return 0, fmt.Errorf("/proc/pressure/%s has no avg10", of)
		}
		text, _, _ := strings.Cut(after, " ")
		return strconv.ParseFloat(text, 64)
	}
}
