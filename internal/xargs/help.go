package xargs

import "strings"

// helpText is for people who know xargs and want to be reminded. % is the name of the program.
const helpText = `Usage: % [option]... [command [argument]...]
Read words from standard input, and run the command with as many of them as fit.
Without a command, echo them. This is eph, standing in for GNU xargs.

  -0, --null                 a NUL byte ends an item; quotes are not special
  -a, --arg-file=FILE        read items from FILE, and leave the input to the command
  -d, --delimiter=C          C ends an item: a byte, \n, \0, \xHH or octal \NNN
  -E END                     the word END ends the input
  -e, --eof[=END]            -E END, or no such word
  -I R                       run once for each line, with the line in place of R
  -i, --replace[=R]          -I R, or -I {}
  -L, --max-lines=N          up to N lines that are not blank for each run
  -l[N]                      -L N, or -L 1
  -n, --max-args=N           up to N items for each run
  -o, --open-tty             let the command read the terminal
  -P, --max-procs=N          up to N at once; 0 is no limit
  -p, --interactive          ask before each run
      --process-slot-var=V   set the variable V to the number of each run's slot
  -r, --no-run-if-empty      do not run at all if there are no items
  -s, --max-chars=N          up to N bytes for each command line
      --show-limits          show what -s can be
  -t, --verbose              show each command line
  -x, --exit                 end if -s does not allow what -n or -L asks for
      --help                 show this
      --version              show the version

  -J R                       put all items in place of the argument R
  -R N                       let -I replace in at most N arguments
  -S N                       let -I make no argument longer than N bytes

Status: 0, or 123 if a run failed, 124 if one exited with 255, 125 if a signal killed one,
126 if the command cannot be run, 127 if it does not exist, 1 otherwise.
`

func help(name string) string { return strings.Replace(helpText, "%", name, 1) }
