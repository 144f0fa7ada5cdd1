package template

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/mostlylucid/eph/internal/fail"
)

// word is one word of a command that is run without a shell.
type word struct {
	parts []part
	alone bool // one placeholder and nothing else, so that several records are several arguments

	guarded bool // an argument that must not begin with -
}

// Words compiles a command that came as separate words. No shell is run: what looks like an
// operator of the shell is a usage error, unless it is one that the program knows (find's ;).
// Without a placeholder the item is appended.
//
// A placeholder within the program text of a shell, as in sh -c 'echo {}' or ssh HOST rm {}, is
// refused, for the item would run as code. Program text that is a placeholder and nothing else is
// the user's plain wish.
func Words(args []string, o Options) (*Command, error) {
	if len(args) == 0 || args[0] == "" {
		return nil, fail.Usage("the command is empty")
	}
	c := &Command{text: quoteAll(args), fill: o.Fill}
	if !o.Xargs && !o.Operators {
		if err := refuseOperators(args); err != nil {
			return nil, err
		}
	}
	found := false
	for i, arg := range args {
		parts := []part{{text: arg}}
		if !o.Xargs || i > 0 {
			var err error
			if parts, err = scan(arg, &o); err != nil {
				return nil, err
			}
		}
		found = found || holds(parts)
		c.words = append(c.words, word{parts: parts, alone: len(parts) == 1 && parts[0].ph != nil})
	}
	if !o.Xargs {
		if err := refuseCode(args, c.words); err != nil {
			return nil, err
		}
		words := c.words
		if !found && !o.NoAppend && o.NoItem == "" {
			words = append(slices.Clone(words), appended(&o))
		}
		if err := refuseRun(words); err != nil {
			return nil, err
		}
		var err error
		if c.warnings, err = programWarnings(c.words); err != nil {
			return nil, err
		}
	}
	if !found && !o.NoAppend && o.NoItem == "" && (!o.Xargs || o.Replace == "") {
		c.words = append(c.words, appended(&o))
	}
	if o.GuardDash {
		guardWords(c.words)
	}
	return c, nil
}

// asTyped are the words with their placeholders as they were written.
func asTyped(words []word) []string {
	texts := make([]string, len(words))
	for i, w := range words {
		for _, p := range w.parts {
			if p.ph != nil {
				texts[i] += p.ph.text
			}
			texts[i] += p.text
		}
	}
	return texts
}

func appended(o *Options) word {
	return word{parts: []part{{ph: &placeholder{text: "{}", missing: o.Missing}}}, alone: true}
}

func holds(parts []part) bool {
	return slices.ContainsFunc(parts, func(p part) bool { return p.ph != nil })
}

func expandWords(words []word, v *Values, fill bool) ([]string, error) {
	argv := make([]string, 0, len(words)+len(v.Item.Records))
	sh := shapeOf(&v.Item)
	for _, w := range words {
		if w.alone && w.parts[0].ph.omitted(sh) {
			continue
		}
		if !w.repeated(sh, fill) {
			s, err := join(w.parts, v, all)
			if err == nil {
				err = w.guard(s, v)
			}
			if err != nil {
				return nil, err
			}
			argv = append(argv, s)
			continue
		}
		for i := range v.Item.Records {
			s, err := join(w.parts, v, i)
			if err == nil {
				err = w.guard(s, v)
			}
			if err != nil {
				return nil, err
			}
			argv = append(argv, s)
		}
	}
	return argv, nil
}

// repeated reports whether w becomes one argument for each record.
func (w word) repeated(s shape, fill bool) bool {
	return (w.alone || fill) && slices.ContainsFunc(w.parts, func(p part) bool {
		return p.ph != nil && p.ph.perRecord(s)
	})
}

// operator matches a word that nobody types but for the shell. "2>" is one; so is ">out",
// for a file name hardly starts so.
var operator = regexp.MustCompile(`^(?:\|\|?|\|&|&&?|;;?|[0-9]*(?:<<?<?-?|>>?|>\||<>|[<>]&[0-9-]*)|&>>?)$|^[0-9]*>>?[^=>].*$`)

// takesOperators are the programs to which such words mean something: those that match word,
// behind a word that matches after.
var takesOperators = func() map[string]taker {
	m := map[string]taker{
		"expr": {word: regexp.MustCompile(`^[|&<>]$`)},
		"test": {word: regexp.MustCompile(`^[<>]$`)},
		"[":    {word: regexp.MustCompile(`^[<>]$`)},
	}
	for names, t := range map[string]taker{
		"find gfind fd": {word: regexp.MustCompile(`^;$`)},
		// The pattern comes first, or behind an option.
		"grep egrep fgrep zgrep rg ag": {after: regexp.MustCompile(`^-|^(?:[efz]?grep|rg|ag)$`)},
		// So does what separates fields.
		"cut paste sort join awk gawk mawk column": {after: regexp.MustCompile(`^-[a-zA-Z]*[dFts]$`)},
	} {
		for name := range strings.FieldsSeq(names) {
			m[name] = t
		}
	}
	return m
}()

type taker struct{ word, after *regexp.Regexp } // nil: any

