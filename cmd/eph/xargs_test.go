package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
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
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
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
	return fmt.Sprintf("printf %%b %.300q | LC_ALL=%s xargs %q", c.input, locale, c.args)
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

// TestXargsLikeTable compares eph xargs with the real one, option by option and end by end.
func TestXargsLikeTable(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "items")
	if err := os.WriteFile(file, []byte("one two\nthree\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(dir, "script") // without #!
	if err := os.WriteFile(script, []byte("echo script $*\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	numbers := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintln(&b, i+1)
		}
		return b.String()
	}
	show := func(args ...string) []string { return append(args, "printf", `[%s]\n`) }
	// The second of two jobs goes on when xargs has noticed the end of the first, whose process
	// exists until then.
	one := filepath.Join(dir, "one")
	after := `if [ $1 = first ]; then echo $$ >` + one + `.new; mv ` + one + `.new ` + one + `; exit $2; fi
		until [ -e ` + one + ` ]; do :; done; while kill -0 $(cat ` + one + `) 2>/dev/null; do :; done; rm ` + one + `; exit $2`

	var cases []xargsCase
	add := func(input string, args ...string) {
		cases = append(cases, xargsCase{args: args, input: input, c: len(cases)%2 > 0})
	}
	for _, args := range [][]string{
		{},
		{"-t"},
		{"-0"},
		{"--null"},
		{"-d,"},
		{"-d", `\n`},
		{"--delimiter=\\x2c"},
		{"-d", `\054`},
		{"-E", "E"},
		{"-eE"},
		{"-e"},
		{"--eof"},
		{"--eof=E"},
		{"-I{}"},
		{"-I", "R"},
		{"-i"},
		{"-iR"},
		{"--replace"},
		{"--replace=R"},
		{"-L2"},
		{"-L", "1"},
		{"-l"},
		{"-l2"},
		{"--max-lines"},
		{"--max-lines=2"},
		{"-n1"},
		{"-n", "2"},
		{"--max-args=3"},
		{"-r"},
		{"--no-run-if-empty"},
		{"-s30"},
		{"--max-chars", "40"},
		{"-x"},
		{"--exit"},
		{"-xn2", "-s", "30"},
		{"-xL2", "-s", "30"},
		{"-s7", "-i", "printf", "abcdef", "x"},
		{"-s8", "-i", "printf", "abcdef", "x"},
		{"--verbose"},
		{"--show-limits"},
		{"-P1"},
		{"--max-procs=1"},
		{"--process-slot-var=S"},
		{"--process-slot-var", "S"},
		{"-0t"},
		{"-tn1"},
		{"-trx"},
		{"-n1", "-I{}"},
		{"-I{}", "-n1"},
		{"-n2", "-L1"},
		{"-L1", "-n2"},
		{"-l", "-I{}"},
		{"-I{}", "-L1"},
		{"-0", "-E", "E"},
	} {
		for _, input := range []string{
			"", "\n", "a b c\nd e\n\n f \ng\n", "a 'b c' \"d e\" f\\ g\nE\nh\n", "a,b,,c\n", "a\x00b c\x00\x00", "a \nb\nc", "'a", "x y \"z\n",
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b", "aaaaaaaa bbbbbbbb cccccccc dddddddd", "it\\'s é\t\x01\xff",
		} {
			add(input, show(args...)...)
		}
	}
	for _, args := range [][]string{
		{"-z"},
		{"-tz"},
		{"--zz"},
		{"--m=3"},
		{"--max"},
		{"--e"},
		{"--n"},
		{"--no", "echo"},
		{"--ver"},
		{"--verb", "echo"},
		{"--null=1"},
		{"--help=1"},
		{"-n"},
		{"--max-args"},
		{"-n0"},
		{"-nx"},
		{"-n", "-1"},
		{"-n", ""},
		{"-L0"},
		{"-l0"},
		{"-lx"},
		{"-P-1"},
		{"-Px"},
		{"-P99999999999"},
		{"-s0"},
		{"-s-1"},
		{"-sx"},
		{"-s99999999999"},
		{"-s4", "echo"},
		{"-d"},
		{"-dab"},
		{"-d", ""},
		{"-d", `\q`},
		{"-d", `\8`},
		{"-d", `\400`},
		{"-d", `\x100`},
		{"-d", `\x4g`},
		{"-d", "é"},
		{"-d", `\`},
		{"-a", "/nowhere/x"},
		{"-a", file, "cat"},
		{"-a", file, "-n1", "echo"},
		{"-a", "-", "echo"},
		{"--arg-file=" + file},
		{"--process-slot-var="},
		{"--process-slot-var=A=B"},
		{"-"},
		{"--"},
		{"--", "-n"},
		{"-t", "--", "echo", "--"},
		{"echo", "-n1"},
		{"-I", "", "echo", "x"},
		{"-I{}"},
		{"-I{}", "{}"},
		{"-Ix", "echo", "xxx"},
		{"nosuchcommand"},
		{"/nowhere/x"},
		{"/etc/passwd"},
		{"/etc/passwd/x"},
		{"/etc"},
		{""},
		{"-t", "nosuchcommand"},
		{"-n1", "nosuchcommand"},
		{script},
		{"-n1", script, "x"},
		{"-n1", "sh", "-c", "exit $0"},
		{"-n1", "--process-slot-var=S", "sh", "-c", "echo $S $0"},
		{"env"},
		{"--process-slot-var=PATH", "/bin/echo"},
		{"readlink", "/proc/self/fd/0"},
	} {
		add("1\n", args...)
	}
	for _, statuses := range []string{"0", "1", "0 1 0", "7 0", "126", "127", "254 3", "255", "0 255 0", "1 255 0", "0 255 1"} {
		add(statuses, "-n1", "sh", "-c", "echo $0; exit $0")
	}
	for _, signal := range []string{"1", "9", "15", "0 9 0"} {
		add(signal, "-n1", "sh", "-c", "echo $0; [ $0 = 0 ] || kill -$0 $$")
	}
	add("1 9", "-n1", "sh", "-c", "[ $0 = 9 ] && kill -9 $$; exit $0")
	add("1 'x", "-n1", "sh", "-c", "exit $0")
	add("255 'x", "-n1", "sh", "-c", "exit $0")
	for _, args := range [][]string{{"-s", "300"}, {}, {"-n7"}, {"-L9"}, {"-x"}, {"-s", "131072"}, {"-s", "131071"}} {
		add(numbers(50000), append(args, "sh", "-c", `echo $# $1`, "sh")...)
	}
	add(numbers(600000), "-s", "2000000", "sh", "-c", "echo $#", "sh") // more than the system takes, again and again
	long := strings.Repeat("a", 150000)
	add("a\n"+long+"\nb\n", "sh", "-c", "echo $#", "sh")
	add("a\n"+long+"\nb\n", "-n1", "-s", "1000000", "sh", "-c", "echo $#", "sh")
	add("a\n"+long+"\nb\n", "-s", "1000000", "sh", "-c", "echo $#", "sh")
	for _, n := range []int{131072 - 7, 131072 - 6, 131072 - 5, 131072 - 4} {
		add(strings.Repeat("a", n)+"\n", "-I{}", "true", "{}")
		add(strings.Repeat("a", n)+"\n", "true")
		add("a\n"+strings.Repeat("a", n)+"\n", "true")
	}
	compareXargs(t, cases)
	for _, jobs := range []string{"first 1\nsecond 255", "first 1\nsecond 0", "first 0\nsecond 255", "first 255\nsecond 1\nthird 0"} {
		compareXargs(t, []xargsCase{{args: []string{"-P2", "-L1", "sh", "-c", after, "sh"}, input: jobs, parallel: true}})
	}
}

// TestXargsName holds that a link to eph that is called xargs stands in for xargs, and that
// eph xargs does, each with messages in its own name.
func TestXargsName(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "xargs")
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		argv []string
		want string
	}{
		{[]string{link, "-z"}, link + ": invalid option -- 'z'\nTry '" + link + " --help' for more information.\n"},
		{[]string{"eph", "xargs", "-z"}, "xargs: invalid option -- 'z'\nTry 'xargs --help' for more information.\n"},
		{[]string{"eph", "xargs", "-n1", "echo"}, "1\n2\n"},
		{[]string{link, "-n1", "echo"}, "1\n2\n"},
		{[]string{link, "-J%", "echo", "a", "%", "b"}, "a 1 2 b\n"},
		{[]string{link, "-I%", "-R1", "echo", "%", "%"}, "1 2 %\n"},
		// The program itself runs echo without the item here, and then the item as a command.
		{[]string{link, "-I%", "-s", "1000000", "echo", strings.Repeat("%", 50000)}, link + ": can't call exec() due to argument size restrictions\n"},
		{[]string{link, "-I%", "-S4", "echo", "%", "%%"}, "1 2 %%\n"},
	} {
		cmd := exec.Command(tt.argv[0], tt.argv[1:]...)
		cmd.Stdin = strings.NewReader("1 2")
		got, _ := cmd.CombinedOutput()
		if string(got) != tt.want {
			t.Errorf("%q prints %q, want %q", tt.argv, got, tt.want)
		}
	}
}

