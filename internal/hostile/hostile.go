// Package hostile has items that some tool or shell has run as code, taken for an option, let steer
// a terminal, or changed. Tests try them on eph, and scripts/faults on its peers.
package hostile

import (
	"slices"
	"strings"
)

// Proof is the file that appears in the working directory when an item has run.
const Proof = "PWNED"

// attack is the command in items that would run it.
const attack = "touch " + Proof

// Items returns every item, each of them once. None holds a NUL byte.
func Items() []string { return slices.Clone(items) }

// Lines are the items that fit a line.
func Lines() []string {
	return slices.DeleteFunc(Items(), func(s string) bool { return s == "" || strings.ContainsAny(s, "\r\n") })
}

var items = slices.Concat(
	code(),
	everyByte(),
	// Blanks and ends of lines.
	[]string{"plain", "", " ", "  two  ", "a b", "x y z w", "a\tb", "a\nb", "\n", "\n\n", "a\n", "\na", "\r", "\r\n", "a\r", "a\r\nb"},
	// What a shell expands.
	[]string{
		"$((1+1))", "$[1+1]", "$HOME", "${HOME}", "$0", "$1", "$@", "$$", "$", "$$(", "${", "$(", "$((", "`", "``", `$'\x41'`, `$"x"`,
		"*", "?", "[a-z]*", "[ab]bc", "a*c", "/etc/*", "!(x)", "@(a|b)", "~", "~root", "~/x", "{a,b}", "{1..3}", "!!", "!1", "^a^b",
		"${__eph1}", "__eph1", "$__eph1", // eph's own names
	},
	// Quotes and backslashes.
	[]string{"'", "''", "'''", `"`, `""`, "it's", `say "hi"`, `'"'"'`, `\`, `\\`, `\\\`, `a\`, `\n`, `\0`, `\c`, `\x00`, "a\\\nb", strings.Repeat("'\"$`\\", 1500)},
	// Words and signs of the grammar, and here-documents.
	strings.Fields("# #x ; & | < > ! ( ) () { } {} {{}} {1}{#} [ ] [[ ]] (( )) ;; esac done fi then do in case = =ls A=1 PATH=/none <<EOF <<<x @ ^ + , : . /"),
	[]string{" #x", "EOF\n" + attack + "\n", "EOF\n$(" + attack + ")\nEOF", "\tEOF\n" + attack},
	// Options, numbers, formats, and names of files.
	strings.Fields("-n -e -rf -v -c - -- -1 --help -stdin 0x10 010 1e3 9999999999999999999999 % %s%n%d ../../x /dev/tcp/127.0.0.1/1 abc abcabc"),
	[]string{"%{$(" + attack + ")%}", "1; DROP TABLE x"},
	// Bytes that are not text, and text that a terminal obeys.
	[]string{
		"\x01", "\x02\x03", "\x7f", "\x08\x08", "\x0b\x0c", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\xc2\x9b2J", "\x80", "\xff\xfe", "caf\xe9", "\xbf'", "\xbf\\", "\xe0\x80",
		"\x81\\';" + attack + ";'", "\xc0\xa7;" + attack, "\xed\xa0\x80", "\ufeffbom", "日本語", "é\u0301", "\u202egnp.exe", "\u200b", "x\u2028y", "\u00a0", "😀",
	},
	// Commands to a CI service.
	[]string{"::set-env name=X::y", "  ::add-mask::a", "##[error]x", "##vso[task.setvariable variable=X]y"},
	// Length.
	[]string{strings.Repeat("A", 4096), strings.Repeat(`'"$(`+attack+")`\\", 40)},
)

// code are items that hold the attack in every way in which it could come to run: evaluated,
// behind the end of a command, and behind the end of each kind of quotes. @ stands for it.
func code() []string {
	all := []string{
		"$(@)", "`@`", "${x:-$(@)}", "a[$(@)]", "a[$(@)0]", "x[$(@)]=1", "[$(@)0]=1", "A=$(@)", `\$(@)`, "\\`@\\`",
		"<(@)", ">(@)", "=(@)", "*(e:'@':)",
		";@", ";@;", "&@&", "|@", "||@", "&& @", "\n@\n", "x;@ #", "x\n@ #", ");@;(", "}; @; {",
		">P", ">>P", "2>P", ">&P", "<P",
	}
	for _, q := range []string{"'", `"`, `\'`, `\"`, `'"`, `"'`} {
		all = append(all, q+";@;"+q, q+"$(@)"+q, q+"`@`"+q)
	}
	for i, s := range all {
		all[i] = strings.NewReplacer("@", attack, "P", Proof).Replace(s)
	}
	return all
}

// everyByte is one item of all bytes but NUL.
func everyByte() []string {
	var b []byte
	for c := 1; c < 256; c++ {
		b = append(b, byte(c))
	}
	return []string{string(b)}
}
