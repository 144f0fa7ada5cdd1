package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/internal/parallel"
	"github.com/mostlylucid/eph/internal/run"
)

// parallel stands in for GNU parallel, under the name by which it was called.
func (p *program) parallel(name string, args []string) run.Report {
	report, err := p.likeParallel(filepath.Base(name), args)
	if err != nil {
		return run.Report{Status: fail.ParallelBroken, Err: err}
	}
	return report
}

func (p *program) likeParallel(name string, args []string) (report run.Report, err error) {
	x, ready, err := parallel.New(name, args, strings.TrimSuffix(versionLine(), "\n"), p.cpus, os.Getenv, p.streams)
	if err != nil || !ready {
		return report, err
	}
	plan, err := x.Plan()
	if err != nil {
		return report, err
	}
	if err := run.EnoughFiles(); err != nil {
		return report, err
	}
	if !x.DryRun() && p.worker == nil && p.lead(&plan) {
		if p.report.Err != nil {
			p.report.Status = fail.ParallelBroken
		}
		return p.report, nil
	}
	if err := p.join(&plan); err != nil {
		return report, err
	}
	job.SealDescriptors()
	plan.Version = versionName()
	plan.Progress = p.progress(&plan, x.Progress())
	ctx := context.Background()
	r, err := run.Prepare(ctx, plan, p.streams)
	if err != nil {
		return report, err
	}
	if x.DryRun() {
		report = r.DryRun()
	} else {
		report = p.conduct(ctx, &plan, r)
	}
	if report.Status == fail.Unrun && report.Halted == nil || report.DieBy != 0 {
		report.Status = fail.ParallelBroken // it was told to stop
		return report, nil
	}
	report.Status = parallel.Status(report, plan.Halt)
	return report, nil
}
