package cli

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/spf13/cobra"

	"github.com/mostlylucid/eph/internal/fail"
)

// width is what every page fits into.
const width = 80

// examples stand at the top of the help and of the manual.
var examples = []string{
	`find . -name '*.log' -print0 | eph -0 -P8 gzip -9`,
	`eph -k --tag convert {} {.}.webp ::: *.png`,
	`eph -a plan.json --json --key '{.tenant}' --retries 3 ./migrate {.id}`,
}

const purpose = "run a command for each item: in parallel, in order by key, with retries"

// usages are the shapes of a command line, and what sets each apart.
var usages = [][2]string{
	{"eph [flags] command [args…] [::: items…]", "no shell runs it"},
	{"eph [flags] 'template with {}'", "a shell runs it; items stay data"},
	{"eph [flags] < commands", "each item is a command line"},
}

// columns are the groups of each column of the help, from top to bottom.
var columns = [2][]string{
	{"Input", "Command", "Order"},
	{"Concurrency", "Failure", "Breaker", "Signals", "Output", "Record", "Meta"},
}

// helpPage is the help that fits a screen: examples first, then the flags in two columns.
func helpPage(groups []group, reserved []string, st style) string {
	var b strings.Builder
	b.WriteString(st.title("eph") + " - " + purpose + "\n\n")
	for _, e := range examples {
		b.WriteString("  " + st.code(e) + "\n")
	}
	b.WriteString("\n")
	for _, u := range usages {
		b.WriteString("  " + pad(u[0], 42) + st.faint(u[1]) + "\n")
	}
	b.WriteString("\n")

	left, right := column(groups, columns[0], st), column(groups, columns[1], st)
	for i := range max(len(left), len(right)) {
		l, r := "", ""
		if i < len(left) {
			l = left[i]
		}
		if i < len(right) {
			r = right[i]
		}
		b.WriteString(strings.TrimRight(pad(l, width/2)+r, " ") + "\n")
	}

	b.WriteString(st.title("Placeholders") + " {} {.} {/} {//} {/.} {1} {name} {.json.path} {#} {%} {@key} {{\n")
	b.WriteString(st.title("Reserved") + " " + strings.Join(reserved, " ") + "\n")
	names := topicNames()[1 : len(topics)-1]
	pages := wrap(fmt.Sprintf("eph help flags (all %d), %s", total(groups), strings.Join(names, ", ")), width-2)
	b.WriteString(strings.Replace(strings.Join(pages, "\n  "), "eph help", st.title("eph help"), 1) + "\n")
	return b.String()
}

// total is how many flags there are.
func total(groups []group) (n int) {
	for _, g := range groups {
		n += len(g.flags)
	}
	return n
}

// column renders groups for one half of the width.
func column(groups []group, names []string, st style) []string {
	var lines []string
	for _, name := range names {
		for _, g := range groups {
			if g.name != name {
				continue
			}
			lines = append(lines, st.title(g.name))
			for _, f := range g.flags {
				if f.brief == "" {
					continue
				}
				lines = append(lines, " "+pad(st.flag(f.spelling()), 20)+f.brief)
			}
		}
	}
	return lines
}

// flagPage is every flag with its whole line and its default.
func flagPage(groups []group, st style) string {
	var b strings.Builder
	for i, g := range groups {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(st.title(g.name) + "\n")
		for _, f := range g.flags {
			b.WriteString(f.entry(st))
		}
	}
	return b.String()
}

// entry is the flag with its whole line and its default.
func (f *flag) entry(st style) string {
	lines := wrap(f.meaning+f.defaulted(), width-6)
	return fmt.Sprintf("  %s\n      %s\n", st.flag(f.spelling()), strings.Join(lines, "\n      "))
}

// topicOf is the page of a group of flags. Where that does not name a flag, the page does that says
// most of it.
var topicOf = map[string]string{
	"Input": "input", "Command": "placeholders", "Concurrency": "rates", "Order": "keys", "Failure": "failure",
	"Breaker": "rates", "Signals": "signals", "Output": "output", "Record": "resume", "Meta": "config",
}

// flagHelp is what there is on one flag, and the page with more; "" if there is no such flag.
func flagHelp(name string, groups []group, st style) string {
	bare := strings.TrimLeft(name, "-")
	for _, g := range groups {
		for _, f := range g.flags {
			if !slices.Contains([]string{f.name, f.alias, f.short, f.aliasShort}, bare) || bare == "" {
				continue
			}
			page, most := topicOf[g.name], 0
			word := regexp.MustCompile(`(^|[^-\w])--` + f.name + `($|[^-\w])`)
			if f.short != "" {
				word = regexp.MustCompile(`(^|[^-\w])(--` + f.name + `|-` + f.short + `)($|[^-\w])`)
			}
			for _, t := range topics {
				n := len(word.FindAllString(t.text(), -1))
				if n > 0 && t.name == topicOf[g.name] {
					page = t.name
					break
				}
				if n > most {
					page, most = t.name, n
				}
			}
			return f.entry(st) + "\n" + st.title("eph help "+page) + " has more\n"
		}
	}
	return ""
}

// defaulted is the default in brackets, where there is one.
func (f *flag) defaulted() string {
	if f.def == "" {
		return ""
	}
	return " [" + f.def + "]"
}

// wrap breaks text into lines of up to n cells.
func wrap(text string, n int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case lipgloss.Width(line)+1+lipgloss.Width(word) <= n:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	return append(lines, line)
}

// help prints the page of a topic, or the page that fits a screen.
func (p *program) help(root *cobra.Command, topics []string) error {
	switch len(topics) {
	case 0:
		return p.helpOn(root, root.Name())
	case 1:
		return p.helpOn(root, topics[0])
	case 2:
		if topics[0] == "flags" {
			return p.helpOn(root, "--"+strings.TrimLeft(topics[1], "-"))
		}
	}
	return fail.Usage("eph help takes one topic").Advise("eph help %s", topics[0])
}

// helpOn prints the page of a topic; the name of a command is one too, and so is a flag, without
// dashes too where no topic has its name.
func (p *program) helpOn(root *cobra.Command, name string) error {
	st := newStyle(colorful(p.typed.color.s, os.Getenv, p.streams.Out))
	reserved := words(root)
	switch {
	case name == root.Name() || name == "-h" || name == "--help":
		return p.print(helpPage(p.groups, reserved, st))
	case name == "ctl":
		name = "control"
	case slices.Contains(reserved, name) && !slices.Contains(topicNames(), name):
		name = "commands"
	}
	for _, t := range topics {
		if t.name == name {
			return p.print(t.page(p.groups, st))
		}
	}
	if text := flagHelp(name, p.groups, st); text != "" {
		return p.print(text)
	}
	err := fail.Usage("there is no help topic %q", name).Advise("eph help %s", strings.Join(topicNames(), "|"))
	if bare := strings.TrimLeft(name, "-"); bare != name {
		err.Advise("eph help flags")
		if n := fail.Nearest(bare, longNames(p.groups)); n != "" {
			err.Advise("eph help --%s", n)
		}
	} else if n := fail.Nearest(name, topicNames()); n != "" {
		err.Advise("eph help %s", n)
	}
	return err
}
