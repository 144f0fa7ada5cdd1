package cli

import (
	"errors"
	"strconv"

	"github.com/spf13/pflag"
)

// typed is the command line as it was typed: the text of each flag, before it is interpreted.
// Reading it needs no file, no terminal and no other flag; the resolver in plan.go does the rest.
type typed struct {
	// Input
	argFiles   texts
	null       toggle
	delimiter  text
	split      text
	words      toggle // --split words
	until      text
	maxLines   text
	maxChars   text
	exit       toggle
	json       toggle
	csv        toggle
	tsv        toggle
	colSep     text
	header     toggle
	trim       text
	maxArgs    text
	exactly    text
	fill       toggle
	fillWithin toggle
	link       toggle
	shuffle    text
	pipe       toggle
	block      text
	recEnd     text
	recStart   text
	keepEmpty  toggle
	noRunEmpty toggle
	empty      text
	skip       text
	limit      text
	batch      text
	window     text
	missing    text

	// Command
	command   toggle
	shell     text
	replace   text
	env       texts
	workdir   text
	stdin     text
	shellOpts text
	openTTY   toggle
	ask       toggle
	nice      text
	detach    toggle
	isolate   toggle
	slotVar   text
	config    text
	noLint    toggle
	guardDash toggle
	trace     toggle
	dryRun    toggle
	explain   toggle

	// Concurrency
	jobs      text
	adaptive  toggle
	rate      text
	rateBy    text
	delay     text
	load      text
	memFree   text
	pressure  text
	jobserver text

	// Order
	key       text
	keyJobs   text
	keyFail   text
	priority  text
	lane      text
	lanes     text
	aging     text
	keepOrder toggle

	// Failure
	retries       text
	attempts      text
	retryDelay    text
	retryMaxDelay text
	retryJitter   text
	retryOn       text
	noRetryOn     text
	retryIfStderr text
	timeout       text
	deadline      text
	termSeq       text
	failFast      toggle
	halt          text
	maxFails      text
	okOn          text
	fatalOn       text
	exitCode      text

	// Breaker
	breaker         text
	breakerBy       text
	breakerOn       text
	breakerCooldown text
	breakerProbe    text
	breakerAction   text

	// Signals
	signalFD  toggle
	raiseOn   texts
	deferOn   text
	cancelOn  text
	control   text
	log       text
	logFormat text
	logLevel  text
	signals   texts
	redact    texts

	// Output
	group      toggle
	lineBuffer toggle
	ungroup    toggle
	tag        toggle
	tagText    text
	onlyFailed toggle
	merge      toggle
	maxOutput  text
	results    text
	files      toggle
	spoolMem   text
	spoolMax   text
	tmpdir     text
	color      text
	progress   text
	bar, eta   toggle
	summary    text
	ci         text
	joblog     text
	junit      text
	metrics    text
	failed     text

	// Record
	journal     text
	sync        text
	resume      toggle
	resumeFail  toggle
	retryFailed toggle
	anyCommand  toggle

	// Meta
	help    toggle
	version toggle
}

// text is the value of a flag that takes one; of several the last counts.
type text struct {
	name    string // with its dashes, for messages
	example string
	count   bool   // a number, so that other short flags can follow it in a cluster
	s       string // as typed, or the default
	set     bool   // it was typed
}

func (t *text) Set(s string) error { t.s, t.set = s, true; return nil }
func (t *text) String() string     { return t.s }
func (*text) Type() string         { return "string" }

// texts is the value of a flag that may be given many times. The name of its type tells
// cobra so.
type texts struct {
	name    string
	example string
	all     []string
}

func (t *texts) Set(s string) error { t.all = append(t.all, s); return nil }
func (*texts) String() string       { return "" }
func (*texts) Type() string         { return "stringArray" }

// toggle is a flag without a value; --flag=false takes it back.
type toggle bool

func (t *toggle) Set(s string) error {
	b, err := strconv.ParseBool(s)
	if err != nil {
		return errors.New("it takes no value except true or false")
	}
	*t = toggle(b)
	return nil
}
func (t *toggle) String() string { return strconv.FormatBool(bool(*t)) }

// Type makes cobra take the flag for one of its own booleans, as --help has to be.
func (*toggle) Type() string { return "bool" }

var (
	_ pflag.Value = (*text)(nil)
	_ pflag.Value = (*texts)(nil)
	_ pflag.Value = (*toggle)(nil)
)
