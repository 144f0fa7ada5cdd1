package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/run"
	"github.com/mostlylucid/eph/internal/template"
)

// conflict returns the first two things on the command line that cannot be meant together.
func (t *typed) conflict(s shape) error {
	stdinItems := !bool(t.retryFailed) && (len(s.sources) == 0 || slices.ContainsFunc(s.sources, func(s item.Source) bool { return s.File == "-" }))
	itemsAreCommands := len(s.words) == 0 && s.shell == ""
	captured := !bool(t.ungroup)
	way := t.progressWay()
	grouped := captured && !bool(t.lineBuffer)
	stored := run.ParseResults(t.results.s, t.replace.s)
	inFiles := stored.Kind == run.ResultsTree || bool(t.files)
	unpiped, unpipedTry := t.unpiped()
	table := bool(t.csv || t.tsv)

	for _, c := range slices.Concat(t.contradictionsOfWords(itemsAreCommands), t.contradictionsOfJournal(s.sources), t.contradictionsOfFiles(), []contradiction{
		{bool(t.pipe) && unpiped != "", "--pipe cuts blocks, which contain no items for " + unpiped, unpipedTry},
		{bool(t.pipe) && itemsAreCommands, "--pipe gives blocks to a command, but here each item is itself a command", "eph --pipe command"},
		{bool(t.pipe) && slices.ContainsFunc(s.sources, func(s item.Source) bool { return s.File == "" }), "--pipe cuts a stream into blocks, but ::: gives arguments", "eph --pipe command < FILE"},
		{bool(t.pipe) && len(s.sources) > 1, "--pipe cuts a single stream into blocks", "cat a b | eph --pipe command"},
		{bool(t.pipe) && t.block.set && t.exactly.set, "--block and -N both say how long a block is", "only one of them"},
		{bool(t.pipe) && countless(&t.exactly), "-N 0 would give blocks no records", "-N 1000"},
		{t.recEnd.set && !bool(t.pipe), "--recend has no effect without --pipe", "-d " + template.Quote(t.recEnd.s) + ", for the items of jobs"},
		{bool(t.json) && t.colSep.set, "--json has fields, not columns; -C is for lines", "{.name} for a field, {[0]} for an element"},
		{bool(t.json && t.header), "--json names its fields itself; -H is for lines", "{.name} for a field"},
		{bool(t.tsv) && t.colSep.set, "--tsv separates fields with tabs, but -C says otherwise", "--csv -C " + template.Quote(t.colSep.s)},
		{table && bool(t.keepEmpty), "--keep-empty: an empty line of CSV or TSV is not a row", "no --keep-empty, or -C , to split lines"},
		{bool(t.json && t.keepEmpty), "--keep-empty: no JSON value is empty", "--json alone"},
		{bool(t.json) && t.trim.set && t.trim.s != "n", "--json: blanks in a value are part of it; --trim is for lines", "no --trim"},
		{bool(t.link) && len(s.sources) < 2, "--link pairs sources, but there is only one", "--link ::: a b ::: 1 2"},
		{t.shuffle.set && t.batch.set, "--shuf reads all items first, but --batch does not wait for them", "-n N instead of --batch N,D"},
		{t.exactly.set && t.maxArgs.set, "-N and -n both say how many items a job gets", "only one of them"},
		{t.exactly.set && t.batch.set, "--batch N,D and -N both say how many items a job gets", "only one of them"},
		{t.exactly.set && bool(t.fill), "-X fills command lines, but -N fixes how many items each one has", "-X -n N for at most N"},
		{t.exactly.set && bool(t.fillWithin), "-m fills command lines, but -N fixes how many items each one has", "-m -n N for at most N"},
		{bool(t.fill && t.fillWithin), "-X repeats a word for each item, but -m puts all items into it", "only one of them"},
		{bool(t.fill) && countless(&t.maxArgs), "-X gives jobs items, but -n 0 gives them none", "only one of them"},
		{bool(t.fillWithin) && countless(&t.maxArgs), "-m gives jobs items, but -n 0 gives them none", "only one of them"},
		{bool(t.fillWithin) && itemsAreCommands, "-m fills the command line of a command, but here each item is itself a command", "eph -m command"},
		{bool(t.fillWithin) && t.batch.set, "-m fills command lines, but --batch does not wait for that", "only one of them"},
		{t.exactly.set && itemsAreCommands, "-N gives items to a command, but here each item is itself a command", "eph -N 2 command"},
		{bool(t.noRunEmpty) && t.empty.set && t.empty.s != "ok", "-r means --empty ok, but --empty says otherwise", "only one of them"},
		{itemsAreCommands && t.empty.s == "run", "--empty run has no command to run: each item is itself a command", "eph --empty run command"},
		{bool(t.fill) && itemsAreCommands, "-X fills the command line of a command, but here each item is itself a command", "eph -X command"},
		{bool(t.guardDash) && itemsAreCommands, "--guard-dash checks the arguments of a command, but here each item is itself a command", "eph --guard-dash command"},
		{bool(t.guardDash) && (countless(&t.maxArgs) || countless(&t.exactly)), "--guard-dash checks the items that jobs get, but here they get none", "only one of them"},
		{t.maxArgs.set && itemsAreCommands && t.maxArgs.s != "1", "-n gives items to a command, but here each item is itself a command", "eph -n 2 command"},

		{t.shell.set && len(s.words) > 0, "--shell has no template to run: separate words are run without a shell", "eph --shell " + t.shell.s + " -c '...'"},
		{t.shellOpts.set && len(s.words) > 0, "--shell-opts has no template to run: separate words are run without a shell", "eph --shell-opts " + t.shellOpts.s + " -c '...'"},
		{bool(t.detach && t.isolate), "--detach leaves processes running, but --isolate leaves none", "only one of them"},
		{bool(t.openTTY) && t.stdin.set, "--open-tty and --stdin both say what jobs read", "only one of them"},
		{bool(t.openTTY && t.pipe), "--open-tty and --pipe both say what jobs read", "only one of them"},
		{bool(t.dryRun || t.explain) && bool(t.ask), "--interactive has nothing to ask about: nothing is run", "only one of them"},
		{way == "bar" && bool(t.ask || t.openTTY), "--progress bar cannot share the terminal with questions or jobs", "--progress none"},
		{t.stdin.s == "inherit" && stdinItems, "--stdin inherit would let the jobs consume the items", "-a FILE for the items"},
		{bool(t.dryRun && t.explain), "--dry-run and --explain print different things", "only one of them"},

		{bool(t.adaptive) && !strings.Contains(t.jobs.s, ".."), "--adaptive needs a range for the number of jobs", "-j 2..16 --adaptive"},
		{t.rate.set && t.delay.set, "--rate and --delay both space the starts", "only one of them"},
		{t.rateBy.set && t.rateBy.s == "key" && !t.key.set, "--rate-by key needs --key", "--key '{1}'"},
		{t.breakerBy.s == "key" && t.breaker.set && !t.key.set, "--breaker-by key needs --key", "--key '{1}'"},
		{t.batch.set && t.maxArgs.set, "--batch N,D and -n both say how many items a job gets", "only one of them"},
		{bool(t.fill) && t.batch.set, "-X fills command lines, but --batch does not wait for that", "only one of them"},
		{t.batch.set && itemsAreCommands, "--batch gives items to a command, but here each item is itself a command", "eph --batch 100,2s command"},
		{raisesOn(t.raiseOn.all, "stderr=", "stdout=") && !captured, "--raise-on has to read the output, and -u passes it through unread", "--line-buffer instead of -u"},

		{bool(t.keepOrder && t.ungroup), "-k has to hold the output, and -u passes it straight through", "-k alone"},

		{t.retries.set && t.attempts.set, "--retries counts the tries after the first, --attempts all of them", "only one of them"},
		{t.retryIfStderr.set && !captured, "--retry-if-stderr has to read standard error, and -u passes it through unread", "--line-buffer instead of -u"},
		{bool(t.failFast) && t.halt.set, "-F means --halt soon,fail=1, but --halt says otherwise", "only one of them"},
		{bool(t.failFast) && t.maxFails.set, "-F ends the run at the first failure, but --max-fails tolerates some", "only one of them"},

		{bool(t.group && t.lineBuffer), "--group and --line-buffer are different ways to print", "only one of them"},
		{bool(t.group && t.ungroup), "--group and -u are different ways to print", "only one of them"},
		{bool(t.lineBuffer && t.ungroup), "--line-buffer and -u are different ways to print", "only one of them"},
		{bool(t.tag) && t.tagText.set, "--tag means --tagstring '{}', but --tagstring says otherwise", "only one of them"},
		{bool(t.tag) && !captured, "--tag has to mark lines, and -u passes them through unread", "--tag --line-buffer"},
		{t.tagText.set && !captured, "--tagstring has to mark lines, and -u passes them through unread", "--line-buffer instead of -u"},
		{t.results.set && !grouped, "--results stores a job's output once it has ended, but --line-buffer and -u do not wait for that", "--results alone"},
		{bool(t.files) && !grouped, "--files prints the names of files, but --line-buffer and -u store nothing in files", "--files alone"},
		{bool(t.files) && stored.Kind == run.ResultsTable, "--files names a file for each job, but a table holds all of them", "--results out/ --files"},
		{t.results.set && (bool(t.tag) || t.tagText.set), "--results stores the output of each job separately, so lines need no tag", "--results without a tag"},
		{bool(t.onlyFailed) && !grouped, "--only-failed has to wait until a job ends, but --line-buffer and -u do not wait", "--only-failed alone"},
		{bool(t.onlyFailed) && inFiles, "--only-failed selects what is printed, but files are not printed", "only one of them"},
		{bool(t.merge) && t.retryIfStderr.set, "--retry-if-stderr has no effect with --merge, which leaves no separate standard error", "only one of them"},
		{bool(t.merge) && raisesOn(t.raiseOn.all, "stderr="), "--raise-on stderr= has no effect with --merge, which leaves no separate standard error", "--raise-on stdout=..."},
		{t.maxOutput.set && !captured, "--max-output has no effect with -u, which passes everything through", "--line-buffer instead of -u"},
		{t.progress.set && bool(t.bar || t.eta) && t.progress.s != "bar", "--bar and --eta mean --progress bar, but --progress says otherwise", "only one of them"},
		{way == "bar" && !captured, "--progress bar cannot make room for output that -u passes straight through", "--line-buffer instead of -u"},
		{way == "bar" && t.log.s == "-", "--progress bar and --log - would both write to the terminal", "--log run.ndjson"},
		{way == "bar" && t.stdin.s == "inherit", "--progress bar cannot share the terminal with jobs that use it", "--progress none"},
		{t.joblog.s == "+", "--joblog: the file name after + is missing", "--joblog +jobs.tsv"},
		{t.spoolMem.set && !captured, "--spool-mem has no effect with -u, which holds no output", "--spool-mem without -u"},
		{t.spoolMax.set && !captured, "--spool-max has no effect with -u, which holds no output", "--spool-max without -u"},
		{t.tmpdir.set && !captured, "--tmpdir has no effect with -u, which holds no output", "--tmpdir without -u"},
	}) {
		if c.both {
			return fail.Usage("%s", c.what).Advise("%s", c.try)
		}
	}
	return t.unmet()
}

