package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// faults are things that go wrong, or look as if, and what eph makes of each: a script for sh, the
// status it ends with, and what it prints on standard output and standard error. Beside these there
// are testdata/script, which has a file for each behaviour that takes more than a line, and
// scripts/faults, for what takes time, memory, or a peer to compare with.
var faults = []struct {
	name     string
	script   string
	status   int
	out, err string // regular expressions for all of it, "" for nothing, "..." for anything
	needs    string // a program, or "root"
}{
	// What input can be.
	{name: "input: blanks are part of a line", script: `printf '  a b\t\n' | eph printf '[%s]'`, out: `\[  a b\t\]`},
	{name: "input: CR is part of a line", script: `printf 'a\r\nb' | eph -k printf '[%s]'`, out: `\[a\r\]\[b\]`},
	{name: "input: a byte order mark is part of a line", script: `printf '\357\273\277a\n' | eph printf '[%s]'`, out: "\\[\ufeffa\\]"},
	{name: "input: a byte order mark is no JSON", script: `printf '\357\273\2771' | eph --json echo`, out: "1\n"},
	{name: "input: NUL within a line", script: `printf 'a\0b\nc\n' | eph echo`, status: 1, out: "c\n", err: `(?s).*1 left out.*:1: the record has a NUL byte.*-0.*`},
	{name: "input: newlines between NULs", script: `printf 'a\nb\0c' | eph -0 -k printf '[%s]'`, out: `\[a\nb\]\[c\]`},
	{name: "input: bytes that are no UTF-8", script: `printf '\377\n' | eph --log l printf '[%s]' | od -An -tx1; grep -c '"base64":"/w=="' l`, out: " 5b ff 5d\n2\n"},
	{name: "input: the longest argument", script: `head -c 131071 /dev/zero | tr '\0' a | eph sh -c 'echo ${#0}'`, out: "131071\n"},
	{name: "input: too long for an argument", script: `{ head -c 131072 /dev/zero | tr '\0' a; echo; echo b; } | eph echo`, status: 123, out: "b\n", err: `(?s).*the system accepts 131071.*`},
	{name: "input: long ones on standard input", script: `head -c 131072 /dev/zero | tr '\0' a | eph --stdin item wc -c`, out: "131072\n"},
	{name: "input: too long for an item", script: `{ head -c 70000000 /dev/zero; echo; echo b; } | tr '\0' a | eph echo`, status: 1, out: "b\n", err: `(?s).*longer than 1048576 bytes.*`},
	{name: "input: no end of line in sight", script: `head -c 70000000 /dev/zero | tr '\0' a | eph echo`, status: 1, err: `(?s).*longer than 1048576 bytes.*`},
	{name: "input: a large environment leaves less room", script: `A=$(head -c 122880 /dev/zero | tr '\0' a); B=$A; C=$A; export A B C; seq 200000 > i; eph -a i -X sh -c 'echo $#' sh | awk '{s += $1} END {print s, (NR > 1)}'`, out: "200000 1\n"},
	{name: "input: a directory", script: `eph echo < .`, status: 1, err: `eph: cannot read standard input: is a directory\n`},
	{name: "input: an error in reading", script: `eph echo < /proc/self/mem`, status: 1, err: `eph: cannot read standard input: input/output error\n`},
	{name: "input: that does not block", script: `mkfifo f; perl -e 'use Fcntl; open F, "+<f"; fcntl(F, F_SETFL, O_NONBLOCK); syswrite F, "a\n"; open STDIN, "<&F"; close F; exec "eph", "--limit", "1", "echo"'`, out: "a\n", needs: "perl"},
	{name: "input: closed is empty, and nothing of eph's becomes it", script: `echo no > no; eph --log l --joblog j sh -c 'ls -l /proc/$$/fd/0 >&2' ::: a <&- 2>&1 | sed 's/.* //'; eph --log l echo <&-; eph --empty fail echo <&- 7< no`, status: 122, out: "/dev/null\n", err: "..."},
	{name: "input: a file that jobs write to", script: `echo a > f; eph -a f -j1 sh -c 'test $(wc -l < f) -gt 3 || echo b >> f; echo $0' | sort -u | head -1`, out: "a\n"},
	{name: "JSON: one bad line", script: `printf '{"k":1}\n{bad\n{"k":2}\n' | eph -k --json echo {.k}`, status: 1, out: "1\n2\n", err: `(?s).*standard input:2:2: malformed JSON.*`},
	{name: "JSON: NUL in a string", script: `printf '{"f":"a\\u0000b"}{"f":1}' | eph --json echo {.f}`, status: 1, out: "1\n", err: `(?s).*item 1 holds a NUL byte.*`},
	{name: "JSON: half a surrogate pair", script: `printf '{"f":"\\ud800"}\n{"f":1}' | eph --json echo {.f}`, status: 1, out: "1\n", err: `(?s).*half of a surrogate pair.*`},
	{name: "JSON: numbers as they were written", script: `printf '{"f":12345678901234567890}{"f":1e400}{"f":1,"f":2}' | eph -k --json echo {.f}`, out: "12345678901234567890\n1e400\n2\n"},
	{name: "JSON: very deep", script: `head -c 100000 /dev/zero | tr '\0' '[' | eph --json echo`, status: 1, err: `(?s).*more than 1000 .*`},
	{name: "JSON: objects as keys", script: `printf '{"k":{"a":1,"b":2}}{"k":{"b":2,"a":1}}' | eph -k --json --key {.k} echo {@key}`, out: "(?s)(\\{\"a\":1,\"b\":2\\}\n){2}"},
	{name: "JSON: no command line holds a field that runs", script: `printf '{"a":"$(touch P)","b":";touch P"}' | eph --json 'echo "{.a}" {.b}; ls P'`, status: 123, out: `\$\(touch P\) ;touch P\n`, err: `(?s).*exit 2.*`},

	// What a command can be.
	{name: "command: not executable", script: `echo x > f; eph ./f ::: a`, status: 126, err: `(?s).*not executable.*chmod.*`},
	{name: "command: a directory", script: `eph /tmp ::: a`, status: 126, err: `eph: /tmp is a directory\n`},
	{name: "command: a script without #!", script: `echo 'echo ran $1' > f; chmod +x f; eph ./f ::: a`, out: "ran a\n"},
	{name: "command: no such interpreter", script: `echo '#!/none/x' > f; chmod +x f; eph ./f ::: a`, status: 123, err: `(?s).*its first line names /none/x, which.*`},
	{name: "command: for another machine", script: `printf '\177ELF\002\001\001\0\0\0\0\0\0\0\0\0\002\0\377\0\001\0\0\0' > f; chmod +x f; eph ./f ::: a`, status: 123, err: `(?s).*neither a program for this machine.*`},
	{name: "command: still being written", script: `cp "$(which true)" f; exec 9>>f; eph ./f ::: a`, status: 123, err: `(?s).*something is still writing to it.*`},
	{name: "command: removed between jobs", script: `printf '#!/bin/sh\nrm f\n' > f; chmod +x f; eph -j1 ./f ::: 1 2 3`, status: 123, err: `(?s).*1 succeeded, 2 failed.*not found.*`},
	{name: "command: directory removed between jobs", script: `mkdir d; cd d; eph -j1 sh -c 'rmdir ../d 2>&-; echo $0' ::: 1 2`, out: "1\n2\n", err: "..."},

	// Keys.
	{name: "key: is not free before its job is gone", script: `eph -j4 -C ' ' --key '{1}' --timeout 100ms --term-seq TERM,100ms,KILL sh -c 'trap "" TERM; ! kill -0 $(cat pid) 2>&- || echo overlap; echo $$ > pid; while :; do sleep 1; done' sh ::: 'a 1' 'a 2' 'a 3'`, status: 123, err: `(?s).*3 failed.*timed out.*`},
	{name: "key: any text is one", script: `printf '{"k":"a\\nb"}{"k":"a\\nb"}{"k":""}' | eph -j4 -k --json --key {.k} sh -c 'mkdir $1 || echo overlap; rmdir $1; printf "[%s]" "$2"' sh 'd{.k}' '{@key}'`, out: `\[a\nb\]\[a\nb\]\[\]`},

	// How a job can end, and what it is given.
	{name: "job: dies by a signal", script: `eph sh -c 'kill -SEGV $$' ::: a`, status: 123, err: `(?s).*SIGSEGV.*`},
	{name: "job: every exit status is as it was", script: `eph -j1 --joblog j sh -c 'exit $0' ::: 0 1 124 125 126 127 128 137 143 255; cut -f7,8 j | tr '\n\t' '  '`, out: `Exitval Signal 0 0 1 0 124 0 125 0 126 0 127 0 128 0 137 0 143 0 255 0 `, err: "..."},
	{name: "job: kills its own group", script: `eph -j1 sh -c 'echo $0; kill 0' ::: a b`, status: 123, out: "a\nb\n", err: `(?s).*2 failed.*SIGTERM.*`},
	{name: "job: reads nothing of the items", script: `seq 3 | eph -k sh -c 'cat; echo $0'`, out: "1\n2\n3\n"},
	{name: "job: hears alarm(2)", script: `eph perl -e 'alarm 1; select undef, undef, undef, 60' ::: a`, status: 123, err: `(?s).*SIGALRM.*`, needs: "perl"},
	{name: "job: stops itself", script: `eph --timeout 500ms --term-seq TERM,100ms,KILL sh -c 'kill -STOP $$' ::: a`, status: 123, err: `(?s).*timed out.*`},
	{name: "job: ends at the moment of its timeout", script: `seq 60 | eph -j8 -n1 --timeout 50ms --summary none --joblog j sh -c 'sleep 0.05'; tail -n +2 j | wc -l; cut -f1 j | sort | uniq -d`, out: "60\n"},
	{name: "job: gets no other descriptor", script: `exec 7<. 8<.; eph --log l --joblog j --control sh -c 'ls /proc/$$/fd' ::: a`, out: "0\n1\n2\n"},
	{name: "caller: ignores SIGCHLD", script: `perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' eph -k sh -c 'exit $0' ::: 0 3`, status: 123, err: `(?s).*1 succeeded, 1 failed.*`, needs: "perl"},
	{name: "caller: has other children", script: `sleep 60 & (exec eph true ::: 1 2 3) && kill $!`},
	{name: "caller: has names of eph's in the environment", script: `__eph1=leak; export __eph1; eph 'env | grep -c leak; : {}' ::: a`, out: "0\n", err: "..."},
	{name: "caller: sets IFS", script: `IFS=/; export IFS; eph 'x=a/b; echo $x {}' ::: 'c d'`, out: "a/b c d\n"},

	// Where output goes.
	{name: "output: nobody reads on", script: `(seq 2000 | eph echo; echo $? >&2) | head -1`, out: "\\d+\n", err: "141\n"},
	{name: "output: closed is /dev/null, and nothing of eph's becomes it", script: `for j in 1 2; do eph -j$j -k --log l --journal r --joblog j --failed f sh -c 'echo job-$0; readlink /proc/$$/fd/0 >&2; [ $0 != b ]' ::: a b c >&-; done; echo $?; eph --ungroup --log l echo job-x ::: a >&-; eph --log l echo job-x ::: a <&- >&- 2>&-; echo $?; cat l r j f | grep -c '^job-'`, status: 1, out: "123\n0\n0\n", err: "..."},
	{name: "output: a full disk", script: `eph echo ::: a b c > /dev/full`, status: 1, err: `(?s).*no space left on device.*`},
	{name: "output: errors to a full disk", script: `eph -k sh -c 'echo out; exit 3' ::: a b 2> /dev/full`, status: 123, out: "out\nout\n"},
	{name: "output: what jobs say of errors to a full disk", script: `eph sh -c 'echo err >&2' ::: a 2> /dev/full`, status: 1},
	{name: "output: no place to hold it", script: `TMPDIR=/none; export TMPDIR; eph -k --spool-mem 1k sh -c 'head -c 100000 /dev/zero' ::: a b > f`, status: 1, err: `(?s).*cannot hold back output in /none.*`},
	{name: "records: a full disk", script: `for f in log joblog junit metrics failed; do eph --$f /dev/full test ::: '' a; echo $?; done`, out: "1\n1\n1\n1\n1\n", err: "..."},
	{name: "records: are no symbolic link", script: `ln -s victim l; for f in log joblog; do eph --$f l true ::: a; echo $?; done; for f in failed junit metrics; do eph --$f l test ::: '' a; done; ls victim`, status: 2, out: "1\n1\n", err: "..."},
	{name: "records: are for nobody else", script: `umask 0; eph --log l --joblog j --failed f --junit x --metrics m --results r/ --summary none false ::: a; find l j f x m r -type f -perm /077 -o -type d -perm /077`, out: ""},
	{name: "records: a pipe that is closed", script: `mkfifo f; { head -c 10 f > /dev/null; touch gone; } & eph --log f 'until [ -e gone ]; do sleep 0.01; done; : {}' ::: 1 2 3`, status: 1, err: `(?s).*--log: cannot write f: broken pipe.*`},

	// Who may steer.
	{name: "control: another user who could connect gets no answer", needs: "root", script: askAsOthers, out: "yes\nno\n"},
	{name: "control: a place that is a symbolic link", script: `mkdir -m 700 r e; ln -s ../e r/eph; XDG_RUNTIME_DIR=$PWD/r eph --control true ::: a; ls e`},
	{name: "control: no name that everybody sees", script: `eph --control sh -c '! grep -E "@.*eph" /proc/net/unix' ::: a`},

	// Restraint.
	{name: "signals: what holds is one line, however often it is raised", script: `eph --log l --signal-fd --raise-on 'stdout=/x/:backpressure.rule:1h' --summary none sh -c 'yes x | head -n 100000; yes backpressure.job:1h | head -n 100000 >&$EPH_SIGNAL_FD' ::: a > /dev/null; for s in rule job; do grep -c '"event":"backpressure.'$s'"' l; done`, out: "1\n1\n"},
	{name: "retries: no more attempts than asked for", script: `seq 10 | eph --retries 5 --retry-delay 1ms --summary none sh -c 'echo x >> n; exit 1'; wc -l < n`, out: "60\n"},
}

