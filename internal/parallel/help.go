package parallel

import (
	"fmt"
	"strings"
)

const helpHead = `Usage: parallel [option]... [command [argument]...] [::: value...] [:::: file...]
       ... | parallel --pipe [option]... command [argument]...
Run a command for each line of standard input or of files, or for each value after :::, as many
at once as there are processors. Without a command, each line is one. This is eph, standing in for
GNU parallel.

  {} item  {.} without extension  {/} base name  {//} directory  {/.} both  {#} number  {%} slot
  {2} {-1} {2/.} one of several values  {name} column of --header

`

const helpFoot = `
Status: how many jobs failed, up to 100; 101 for more; 255 if anything else went wrong. With
--halt, what it implies: the status of the job for a number of 1, how many failed, or a percentage.

docs/parallel.md of eph lists what else GNU parallel has, and what differs.
`

// help is the page of --help.
func help() string {
	var b strings.Builder
	b.WriteString(helpHead)
	for i := range inside {
		o := &inside[i]
		var names []string
		shown := 0
		for n := range strings.SplitSeq(o.names, "|") {
			if len(n) == 1 || shown == 0 {
				names = append(names, spelled(n))
			}
			if len(n) > 1 {
				shown++
			}
		}
		text := strings.Join(names, ", ")
		if o.value != none {
			text += " V"
		}
		fmt.Fprintf(&b, "  %-30s %s\n", text, o.does)
	}
	b.WriteString(helpFoot)
	return b.String()
}
