package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestInputAsParallel runs command lines, with eph and with GNU parallel in the place of RUN.
// For what both promise about the input they have to print the same. Its --csv is left out:
// that needs a module which few have.
func TestInputAsParallel(t *testing.T) {
	if out, err := exec.Command("parallel", "--version").Output(); err != nil || !strings.HasPrefix(string(out), "GNU parallel") {
		t.Skip("GNU parallel is not installed")
	}
	for _, line := range []string{
		`RUN -N2 echo {2}-{1} ::: a b c d`,
		`RUN -N2 echo ::: a b c`,
		`RUN -N2 echo x{}y ::: a b c`,
		`RUN -N3 echo {3}{1} {1} ::: a b c d e f`,
		`RUN -n2 echo x{}y ::: a b c`,
		`RUN -n0 echo hi ::: a b`,
		`RUN -N0 echo hi ::: a b`,
		`RUN -m echo pre-{.}-post {} ::: a.x b.y c`,
		`RUN -X echo pre-{.}-post {} ::: a.x b.y c`,
		`RUN -m echo ::: a b`,
		`RUN -m -n2 echo {} {#} ::: a b c`,
		`RUN --link echo ::: a b c ::: 1 2 ::: x`,
		`RUN --link echo {2} {1} ::: a ::: 1 2 3`,
		`RUN --link echo ::: a b c :::+ 1 2 ::: x y`,
		`RUN --trim l 'printf \"[%s]\" {}' ::: ' a  b '`,
		`RUN --trim r 'printf \"[%s]\" {}' ::: ' a  b '`,
		`RUN --trim lr 'printf \"[%s]\" {}' ::: ' a  b '`,
		`RUN --trim n 'printf \"[%s]\" {}' ::: ' a  b '`,
		`seq 7 | RUN --pipe -N3 'cat; echo ='`,
		`printf '>a\n1\n>b\n2\n' | RUN --pipe --recstart '>' -N1 'cat; echo ='`,
		`printf 'a;b;c;d' | RUN --pipe --recend ';' -N2 'cat; echo ='`,
		`printf 'aEND\nSbEND\nScEND\nd' | RUN --pipe --recend 'END\n' --recstart S -N1 'cat; echo ='`,
		`seq 100000 | RUN --pipe --block 100k cat`,
	} {
		print := func(run string) string {
			cmd := exec.Command("sh", "-c", strings.Replace(line, "RUN", run, 1))
			out, err := cmd.Output()
			if err != nil {
				t.Errorf("%s with %s: %v", line, run, err)
			}
			return string(out)
		}
		ours, theirs := print("eph -k -j1"), print("parallel --will-cite -k -j1")
		if ours != theirs {
			t.Errorf("%s\neph prints\n%.300s\nGNU parallel\n%.300s", line, ours, theirs)
		}
	}
}
