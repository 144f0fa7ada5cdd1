package cli

import (
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
	again := t.retries.set || t.attempts.set
	captured := !bool(t.ungroup)
	way := t.progressWay()
	grouped := captured && !bool(t.lineBuffer)
	stored := run.ParseResults(t.results.s, t.replace.s)
	inFiles := stored.Kind == run.ResultsTree || bool(t.files)
	unpiped, unpipedTry := t.unpiped()
	table := bool(t.csv || t.tsv)

	for _, c := range slices.Concat(t.contradictionsOfWords(itemsAreCommands), t.contradictionsOfJournal(s.sources), t.contradictionsOfFiles(), []contradiction{
		{bool(t.pipe) && unpiped != "", "--pipe cuts blocks, which have no items for " + unpiped, unpipedTry},
		{bool(t.pipe) && itemsAreCommands, "--pipe gives blocks to a command, and here each item is one", "eph --pipe command"},
		{bool(t.pipe) && slices.ContainsFunc(s.sources, func(s item.Source) bool { return s.File == "" }), "--pipe cuts a stream into blocks, and ::: gives arguments", "eph --pipe command < FILE"},
		{bool(t.pipe) && len(s.sources) > 1, "--pipe cuts one stream into blocks", "cat a b | eph --pipe command"},
		{bool(t.pipe) && t.block.set && t.exactly.set, "--block and -N both say how long a block is", "one of them"},
		{bool(t.pipe) && countless(&t.exactly), "-N 0 gives a block no record", "-N 1000"},
		{t.block.set && !bool(t.pipe), "--block is the size of what --pipe gives to jobs", "--pipe --block " + t.block.s},
		{t.recEnd.set && !bool(t.pipe), "--recend is about the records of --pipe", "-d " + template.Quote(t.recEnd.s) + ", for the items of jobs"},
		{t.recStart.set && !bool(t.pipe), "--recstart is about the records of --pipe", "--pipe --recstart " + template.Quote(t.recStart.s)},
		{bool(t.json) && t.colSep.set, "--json has fields, not columns; -C is for lines", "{.name} for a field, {[0]} for an element"},
		{bool(t.json && t.header), "--json names its fields itself; -H is for lines", "{.name} for a field"},
		{bool(t.tsv) && t.colSep.set, "--tsv has tabs between fields; -C says otherwise", "--csv -C " + template.Quote(t.colSep.s)},
		{table && bool(t.keepEmpty), "--keep-empty: an empty line of CSV or TSV is not a row", "no --keep-empty, or -C , for lines"},
		{bool(t.json && t.keepEmpty), "--keep-empty: no JSON value is empty", "--json alone"},
		{bool(t.json) && t.trim.set && t.trim.s != "n", "--json: what blanks are in a value is part of it; --trim is for lines", "no --trim"},
		{bool(t.link) && len(s.sources) < 2, "--link pairs sources, and there is only one", "--link ::: a b ::: 1 2"},
		{t.shuffle.set && t.batch.set, "--shuf reads all items first; --batch waits for none", "-n N in place of --batch N,D"},
		{t.exactly.set && t.maxArgs.set, "-N and -n both say how many items a job gets", "one of them"},
		{t.exactly.set && t.batch.set, "--batch N,D has the number of items, and -N another", "one of them"},
		{t.exactly.set && bool(t.fill), "-X fills command lines, and -N says how many items each has", "-X -n N for no more than N"},
		{t.exactly.set && bool(t.fillWithin), "-m fills command lines, and -N says how many items each has", "-m -n N for no more than N"},
		{bool(t.fill && t.fillWithin), "-X repeats a word for each item, -m puts all items into it", "one of them"},
		{bool(t.fill) && countless(&t.maxArgs), "-X gives jobs items, and -n 0 gives them none", "one of them"},
		{bool(t.fillWithin) && countless(&t.maxArgs), "-m gives jobs items, and -n 0 gives them none", "one of them"},
		{bool(t.fillWithin) && itemsAreCommands, "-m fills the command line of a command, and here each item is one", "eph -m command"},
		{bool(t.fillWithin) && t.batch.set, "-m fills command lines, and --batch does not wait for that", "one of them"},
		{t.exactly.set && itemsAreCommands, "-N gives items to a command, and here each item is one", "eph -N 2 command"},
		{bool(t.noRunEmpty) && t.empty.set && t.empty.s != "ok", "-r is --empty ok, and --empty says otherwise", "one of them"},
		{itemsAreCommands && t.empty.s == "run", "--empty run has no command to run: each item is one", "eph --empty run command"},
		{bool(t.fill) && itemsAreCommands, "-X fills the command line of a command, and here each item is one", "eph -X command"},
		{bool(t.guardDash) && itemsAreCommands, "--guard-dash looks at the arguments of a command, and here each item is one", "eph --guard-dash command"},
		{bool(t.guardDash) && (countless(&t.maxArgs) || countless(&t.exactly)), "--guard-dash looks at the items that jobs get, and here they get none", "one of them"},
		{t.maxArgs.set && itemsAreCommands && t.maxArgs.s != "1", "-n gives items to a command, and here each item is one", "eph -n 2 command"},

		{t.shell.set && len(s.words) > 0, "--shell has no template to run: separate words are run without a shell", "eph --shell " + t.shell.s + " -c '...'"},
		{t.shellOpts.set && len(s.words) > 0, "--shell-opts has no template to run: separate words are run without a shell", "eph --shell-opts " + t.shellOpts.s + " -c '...'"},
		{bool(t.detach && t.isolate), "--detach leaves processes running, and --isolate none", "one of them"},
		{bool(t.openTTY) && t.stdin.set, "--open-tty and --stdin are two things to read", "one of them"},
		{bool(t.openTTY && t.pipe), "--open-tty and --pipe are two things to read", "one of them"},
		{bool(t.dryRun || t.explain) && bool(t.ask), "--interactive: nothing is run that could be asked about", "one of them"},
		{way == "bar" && bool(t.ask || t.openTTY), "--progress bar and questions or jobs on the terminal do not go together", "--progress none"},
		{t.stdin.s == "inherit" && stdinItems, "--stdin inherit would let the jobs read the items away", "-a FILE for the items"},
		{bool(t.dryRun && t.explain), "--dry-run and --explain are two answers", "one of them"},

		{bool(t.adaptive) && !strings.Contains(t.jobs.s, ".."), "--adaptive needs to know between which numbers", "-j 2..16 --adaptive"},
		{t.rate.set && t.delay.set, "--rate and --delay both space the starts", "one of them"},
		{t.rateBy.set && !t.rate.set, "--rate-by needs a rate", "--rate 10/s --rate-by " + t.rateBy.s},
		{t.rateBy.set && t.rateBy.s == "key" && !t.key.set, "--rate-by key needs keys", "--key '{1}'"},
		{t.breakerBy.set && !t.breaker.set, "--breaker-by needs a breaker", "--breaker 5/30s"},
		{t.breakerOn.set && !t.breaker.set, "--breaker-on needs a breaker", "--breaker 5/30s"},
		{t.breakerCooldown.set && !t.breaker.set, "--breaker-cooldown needs a breaker", "--breaker 5/30s"},
		{t.breakerProbe.set && !t.breaker.set, "--breaker-probe needs a breaker", "--breaker 5/30s"},
		{t.breakerAction.set && !t.breaker.set, "--breaker-action needs a breaker", "--breaker 5/30s"},
		{t.breakerBy.s == "key" && t.breaker.set && !t.key.set, "--breaker-by key needs keys", "--key '{1}'"},
		{t.aging.set && !t.lane.set && !t.priority.set, "--aging: without lanes and priorities nothing is more urgent", "--priority '{1}'"},
		{t.batch.set && t.maxArgs.set, "--batch N,D has the number of items, and -n another", "one of them"},
		{bool(t.fill) && t.batch.set, "-X fills command lines, and --batch does not wait for that", "one of them"},
		{t.batch.set && itemsAreCommands, "--batch gives items to a command, and here each item is one", "eph --batch 100,2s command"},
		{t.logFormat.set && !t.log.set, "--log-format: there is no log", "--log run.log"},
		{t.logLevel.set && !t.log.set, "--log-level: there is no log", "--log run.ndjson"},
		{len(t.signals.all) > 0 && !t.log.set, "--signals chooses what is logged, and there is no log", "--log run.ndjson"},
		{len(t.redact.all) > 0 && !t.log.set && !t.journal.set, "--redact: there is no log", "--log run.ndjson"},
		{raisesOn(t.raiseOn.all, "stderr=", "stdout=") && !captured, "--raise-on looks at lines that -u lets through unseen", "--line-buffer in place of -u"},

		{t.keyJobs.set && !t.key.set, "--key-jobs needs keys", "--key '{1}'"},
		{t.keyFail.set && !t.key.set, "--key-fail needs keys", "--key '{1}'"},
		{t.lane.set && !t.lanes.set, "--lane needs the list of lanes", "--lanes gold:4,silver:2,bronze:1"},
		{t.lanes.set && !t.lane.set, "--lanes needs to know the lane of an item", "--lane '{1}'"},
		{bool(t.keepOrder && t.ungroup), "-k puts in order what -u lets through unseen", "-k alone"},

		{t.retries.set && t.attempts.set, "--retries counts the tries after the first, --attempts all of them", "one of them"},
		{t.retryDelay.set && !again, "--retry-delay: nothing is tried again", "--retries 3"},
		{t.retryMaxDelay.set && !again, "--retry-max-delay: nothing is tried again", "--retries 3"},
		{t.retryJitter.set && !again, "--retry-jitter: nothing is tried again", "--retries 3"},
		{t.retryOn.set && !again, "--retry-on: nothing is tried again", "--retries 3"},
		{t.noRetryOn.set && !again, "--no-retry-on: nothing is tried again", "--retries 3"},
		{t.retryIfStderr.set && !again, "--retry-if-stderr: nothing is tried again", "--retries 3"},
		{t.retryIfStderr.set && !captured, "--retry-if-stderr looks at lines that -u lets through unseen", "--line-buffer in place of -u"},
		{bool(t.failFast) && t.halt.set, "-F is --halt soon,fail=1, and --halt says otherwise", "one of them"},
		{bool(t.failFast) && t.maxFails.set, "-F ends the run at the first failure, which --max-fails would bear", "one of them"},

		{bool(t.group && t.lineBuffer), "--group and --line-buffer are two ways to print", "one of them"},
		{bool(t.group && t.ungroup), "--group and -u are two ways to print", "one of them"},
		{bool(t.lineBuffer && t.ungroup), "--line-buffer and -u are two ways to print", "one of them"},
		{bool(t.tag) && t.tagText.set, "--tag is --tagstring '{}', and --tagstring says otherwise", "one of them"},
		{bool(t.tag) && !captured, "--tag marks lines that -u lets through unseen", "--tag --line-buffer"},
		{t.tagText.set && !captured, "--tagstring marks lines that -u lets through unseen", "--line-buffer in place of -u"},
		{t.results.set && !grouped, "--results stores the output of a job when it has ended, and --line-buffer and -u do not wait for that", "--results alone"},
		{bool(t.files) && !grouped, "--files is about files that hold what --line-buffer and -u let through", "--files alone"},
		{bool(t.files) && stored.Kind == run.ResultsTable, "--files names a file for each job, and a table has all of them", "--results out/ --files"},
		{t.results.set && (bool(t.tag) || t.tagText.set), "--results keeps the output of jobs apart, so that no line needs a tag", "--results without a tag"},
		{bool(t.onlyFailed) && !grouped, "--only-failed has to wait for the end of a job, and --line-buffer and -u do not", "--only-failed alone"},
		{bool(t.onlyFailed) && inFiles, "--only-failed chooses what is printed, and files are not", "one of them"},
		{bool(t.merge) && t.retryIfStderr.set, "--retry-if-stderr looks at standard error, of which --merge leaves nothing", "one of them"},
		{bool(t.merge) && raisesOn(t.raiseOn.all, "stderr="), "--raise-on looks at standard error, of which --merge leaves nothing", "--raise-on stdout=..."},
		{t.maxOutput.set && !captured, "--max-output: -u lets everything through unseen", "--line-buffer in place of -u"},
		{t.progress.set && bool(t.bar || t.eta) && t.progress.s != "bar", "--bar and --eta are --progress bar, and --progress says otherwise", "one of them"},
		{way == "bar" && !captured, "--progress bar cannot make room for what -u lets through unseen", "--line-buffer in place of -u"},
		{way == "bar" && t.log.s == "-", "--progress bar and --log - both write to the terminal", "--log run.ndjson"},
		{way == "bar" && t.stdin.s == "inherit", "--progress bar and jobs that talk to the terminal do not go together", "--progress none"},
		{t.joblog.s == "+", "--joblog: behind the + is not a name of a file", "--joblog +jobs.tsv"},
		{t.spoolMem.set && !captured, "--spool-mem: -u holds no output", "--spool-mem without -u"},
		{t.spoolMax.set && !captured, "--spool-max: -u holds no output", "--spool-max without -u"},
		{t.tmpdir.set && !captured, "--tmpdir: -u holds no output", "--tmpdir without -u"},
	}) {
		if c.both {
			return fail.Usage("%s", c.what).Advise("%s", c.try)
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
		same := func(name string) bool { return isFile(name) && filepath.Clean(name) == filepath.Clean(w.name) }
		for _, x := range written[i+1:] {
			all = append(all, contradiction{same(x.name), w.flag + " and " + x.flag + " would both write " + w.name, "a file for each"})
		}
	}
	return all
}
