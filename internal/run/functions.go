package run

import (
	"slices"
	"strings"
)

// bash is the shell that knows the functions which a bash has exported.
const bash = "bash"

// functions are the names of the functions that a bash has exported into an environment.
func functions(environ []string) (names []string) {
	for _, v := range environ {
		name, value, _ := strings.Cut(v, "=")
		name, isFunction := strings.CutPrefix(name, "BASH_FUNC_")
		name, ends := strings.CutSuffix(name, "%%")
		if isFunction && ends && strings.HasPrefix(value, "() {") {
			names = append(names, name)
		}
	}
	return names
}

// callable is the command line that runs words, whose first may be a function of bash. The
// words stay arguments: no shell reads them.
func callable(words, functions []string) []string {
	if !slices.Contains(functions, words[0]) {
		return words
	}
	return append([]string{bash, "-c", `"$@"`, bash}, words...)
}
