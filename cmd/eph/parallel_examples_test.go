package main

import (
	"compress/gzip"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// exampleSetup makes what the examples of GNU parallel's manual take for given: programs, which
// here say how they were called, and files. Few of everything, and no waiting.
const exampleSetup = `
mkdir "$HOME/bin"; PATH=$HOME/bin:$PATH
stub() { for n; do printf '#!/bin/sh\nl=%s; for a; do l="$l [$a]"; done; echo "$l"\n' $n > "$HOME/bin/$n"; chmod 755 "$HOME/bin/$n"; done; }
stub ping lame convert wget curl traceroute rsync cmd my_command my_program do_something do_step1 do_step2 host lynx unzip apt-file srun youtube-dl myprog
prips() { echo 10.0.0.1; echo 10.0.0.2; }; module() { :; }; sudo() { "$@"; }; process_output() { cat; }
tracefile() { echo a.h; echo b.h; }; inotifywait() { echo new1; echo new2; }; mygenerator() { seq 30 | sed 's/^/echo job /'; }
seq() { command seq "$@" | head -12; }; sleep() { :; }; export -f sleep
mkdir destdir sounddir mydir src-dir mirror few
for f in a b; do
	for e in html wav jpg log zip es.txt; do echo FOO BAR $f > $f.$e; done
	echo $f | gzip -n > $f.gz; echo $f > $f.wav; echo $f > sounddir/$f.wav; echo $f$f > src-dir/$f; echo $f > few/$f
done
tar --mtime=@0 --owner=0 --group=0 --sort=name -czf t.tar.gz few; tar --mtime=@0 -czf foo.tgz few/a few/b
printf '%s\n' one two > list; cp list urlfile; cp list textfile; cp list hosts.txt; cp list xlist; cp list ylist; cp list file_list
printf 'echo run a\necho run b\n' > jobs_to_run; printf 'aardvark\nbabble\ncab\n' > in.txt; a=(aardvark babble cab)
printf 'foo\tbar\nbaz \t quux\n' > table_file.tsv; printf 'Name\tE-mail address\nAnn\ta@x\nBob B\tb@x\n' > addressbook.tsv
printf '>one\nAC\nGT\n>two\nTTT\n' > file.fasta; seq 9 > bigfile; seq 200 | head -500 >> bigfile
printf 'T C I\n1 a 53\n2 b 65\n3 b 82\n' > my.csv
find . -exec touch -h -d @0 {} +
`

// examples are those that need more than exampleSetup, by something that stands in them.
var examples = []struct {
	holds string
	setup string
	edit  []string // old and new texts, for what a test cannot have
	skips bool     // GNU parallel counts items that were passed over as failed, and eph does not
	out   string   // what eph prints, where that is more than GNU parallel does
}{
	{holds: "cp -rs /the/source/dir", edit: []string{"/the/source/dir", `"$PWD/src-dir"`}},
	{holds: "diff {1} {2} | wc -l", setup: "cd few"},
	{holds: "/tmp/diffcount", setup: "cd few", edit: []string{"/tmp/diffcount", "../diffcount"}},
	{holds: "tail -n+0 -f jobqueue | parallel\n", setup: "tail() { echo echo queued; }"},
	{holds: "$ tracefile", edit: []string{"$ tracefile", "tracefile"}},
	{holds: "read.csv", edit: []string{"\n  R\n", "\n", "\n  > ", "\n# "}},
	{holds: "{choose_k}", skips: true},
	{holds: "{uniq}", skips: true},
	{holds: "{E-mail address}", out: "Ann a@x\nBob B b@x\n"},
	{holds: "{0..39}", edit: []string{"{0..19} ::: {0..39}", "{0..2} ::: {0..3}"}},
	{holds: "{01..10}", edit: []string{"{01..10}", "{01..02}"}},
	{holds: "{00..55..5}", edit: []string{"{00..55..5}", "{00..55..25}"}},
	{holds: "SLURM_NTASKS", setup: "SLURM_NTASKS=2"},
	{holds: "BASEURL=", setup: "set -- http://x.example/"},
}

// manualEscapes are those of the roff of the manual.
var manualEscapes = regexp.MustCompile(`\\(?:\*\(..|.)`)

// manualExamples are the examples of the manual that call parallel or sem, as they stand there.
func manualExamples(t *testing.T) (all []string) {
	out, err := exec.Command("man", "-w", "parallel_examples").Output()
	if err != nil {
		t.Skip("there is no manual of GNU parallel here")
	}
	f, err := os.Open(strings.TrimSpace(string(out)))
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Skip(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	calls := regexp.MustCompile(`(?m)(?:^|[^\w.\-])(?:env_)?(?:parallel|sem)\s`)
	for _, m := range regexp.MustCompile(`(?ms)^\.Vb \d+\n(.*?)^\.Ve$`).FindAllStringSubmatch(string(text), -1) {
		block := manualEscapes.ReplaceAllStringFunc(m[1], func(e string) string {
			switch e {
			case `\*(Aq`:
				return "'"
			case `\e`:
				return `\`
			case `\&`:
				return ""
			}
			return e[len(e)-1:]
		})
		if calls.MatchString(block) {
			all = append(all, block)
		}
	}
	return all
}

// marksOutside are what tells an example that eph parallel has not: the code in the first column
// of the table in docs/parallel.md.
func marksOutside(t *testing.T) (marks []string) {
	for _, row := range rows(t, "## Examples outside") {
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[0], -1) {
			marks = append(marks, m[1])
		}
	}
	return marks
}

// rows are the cells of the table below a heading of docs/parallel.md, without its head.
func rows(t *testing.T, heading string) (all [][]string) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "parallel.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(page), heading)
	if !ok {
		t.Fatalf("docs/parallel.md has no %s", heading)
	}
	table, _, _ = strings.Cut(table, "\n## ")
	bar := strings.NewReplacer(`\|`, "\x00")
	for line := range strings.Lines(table) {
		if cells := strings.Split(bar.Replace(strings.TrimSpace(line)), "|"); len(cells) > 2 && !strings.HasPrefix(cells[1], "---") {
			cells = cells[1 : len(cells)-1]
			for i := range cells {
				cells[i] = strings.ReplaceAll(strings.TrimSpace(cells[i]), "\x00", "|")
			}
			all = append(all, cells)
		}
	}
	return all[1:]
}

// withoutMarks is an example without the statements that hold a mark. A script of several lines
// that belong together is left out as a whole.
func withoutMarks(block string, marks []string, used map[string]bool) string {
	joined := strings.ReplaceAll(block, "\\\n", "\x00")
	var kept []string
	for line := range strings.Lines(joined) {
		outside := false
		for _, m := range marks {
			if strings.Contains(line, m) {
				outside, used[m] = true, true
			}
		}
		if outside && (strings.Contains(block, "\ndone") || strings.HasSuffix(strings.TrimSpace(line), "|")) {
			return ""
		}
		if outside && len(kept) > 0 && strings.HasSuffix(strings.TrimSpace(kept[len(kept)-1]), "|") {
			return ""
		}
		if !outside {
			kept = append(kept, line)
		}
	}
	return strings.ReplaceAll(strings.Join(kept, ""), "\x00", "\\\n")
}

// TestParallelExamples runs the examples of GNU parallel's own manual, as they stand in it, under
// both programs. Those that eph parallel has not are told by the marks in docs/parallel.md, each of
// which has to be needed.
func TestParallelExamples(t *testing.T) {
	gnu, eph := bins(t)
	cache := t.TempDir()
	runLine(t, gnu, cache, "parallel true ::: x")
	marks, used := marksOutside(t), map[string]bool{}
	calls := regexp.MustCompile(`(?m)(?:^|[^\w.\-])parallel\s`)
	var lines []string
	var special []int // into examples, or -1
	for _, block := range manualExamples(t) {
		block = withoutMarks(block, marks, used)
		if !calls.MatchString(block) {
			continue
		}
		x, setup := -1, ""
		for i, e := range examples {
			if strings.Contains(block, e.holds) {
				x, setup, block = i, e.setup+"\n", strings.NewReplacer(e.edit...).Replace(block)
			}
		}
		special = append(special, x)
		lines = append(lines, exampleSetup+setup+block)
	}
	for _, m := range marks {
		if !used[m] {
			t.Errorf("docs/parallel.md has the mark %q of examples that are outside, and there is none", m)
		}
	}
	if len(lines) < 95 {
		t.Errorf("only %d examples can be run", len(lines))
	}
	for i, line := range lines {
		if (raceEnabled || testing.Short()) && i%8 != 0 {
			continue
		}
		t.Run("", func(t *testing.T) {
			t.Parallel()
			want, got := runLine(t, gnu, cache, line).sorted(), runLine(t, eph, cache, line).sorted()
			if x := special[i]; x >= 0 && examples[x].skips {
				want.status = 0
			} else if x >= 0 && examples[x].out != "" {
				want.out = examples[x].out
			}
			if got.status != want.status || got.out != want.out || !maps.Equal(got.files, want.files) {
				maps.DeleteFunc(got.files, func(name, text string) bool { return want.files[name] == text })
				t.Errorf("%s\n\thas left status %d, output %q, files %q\n\twant        %d, output %q, files %q",
					strings.TrimPrefix(line, exampleSetup), got.status, got.out, got.files, want.status, want.out, want.files)
			}
		})
	}
}

// sorted is what was left where the order of lines is left open.
func (l left) sorted() left {
	sort := func(s string) string {
		lines := strings.SplitAfter(s, "\n")
		slices.Sort(lines)
		return strings.Join(lines, "")
	}
	l.out = sort(l.out)
	for name, text := range l.files {
		l.files[name] = sort(text)
	}
	return l
}