// TestXargsPage holds that eph understands each option that the page for those who come from
// xargs names, on both sides, and that the page names all there are.
func TestXargsPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "xargs.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "## Options\n\n")
	table, _, _ = strings.Cut(table, "\n\n")
	spelled := regexp.MustCompile("`(-[^`]+)`")
	values := strings.NewReplacer("FILE", os.DevNull, "END", "end", " C", " ,", "=C", "=,", " N", " 9", "=N", "=9", "lN", "l9", " V", " V", " S", " ,", " R", " @", "=R", "=@", "iR", "i@")
	named := map[string]bool{}
	for i, row := range strings.Split(table, "\n") {
		cells := strings.Split(row, "|")
		if i < 2 || len(cells) != 5 {
			continue
		}
		for side, before := range map[int][]string{1: {"xargs", "-r"}, 3: {"--summary", "none"}} {
			for _, m := range spelled.FindAllStringSubmatch(cells[side], -1) {
				words := strings.Fields(values.Replace(m[1]))
				if side == 1 {
					name, _, _ := strings.Cut(words[0], "=")
					named[name] = true
				}
				switch words[0] {
				case "-p", "--interactive", "-o", "--open-tty": // need a terminal: see TestXargsAsks
					continue
				case "-x":
					if side == 3 {
						words = append(words, "-s99", "-n9")
					}
				case "--stdin":
					words = append(words, "-a", os.DevNull)
				}
				argv := slices.Concat(before, words, []string{"echo", "{}"})
				out, err := exec.Command("eph", argv...).CombinedOutput()
				if s := status(err); s != 0 {
					t.Errorf("eph %q ends with %d: %s", argv, s, out)
				}
			}
		}
	}
	help, _ := exec.Command("eph", "xargs", "--help").Output()
	for _, m := range regexp.MustCompile(`(?m)^ +(-\w)?(?:[, ]+(--[a-z-]+))?`).FindAllStringSubmatch(string(help), -1) {
		for _, name := range m[1:] {
			if name != "" && !named[name] {
				t.Errorf("docs/xargs.md has no row for %s", name)
			}
		}
	}
}

