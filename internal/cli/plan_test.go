package cli

import (
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/internal/observe"
	"github.com/mostlylucid/eph/internal/output"
	"github.com/mostlylucid/eph/internal/record"
	"github.com/mostlylucid/eph/internal/run"
	"github.com/mostlylucid/eph/internal/sensor"
	"github.com/mostlylucid/eph/internal/template"
	"github.com/mostlylucid/eph/pkg/signals"
)

// cpusOfTest is how many processors the tests pretend to have.
const cpusOfTest = 4

// planOf is the plan that a command line asks for.
func planOf(args ...string) (run.Plan, error) {
	p := newProgram(run.Streams{}, cpusOfTest)
	if err := p.flags.Parse(unglue(p.flags, args)); err != nil {
		return run.Plan{}, flagError(err, p.groups)
	}
	return p.typed.plan(p.flags.Args(), p.cpus)
}

func mustPlan(t *testing.T, args ...string) run.Plan {
	t.Helper()
	p, err := planOf(args...)
	if err != nil {
		t.Fatalf("plan of %q: %v", args, err)
	}
	return p
}

func TestDefaults(t *testing.T) {
	got := mustPlan(t, "echo", "hi")
	want := run.Plan{
		Words:         []string{"echo", "hi"},
		ShellPath:     "/bin/sh",
		ShellAuto:     true,
		Template:      template.Options{Replace: "{}"},
		CPUs:          cpusOfTest,
		Jobs:          run.Jobs{Least: cpusOfTest, Most: cpusOfTest},
		DeferOn:       signals.MustCompile("backpressure.*"),
		Control:       run.ControlAuto,
		LogOptions:    observe.LogOptions{Level: event.Info},
		Window:        4096,
		Term:          job.DefaultTerm,
		KeyJobs:       1,
		Attempts:      1,
		RetryDelay:    time.Second,
		RetryMaxDelay: time.Minute,
		RetryJitter:   0.25,
		Output:        output.Options{SpoolMem: 16 << 20},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("plan of a plain command\n got %+v\nwant %+v", got, want)
	}
}

