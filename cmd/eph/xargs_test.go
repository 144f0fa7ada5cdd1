package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	xargsSeed  = flag.Uint64("xargs-seed", 1, "seed of the generated command lines of xargs")
	xargsCases = flag.Int("xargs-cases", 2000, "how many command lines of xargs are generated")
)

// asXargs has this test binary be xargs when it is called by that name.
func asXargs() {
	if filepath.Base(os.Args[0]) == "xargs" {
		main()
	}
}

// realXargs is the path of GNU xargs 4.9 or later.
func realXargs(t *testing.T) string {
	path, err := exec.LookPath("xargs")
	if err != nil {
		t.Skip("there is no xargs here to compare with")
	}
	out, _ := exec.Command(path, "--version").Output()
	v := regexp.MustCompile(`GNU findutils\) (\d+)\.(\d+)`).FindSubmatch(out)
	if v == nil {
		t.Skip("the xargs of this machine is not that of GNU")
	}
	major, _ := strconv.Atoi(string(v[1]))
	minor, _ := strconv.Atoi(string(v[2]))
	if major*100+minor < 409 {
		t.Skipf("the xargs of this machine is GNU's %s.%s, and we stand in for 4.9", v[1], v[2])
	}
	return path
}

// xargsCase is one command line with its input.
type xargsCase struct {
	args     []string
	input    string
	parallel bool // the order of what jobs write is left open
	c        bool // in the locale C, not in UTF-8
}

func (c xargsCase) String() string {
	locale := "C.UTF-8"
	if c.c {
		locale = "C"
	}
	return fmt.Sprintf("printf %%b %q | LC_ALL=%s xargs %q", c.input, locale, c.args)
}

// outcome is what a program left.
type outcome struct {
	status      int
	out, errors string
}

// run runs the program at path under the name xargs.
func (c xargsCase) run(t *testing.T, path string) (o outcome) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path)
	cmd.Args = append([]string{"xargs"}, c.args...)
	cmd.Stdin = strings.NewReader(c.input)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "GORACE=" + os.Getenv("GORACE")}
	if c.c {
		cmd.Env[1] = "LC_ALL=C"
	}
	err := cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatalf("%v: %v", c, err)
	}
	o = outcome{status(err), out.String(), errs.String()}
	if c.parallel {
		lines := strings.SplitAfter(o.out, "\n")
		slices.Sort(lines)
		o.out = strings.Join(lines, "")
	}
	return o
}

