package template

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Variables that are sinks, in at least one of the shells.
var (
	// numericVariables evaluate what they are assigned.
	numericVariables = setOf(`RANDOM SRANDOM SECONDS LINENO OPTIND TMOUT HISTSIZE HISTFILESIZE SAVEHIST HISTCMD
		COLUMNS LINES UID EUID GID EGID PPID PGRP BASHPID USER_ID KSHUID KSHEGID KSHGID MAILCHECK SHLVL ERRNO
		FUNCNEST KEYTIMEOUT LISTMAX TTYIDLE status TRY_BLOCK_ERROR TRY_BLOCK_INTERRUPT DIRSTACKSIZE LOGCHECK
		REPORTTIME REPORTMEMORY BAUD EPOCHSECONDS EPOCHREALTIME JOBMAX`)

	// interpretedVariables are expanded or run by a shell, or say what another program runs.
	interpretedVariables = setOf(`PS0 PS1 PS2 PS3 PS4 PROMPT PROMPT2 PROMPT3 PROMPT4 RPROMPT RPROMPT2 RPS1 RPS2 SPROMPT
		PROMPT_COMMAND BASH_ENV ENV SHELLOPTS BASHOPTS PATH path FPATH fpath MODULE_PATH module_path
		NULLCMD READNULLCMD functions aliases galiases saliases commands FCEDIT
		SHELL PAGER MANPAGER GIT_PAGER EDITOR VISUAL GIT_EDITOR GIT_SEQUENCE_EDITOR GIT_SSH GIT_SSH_COMMAND
		GIT_ASKPASS SSH_ASKPASS SUDO_ASKPASS GIT_EXTERNAL_DIFF LESSOPEN LESSCLOSE RSYNC_RSH MAKEFLAGS
		GNUMAKEFLAGS TAR_OPTIONS PERL5OPT NODE_OPTIONS RUBYOPT PYTHONSTARTUP BROWSER`)

	// commandVariables are those of them that hold a script.
	commandVariables = setOf("PROMPT_COMMAND functions aliases galiases saliases")
)

// ChoosesCode reports whether a variable of the environment says what code a program runs: the loader, a
// shell, whatever starts a pager.
func ChoosesCode(name string) bool {
	return interpretedVariables[name] && name == strings.ToUpper(name) || chosenByPrefix(name)
}

func chosenByPrefix(name string) bool {
	return strings.HasPrefix(name, "LD_") || strings.HasPrefix(name, "DYLD_") || strings.HasPrefix(name, "BASH_FUNC")
}

// interprets reports whether a variable is a sink.
func (a *analysis) interprets(name string) bool {
	return numericVariables[name] || interpretedVariables[name] || a.typed[name]
}

// inspectVariable inspects the assignment of a value to a variable.
func (a *analysis) inspectVariable(name string, value syntax.Node) *finding {
	assign, ok := value.(*syntax.Assign)
	switch {
	case ok && assign.Value != nil:
		value = assign.Value
	case ok && assign.Array != nil:
		value = assign.Array
	}
	switch {
	case numericVariables[name]:
		return found(a.taint(value, asNumber), special)
	case interpretedVariables[name] || chosenByPrefix(name):
		if at := a.taint(value, asText); at != none {
			return found(at, special)
		}
		if w, ok := value.(*syntax.Word); ok && commandVariables[name] {
			return a.inspectScript(w, []syntax.LangVariant{a.lang}, none, seesVariables)
		}
	case a.typed[name]:
		return found(a.taint(value, asNumber), typedVar)
	}
	return nil
}