func ends(t *testing.T, text string) run.Ends {
	t.Helper()
	e, err := run.ParseEnds("test", text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestFlags sets every flag and looks for it in the plan.
func TestFlags(t *testing.T) {
	fileSource := func(names ...string) (s []item.Source) {
		for _, n := range names {
			s = append(s, item.Source{File: n})
		}
		return s
	}
	tests := []struct {
		args string // without the command, which is "echo {}"
		got  func(p *run.Plan) any
		want any
	}{
		{"-a F -a -", func(p *run.Plan) any { return p.Input.Sources }, fileSource("F", "-")},
		{"--arg-file F", func(p *run.Plan) any { return p.Input.Sources }, fileSource("F")},
		{"-0", func(p *run.Plan) any { return []any{p.Input.Delimiter, p.Input.KeepEmpty} }, []any{"\x00", true}},
		{"--null", func(p *run.Plan) any { return p.Input.Delimiter }, "\x00"},
		{`-d \t`, func(p *run.Plan) any { return []any{p.Input.Delimiter, p.Input.KeepEmpty} }, []any{"\t", true}},
		{"--delimiter=ab", func(p *run.Plan) any { return p.Input.Delimiter }, "ab"},

		{"--split words", func(p *run.Plan) any { return p.Input.Words != nil }, true},
		{"-E END", func(p *run.Plan) any { return p.Input.Until }, "END"},
		{"--eof END --split words", func(p *run.Plan) any { return p.Input.Until }, "END"},
		{"-L 2", func(p *run.Plan) any { return []int{p.Input.MaxArgs, p.Input.MaxLines} }, []int{2, 0}},
		{"--max-lines 2 --split words", func(p *run.Plan) any { return []int{p.Input.MaxArgs, p.Input.MaxLines} }, []int{0, 2}},
		{"-s 99", func(p *run.Plan) any { return []int{p.MaxChars, p.Input.MaxArgs} }, []int{99, 1}},
		{"--max-chars 99 -n 5", func(p *run.Plan) any { return []int{p.MaxChars, p.Input.MaxArgs} }, []int{99, 5}},
		{"-x -s 99 -n 5", func(p *run.Plan) any { return p.Input.Exact }, true},
		{"--exit -X -L 5", func(p *run.Plan) any { return []any{p.Input.Exact, p.Fill, p.Input.MaxArgs} }, []any{true, true, 5}},
		{"--json", func(p *run.Plan) any { return []bool{p.Input.JSON, p.Template.JSON} }, []bool{true, true}},
		{"-C ,+", func(p *run.Plan) any { return p.Input.ColSep.String() }, ",+"},
		{"--colsep ;", func(p *run.Plan) any { return p.Input.ColSep.String() }, ";"},
		{"-H", func(p *run.Plan) any { return p.Input.Header }, true},
		{"--header", func(p *run.Plan) any { return p.Input.Header }, true},
		{"--split lines", func(p *run.Plan) any { return p.Input }, item.Options{MaxArgs: 0}},
		{"--split=null", func(p *run.Plan) any { return []any{p.Input.Delimiter, p.Input.KeepEmpty} }, []any{"\x00", true}},
		{"--split json", func(p *run.Plan) any { return []bool{p.Input.JSON, p.Template.JSON} }, []bool{true, true}},
		{"--split csv", func(p *run.Plan) any { return p.Input.Comma }, byte(',')},
		{"--split tsv", func(p *run.Plan) any { return p.Input.Comma }, byte('\t')},
		{"--csv -H", func(p *run.Plan) any { return []any{p.Input.Comma, p.Input.Header} }, []any{byte(','), true}},
		{`--csv -C ;`, func(p *run.Plan) any { return []any{p.Input.Comma, p.Input.ColSep == nil} }, []any{byte(';'), true}},
		{"--tsv", func(p *run.Plan) any { return p.Input.Comma }, byte('\t')},
		{"--trim lr", func(p *run.Plan) any { return p.Input.Trim }, item.TrimLeft | item.TrimRight},
		{"--trim rl", func(p *run.Plan) any { return p.Input.Trim }, item.TrimLeft | item.TrimRight},
		{"--trim l", func(p *run.Plan) any { return p.Input.Trim }, item.TrimLeft},
		{"--trim n", func(p *run.Plan) any { return p.Input.Trim }, item.Trim(0)},
		{"-N2", func(p *run.Plan) any { return []any{p.Input.MaxArgs, p.Template.Across, p.Template.Fill, p.Fill} }, []any{2, true, true, false}},
		{"--max-replace-args 3", func(p *run.Plan) any { return p.Input.MaxArgs }, 3},
		{"-N0", func(p *run.Plan) any { return []any{p.Input.MaxArgs, p.Template.NoItem != "", p.Template.Across} }, []any{1, true, false}},
		{"-n0", func(p *run.Plan) any { return []any{p.Input.MaxArgs, p.Template.NoItem != ""} }, []any{1, true}},
		{"-m", func(p *run.Plan) any { return []bool{p.Fill, p.Template.Fill} }, []bool{true, false}},
		{"--fill-within -n 5", func(p *run.Plan) any { return []any{p.Fill, p.Input.MaxArgs} }, []any{true, 5}},
		{"-a F -a G --link", func(p *run.Plan) any { return p.Input.Link }, true},
		{"--shuf=7", func(p *run.Plan) any { return []any{p.Input.Shuffle, p.Input.Seed} }, []any{true, uint64(7)}},
		{"--shuf", func(p *run.Plan) any { return p.Input.Shuffle }, true},
		{"--pipe", func(p *run.Plan) any { return *p.Input.Blocks }, item.Blocks{Size: 1 << 20, End: "\n"}},
		{`--pipe --block 10k --recend \n\n`, func(p *run.Plan) any { return *p.Input.Blocks }, item.Blocks{Size: 10 << 10, End: "\n\n"}},
		{"--pipe --recstart > -N3", func(p *run.Plan) any { return *p.Input.Blocks }, item.Blocks{Size: 1 << 20, Start: ">", Records: 3}},
		{"-n3", func(p *run.Plan) any { return p.Input.MaxArgs }, 3},
		{"--max-args 3", func(p *run.Plan) any { return p.Input.MaxArgs }, 3},
		{"-X", func(p *run.Plan) any { return []bool{p.Fill, p.Template.Fill} }, []bool{true, true}},
		{"--fill -n 9", func(p *run.Plan) any { return []any{p.Fill, p.Input.MaxArgs} }, []any{true, 9}},
		{"--keep-empty", func(p *run.Plan) any { return p.Input.KeepEmpty }, true},
		{"-r", func(p *run.Plan) any { return p.Empty }, run.EmptyOK},
		{"--no-run-if-empty --empty ok", func(p *run.Plan) any { return p.Empty }, run.EmptyOK},
		{"--empty fail", func(p *run.Plan) any { return p.Empty }, run.EmptyFail},
		{"--empty=run", func(p *run.Plan) any { return p.Empty }, run.EmptyRun},
		{"--skip 2", func(p *run.Plan) any { return p.Input.Skip }, int64(2)},
		{"--limit 7", func(p *run.Plan) any { return p.Input.Limit }, int64(7)},
		{"--window 9", func(p *run.Plan) any { return p.Window }, 9},
		{"--guard-dash", func(p *run.Plan) any { return p.Template.GuardDash }, true},
		{"--missing empty", func(p *run.Plan) any { return p.Template.Missing }, template.MissingEmpty},
		{"--missing skip", func(p *run.Plan) any { return p.Template.Missing }, template.MissingSkip},

		{"-I %", func(p *run.Plan) any { return p.Template.Replace }, "%"},
		{"--replace @@", func(p *run.Plan) any { return p.Template.Replace }, "@@"},
		{"--env A={} --env B=x=y --env C=", func(p *run.Plan) any { return p.Env }, []run.Assignment{{Name: "A", Value: "{}"}, {Name: "B", Value: "x=y"}, {Name: "C"}}},
		{"-w {//}", func(p *run.Plan) any { return p.Workdir }, "{//}"},
		{"--workdir /", func(p *run.Plan) any { return p.Workdir }, "/"},
		{"--stdin item", func(p *run.Plan) any { return []any{p.Stdin, p.Template.NoAppend} }, []any{run.StdinItem, true}},
		{"--stdin none", func(p *run.Plan) any { return p.Stdin }, run.StdinNone},
		{"--stdin inherit -a F", func(p *run.Plan) any { return p.Stdin }, run.StdinInherit},
		{"--stdin file:{}.in", func(p *run.Plan) any { return []any{p.Stdin, p.StdinFile} }, []any{run.StdinFile, "{}.in"}},
		{"-o", func(p *run.Plan) any { return p.OpenTTY }, true},
		{"--detach", func(p *run.Plan) any { return p.Detach }, true},
		{"--isolate", func(p *run.Plan) any { return p.Isolate }, true},
		{"--open-tty", func(p *run.Plan) any { return p.OpenTTY }, true},
		{"-p --interactive", func(p *run.Plan) any { return p.Ask }, true},
		{"-p --interactive", func(p *run.Plan) any { return p.Jobs }, run.Jobs{Least: 1, Most: 1}},
		{"-pj3", func(p *run.Plan) any { return p.Jobs }, run.Jobs{Least: 3, Most: 3}},
		{"--nice 5", func(p *run.Plan) any { return p.Nice }, 5},
		{"--process-slot-var S", func(p *run.Plan) any { return p.SlotVar }, "S"},
		{"-t", func(p *run.Plan) any { return p.Trace }, true},
		{"--trace", func(p *run.Plan) any { return p.Trace }, true},

		{"-j3", func(p *run.Plan) any { return p.Jobs.Most }, 3},
		{"-P 3", func(p *run.Plan) any { return p.Jobs.Most }, 3},
		{"--max-procs 3", func(p *run.Plan) any { return p.Jobs.Most }, 3},
		{"--jobs 50%", func(p *run.Plan) any { return p.Jobs.Most }, 2},
		{"-j -1", func(p *run.Plan) any { return p.Jobs.Most }, 3},
		{"-j+2", func(p *run.Plan) any { return p.Jobs.Most }, 6},
		{"-j0", func(p *run.Plan) any { return p.Jobs.Most }, run.Unlimited},
		{"-j 2..8 --adaptive", func(p *run.Plan) any { return []any{p.Jobs, p.Adaptive} }, []any{run.Jobs{Least: 2, Most: 8}, true}},
		{"-j @F", func(p *run.Plan) any { return p.Jobs }, run.Jobs{File: "F"}},
		{"--rate 30/m,2", func(p *run.Plan) any { return p.Rate }, run.Rate{PerSecond: 0.5, Burst: 2}},
		{"--rate 1/s --rate-by key -K {1}", func(p *run.Plan) any { return p.RateByKey }, true},
		{"--load 50%", func(p *run.Plan) any { return p.Pressure.Load }, 2.0},
		{"--memfree 1G", func(p *run.Plan) any { return p.Pressure.MemFree }, int64(1 << 30)},
		{"--pressure io=20", func(p *run.Plan) any { return p.Pressure.Pressure }, sensor.Pressure{IO: 20}},
		{"--jobserver", func(p *run.Plan) any { return p.Jobserver }, run.JobserverAuto},
		{"--jobserver=pipe", func(p *run.Plan) any { return p.Jobserver }, run.JobserverPipe},
		{"--jobserver=fifo", func(p *run.Plan) any { return p.Jobserver }, run.JobserverFifo},
		{"--batch 10,2s", func(p *run.Plan) any { return []any{p.Input.MaxArgs, p.Input.Batch} }, []any{10, 2 * time.Second}},
		{"--batch 10,1d", func(p *run.Plan) any { return p.Input.Batch }, 24 * time.Hour},
		{"--priority {1} --aging 30s", func(p *run.Plan) any { return p.Aging }, 30 * time.Second},
		{"--retries 1 --retry-if-stderr 4.9", func(p *run.Plan) any { return p.RetryIfStderr.String() }, "4.9"},
		{"--breaker 5/30s", func(p *run.Plan) any { return p.Breaker }, run.Breaker{Failures: 5, Span: 30 * time.Second, Cooldown: 30 * time.Second, Probes: 1}},
		{
			"--breaker 5 --breaker-by {1} --breaker-on 7 --breaker-cooldown 1m --breaker-probe 2 --breaker-action skip",
			func(p *run.Plan) any { return p.Breaker },
			run.Breaker{Failures: 5, By: run.BreakerByTemplate, Template: "{1}", On: ends(t, "7"), Cooldown: time.Minute, Probes: 2, Action: run.BreakerSkip},
		},
		{"-K {1} --breaker 50%/20 --breaker-by key --breaker-action halt", func(p *run.Plan) any { return []any{p.Breaker.By, p.Breaker.Action} }, []any{run.BreakerByKey, run.BreakerHalt}},
		{"--signal-fd", func(p *run.Plan) any { return p.SignalFD }, true},
		{"--raise-on exit=75:rate-limit:5s", func(p *run.Plan) any { return p.RaiseOn[0].String() }, "exit=75:rate-limit:5s"},
		{"--defer-on user.*", func(p *run.Plan) any { return p.DeferOn.String() }, "user.*"},
		{"--defer-on none", func(p *run.Plan) any { return p.DeferOn }, signals.Pattern{}},
		{"--cancel-on user.abort", func(p *run.Plan) any { return p.CancelOn.String() }, "user.abort"},
		{"--control=./s", func(p *run.Plan) any { return p.Control }, "./s"},
		{"--log F --log-format text", func(p *run.Plan) any { return p.LogOptions.Format }, observe.PlainText},
		{"--log F --log-level warn", func(p *run.Plan) any { return p.LogOptions.Level }, event.Warn},
		{"--log F --signals job.* --signals key.*", func(p *run.Plan) any { return p.LogOptions.Names.String() }, "job.*,key.*"},
		{"--log F --redact a+", func(p *run.Plan) any { return p.LogOptions.Redact[0].String() }, "a+"},
		{"--delay 250ms", func(p *run.Plan) any { return p.Delay }, 250 * time.Millisecond},

		{"-K {1}", func(p *run.Plan) any { return p.Key }, "{1}"},
		{"--key {1} --key-jobs 2", func(p *run.Plan) any { return []any{p.Key, p.KeyJobs} }, []any{"{1}", 2}},
		{"--key {1} --key-fail skip", func(p *run.Plan) any { return p.KeyFail }, run.KeySkip},
		{"--key {1} --key-fail halt", func(p *run.Plan) any { return p.KeyFail }, run.KeyHalt},
		{"--key {1} --key-fail continue", func(p *run.Plan) any { return p.KeyFail }, run.KeyContinue},
		{"--priority {2}", func(p *run.Plan) any { return p.Priority }, "{2}"},
		{"--lane {1} --lanes a:2,b", func(p *run.Plan) any { return []any{p.Lane, p.Lanes} }, []any{"{1}", []run.Lane{{Name: "a", Weight: 2}, {Name: "b", Weight: 1}}}},
		{"-k", func(p *run.Plan) any { return p.Output.KeepOrder }, true},
		{"--keep-order", func(p *run.Plan) any { return p.Output.KeepOrder }, true},

		{"--retries 2", func(p *run.Plan) any { return p.Attempts }, 3},
		{"--retries 0", func(p *run.Plan) any { return p.Attempts }, 1},
		{"--attempts 2", func(p *run.Plan) any { return p.Attempts }, 2},
		{"--retries 1 --retry-delay 5", func(p *run.Plan) any { return p.RetryDelay }, 5 * time.Second},
		{"--retries 1 --retry-max-delay 5m", func(p *run.Plan) any { return p.RetryMaxDelay }, 5 * time.Minute},
		{"--retries 1 --retry-jitter 50%", func(p *run.Plan) any { return p.RetryJitter }, 0.5},
		{"--retries 1 --retry-jitter 0", func(p *run.Plan) any { return p.RetryJitter }, 0.0},
		{"--retries 1 --retry-on 1..5,timeout", func(p *run.Plan) any { return p.RetryOn }, ends(t, "1..5,timeout")},
		{"--retries 1 --no-retry-on signal:KILL", func(p *run.Plan) any { return p.NoRetryOn }, ends(t, "signal:KILL")},
		{"--timeout 1.5", func(p *run.Plan) any { return p.Timeout }, 1500 * time.Millisecond},
		{"--deadline 1d", func(p *run.Plan) any { return p.Deadline }, 24 * time.Hour},
		{"--term-seq INT,2s", func(p *run.Plan) any { return p.Term }, []job.Step{{Signal: syscall.SIGINT, Wait: 2 * time.Second}, {Signal: syscall.SIGKILL}}},
		{"-F", func(p *run.Plan) any { return p.Halt }, run.Halt{What: run.CountFail, At: run.Amount{N: 1}, Flag: "-F"}},
		{"--fail-fast", func(p *run.Plan) any { return p.Halt }, run.Halt{What: run.CountFail, At: run.Amount{N: 1}, Flag: "-F"}},
		{"--halt now,success=2", func(p *run.Plan) any { return p.Halt }, run.Halt{Now: true, What: run.CountSuccess, At: run.Amount{N: 2}}},
		{"--max-fails 0", func(p *run.Plan) any { return []any{p.MaxFailsSet, p.MaxFails} }, []any{true, run.Amount{}}},
		{"--max-fails 5%", func(p *run.Plan) any { return []any{p.MaxFailsSet, p.MaxFails} }, []any{true, run.Amount{Percent: 5}}},
		{"--ok-on 1", func(p *run.Plan) any { return p.OKOn }, ends(t, "1")},
		{"--exit-code count", func(p *run.Plan) any { return p.Exit }, fail.RuleCount},
		{"--fatal-on 255", func(p *run.Plan) any { return p.FatalOn }, ends(t, "255")},

		{"--group", func(p *run.Plan) any { return p.Output.Mode }, output.Group},
		{"--lb", func(p *run.Plan) any { return p.Output.Mode }, output.Lines},
		{"--line-buffer", func(p *run.Plan) any { return p.Output.Mode }, output.Lines},
		{"-u", func(p *run.Plan) any { return p.Output.Mode }, output.Raw},
		{"--ungroup", func(p *run.Plan) any { return p.Output.Mode }, output.Raw},
		{"--tag", func(p *run.Plan) any { return p.Tag }, true},
		{"--tagstring [{#}]", func(p *run.Plan) any { return p.TagText }, "[{#}]"},
		{"--only-failed", func(p *run.Plan) any { return p.Quiet }, true},
		{"--merge", func(p *run.Plan) any { return p.Merge }, true},
		{"--max-output 1K", func(p *run.Plan) any { return p.MaxOut }, int64(1024)},
		{"--files", func(p *run.Plan) any { return p.Files }, true},
		{"--results out", func(p *run.Plan) any { return p.Results }, run.Results{Kind: run.ResultsTree, Path: "out"}},
		{"--results out/{}/", func(p *run.Plan) any { return p.Results }, run.Results{Kind: run.ResultsTree, Template: "out/{}/"}},
		{"--results {}.json", func(p *run.Plan) any { return p.Results }, run.Results{Kind: run.ResultsTree, Template: "{}.json"}},
		{"-I % --results %.csv", func(p *run.Plan) any { return p.Results }, run.Results{Kind: run.ResultsTree, Template: "%.csv"}},
		{"--results F.csv", func(p *run.Plan) any { return p.Results }, run.Results{Kind: run.ResultsTable, Path: "F.csv", Format: record.CSV}},
		{"--results F.tsv", func(p *run.Plan) any { return p.Results }, run.Results{Kind: run.ResultsTable, Path: "F.tsv", Format: record.TSV}},
		{"--results F.json", func(p *run.Plan) any { return p.Results }, run.Results{Kind: run.ResultsTable, Path: "F.json", Format: record.JSONArr}},
		{"--results -.json", func(p *run.Plan) any { return p.Results }, run.Results{Kind: run.ResultsTable, Path: "-", Format: record.NDJSON}},
		{"--results -.tsv", func(p *run.Plan) any { return p.Results }, run.Results{Kind: run.ResultsTable, Path: "-", Format: record.TSV}},
		{"--spool-mem 1K", func(p *run.Plan) any { return p.Output.SpoolMem }, int64(1024)},
		{"--spool-mem 0", func(p *run.Plan) any { return p.Output.SpoolMem }, int64(-1)},
		{"--spool-max 1K", func(p *run.Plan) any { return p.Output.SpoolMax }, int64(1024)},
		{"--tmpdir /var/tmp", func(p *run.Plan) any { return p.Output.TmpDir }, "/var/tmp"},
		{"--progress plain", func(p *run.Plan) any { return p.Words }, []string{"echo", "{}"}},
		{"--bar", func(p *run.Plan) any { return p.Words }, []string{"echo", "{}"}},
		{"--eta", func(p *run.Plan) any { return p.Words }, []string{"echo", "{}"}},
		{"--color never", func(p *run.Plan) any { return p.Words }, []string{"echo", "{}"}},
		{"--summary always", func(p *run.Plan) any { return p.Summary }, run.SummaryAlways},
		{"--summary json", func(p *run.Plan) any { return p.Summary }, run.SummaryJSON},
		{"--summary markdown", func(p *run.Plan) any { return p.Summary }, run.SummaryMarkdown},
		{"--ci github", func(p *run.Plan) any { return p.Words }, []string{"echo", "{}"}},
		{"--summary none", func(p *run.Plan) any { return p.Summary }, run.SummaryNone},
		{"--joblog +F", func(p *run.Plan) any { return p.Joblog }, "+F"},
		{"--junit F", func(p *run.Plan) any { return p.JUnit }, "F"},
		{"--metrics F", func(p *run.Plan) any { return p.Metrics }, "F"},
		{"--failed F", func(p *run.Plan) any { return p.Failed }, "F"},
		{"--journal F", func(p *run.Plan) any { return p.Journal }, run.Journal{File: "F", Flag: "--journal"}},
		{"--journal F --sync always --resume", func(p *run.Plan) any { return p.Journal }, run.Journal{File: "F", Flag: "--journal", Sync: record.SyncAlways, Resume: run.ResumeUnfinished}},
		{"--journal F --resume-failed --any-command", func(p *run.Plan) any { return p.Journal }, run.Journal{File: "F", Flag: "--journal", Resume: run.ResumeFailed, AnyCommand: true}},
		{"--journal F --retry-failed --dry-run", func(p *run.Plan) any { return p.Journal }, run.Journal{File: "F", Flag: "--journal", Resume: run.ResumeOnlyFailed, Look: true}},
		{"--journal F --retry-failed", func(p *run.Plan) any { return p.Input.Sources }, []item.Source{{}}},
		{"--log F --resume", func(p *run.Plan) any { return []any{p.Journal.File, p.Journal.Flag, p.Log} }, []any{"F", "--log", ""}},
		{"--log L --journal F --resume", func(p *run.Plan) any { return []any{p.Journal.File, p.Log} }, []any{"F", "L"}},
		{"--log fd:3", func(p *run.Plan) any { return p.Log }, "fd:3"},

		{"-0P8n1", func(p *run.Plan) any { return []any{p.Input.Delimiter, p.Jobs.Most, p.Input.MaxArgs} }, []any{"\x00", 8, 1}},
		{"-kj2 -j 5", func(p *run.Plan) any { return []any{p.Output.KeepOrder, p.Jobs.Most} }, []any{true, 5}},
		{"-k --keep-order=false", func(p *run.Plan) any { return p.Output.KeepOrder }, false},
	}
	seen := map[string]bool{"command": true, "shell": true, "shell-opts": true, "no-lint": true, "config": true, "dry-run": true, "explain": true, "help": true, "version": true} // tested elsewhere
	for _, tt := range tests {
		args := strings.Fields(tt.args)
		p := mustPlan(t, append(args, "echo", "{}")...)
		if got := tt.got(&p); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("plan of %s = %+v, want %+v", tt.args, got, tt.want)
		}
		for _, arg := range args {
			if name, ok := strings.CutPrefix(arg, "--"); ok {
				name, _, _ = strings.Cut(name, "=")
				seen[name] = true
			}
		}
	}
	for _, g := range new(typed).groups() {
		for _, f := range g.flags {
			if !seen[f.name] && !seen[f.alias] {
				t.Errorf("no row sets --%s", f.name)
			}
		}
	}
}

func TestShape(t *testing.T) {
	values := func(v ...string) item.Source { return item.Source{Values: v} }
	tests := []struct {
		args    []string
		words   []string
		shell   string
		sources []item.Source
	}{
		{args: nil},
		{args: []string{"gzip"}, words: []string{"gzip"}},
		{args: []string{"{}"}, words: []string{"{}"}},
		{args: []string{"{.name/.}"}, words: []string{"{.name/.}"}},
		{args: []string{"gzip", "-9", "{}"}, words: []string{"gzip", "-9", "{}"}},
		{args: []string{"-k", "ls", "-k"}, words: []string{"ls", "-k"}},
		{args: []string{"gzip -9"}, shell: "gzip -9"},
		{args: []string{"a|b"}, shell: "a|b"},
		{args: []string{"echo;"}, shell: "echo;"},
		{args: []string{"./*.sh"}, shell: "./*.sh"},
		{args: []string{"~/bin/x"}, shell: "~/bin/x"},
		{args: []string{"$EDITOR"}, shell: "$EDITOR"},
		{args: []string{"-c", "gzip"}, shell: "gzip"},
		{args: []string{"--command", "a b", ":::", "c"}, shell: "a b", sources: []item.Source{values("c")}},
		{args: []string{":::", "a", "b"}, sources: []item.Source{values("a", "b")}},
		{args: []string{"echo", ":::"}, words: []string{"echo"}, sources: []item.Source{values()}},
		{
			args: []string{"-a", "F", "echo", ":::", "a", "b", ":::+", "c", "d", "::::", "G", "-", "::::+", "H"}, words: []string{"echo"},
			sources: []item.Source{{File: "F"}, values("a", "b"), {Values: []string{"c", "d"}, Link: true}, {File: "G"}, {File: "-"}, {File: "H", Link: true}},
		},
		{args: []string{"--", "-x", "y"}, words: []string{"-x", "y"}},
	}
	for _, tt := range tests {
		p := mustPlan(t, tt.args...)
		same := slices.EqualFunc(p.Input.Sources, tt.sources, func(a, b item.Source) bool {
			return a.File == b.File && a.Link == b.Link && slices.Equal(a.Values, b.Values)
		})
		if !slices.Equal(p.Words, tt.words) || p.Shell != tt.shell || !same {
			t.Errorf("plan of %q = words %q, shell %q, sources %+v, want %q, %q, %+v",
				tt.args, p.Words, p.Shell, p.Input.Sources, tt.words, tt.shell, tt.sources)
		}
	}
}

func TestShell(t *testing.T) {
	if p := mustPlan(t, "--shell", "/bin/bash", "a b"); p.ShellPath != "/bin/bash" {
		t.Errorf("--shell /bin/bash: ShellPath = %q", p.ShellPath)
	}
}

// TestConflicts gives the two sides of each contradiction, and what the reason has to name.
func TestConflicts(t *testing.T) {
	for _, tt := range []struct {
		args  string
		names string
	}{
		{"--resume echo", "--resume"},
		{"--journal F --resume --resume-failed echo", "--resume --resume-failed"},
		{"--journal F --resume --retry-failed echo", "--resume --retry-failed"},
		{"--journal F --resume-failed --retry-failed echo", "--resume-failed --retry-failed"},
		{"--sync always echo", "--sync"},
		{"--journal F --any-command echo", "--any-command"},
		{"--journal F --log F echo", "--log --journal"},
		{"--log - --resume echo", "--log"},
		{"--log fd:3 --resume echo", "--log"},
		{"--log F --log-format logfmt --resume echo", "--log-format"},
		{"--log F --log-level info --resume echo", "--log-level"},
		{"--log F --signals x --resume echo", "--signals"},
		{"--journal F --batch 2,1s echo", "--batch"},
		{"--journal F --retry-failed echo ::: a", "--retry-failed"},
		{"--journal F --retry-failed --pipe cat", "--retry-failed --pipe"},
		{"--journal F --retry-failed --skip 1 echo", "--retry-failed --skip"},
		{"--journal F --retry-failed --limit 1 echo", "--retry-failed --limit"},
		{"--journal F --retry-failed --shuf echo", "--retry-failed"},
		{"--journal F --retry-failed --empty run echo", "--retry-failed"},
		{"-0 -d , echo", "-0 -d"},
		{"--json -0 echo", "--json -0"},
		{"--json -d , echo", "--json -d"},
		{"--json -C , echo", "--json -C"},
		{"--json -H echo", "--json -H"},
		{"-r --empty run echo", "-r --empty"},
		{"-r --empty fail echo", "-r --empty"},
		{"--empty run", "--empty"},
		{"-X", "-X"},
		{"-n 2", "-n"},
		{"--split csv --json echo", "--split --json"},
		{"--split lines -0 echo", "--split -0"},
		{"--split null -d , echo", "--split -d"},
		{"--csv --tsv echo", "--csv --tsv"},
		{"--csv -0 echo", "--csv -0"},
		{"--json --csv echo", "--json --csv"},
		{"--tsv -C , echo", "--tsv -C"},
		{"--csv --keep-empty echo", "--keep-empty CSV"},
		{"--json --keep-empty echo", "--keep-empty JSON"},
		{"--json --trim l echo", "--json --trim"},
		{"--link echo ::: a", "--link"},
		{"--shuf --batch 3,2s echo", "--shuf --batch"},
		{"-N 2 -n 2 echo", "-N -n"},
		{"-N 2 --batch 3,2s echo", "-N --batch"},
		{"-N 2 -X echo", "-N -X"},
		{"-N 2 -m echo", "-N -m"},
		{"-X -m echo", "-X -m"},
		{"-X -n 0 echo", "-X -n"},
		{"-m -n0 echo", "-m -n"},
		{"-m", "-m"},
		{"-N 2", "-N"},
		{"-m --batch 3,2s echo", "-m --batch"},
		{"--pipe", "--pipe"},
		{"--pipe cat ::: a", "--pipe :::"},
		{"--pipe -a F -a G cat", "--pipe"},
		{"--pipe --block 1M -N 2 cat", "--block -N"},
		{"--pipe -N 0 cat", "-N"},
		{"--pipe -0 cat", "--pipe -0"},
		{"--pipe -d , cat", "--pipe -d"},
		{"--pipe --split csv cat", "--pipe --split"},
		{"--pipe --json cat", "--pipe --json"},
		{"--pipe --csv cat", "--pipe --csv"},
		{"--pipe --tsv cat", "--pipe --tsv"},
		{"--pipe -C , cat", "--pipe -C"},
		{"--pipe -H cat", "--pipe -H"},
		{"--pipe --trim l cat", "--pipe --trim"},
		{"--pipe -n 2 cat", "--pipe -n"},
		{"--pipe --batch 2,3s cat", "--pipe --batch"},
		{"--pipe -X cat", "--pipe -X"},
		{"--pipe -m cat", "--pipe -m"},
		{"--pipe --keep-empty cat", "--pipe --keep-empty"},
		{"--pipe --link cat", "--pipe --link"},
		{"--pipe --shuf cat", "--pipe --shuf"},
		{"--pipe --skip 1 cat", "--pipe --skip"},
		{"--pipe --limit 1 cat", "--pipe --limit"},
		{"--pipe --stdin item cat", "--pipe --stdin"},
		{"--pipe --missing skip cat", "--pipe --missing"},
		{"--pipe --tag cat", "--pipe --tag"},
		{"--block 1M cat", "--block --pipe"},
		{"--recend x cat", "--recend --pipe"},
		{"--recstart x cat", "--recstart --pipe"},
		{"--shell bash echo {}", "--shell"},
		{"--stdin inherit echo", "--stdin inherit"},
		{"--stdin inherit -a - echo", "--stdin inherit"},
		{"--dry-run --explain echo", "--dry-run --explain"},
		{"--key-jobs 2 echo", "--key-jobs"},
		{"--key-fail skip echo", "--key-fail"},
		{"--lane {} echo", "--lane"},
		{"--lanes a,b echo", "--lanes"},
		{"-k -u echo", "-k -u"},
		{"--retries 1 --attempts 2 echo", "--retries --attempts"},
		{"--retry-delay 1 echo", "--retry-delay"},
		{"--retry-max-delay 1 echo", "--retry-max-delay"},
		{"--retry-jitter 0 echo", "--retry-jitter"},
		{"--retry-on 1 echo", "--retry-on"},
		{"--no-retry-on 1 echo", "--no-retry-on"},
		{"-F --halt now,fail echo", "-F --halt"},
		{"-F --max-fails 3 echo", "-F --max-fails"},
		{"--group --lb echo", "--group --line-buffer"},
		{"--group -u echo", "--group -u"},
		{"--lb -u echo", "--line-buffer -u"},
		{"--tag --tagstring x echo", "--tag --tagstring"},
		{"--tag -u echo", "--tag -u"},
		{"--tagstring x -u echo", "--tagstring -u"},
		{"--spool-mem 1 -u echo", "--spool-mem -u"},
		{"--tmpdir / -u echo", "--tmpdir -u"},
		{"-c", "-c"},
		{"-c a b", "-c"},
		{"echo :::+ a", ":::+"},
		{"echo ::::", "::::"},
	} {
		_, err := planOf(strings.Fields(tt.args)...)
		if fail.StatusOf(err) != fail.BadUsage {
			t.Errorf("eph %s: %v, want a usage error", tt.args, err)
			continue
		}
		for name := range strings.FieldsSeq(tt.names) {
			if !strings.Contains(err.Error(), name) {
				t.Errorf("eph %s: %q does not name %s", tt.args, err, name)
			}
		}
		if e := err.(*fail.Error); e.Try == "" {
			t.Errorf("eph %s: %q says nothing to try", tt.args, err)
		}
	}
}

// TestTogether holds that what looks like a contradiction and is none passes.
func TestTogether(t *testing.T) {
	for _, args := range []string{
		"-X -n 5 echo", "-m -n 5 echo", "--split lines --keep-empty echo", "--pipe -a F cat", "--pipe --tagstring {#} cat",
		"--csv --skip 1 --trim lr echo", "--empty ok -r echo", "--stdin inherit echo ::: a", "--retries 0 --retry-on 1 echo",
		"--halt now,success --max-fails 3 echo", "-k --lb --tag echo", "-n 1", "--skip 0 echo", "-0 --keep-empty echo",
		"--retry-on 1..5 --no-retry-on 3 --attempts 2 echo", "--shell bash", "--summary none -t echo",
	} {
		mustPlan(t, strings.Fields(args)...)
	}
}

// TestBadValues gives every flag that takes a value one that it cannot have.
func TestBadValues(t *testing.T) {
	for _, tt := range []struct{ flag, value, marked string }{
		{"--delimiter", `a\q`, `\q`},
		{"--colsep", "(", "("},
		{"--max-args", "-1", "-1"},
		{"--max-replace-args", "x", "x"},
		{"--split", "cvs", "cvs"},
		{"--trim", "both", "both"},
		{"--shuf", "-1", "-1"},
		{"--empty", "sometimes", "sometimes"},
		{"--skip", "-1", "-1"},
		{"--limit", "0", "0"},
		{"--window", "x", "x"},
		{"--missing", "eror", "eror"},
		{"--env", "=x", "=x"},
		{"--stdin", "file:", "file:"},
		{"--jobs", "8x", "8x"},
		{"--delay", "-1s", "-1s"},
		{"--key-jobs", "0", "0"},
		{"--key-fail", "stop", "stop"},
		{"--lanes", "a,b:0", "b:0"},
		{"--retries", "many", "many"},
		{"--attempts", "0", "0"},
		{"--retry-delay", "1w", "1w"},
		{"--retry-max-delay", "", ""},
		{"--retry-jitter", "150%", "150%"},
		{"--retry-on", "1,9..2", "9..2"},
		{"--no-retry-on", "signal:FOO", "signal:FOO"},
		{"--timeout", "1h-5m", "1h-5m"},
		{"--deadline", "106752d", "106752d"},
		{"--term-seq", "TERM,x", "x"},
		{"--halt", "soon,fail=x", "x"},
		{"--max-fails", "-1", "-1"},
		{"--ok-on", "256", "256"},
		{"--fatal-on", "", ""},
		{"--spool-mem", "1.5M", "1.5M"},
		{"--color", "yes", "yes"},
		{"--summary", "maybe", "maybe"},
		{"--key", "", ""},
		{"--log", "", ""},
	} {
		args := []string{tt.flag + "=" + tt.value}
		for _, needed := range []string{"--key", "--lane", "--lanes", "--retries"} {
			if needed != tt.flag && (needed != "--retries" || tt.flag != "--attempts") {
				args = append(args, needed+"=1")
			}
		}
		_, err := planOf(append(args, "echo", "{}")...)
		e, ok := err.(*fail.Error)
		if !ok || fail.StatusOf(err) != fail.BadUsage {
			t.Errorf("%s %q: %v, want a usage error", tt.flag, tt.value, err)
			continue
		}
		marked := ""
		if e.Text != "" {
			marked = e.Text[e.At:min(e.At+e.Len, len(e.Text))]
		}
		if marked != tt.marked || e.Try == "" {
			t.Errorf("%s %q: %q marks %q and says %q, want the mark at %q and something to try", tt.flag, tt.value, e, marked, e.Try, tt.marked)
		}
	}
}

func TestUnglue(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"-0P8n1 gzip -9k", "-0P8 -n1 gzip -9k"},
		{"-j50%kX a", "-j50% -kX a"},
		{"-j+2k", "-j+2 -k"},
		{"-n 5k", "-n 5k"},
		{"-0P8n 1 a", "-0P8 -n 1 a"},
		{"-d8n1 a", "-d8n1 a"},
		{"-j 4 -kn2t a", "-j 4 -kn2 -t a"},
		{"--jobs -n5k a", "--jobs -n5k a"},
		{"--jobs=4 -P2k a", "--jobs=4 -P2 -k a"},
		{"-- -P8n1", "-- -P8n1"},
		{"-P8z a", "-P8z a"},
		{"-P8é a", "-P8é a"},
		{"- -P8n1", "- -P8n1"},
		{"-test.v a", "-t -est.v a"},
	} {
		p := newProgram(run.Streams{}, cpusOfTest)
		got := strings.Join(unglue(p.flags, strings.Fields(tt.in)), " ")
		if got != tt.want {
			t.Errorf("unglue(%s) = %s, want %s", tt.in, got, tt.want)
		}
	}
}