// compareXargs runs the cases under both programs, two at a time.
func compareXargs(t *testing.T, cases []xargsCase) {
	real := realXargs(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var next, differing atomic.Int64
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(cases) {
					return
				}
				c := cases[i]
				want, got := c.run(t, real), c.run(t, self)
				if got != want {
					differing.Add(1)
					t.Errorf("%v\n got %d %.600q\n     %.600q\nwant %d %.600q\n     %.600q", c, got.status, got.out, got.errors, want.status, want.out, want.errors)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d command lines, %d differ", len(cases), differing.Load())
}

// TestXargsLikeGenerated compares eph xargs with the real one on command lines that are made
// up. The same seed makes the same ones.
func TestXargsLikeGenerated(t *testing.T) {
	t.Logf("go test ./cmd/eph -run %s -xargs-seed %d", t.Name(), *xargsSeed)
	n := *xargsCases
	if raceEnabled || testing.Short() {
		n /= 20
	}
	g := xargsGenerator{rand.New(rand.NewPCG(*xargsSeed, 0))}
	cases := make([]xargsCase, n)
	for i := range cases {
		cases[i] = g.make()
	}
	compareXargs(t, cases)
}

// xargsGenerator makes command lines.
type xargsGenerator struct{ *rand.Rand }

func (g xargsGenerator) one(of ...string) string { return of[g.IntN(len(of))] }

func (g xargsGenerator) chance(percent int) bool { return g.IntN(100) < percent }

func (g xargsGenerator) make() (c xargsCase) {
	c.c = g.chance(30)
	for range g.IntN(4) {
		c.args = append(c.args, g.option(&c)...)
	}
	c.args = append(c.args, g.command(&c)...)
	for range g.IntN(16) {
		c.input += g.piece()
	}
	return c
}

// option is an option, in one of its spellings.
func (g xargsGenerator) option(c *xargsCase) []string {
	few := strconv.Itoa(1 + g.IntN(4))
	glued := func(short, long, value string) []string {
		switch g.IntN(4) {
		case 0:
			return []string{"-" + short, value}
		case 1:
			return []string{"--" + long + "=" + value}
		case 2:
			return []string{"--" + long[:max(len(long)-2, 1)], value}
		}
		return []string{"-" + short + value}
	}
	switch g.IntN(18) {
	case 0:
		return []string{g.one("-0", "--null", "--nul")}
	case 1:
		return glued("d", "delimiter", g.one(",", "a", ";", " ", `\n`, `\t`, `\0`, `\x2c`, `\054`, `\\`, `\x`, "ab", `\400`, `\8`, `\q`))
	case 2:
		return []string{g.one("-E", "-e", "--eof="), g.one("E", "EOF", "b", "_", "")}[:2]
	case 3:
		return []string{g.one("-eE", "-EE", "--eof=b", "--eof", "-e", "-Eb")}
	case 4, 5:
		return []string{g.one("-I{}", "-I%", "-i", "-iX", "--replace", "--replace={}", "-Iab")}
	case 6, 7:
		return []string{g.one("-L"+few, "-l"+few, "-l", "--max-lines="+few, "--max-lines")}
	case 8, 9:
		return glued("n", "max-args", g.one(few, "1", "0", "-1", "x", "+2", "03"))
	case 10, 11:
		return glued("s", "max-chars", g.one(strconv.Itoa(5+g.IntN(60)), strconv.Itoa(20+g.IntN(20)), "0", "x", "4096", "9999999999"))
	case 12:
		return []string{g.one("-x", "--exit", "-rx", "-tx")}
	case 13:
		return []string{g.one("-t", "--verbose", "-tr")}
	case 14:
		return []string{g.one("-r", "--no-run-if-empty", "--no")}
	case 15:
		if g.chance(50) {
			c.parallel = true
			return []string{g.one("-P2", "-P3", "-P0", "--max-procs=2")}
		}
		return []string{g.one("-P1", "--max-procs", "-P", "--", "--max", "-z", "--zz", "--null=3", "--show-limits")}
	case 16:
		return []string{"--process-slot-var=" + g.one("SLOT", "", "A=B")}
	}
	return []string{g.one("-t", "-tn2", "-0t", "-tI{}", "-n")}
}

// command is a command and its first arguments.
func (g xargsGenerator) command(c *xargsCase) []string {
	words := func() (all []string) {
		for range g.IntN(4) {
			all = append(all, g.one("x", "{}", "a{}b{}", "%", "X{}X", "", "it's", `a"b`, "a b", "-n", "$x", "\n", "é", "ab", "{}{}{}"))
		}
		return all
	}
	switch g.IntN(12) {
	case 0:
		return nil
	case 1:
		return []string{"echo"}
	case 2:
		return append([]string{"{}"}, words()...)
	case 3:
		return []string{g.one("/nowhere/x", "nosuchcommand", "/etc/passwd", "/etc", "")}
	case 4, 5:
		if !c.parallel {
			return []string{"sh", "-c", g.one("echo $#; exit 1", "echo $#; exit 255", "kill -9 $$", `case $1 in a*) exit 3;; b*) exit 255;; esac; echo $#`,
				`case $1 in a*) exit 3;; b*) kill -15 $$;; esac; echo $#`), "sh"}
		}
	}
	return append([]string{"printf", `[%s]\n`}, words()...)
}

// piece is a part of an input.
func (g xargsGenerator) piece() string {
	switch g.IntN(14) {
	case 0, 1:
		return g.one("\n", "\n", "\n\n", " \n", "\t\n", "\n \n")
	case 2, 3:
		return g.one(" ", "  ", "\t", " \t")
	case 4:
		return g.one("'", `"`, `\`, `''`, `""`, `\\`, "\\\n", `\ `)
	case 5:
		return g.one(`'a b'`, `"c d"`, `'it"s'`, `"it's"`, `'x'y"z"`, `'\'`, `"\"`)
	case 6:
		return g.one("E", "E\n", "\nE\n", "EOF", "b\n", "\nb ", "_")
	case 7:
		return g.one("\x00", "a\x00b", "\v", "\r", "\f", "\x01", "\xff", "é", "日本", "\x7f", "~", "#", "{", "}", "{}", "!", "$x", "a=b")
	case 8:
		return strings.Repeat(g.one("a", "b ", "cd\n"), 1+g.IntN(40))
	case 9:
		return g.one(",", ";", ",,", "a,b")
	}
	return g.one("a", "b", "foo", "bar", "x1", "-n", "abc\n", "d e\n", "f ", "g\n")
}
