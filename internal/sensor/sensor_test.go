package sensor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/mostlylucid/eph/internal/fail"
)

// machine is a file system whose files change.
type machine struct {
	mu    sync.Mutex
	files fstest.MapFS
}

func (m *machine) set(name, text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[name] = &fstest.MapFile{Data: []byte(text)}
}

func (m *machine) Open(name string) (fs.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.files.Open(name)
}

func pressure(avg10 string) string {
	return "some avg10=" + avg10 + " avg60=0.00 avg300=0.00 total=0\nfull avg10=99.00 avg60=0.00 avg300=0.00 total=0\n"
}

func TestReadingsRiseAndFall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{files: fstest.MapFS{}}
		m.set("proc/loadavg", "1.00 1.00 1.00 1/91 12\n")
		m.set("proc/meminfo", "MemTotal: 100 kB\nMemAvailable:    2048 kB\n")
		m.set("proc/pressure/io", pressure("0.00"))
		s, err := newSensors(Options{Load: 2, MemFree: 1 << 20, Pressure: Pressure{IO: 20}}, m)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			s.Run(ctx, func(name string, high bool, _ string) { said = append(said, fmt.Sprint(name, " ", high)) })
		})
		expect := func(what string, want ...string) {
			t.Helper()
			time.Sleep(Every)
			synctest.Wait()
			if !slices.Equal(said, want) {
				t.Errorf("%s: %v, want %v", what, said, want)
			}
			said = nil
		}
		time.Sleep(Every / 2)
		expect("all is well")
		m.set("proc/loadavg", "2.01 1.00 1.00 1/91 12\n")
		expect("the load rises", "load true")
		m.set("proc/loadavg", "1.95 1.00 1.00 1/91 12\n")
		expect("it falls a little")
		m.set("proc/loadavg", "1.79 1.00 1.00 1/91 12\n")
		expect("it falls", "load false")
		m.set("proc/meminfo", "MemAvailable:    1023 kB\n")
		m.set("proc/pressure/io", pressure("20.50"))
		expect("memory goes", "memory true", "io true")
		m.set("proc/meminfo", "MemAvailable:    1200 kB\n")
		m.set("proc/pressure/io", pressure("17.00"))
		expect("memory comes", "memory false", "io false")
		m.set("sys/fs/cgroup/memory.max", "2097152\n")
		m.set("sys/fs/cgroup/memory.current", "2000000\n")
		expect("the group has less", "memory true")
		cancel()
		all.Wait()
	})
}

func TestWhatTheMachineDoesNotTell(t *testing.T) {
	for _, o := range []Options{{Load: 1}, {MemFree: 1}, {Pressure: Pressure{CPU: 1}}} {
		if _, err := newSensors(o, fstest.MapFS{}); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]float64{"1.5": 1.5, "150%": 6, "0": 0, "x": 0, "-1": 0, "": 0} {
		got, err := ParseLoad(text, 4)
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("ParseLoad(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	p, err := ParsePressure("cpu=80,io=20%")
	if err != nil || p != (Pressure{CPU: 80, IO: 20}) {
		t.Errorf("%+v, %v", p, err)
	}
	for text, at := range map[string]int{"": 0, "disk=3": 0, "cpu": 3, "cpu=x": 4, "cpu=10,io=300": 10, "cpu=1,cpu=2": 6} {
		_, err := ParsePressure(text)
		e, ok := errors.AsType[*fail.Error](err)
		if !ok || e.At != at || !strings.Contains(e.Try, "--pressure") {
			t.Errorf("ParsePressure(%q): %v at %d, want %d", text, err, e.At, at)
		}
	}
}