// unmet returns the first flag that has no effect because what it needs is missing.
func (t *typed) unmet() error {
	groups, flags := t.groups(), make(map[string]*flag)
	for _, g := range groups {
		for _, f := range g.flags {
			flags[f.name] = &f
		}
	}
	for _, g := range groups {
		for _, f := range g.flags {
			needs := strings.Fields(f.needs)
			if len(needs) == 0 || !f.typed() || slices.ContainsFunc(needs, func(name string) bool { return flags[name].typed() }) {
				continue
			}
			first := flags[needs[0]]
			return fail.Usage("--%s has no effect without --%s", f.name, strings.Join(needs, " or --")).
				Advise("%s", strings.TrimSpace("--"+first.name+" "+first.sample()))
		}
	}
	return nil
}

// raisesOn reports whether a rule begins with one of these words.
func raisesOn(rules []string, words ...string) bool {
	return slices.ContainsFunc(rules, func(s string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(s, w) })
	})
}

// sameFile reports whether two names are of one file, which may not be there yet.
func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	if errX == nil && errY == nil {
		return os.SameFile(x, y)
	}
	x, errX = os.Stat(filepath.Dir(a))
	y, errY = os.Stat(filepath.Dir(b))
	return filepath.Base(a) == filepath.Base(b) && (filepath.Dir(a) == filepath.Dir(b) || errX == nil && errY == nil && os.SameFile(x, y))
}

// contradictionsOfFiles are those among the files that a run writes, each of which would write over
// another.
func (t *typed) contradictionsOfFiles() (all []contradiction) {
	written := []struct{ flag, name string }{
		{"--log", t.log.s},
		{"--journal", t.journal.s},
		{"--joblog", strings.TrimPrefix(t.joblog.s, "+")},
		{"--junit", t.junit.s},
		{"--metrics", t.metrics.s},
		{"--results", t.results.s},
		{"--failed", t.failed.s},
	}
	isFile := func(name string) bool {
		return name != "" && name != "-" && !strings.HasPrefix(name, "fd:") && !strings.HasPrefix(filepath.Clean(name), "/dev/")
	}
	for i, w := range written {
		if !isFile(w.name) {
			continue
		}
		for _, x := range written[i+1:] {
			all = append(all, contradiction{isFile(x.name) && sameFile(x.name, w.name), w.flag + " and " + x.flag + " would both write " + w.name, "a file for each"})
		}
	}
	return all
}
