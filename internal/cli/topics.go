package cli

import (
	"embed"
	"fmt"
	"strings"

	"github.com/mostlylucid/eph/internal/event"
	"github.com/mostlylucid/eph/internal/fail"
)

// topic is a page of the help. Its text is a file, made from a table of the program, or both:
// lines of prose, headings that start with "# ", and indented lines that are shown as they are.
type topic struct {
	name, title string
	made        func() string // what follows the file; nil if nothing does
}

// topics are the pages, in the order in which they are listed. The page of flags is rendered
// from the table of flags itself.
var topics = []topic{
	{"flags", "every flag and its default", nil},
	{"input", "where items come from, and what they are", nil},
	{"placeholders", "what stands for the item in a command", nil},
	{"keys", "which item starts when: keys, priorities, lanes", nil},
	{"rates", "how many at once, how many per second, and when to stop trying", nil},
	{"failure", "retries, timeouts, and when a run ends early", nil},
	{"output", "what is printed, where, and in which order", nil},
	{"results", "output in files and tables", nil},
	{"signals", "signals from the system, and signals that jobs and people raise", nil},
	{"config", "flags from a file and from the environment", nil},
	{"control", "eph ctl: steering a run", ordersText},
	{"resume", "resuming a run that did not finish", nil},
	{"log", "the event log", logText},
	{"exit-status", "what the exit status means", statusText},
	{"convert", "turning xargs and GNU parallel command lines into eph", nil},
	{"commands", "words that are not names of programs", nil},
}

//go:embed topics/*.txt
var files embed.FS

func topicNames() []string {
	var names []string
	for _, t := range topics {
		names = append(names, t.name)
	}
	return names
}

// text is the whole page, without its title.
func (t *topic) text() string {
	file, err := files.ReadFile("topics/" + t.name + ".txt")
	if err != nil {
		return "" // the page of flags has no file; a test holds that the others do
	}
	s := string(file)
	if t.made != nil {
		s += t.made()
	}
	return s
}

// page is the topic as a terminal shows it.
func (t *topic) page(groups []group, st style) string {
	if t.name == "flags" {
		return flagPage(groups, st)
	}
	var b strings.Builder
	b.WriteString(st.title(t.title) + "\n\n")
	for line := range strings.Lines(t.text()) {
		if heading, ok := strings.CutPrefix(line, "# "); ok {
			line = st.title(strings.TrimSuffix(heading, "\n")) + "\n"
		} else if code, ok := strings.CutPrefix(line, "    "); ok && code[0] != ' ' {
			line = "    " + st.code(strings.TrimSuffix(code, "\n")) + "\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

func statusText() string {
	var b strings.Builder
	for _, s := range fail.Statuses {
		b.WriteString(entry(s.Code, 8, s.Meaning))
	}
	b.WriteString("\n# When items failed\n--exit-code chooses a status other than 123.\n\n")
	for _, r := range fail.Rules {
		b.WriteString(entry(r.Name, 8, r.Meaning))
	}
	b.WriteString("\nA failure of eph itself is 1, whatever --exit-code says.\n")
	return b.String()
}

func logText() string {
	var b strings.Builder
	for _, n := range event.Names {
		b.WriteString(entry(n.Name, 22, n.Meaning))
	}
	return b.String()
}

func ordersText() string {
	var b strings.Builder
	for _, o := range orders {
		b.WriteString(entry(strings.TrimSpace("eph ctl "+o.name+" "+o.arg), 24, o.meaning))
	}
	return b.String()
}

// entry is one line of a list, or more where the meaning is long.
func entry(name string, indent int, meaning string) string {
	lines := wrap(meaning, width-2-indent)
	return fmt.Sprintf("  %s%s\n", pad(name, indent), strings.Join(lines, "\n  "+strings.Repeat(" ", indent)))
}
