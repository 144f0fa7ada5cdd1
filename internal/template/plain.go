package template

import (
	"os/exec"
	"slices"
	"strings"

	"github.com/mattn/go-shellwords"
	"mvdan.cc/sh/v3/syntax"
)

// plainWords returns the words of a template that needs no shell, or nil: one simple command of
// literal and quoted words whose first is a program and no function. Two parsers have to agree on the words.
func plainWords(m *marked, file *syntax.File, functions []string) []word {
	if len(file.Stmts) != 1 || len(file.Last) > 0 || !plainStmt(file.Stmts[0]) {
		return nil
	}
	args := file.Stmts[0].Cmd.(*syntax.CallExpr).Args
	texts := make([]string, len(args))
	for i, w := range args {
		if !plainWord(w) {
			return nil
		}
		texts[i], _ = literal(w)
	}
	if slices.Contains(functions, texts[0]) || strings.Contains(texts[0], m.prefix) || shellOnly[texts[0]] || syntax.IsKeyword(texts[0]) {
		return nil
	}
	if _, err := exec.LookPath(texts[0]); err != nil {
		return nil
	}
	if !slices.Equal(texts, split(m.source)) {
		return nil
	}
	ws := make([]word, len(texts))
	for i, text := range texts {
		ws[i].parts = m.unmark(text)
		lit, ok := args[i].Parts[0].(*syntax.Lit)
		ws[i].alone = ok && len(args[i].Parts) == 1 && len(ws[i].parts) == 1 && ws[i].parts[0].ph != nil && lit.Value == text
	}
	if refuseCode(texts, ws) != nil {
		return nil // it has a better error about the template
	}
	return ws
}

func plainStmt(s *syntax.Stmt) bool {
	if len(s.Comments) > 0 || len(s.Redirs) > 0 || s.Negated || s.Background || s.Coprocess || s.Disown || s.Semicolon.IsValid() {
		return false
	}
	c, ok := s.Cmd.(*syntax.CallExpr)
	return ok && len(c.Assigns) == 0 && len(c.Args) > 0
}

// plainWord reports whether a word means the same to every shell: nothing is expanded in it.
func plainWord(w *syntax.Word) bool {
	if lit, ok := w.Parts[0].(*syntax.Lit); ok && strings.HasPrefix(lit.Value, "=") {
		return false
	}
	for _, part := range w.Parts {
		switch p := part.(type) {
		case *syntax.Lit:
			for _, c := range []byte(p.Value) {
				if !isPlainByte(c) && c < 0x80 {
					return false
				}
			}
		case *syntax.SglQuoted:
			if p.Dollar {
				return false
			}
		case *syntax.DblQuoted:
			if p.Dollar {
				return false
			}
		}
	}
	_, ok := literal(w)
	return ok
}

// split is the second parser's opinion; nil where it stops early or fails.
func split(text string) []string {
	p := shellwords.NewParser()
	p.ParseEnv, p.ParseBacktick, p.ParseComment = false, false, false
	ws, err := p.Parse(text)
	if err != nil || p.Position != -1 {
		return nil
	}
	return ws
}

// unmark puts the placeholders back into a word.
func (m *marked) unmark(text string) []part {
	var parts []part
	for {
		at := strings.Index(text, m.prefix)
		if at < 0 {
			break
		}
		i := slices.IndexFunc(m.markers, func(k marker) bool { return strings.HasPrefix(text[at:], k.name) })
		if at > 0 {
			parts = append(parts, part{text: text[:at]})
		}
		parts = append(parts, part{ph: m.markers[i].ph})
		text = text[at+len(m.markers[i].name):]
	}
	if text != "" || len(parts) == 0 {
		parts = append(parts, part{text: text})
	}
	return parts
}

// shellOnly are commands of shells that no program can stand in for, and those that act on the
// shell itself.
var shellOnly = setOf(`. : alias autoload bg bind break builtin bye caller case cd chdir command compgen complete compopt
	continue coproc declare dirs disown do done echotc elif else emulate enable esac eval exec exit export fc fg fi
	float for foreach function functions getln getopts hash help history if in integer jobs let limit local log logout
	mapfile nameref nocorrect noglob popd print printenv pushd pushln pwd read readarray readonly rehash repeat return
	sched select set setopt shift shopt source stop suspend test [ [[ then time times trap ttyctl type typeset ulimit umask
	unalias unfunction unhash unlimit unset unsetopt until vared wait whence where which while zmodload zstyle { } !`)
