package template

import "testing"

// TestWordsRun: without a shell of eph's own, what another program hands to one is refused, and
// what it takes as a name, or is the whole of what it runs, is not.
func TestWordsRun(t *testing.T) {
	for _, c := range []struct {
		words   []string
		refused bool
	}{
		{[]string{"ssh", "h", "ls {}"}, true},
		{[]string{"ssh", "h", "ls", "{}"}, true},
		{[]string{"ssh", "h", "ls"}, true}, // the item is appended
		{[]string{"timeout", "3", "/usr/bin/ssh", "-p", "22", "h", "rm", "{}"}, true},
		{[]string{"ssh", "-o", "ProxyCommand=nc {} 22", "h"}, true},
		{[]string{"su", "-c", "ls {}"}, true},
		{[]string{"find", ".", "-exec", "sh", "-c", "echo {}", ";"}, true},
		{[]string{"rsync", "-e", "ssh -p {}", "a", "b:"}, true},
		{[]string{"split", "--filter=gzip > {}", "x"}, true},

		{[]string{"ssh", "h", "{}"}, false}, // the user's plain wish
		{[]string{"ssh", "h"}, false},       // as well
		{[]string{"su", "-c", "{}"}, false},
		{[]string{"ssh", "{}", "uptime"}, false},
		{[]string{"ssh", "-i", "{1}", "{2}@h", "uptime"}, false},
		{[]string{"find", "{}", "-exec", "rm", "{}", ";"}, false},
		{[]string{"git", "-C", "{}", "pull"}, false},
		{[]string{"tar", "czf", "{}.tgz", "{}"}, false},
		{[]string{"scp", "{}", "host:"}, false},
		{[]string{"test", "{}", "-gt", "3"}, false}, // no shell evaluates it
		{[]string{"printf", "{}"}, false},
		{[]string{"echo", "ssh", "h", "ls", "{}"}, false},
		{[]string{"it's", "a (", "{}"}, false},
	} {
		_, err := Words(c.words, Options{Operators: true})
		if refused := err != nil; refused != c.refused {
			t.Errorf("%q: %v, want refused: %t", c.words, err, c.refused)
		}
	}
}
