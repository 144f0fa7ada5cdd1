package cli

import (
	"strings"

	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/run"
)

// resumes reports whether the run goes on with an earlier one.
func (t *typed) resumes() bool { return bool(t.resume || t.resumeFail || t.retryFailed) }

// logIsJournal reports whether --log names the journal to go on with.
func (t *typed) logIsJournal() bool { return t.resumes() && !t.journal.set && t.log.set }

// journal says where the run is recorded, and what it goes on with.
func (r *resolver) journal(t *typed) run.Journal {
	j := run.Journal{
		File: t.journal.s, AnyCommand: bool(t.anyCommand),
		Sync: chosen(r, &t.sync, syncChoices),
	}
	if t.journal.set {
		j.Flag = t.journal.name
	}
	j.Look = bool(t.dryRun || t.explain)
	switch {
	case bool(t.resume):
		j.Resume = run.ResumeUnfinished
	case bool(t.resumeFail):
		j.Resume = run.ResumeFailed
	case bool(t.retryFailed):
		j.Resume = run.ResumeOnlyFailed
	}
	if t.logIsJournal() {
		j.File, j.Flag = t.log.s, t.log.name
	}
	return j
}

// contradictionsOfJournal are those among the flags that record a run and go on with one.
func (t *typed) contradictionsOfJournal(sources []item.Source) []contradiction {
	asLog, recorded, retry := t.logIsJournal(), t.journal.set || t.logIsJournal(), bool(t.retryFailed)
	const one = "one of them"
	return []contradiction{
		{t.resumes() && !recorded, "--resume, --resume-failed and --retry-failed go on with a journal, and none is named", "--journal run.ndjson --resume"},
		{bool(t.resume && t.resumeFail), "--resume leaves the failed items, --resume-failed runs them", one},
		{bool(t.resume && t.retryFailed), "--resume leaves the failed items, --retry-failed runs nothing else", one},
		{bool(t.resumeFail && t.retryFailed), "--resume-failed runs what is left, --retry-failed the failed items alone", one},
		{t.sync.set && !recorded, "--sync is about the journal, and there is none", "--journal run.ndjson --sync " + t.sync.s},
		{bool(t.anyCommand) && !t.resumes(), "--any-command: there is no earlier run to go on with", "--any-command --resume"},
		{t.journal.set && t.log.set && t.journal.s == t.log.s, "--log and --journal are two files; the journal is a log", "--journal alone"},
		{asLog && (t.log.s == "-" || strings.HasPrefix(t.log.s, "fd:")), "--log: a journal is read back, which a stream is not", "--log run.ndjson"},
		{asLog && t.logFormat.s != "json", "--log-format: a run goes on with lines of JSON, and with no others", "--journal run.ndjson beside the log"},
		{asLog && t.logLevel.set && t.logLevel.s != "debug", "--log-level leaves lines out that the next run has to know", "--journal run.ndjson beside the log"},
		{asLog && len(t.signals.all) > 0, "--signals leaves lines out that the next run has to know", "--journal run.ndjson beside the log"},
		{recorded && t.batch.set, "--batch cuts items by when they come, so that no later run has the same ones", "-n N"},
		{retry && len(sources) > 0, "--retry-failed takes items from the journal, and here are others", "--resume-failed"},
		{retry && bool(t.pipe), "--retry-failed: a journal does not hold the blocks of --pipe", "--resume-failed"},
		{retry && t.skip.set, "--retry-failed runs all that failed, and --skip counts items of an input", "--resume-failed"},
		{retry && t.limit.set, "--retry-failed runs all that failed, and --limit counts items of an input", "--resume-failed"},
		{retry && t.shuffle.set, "--retry-failed runs items in the order in which they failed", "no --shuf"},
		{retry && t.empty.s == "run", "--retry-failed: what failed is not an empty input", "no --empty run"},
	}
}
