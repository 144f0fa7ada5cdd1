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
	const one = "only one of them"
	return []contradiction{
		{t.resumes() && !recorded, "--resume, --resume-failed and --retry-failed need a journal, but none is named", "--journal run.ndjson --resume"},
		{bool(t.resume && t.resumeFail), "--resume leaves failed items alone, but --resume-failed runs them", one},
		{bool(t.resume && t.retryFailed), "--resume leaves failed items alone, but --retry-failed runs nothing else", one},
		{bool(t.resumeFail && t.retryFailed), "--resume-failed runs whatever is left, but --retry-failed only the failed items", one},
		{t.sync.set && !recorded, "--sync has no effect without a journal", "--journal run.ndjson --sync " + t.sync.s},
		{bool(t.anyCommand) && !t.resumes(), "--any-command: there is no earlier run to resume", "--any-command --resume"},
		{t.journal.set && t.log.set && t.journal.s == t.log.s, "--log and --journal name the same file, and the journal is a log already", "--journal alone"},
		{asLog && (t.log.s == "-" || strings.HasPrefix(t.log.s, "fd:")), "--log: a journal is read back, but a stream cannot be", "--log run.ndjson"},
		{asLog && t.logFormat.s != "json", "--log-format: a run can resume only from JSON lines", "--journal run.ndjson beside the log"},
		{asLog && t.logLevel.set && t.logLevel.s != "debug", "--log-level leaves out lines that the next run needs", "--journal run.ndjson beside the log"},
		{asLog && len(t.signals.all) > 0, "--signals leaves out lines that the next run needs", "--journal run.ndjson beside the log"},
		{recorded && t.batch.set, "--batch cuts items by arrival time, so no later run would have the same ones", "-n N"},
		{retry && len(sources) > 0, "--retry-failed takes its items from the journal, but others are given here", "--resume-failed"},
		{retry && bool(t.pipe), "--retry-failed: a journal does not hold the blocks of --pipe", "--resume-failed"},
		{retry && t.skip.set, "--retry-failed runs all failed items, but --skip counts items of an input", "--resume-failed"},
		{retry && t.limit.set, "--retry-failed runs all failed items, but --limit counts items of an input", "--resume-failed"},
		{retry && t.shuffle.set, "--retry-failed runs items in the order in which they failed", "no --shuf"},
		{retry && t.empty.s == "run", "--retry-failed reads no input, so --empty run has no effect", "no --empty run"},
	}
}
