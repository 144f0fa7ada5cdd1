package cli

import (
	"strings"

	"github.com/spf13/pflag"
)

// flag is a row of the table that the parser, the help, the man page and the completion of
// shells are made from.
type flag struct {
	value pflag.Value // where it is stored: a *text, *texts or *toggle

	name, short       string // without dashes
	alias, aliasShort string // a second spelling, or ""
	metavar           string // of its value; F and DIR are completed as files; "" for a toggle
	def               string // the value that counts when none is typed
	brief             string // for the page that has a screen: up to 18 columns
	meaning           string // one line, without a full stop

	choices []string // all that the value can be, or ""
	example string   // a value to try; the first choice where there are choices
}

// group is a part of the table, in the order of the help.
type group struct {
	name  string
	flags []flag
}

// groups is the table of flags, and stores what is typed in t.
func (t *typed) groups() []group {
	return []group{
		{"Input", []flag{
			{value: &t.argFiles, name: "arg-file", short: "a", metavar: "F", example: "items.txt", brief: "items of file F", meaning: "read items from file F, - for standard input; may be given again"},
			{value: &t.null, name: "null", short: "0", brief: "NUL ends an item", meaning: "items end at NUL bytes, as find -print0 writes them"},
			{value: &t.delimiter, name: "delimiter", short: "d", metavar: "S", example: ",", brief: "S ends an item", meaning: `items end at the string S; \n \t \0 \xHH and octal numbers are understood`},
			{value: &t.json, name: "json", brief: "items are JSON", meaning: "items are JSON values: one to a line, one after the other, or one array"},
			{value: &t.colSep, name: "colsep", short: "C", metavar: "RE", example: `'\t'`, brief: "split into columns", meaning: "split each item into {1} {2} … at this regular expression"},
			{value: &t.header, name: "header", short: "H", brief: "first item: names", meaning: "the first item of each source names the columns: {name}"},
			{value: &t.maxArgs, name: "max-args", short: "n", metavar: "N", example: "100", brief: "items per job [1]", meaning: "give each job up to N items [1]"},
			{value: &t.fill, name: "fill", short: "X", brief: "as many as fit", meaning: "give each job as many items as a command line holds, or -n if that is less"},
			{value: &t.keepEmpty, name: "keep-empty", brief: "empty lines too", meaning: "an empty line is an item too, as it is with -0 and -d"},
			{value: &t.noRunEmpty, name: "no-run-if-empty", short: "r", brief: "as it is anyway", meaning: "run nothing when there is no item; it is so anyway, see --empty"},
			{value: &t.empty, name: "empty", metavar: "W", def: "ok", choices: []string{"ok", "fail", "run"}, brief: "no item: fail, run", meaning: "no item at all: ok is status 0, fail is status 122, run runs the command once"},
			{value: &t.skip, name: "skip", metavar: "N", example: "1", brief: "pass over N items", meaning: "pass over the first N items"},
			{value: &t.limit, name: "limit", metavar: "N", example: "1000", brief: "read N at most", meaning: "read no more than N items"},
			{value: &t.window, name: "window", metavar: "N", example: "100000", def: "4096", brief: "read N ahead", meaning: "read up to N items ahead of those that run"},
			{value: &t.missing, name: "missing", metavar: "W", def: "error", choices: []string{"error", "empty", "skip"}, brief: "error, empty, skip", meaning: "an item lacks what a placeholder names: an error, empty text, or the item is skipped"},
		}},
		{"Command", []flag{
			{value: &t.command, name: "command", short: "c", brief: "shell template", meaning: "the one operand is a shell template, however plain it looks"},
			{value: &t.shell, name: "shell", metavar: "PATH", example: "/bin/bash", def: "/bin/sh", brief: "[/bin/sh]", meaning: "the shell of templates, and of items that are commands"},
			{value: &t.replace, name: "replace", short: "I", metavar: "R", example: "%", def: "{}", brief: "R stands for {}", meaning: "R stands for the item in place of {}"},
			{value: &t.env, name: "env", metavar: "K=T", example: "TENANT={.tenant}", brief: "set a variable", meaning: "set the variable K of the job's environment; may be given again"},
			{value: &t.workdir, name: "workdir", short: "w", metavar: "T", example: "{//}", brief: "run in directory T", meaning: "run each job in directory T"},
			{value: &t.stdin, name: "stdin", metavar: "W", example: "item", def: "none", choices: []string{"none", "item", "inherit", "file:"}, brief: "none item file:T …", meaning: "what jobs read: none (/dev/null), the item, eph's own input (inherit), or file:T"},
			{value: &t.trace, name: "trace", short: "t", brief: "show commands", meaning: "show each command on standard error before it runs"},
			{value: &t.dryRun, name: "dry-run", brief: "print, run nothing", meaning: "print the command of each item, quoted for sh, and run nothing"},
			{value: &t.explain, name: "explain", brief: "say what would be", meaning: "say in words what this command line would do, and run nothing"},
		}},
		{"Concurrency", []flag{
			{value: &t.jobs, name: "jobs", short: "j", alias: "max-procs", aliasShort: "P", metavar: "N", example: "4", def: "100%", brief: "N at once [100%]", meaning: "run N jobs at once: a number, N% of the CPUs, +N or -N of them, 0 for all items"},
			{value: &t.delay, name: "delay", metavar: "D", example: "100ms", brief: "between starts", meaning: "let D pass between two starts"},
		}},
		{"Order", []flag{
			{value: &t.key, name: "key", short: "K", metavar: "T", example: "{.tenant}", brief: "one at a time by T", meaning: "items with the same key run one after the other, in order of input"},
			{value: &t.keyJobs, name: "key-jobs", metavar: "N", example: "2", def: "1", brief: "N at once of a key", meaning: "run up to N items of a key at once"},
			{value: &t.keyFail, name: "key-fail", metavar: "W", def: "continue", choices: []string{"continue", "skip", "halt"}, brief: "continue skip halt", meaning: "an item failed: the later ones of its key run, are skipped, or the run ends"},
			{value: &t.priority, name: "priority", metavar: "T", example: "{.priority}", brief: "higher goes first", meaning: "an integer for each item; the higher starts first"},
			{value: &t.lane, name: "lane", metavar: "T", example: "{.tier}", brief: "lane of an item", meaning: "the lane that each item belongs to; see --lanes"},
			{value: &t.lanes, name: "lanes", metavar: "L", example: "gold:4,silver:2,bronze:1", brief: "a:4,b:1 or a,b", meaning: "lanes share the starts by weight; name:! or bare names go strictly in this order"},
			{value: &t.keepOrder, name: "keep-order", short: "k", brief: "output as input", meaning: "print output in order of input, whatever ends first"},
		}},
		{"Failure", []flag{
			{value: &t.retries, name: "retries", metavar: "N", example: "3", brief: "try N times again", meaning: "try a failed item up to N times again"},
			{value: &t.attempts, name: "attempts", metavar: "N", example: "4", brief: "try N times in all", meaning: "try each item up to N times in all"},
			{value: &t.retryDelay, name: "retry-delay", metavar: "D", example: "500ms", def: "1s", brief: "first wait [1s]", meaning: "wait D before the second try, and twice as long before each later one"},
			{value: &t.retryMaxDelay, name: "retry-max-delay", metavar: "D", example: "5m", def: "1m", brief: "longest wait [1m]", meaning: "never wait longer than D between two tries"},
			{value: &t.retryJitter, name: "retry-jitter", metavar: "P", example: "50%", def: "25%", brief: "random part [25%]", meaning: "let this share of each wait be random"},
			{value: &t.retryOn, name: "retry-on", metavar: "E", example: "1..5,75,timeout,signal", brief: "only after these", meaning: "try again only after these ends: exit codes, timeout, signal[:NAME], start, any"},
			{value: &t.noRetryOn, name: "no-retry-on", metavar: "E", example: "2,126,127", brief: "never after these", meaning: "never try again after these ends"},
			{value: &t.timeout, name: "timeout", metavar: "D", example: "30s", brief: "limit of one try", meaning: "end a try that runs longer than D; it failed"},
			{value: &t.deadline, name: "deadline", metavar: "D", example: "1h", brief: "limit of the run", meaning: "end the whole run after D"},
			{value: &t.termSeq, name: "term-seq", metavar: "S", example: "INT,2s,TERM,5s,KILL", def: "TERM,5s,KILL", brief: "[TERM,5s,KILL]", meaning: "how to end a job: signals, and how long to wait after each"},
			{value: &t.failFast, name: "fail-fast", short: "F", brief: "stop at a failure", meaning: "start nothing more once an item has failed; the same as --halt soon,fail=1"},
			{value: &t.halt, name: "halt", metavar: "H", example: "soon,fail=1", brief: "now,fail=10%, …", meaning: "end early: now or soon, then fail, success or done, = a number or a percentage"},
			{value: &t.maxFails, name: "max-fails", metavar: "N", example: "10", brief: "bear N failures", meaning: "end the run when more than N items, or N% of those done, have failed"},
			{value: &t.okOn, name: "ok-on", metavar: "E", example: "1", brief: "count as success", meaning: "ends that count as success, as grep's 1 may"},
			{value: &t.fatalOn, name: "fatal-on", metavar: "E", example: "255", brief: "end the run", meaning: "ends after which nothing more is started"},
		}},
		{"Output", []flag{
			{value: &t.group, name: "group", brief: "job by job [on]", meaning: "print the output of each job in one piece, when it has ended; it is so anyway"},
			{value: &t.lineBuffer, name: "line-buffer", alias: "lb", brief: "line by line", meaning: "print whole lines of all jobs as they come"},
			{value: &t.ungroup, name: "ungroup", short: "u", brief: "untouched", meaning: "let jobs write to eph's own output, unseen by eph"},
			{value: &t.tag, name: "tag", brief: "item before lines", meaning: "print the item and a tab before each line of output"},
			{value: &t.tagText, name: "tagstring", metavar: "T", example: "[{#}]", brief: "T before lines", meaning: "print T and a tab before each line of output"},
			{value: &t.spoolMem, name: "spool-mem", metavar: "SIZE", example: "64M", def: "16M", brief: "then a file [16M]", meaning: "hold this much output in memory, then in a file without a name"},
			{value: &t.tmpdir, name: "tmpdir", metavar: "DIR", example: "/var/tmp", brief: "of that file", meaning: "where that file is made; the system's directory if not given"},
			{value: &t.color, name: "color", metavar: "W", def: "auto", choices: []string{"auto", "always", "never"}, brief: "auto always never", meaning: "colours in what eph itself says"},
			{value: &t.summary, name: "summary", metavar: "W", def: "auto", choices: []string{"auto", "always", "none"}, brief: "auto always none", meaning: "the summary at the end; auto: when something did not succeed"},
			{value: &t.failed, name: "failed", metavar: "F", example: "failed.txt", brief: "failed items to F", meaning: "write the failed items to F, so that eph -a F runs them again"},
			{value: &t.log, name: "log", metavar: "F", example: "run.ndjson", brief: "event log to F", meaning: "log every event as NDJSON to file F, - for standard error, or fd:N"},
		}},
		{"Meta", []flag{
			{value: &t.help, name: "help", short: "h", brief: "this page", meaning: "show the help that fits a screen"},
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
		return p
	}
	add(f.name, f.short)
	if f.alias != "" {
		add(f.alias, f.aliasShort).Hidden = true
	}
}

// sample is a value to try.
func (f *flag) sample() string {
	if f.example != "" {
		return f.example
	}
	return strings.Join(f.choices, "|")
}

// spelling is how the flag is shown: -j, -P, --jobs N.
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
	if f.metavar != "" {
		s += " " + f.metavar
	}
	return s
}
