package cli

import (
	"strings"

	"github.com/spf13/pflag"
)

// flag is a row of the table from which the parser, the help, the man page and the shell
// completion are made.
type flag struct {
	value pflag.Value // where it is stored: a *text, *texts or *toggle

	name, short       string // without dashes
	alias, aliasShort string // a second spelling, or ""
	metavar           string // of its value; F, PATH and R are completed as files, DIR as a directory; "" for a toggle
	def               string // the value if the flag is not given
	optional          string // the value if the flag is given without one; "" for a flag that needs a value
	brief             string // for the help that fits on one screen: up to 18 columns; "" leaves the flag out there
	meaning           string // one line, without a full stop

	needs   string   // flags one of which has to be there too, or this one has no effect: "retries attempts"
	choices []string // every allowed value; nil if the value is free
	example string   // a value to try; "" to show the choices
}

// group is a part of the table, in the order of the help.
type group struct {
	name  string
	flags []flag
}

// groups returns the table of flags, whose values are stored in t.
func (t *typed) groups() []group {
	return []group{
		{"Input", []flag{
			{value: &t.argFiles, name: "arg-file", short: "a", metavar: "F", example: "items.txt", brief: "items of file F", meaning: "read items from file F, or - for standard input; may be given again"},
			{value: &t.null, name: "null", short: "0", brief: "NUL ends an item", meaning: "items end with a NUL byte, as find -print0 writes them"},
			{value: &t.delimiter, name: "delimiter", short: "d", metavar: "S", example: ",", brief: "S ends an item", meaning: `items end with the string S; \n \t \0 \xHH and octal escapes work`},
			{value: &t.split, name: "split", metavar: "W", choices: splitChoices.words(), example: "csv", meaning: "what an item is: a line, a word as in xargs, or as with --null, --json, --csv and --tsv"},
			{value: &t.until, name: "eof", short: "E", metavar: "S", example: "END", meaning: "the item S ends the file, or standard input, that it is in"},
			{value: &t.json, name: "json", brief: "items are JSON", meaning: "items are JSON values: one to a line, one after the other, or one array"},
			{value: &t.csv, name: "csv", brief: "rows with quotes", meaning: "items are rows of CSV; {1} {2} … are the fields, which may be quoted and span lines"},
			{value: &t.tsv, name: "tsv", meaning: "the same, with tabs between the fields"},
			{value: &t.colSep, name: "colsep", short: "C", metavar: "RE", example: `'\t'`, brief: "split into columns", meaning: "split each item into {1} {2} … at this regular expression; with --csv at this character"},
			{value: &t.header, name: "header", short: "H", brief: "first item: names", meaning: "the first item of each source names the columns: {name}"},
			{value: &t.trim, name: "trim", metavar: "W", def: "n", choices: trimChoices.words(), meaning: "trim blanks around items and columns: l (left), r (right), lr (both), n (none)"},
			{value: &t.maxArgs, name: "max-args", short: "n", metavar: "N", example: "100", brief: "items per job [1]", meaning: "give each job up to N items [1]; 0 runs the command for each item without passing it"},
			{value: &t.exactly, name: "max-replace-args", short: "N", metavar: "N", example: "2", meaning: "give each job N items, as {1} to {N}; the last job may get fewer, see --missing"},
			{value: &t.fill, name: "fill", short: "X", brief: "as many as fit", meaning: "give each job as many items as fit on a command line, but no more than -n says"},
			{value: &t.fillWithin, name: "fill-within", short: "m", meaning: "like -X, but a word such as a{}b holds all items instead of being repeated for each"},
			{value: &t.link, name: "link", meaning: "pair the sources: one item from each; shorter sources start over"},
			{value: &t.shuffle, name: "shuf", metavar: "SEED", example: "7", optional: randomSeed, meaning: "read and hold all items, then run them in random order; SEED repeats that order"},
			{value: &t.maxLines, name: "max-lines", short: "L", metavar: "N", example: "2", meaning: "give each job the items of up to N lines"},
			{value: &t.maxChars, name: "max-chars", short: "s", metavar: "N", example: "4096", meaning: "limit each command line to N bytes, counting a NUL for each argument"},
			{value: &t.exit, name: "exit", short: "x", meaning: "end the run if -s or -X has no room for the items that -n or -L asks for"},
			{value: &t.keepEmpty, name: "keep-empty", meaning: "empty lines are items too, as they are with -0 and -d"},
			{value: &t.noRunEmpty, name: "no-run-if-empty", short: "r", meaning: "run nothing if there are no items (the default; see --empty)"},
			{value: &t.empty, name: "empty", metavar: "W", def: "ok", choices: emptyChoices.words(), brief: "no item: fail, run", meaning: "if there are no items: ok is status 0, fail is status 122, run runs the command once"},
			{value: &t.skip, name: "skip", brief: "skip N items", metavar: "N", example: "1", meaning: "skip the first N items"},
			{value: &t.limit, name: "limit", metavar: "N", example: "1000", brief: "read at most N", meaning: "read no more than N items"},
			{value: &t.batch, name: "batch", brief: "N, or those in D", metavar: "N,D", example: "100,2s", meaning: "give each job up to N items, or those that came within D of the first, whichever is sooner"},
			{value: &t.pipe, name: "pipe", brief: "blocks to stdin", meaning: "cut the input into blocks of whole records, and give each job one on standard input"},
			{value: &t.block, name: "block", needs: "pipe", metavar: "SIZE", example: "10M", def: "1M", meaning: "the size of a --pipe block; a single record that is longer makes it longer"},
			{value: &t.recEnd, name: "recend", metavar: "S", example: `'\n\n'`, meaning: `--pipe records end with S [\n, or nothing with --recstart]`},
			{value: &t.recStart, name: "recstart", needs: "pipe", metavar: "S", example: "'>'", meaning: "--pipe records begin with S"},
			{value: &t.window, name: "window", metavar: "N", example: "100000", def: "4096", meaning: "read up to N items ahead of those that run"},
			{value: &t.missing, name: "missing", metavar: "W", def: "error", choices: missingChoices.words(), meaning: "if an item lacks what a placeholder names: error, empty text, or skip the item"},
		}},
		{"Command", []flag{
			{value: &t.command, name: "command", short: "c", brief: "shell template", meaning: "the single operand is a shell template, however plain it looks"},
			{value: &t.shell, name: "shell", brief: "[/bin/sh]", metavar: "PATH", example: "/bin/bash", def: "/bin/sh", meaning: "the shell for templates and for items that are commands; bash for functions it exported"},
			{value: &t.shellOpts, name: "shell-opts", metavar: "O", example: "errexit", meaning: "options for that shell, separated by commas: errexit, pipefail, nounset, noglob"},
			{value: &t.replace, name: "replace", short: "I", metavar: "R", example: "%", def: "{}", brief: "R stands for {}", meaning: "R stands for the item instead of {}"},
			{value: &t.env, name: "env", metavar: "K=T", example: "TENANT={.tenant}", brief: "set a variable", meaning: "set the variable K in the job's environment; may be given again"},
			{value: &t.workdir, name: "workdir", short: "w", metavar: "T", example: "{//}", brief: "run in directory T", meaning: "run each job in directory T"},
			{value: &t.stdin, name: "stdin", metavar: "W", example: "item", def: "none", choices: append(stdinChoices.words(), "file:"), brief: "none item file:T …", meaning: "what jobs read: none (/dev/null), item, inherit (eph's own input), or file:T"},
			{value: &t.openTTY, name: "open-tty", short: "o", meaning: "jobs read from the terminal"},
			{value: &t.ask, name: "interactive", short: "p", meaning: "ask on the terminal before each job; y or yes runs it; implies -j1 unless -j is given"},
			{value: &t.nice, name: "nice", metavar: "N", example: "10", meaning: "run jobs at this lower priority, 1 to 19"},
			{value: &t.detach, name: "detach", meaning: "what jobs leave running lives on after they end, and after eph ends"},
			{value: &t.isolate, name: "isolate", meaning: "run in a process namespace (Linux) that ends with eph, whatever is killed"},
			{value: &t.slotVar, name: "process-slot-var", metavar: "V", example: "SLOT", meaning: "set the variable V to the job's slot, counted from 0 as xargs does"},
			{value: &t.noLint, name: "no-lint", meaning: "do not warn about items that become part of a program in awk, jq, psql and the like"},
			{value: &t.guardDash, name: "guard-dash", meaning: "an item that begins with - is an error where a program would take it for an option"},
			{value: &t.trace, name: "trace", short: "t", brief: "show commands", meaning: "show each command on standard error before it runs"},
			{value: &t.dryRun, name: "dry-run", brief: "print, run nothing", meaning: "print the command of each item, quoted for sh, and run nothing"},
			{value: &t.explain, name: "explain", brief: "describe, run none", meaning: "describe what this command line would do, and run nothing"},
		}},
		{"Concurrency", []flag{
			{value: &t.jobs, name: "jobs", short: "j", alias: "max-procs", aliasShort: "P", metavar: "N", example: "4", def: "100%", brief: "N at once [100%]", meaning: "run N at once: a number, N% of CPUs, CPUs +N or -N, 0 for all, MIN..MAX, or @FILE"},
			{value: &t.adaptive, name: "adaptive", brief: "find N in -j A..B", meaning: "with -j MIN..MAX: more while jobs are quick and succeed, fewer when they slow down or fail"},
			{value: &t.rate, name: "rate", metavar: "R", example: "50/s", brief: "starts: 50/s, 9/m", meaning: "limit starts to 50/s, 30/m, 100/h or 10/5s; ,BURST allows that many at once after a pause"},
			{value: &t.rateBy, name: "rate-by", needs: "rate", metavar: "W", def: "all", choices: rateByChoices.words(), meaning: "apply --rate to all starts together, or to each key"},
			{value: &t.delay, name: "delay", metavar: "D", example: "100ms", meaning: "let at least D pass between two starts"},
			{value: &t.load, name: "load", metavar: "N", example: "80%", meaning: "start nothing while the load of the machine exceeds N, or N% of its CPUs"},
			{value: &t.memFree, name: "memfree", metavar: "SIZE", example: "1G", meaning: "start nothing while less memory than this is free"},
			{value: &t.pressure, name: "pressure", metavar: "P", example: "cpu=80,memory=10,io=20", meaning: "start nothing while tasks stall for more than this percentage of the time (Linux PSI)"},
			{value: &t.jobserver, name: "jobserver", metavar: "STYLE", optional: "auto", choices: jobserverChoices.words(), meaning: "share the slots of make's jobserver; if there is none, or with a style, serve one"},
		}},
		{"Order", []flag{
			{value: &t.key, name: "key", short: "K", metavar: "T", example: "{.tenant}", brief: "one at a time by T", meaning: "items with the same key run one after the other, in input order"},
			{value: &t.keyJobs, name: "key-jobs", needs: "key", metavar: "N", example: "2", def: "1", brief: "N of a key at once", meaning: "run up to N items of a key at once"},
			{value: &t.keyFail, name: "key-fail", needs: "key", brief: "continue skip halt", metavar: "W", def: "continue", choices: keyFailChoices.words(), meaning: "after a failed item, the later ones of its key run, are skipped, or the run ends"},
			{value: &t.priority, name: "priority", metavar: "T", example: "{.priority}", brief: "higher goes first", meaning: "an integer for each item; higher ones start first"},
			{value: &t.lane, name: "lane", needs: "lanes", metavar: "T", example: "{.tier}", brief: "lane of an item", meaning: "the lane that each item belongs to; see --lanes"},
			{value: &t.lanes, name: "lanes", needs: "lane", metavar: "L", example: "gold:4,silver:2,bronze:1", brief: "a:4,b:1 or a,b", meaning: "lanes share the starts by weight; name:! or bare names go strictly in this order"},
			{value: &t.aging, name: "aging", needs: "priority lane", metavar: "D", example: "30s", meaning: "an item that could have started for D goes next, whatever its lane or priority"},
			{value: &t.keepOrder, name: "keep-order", short: "k", brief: "output in order", meaning: "print output in input order, whatever ends first"},
		}},
		{"Failure", []flag{
			{value: &t.retries, name: "retries", metavar: "N", example: "3", brief: "retry N times", meaning: "retry a failed item up to N times"},
			{value: &t.attempts, name: "attempts", metavar: "N", example: "4", meaning: "try each item up to N times in all"},
			{value: &t.retryDelay, name: "retry-delay", needs: "retries attempts", metavar: "D", example: "500ms", def: "1s", brief: "first wait [1s]", meaning: "wait D before the second try, and twice as long before each later one"},
			{value: &t.retryMaxDelay, name: "retry-max-delay", needs: "retries attempts", metavar: "D", example: "5m", def: "1m", meaning: "never wait longer than D between two tries"},
			{value: &t.retryJitter, name: "retry-jitter", needs: "retries attempts", metavar: "P", example: "50%", def: "25%", meaning: "make this share of each wait random"},
			{value: &t.retryOn, name: "retry-on", needs: "retries attempts", metavar: "E", example: "1..5,75,timeout,signal", brief: "only after these", meaning: "retry only after these endings: exit codes, timeout, signal[:NAME], start, any"},
			{value: &t.noRetryOn, name: "no-retry-on", needs: "retries attempts", metavar: "E", example: "2,126,127", meaning: "never retry after these endings"},
			{value: &t.retryIfStderr, name: "retry-if-stderr", needs: "retries attempts", metavar: "RE", example: `'timed out|429'`, meaning: "retry only if a line on standard error matches this regular expression"},
			{value: &t.timeout, name: "timeout", metavar: "D", example: "30s", brief: "limit for one try", meaning: "end a try that runs longer than D; it counts as failed"},
			{value: &t.deadline, name: "deadline", metavar: "D", example: "1h", brief: "limit for the run", meaning: "end the whole run after D"},
			{value: &t.termSeq, name: "term-seq", metavar: "S", example: "INT,2s,TERM,5s,KILL", def: "TERM,5s,KILL", meaning: "how to end a job: signals, and how long to wait after each"},
			{value: &t.failFast, name: "fail-fast", short: "F", brief: "stop on failure", meaning: "start nothing more once an item has failed; the same as --halt soon,fail=1"},
			{value: &t.halt, name: "halt", metavar: "H", example: "soon,fail=1", brief: "now,fail=10%, …", meaning: "end early: now or soon, then fail, success or done, then = and a number or a percentage"},
			{value: &t.maxFails, name: "max-fails", metavar: "N", example: "10", brief: "allow N failures", meaning: "tolerate N failed items, or N% of those done; one more ends the run"},
			{value: &t.okOn, name: "ok-on", metavar: "E", example: "1", meaning: "endings that count as success, as grep's 1 may"},
			{value: &t.exitCode, name: "exit-code", metavar: "W", def: "xargs", choices: exitChoices().words(), meaning: "the exit status if items failed; see eph help exit-status"},
			{value: &t.fatalOn, name: "fatal-on", metavar: "E", example: "255", meaning: "endings after which nothing more is started"},
		}},
		{"Breaker", []flag{
			{value: &t.breaker, name: "breaker", metavar: "B", example: "5/30s", brief: "5/30s, 5, 50%/20", meaning: "stop starting after N failures in D (5/30s), N in a row (5), or P% of the last N (50%/20)"},
			{value: &t.breakerBy, name: "breaker-by", needs: "breaker", metavar: "W", example: "{.host}", def: "all", meaning: "what has its own breaker: all items together, each key, or each value of a template"},
			{value: &t.breakerOn, name: "breaker-on", needs: "breaker", metavar: "E", example: "7,22,28,timeout", meaning: "endings that the breaker counts as failures; any failure if not given"},
			{value: &t.breakerCooldown, name: "breaker-cooldown", needs: "breaker", metavar: "D", example: "10s", def: "30s", meaning: "how long an open breaker lets nothing start"},
			{value: &t.breakerProbe, name: "breaker-probe", needs: "breaker", metavar: "N", example: "3", def: "1", meaning: "after that, let N jobs try; the breaker closes if all succeed"},
			{value: &t.breakerAction, name: "breaker-action", needs: "breaker", metavar: "W", def: "hold", choices: breakerActionChoices.words(), meaning: "what an open breaker does: its items wait, are skipped, or the run ends"},
		}},
		{"Signals", []flag{
			{value: &t.signalFD, name: "signal-fd", brief: "jobs raise signals", meaning: "jobs may raise signals by writing them, one a line, to the descriptor in EPH_SIGNAL_FD"},
			{value: &t.raiseOn, name: "raise-on", metavar: "RULE", example: "exit=75:rate-limit:5s", brief: "exit=75:NAME, …", meaning: "raise a signal when a job does something; see eph help signals; may be given again"},
			{value: &t.deferOn, name: "defer-on", metavar: "GLOB", example: "backpressure.*", def: "backpressure.*", brief: "[backpressure.*]", meaning: "start nothing while a signal of this name holds"},
			{value: &t.cancelOn, name: "cancel-on", metavar: "GLOB", example: "user.abort", meaning: "cancel waiting items while a signal of this name holds"},
			{value: &t.control, name: "control", metavar: "SOCKET", example: "./run.sock", optional: "auto", def: "auto", meaning: "the socket of eph ctl: a path, none, or auto for one that eph ctl finds"},
			{value: &t.log, name: "log", metavar: "F", example: "run.ndjson", brief: "event log to F", meaning: "log every event to file F, - for standard error, or fd:N"},
			{value: &t.logFormat, name: "log-format", needs: "log", metavar: "W", def: "json", choices: logFormatChoices.words(), meaning: "json (a JSON object a line), text for people, or logfmt (key=value)"},
			{value: &t.logLevel, name: "log-level", needs: "log", metavar: "W", def: "info", choices: logLevelChoices.words(), meaning: "the lowest level that is logged"},
			{value: &t.signals, name: "signals", needs: "log", metavar: "GLOB", example: "'job.failed,circuit.*'", meaning: "log only signals with these names; run.started and run.finished are always logged"},
			{value: &t.redact, name: "redact", needs: "log journal", metavar: "RE", example: `'token=\w+'`, meaning: "log [redacted] instead of what matches this regular expression; may be given again"},
		}},
		{"Output", []flag{
			{value: &t.group, name: "group", meaning: "print the output of each job in one piece, once it has ended (the default)"},
			{value: &t.lineBuffer, name: "line-buffer", alias: "lb", brief: "line by line", meaning: "print whole lines of all jobs as they come"},
			{value: &t.ungroup, name: "ungroup", short: "u", brief: "not captured", meaning: "let jobs write directly to eph's own output, without eph seeing it"},
			{value: &t.tag, name: "tag", brief: "item before lines", meaning: "print the item and a tab before each line of output"},
			{value: &t.tagText, name: "tagstring", metavar: "T", example: "[{#}]", meaning: "print T and a tab before each line of output"},
			{value: &t.onlyFailed, name: "only-failed", meaning: "print the output of failed jobs only"},
			{value: &t.merge, name: "merge", meaning: "print standard error of jobs within their standard output, in the order written"},
			{value: &t.maxOutput, name: "max-output", metavar: "SIZE", example: "1M", meaning: "keep only this much of what a job writes; a line says how much was left out"},
			{value: &t.results, name: "results", metavar: "R", example: "out/", brief: "DIR, T, F.csv, …", meaning: "store output, print none: in directory DIR, by template T, or in table F.csv .tsv .json"},
			{value: &t.files, name: "files", meaning: "print, for each job, the name of the file that holds its output"},
			{value: &t.spoolMem, name: "spool-mem", metavar: "SIZE", example: "64M", def: "16M", meaning: "hold this much output in memory, and any more in an unnamed file"},
			{value: &t.spoolMax, name: "spool-max", metavar: "SIZE", example: "10G", meaning: "limit that file to this size; the run ends beyond it"},
			{value: &t.tmpdir, name: "tmpdir", metavar: "DIR", example: "/var/tmp", meaning: "where that file is created; the system's directory if not given"},
			{value: &t.color, name: "color", metavar: "W", def: "auto", choices: colorChoices.words(), meaning: "colours in eph's own messages"},
			{value: &t.progress, name: "progress", metavar: "W", def: "auto", choices: progressChoices.words(), brief: "bar, plain, none", meaning: "how far the run is: a bar on a terminal, plain lines in CI, or none"},
			{value: &t.bar, name: "bar", meaning: "the same as --progress bar"},
			{value: &t.eta, name: "eta", meaning: "the same as --progress bar, which shows the time left"},
			{value: &t.summary, name: "summary", metavar: "W", def: "auto", choices: summaryChoices.words(), brief: "always none json …", meaning: "the summary at the end; auto: if something did not succeed, or there was a warning"},
			{value: &t.ci, name: "ci", metavar: "W", def: "auto", choices: ciChoices.words(), meaning: "report failed items to a CI service in its own format"},
			{value: &t.joblog, name: "joblog", metavar: "F", example: "jobs.tsv", meaning: "write a line for each job to F, in GNU parallel's columns; +F appends to F"},
			{value: &t.junit, name: "junit", metavar: "F", example: "report.xml", meaning: "write a JUnit report to F, with a test case for each item"},
			{value: &t.metrics, name: "metrics", metavar: "F", example: "eph.prom", meaning: "write figures of the run to F, in Prometheus's text format"},
			{value: &t.failed, name: "failed", metavar: "F", example: "failed.txt", brief: "failed items to F", meaning: "write the failed items to F, so that eph -a F runs them again"},
		}},
		{"Record", []flag{
			{value: &t.journal, name: "journal", metavar: "F", example: "run.ndjson", brief: "record to resume", meaning: "record the run in F, so that another run can resume it; see eph help resume"},
			{value: &t.sync, name: "sync", metavar: "W", def: "batch", choices: syncChoices.words(), meaning: "when lines of the journal are safe on disk: at once, within 100 ms, at any time"},
			{value: &t.resume, name: "resume", brief: "run what is left", meaning: "run the items that did not finish according to the journal, or to the file of --log"},
			{value: &t.resumeFail, name: "resume-failed", meaning: "the same, and also run failed items again"},
			{value: &t.retryFailed, name: "retry-failed", meaning: "run only the failed items again, as recorded in the journal; no input is read"},
			{value: &t.anyCommand, name: "any-command", meaning: "resume the journal of another command: what is done there counts as done"},
		}},
		{"Meta", []flag{
			{value: &t.config, name: "config", metavar: "F", example: "eph.conf", meaning: "read flags from file F too; see eph help config"},
			{value: &t.help, name: "help", short: "h", brief: "this page", meaning: "show help that fits on one screen"},
			{value: &t.version, name: "version", short: "V", brief: "version of eph", meaning: "print the version"},
		}},
	}
}

