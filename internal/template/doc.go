// Package template turns what a user typed as a command into something that can be run for
// each item: placeholders are found and checked once, and filled in for each attempt.
//
// # Two kinds of command
//
// [Words] takes a command that came as separate words. No shell is involved, ever: each
// word is a template, and its value is one argument (or several, for a word that is {} alone
// and an item of several records).
//
// [Shell] takes one piece of shell text. Plain words in it are run without a shell; anything
// else is handed to one. An item is data there too, because no item is ever written into
// the text. The text is parsed once, each placeholder becomes a reference to a shell
// variable, quoted for the place it stands in, and the values travel as arguments:
//
//	gzip -c {} > '{/.}.gz'
//
//	sh -c 'unset __eph1 __eph2; __eph1=$1; __eph2=$2; shift 2; gzip -c "${__eph1}" > '\'''\''"${__eph2}"'\''.gz'\''' \
//	    eph ITEM BASE
//
// The text depends on the template and on the number of records alone, so no byte of an item
// can change how it is parsed. The variables are not exported, and the prologue stands on the
// first line, so that the line numbers in the shell's messages stay right. A template that
// reads the positional parameters finds the records there: "$1" is the first, "$@" all of them.
//
// The design that was refused is to escape each value for the place it is written to. It
// fails open: wherever the parser and the real shell disagree about quoting, a value becomes
// code, and a here-document ends at an item that holds its delimiter. Here the worst that a
// disagreement can do is to hand over the wrong text.
//
// # What is refused
//
// A variable is safe wherever the shell takes its value as text. Some places interpret the
// value instead: arithmetic, subscripts, names, the operands of [ -eq ], the arguments of
// eval and sh -c, the command word. These are the sinks of a taint analysis. Its sources are the
// placeholders, and what carries an item on is tainted: a variable that was assigned or read from
// one, standard input that one was written to, a command substitution that prints one. A template
// in which a taint gets to a sink is refused, with the place and what to write instead. Text that
// is written out for a later time or another shell, as the arguments of trap, eval, sh -c and
// ssh, is analysed in the same way.
//
// What a program prints is not followed, but for those known to print their arguments (echo,
// printf, basename and the like) or their input (cat, cut, sed and the like); nor is a file that
// an item was written to, or that is named by one. What the called program makes of its
// arguments, after the shell has handed them over, is the program's matter.
//
// # The way of a template
//
// Text becomes parts, literal text and placeholders, in placeholder.go; json.go, cut.go and
// parallel.go know what stands between the braces. Separate words go on in words.go, where no
// shell is needed (but see operators.go), and shell text in shell.go:
//
//	marked.go    each placeholder becomes a marker, which is a name to a parser
//	parse.go     the text becomes a syntax tree, in each dialect that its shell may read (dialect.go)
//	analysis.go  the taint analysis: what is tainted (taint.go), what passes a taint on (propagate.go,
//	             constants.go, flow.go), and where it must not get to (inspect.go and what it calls,
//	             by the tables in sinks.go, variables.go and wrappers.go)
//	places.go    each marker gets the quotes that its place asks for
//	plain.go     plain words need no shell after all
//	script.go    the rest becomes a constant script, which is parsed once more
//
// For each item, value.go says what a placeholder stands for, and template.go and script.go fill it
// in; display.go shows the command, tally.go measures it, and guard.go looks for values that would
// be options. Every reason to refuse a place or a sink stands in refusal.go; languages.go warns of
// what is not refused.
package template