func TestFlagErrors(t *testing.T) {
	for _, tt := range []struct{ args, what, try string }{
		{"--retrys 3 x", "there is no flag --retrys", "--retries"},
		{"--dryrun x", "there is no flag --dryrun", "--dry-run"},
		{"--keeporder x", "there is no flag --keeporder", "--keep-order"},
		{"--zzzzzzzz x", "there is no flag --zzzzzzzz", "eph help flags"},
		{"-Z x", "there is no flag -Z", "eph help flags"},
		{"-test.v x", "there is no flag -e", "eph help flags"},
		{"-timeout 3 x", "there is no flag -i", "--timeout"},
		{"--jobs", "--jobs needs a value", "--jobs 4"},
		{"-kj", "-j needs a value", "-j 4"},
		{"--key-fail", "--key-fail needs a value", "--key-fail continue|skip|halt"},
		{"--keep-order=x y", "--keep-order: ", "--keep-order"},
		{"--=x", "--=x is not a flag", "eph help flags"},
	} {
		_, err := planOf(strings.Fields(tt.args)...)
		e, ok := err.(*fail.Error)
		if !ok || !strings.HasPrefix(e.What, tt.what) || e.Try != tt.try || e.Status != fail.BadUsage {
			t.Errorf("eph %s: %#v, want %q and try %q", tt.args, err, tt.what, tt.try)
		}
	}
}
