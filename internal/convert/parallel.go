package convert

import (
	"regexp"
	"slices"
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/parallel"
	"github.com/mostlylucid/eph/internal/template"
)

// A rule says what an option of parallel is in eph.
type rule struct {
	option string              // of parallel: the first of its names
	flag   string              // with a value if the option has one; "" is nothing to write
	value  func(string) string // makes the value that of eph; nil takes it as it is
	note   string              // what differs
	refuse string              // why there is nothing like it
}

// rules are those of docs/parallel.md, by the first name of each option. Some depend on others and
// are in fromParallel.
var rules = []rule{
	{option: "arg-file", flag: "-a"},
	{option: "null", flag: "-0"},
	{option: "delimiter", flag: "-d"},
	{option: "E", flag: "-E"},
	{option: "eof", flag: "-E"},
	{option: "col-sep", flag: "-C"},
	{option: "csv", flag: "--csv"},
	{option: "trim", flag: "--trim"},
	{option: "link", flag: "--link"},
	{option: "shuf", flag: "--shuf"},
	{option: "skip-first-line", flag: "--skip 1"},
	{option: "X", flag: "-X"},
	{option: "m", flag: "-m"},
	{option: "xargs", flag: "-m"},
	{option: "max-chars", flag: "-s"},
	{option: "pipe", flag: "--pipe"},
	{option: "block-size", flag: "--block"},
	{option: "recend", flag: "--recend"},
	{option: "recstart", flag: "--recstart"},
	{option: "remove-rec-sep", refuse: "eph leaves the record separators in the blocks"},
	{option: "I", flag: "-I"},
	{option: "replace", flag: "-I"},
	{option: "extensionreplace", refuse: "write {.} in the command"},
	{option: "basenamereplace", refuse: "write {/} in the command"},
	{option: "dirnamereplace", refuse: "write {//} in the command"},
	{option: "basenameextensionreplace", refuse: "write {/.} in the command"},
	{option: "seqreplace", refuse: "write {#} in the command"},
	{option: "slotreplace", refuse: "write {%} in the command"},
	{option: "plus", refuse: "a shell can edit values as its placeholders do: x={}; echo \"${x%.*}\""},
	{option: "arg-sep", refuse: "use :::"},
	{option: "arg-file-sep", refuse: "use ::::"},
	{option: "process-slot-var", flag: "--process-slot-var"},
	{option: "work-dir", flag: "-w"},
	{option: "nice", flag: "--nice"},
	{option: "interactive", flag: "-p"},
	{option: "open-tty", flag: "-o"},
	{option: "tty", flag: "-o -j1 -u"},
	{option: "dry-run", flag: "--dry-run"},
	{option: "v", flag: "-t", note: "-t shows commands on standard error, when they start"},
	{option: "verbose", flag: "-t"},
	{option: "jobs", flag: "-j"},
	{option: "delay", flag: "--delay", value: seconds},
	{option: "load", flag: "--load"},
	{option: "memfree", flag: "--memfree"},
	{option: "timeout", flag: "--timeout", value: seconds},
	{option: "term-seq", flag: "--term-seq", value: parallel.TermSequence},
	{option: "retries", flag: "--attempts", note: "eph waits before each retry: 1 s, then twice as long each time; --retry-delay changes that"},
	{option: "halt-on-error", flag: "--halt", value: parallel.Halt},
	{option: "keep-order", flag: "-k"},
	{option: "line-buffer", flag: "--lb"},
	{option: "ungroup", flag: "-u"},
	{option: "tag", flag: "--tag"},
	{option: "tag-string", flag: "--tagstring"},
	{option: "results", flag: "--results"},
	{option: "output-as-files", flag: "--files"},
	{option: "tmpdir", flag: "--tmpdir"},
	{option: "joblog", flag: "--joblog"},
	{option: "resume", refuse: "eph identifies items by content, not by number: --journal F --resume"},
	{option: "resume-failed", refuse: "eph identifies items by content, not by number: --journal F --resume-failed"},
	{option: "retry-failed", refuse: "eph identifies items by content, not by number: --journal F --retry-failed"},
	{option: "bar", flag: "--bar"},
	{option: "eta", flag: "--eta"},
	{option: "progress", flag: "--progress"},
	{option: "profile", refuse: "eph takes flags from --config FILE and from EPH_OPTS"},
}

// silent are options that ask for what eph does anyway, or that settle another one.
var silent = []string{
	"group", "gnu", "will-cite", "plain", "env", "exit", "silent", "no-keep-order", "no-run-if-empty",
	"max-args", "max-replace-args", "L", "max-lines", "header", "quote",
}

var (
	number  = regexp.MustCompile(`^[0-9.]+$`)
	foreign = regexp.MustCompile(`\{=`)
)

