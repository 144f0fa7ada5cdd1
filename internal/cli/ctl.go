package cli

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mostlylucid/eph/internal/control"
	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/plain"
)

// order is a command of eph ctl.
type order struct {
	name, arg, meaning string // arg is what it takes; with brackets it may be left out, "" is nothing
	example            string // of arg
}

var orders = []order{
	{"list", "", "your runs, one per line; --json shows all that is known of them", ""},
	{"status", "", "what the run is doing, and if nothing starts, why; --json for programs", ""},
	{"jobs", "N", "run N jobs at once: a number, N%, MIN..MAX", "4"},
	{"rate", "R", "limit starts to R: 50/s, 30/m, or none for no limit", "50/s"},
	{"pause", "", "start nothing more", ""},
	{"resume", "", "start jobs again", ""},
	{"drain", "", "read and start nothing more, and let the running jobs finish", ""},
	{"cancel", "ITEM", "cancel one item, by its number", "7"},
	{"raise", "SIGNAL", "raise a signal: backpressure.deploy:10s, rate-limit:5s, user.done", "backpressure.deploy:10s"},
	{"retract", "GLOB", "take back the signals that hold: backpressure.*", "'backpressure.*'"},
	{"reopen", "", "reopen the file of --log after it was renamed, as by logrotate", ""},
	{"tail", "[GLOB]", "show the event log as it grows", "'job.*'"},
}

// ctl is the command that steers a run.
func (p *program) ctl() *cobra.Command {
	var id string
	var asJSON bool
	c := &cobra.Command{
		Use:   "ctl",
		Short: "steer a run: list, status, jobs, rate, pause, resume, drain, cancel, raise, retract, reopen, tail",
		Args:  cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fail.Usage("eph ctl needs a command").Advise("eph ctl status")
			}
			if args[0] == "help" || len(args) == 2 && (args[1] == "-h" || args[1] == "--help") {
				return p.helpOn(c.Root(), c.Name())
			}
			return p.order(id, asJSON, args)
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var names []string
			if len(args) == 0 {
				for _, o := range orders {
					names = append(names, cobra.CompletionWithDesc(o.name, o.meaning))
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
	c.Flags().SetInterspersed(false) // a signal that is taken back begins with a dash
	c.Flags().StringVar(&id, "run", "", "the run to steer: its id, the beginning of its id, or the path of its socket")
	c.Flags().BoolVar(&asJSON, "json", false, "show the status as JSON")
	return c
}

// order sends one command to a run.
func (p *program) order(id string, asJSON bool, args []string) error {
	if (args[0] == "status" || args[0] == "list") && len(args) == 2 && args[1] == "--json" {
		args, asJSON = args[:1], true
	}
	o, err := parseOrder(args)
	if err != nil {
		return err
	}
	if o.name == "list" {
		return p.list(p.streams.Out, control.List(), asJSON)
	}
	path, err := control.Find(id)
	if e, ok := errors.AsType[*control.SeveralError](err); ok {
		_ = p.list(p.streams.Err, e.IDs, false) // a broken stderr changes no error
		return fail.Own("%s, and this has to be one of them", e).Advise("eph ctl --run %s %s", e.IDs[0], quoted(args))
	}
	if err != nil {
		return err
	}
	err = control.Do(path, control.Request{Do: o.name, Arg: o.arg}, func(a control.Answer) error {
		switch {
		case a.Status != nil && asJSON:
			text, err := json.MarshalIndent(a.Status, "", "  ")
			if err != nil {
				return fail.Own("cannot show the status: %w", err)
			}
			return p.print(string(plain.JSON(text)) + "\n")
		case a.Status != nil:
			return p.print(a.Status.Text(time.Now()))
		case a.Line != "":
			return p.print(plain.Text(strings.TrimSuffix(a.Line, "\n")) + "\n")
		case a.Text != "":
			return p.print(plain.Text(a.Text) + "\n")
		}
		return nil
	})
	if e, ok := errors.AsType[*fail.Error](err); ok && e.Status == fail.BadUsage {
		// The run speaks of the flag that says the same when it starts.
		e.What = strings.TrimPrefix(e.What, "--"+o.name+": ")
		e.Advise("eph ctl %s %s", o.name, o.example)
	}
	return err
}

// list shows runs, the oldest first.
func (p *program) list(to io.Writer, ids []string, asJSON bool) error {
	all := control.Look(ids)
	if asJSON {
		text, err := json.MarshalIndent(all, "", "  ")
		if err != nil {
			return fail.Own("cannot show the runs: %w", err)
		}
		_, err = io.WriteString(to, string(plain.JSON(text))+"\n")
		return written(err)
	}
	now := time.Now()
	for i := range all {
		if _, err := io.WriteString(to, all[i].Line(now)+"\n"); err != nil {
			return written(err)
		}
	}
	return nil
}

// parseOrder checks a command and what it takes.
func parseOrder(args []string) (order, error) {
	var names []string
	for _, o := range orders {
		names = append(names, o.name)
		if o.name != args[0] {
			continue
		}
		optional := strings.HasPrefix(o.arg, "[")
		switch rest := args[1:]; {
		case o.arg == "" && len(rest) > 0:
			return o, fail.Usage("eph ctl %s takes no value", o.name).Advise("eph ctl %s", o.name)
		case o.arg != "" && !optional && len(rest) == 0:
			return o, fail.Usage("eph ctl %s needs a value: %s", o.name, o.meaning).Advise("eph ctl %s %s", o.name, o.example)
		case len(rest) > 1 && o.name != "raise":
			return o, fail.Usage("eph ctl %s takes one value", o.name).Advise("eph ctl %s %s", o.name, rest[0])
		}
		o.arg = strings.Join(args[1:], " ")
		return o, nil
	}
	err := fail.Usage("eph ctl has no command %q", args[0]).Advise("eph ctl %s", strings.Join(names, "|"))
	if n := fail.Nearest(args[0], names); n != "" {
		err.Advise("eph ctl %s", n)
	}
	return order{}, err
}
