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
	{option: "col-sep", flag: "-C"},
	{option: "csv", flag: "--csv"},
	{option: "trim", flag: "--trim"},
	{option: "link", flag: "--link"},
	{option: "shuf", flag: "--shuf"},
	{option: "skip-first-line", flag: "--skip 1"},
	{option: "X", flag: "-X", note: unspread},
	{option: "m", flag: "-m", note: unspread},
	{option: "xargs", flag: "-m"},
	{option: "max-chars", flag: "-s"},
	{option: "pipe", flag: "--pipe"},
	{option: "block-size", flag: "--block", value: size},
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
	{option: "work-dir", flag: "-w", note: "-w is a directory that is there; parallel makes it"},
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
	{option: "memfree", flag: "--memfree", value: size},
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
	{option: "progress", flag: "--bar"},
	{option: "profile", refuse: "eph takes flags from --config FILE and from EPH_OPTS"},
}

// silent are options that ask for what eph does anyway, or that settle another one, with what to
// say to those who give them to eph.
var silent = map[string]string{
	"group": "", "env": "", "exit": "", "no-run-if-empty": "", "max-args": "", "max-replace-args": "", "L": "", "header": "", "E": "", "eof": "-E S",
	"max-lines":     "-L N",
	"gnu":           "nothing: eph has no other mode",
	"will-cite":     "nothing: eph asks for no citation",
	"plain":         "nothing: EPH_OPTS= takes the defaults away",
	"silent":        "nothing: without -t no command is shown",
	"no-keep-order": "nothing: without -k there is no order",
	"quote":         "nothing: several words are run without a shell, as they are",
}

// unspread is what differs where a job gets as many items as fit.
const unspread = "all items go to one job if they fit; parallel spreads them over all jobs, as eph does with -n and a number"

