package parallel

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/item"
	"github.com/mostlylucid/eph/internal/record"
	"github.com/mostlylucid/eph/internal/run"
)

// logged is a line of a joblog.
type logged struct {
	seq     int64
	well    bool // it exited with 0
	command string
}

// goOn has the run pass over what an earlier one did, by its joblog, and write on in that.
func (r *resolver) goOn(plan *run.Plan) error {
	again, failed, resume := r.has("retry-failed"), r.has("resume-failed"), r.has("resume")
	if !again && !failed && !resume {
		return nil
	}
	name := strings.TrimPrefix(r.last("joblog"), "+")
	lines, began, err := readJoblog(name, again)
	if err != nil {
		return err
	}
	if began && !strings.HasPrefix(plan.Joblog, "+") {
		plan.Joblog = "+" + plan.Joblog
	}
	done := make(map[int64]bool)
	for _, l := range lines {
		if l.well || resume && !failed && !again {
			done[l.seq] = true
		}
	}
	if again {
		r.commandsOf(plan, lines, done)
	}
	plan.Done = func(seq int64) bool { return done[seq] }
	return nil
}

// commandsOf makes items of the commands in a joblog. Numbers that it has not are passed over.
func (r *resolver) commandsOf(plan *run.Plan, lines []logged, done map[int64]bool) {
	var commands []string
	for _, l := range lines {
		for int64(len(commands)) < l.seq {
			commands = append(commands, "")
		}
		if l.seq > 0 {
			commands[l.seq-1] = l.command
		}
	}
	for i, c := range commands {
		if c == "" {
			done[int64(i+1)] = true
		}
	}
	plan.Input = item.Options{Sources: []item.Source{{Values: commands}}, KeepEmpty: true}
	plan.Fill, plan.Args = false, item.Columns
	plan.Shell = r.tagOf("{}")
	plan.Template.Parallel.Words, plan.Template.Parallel.Many = false, false
}

// joblogLine is a line of a joblog: number, host, four figures, exit status, signal, command.
var joblogLine = regexp.MustCompile(`^([0-9]{1,15})\t[^\t]*((?:\t *[-0-9.]+){4})\t *(-?[0-9]+)\t *([0-9]+)\t(.*)$`)

// readJoblog reads a joblog. began reports whether it has its first line, and a file that is not
// there is one without. What is to be run from it has to be the user's own.
func readJoblog(name string, run bool) (lines []logged, began bool, err error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fail.Own("cannot read the --joblog: %w", err)
	}
	defer f.Close()
	if run {
		if err := record.Trust(f, "--retry-failed runs its command lines"); err != nil {
			return nil, false, err
		}
	}
	in := bufio.NewReader(f)
	for n := 1; ; n++ {
		text, err := in.ReadString('\n')
		if err == io.EOF {
			return lines, began, nil // a line that was cut off is one that was not written
		}
		if err != nil {
			return nil, false, fail.Own("cannot read the --joblog: %w", err)
		}
		if n == 1 {
			began = true
			continue
		}
		text = strings.TrimSuffix(text, "\n")
		m := joblogLine.FindStringSubmatch(text)
		if m == nil {
			return nil, false, fail.Own("%s, line %d: this is not a joblog line", name, n).Place(text, 0, len(text))
		}
		seq, _ := strconv.ParseInt(m[1], 10, 64) // fifteen digits
		lines = append(lines, logged{seq, m[3] == "0" && m[4] == "0", strings.ReplaceAll(m[5], "\x00", "\n")})
	}
}