// register adds the flag and its second spelling to fs.
func (f *flag) register(fs *pflag.FlagSet) {
	switch v := f.value.(type) {
	case *text:
		v.name, v.example, v.s = "--"+f.name, f.sample(), f.def
		v.count = f.metavar == "N"
	case *texts:
		v.name, v.example = "--"+f.name, f.sample()
	}
	add := func(name, short string) *pflag.Flag {
		p := fs.VarPF(f.value, name, short, f.meaning)
		p.DefValue = f.def
		if f.metavar == "" {
			p.NoOptDefVal = "true"
		}
		if f.optional != "" {
			p.NoOptDefVal = f.optional
		}
		return p
	}
	add(f.name, f.short)
	if f.alias != "" {
		add(f.alias, f.aliasShort).Hidden = true
	}
}

// typed reports whether the flag is on the command line.
func (f *flag) typed() bool {
	switch v := f.value.(type) {
	case *text:
		return v.set
	case *texts:
		return len(v.all) > 0
	case *toggle:
		return bool(*v)
	}
	return false
}

// sample returns a value to try.
func (f *flag) sample() string {
	if f.example != "" {
		return f.example
	}
	return strings.Join(f.choices, "|")
}

// spelling returns the flag as it is shown: -j, -P, --jobs N.
func (f *flag) spelling() string {
	var names []string
	for _, s := range []string{f.short, f.aliasShort} {
		if s != "" {
			names = append(names, "-"+s)
		}
	}
	if f.alias != "" && f.aliasShort == "" {
		names = append(names, "--"+f.alias)
	}
	names = append(names, "--"+f.name)
	s := strings.Join(names, ", ")
	switch {
	case f.optional != "":
		s += "[=" + f.metavar + "]"
	case f.metavar != "":
		s += " " + f.metavar
	}
	return s
}
