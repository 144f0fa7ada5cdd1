//go:build linux

package main

import (
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// program is one that runs a command for each line of its input.
type program struct {
	name, path string
	base       []string // options that it always gets
	jobs       string   // the option for the number at once, as it is glued to the number
	unit       []string // options for one whole line to a job
	word       []string // what stands for the item in a command, if it is not appended
	operands   bool     // it reads no input: items are arguments behind --
	features   map[string][]string
}

// Features are what not every program has, by the options that ask for it.
const (
	timeout = "timeout" // of a second
	journal = "journal" // in the file "journal"
	resume  = "resume"  // from it
	tag     = "tag"
	keyed   = "keyed"  // order by the first of two columns
	log     = "log"    // to /dev/full
	skip    = "skip"   // what is left of a key, once an item of it has failed
	enough  = "enough" // no more items once a job has exited with 9
	flood   = "flood"  // signals: one that jobs raise, and one for each line with an x
	shell   = "shell"  // the command is a template for a shell, with {} in quotes of its own
	stream  = "stream" // items are read from standard input
	group   = "group"  // output of a job is to stay together
)

// programs are eph and the peers that are installed. rush and pexec are not packaged everywhere.
func programs(eph string) []program {
	yes := []string{}
	all := []program{{
		name: "eph", path: eph, base: []string{"--term-seq", "TERM,300ms,KILL", "--ci", "none", "--summary", "none"}, jobs: "-j", word: []string{"{}"},
		features: map[string][]string{
			timeout: {"--timeout", "1s"}, tag: {"--tag"}, keyed: {"-C", " ", "--key", "{1}"}, log: {"--log", "/dev/full"}, shell: yes, stream: yes, group: yes,
			skip: {"--key-fail", "skip"}, enough: {"--raise-on", "exit=9:user.enough:1h", "--cancel-on", "user.enough"},
			flood: {"--signal-fd", "--raise-on", "stdout=/x/:backpressure.rule:1h"},
		},
	}}
	if out, _ := exec.Command(eph, "man").Output(); strings.Contains(strings.ReplaceAll(string(out), `\-`, "-"), "--resume") {
		all[0].features[journal] = []string{"--journal", "journal"}
		all[0].features[resume] = []string{"--journal", "journal", "--resume"}
	}
	for _, p := range []program{
		{name: "xargs", jobs: "-P", unit: []string{"-d", `\n`, "-n", "1"}, features: map[string][]string{shell: {"-d", `\n`, "-I{}"}, stream: yes}},
		{
			name: "parallel", base: []string{"--will-cite"}, jobs: "-j", word: []string{"{}"},
			features: map[string][]string{
				timeout: {"--timeout", "1"}, tag: {"--tag"}, log: {"--joblog", "/dev/full"}, shell: yes, stream: yes, group: yes,
				journal: {"--joblog", "journal"}, resume: {"--joblog", "journal", "--resume"},
			},
		},
		{name: "parallel.moreutils", jobs: "-j", operands: true, features: map[string][]string{shell: {"-i"}}},
		{name: "xjobs", jobs: "-j", base: []string{"-v0"}, unit: []string{"-1"}, features: map[string][]string{stream: yes, group: yes}},
		{name: "rush", jobs: "-j", word: []string{"{}"}, features: map[string][]string{timeout: {"-t", "1"}, shell: yes, stream: yes, group: yes}},
	} {
		path, err := exec.LookPath(p.name)
		if err != nil {
			continue
		}
		if p.name == "parallel" && !strings.Contains(output(path, "--version"), "GNU") {
			continue // the one of moreutils
		}
		p.path = path
		p.name = strings.TrimPrefix(p.name, "parallel.")
		all = append(all, p)
	}
	return all
}

func output(name string, args ...string) string {
	out, _ := exec.Command(name, args...).CombinedOutput()
	return string(out)
}

// version is what the program says of itself, or nothing.
func (p *program) version() string {
	return regexp.MustCompile(`[0-9]+(?:\.[0-9]+)+|[0-9]{8}`).FindString(output(p.path, "--version"))
}

// command is the line that runs command for each item, so many at once, with these features.
func (p *program) command(jobs int, with []string, command []string, items []string) []string {
	argv := append([]string{p.path}, p.base...)
	argv = append(argv, p.jobs+strconv.Itoa(jobs))
	whole := true
	for _, f := range with {
		argv = append(argv, p.features[f]...)
		whole = whole && f != shell
	}
	if whole {
		argv = append(argv, p.unit...)
		command = append(command[:len(command):len(command)], p.word...)
	}
	argv = append(argv, command...)
	if p.operands {
		argv = append(append(argv, "--"), items...)
	}
	return argv
}
