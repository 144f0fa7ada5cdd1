package template

import (
	"path"
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
		return offset(w) == f.at && simpleMarker(m, w)
	})
	if alone && (!remoteShells[name] || len(a.remoteCommand(args)) == 1) {
		return nil
	}
	return m.refuse(f.at, f.why)
}

// simpleMarker reports whether a word is a placeholder and nothing else.
func simpleMarker(m *marked, w *syntax.Word) bool {
	return slices.ContainsFunc(m.markers, func(k marker) bool {
		return k.at == offset(w) && k.at+len(k.name) == int(w.End().Offset())
	})
}

func firstPlaceholder(parts []part) *placeholder {
	return parts[slices.IndexFunc(parts, func(p part) bool { return p.ph != nil })].ph
}
