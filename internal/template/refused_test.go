package template

import (
	"errors"
	"strings"
	"testing"

	"github.com/mostlylucid/eph/internal/fail"
)

// refused are templates in which no value can be made safe, by the shell they are written for.
// Unless it says otherwise, the error marks {}.
var refused = []struct {
	text  string
	shell string // "sh" when empty
	marks string
}{
	// Arithmetic runs the commands in a value: a[$(...)].
	{text: `echo $(( {} + 1 ))`},
	{text: `echo $(( "{}" ))`},
	{text: `echo $(( {#} + {} ))`},
	{text: `echo $(( $(echo {}) + 1 ))`},
	{text: `echo $(( $(basename {} .x) ))`},
	{text: `echo $(( $(cut -d: -f1 <<< {}) ))`, shell: "bash"},
	{text: `echo $[{}+1]`, shell: "bash"},
	{text: `(( x = {} ))`, shell: "bash"},
	{text: `(( x = {} ))`},
	{text: `let x={}`, shell: "bash"},
	{text: `let 'x={}'`},
	{text: `let "x={}"`, shell: "zsh"},
	{text: `for ((i={};i<3;i++)); do :; done`, shell: "bash"},
	{text: `a=(1); echo ${a[{}]}`, shell: "bash"},
	{text: `a[{}]=1`, shell: "bash"},
	{text: `a[{}]=1`, shell: "ksh"},
	{text: `a=([{}]=1)`, shell: "bash"},
	{text: `y=a; echo ${y:{}:1}`, shell: "bash"},
	{text: `y=a; echo "${y:1:{}}"`, shell: "bash"},
	{text: `[[ {} -eq 1 ]]`, shell: "bash"},
	{text: `[[ 1 -lt {} ]]`, shell: "bash"},
	{text: `[[ 1 -lt {} ]]`},
	{text: `[[ -v {} ]]`, shell: "bash"},
	{text: `[ {} -eq 1 ]`},
	{text: `[ 1 -gt "{}" ]`},
	{text: `test {} -ne 0 && :`},
	{text: `[ -v {} ]`},
	{text: `[ -t {} ]`},
	{text: `[ {1} {2} ]`, marks: "{2}"},
	{text: `[ {1} {2} 1 ]`, marks: "{2}"},
	{text: `test "{1}" "{2}" "{3}" || :`, marks: "{2}"},
	{text: `printf '%d' {}; :`, shell: "zsh"},
	{text: `printf '%*s' {} x; :`, shell: "zsh"},
	{text: `printf -- '%d' {}; :`, shell: "zsh"},
	{text: `f=%d; printf $f {}; :`, shell: "zsh"},
	{text: `print -f '%d' {}`, shell: "zsh"},
	{text: `x={}; printf %x $x`, shell: "zsh", marks: "$x"},
	{text: `repeat {} echo`, shell: "zsh"},
	{text: `echo $[{}+1]`, shell: "zsh"},
	{text: `x={}; echo "$[x+1]"`, shell: "zsh"},
	{text: `y=a; x={}; echo ${y:$x:1}`, shell: "zsh", marks: "$x"},
	// Variables that evaluate what they are assigned.
	{text: `RANDOM={}`, shell: "bash"},
	{text: `COLUMNS={} ls | cat`},
	{text: `OPTIND="{}"; :`},
	{text: `export UID={}; :`, shell: "zsh"},
	{text: `for SECONDS in {}; do :; done`, shell: "bash"},
	{text: `PS4={}; set -x; :`},
	{text: `PATH={} ls; :`},
	{text: `env PATH={} ls | cat`},
	{text: `LD_PRELOAD={} ls | cat`},
	{text: `declare -i n={}`, shell: "bash"},
	{text: `declare -i n; n={}`, shell: "bash"},
	{text: `integer n; n={}`, shell: "mksh"},
	{text: `typeset -n r={}`, shell: "bash"},
	{text: `local -i n={}`},
	// Names.
	{text: `{}=1`},
	{text: `a{}=1`},
	{text: `{}+=1`, shell: "bash"},
	{text: `{}() { :; }`},
	{text: `for {} in a; do :; done`},
	{text: `export {}; :`},
	{text: `export "{}"; :`},
	{text: `export {}=1; :`},
	{text: `declare {}`, shell: "bash"},
	{text: `typeset {}=1`, shell: "zsh"},
	{text: `declare a=({})`, shell: "bash"},
	{text: `readonly {}`},
	{text: `unset {}`},
	{text: `read {}`},
	{text: `echo x | read {}`},
	{text: `getopts ab {}`},
	{text: `mapfile {}`, shell: "bash"},
	{text: `printf -v {} x`, shell: "bash"},
	{text: `printf {}; :`},
	{text: `printf "{1}" {2}; :`, marks: "{1}"},
	{text: `print -A {} x`, shell: "mksh"},
	{text: `print -P {}`, shell: "zsh"},
	{text: `set {}; :`},
	{text: `set -A {}; :`, shell: "zsh"},
	{text: `shift {}`},
	{text: `exit {}`},
	{text: `f() { return {}; }; f`},
	{text: `while :; do break {}; done`},
	{text: `ulimit -n {}; :`},
	{text: `exec {}>x`, shell: "bash"},
	{text: `echo >& {}`, shell: "bash"},
	{text: `x={}; echo >& "$x"`, shell: "bash", marks: "$x"},
	{text: `echo >&{}`},
	{text: `cat <&{}`},
	// Code.
	{text: `eval {}`},
	{text: `eval "echo {}"`},
	{text: `eval 'echo {}'`},
	{text: `e"v"al {}; :`},
	{text: `\eval {}; :`},
	{text: `command eval {}; :`},
	{text: `builtin eval {}`, shell: "bash"},
	{text: `eval "$(printf %s {})"`},
	{text: `eval "$(cat {})"`},
	{text: `e=eval; $e {}`},
	{text: `e*val {}`},
	{text: `$SUDO eval {}`},
	{text: `$CC {}`},
	{text: `$a$(true) {}`},
	{text: `env $OPTS {}`},
	{text: `printf $f {1} {2}; :`, marks: "{1}"},
	{text: `$'ev\x61l' {}`, shell: "bash"},
	{text: `sh -c 'echo {}'`},
	{text: `sh -c "echo {}"`},
	{text: `sh -c "echo $(basename {})"`},
	{text: `bash -ec 'echo {}'`},
	{text: `bash -o pipefail -c 'echo {}'`},
	{text: `bash +e -c -- 'echo {}'`},
	{text: `/bin/sh -c 'echo {}'`},
	{text: `env sh -c 'echo {}'`},
	{text: `sudo -u x sh -c 'echo {}'`},
	{text: `docker exec c sh -c 'echo {}'`},
	{text: `find . -exec sh -c 'echo {}' \;`},
	{text: `busybox sh -c 'echo {}'`},
	{text: `fish -c 'echo {}'`},
	{text: `sh -c $x {}`},
	{text: `sh -c "$x" {}`}, // $x can be --
	{text: `bash -c "$(a)" {}`},
	{text: `sh -c '$1' sh {}`},
	{text: `sh -c '$1intf "[%s]" "$1"' sh {}`},
	{text: `sh -c 'eval "$1"' sh {}`},
	{text: `bash -c 'echo $(($1))' bash {}`},
	{text: `sh -c 'f() { eval "$1"; }; f "$1"' sh {}`},
	{text: `env sh -c 'trap "$1" 0' sh {}`},
	{text: `bash $x -c - 'echo {}'`},
	{text: `bash -e $x -c "$(cat {})"`},
	{text: `env -S {}`},
	{text: `env -S"sh -c {}"`},
	{text: `env --split-string={} x`},
	{text: `su root -c 'echo {}'`},
	{text: `flock f -c 'echo {}'`},
	{text: `watch 'ls {}'`},
	{text: `bash {1} {2}; :`, marks: "{2}"},
	{text: `ssh host echo {}`},
	{text: `ssh host 'echo {}'`},
	{text: `ssh -p 22 {} rm {}`},
	{text: `ssh -o {} host`},
	{text: "ssh host <<E\nrm {}\nE"},
	{text: "sudo sh -s <<E\nrm {}\nE"},
	{text: `bash <<< "rm {}"`, shell: "bash"},
	{text: `echo "rm {}" | sh -e`},
	{text: `printf '%s' {} | ssh -p 22 host bash`},
	{text: `x={}; echo "$x" | sh`, marks: "$x"},
	{text: `. /dev/stdin <<< {}`, shell: "bash"},
	{text: `${x:-} {}`},
	{text: `trap 'rm {}' EXIT`},
	{text: `. {}`},
	{text: `source {}`},
	{text: `alias x={}`},
	{text: `alias q=eval; q {}`},
	{text: `echo *(e:{}:)`, shell: "zsh"},
	{text: `echo *(e:'{}':)`, shell: "zsh"},
	{text: `echo *({})`, shell: "zsh"},
	{text: `echo *"{}"(N)`, shell: "zsh"},
	{text: `x={}; echo *(e:$x:)`, shell: "zsh"},
	{text: `functions[q]={}; q`, shell: "zsh"},
	{text: `BASH_ENV={} bash -c :`},
	// The command itself.
	{text: `{}`},
	{text: `{} --version`},
	{text: `"{}" x; :`},
	{text: `./{} x; :`},
	{text: `time {}`},
	{text: `time {}`, shell: "bash"},
	{text: `env {} x`},
	{text: `nohup {} &`},
	{text: `exec {}`},
	{text: `command {}`},
	{text: `timeout 5 {}`},
	{text: `xargs -n 1 {}`},
	{text: `find . -exec {} \;`},
	{text: `$(echo {}) x`},
	// An item that was assigned to a variable.
	{text: `x={}; eval "$x"`, marks: "$x"},
	{text: `x={}; y=a$x; echo $((y))`, marks: "y"},
	{text: `x={}; echo $((x + 1))`, shell: "bash", marks: "x"},
	{text: `x={}; echo $(($x + 1))`, shell: "bash", marks: "$x"},
	{text: `n=$(basename {}); [ $n -gt 3 ]`, marks: "$n"},
	{text: `n=$(echo {} | cut -d: -f1); [ "$n" -gt 3 ]`, marks: "$n"},
	{text: `x={}; $x`, marks: "$x"},
	{text: `x={}; sh -c "$x"`, marks: "$x"},
	{text: `x={}; echo ${!x}`, shell: "bash", marks: "${!x"},
	{text: `x={}; echo ${x@P}`, shell: "bash", marks: "${x"},
	{text: `x={}; echo ${(e)x}`, shell: "zsh", marks: "${"},
	{text: `x={}; echo ${~x}`, shell: "zsh", marks: "${"},
	{text: `setopt globsubst; x={}; echo $x`, shell: "zsh", marks: "$x"},
	{text: `x={}; a[$x]=1`, shell: "bash", marks: "$x"},
	{text: `for x in {}; do exit $x; done`, marks: "$x"},
	{text: `read x <<< {}; echo $((x))`, shell: "bash", marks: "x"},
	{text: "read x <<E\n{}\nE\necho $((x))", shell: "bash", marks: "x"},
	{text: `echo {} | while read x; do echo $((x)); done`, marks: "x"},
	{text: `: ${x:=$(echo {})}; echo $((x))`, marks: "x"},
	{text: `f() { echo $(( $1 )); }; f {}`, marks: "$1"},
	{text: `f() { eval "$@"; }; f echo {}`, marks: "$@"},
	{text: `run() { "$@"; }; run eval {}`},
	{text: `run() { "$@"; }; run {}`},
	{text: `run() { shift; "$@"; }; run 3 eval {}`},
	{text: `set -- {}; echo $(( $1 ))`, marks: "$1"},
	{text: `echo $(( $1 + 1 ))`, marks: "$1"},
	{text: `eval "$1"`, marks: "$1"},
	{text: `"$@"`, marks: "$@"},
	// Places that the shells quote in different ways.
	{text: "echo `printf {}`"},
	{text: "echo \"`printf {}`\""},
	{text: "cat <<'EOF'\n{}\nEOF\n"},
	{text: "cat <<\\EOF\n{}\nEOF\n"},
	{text: "cat <<\"EOF\"\n{}\nEOF\n"},
	{text: "cat <<{}\nx\n{}\n", marks: "<<"},
	{text: "cat <<a{}\nx\na{}\n", marks: "<<"},
	{text: `echo \{}`},
	{text: `echo "\{}"`},
	{text: `echo $'\{}'`, shell: "bash"},
	{text: `echo ${x{}}`},
	{text: `echo ${{}}`, marks: "{}}"},
	{text: `echo ${!{}}`, shell: "bash"},
	{text: `echo ${#{}}`},
	{text: `echo ${x/{}/y}`, shell: "bash"},
	{text: `echo ${x:={}}`},
	{text: `echo "${x:-'{}'}"`},
	{text: `echo "${x:-"{}"}"`},
	{text: `echo ${x:-{}}`, shell: "zsh"},
	{text: `echo ${x:-${y:-{}}}`},
	{text: `echo $"{}"`, shell: "bash"},
	{text: `echo $'a{}'`},
	{text: `echo ~{}`},
	{text: `x=a:~{}`},
	{text: `echo ={}`, shell: "zsh"},
	{text: `echo @({}|b)`, shell: "bash"},
	{text: `[[ x =~ {} ]]`, shell: "zsh"},
	{text: `[[ x == {} ]]`},
	{text: `coproc {} { :; }`, shell: "bash"},
	{text: `echo ${ printf {}; }`, shell: "mksh"},
	// eph's own names, text that is no shell text, and text that an item cannot be appended to.
	{text: `__eph1=x; echo {}`, marks: "__eph"},
	{text: `echo 'unclosed {}`, marks: "'"},
	{text: `echo $((`, marks: "$"},
	{text: `if true; then echo; fi`, marks: "i"},
	{text: `echo x; # comment`, marks: "t"},
	{text: `echo x;`, marks: ";"},
	{text: `echo x\`, marks: `\`},
	{text: " \n", marks: "-"},
}

func TestRefused(t *testing.T) {
	for _, r := range refused {
		shell, marks := r.shell, r.marks
		if shell == "" {
			shell = "sh"
		}
		if marks == "" {
			marks = "{}"
		}
		c, err := Shell(r.text, shell, Options{})
		if err == nil {
			script := c.Script()
			t.Errorf("Shell(%q, %s) is accepted, as %q; want an error", r.text, shell, script)
			continue
		}
		e, ok := errors.AsType[*fail.Error](err)
		if !ok || e.Status != fail.BadUsage {
			t.Errorf("Shell(%q, %s) = %v, want a usage error", r.text, shell, err)
			continue
		}
		if marks == "-" {
			continue
		}
		if e.At < 0 || e.At+max(e.Len, 1) > len(e.Text) || !strings.HasPrefix(e.Text[e.At:], marks) {
			t.Errorf("Shell(%q, %s) = %v, at byte %d (%d) of %q, want %q marked", r.text, shell, err, e.At, e.Len, e.Text, marks)
		}
		if e.Try == "" && marks == "{}" {
			t.Errorf("Shell(%q, %s) = %v, with no way out", r.text, shell, err)
		}
	}
}

// accepted are near relatives of what is refused, that have to work.
var accepted = []struct{ text, shell string }{
	{`sh -c 'test -n "$1" && gzip -- "$1"' sh {}`, "sh"},
	{`env sh -c 'for x; do echo "$x"; done' sh {} > /dev/null`, "sh"},
	{`ffmpeg -nostdin -i "{}" -f null - 2> "logs/{/.}.err"`, "sh"},
	{`./fetch {} || { s=$?; [ $s = 75 ] && echo rate-limit:5s >&$EPH_SIGNAL_FD; exit $s; }`, "sh"},
	{`CUDA_VISIBLE_DEVICES=$(( {%} - 1 )) ./train {}`, "sh"},
	{`echo $(( ({#} + 1) * 2 )) {}`, "bash"},
	{`exit {%}`, "sh"},
	{`n=$(wc -l < {}); echo $((n / 2))`, "bash"},
	{`echo $(( $(stat -c %s {}) / 1024 ))`, "bash"},
	{`f={}; trap 'rm -f "$f"' EXIT; cp x "$f"`, "sh"},
	{`ssh {} uptime; :`, "sh"},
	{`ssh -p 22 -l root {} 'uptime | cat'`, "sh"},
	{`retry() { "$@" || "$@"; }; retry curl {}`, "sh"},
	{`die() { echo "$2" >&2; exit "$1"; }; grep x {} || die 1 "no x in {}"`, "sh"},
	{`while read -r l; do n=$((n + l)); done < {}; echo $n`, "bash"},
	{`i=0; for f in {}; do i=$((i + 1)); done; exit $i`, "sh"},
	{`timeout 5 gzip {} &`, "sh"},
	{`timeout {} sleep 1 &`, "sh"},
	{`env A={} ls | cat`, "sh"},
	{`sudo -u {} ls | cat`, "sh"},
	{`command -v {} > /dev/null`, "sh"},
	{`find {} -name '*.go' -exec grep -l x '{{}' \; | cat`, "sh"},
	{`awk '{print $1}' {} | sort`, "sh"},
	{`jq '{a: .b}' {} | cat`, "sh"},
	{`bash {} < /dev/null`, "sh"},
	{`printf -- {} | cat`, "sh"},
	{`set -- {} x; echo "$#" $(($# + 1))`, "bash"},
	{`[ -n {} ] && [ {} != x ] && [ ! -e {} ] && echo`, "sh"},
	{`[[ $x -gt 3 && {} == *.go ]]`, "bash"},
	{`x={}; echo "${x%.*}" "${x##*/}" ${#x}`, "sh"},
	{`echo "${x:={}}"`, "sh"},
	{`local x={}; echo "$x"`, "sh"},
	{`time gzip {}`, "bash"},
	{`"$CC" -c {}`, "sh"},
	{"ssh host 'cat > x' <<E\n{}\nE", "sh"},
	{"sh -c 'cat' <<E\n{}\nE", "sh"},
	{"sh script.sh <<E\n{}\nE", "sh"},
	{`cat {} | sh`, "sh"},
	{`ssh {} < script.sh`, "sh"},
	{`${CC:-gcc} {} && ${CC:?} {} && ./x$y {}`, "sh"},
	{`$SUDO rm -f {}`, "sh"},
	{`cat < {} > {}.out 2>> '{}.err'`, "sh"},
	{`wc -l`, "sh"},
	{`sort | uniq -c`, "sh"},
	{`grep x "$1"`, "sh"},
}

func TestAccepted(t *testing.T) {
	for _, a := range accepted {
		if _, err := Shell(a.text, a.shell, Options{}); err != nil {
			t.Errorf("Shell(%q, %s) = %v, want it accepted", a.text, a.shell, err)
		}
	}
}
