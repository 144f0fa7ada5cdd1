package template

import (
	"strings"
	"testing"
)

// TestUnwrap: the names of the commands in a call, from the outermost to the one that does the work.
func TestUnwrap(t *testing.T) {
	for _, c := range []struct{ call, want string }{
		{"ls -l", "ls"},
		{"sudo nice -n 5 /bin/ls", "sudo nice ls"},
		{"sudo -u me -- ls", "sudo ls"},
		{"env A=b sudo C=d ls", "env sudo ls"},
		{"nice A=b ls", "nice A=b"},
		{"timeout -k 1 5 xargs -n 1 sh -c x", "timeout xargs sh"},
		{"flock -w 1 f ls", "flock ls"},
		{"command -v ls", "command"},
		{"sudo -u", "sudo"},
		{"sudo -u me", "sudo"},
		{". f", "."},
		{"", ""},
	} {
		var names []string
		words := strings.Fields(c.call)
		for i, name := range Unwrap(words) {
			names = append(names, name)
			if commandName(words[i]) != name {
				t.Errorf("Unwrap(%q) has %s at word %d", c.call, name, i)
			}
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("Unwrap(%q) = %q, want %q", c.call, got, c.want)
		}
	}
}

// TestWarningsOfWords: without a shell too, every placeholder in the program of another language is warned
// of, at its own place.
func TestWarningsOfWords(t *testing.T) {
	c, err := Words([]string{"nice", "sed", "s/{}/{.}/;s/a/{}/", "f"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var marked []string
	for _, w := range c.Warnings() {
		marked = append(marked, w.Text[w.At:])
	}
	if got, want := strings.Join(marked, " "), "{}/{.}/;s/a/{}/ {.}/;s/a/{}/ {}/"; got != want {
		t.Errorf("the warnings mark %s, want %s", got, want)
	}
}
