package template

import (
	"path"
	"strings"

	"github.com/mattn/go-shellwords"
	"mvdan.cc/sh/v3/syntax"

	"github.com/mostlylucid/eph/internal/fail"
)

// shells are the shells whose grammar is known, each with the dialects it may read. The first
// is the one a template has to be written in; in the others, as far as the template is one
// there, every placeholder has to stand in the same kind of place. For what is called sh may
// be any of them, and busybox takes a good part of bash.
var shells = map[string][]syntax.LangVariant{
	"sh":      {syntax.LangPOSIX, syntax.LangBash, syntax.LangMirBSDKorn},
	"dash":    {syntax.LangPOSIX, syntax.LangBash},
	"ash":     {syntax.LangPOSIX, syntax.LangBash},
	"busybox": {syntax.LangPOSIX, syntax.LangBash},
	"yash":    {syntax.LangPOSIX, syntax.LangBash, syntax.LangMirBSDKorn},
	"bash":    {syntax.LangBash},
	"rbash":   {syntax.LangBash},
	"ksh":     {syntax.LangMirBSDKorn, syntax.LangBash},
	"ksh93":   {syntax.LangMirBSDKorn, syntax.LangBash},
	"mksh":    {syntax.LangMirBSDKorn},
	"lksh":    {syntax.LangMirBSDKorn},
	"pdksh":   {syntax.LangMirBSDKorn},
	"oksh":    {syntax.LangMirBSDKorn},
	"zsh":     {syntax.LangZsh},
}

// isShell reports whether a program is a shell, known here or not, that runs what -c is given.
func isShell(program string) bool {
	name := shellName(program)
	return shells[name] != nil && name != "busybox" || name == "csh" || name == "tcsh" || name == "fish"
}

// shellName is the name of a shell without directory and version: bash for /opt/bin/bash-5.2.
func shellName(program string) string {
	name := strings.TrimPrefix(path.Base(program), "-")
	if shells[name] != nil {
		return name
	}
	return strings.TrimRight(name, "0123456789.-")
}

// shellCommand splits the --shell text into words and finds the dialects of the shell.
func shellCommand(text string) ([]string, []syntax.LangVariant, error) {
	if text == "" {
		text = "/bin/sh"
	}
	p := shellwords.NewParser()
	p.ParseEnv, p.ParseBacktick = false, false
	words, err := p.Parse(text)
	if err != nil || p.Position >= 0 || len(words) == 0 {
		return nil, nil, fail.Usage("the shell is not a plain command").Place(text, 0, len(text)).
			Advise("--shell=/bin/bash, or --shell='busybox sh'")
	}
	name := words[0]
	if n := path.Base(name); (n == "busybox" || n == "env") && len(words) > 1 {
		name = words[1]
	}
	langs := shells[shellName(name)]
	if langs == nil {
		return nil, nil, fail.Usage("%s is not a shell whose quoting eph knows", name).Place(text, 0, len(text)).
			Advise("one of sh, dash, bash, busybox, ksh, mksh, yash, zsh")
	}
	for _, w := range words[1:] {
		if w == "allexport" || len(w) > 1 && w[0] == '-' && w[1] != '-' && strings.Contains(w, "a") {
			return nil, nil, fail.Usage("allexport would hand every item to the environment of every program").
				Place(text, strings.Index(text, w), len(w)).Advise("set -a within the template")
		}
	}
	return words, langs, nil
}
