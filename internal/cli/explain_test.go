package cli

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// silentInExplain are the flags of which --explain says nothing, with the reason.
var silentInExplain = map[string]string{
	"command": "the template is said", "no-lint": "it is about what eph says before the run",
	"dry-run": "it runs nothing, as --explain", "explain": "it is --explain", "config": "it is other flags", "help": "it runs nothing", "version": "it runs nothing",
	"no-run-if-empty": "it is so anyway", "group": "it is so anyway",
	"window": "how far is read ahead", "spool-mem": "how much is held where", "spool-max": "how much is held where", "tmpdir": "where it is held",
	"color": "how eph looks", "progress": "what eph says of itself", "bar": "what eph says of itself", "eta": "what eph says of itself",
	"summary": "what eph says of itself", "ci": "what eph says of itself",
	"log-format": "how the log looks", "log-level": "what the log has", "signals": "what the log has", "redact": "what the log has", "sync": "how the journal is written",
	"resume": "command_explain.txtar has it, with a journal", "resume-failed": "likewise", "retry-failed": "likewise", "any-command": "likewise",
	"interactive": "it refuses --explain", "open-tty": "it needs a terminal",
}

// explained are the flags that need others, or another value than their example.
var explained = map[string][]string{
	"arg-file": {"--arg-file=items"}, "split": {"--split=words"}, "colsep": {"--colsep=,"}, "trim": {"--trim=lr"},
	"empty": {"--empty=fail"}, "max-args": {"--max-args=7"}, "exit": {"--exit", "-n2", "-s99"}, "shuf": {"--shuf=7"},
	"block": {"--block=9M", "--pipe"}, "recend": {"--recend=x", "--pipe"}, "recstart": {"--recstart=x", "--pipe"},
	"missing": {"--missing=skip"}, "shell": {"--shell=/bin/bash"}, "shell-opts": {"--shell-opts=errexit"}, "env": {"--env=A={}"},
	"jobs": {"--jobs=17"}, "adaptive": {"--adaptive", "-j2..9"}, "rate-by": {"--rate-by=key", "--rate=9/s", "-K{1}"},
	"jobserver": {"--jobserver=fifo"}, "key": {"--key={1}"}, "key-jobs": {"--key-jobs=3", "-K{1}"}, "key-fail": {"--key-fail=skip", "-K{1}"},
	"priority": {"--priority={1}"}, "lane": {"--lane={1}", "--lanes=a:2"}, "lanes": {"--lanes=b:2", "--lane={1}"},
	"aging": {"--aging=9s", "--priority={1}"}, "retry-delay": {"--retry-delay=9s", "--retries=2"}, "retry-max-delay": {"--retry-max-delay=9s", "--retries=2"},
	"retry-jitter": {"--retry-jitter=9%", "--retries=2"}, "retry-on": {"--retry-on=7", "--retries=2"}, "no-retry-on": {"--no-retry-on=7", "--retries=2"},
	"retry-if-stderr": {"--retry-if-stderr=x", "--retries=2"}, "exit-code": {"--exit-code=count"},
	"breaker-by": {"--breaker-by={1}", "--breaker=5"}, "breaker-on": {"--breaker-on=7", "--breaker=5"}, "breaker-cooldown": {"--breaker-cooldown=9s", "--breaker=5"},
	"breaker-probe": {"--breaker-probe=9", "--breaker=5"}, "breaker-action": {"--breaker-action=skip", "--breaker=5"},
	"defer-on": {"--defer-on=x"}, "control": {"--control=none"}, "results": {"--results=out/"},
}

// TestExplainSaysIt holds that --explain says something of every flag that changes a run.
func TestExplainSaysIt(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("items", []byte("a,b\nc,d\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	explain := func(flags ...string) string {
		command := []string{"echo"}
		if slices.ContainsFunc(flags, func(f string) bool { return strings.HasPrefix(f, "--shell") }) {
			command = []string{"echo {}; :"}
		}
		if slices.Contains(flags, "--link") {
			command = append(command, ":::", "a", ":::", "b")
		}
		if !slices.Contains(flags, "--link") && !slices.Contains(flags, "--arg-file=items") {
			flags = append(slices.Clone(flags), "-aitems")
		}
		page, report := printed(t, slices.Concat([]string{"--explain", "--color=never"}, flags, command)...)
		if report.Err != nil {
			t.Errorf("eph --explain %q: %v", flags, report.Err)
		}
		return page
	}
	for _, g := range new(typed).groups() {
		for _, f := range g.flags {
			if silentInExplain[f.name] != "" {
				continue
			}
			flags := explained[f.name]
			if flags == nil {
				flags = []string{"--" + f.name}
				if f.metavar != "" {
					flags[0] += "=" + strings.Trim(f.sample(), "'")
				}
			}
			without := slices.Clone(flags[1:])
			switch f.name {
			case "shell", "shell-opts":
				without = append(without, "--shell=/bin/sh")
			case "arg-file":
				without = []string{"-a/dev/null"}
			case "lane":
				without = nil
			case "lanes":
				without = []string{"--lane={1}", "--lanes=c:9"}
			case "link":
				if with := explain(flags...); !strings.Contains(with, "linked") {
					t.Errorf("eph --explain --link says nothing of it:\n%s", with)
				}
				continue
			}
			if with := explain(flags...); with == explain(without...) {
				t.Errorf("eph --explain says nothing of %q:\n%s", flags, with)
			}
		}
	}
}
