package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// asParallel has this test binary be parallel when it is called by that name.
func asParallel() {
	if filepath.Base(os.Args[0]) == "parallel" {
		main()
	}
}

// realParallel is the path of GNU parallel 20221122, which is what eph parallel stands in for.
func realParallel(t *testing.T) string {
	path, err := exec.LookPath("parallel")
	if err != nil {
		t.Skip("there is no parallel here to compare with")
	}
	out, _ := exec.Command(path, "--version").Output()
	if !bytes.HasPrefix(out, []byte("GNU parallel 20221122")) {
		t.Skip("the parallel of this machine is not GNU parallel 20221122")
	}
	return path
}

// left is what a line of shell has left: its status, its output and its files.
type left struct {
	status int
	out    string
	files  map[string]string
}

// figures are what no two runs have in common: times, in a joblog and in tables.
var figures = []struct {
	from *regexp.Regexp
	to   string
}{
	{regexp.MustCompile(`(?m)^(\d+\t:\t)\d+\.\d+\t *\d+\.\d+\t`), "${1}TIME\tTIME\t"},
	{regexp.MustCompile(`(?m)^(\d+,:,)\d+\.\d+,\d+\.\d+,`), "${1}TIME,TIME,"},
	{regexp.MustCompile(`"Starttime": \d+\.\d+, "JobRuntime": \d+\.\d+`), `"Starttime": TIME, "JobRuntime": TIME`},
}

func withoutFigures(s string) string {
	for _, f := range figures {
		s = f.from.ReplaceAllString(s, f.to)
	}
	return s
}

// sources are files that every line of shell finds.
var sources = map[string]string{
	"abc": "a\nb\nc\n", "num": "1\n2\n3\n", "def": "d\ne\nf\n",
	"table.tsv": "name\tsize\nx\t1\ny y\t2\n", "table.csv": "name,size\nx,1\n y ,2\n",
	"blanks": " a \n\tb\n\n  \nc\n",
}

// runLine runs a line of shell in which parallel is the program in dir bin, in a directory of its own.
func runLine(t *testing.T, bin, cache, line string) (l left) {
	dir, home := t.TempDir(), t.TempDir()
	for name, text := range sources {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := tree(t, dir)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", line)
	cmd.Dir = dir
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Env = []string{
		"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + home, "PARALLEL_HOME=" + cache, "TMPDIR=" + home,
		"LC_ALL=C.UTF-8", "GORACE=" + os.Getenv("GORACE"),
	}
	err := cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatalf("%s: %v", line, err)
	}
	l = left{status(err), strings.ReplaceAll(withoutFigures(out.String()), dir, "DIR"), tree(t, dir)}
	maps.DeleteFunc(l.files, func(name, text string) bool { return before[name] == text })
	t.Logf("%s\n%s", bin, &errs)
	return l
}

// bins returns directories in which parallel is GNU parallel, and eph.
func bins(t *testing.T) (gnu, eph string) {
	link := func(to string) string {
		dir := t.TempDir()
		if err := os.Symlink(to, filepath.Join(dir, "parallel")); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return link(realParallel(t)), link(self)
}

// TestParallelLike compares eph parallel with GNU parallel, line by line.
func TestParallelLike(t *testing.T) { compareLines(t, parallelLines) }

// TestParallelCSV compares what GNU parallel can do where Perl has a module for it.
func TestParallelCSV(t *testing.T) {
	if exec.Command("perl", "-MText::CSV", "-e", "1").Run() != nil {
		t.Skip("Text::CSV of Perl, by which GNU parallel reads CSV, is not installed")
	}
	compareLines(t, parallelCSVLines)
}

func compareLines(t *testing.T, lines []string) {
	gnu, eph := bins(t)
	cache := t.TempDir() // where GNU parallel keeps what it has found out of the machine
	runLine(t, gnu, cache, "parallel true ::: x")
	for i, line := range lines {
		if (raceEnabled || testing.Short()) && i%8 != 0 {
			continue
		}
		t.Run("", func(t *testing.T) {
			t.Parallel()
			want, got := runLine(t, gnu, cache, line), runLine(t, eph, cache, line)
			if got.status != want.status || got.out != want.out || !maps.Equal(got.files, want.files) {
				t.Errorf("%s\n\thas left status %d, output %q, files %q\n\twant        %d, output %q, files %q",
					line, got.status, got.out, got.files, want.status, want.out, want.files)
			}
		})
	}
}

// tree is what the files below a directory hold.
func tree(t *testing.T, dir string) map[string]string {
	files := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, dir)] = withoutFigures(string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestParallelPage holds that eph understands each option that the page for those who come from
// GNU parallel names, on both sides, and that the page names all there are.
func TestParallelPage(t *testing.T) {
	spelled := regexp.MustCompile("`(-[^`]+)`")
	values := strings.NewReplacer(
		" FILE", " "+os.DevNull, " SIZE", " 9", " DIR", " .", " RE", " ,", " N", " 9", " S", " ,", " R", " @", " T", " 1", " W", " lr", " V", " V",
		" H", " now,fail=1", " F", " "+filepath.Join(t.TempDir(), "log"), "@FILE", "2", " P", " "+os.DevNull,
	)
	named := map[string]bool{}
	for _, row := range rows(t, "## Options") {
		for side, before := range map[int][]string{0: {"parallel"}, 2: {"--summary", "none"}} {
			for _, m := range spelled.FindAllStringSubmatch(row[side], -1) {
				words := strings.Fields(values.Replace(m[1]))
				command := []string{"echo", "{}"}
				switch words[0] {
				case "-p", "--interactive", "-o", "--open-tty", "--tty": // need a terminal
					named[words[0]] = true
					continue
				case "--pipe", "--spreadstdin":
					command = []string{"cat"}
				case "--results":
					words[1] = t.TempDir()
				case "--journal":
					words[1] = filepath.Join(t.TempDir(), "journal")
					if out, err := exec.Command("eph", "--journal", words[1], "true", ":::", "a").CombinedOutput(); err != nil {
						t.Fatalf("%v: %s", err, out)
					}
					command = []string{"true"}
				case "--term-seq":
					words[1] = "TERM,200,KILL"
					if side == 2 {
						words[1] = "TERM,200ms,KILL"
					}
				case "--link", "--xapply":
					command = append(command, ":::", "a", ":::", "b")
				case "-x", "--exit":
					if side == 2 {
						words = append(words, "-s99", "-n9")
					}
				case "--resume", "--resume-failed", "--retry-failed":
					words = append(words, "--joblog", filepath.Join(t.TempDir(), "log"))
				}
				if side == 0 {
					named[words[0]] = true
				}
				if slices.Contains([]string{"--failed", "--config"}, words[0]) {
					words[1] = os.DevNull
				}
				argv := slices.Concat(before, words, command)
				cmd := exec.Command("eph", argv...)
				cmd.Env = append(os.Environ(), "PARALLEL_SHELL=/bin/sh", "HOME="+t.TempDir())
				out, err := cmd.CombinedOutput()
				if s := status(err); s != 0 {
					t.Errorf("eph %q ends with %d: %s", argv, s, out)
				}
			}
		}
	}
	help, _ := exec.Command("eph", "parallel", "--help").Output()
	for _, m := range regexp.MustCompile(`(?m)^  (-[\w-]+(?:, -[\w-]+)*)`).FindAllStringSubmatch(string(help), -1) {
		for name := range strings.SplitSeq(m[1], ", ") {
			if !named[name] {
				t.Errorf("docs/parallel.md has no row for %s", name)
			}
		}
	}
}
