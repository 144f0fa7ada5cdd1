package cli

import (
	"errors"
	"regexp"
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/observe"
	"github.com/mostlylucid/eph/internal/rule"
	"github.com/mostlylucid/eph/internal/run"
	"github.com/mostlylucid/eph/internal/sensor"
	"github.com/mostlylucid/eph/internal/value"
	"github.com/mostlylucid/eph/pkg/signals"
)

// breaker reads the flags of the breaker.
func (r *resolver) breaker(t *typed) run.Breaker {
	b := parsed(r, &t.breaker, run.ParseBreaker)
	if !t.breaker.set {
		return b
	}
	switch t.breakerBy.s {
	case "all":
	case "key":
		b.By = run.BreakerByKey
	default:
		if !strings.Contains(t.breakerBy.s, "{") {
			r.refuse(bad(t.breakerBy.name, t.breakerBy.example, t.breakerBy.s, errors.New("it is neither all, nor key, nor a template")))
		}
		b.By, b.Template = run.BreakerByTemplate, t.breakerBy.s
	}
	b.On = r.ends(&t.breakerOn)
	b.Cooldown = r.duration(&t.breakerCooldown)
	b.Probes = int(r.count(&t.breakerProbe, 1))
	b.Action = chosen(r, &t.breakerAction, breakerActionChoices)
	return b
}

func (r *resolver) pressure(t *typed, cpus int) sensor.Options {
	return sensor.Options{
		Load:     parsed(r, &t.load, func(s string) (float64, error) { return sensor.ParseLoad(s, cpus) }),
		MemFree:  parsed(r, &t.memFree, value.Size),
		Pressure: parsed(r, &t.pressure, sensor.ParsePressure),
	}
}

func (r *resolver) jobserver(v *text) run.Jobserver {
	if !v.set {
		return run.JobserverNone
	}
	return chosen(r, v, jobserverChoices)
}

// glob reads a pattern of names of signals.
func (r *resolver) glob(v *text) signals.Pattern {
	if v.s == "none" {
		return signals.Pattern{}
	}
	return parsed(r, v, func(s string) (signals.Pattern, error) { return compileGlob(v.name, v.example, s) })
}

func compileGlob(flag, example, s string) (signals.Pattern, error) {
	p, err := signals.Compile(s)
	if e, ok := errors.AsType[*signals.PatternError](err); ok {
		return p, fail.Usage("%s: a name is missing before or after a comma", flag).Place(s, e.At, 1).Advise("%s %s", flag, example)
	}
	if i := strings.IndexAny(s, " \t\n"); i >= 0 {
		return p, fail.Usage("%s: names contain no blanks", flag).Place(s, i, 1).Advise("%s %s", flag, example)
	}
	return p, err
}

// rules reads what raises signals.
func (r *resolver) rules(v *texts) []rule.Rule {
	var all []rule.Rule
	for _, s := range v.all {
		x, err := rule.ParseRaise(v.name, s)
		if err != nil {
			r.refuse(err)
		}
		all = append(all, x)
	}
	return all
}

// logging reads what the log shows, and how.
func (r *resolver) logging(t *typed) observe.LogOptions {
	o := observe.LogOptions{
		Format: chosen(r, &t.logFormat, logFormatChoices),
		Level:  chosen(r, &t.logLevel, logLevelChoices),
	}
	if len(t.signals.all) > 0 {
		p, err := compileGlob(t.signals.name, t.signals.example, strings.Join(t.signals.all, ","))
		if err != nil {
			r.refuse(err)
		}
		o.Names = p
	}
	for _, s := range t.redact.all {
		re, err := regexp.Compile(s)
		if err != nil {
			r.refuse(bad(t.redact.name, t.redact.example, s, err))
		}
		o.Redact = append(o.Redact, re)
	}
	return o
}
