package run

import (
	"context"
	"crypto/rand"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/internal/output"
	"github.com/mostlylucid/eph/pkg/coord"
)

// Prepare opens the input, compiles the templates and looks the command up. The end of ctx
// calls off what blocks in that. Its errors are *fail.Error; nothing was run.
func Prepare(ctx context.Context, p Plan, s Streams) (*Run, error) {
	r := &Run{plan: p, streams: s, id: newID(), runner: new(job.Local)}
	r.intake, r.stopIntake = context.WithCancelCause(ctx)
	if err := r.journal.prepare(r); err != nil {
		return nil, err
	}
	input := r.plan.Input
	if p.Fill || p.MaxChars > 0 {
		input.Fill = r.fits
	}
	var err error
	if r.input, err = item.Open(ctx, input, s.In); err != nil {
		r.journal.close()
		return nil, err
	}
	if err = r.writesInput(); err == nil {
		r.commands, err = compile(p, r.input.Columns())
	}
	if err == nil {
		err = r.open()
	}
	if err == nil {
		err = r.journal.open()
	}
	if err != nil {
		_ = r.input.Close()
		r.journal.close()
		return nil, err
	}
	return r, nil
}

// open makes everything that needs the templates.
func (r *Run) open() error {
	p := &r.plan
	r.environ = newEnviron(p, r.id)
	for _, step := range []func() error{r.openTerminal, r.checkTmpDir, r.boundJobs, r.join} {
		if err := step(); err != nil {
			return err
		}
	}
	if p.SignalFD {
		r.environ.set("EPH_SIGNAL_FD", strconv.Itoa(job.SignalFD(r.tokens.files())))
	}
	p.Output.Window = int64(p.Window)
	p.Output.Screen = p.Progress.screen()
	p.Output.OnSpill, p.Output.OnStall = r.spilled, r.stalled
	r.out = output.New(r.results.init(r), r.streams.Err, p.Output)
	r.scale = newScale(r)
	r.circuits = newCircuits(&p.Breaker, r.circuitChanged)
	r.signalled, _ = coord.GateOn(&r.sink, coord.GateRules{Hold: p.DeferOn, Drop: p.CancelOn})
	r.space()
	r.newPool()
	return nil
}

// openTerminal opens it, if a flag needs it.
func (r *Run) openTerminal() error {
	for _, x := range []struct {
		wanted bool
		flag   string
	}{{r.plan.Ask, "--interactive"}, {r.plan.OpenTTY, "--open-tty"}} {
		if x.wanted && r.terminal.file == nil {
			if err := r.terminal.open(x.flag, r.streams); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Run) checkTmpDir() error {
	dir := r.plan.Output.TmpDir
	if dir == "" {
		return nil
	}
	if st, err := os.Stat(dir); err != nil {
		return fail.Usage("--tmpdir: %v", err)
	} else if !st.IsDir() {
		return fail.Usage("--tmpdir: %s is not a directory", dir)
	}
	return nil
}

// boundJobs finds out how many jobs may run at once.
func (r *Run) boundJobs() (err error) {
	p := &r.plan
	if p.Jobs.File != "" {
		if p.Jobs, err = readJobs(p.Jobs.File, p.CPUs); err != nil {
			return err
		}
	}
	r.wanted, p.Jobs.Most = p.Jobs, affordable(p.Jobs.Most)
	p.Jobs.Least = min(p.Jobs.Least, p.Jobs.Most)
	return nil
}

// space sets how far apart starts are.
func (r *Run) space() {
	switch p := &r.plan; {
	case p.Delay > 0:
		r.pace.set(Rate{PerSecond: float64(time.Second) / float64(p.Delay), Burst: 1})
	case p.RateByKey:
		r.keyPaces = &paces{rate: p.Rate, keys: make(map[string]*keyPace)}
	default:
		r.pace.set(p.Rate)
	}
}

func (r *Run) newPool() {
	p := &r.plan
	o := coord.Options{
		Limit: r.scale.limit(), PerKey: p.KeyJobs, Window: p.Window, Aging: p.Aging,
		Retry: retries(p), Gate: &r.gate, Hold: []*coord.Gate{r.signalled, &r.limited.gate},
		Rate: &r.pace, History: -1, NoClock: true,
	}
	for _, l := range p.Lanes {
		o.Lanes = append(o.Lanes, coord.Lane{Name: l.Name, Weight: l.Weight})
	}
	var key func(*task) string
	if r.commands.key != nil {
		key = func(t *task) string { return t.key }
	}
	r.pool = coord.NewKeyed(key, r.attempt, o)
	hooks := coord.Hooks[string, *task]{Retry: r.retrying, Finish: r.finished}
	if r.circuits != nil || r.keyPaces != nil || p.Ask {
		hooks.Admit = r.admit
	}
	r.pool.Notify(hooks)
}

// newID is a name for a run that sorts by time.
func newID() string {
	return time.Now().UTC().Format("20060102T150405Z-") + strings.ToLower(rand.Text()[:6])
}
