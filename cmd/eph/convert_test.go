package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Lines as people write them, of which each has to do under eph what it does as it is.
var toConvert = []string{
	`printf '%s\0' a 'b c' "d'e" | xargs -0 -n1 echo got`,
	`printf '%s\0' a b c d | xargs -0 -n2 echo`,
	`printf '%s\0' a b c d | xargs -0 echo all`,
	`printf '%s\0' a b c d e | xargs --null --max-args=3 --max-procs=2 echo`,
	`printf 'a b\n"c d" e\n' | xargs echo`,
	`printf 'a b\n"c d" e\\ f\n' | xargs -n1 echo`,
	`printf 'a b\nc d\ne\n' | xargs -L2 echo`,
	`printf 'a b\nc d\n' | xargs -l echo`,
	`printf 'a\nb c\n' | xargs -d '\n' -n1 echo`,
	`printf 'a,b c,d' | xargs -d, -n 1 echo`,
	`printf 'a b _ c\n' | xargs -E _ -n1 echo`,
	`printf 'a\nb\n' | xargs -I{} echo in/{} {}.out`,
	`printf 'a\nb\n' | xargs -I % echo %-% {}`,
	`printf 'a\nb\n' | xargs -i echo '<{}>'`,
	`printf 'a\nb\n' | xargs --replace=X echo X`,
	`printf 'a\nb\n' | xargs -I{} echo nothing`,
	`printf 'a\nb c\n' | xargs -I{} sh -c 'echo "{}" | tr a-z A-Z'`,
	`printf 'a\nb\n' | xargs -I_ bash -c 'x=(_ 1); echo ${x[1]} _'`,
	`printf 'a\nb\n' | xargs -n1 sh -c 'echo "$0-$1"' tail`,
	`printf 'a\nb\n' | xargs -n1 awk 'BEGIN { x = "{}"; print x, ARGV[1] }'`,
	`printf 'a\nb\n' | xargs -n1 echo {} {1}`,
	`printf 'a\nb\n' | xargs -I% echo {} {1} {{ %{#} '{x}'`,
	`printf 'a\nb\n' | xargs -I{} sh -c 'set -- 1 2; echo ${#} {.} {}'`,
	`printf 'a b c' > in; xargs -a in -n2 echo`,
	`printf 'a b c' | xargs -P"$(printf 2)" -n1 echo`,
	`n=2; printf 'a b c' | xargs -n "$n" echo "$n" '*'`,
	`printf 'a b c' | xargs -s 20 -n2 -x echo`,
	`printf 'a b' | LC_ALL=C xargs -n1 >out echo && cat out`,
	`printf 'a b' | nice xargs -rt echo 2>&1`,
	`printf '' | xargs -r echo none`,
	`printf 'a\0b' | xargs -0 --process-slot-var=SLOT -n1 sh -c 'echo $SLOT $0'`,
	"for i in 1 2; do\n  printf 'x y' | xargs -n1 echo $i\ndone | sort | xargs -n2 echo",
}

// TestConvert runs lines of xargs, and what eph convert makes of them, and compares.
func TestConvert(t *testing.T) {
	realXargs(t)
	for _, line := range toConvert {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			script := exec.Command("eph", "convert", line)
			converted, err := script.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, err.(*exec.ExitError).Stderr)
			}
			if strings.Contains(string(converted), "xargs ") {
				t.Errorf("not converted: %s", converted)
			}
			was, is := outputOf(t, line), outputOf(t, string(converted))
			if !slices.Equal(was, is) {
				t.Errorf("%s\nprints %q,\n%sprints %q", line, was, converted, is)
			}
		})
	}
}

// outputOf runs a script and returns the lines that it prints, sorted.
func outputOf(t *testing.T, script string) []string {
	t.Helper()
	cmd := exec.Command("bash", "-c", script)
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s\n%v\n%s", script, err, out)
	}
	lines := strings.Split(string(out), "\n")
	slices.Sort(lines)
	return lines
}