// askAsOthers asks a run for its status as root, and as somebody else. The socket is open to all.
const askAsOthers = `d=$(mktemp -d) && chmod 755 $d
cat > ask <<'E'
$SIG{PIPE} = "IGNORE"; $s = IO::Socket::UNIX->new($ARGV[0]) or die $!;
print $s "{\"do\":\"status\"}\n"; $_ = <$s>; print /"ok":true/ ? "yes" : "no", "\n"
E
eph -j1 --control=$d/s sh -c 'chmod 777 $1/s; for u in 0 54321; do setpriv --reuid $u --clear-groups perl -MIO::Socket::UNIX - $1/s < ask; done' sh ::: $d
rm -r $d`

func TestFaults(t *testing.T) {
	for _, f := range faults {
		t.Run(strings.ReplaceAll(f.name, " ", "_"), func(t *testing.T) {
			if f.needs == "root" && os.Getuid() != 0 {
				t.Skip("it takes root to be another user")
			} else if f.needs != "" && f.needs != "root" {
				if _, err := exec.LookPath(f.needs); err != nil {
					t.Skipf("%s is not installed", f.needs)
				}
			}
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			cmd := exec.CommandContext(ctx, "sh", "-c", f.script)
			cmd.Dir, cmd.Env = t.TempDir(), append(os.Environ(), "CI=", "GITHUB_ACTIONS=", "GITLAB_CI=", "LC_ALL=C.UTF-8")
			var out, errs bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &errs
			err := cmd.Run()
			if ctx.Err() != nil {
				t.Fatal("it hangs")
			}
			if got := status(err); got != f.status {
				t.Errorf("status = %d, want %d", got, f.status)
			}
			for _, s := range []struct{ name, got, want string }{{"output", out.String(), f.out}, {"error", errs.String(), f.err}} {
				if s.want != "..." && !regexp.MustCompile(`\A(?:`+s.want+`)\z`).MatchString(s.got) {
					t.Errorf("%s = %.2000q, want %s", s.name, s.got, s.want)
				}
			}
		})
	}
}
