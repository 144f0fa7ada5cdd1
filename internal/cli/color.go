package cli

import (
	"os"
	"slices"

	"golang.org/x/term"
)

// colorful decides whether what is written to f may hold colours. What the user typed goes
// first, then what the environment asks for in the words of no-color.org, force-color.org and
// bixense.com/clicolors, then whether someone is looking: a terminal, or a CI service that
// shows colours.
func colorful(flag string, env func(string) string, f *os.File) bool {
	switch flag {
	case "always":
		return true
	case "never":
		return false
	}
	switch name := env("TERM"); {
	case env("NO_COLOR") != "":
		return false
	case env("FORCE_COLOR") != "", !slices.Contains([]string{"", "0"}, env("CLICOLOR_FORCE")):
		return true
	case env("CLICOLOR") == "0":
		return false
	case name == "" || name == "dumb":
		return false
	}
	return isTerminal(f) || slices.ContainsFunc(colorfulCI, func(name string) bool { return env(name) != "" })
}

var colorfulCI = []string{"GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI"}

func isTerminal(f *os.File) bool { return f != nil && term.IsTerminal(int(f.Fd())) }
