package run

import (
	"os"
	"slices"
	"strings"

	"github.com/mostlylucid/eph/internal/fail"
	"github.com/mostlylucid/eph/internal/job"
	"github.com/mostlylucid/eph/internal/plain"
	"github.com/mostlylucid/eph/internal/template"
)

// commands are the compiled templates of a plan.
type commands struct {
	command *template.Command // nil: each item is a command line, for the shell
	typed   []string          // the command as it was typed, without any item
	shell   string
	opts    []string // of the shell
	path    string   // the program; "" where it depends on the item

	functions []string // of bash, that items which are commands may use

	key, lane, priority, workdir, stdinFile, tag, breaker, results *template.Text
	env                                                            []variable
}

// variable is a compiled --env.
type variable struct {
	name  string
	value *template.Text
}

// compile compiles every template of a plan, for an input with these columns, and looks up
// the program.
func compile(p Plan, columns []string) (c commands, err error) {
	shell, err := c.compileTemplates(p, columns)
	if err == nil && len(p.ShellOpts) > 0 && len(p.Words) == 0 {
		err = shellKnows(shell, p.ShellOpts)
	}
	if err != nil {
		return c, err
	}
	program, literal := shell, true
	if c.command != nil {
		program, literal = c.command.Program()
	}
	err = c.find(program, literal, p.Workdir != "")
	return c, err
}

// Check says what is wrong with the templates of a plan, for an input with these columns. It looks
// for no program and opens nothing.
func Check(p Plan, columns []string) error {
	_, err := new(commands).compileTemplates(p, columns)
	return err
}

// compileTemplates compiles the command and the flags that take placeholders, and returns the shell
// that the command is for.
func (c *commands) compileTemplates(p Plan, columns []string) (shell string, err error) {
	o := templateOptions(p, columns)
	texts := o
	if p.Input.Blocks == nil {
		texts.NoItem = "" // that is of the command alone
	}
	if c.env, err = variables(p, texts); err != nil {
		return "", err
	}
	for _, v := range c.env {
		if v.value.Varies() {
			o.Held = append(o.Held, v.name)
		}
	}
	if shell, err = c.compileCommand(p, o); err != nil {
		return shell, err
	}
	if err := c.compileTexts(p, texts); err != nil {
		return shell, err
	}
	if p.Input.Blocks != nil && c.uses("@total") {
		return shell, fail.Usage("{@total}: the number of blocks is not known before the last one").Advise("{#} is the number of the block")
	}
	return shell, nil
}

// templateOptions are the options of the command. A block that parallel --pipe hands out may be a
// program, so that it is no item on standard input.
func templateOptions(p Plan, columns []string) template.Options {
	o := p.Template
	o.Columns = columns
	o.Stdin = p.Stdin == StdinItem || p.Input.Blocks != nil && o.Parallel == nil
	if p.ShellAuto {
		o.Functions = functions(os.Environ())
	}
	return o
}

// compileCommand compiles what runs for each item, and returns the shell that a template of one is
// for.
func (c *commands) compileCommand(p Plan, o template.Options) (shell string, err error) {
	shell = p.ShellPath
	switch {
	case len(p.Words) > 0:
		c.command, err = template.Words(callable(p.Words, o.Functions), o)
		c.typed = p.Words
	case p.Shell != "":
		if template.Calls(p.Shell, o.Functions) {
			shell = bash
		}
		c.command, err = template.Shell(p.Shell, strings.Join(append([]string{shell}, p.ShellOpts...), " "), o)
		c.typed = []string{shell, "-c", p.Shell}
	default:
		c.shell, c.opts, c.functions = p.ShellPath, p.ShellOpts, o.Functions
		c.typed = []string{p.ShellPath, "-c"}
	}
	return shell, err
}

// compileTexts compiles the flags that take placeholders.
func (c *commands) compileTexts(p Plan, o template.Options) (err error) {
	for _, t := range []struct {
		to   **template.Text
		text string
	}{
		{&c.key, p.Key},
		{&c.lane, p.Lane},
		{&c.priority, p.Priority},
		{&c.workdir, p.Workdir},
		{&c.stdinFile, p.StdinFile},
		{&c.tag, tagText(p)},
		{&c.breaker, p.Breaker.Template},
		{&c.results, p.Results.Template},
	} {
		if t.text == "" {
			continue
		}
		if *t.to, err = template.ParseText(t.text, o); err != nil {
			return err
		}
	}
	return nil
}

// variables compiles --env.
func variables(p Plan, o template.Options) (all []variable, err error) {
	for _, a := range p.Env {
		value, err := template.ParseText(a.Value, o)
		if err != nil {
			return nil, err
		}
		if value.Varies() && template.ChoosesCode(a.Name) {
			text := a.Name + "=" + a.Value
			return nil, fail.Usage("--env: %s chooses what code a program runs, and an item would choose the value of %s", a.Name, a.Name).
				Place(text, 0, len(text)).Advise("a variable of another name: --env ITEM={}")
		}
		all = append(all, variable{a.Name, value})
	}
	return all, nil
}

func tagText(p Plan) string {
	if p.Tag {
		return "{}"
	}
	return p.TagText
}

// find looks the program up, before any item is read. One that is named relative to the
// directory of the jobs can only be found there.
func (c *commands) find(program string, literal, elsewhere bool) (err error) {
	switch {
	case !literal:
	case elsewhere && strings.Contains(program, "/") && program[0] != '/':
		c.path = program
	default:
		c.path, err = job.Lookup(program, os.Getenv("PATH"))
	}
	return err
}

func (c *commands) expand(v *template.Values) ([]string, error) {
	if c.command != nil {
		return c.command.Expand(v)
	}
	var line strings.Builder
	for i := range v.Item.Records {
		line.WriteString(v.Item.Records[i].Text + "\n")
	}
	text := strings.TrimSuffix(line.String(), "\n")
	shell := c.shell
	if template.Calls(text, c.functions) {
		shell = bash
	}
	return append(append([]string{shell}, c.opts...), "-c", text), nil
}

// display is the command of a task as a person would type it, fit for a terminal.
func (c *commands) display(t *task, r *Run) string {
	if c.command != nil {
		return c.command.Display(r.values(t, max(t.attempt, 1), t.slot))
	}
	return plain.Text(t.text())
}

func (c *commands) usesShell() bool { return c.command == nil || c.command.UsesShell() }

// uses reports whether any template holds this placeholder.
func (c *commands) uses(name string) bool {
	if c.command != nil && c.command.Uses(name) {
		return true
	}
	return c.usesIn(name, c.key, c.lane, c.priority, c.workdir, c.stdinFile, c.tag, c.breaker, c.results)
}

// usesIn reports whether one of these templates, or of --env, holds this placeholder.
func (c *commands) usesIn(name string, texts ...*template.Text) bool {
	for _, v := range c.env {
		texts = append(texts, v.value)
	}
	return slices.ContainsFunc(texts, func(t *template.Text) bool { return t != nil && t.Uses(name) })
}

// numbered reports whether the number of an item changes what its job does.
func (c *commands) numbered() bool {
	return c.command != nil && c.command.Uses("#") || c.usesIn("#", c.workdir, c.stdinFile, c.results)
}

// tag is what the lines of a task's output begin with.
func (r *Run) tag(t *task) (string, error) {
	if r.commands.tag == nil {
		return "", nil
	}
	return r.commands.tag.Expand(r.values(t, 1, t.slot))
}

// Warnings are the places of the command where an item becomes part of a program in another
// language.
func (r *Run) Warnings() []*fail.Error {
	if r.commands.command == nil {
		return nil
	}
	return r.commands.command.Warnings()
}