// TestXargsReadsNoFurther holds that a command line runs as soon as it is complete, and that of
// the input after it nothing is needed.
func TestXargsReadsNoFurther(t *testing.T) {
	for _, args := range [][]string{{"-L1"}, {"-n1"}, {"-I{}"}, {"-n1", "-d", `\n`}, {"-n1", "-P2"}, {"-n1", "-t"}} {
		if args[0] == "-I{}" {
			args = append(args, "echo", "{}")
		}
		cmd := exec.Command("eph", append([]string{"xargs"}, args...)...)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(out)
		for _, line := range []string{"a\n", "b\n"} {
			_, _ = io.WriteString(in, line)
			if got, err := lines.ReadString('\n'); got != line {
				t.Errorf("xargs %q: after %q comes %q, %v", args, line, got, err)
			}
		}
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("xargs %q: %v", args, err)
		}
	}
}

// TestXargsAsks answers the questions of -p at a terminal, which the jobs share.
func TestXargsAsks(t *testing.T) {
	for _, tt := range []struct {
		args           []string
		input, answers string
		want           string // besides the echo of the answers
	}{
		{[]string{"-p", "-n1", "echo"}, "a b c", "y\nn\nYes\n", "echo a?...a\necho b?...echo c?...c\n"},
		{[]string{"-p", "-n1", "echo"}, "a b", "n\nn\nn\n", "echo a?...echo b?...echo?..."}, // at least one
		{[]string{"-p", "echo"}, "a b", "n\n", "echo a b?..."},
		{[]string{"-tp", "-I{}", "echo", "x{}"}, "a b\nc", "y\ny\n", "echo 'xa b'?...xa b\necho xc?...xc\n"},
		{[]string{"-o", "sh", "-c", "read x; echo $x"}, "a", "typed\n", "typed\n"},
		{[]string{"-n1", "sh", "-c", "read x </dev/tty; echo $x"}, "a", "typed\n", "typed\n"},
	} {
		in, feed, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(feed, tt.input)
		_ = feed.Close()
		master, tty, err := pty.Open()
		if err != nil {
			t.Skip("no pseudo-terminal: ", err)
		}
		_, _ = io.WriteString(master, tt.answers)
		cmd := exec.Command("eph", append([]string{"xargs"}, tt.args...)...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = in, tty, tty
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 1}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		_ = tty.Close()
		var out bytes.Buffer
		_, _ = io.Copy(&out, master) // ends when nobody has the terminal open
		_ = cmd.Wait()
		_, _ = master.Close(), in.Close()
		got := strings.ReplaceAll(out.String(), "\r\n", "\n")
		if got != tt.answers+tt.want {
			t.Errorf("xargs %q asks %q, want %q", tt.args, got, tt.answers+tt.want)
		}
	}
}