// seconds is a time of parallel, which is in seconds if it has no unit.
func seconds(s string) string {
	if number.MatchString(s) {
		return s + "s"
	}
	return s
}

// fromParallel has the rules of docs/parallel.md.
func fromParallel(c *call) (*line, error) {
	given, operands, err := parallel.Options(c.values())
	if err != nil {
		return nil, err
	}
	l := &line{}
	left := c.words[len(c.words)-len(operands):]
	for option := range given {
		if !slices.Contains(silent, option) && !slices.ContainsFunc(rules, func(r rule) bool { return r.option == option }) {
			return nil, fail.Usage("parallel --%s runs no command", option)
		}
	}
	for _, r := range rules {
		values := given[r.option]
		switch {
		case len(values) == 0:
			continue
		case r.refuse != "":
			return nil, fail.Usage("--%s of parallel has no equivalent in eph", r.option).Advise("%s", r.refuse)
		case r.option == "keep-order" && len(given["no-keep-order"]) > 0, r.option == "v" && len(given["silent"]) > 0,
			r.option == "halt-on-error" && parallel.Halt(values[len(values)-1]) == "never":
			continue
		}
		if r.option != "arg-file" {
			values = values[len(values)-1:]
		}
		for _, v := range values {
			if r.value != nil {
				v = r.value(v)
			}
			switch {
			case v == "" && r.option != "delimiter":
				l.flag(r.flag)
			case r.flag == "-j":
				l.jobs(c, v)
			default:
				l.flag(r.flag, c.text(v))
			}
		}
		if r.note != "" {
			l.note(r.note)
		}
	}
	pipe := len(given["pipe"]) > 0
	c.many(l, given, pipe)
	if len(given["col-sep"]) > 0 && len(given["trim"]) == 0 {
		l.flag("--trim lr")
	}
	if h := given["header"]; len(h) > 0 {
		if pipe || h[len(h)-1] != ":" {
			return nil, fail.Usage("--header %s of parallel has no equivalent in eph", h[len(h)-1]).Advise("eph takes the first line: --header :")
		}
		l.flag("-H")
		if len(given["col-sep"])+len(given["csv"]) == 0 {
			l.flag(`-C '\t'`)
		}
	}
	if err := c.template(l, left, len(given["quote"]) > 0); err != nil {
		return nil, err
	}
	if !pipe && len(l.command) > 0 {
		l.note("items are data, quoted or not: eph adds no backslashes, and nothing needs extra quotes")
	}
	l.note("the status is 123 if jobs failed; parallel returns their number, as eph does with --exit-code count")
	return l, nil
}

// many says how many items a job gets.
func (c *call) many(l *line, given map[string][]string, pipe bool) {
	last := func(option string) (string, bool) {
		v := given[option]
		if len(v) == 0 {
			return "", false
		}
		return v[len(v)-1], true
	}
	if v, ok := last("max-replace-args"); ok {
		l.flag("-N", c.text(v))
		return
	}
	for _, option := range []string{"max-args", "L", "max-lines"} {
		if v, ok := last(option); ok {
			if v == "" {
				v = "1"
			}
			if pipe {
				l.flag("-N", c.text(v))
			} else if v != "1" {
				l.flag("-n", c.text(v))
			}
			return
		}
	}
}

// placeholder is one of parallel, and of eph.
var placeholder = regexp.MustCompile(`\{(-?[0-9]+)?(\.|//?|/\.)?\}|\{[#%]\}`)

// template is the command, which parallel gives to a shell, and the sources.
func (c *call) template(l *line, words []word, quoted bool) error {
	at := slices.IndexFunc(words, func(w word) bool { return strings.HasPrefix(w.value, ":::") })
	if at < 0 {
		at = len(words)
	}
	command := words[:at]
	var values []string
	plain := true
	for _, w := range command {
		if foreign.MatchString(w.value) {
			return fail.Usage("{= =} is Perl code, and eph runs none").Advise("a shell can edit values: x={}; echo \"${x%%.*}\"")
		}
		rest := placeholder.ReplaceAllString(w.value, "x") + "x"
		plain = plain && (template.Quote(rest) == rest || !c.known(w.value))
		values = append(values, w.value)
	}
	if len(command) > 0 {
		if err := c.unknown(command[0]); err != nil {
			return err
		}
		var sources []string
		for _, w := range command {
			sources = append(sources, w.source)
		}
		if !plain && !quoted && len(command) > 1 {
			l.flag("-c")
			sources = []string{c.text(strings.Join(values, " "))}
		}
		if err := l.run(c, command, sources); err != nil {
			return err
		}
		if quoted && len(command) == 1 {
			if err := l.oneWord(c, command[0], !placeholder.MatchString(command[0].value)); err != nil {
				return err
			}
		}
	}
	for _, w := range words[at:] {
		l.command = append(l.command, w.source)
	}
	return nil
}
