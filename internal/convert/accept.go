package convert

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/mostlylucid/eph/internal/fail"
)

// Arg is an argument of eph in a converted line.
type Arg struct {
	Text  string
	Known bool // it is the same whenever the line is run; else Text lacks what only the shell knows
}

// settle makes sure that eph takes a line: as it is, or else with the shell that has run its
// template so far, which it gets as well where sh reads the template in another way.
func (l *line) settle(accept func([]Arg) error) error {
	if accept == nil {
		return nil
	}
	as := func(flags []string) error {
		args, err := arguments(strings.Join(slices.Concat([]string{"eph"}, flags, l.command), " "))
		if err != nil {
			return err
		}
		return accept(args)
	}
	err := as(l.flags)
	if l.script == "" || l.shell == "" || l.shell == "sh" || err == nil && !beyondSh(l.script) {
		return err
	}
	with := append([]string{"--shell " + l.shell}, l.flags...)
	if err := as(with); err != nil {
		return err
	}
	l.flags = with
	return nil
}

// arguments are those of the one command in a text, as the shell hands them over.
func arguments(text string) ([]Arg, error) {
	var args []Arg
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	if err != nil || len(file.Stmts) != 1 {
		return nil, fail.Own("cannot write this line for eph: %s", text)
	}
	x, ok := file.Stmts[0].Cmd.(*syntax.CallExpr)
	if !ok {
		return nil, fail.Own("cannot write this line for eph: %s", text)
	}
	for _, w := range x.Args[1:] {
		a := Arg{Known: true}
		for _, part := range w.Parts {
			value, ok := static(part)
			a.Text += value
			a.Known = a.Known && ok
		}
		if !a.Known {
			a.Text = ""
		}
		args = append(args, a)
	}
	return args, nil
}

// commands are those that sh need not have, or not with arguments that begin so.
var commands = map[string]string{
	"source": "", "shopt": "", "pushd": "", "popd": "", "dirs": "", "mapfile": "", "readarray": "", "disown": "",
	"compgen": "", "builtin": "", "enable": "", "caller": "", "echo": "-", "printf": "-v", "[": "==", "test": "==",
	"set": "pipefail", "type": "-",
}

// variables are those that bash gives a value.
var variables = strings.Fields("BASH BASHPID BASH_VERSION EPOCHREALTIME EPOCHSECONDS EUID HOSTNAME MACHTYPE OSTYPE PIPESTATUS RANDOM SECONDS UID")

// beyondSh reports whether a script means something to bash and its like that sh does not know, or
// takes for something else without a word: [[ ]] is a program to it, &> runs in the background, and
// {a,b} is one word.
func beyondSh(script string) bool {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(script), "")
	if err != nil {
		return false
	}
	found := false
	syntax.Walk(file, func(n syntax.Node) bool {
		switch x := n.(type) {
		case *syntax.TestClause, *syntax.ArithmCmd, *syntax.LetClause, *syntax.CoprocClause, *syntax.ProcSubst,
			*syntax.ExtGlob, *syntax.ArrayExpr, *syntax.CStyleLoop:
			found = true
		case *syntax.DeclClause:
			found = found || x.Variant.Value != "export" && x.Variant.Value != "readonly"
		case *syntax.FuncDecl:
			found = found || x.RsrvWord
		case *syntax.ForClause:
			found = found || x.Select
		case *syntax.BinaryCmd:
			found = found || x.Op == syntax.PipeAll
		case *syntax.Redirect:
			found = found || x.Op == syntax.RdrAll || x.Op == syntax.AppAll || x.Op == syntax.WordHdoc
		case *syntax.SglQuoted:
			found = found || x.Dollar
		case *syntax.DblQuoted:
			found = found || x.Dollar
		case *syntax.ParamExp:
			found = found || x.Param != nil && slices.Contains(variables, x.Param.Value) || x.Repl != nil || x.Slice != nil || x.Index != nil || x.Excl || x.Names != 0 ||
				x.Exp != nil && (x.Exp.Op == syntax.UpperFirst || x.Exp.Op == syntax.UpperAll || x.Exp.Op == syntax.LowerFirst ||
					x.Exp.Op == syntax.LowerAll || x.Exp.Op == syntax.OtherParamOps)
		case *syntax.Word:
			w := &syntax.Word{Parts: slices.Clone(x.Parts)}
			syntax.SplitBraces(w)
			found = found || slices.ContainsFunc(w.Parts, func(p syntax.WordPart) bool { _, ok := p.(*syntax.BraceExp); return ok })
		case *syntax.CallExpr:
			if len(x.Args) == 0 {
				break
			}
			begins, own := commands[x.Args[0].Lit()]
			found = found || own && (begins == "" ||
				slices.ContainsFunc(x.Args[1:], func(w *syntax.Word) bool { return strings.HasPrefix(w.Lit(), begins) }))
		}
		return !found
	})
	return found
}
