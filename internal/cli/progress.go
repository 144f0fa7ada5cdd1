package cli

import (
	"context"
	"os"

	"golang.org/x/term"

	"github.com/mostlylucid/eph/internal/front"
	"github.com/mostlylucid/eph/internal/observe"
	"github.com/mostlylucid/eph/internal/output"
	"github.com/mostlylucid/eph/internal/plain"
	"github.com/mostlylucid/eph/internal/run"
)

// progress decides how a run shows how far it has come: as was asked for, or else on a
// terminal that nobody else writes to, and in the log of a CI service. A bar where there is no
// terminal becomes lines.
func (p *program) progress(plan *run.Plan, way string) run.Progress {
	s := p.streams
	shown := run.Progress{ASCII: !plain.UTF8(os.Getenv)}
	if isTerminal(s.Err) {
		shown.Columns = func() int {
			columns, _, err := term.GetSize(int(s.Err.Fd()))
			if err != nil || columns <= 0 {
				return width
			}
			return columns
		}
	}
	screen := isTerminal(s.Err) && !blind(os.Getenv("TERM"))
	switch {
	case way == "none":
	case way == "plain", way == "bar" && !screen, way == "auto" && !screen && os.Getenv("CI") != "":
		shown.Kind = run.ProgressLines
	case way == "auto" && (!screen || plan.Output.Mode == output.Raw || plan.Log == "-" || plan.Stdin == run.StdinInherit ||
		plan.Ask || plan.OpenTTY || goesOn(s.Out) ||
		p.itemsAreTyped(plan)):
	default:
		shown.Kind, shown.Stdout, shown.Foreground = run.ProgressBar, isTerminal(s.Out), p.foreground
	}
	return shown
}

// foreground reports whether the terminal of standard error is not somebody else's just now.
func (p *program) foreground(ctx context.Context) bool {
	if p.worker != nil {
		return p.worker.Foreground(ctx)
	}
	return front.Foreground(int(p.streams.Err.Fd()))
}

// goesOn reports whether another program gets what is written to f. It may print that at the
// same terminal, where a bar would take it away.
func goesOn(f *os.File) bool {
	st, err := f.Stat()
	return err == nil && st.Mode()&(os.ModeNamedPipe|os.ModeSocket) != 0
}

// progressWay is the value of --progress, or of its short forms.
func (t *typed) progressWay() string {
	if t.bar || t.eta {
		return "bar"
	}
	return t.progress.s
}

// blind reports whether a terminal takes no orders to its cursor.
func blind(name string) bool { return name == "" || name == "dumb" }

// ci decides which CI service is told of failures, and where GitHub's summary of a step is.
func (p *program) ci(env func(string) string) (service observe.Service, stepSummary string) {
	way := p.typed.ci.s
	if way == "auto" {
		switch {
		case env("GITHUB_ACTIONS") == "true":
			way = "github"
		case env("GITLAB_CI") != "":
			way = "gitlab"
		}
	}
	if p.typed.dryRun || p.typed.explain {
		way = "none"
	}
	switch way {
	case "github":
		return observe.GitHub, env("GITHUB_STEP_SUMMARY")
	case "gitlab":
		return observe.GitLab, ""
	}
	return observe.NoService, ""
}
