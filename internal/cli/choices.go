package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/observe"
	"github.com/mostlylucid/eph/internal/record"
	"github.com/mostlylucid/eph/internal/run"
	"github.com/mostlylucid/eph/internal/template"
)

// choices are the words that a flag takes, in the order of the help, each with what it
// stands for. The table of flags and the plan are both made from them.
type choices[T any] []choice[T]

type choice[T any] struct {
	word  string
	value T
}

var (
	splitChoices = choices[func(*typed) *toggle]{ // each with the flag that says the same
		{"csv", func(t *typed) *toggle { return &t.csv }},
		{"json", func(t *typed) *toggle { return &t.json }},
		{"lines", func(*typed) *toggle { return new(toggle) }},
		{"null", func(t *typed) *toggle { return &t.null }},
		{"tsv", func(t *typed) *toggle { return &t.tsv }},
		{"words", func(t *typed) *toggle { return &t.words }},
	}
	trimChoices = choices[item.Trim]{
		{"n", 0}, {"l", item.TrimLeft}, {"r", item.TrimRight}, {"lr", item.TrimLeft | item.TrimRight}, {"rl", item.TrimLeft | item.TrimRight},
	}
	emptyChoices   = choices[run.Empty]{{"ok", run.EmptyOK}, {"fail", run.EmptyFail}, {"run", run.EmptyRun}}
	missingChoices = choices[template.Missing]{
		{"error", template.MissingError}, {"empty", template.MissingEmpty}, {"skip", template.MissingSkip},
	}
	stdinChoices     = choices[run.Stdin]{{"none", run.StdinNone}, {"item", run.StdinItem}, {"inherit", run.StdinInherit}}
	rateByChoices    = choices[bool]{{"all", false}, {"key", true}} // each key by itself
	jobserverChoices = choices[run.Jobserver]{
		{"auto", run.JobserverAuto}, {"fifo", run.JobserverFifo}, {"pipe", run.JobserverPipe},
	}
	keyFailChoices       = choices[run.KeyFail]{{"continue", run.KeyContinue}, {"skip", run.KeySkip}, {"halt", run.KeyHalt}}
	breakerActionChoices = choices[run.BreakerAction]{
		{"hold", run.BreakerHold}, {"skip", run.BreakerSkip}, {"halt", run.BreakerHalt},
	}
	logFormatChoices = choices[observe.Format]{{"json", observe.JSON}, {"text", observe.PlainText}, {"logfmt", observe.Logfmt}}
	logLevelChoices  = choices[event.Level]{
		{"debug", event.Debug}, {"info", event.Info}, {"warn", event.Warn}, {"error", event.Error},
	}
	summaryChoices = choices[run.Summary]{
		{"auto", run.SummaryAuto},
		{"always", run.SummaryAlways},
		{"none", run.SummaryNone},
		{"json", run.SummaryJSON},
		{"markdown", run.SummaryMarkdown},
	}
	syncChoices = choices[record.Sync]{
		{"always", record.SyncAlways}, {"batch", record.SyncBatch}, {"none", record.SyncNone},
	}

	colorChoices    = themselves("auto", "always", "never")
	progressChoices = themselves("auto", "bar", "plain", "none")
	ciChoices       = themselves("auto", "github", "gitlab", "none")
)

// exitChoices are those of --exit-code.
func exitChoices() (c choices[fail.Rule]) {
	for _, r := range fail.Rules {
		c = append(c, choice[fail.Rule]{r.Name, r.Rule})
	}
	return c
}

// themselves are words that stand for nothing but themselves.
func themselves(words ...string) (c choices[string]) {
	for _, w := range words {
		c = append(c, choice[string]{w, w})
	}
	return c
}

func (c choices[T]) words() (words []string) {
	for _, x := range c {
		words = append(words, x.word)
	}
	return words
}

// chosen is what the text stands for.
func chosen[T any](r *resolver, v *text, among choices[T]) T {
	i := slices.IndexFunc(among, func(c choice[T]) bool { return c.word == v.s })
	if i < 0 {
		var none T
		known := among.words()
		example := cmp.Or(fail.Nearest(v.s, known), v.example)
		r.refuse(bad(v.name, example, v.s, fmt.Errorf("%q is not one of %s", v.s, strings.Join(known, ", "))))
		return none
	}
	return among[i].value
}
