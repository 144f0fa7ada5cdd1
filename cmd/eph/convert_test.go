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
	"xargs <<E -n1 echo; echo after\na b\nE",
	`printf '1\n3\n' | xargs -I{} sh -c 'test {} -gt 2 && echo more || echo less'`,
	`printf 'a\0b' | xargs -0 --process-slot-var=SLOT -n1 sh -c 'echo $SLOT $0'`,
	"for i in 1 2; do\n  printf 'x y' | xargs -n1 echo $i\ndone | sort | xargs -n2 echo",
}

// Lines of GNU parallel.
var toConvertFromParallel = []string{
	`parallel echo got {} ::: a 'b c' "d'e"`,
	`printf 'a b\nc\n' | parallel -k echo`,
	`parallel -j2 -k 'echo {} | tr a-z A-Z' ::: a b`,
	`parallel -k echo {.} {/} {//} {/.} {#} ::: in/a.tar.gz b.c`,
	`parallel -k echo {1}-{2} ::: a b ::: 1 2`,
	`parallel -k echo {1}-{2} ::: a b :::+ 1 2`,
	`parallel --link -k echo {2}{1} ::: a b ::: 1 2`,
	`parallel --xapply -k echo ::: a b ::: 1 2`,
	`printf 'a,b\nc,d\n' | parallel -k --colsep , echo {2} {1}`,
	`printf 'x\ty\n1\t2\n' | parallel --header : --colsep '\t' echo {y} {x}`,
	`parallel -k -n2 echo ::: a b c d`,
	`parallel -k -N2 echo {2} {1} ::: a b c d`,
	`parallel -j1 -X echo ::: a b c d`,
	`parallel -j1 -m echo x{}y ::: a b c d`,
	`parallel -k --tag echo {} ::: a b`,
	`parallel -k --tagstring '{#}:' echo {} ::: a b`,
	`printf 'a\0b' | parallel -0 -k echo`,
	`printf 'a\nb\n' > f; parallel -a f -k echo; parallel -k echo :::: f`,
	`seq 10 | parallel --pipe -N5 -k wc -l`,
	`seq 100000 | parallel --pipe --block 100k wc -l | awk '{ s += $1 } END { print s }'`,
	`parallel -I% -k echo % {} ::: a b`,
	`parallel -j"$(printf 2)" -k echo {} "two  words" ::: a`,
	`parallel -k echo '>' out.{} ';' cat out.{} ::: a b`,
	`parallel -q -k echo 'a  b' '{};' ::: c d`,
	`parallel -k --dry-run echo {} ::: a b`,
	`parallel --retries 3 --delay 0.01 --timeout 10 -k echo {} ::: a b`,
	`parallel --halt 2 -j1 echo ::: a b; parallel --halt now,fail=1 -j1 echo ::: a b`,
	`parallel --joblog log true ::: a b c && tail -n +2 log | cut -f7-8 | sort`,
	`parallel --results r -k echo {} ::: a b && cat r/1/a/stdout r/1/b/stdout`,
	`printf 'echo a\necho b\n' | parallel -k`,
	`parallel --will-cite --gnu -k echo --no-notice {} ::: a`,
	`parallel -k --trim lr echo '"<{}>"' ::: ' a ' b`,
	`printf 'a\n_\nb\n' | parallel -E _ -k echo`,
	`parallel --lb echo {} ::: a; parallel -u echo {} ::: a`,
	`mkdir d; parallel --wd d -k 'echo {} > {}; ls' ::: a; parallel --nice 5 -n0 nice ::: x`,
	`parallel --jobs 200% -k echo {%} ::: ""`,
	`parallel 'x={}; echo ${x/a/b}' ::: aa; parallel '[[ {} == a ]] && echo {1,2}' ::: a`,
	`parallel 'exit {}' ::: 0; parallel exit {} ::: 0; parallel X={} printenv X ::: 0`,
	`parallel -k -E b echo ::: a b c ::: 1 2; printf '1\nb\n2\n' | parallel -k -E b echo :::: - ::: x b y`,
	`parallel --progress -e -k echo ::: a b; parallel --wd . pwd ::: a | sed 's/.*/x/'`,
	`echo 2 > jobs; parallel -j jobs -k echo ::: a b`,
	`parallel -k echo '{{}}' {.a} '"{{"' ::: a; parallel -k 'echo {a} {{}}' ::: b`,
	`parallel ::: 'echo a; echo b'; parallel {} ::: 'echo a; echo b'`,
}

// TestConvert runs lines of xargs, and what eph convert makes of them, and compares.
func TestConvert(t *testing.T) {
	realXargs(t)
	convertAll(t, toConvert)
}

func TestConvertParallel(t *testing.T) {
	realParallel(t)
	convertAll(t, toConvertFromParallel)
}

func convertAll(t *testing.T, lines []string) {
	t.Helper()
	for _, line := range lines {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			script := exec.Command("eph", "convert", line)
			converted, err := script.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, err.(*exec.ExitError).Stderr)
			}
			if !strings.Contains(string(converted), "eph ") {
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
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s\n%v\n%s", script, err, out)
	}
	lines := strings.Split(string(out), "\n")
	slices.Sort(lines)
	return lines
}