var (
	number  = regexp.MustCompile(`^[0-9.]+$`)
	amount  = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?%?$`)
	small   = regexp.MustCompile(`^[0-9]+[kmgt]$`)
	foreign = regexp.MustCompile(`\{=`)
)

// size is a number of bytes, in which a small letter of parallel is a power of 1000.
func size(s string) string {
	if small.MatchString(s) {
		return strings.ToUpper(s) + "B"
	}
	return s
}

// seconds is a time of parallel, which is in seconds if it has no unit.
func seconds(s string) string {
	if number.MatchString(s) {
		return s + "s"
	}
	return s
}

// fromParallel has the rules of docs/parallel.md. shell is the one that runs the commands.
func fromParallel(c *call, shell string) (*line, error) {
	given, operands, err := parallel.Options(c.values())
	if err != nil {
		return nil, err
	}
	l := &line{shell: shell}
	left := c.words[len(c.words)-len(operands):]
	for option := range given {
		if _, ok := silent[option]; !ok && !slices.ContainsFunc(rules, func(r rule) bool { return r.option == option }) {
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
			r.option == "halt-on-error" && parallel.Halt(values[len(values)-1]) == "never",
			r.option == "replace" && values[len(values)-1] == "",
			r.option == "work-dir" && values[len(values)-1] == ".":
			continue
		case r.option == "work-dir" && values[len(values)-1] == "...":
			return nil, fail.Usage("eph makes no directory of its own for a job").Advise(`'cd "$(mktemp -d)" && command'`)
		}
		if r.option != "arg-file" {
			values = values[len(values)-1:]
		}
		for _, v := range values {
			if r.value != nil {
				v = r.value(v)
			}
			switch {
			case !parallel.TakesValue(r.option):
				l.flag(r.flag)
			case r.flag == "-j":
				if c.known(v) && !amount.MatchString(v) {
					v = "@" + v // the file that holds it
				}
				l.jobs(c, v)
			default:
				l.flag(r.flag, c.text(v))
			}
		}
		if r.note != "" && !(r.note == unspread && one(given["jobs"])) {
			l.note(r.note)
		}
		if r.option == "halt-on-error" && strings.HasSuffix(values[0], "%") {
			l.note("the percentage is of the items that have ended; that of parallel is of all")
		}
	}
	pipe := len(given["pipe"]) > 0
	c.many(l, given, pipe)
	if len(given["col-sep"]) > 0 && len(given["trim"]) == 0 {
		l.flag("--trim lr")
	}
	if h := given["header"]; len(h) > 0 {
		if pipe {
			return nil, fail.Usage("--header of parallel puts a header before each block, and eph adds nothing to a block").
				Advise("eph parallel --pipe --header :")
		}
		if h[len(h)-1] != ":" {
			return nil, fail.Usage("--header %s of parallel has no equivalent in eph", h[len(h)-1]).Advise("eph takes the first line: --header :")
		}
		l.flag("-H")
		if len(given["col-sep"])+len(given["csv"]) == 0 {
			l.flag(`-C '\t'`)
		}
	}
	if left, err = c.until(l, given, left, pipe); err != nil {
		return nil, err
	}
	if err := c.template(l, left, given); err != nil {
		return nil, err
	}
	if !pipe && len(l.command) > 0 {
		l.note("items are data, quoted or not: eph adds no backslashes, and nothing needs extra quotes")
	}
	if reads := sources(left) == len(left) || len(given["arg-file"]) > 0; reads && !pipe && len(l.command) > 0 &&
		len(given["null"])+len(given["delimiter"])+len(given["csv"])+len(given["no-run-if-empty"]) == 0 {
		l.note("eph skips empty lines; parallel runs a job for each, as eph does with --keep-empty")
	}
	l.note("the status is 123 if jobs failed; parallel returns their number, as eph does with --exit-code count")
	return l, nil
}

// one reports whether the last of these numbers is 1.
func one(values []string) bool { return len(values) > 0 && values[len(values)-1] == "1" }

// sources is where the command ends and the sources begin.
func sources(words []word) int {
	at := slices.IndexFunc(words, func(w word) bool { return strings.HasPrefix(w.value, ":::") })
	if at < 0 {
		return len(words)
	}
	return at
}

// until is -E, which ends what stands behind ::: as well: there the words are left out.
func (c *call) until(l *line, given map[string][]string, words []word, pipe bool) ([]word, error) {
	values := given["E"]
	if len(values) == 0 {
		values = given["eof"]
	}
	if len(values) == 0 || values[len(values)-1] == "" || pipe {
		return words, nil
	}
	end := values[len(values)-1]
	at := sources(words)
	left := slices.Clone(words[:at])
	files, cut := at == len(words) || len(given["arg-file"]) > 0, false
	in := ""
	for _, w := range words[at:] {
		switch {
		case strings.HasPrefix(w.value, ":::"):
			in = w.value
			files = files || strings.HasPrefix(in, "::::")
		case !strings.HasPrefix(in, "::::") && (!c.known(w.value+end) || w.split):
			return nil, fail.Usage("-E of parallel ends what stands behind :::, and whether %s is that cannot be known here", w.source).
				Advise("convert the line with its value")
		case !strings.HasPrefix(in, "::::") && w.value == end:
			in, cut = "", true
			continue
		case in == "":
			continue
		}
		left = append(left, w)
	}
	if files {
		l.flag("-E", c.text(end))
	}
	if cut {
		l.note("what follows " + end + " is left out: eph takes what stands behind ::: as it is, whatever -E says")
	}
	return left, nil
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
const placeholder = `\{(-?[0-9]+)?(\.|//?|/\.)?\}|\{[#%]\}`

// placeholdersOf is what stands for an item in the command.
func placeholdersOf(given map[string][]string) *regexp.Regexp {
	text := placeholder
	for _, option := range []string{"I", "replace"} {
		if v := given[option]; len(v) > 0 && v[len(v)-1] != "" {
			text += "|" + regexp.QuoteMeta(v[len(v)-1])
		}
	}
	if len(given["header"]) > 0 {
		text += `|\{[^{}]+\}`
	}
	return regexp.MustCompile(text)
}

// builtins are commands that are no programs: a shell has to run them.
var builtins = strings.Fields(". ! : alias bg break builtin cd command continue declare eval exec exit export fc fg for getopts hash " +
	"if jobs let local pushd popd read readonly return set shift shopt source time times trap type typeset ulimit umask unalias unset until wait while {")

// assignment is a word that gives a variable a value.
var assignment = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)

// template is the command, which parallel gives to a shell, and the sources.
func (c *call) template(l *line, words []word, given map[string][]string) error {
	at := sources(words)
	command, quoted := words[:at], len(given["quote"]) > 0
	pattern := placeholdersOf(given)
	if len(command) == 1 && pattern.FindString(command[0].value) == command[0].value && !quoted && command[0].value != "" {
		command = nil // the item is the command
	}
	var values []string
	plain := true
	for i, w := range command {
		if foreign.MatchString(w.value) {
			return fail.Usage("{= =} is Perl code, and eph runs none").Advise("a shell can edit values: x={}; echo \"${x%%.*}\"")
		}
		rest := pattern.ReplaceAllString(w.value, "x") + "x"
		plain = plain && (template.Quote(rest) == rest || !c.known(w.value)) &&
			(i > 0 || !slices.Contains(builtins, w.value) && !assignment.MatchString(w.value))
		values = append(values, plainly(w.value, pattern))
	}
	if len(command) > 0 {
		if err := c.unknown(command[0]); err != nil {
			return err
		}
		var sources []string
		for i, w := range command {
			sources = append(sources, c.plainly(w, pattern))
			if i == 0 && pattern.MatchString(w.value) && plain {
				l.note("the item names a program here, and is no text for a shell")
			}
		}
		if !quoted && !plain && c.known(strings.Join(values, "")) {
			l.script = strings.Join(values, " ")
		}
		if !plain && !quoted && len(command) > 1 {
			l.flag("-c")
			sources = []string{c.text(strings.Join(values, " "))}
		} else if !plain && !quoted && template.Quote(command[0].value) == command[0].value {
			l.flag("-c") // a builtin alone
		}
		if err := l.run(c, command, sources); err != nil {
			return err
		}
		if quoted && len(command) == 1 {
			if err := l.oneWord(c, command[0], !pattern.MatchString(command[0].value)); err != nil {
				return err
			}
		}
	}
	for _, w := range words[at:] {
		l.command = append(l.command, w.source)
	}
	return nil
}