func (t taker) takes(args []string, i int) bool {
	return i > 0 && (t.word != nil || t.after != nil) &&
		(t.word == nil || t.word.MatchString(args[i])) &&
		(t.after == nil || t.after.MatchString(path.Base(args[i-1])))
}

func refuseOperators(args []string) error {
	known := takesOperators[path.Base(args[0])]
	for i, arg := range args {
		if !operator.MatchString(arg) || known.takes(args, i) {
			continue
		}
		before := ""
		if i > 0 {
			before = quoteAll(args[:i]) + " "
		}
		var template []string
		for _, a := range args {
			if !operator.MatchString(a) {
				a = quoteWord(a)
			}
			template = append(template, a)
		}
		quoted := quoteWord(arg)
		return fail.Usage("%s is an operator of the shell, and no shell runs this command", arg).
			Place(quoteAll(args), len(before), len(quoted)).
			Advise("eph -c %s   (a shell runs it), or eph -- %s   (the word as it is)",
				Quote(strings.Join(template, " ")), quoteAll(args))
	}
	return nil
}

// refuseCode refuses a placeholder within what a shell is told to run with -c.
func refuseCode(args []string, words []word) error {
	for i, arg := range args {
		if !isShell(arg) {
			continue
		}
		n := scriptArgument(args[i+1:])
		if n < 0 {
			continue
		}
		w := words[i+1+n]
		if w.alone || !holds(w.parts) {
			continue
		}
		ph := firstPlaceholder(w.parts)
		return fail.Usage("%s stands in program text, where the item would run as code", ph.text).
			Place(args[i+1+n], ph.at, len(ph.text)).
			Advise(`%s -c '... "$1"' %s %s, or the program text alone as a template: eph -c '...'`,
				arg, path.Base(arg), ph.text)
	}
	return nil
}

// refuseRun refuses a placeholder in what a program, that is not itself a shell, hands to one.
func refuseRun(words []word) error {
	var text strings.Builder // as a shell would take the words
	var parts []part
	for i, w := range words {
		add := func(p part) { parts = append(parts, p); text.WriteString(p.text) }
		if i > 0 {
			add(part{text: " "})
		}
		for _, p := range w.parts {
			if p.ph == nil {
				add(part{text: quoteWord(p.text)})
				continue
			}
			shown := *p.ph
			shown.at = text.Len()
			parts = append(parts, part{ph: &shown})
			text.WriteString(shown.text)
		}
	}
	m := newMarked(text.String(), parts)
	file, err := m.parse(syntax.LangPOSIX)
	if err != nil || len(file.Stmts) != 1 {
		return nil // no such word is the name of a program
	}
	call, ok := file.Stmts[0].Cmd.(*syntax.CallExpr)
	if !ok {
		return nil
	}
	a := newAnalysis(m, syntax.LangPOSIX)
	name, args := a.command(call.Args)
	if !programSinks[name] {
		return nil
	}
	f := sinks[name](a, name, args)
	if f == nil {
		return nil
	}
	alone := slices.ContainsFunc(args, func(w *syntax.Word) bool {
		return int(w.Pos().Offset()) == f.at && simpleMarker(m, w)
	})
	if alone && (!remoteShells[name] || len(a.remoteCommand(args)) == 1) {
		return nil
	}
	return m.refuse(f.at, f.why)
}

// simpleMarker reports whether a word is a placeholder and nothing else.
func simpleMarker(m *marked, w *syntax.Word) bool {
	return slices.ContainsFunc(m.markers, func(k marker) bool {
		return k.at == int(w.Pos().Offset()) && k.at+len(k.name) == int(w.End().Offset())
	})
}

func firstPlaceholder(parts []part) *placeholder {
	return parts[slices.IndexFunc(parts, func(p part) bool { return p.ph != nil })].ph
}

// takesName reports whether the word behind an option of a shell belongs to it.
func takesName(option string) bool {
	return option == "--rcfile" || option == "--init-file" ||
		!strings.HasPrefix(option, "--") && strings.ContainsAny(option[len(option)-1:], "oO")
}

// shellCall is what the arguments of a shell say that it runs.
type shellCall struct {
	command  bool // -c: the first operand is program text
	stdin    bool // -s: the operands are for the program on standard input
	operands int  // where they begin, or the number of arguments
}

func parseShellCall(args []string) (c shellCall) {
	i := 0
	for ; i < len(args); i++ {
		arg := args[i]
		if arg == "--" || arg == "-" {
			i++
			break
		}
		if len(arg) < 2 || arg[0] != '-' && arg[0] != '+' {
			break
		}
		if arg[0] == '-' && arg[1] != '-' {
			c.command = c.command || strings.Contains(arg, "c")
			c.stdin = c.stdin || strings.Contains(arg, "s")
		}
		if takesName(arg) {
			i++
		}
	}
	c.operands = min(i, len(args))
	return c
}

// scriptArgument is the index of the program text among the arguments of a shell, or -1 when
// they have none.
func scriptArgument(args []string) int {
	if c := parseShellCall(args); c.command && c.operands < len(args) {
		return c.operands
	}
	return -1
}
