package run

import (
	"os/exec"
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/value"
)

// ParseShellOpts reads the value of --shell-opts. Options that change the grammar of a shell are
// not among those it takes: a template was made safe for the grammar without them.
func ParseShellOpts(s string) (opts []string, err error) {
	for at, o := range value.List(s) {
		switch o {
		case "errexit", "pipefail", "nounset", "noglob":
			opts = append(opts, "-o", o)
		default:
			return nil, fail.Usage("--shell-opts: %q is not one of errexit, pipefail, nounset and noglob", o).
				Place(s, at, len(o)).Advise("--shell-opts errexit,pipefail")
		}
	}
	return opts, nil
}

// shellKnows asks a shell whether it has these options, before any item is read.
func shellKnows(shell string, opts []string) error {
	words := append(strings.Fields(shell), opts...)
	if out, err := exec.Command(words[0], append(words[1:], "-c", ":")...).CombinedOutput(); err != nil {
		why := strings.TrimSpace(string(out))
		if why == "" {
			why = err.Error()
		}
		return fail.Usage("--shell-opts: %s refuses %s: %s", shell, strings.Join(opts, " "), why).Advise("--shell /bin/bash")
	}
	return nil
}