// TestXargsStops holds that a stop from the terminal, which goes to eph and its jobs alike, and
// to those that are just being started, stops eph, and that it goes on afterwards.
func TestXargsStops(t *testing.T) {
	cmd := exec.Command("eph", "xargs", "-P2", "-n1", "true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	var feeding sync.WaitGroup
	feeding.Go(func() {
		for {
			if _, err := io.WriteString(in, "a b c d e f g h\n"); err != nil {
				return
			}
		}
	})
	reaches := func(stopped bool) bool {
		for end := time.Now().Add(patience); time.Now().Before(end); {
			switch state := processState(strconv.Itoa(pid)); {
			case strings.HasPrefix(state, "Z"):
				return false
			case strings.HasPrefix(state, "T") == stopped:
				return true
			}
		}
		return false
	}
	for i := range 40 {
		step := []syscall.Signal{syscall.SIGTSTP, syscall.SIGCONT}[i%2]
		if err := syscall.Kill(-pid, step); err != nil {
			t.Fatal(err)
		}
		if !reaches(step == syscall.SIGTSTP) {
			t.Errorf("signal %d: after %v the state of eph is %q", i, step, processState(strconv.Itoa(pid)))
			break
		}
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL)
	if got := status(cmd.Wait()); got != 128+int(syscall.SIGKILL) {
		t.Errorf("eph has ended with %d: %s", got, &errs)
	}
	feeding.Wait()
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
		return []string{g.one("-I{}", "-I@", "-i", "-iX", "--replace", "--replace={}", "-Iab")}
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
			all = append(all, g.one("x", "{}", "a{}b{}", "@", "X{}X", "", "it's", `a"b`, "a b", "-n", "$x", "\n", "é", "ab", "{}{}{}"))
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
