package parallel

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/mattn/go-shellwords"

	"github.com/mostlylucid/eph/internal/fail"
)

// everything takes the options from files, from $PARALLEL and from the command line, in this
// order, so that the last counts. What is no option in the first two goes before the command.
func (g given) everything(args []string, getenv func(string) string) (operands []string, err error) {
	own := make(given)
	if operands, err = own.parse(args); err != nil {
		return nil, err
	}
	var before []string
	if !own.has("plain") {
		words, err := configured(own, getenv)
		if err != nil {
			return nil, err
		}
		for _, from := range words {
			rest, err := g.parse(from)
			if err != nil {
				return nil, err
			}
			before = append(before, rest...)
		}
	}
	for key, values := range own {
		g[key] = append(g[key], values...)
	}
	return append(before, operands...), nil
}

// configured are the words of the profiles, and those of $PARALLEL.
func configured(own given, getenv func(string) string) (all [2][]string, err error) {
	dirs := configDirs(getenv)
	var files []string
	if own.has("profile") {
		for _, name := range own["profile"] {
			file, err := profile(name, dirs)
			if err != nil {
				return all, err
			}
			files = append(files, file)
		}
	} else {
		files = append(files, "/etc/parallel/config")
		for _, d := range dirs {
			files = append(files, filepath.Join(d, "config"))
		}
		if home := getenv("HOME"); home != "" { // or it would be any directory that one happens to be in
			files = append(files, filepath.Join(home, ".parallelrc"))
		}
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // there need not be one
		}
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(strings.TrimSpace(line), "#") {
				continue
			}
			words, err := split(name, strings.TrimSuffix(line, "\n"))
			if err != nil {
				return all, err
			}
			all[0] = append(all[0], words...)
		}
	}
	all[1], err = split("$PARALLEL", getenv("PARALLEL"))
	return all, err
}

// configDirs are the directories that can hold profiles.
func configDirs(getenv func(string) string) []string {
	dirs := []string{getenv("PARALLEL_HOME")}
	for _, d := range append([]string{getenv("XDG_CONFIG_HOME")}, filepath.SplitList(getenv("XDG_CONFIG_DIRS"))...) {
		if d != "" {
			dirs = append(dirs, filepath.Join(d, "parallel"))
		}
	}
	if home := getenv("HOME"); home != "" {
		dirs = append(dirs, filepath.Join(home, ".parallel"))
	}
	if dirs[0] == "" {
		dirs = dirs[1:]
	}
	return dirs
}

// profile finds the file of a profile.
func profile(name string, dirs []string) (string, error) {
	if strings.HasPrefix(name, "./") || strings.HasPrefix(name, "/") {
		dirs = []string{""}
	}
	for _, d := range dirs {
		file := filepath.Join(d, name)
		if f, err := os.Open(file); err == nil {
			_ = f.Close()
			return file, nil
		}
	}
	return "", fail.Usage("there is no profile %s", name).Advise("--profile ./FILE, or a file in ~/.parallel")
}

// split makes words of a text with quotes. from says where it stands.
func split(from, text string) ([]string, error) {
	p := shellwords.NewParser()
	p.ParseEnv, p.ParseBacktick = false, false
	words, err := p.Parse(text)
	if err == nil && p.Position >= 0 {
		err = fail.Own("it contains a shell operator")
	}
	if err != nil {
		return nil, fail.Usage("%s: %s", from, err).Place(text, 0, len(text))
	}
	return words, nil
}
